"""`mx.util`: the NumPy switches, and a few helpers of MXNet programs."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlstudio.core.device import Device, gpu_memory_info
from dlstudio.core.device import num_gpus as get_gpu_count
from dlstudio.dialects.switches import (
    is_np_array,
    is_np_shape,
    np_array,
    np_shape,
    reset_np,
    set_np,
    set_np_shape,
    use_np,
)
from dlstudio.errors import DeviceError, ParamError, explain

__all__ = [
    "get_cuda_compute_capability",
    "get_gpu_count",
    "get_gpu_memory",
    "getenv",
    "is_np_array",
    "is_np_shape",
    "makedirs",
    "np_array",
    "np_shape",
    "np_ufunc_legal_option",
    "reset_np",
    "set_module",
    "set_np",
    "set_np_shape",
    "setenv",
    "use_np",
    "use_np_array",
    "use_np_shape",
    "wrap_np_binary_func",
    "wrap_np_unary_func",
]

Function = Callable[..., Any]
use_np_array = use_np
use_np_shape = use_np


def makedirs(d: str) -> None:
    """Make a folder and its parents; nothing happens if it is there."""
    Path(d).expanduser().mkdir(parents=True, exist_ok=True)


def getenv(name: str) -> str | None:
    """Return an environment variable, None if it is not set."""
    return os.environ.get(name)


def setenv(name: str, value: str | None) -> None:
    """Set an environment variable; None removes it."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def get_gpu_memory(gpu_dev_id: int) -> tuple[int, int]:
    """Free and total bytes of a GPU; see `mx.gpu_memory_info`."""
    return gpu_memory_info(gpu_dev_id)


def get_cuda_compute_capability(ctx: Any) -> int:
    """Return the compute capability of a GPU as one number: 90 for 9.0.

    Raises
    ------
    DeviceError
        If `ctx` is no GPU, or there is none.
    """
    device = Device(ctx)
    if device.device_type != "gpu":
        raise DeviceError(
            explain(f"get_cuda_compute_capability: got {device}.", "a GPU.", "mx.gpu(0)")
        )
    return int(device.xp.cuda.Device(device.device_id).compute_capability)


# ---- for functions that take NumPy's options ---------------------------------------------------
def set_module(module: str) -> Callable[[Function], Function]:
    """Decorate a function or a class so that help shows it as part of `module`."""

    def decorator(func: Function) -> Function:
        if module is not None:
            func.__module__ = module
        return func

    return decorator


_LEGAL: dict[str, tuple[Any, ...]] = {
    "where": (True,),
    "subok": (True,),
    "order": ("C", "A", "K", "F"),
    "casting": ("no", "equiv", "safe", "same_kind", "unsafe"),
}


def np_ufunc_legal_option(key: str, value: Any) -> bool:
    """Whether NumPy's ufuncs take the option: `where`, `casting`, `order`, `dtype` or `subok`."""
    if key != "dtype":
        return any(value is choice or value == choice for choice in _LEGAL.get(key, ()))
    import numpy as np

    try:
        return np.dtype(value).kind in "biuf"
    except TypeError:
        return False


def _checked(name: str, options: dict[str, Any]) -> None:
    standard = {"where": True, "casting": "same_kind", "order": "K", "dtype": None, "subok": True}
    for key, value in options.items():
        if key not in standard:
            raise ParamError(f"{name}: parameter {key} is not one of {', '.join(standard)}.")
        if value is not standard[key] and value != standard[key]:
            legal = np_ufunc_legal_option(key, value)
            raise ParamError(
                explain(
                    f"{name}: parameter {key} must be {standard[key]!r}. Got {value!r}.",
                    "NumPy's default." if legal else "an option that NumPy knows.",
                )
            )


def wrap_np_unary_func(func: Function) -> Function:
    """Let ``func(x, out)`` be called with the options of NumPy's ufuncs, at their defaults only."""

    @functools.wraps(func)
    def wrapped(x: Any, out: Any = None, **kwargs: Any) -> Any:
        _checked(func.__name__, kwargs)
        return func(x, out=out)

    return wrapped


def wrap_np_binary_func(func: Function) -> Function:
    """Let ``func(x1, x2, out)`` be called with the options of NumPy's ufuncs, at their defaults."""

    @functools.wraps(func)
    def wrapped(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> Any:
        _checked(func.__name__, kwargs)
        return func(x1, x2, out=out)

    return wrapped
