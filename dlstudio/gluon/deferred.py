"""Initialisation that waits for a shape, and values from files: how a parameter gets its values."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio import initializer
from dlstudio.core.device import Device, cpu, current_context
from dlstudio.core.sparse_storage import is_sparse
from dlstudio.core.tensor import NDArray
from dlstudio.errors import (
    DeferredInitializationError,
    DeviceError,
    DTypeError,
    GradError,
    InitError,
    ParamError,
    ShapeError,
    explain,
)

if TYPE_CHECKING:
    from dlstudio.gluon.parameter import Parameter

__all__ = [
    "Deferred", "check_load", "completed", "devices_of", "elsewhere", "fits", "no_gradient",
    "not_ready", "shape_is_known", "sizes", "take_values", "unknown_shape",
]  # fmt: skip

Shape = tuple[int, ...]


def sizes(name: str, shape: Any) -> Shape:
    """Return `shape` as a tuple; what is no whole number is refused."""
    for size in shape:
        if not isinstance(size, Integral):
            raise ParamError(
                explain(
                    f"Parameter {name!r}: {size!r} stands in its shape {tuple(shape)}.",
                    "whole numbers (units, channels, kernel sizes), 0 for one not known yet.",
                    "Dense(10), Conv2D(16, kernel_size=5)",
                )
            )
    return tuple(shape)


def shape_is_known(shape: Shape | None) -> bool:
    """Whether `shape` is given and has no unknown (0 or -1) dimension."""
    return shape is not None and all(size > 0 for size in shape)


def completed(parameter: Parameter, new: Shape) -> Shape:
    """Return `new` if it agrees with what is known of the parameter's shape."""
    old = parameter._shape
    if not fits(new, old):
        raise ShapeError(
            explain(
                f"Parameter {parameter.name!r}: shape {new} was given, its shape is {old}"
                f"{' (0 is unknown)' if not shape_is_known(old) else ''}.",
                "a shape that only fills in unknown dimensions.",
                "check the layer's sizes (in_units, in_channels, …), or give values of shape"
                f" {old}",
            )
        )
    return new


class Deferred:
    """How a parameter will be filled once its shape is known."""

    def __init__(self, init: Any, devices: list[Device], default_init: Any) -> None:
        self.init, self.devices, self.default_init = init, devices, default_init
        self.values: Any = None  # given by set_data before the shape was known

    def run(self, name: str, values: Any) -> None:
        """Fill `values` in place."""
        default = initializer.create(self.default_init)
        if not isinstance(default, initializer.Initializer) and self.init is self.default_init:
            default(name, values)  # Mixed and Load decide by name
            return
        chosen = initializer.create(self.init)
        method: Callable[..., None] = getattr(chosen, "_init_weight", chosen)
        method(initializer.InitDesc(name, global_init=default), values)
        if getattr(default, "_verbose", False):
            shown = default._print_func(values)  # type: ignore[misc]  # set_verbosity has set it
            print(f"Initialized {name} by {type(chosen).__name__}: {shown}")


def devices_of(ctx: Any, default: Device | None = None) -> list[Device]:
    """List devices given singly, as a list, or not at all."""
    if ctx is None:
        return [default or current_context()]
    return [Device(c) for c in ctx] if isinstance(ctx, (list, tuple)) else [Device(ctx)]


def fits(new: Shape, old: Shape | None) -> bool:
    """Whether `new` only fills in unknown (0 or -1) dimensions of `old`."""
    return old is None or (
        len(old) == len(new) and all(a <= 0 or a == b for a, b in zip(old, new, strict=True))
    )


