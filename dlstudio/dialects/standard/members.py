"""What the standard asks of the array object beyond MXNet's methods and operators."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.device import Device
from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.dialects.numpy.binary import binary_function
from dlstudio.dialects.operators import inplace
from dlstudio.errors import DeviceError, ParamError, explain

__all__ = ["install"]

VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")  # each contains those before it


def _namespace(self: Any, /, *, api_version: str | None = None) -> Any:
    """Return `dlstudio.array_api`, the namespace of the array API standard.

    Parameters
    ----------
    api_version : str, optional
        Revision of the standard, "2021.12" to "2024.12".

    Raises
    ------
    ParamError
        If that revision is not known.
    """
    if api_version is not None and api_version not in VERSIONS:
        raise ParamError(
            f"__array_namespace__: parameter api_version must be one of {VERSIONS}. "
            f"Got {api_version!r}."
        )
    from dlstudio import array_api

    return array_api


def _to_device(self: Any, device: Any, /, *, stream: Any = None) -> Any:
    """Return the array on another device; itself if it is there.

    Raises
    ------
    DeviceError
        If a `stream` is given for a device that has none.
    """
    target = Device(device)
    if stream is not None and target.device_type != "gpu":
        raise DeviceError(explain(f"to_device: stream={stream!r} for {target}.", "no stream."))
    return self.as_in_context(target)


def _dlpack(
    self: Any,
    /,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """Return a DLPack capsule, which shares the memory unless `copy` asks otherwise."""
    options = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
    given = {name: value for name, value in options.items() if value is not None}
    return Tensor.__dlpack__(self, **given)


def _number(self: Any) -> Any:
    """Return the one element as a Python number, whose own conversions refuse what they must."""
    return self.asscalar().item()


def _positive(self: Any) -> Any:
    op = OPS["identity"]
    return invoke(op, (self,), attributes(op, {}), type(self))


def _whole_quotient(self: Any, other: Any) -> tuple[Any, Any]:
    return self // other, self % other


_MORE = {"floordiv": "floor_divide", "lshift": "left_shift", "rshift": "right_shift"}


def _operators() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for python, name in _MORE.items():
        function = binary_function(name)
        found[f"__{python}__"] = _left(function)
        found[f"__r{python}__"] = _right(function)
        found[f"__i{python}__"] = inplace(function)
    return found


def _left(function: Any) -> Any:
    return lambda self, other: _known(other, lambda: function(self, other))


def _right(function: Any) -> Any:
    return lambda self, other: _known(other, lambda: function(other, self))


def _known(other: Any, compute: Any) -> Any:
    """Leave operands that are neither arrays nor numbers to their own operators."""
    if isinstance(other, (Tensor, np.ndarray, np.generic, int, float, complex, list, tuple)):
        return compute()
    return NotImplemented


def install() -> None:
    """Hang the members on the array class of the NumPy dialect."""
    members: dict[str, Any] = {
        "__array_namespace__": _namespace,
        "__dlpack__": _dlpack,
        "__complex__": lambda self: complex(_number(self)),
        "__float__": lambda self: float(_number(self)),
        "__int__": lambda self: int(_number(self)),
        "__divmod__": _whole_quotient,
        "__pos__": _positive,
        "to_device": _to_device,
        **_operators(),
    }
    for name, member in members.items():
        setattr(ndarray, name, member)
