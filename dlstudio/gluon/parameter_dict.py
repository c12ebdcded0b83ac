"""`ParameterDict`: parameters by name, with the operations on all of them."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

import numpy as np

from dlstudio import initializer
from dlstudio.core.device import Device
from dlstudio.core.sparse import stored
from dlstudio.errors import FileFormatError, ParamError, explain
from dlstudio.gluon.constant import Constant
from dlstudio.gluon.deferred import check_load
from dlstudio.gluon.parameter import Parameter

__all__ = ["ParameterDict"]


class ParameterDict:
    """Parameters of a block, by full name, in the order they were made.

    Parameters
    ----------
    prefix : str
        Put before the name of every parameter that `get` makes.
    shared : ParameterDict, optional
        Looked into first: parameters of the same name are taken from there.

    Examples
    --------
    >>> params = ParameterDict("net_")
    >>> params.get("weight", shape=(2, 3)).name
    'net_weight'
    """

    def __init__(self, prefix: str = "", shared: ParameterDict | None = None) -> None:
        self._prefix = prefix
        self._params: dict[str, Parameter] = {}
        self._shared = shared
        self._block: Any = None  # whose parameters these are, if they were collected

    def __repr__(self) -> str:
        lines = "\n".join(f"  {parameter!r}" for parameter in self.values())
        return f"{self._prefix + ' ' if self._prefix else ''}(\n{lines}\n)"

    def __getitem__(self, key: str) -> Parameter:
        found = self._params.get(key)
        if found is None and self._block is not None:  # a structural name, as in MXNet 2
            found = self._block._collect_params_with_prefix().get(key)
        if found is None or found.name not in self._params:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __contains__(self, key: str) -> bool:
        return key in self._params

    def __len__(self) -> int:
        return len(self._params)

    def items(self) -> ItemsView[str, Parameter]:
        """Names and parameters."""
        return self._params.items()

    def keys(self) -> KeysView[str]:
        """Names."""
        return self._params.keys()

    def values(self) -> ValuesView[Parameter]:
        """Parameters."""
        return self._params.values()

    @property
    def prefix(self) -> str:
        """What `get` puts before names."""
        return self._prefix

    # ---- making --------------------------------------------------------------------------
    def _find(self, name: str) -> Parameter | None:
        if name not in self._params and self._shared is not None and name in self._shared:
            self._params[name] = self._shared[name]
        return self._params.get(name)

    def get(self, name: str, **kwargs: Any) -> Parameter:
        """Parameter ``prefix + name``: the one that exists, or a new one made with `kwargs`.

        Parameters
        ----------
        name : str
        **kwargs
            Arguments of `Parameter`. For one that exists they must agree with it; unknown
            dimensions of its shape are filled in.

        Raises
        ------
        ParamError
            If the existing parameter differs.
        """
        full = self._prefix + name
        found = self._find(full)
        if found is None:
            found = self._params[full] = Parameter(full, **kwargs)
            found._owned = True
        else:
            self._agree(found, kwargs)
        return found

    def _agree(self, found: Parameter, wanted: dict[str, Any]) -> None:
        for key, value in wanted.items():
            stored = getattr(found, key, None)
            if stored is None:
                setattr(found, key, value)
            elif key == "shape" and value is not None and len(value) == len(stored):
                found._shape = _merged(found.name, tuple(value), stored)
            elif value is not None and not _same(key, value, stored):
                raise _disagreement(found.name, key, value, stored)

    def get_constant(self, name: str, value: Any = None) -> Constant:
        """Constant ``prefix + name``: the one that exists, or a new one of `value`.

        Raises
        ------
        ParamError
            If there is none and no value is given, or the existing one holds another value.
        """
        full = self._prefix + name
        found = self._find(full)
        if found is None:
            if value is None:
                raise ParamError(
                    f"get_constant: no constant {full!r} exists, so a value is needed."
                )
            found = self._params[full] = Constant(full, value)
            found._owned = True
        elif not isinstance(found, Constant):
            raise ParamError(f"get_constant: {full!r} exists and is not a Constant: {found!r}.")
        elif value is not None and not np.array_equal(np.asarray(value), found.value.asnumpy()):
            raise ParamError(f"get_constant: {full!r} exists with another value.")
        return found

    def update(self, other: Any) -> None:
        """Add all parameters of `other` (a ParameterDict or dict).

        Raises
        ------
        ParamError
            If another parameter of the same name is here; nothing is added.
        """
        for name, parameter in other.items():
            if self._params.get(name, parameter) is not parameter:
                raise ParamError(
                    explain(
                        "Cannot update self with other because they have different Parameters with"
                        f" the same name '{name}'.",
                        "unique names.",
                        "make blocks inside `with net.name_scope():`, or give them prefixes",
                    )
                )
        self._params.update(other.items())

    # ---- all at once ---------------------------------------------------------------------
    def initialize(
        self,
        init: Any = None,
        ctx: Any = None,
        verbose: bool = False,
        force_reinit: bool = False,
        *,
        device: Any = None,
    ) -> None:
        """Initialize all parameters; see `Parameter.initialize`."""
        init = initializer.create(init) if init is not None else initializer.Uniform()
        if verbose:
            init.set_verbosity(verbose=verbose)
        for parameter in self.values():
            parameter.initialize(None, ctx, init, force_reinit=force_reinit, device=device)

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for parameter in self.values():
            parameter.zero_grad()

    def reset_ctx(self, ctx: Any) -> None:
        """Move all parameters to other devices."""
        for parameter in self.values():
            parameter.reset_ctx(ctx)

    def list_ctx(self) -> list[Device]:
        """Devices that hold any of the parameters."""
        return list(dict.fromkeys(d for p in self.values() for d in p.list_ctx()))

    def reset_device(self, device: Any) -> None:
        """MXNet 2's name of `reset_ctx`."""
        self.reset_ctx(device)

    def list_device(self) -> list[Device]:
        """MXNet 2's name of `list_ctx`."""
        return self.list_ctx()

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of all parameters; ``setattr("grad_req", "null")`` freezes them."""
        for parameter in self.values():
            setattr(parameter, name, value)

    # ---- files ---------------------------------------------------------------------------
    def save(self, filename: Any, strip_prefix: str = "") -> None:
        """Write all values to a ``.params`` file, atomically.

        Parameters
        ----------
        filename : path
        strip_prefix : str
            Removed from the start of every name.

        Raises
        ------
        ParamError
            If a name does not start with `strip_prefix`.
        """
        from dlstudio.interop import params

        for name in self.keys():
            if not name.startswith(strip_prefix):
                raise ParamError(
                    explain(
                        f"Prefix '{strip_prefix}' is to be stripped before saving, but Parameter"
                        f" '{name}' does not start with it.",
                        fix="save_parameters(), which needs no prefixes",
                    )
                )
        params.save(
            filename, {n[len(strip_prefix) :]: stored(p._reduce()) for n, p in self.items()}
        )

    def load(
        self,
        filename: Any,
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Read values from a ``.params`` file; see `load_dict`.

        Raises
        ------
        FileFormatError
            If the file is damaged or holds arrays without names.
        """
        self.load_dict(
            read_named(filename), ctx, allow_missing, ignore_extra, restore_prefix, filename,
            cast_dtype, dtype_source,
        )  # fmt: skip

    def load_dict(
        self,
        param_dict: Mapping[str, Any],
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        filename: Any = None,
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Take values by name. Either all are taken or, if anything is wrong, none.

        Parameters
        ----------
        param_dict : mapping of str to array
            ``arg:`` and ``aux:`` before names are dropped.
        ctx : Device or list of Device, optional
        allow_missing : bool
            Leave parameters alone that `param_dict` lacks.
        ignore_extra : bool
            Ignore names that are no parameters here.
        restore_prefix : str
            Put before the names of `param_dict`.
        filename : path, optional
            For messages.
        cast_dtype : bool
            Convert values of another dtype.
        dtype_source : {"current", "saved"}
            With `cast_dtype`: convert to the parameter's dtype, or the parameter to the value's.

        Raises
        ------
        ParamError
            If a name is missing or unknown.
        ShapeError, DTypeError
            If a value does not fit.
        """
        for name in self._params:
            if not name.startswith(restore_prefix):
                raise ParamError(
                    explain(
                        f"restore_prefix is '{restore_prefix}' but Parameters name '{name}' does"
                        f" not start with '{restore_prefix}'.",
                        fix="layers made inside `with net.name_scope():`, or a file written by"
                        " net.save_parameters, whose names do not hang on counters",
                    )
                )
        values = {restore_prefix + _plain(name): value for name, value in param_dict.items()}
        source = f"file: {filename}" if filename else "param_dict"
        skip = len(restore_prefix)
        if not allow_missing:
            refuse_missing([n for n in self if n not in values], values, source, skip)
        if not ignore_extra:
            refuse_extra([n for n in values if n not in self], self, source, skip)
        assign({self[n]: v for n, v in values.items() if n in self}, ctx, cast_dtype, dtype_source)


def _plain(name: str) -> str:
    return name[4:] if name.startswith(("arg:", "aux:")) else name


def read_named(filename: Any) -> dict[str, Any]:
    """Read the arrays of a weight file by name, without ``arg:`` and ``aux:``."""
    from dlstudio.interop.weights import load_named

    loaded = load_named(filename)
    if not isinstance(loaded, dict):
        if loaded:
            raise FileFormatError(
                explain(
                    f"{filename} holds {len(loaded)} arrays without names.",
                    "parameters by name.",
                    "nd.load(filename), and param.set_data(...) for each",
                )
            )
        return {}
    # sparse ones stay so until their shape has been checked: it may claim to be enormous
    return {_plain(name): value for name, value in loaded.items() if value is not None}


def _brief(names: Any) -> str:
    names = [f"'{n}'" for n in names]
    return ", ".join(names[:5]) + (f", … ({len(names)} in all)" if len(names) > 5 else "")


def refuse_missing(missing: list[str], stored: Any, source: str, skip: int = 0) -> None:
    """Raise if there are names without a value; `skip` characters are the block's prefix."""
    if missing:
        raise ParamError(
            explain(
                f"Parameter '{missing[0][skip:]}' is missing in {source}, which contains"
                f" parameters: {_brief(n[skip:] for n in stored)}.",
                "a value for every parameter, saved from the same network.",
                "Set allow_missing=True to ignore missing parameters",
            )
        )


def refuse_extra(extra: list[str], known: Any, source: str, skip: int = 0) -> None:
    """Raise if there are values without a parameter."""
    if extra:
        raise ParamError(
            explain(
                f"Parameter '{extra[0][skip:]}' loaded from {source} is not present in"
                f" ParameterDict, choices are: {_brief(n[skip:] for n in known)}.",
                "the same network, with the same names.",
                "Set ignore_extra to True to ignore",
            )
        )


def assign(
    values: Mapping[Parameter, Any], ctx: Any, cast_dtype: bool, dtype_source: str = "current"
) -> None:
    """Give each parameter its value; all are checked before the first is changed."""
    if dtype_source not in ("current", "saved"):
        raise ParamError(f"dtype_source must be 'current' or 'saved'. Got {dtype_source!r}.")
    for parameter, value in values.items():
        check_load(parameter, value, ctx, cast_dtype)
    for parameter, value in values.items():
        parameter._load_init(value, ctx, cast_dtype, dtype_source)


def _merged(name: str, wanted: tuple[int, ...], stored: tuple[int, ...]) -> tuple[int, ...]:
    for a, b in zip(wanted, stored, strict=True):
        if a > 0 and b > 0 and a != b:
            raise _disagreement(name, "shape", wanted, stored)
    return tuple(a if a > 0 else b for a, b in zip(wanted, stored, strict=True))


def _same(key: str, value: Any, stored: Any) -> bool:
    return np.dtype(value) == np.dtype(stored) if key == "dtype" else bool(value == stored)


def _disagreement(name: str, key: str, wanted: Any, stored: Any) -> ParamError:
    return ParamError(
        f"Cannot retrieve Parameter '{name}' because desired attribute does not match with stored"
        f" for attribute '{key}': desired '{wanted}' vs stored '{stored}'."
    )