def check_load(parameter: Parameter, data: Any, ctx: Any, cast_dtype: bool) -> None:
    """Raise if `data` from a file cannot become the parameter's values; change nothing.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        The message names the parameter, what is stored and what was expected.
    """
    old = parameter._shape
    if not fits(tuple(data.shape), old):
        raise ShapeError(
            f"Failed loading Parameter '{parameter.name}' from saved params: shape incompatible"
            f" expected {old} vs saved {tuple(data.shape)}"
        )
    if not cast_dtype and np.dtype(parameter._dtype) != np.dtype(data.dtype):
        raise DTypeError(
            explain(
                f"Failed loading Parameter '{parameter.name}' from saved params: dtype incompatible"
                f" expected {np.dtype(parameter._dtype)} vs saved {np.dtype(data.dtype)}.",
                fix="load_parameters(..., cast_dtype=True)",
            )
        )
    _check_devices(parameter, ctx)


def _check_devices(parameter: Parameter, ctx: Any) -> None:
    placed = parameter._data or (parameter._deferred.devices if parameter._deferred else None)
    if ctx is not None and placed is not None and set(devices_of(ctx)) != set(placed):
        raise DeviceError(
            explain(
                f"Failed to load Parameter '{parameter.name}' on {devices_of(ctx)}: it was"
                f" initialized on {list(placed)}.",
                fix="net.collect_params().reset_ctx(...) first, or load without ctx",
            )
        )


# ---- what teaches when there are no values ---------------------------------------------------
def not_ready(parameter: Parameter) -> InitError:
    """Compose the error for a parameter without values: it waits for its shape, or for anyone."""
    if parameter._deferred is not None:
        return DeferredInitializationError(
            explain(
                f"Parameter '{parameter.name}' has not been initialized yet because initialization"
                f" was deferred: its shape {parameter.shape} is not known (0 is unknown).",
                "one batch passed through the network before parameters are read.",
                "call net(x) once, or give the layer in_units, in_channels, …; a layer whose result"
                " nothing uses has no part in net(x): leave it out",
            )
        )
    return InitError(
        explain(
            f"Parameter '{parameter.name}' has not been initialized.",
            "values before the first use.",
            "net.initialize() before the first call; use net.collect_params() for a Trainer,"
            " since net.params holds no parameters of children",
        )
    )


def elsewhere(parameter: Parameter, ctx: Any) -> DeviceError:
    """Compose the error for a parameter asked for on a device that has no copy."""
    places = [str(device) for device in parameter._data or {}]
    return DeviceError(
        explain(
            f"Parameter '{parameter.name}' was not initialized on context {ctx}.",
            f"one of its devices: {', '.join(places)}.",
            f"net.initialize(ctx=[...]) or net.collect_params().reset_ctx([{ctx}]), or move the"
            f" input: x.as_in_context(mx.{places[0]})",
        )
    )


def take_values(parameter: Parameter, data: Any, ctx: Any, *, as_saved: bool) -> None:
    """Give a parameter values of a file that `check_load` has accepted, in its dtype or theirs."""
    if as_saved:
        parameter.cast(data.dtype)
    dense = data.todense() if is_sparse(data) else np.asarray(data)
    values = NDArray._wrap(dense.astype(np.dtype(parameter._dtype), copy=False), cpu())
    parameter._shape = values.shape
    if parameter._data is not None:
        for tensor in parameter._data.values():
            tensor._overwrite(values)
        return
    waiting = parameter._deferred
    parameter._place(values, waiting.devices if waiting else devices_of(ctx, default=cpu()))


def unknown_shape(parameter: Parameter) -> ParamError:
    """Compose the error for values of a shape that is not known and may not be deferred."""
    return ParamError(
        explain(
            f"Cannot initialize Parameter {parameter.name!r} because it has invalid shape:"
            f" {parameter.shape}.",
            "known dimensions, all > 0.",
            "give the full shape, or allow_deferred_init=True in a block's parameter",
        )
    )


def no_gradient(parameter: Parameter) -> GradError:
    """Compose the error for the gradient of a parameter that keeps none."""
    return GradError(
        explain(
            f"Cannot get gradient array for Parameter '{parameter.name}' because grad_req='null'.",
            "a parameter whose gradient is kept.",
            f"net.collect_params('{parameter.name}').setattr('grad_req', 'write')",
        )
    )
