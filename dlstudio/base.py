"""`mx.base`: names that MXNet programs import from there."""

from __future__ import annotations

import numbers
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.errors import MXNetError, NotImplementedForSymbol, NotSupportedForSparseNDArray
from dlstudio.version import __version__

__all__ = [
    "MXNetError",
    "NotImplementedForSymbol",
    "NotSupportedForSparseNDArray",
    "__version__",
    "build_param_doc",
    "classproperty",
    "data_dir",
    "data_dir_default",
    "integer_types",
    "mx_real_t",
    "numeric_types",
    "py_str",
    "string_types",
    "with_metaclass",
]

string_types = (str,)
numeric_types = (numbers.Number,)
integer_types = (int,)
mx_real_t = np.float32


def _as_list(obj: Any) -> list[Any]:
    """Make a list of a list or tuple, or of one thing."""
    return list(obj) if isinstance(obj, (list, tuple)) else [obj]


def py_str(x: bytes) -> str:
    """Decode UTF-8."""
    return x.decode("utf-8")


def data_dir_default() -> str:
    """Return the folder for downloaded data unless ``MXNET_HOME`` names another: ``~/.mxnet``."""
    return str(Path.home() / ".mxnet")


def data_dir() -> str:
    """Return the folder for downloaded data and parameters."""
    return os.environ.get("MXNET_HOME", data_dir_default())


class classproperty:  # noqa: N801  MXNet's name
    """A property of the class itself: ``@classproperty`` above ``def name(cls)``."""

    def __init__(self, func: Any) -> None:
        self._function = func.__func__ if isinstance(func, (classmethod, staticmethod)) else func

    def __get__(self, instance: Any, owner: type) -> Any:
        return self._function(owner)


def with_metaclass(meta: type, *bases: type) -> Any:
    """Make a base class with the given metaclass, as Python 2 and 3 both understand it."""
    return meta("temporary_class", bases, {})


def build_param_doc(
    arg_names: Sequence[str],
    arg_types: Sequence[str],
    arg_descs: Sequence[str],
    remove_dup: bool = True,
) -> str:
    """Write the parameters' part of a docstring.

    Parameters
    ----------
    arg_names, arg_types, arg_descs : sequences of str, of equal length
    remove_dup : bool
        Leave out names that have been there.
    """
    seen: set[str] = set()
    lines = ["Parameters", "----------"]
    for name, kind, described in zip(arg_names, arg_types, arg_descs, strict=True):
        if (remove_dup and name in seen) or name == "num_args":
            continue
        seen.add(name)
        lines.append(f"{name} : {kind}")
        if described:
            lines.append(f"    {described}")
    return "\n".join(lines) + "\n"
