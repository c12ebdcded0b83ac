"""Names that MXNet keeps in one module, and that lie in another one here."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["held_elsewhere"]

# what nearly every module of MXNet imports, so that programs import it from there
_EVERYWHERE = {
    "Block": "gluon.block", "HybridBlock": "gluon.hybrid", "Parameter": "gluon.parameter",
    "Context": "core.device", "Device": "core.device", "cpu": "core.device",
    "current_context": "core.device", "NDArray": "nd", "Symbol": "sym", "MXNetError": "errors",
    "is_np_array": "util", "is_np_shape": "util", "use_np": "util", "numeric_types": "base",
    "py_str": "base", "string_types": "base",
}  # fmt: skip


def held_elsewhere(
    module: str,
    homes: Mapping[str, str] | None = None,
    *wholes: str,
    otherwise: Callable[[str], Any] | None = None,
) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a module.

    Parameters
    ----------
    module : str
        Its name.
    homes : mapping of str to str, optional
        In which module of dlstudio a name is.
    *wholes : str
        Modules of dlstudio whose public names are all found, too.
    otherwise : callable, optional
        Raises for other names; see `errors.lookup_that_teaches`.

    Examples
    --------
    >>> find = held_elsewhere("here", {"Trainer": "gluon.trainer"}, "gluon.nn")
    >>> find("Trainer").__name__, find("Dense").__name__, find("NDArray").__name__
    ('Trainer', 'Dense', 'NDArray')
    """
    known = {**_EVERYWHERE, **(homes or {})}

    def find(name: str) -> Any:
        if name in known:
            return getattr(importlib.import_module(f"dlstudio.{known[name]}"), name)
        if not name.startswith("__"):  # Python asks for these
            for whole in wholes:
                other = importlib.import_module(f"dlstudio.{whole}")
                if name in other.__all__:
                    return getattr(other, name)
        if otherwise is not None:
            return otherwise(name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return find
