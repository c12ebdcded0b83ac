"""`Parameter`: a weight of a block, on one or several devices, with its gradient.

A parameter is declared when a block is made, gets its values from an initializer, and may wait for
its shape until the first batch has passed (deferred initialisation: a 0 in the shape is unknown).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio import initializer
from dlstudio.core.device import Device, cpu, current_context
from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.core.tensor import NDArray, Tensor, ndarray
from dlstudio.dialects.switches import is_np_array
from dlstudio.errors import DeferredInitializationError, ParamError, UnknownNameError, explain
from dlstudio.gluon.deferred import (
    Deferred,
    completed,
    devices_of,
    elsewhere,
    no_gradient,
    not_ready,
    shape_is_known,
    sizes,
    take_values,
    unknown_shape,
)  # fmt: skip
from dlstudio.gluon.storage import in_storage, rows_of, storage_types, unreadable

__all__ = ["DeferredInitializationError", "Parameter", "shape_is_known", "tensor_types"]

tensor_types = (NDArray,)
Shape = tuple[int, ...]
_REQS = ("write", "add", "null")


class Parameter:
    """A weight that belongs to a block.

    Parameters
    ----------
    name : str
        Full name, e.g. ``dense0_weight``; names in a network are unique. Without one, as in MXNet
        2, a parameter is named after the attribute of the block that it is assigned to.
    grad_req : {"write", "add", "null"}
        Overwrite the gradient on each backward, accumulate, or keep none.
    shape : tuple of int, optional
        0 or -1 stands for a dimension that the first batch decides.
    dtype : dtype
    lr_mult, wd_mult : float
        Factors of the trainer's learning rate and weight decay.
    init : Initializer or str, optional
        This parameter's own initializer.
    allow_deferred_init : bool
        Whether `initialize` may wait for the shape.
    differentiable : bool
        False for states such as moving averages.
    stype, grad_stype : {"default", "row_sparse", "csr"}
        Storage of the values and of the gradient. Values in "row_sparse" storage are read by
        `row_sparse_data`; a row_sparse gradient lets optimizers update only the rows used.

    Examples
    --------
    >>> import dlstudio as mx
    >>> w = mx.gluon.Parameter("w", shape=(2, 3))
    >>> w.initialize(mx.init.One())
    >>> w.data().shape
    (2, 3)
    """

    def __init__(
        self,
        name: str = "",
        grad_req: str = "write",
        shape: Any = None,
        dtype: Any = np.float32,
        lr_mult: float = 1.0,
        wd_mult: float = 1.0,
        init: Any = None,
        allow_deferred_init: bool = False,
        differentiable: bool = True,
        stype: str = "default",
        grad_stype: str = "default",
    ) -> None:
        self.name = name
        self.lr_mult = lr_mult
        self.wd_mult = wd_mult
        self.init = init
        self._shape = (
            None if shape is None else sizes(name, (shape,) if isinstance(shape, int) else shape)
        )
        self._dtype = dtype
        self._stype, self._grad_stype = storage_types(name, stype, grad_stype)
        self._allow_deferred_init = allow_deferred_init
        self._differentiable = differentiable
        self._data: dict[Device, Any] | None = None
        self._deferred: Deferred | None = None
        self._var: Any = None
        self._owned = False  # whether a block or a ParameterDict has given it its name
        self._grad_req = "null"
        self.grad_req = grad_req

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Of a deep copy and a pickle: arrays travel without their gradients, which begin anew."""
        vars(self).update(state)
        if any(tensor._entry is None for tensor in (self._data or {}).values()):
            self._attach_gradients()

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.name} (shape={self.shape}, dtype={self.dtype})"

    if not TYPE_CHECKING:  # a type checker shall know which attributes there are

        def __getattr__(self, name: str) -> Any:
            fix = f"p.data().{name}" if hasattr(NDArray, name) else ""
            raise UnknownNameError(
                explain(f"{type(self).__name__!r} object has no attribute {name!r}.", fix=fix)
            )

    # ---- facts ---------------------------------------------------------------------------
    @property
    def grad_req(self) -> str:
        """Overwrite ("write"), accumulate ("add") or keep no ("null") gradient; may be set."""
        return self._grad_req

    @grad_req.setter
    def grad_req(self, req: str) -> None:
        if req not in _REQS:
            raise ParamError(
                f"{self.name}: grad_req must be one of {', '.join(_REQS)}. Got {req!r}."
            )
        req = req if self._differentiable else "null"
        if req == self._grad_req:
            return
        self._grad_req = req
        if self._data is not None:
            self._attach_gradients()

    @property
    def dtype(self) -> Any:
        """Element type; setting it casts, as `cast` does."""
        return self._dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self.cast(dtype)

    @property
    def shape(self) -> Any:
        """Shape, with 0 for dimensions not known yet; setting it may only fill those in."""
        return self._shape

    @shape.setter
    def shape(self, new: Shape) -> None:
        shape = completed(self, tuple(new))
        if shape != self._shape:
            self._shape, self._var = shape, None

    # ---- initialisation ------------------------------------------------------------------
    def initialize(
        self,
        init: Any = None,
        ctx: Any = None,
        default_init: Any = None,
        force_reinit: bool = False,
        *,
        device: Any = None,
    ) -> None:
        """Give the parameter its first values, or note how as long as the shape is not known.

        Parameters
        ----------
        init : Initializer or str, optional
            Default: the parameter's own, then `default_init`.
        ctx, device : Device or list of Device, optional
            MXNet 1's and 2's name; one copy is kept on each; default: the current context.
        default_init : Initializer or str, optional
            Default: ``Uniform()``.
        force_reinit : bool
            Overwrite values that are there.

        Raises
        ------
        ParamError
            If the shape is not known and may not be deferred.
        """
        if self._data is not None and not force_reinit:
            warnings.warn(
                f"Parameter '{self.name}' is already initialized, ignoring. "
                "Set force_reinit=True to re-initialize.",
                stacklevel=2,
            )
            return
        default_init = initializer.Uniform() if default_init is None else default_init
        devices = devices_of(ctx if device is None else device)
        chosen = next(x for x in (init, self.init, default_init) if x is not None)
        plan = Deferred(chosen, devices, default_init)
        if shape_is_known(self._shape):
            self._fill(plan)
        elif self._allow_deferred_init:
            self._data, self._deferred = None, plan
        else:
            raise unknown_shape(self)

    def _finish_deferred_init(self) -> None:
        """Make the values, now that the shape is known."""
        if self._deferred is not None:
            self._fill(self._deferred)

    def _fill(self, plan: Deferred) -> None:
        values = plan.values
        if values is None:
            cls = ndarray if is_np_array() else NDArray
            values = cls._wrap(np.zeros(self._shape or (), np.dtype(self._dtype)), cpu())
            plan.run(self.name, values)
        self._place(values, plan.devices)

    def _place(self, values: Tensor, devices: list[Device]) -> None:
        """Keep one copy of `values` on each device, and gradients as `grad_req` says."""
        cls = ndarray if is_np_array() else NDArray
        here = values.stype == "default" and values.context.device_type != "gpu"
        host = values._data if here else values.asnumpy()  # large ones are copied only once
        placed = {}
        for device in devices:
            array = device.backend.empty(host.shape, host.dtype)
            gpu = device.device_type == "gpu"
            array[...] = device.backend.from_numpy(host) if gpu else host
            placed[device] = in_storage(cls._wrap(array, device), self._stype)
        self._data, self._deferred = placed, None
        self._attach_gradients()

    def _attach_gradients(self) -> None:
        for tensor in (self._data or {}).values():
            tensor._entry = None
            if self._grad_req != "null":
                tensor.attach_grad(self._grad_req, self._grad_stype)
                tensor._entry.name = self.name  # pyright: ignore  # pictures show it

    # ---- values --------------------------------------------------------------------------
    def _tensors(self) -> dict[Device, Any]:
        """Copies by device; raise what teaches if there are none."""
        if self._data is not None:
            return self._data
        raise not_ready(self)

    def data(self, ctx: Any = None, *, device: Any = None) -> Any:
        """Values on `ctx`.

        Parameters
        ----------
        ctx, device : Device, optional
            MXNet 1's and 2's name; default: the only device, or the current context if there
            are several.

        Returns
        -------
        NDArray
            The parameter's own array, not a copy.

        Raises
        ------
        DeferredInitializationError
            If the shape is not known yet.
        InitError
            If the parameter was not initialized.
        DeviceError
            If there is no copy on `ctx`.
        NotSupportedForSparseNDArray
            If the storage is row_sparse.
        """
        if self._stype != "default":
            raise unreadable(self, "data")
        if device is not None:
            ctx = device
        data = self._data  # the short way: plans ask for every parameter at every call
        found = None if data is None else data.get(ctx)
        return self._on(ctx) if found is None else found

    def _on(self, ctx: Any = None) -> Any:
        """Values on `ctx`, whatever their storage."""
        data = self._data
        if data is None:
            data = self._tensors()
        if ctx is None:
            ctx = next(iter(data)) if len(data) == 1 else current_context()
        found = data.get(ctx)
        if found is None:
            raise elsewhere(self, ctx)
        return found

    def list_data(self) -> list[Any]:
        """Values on all devices; see `data`."""
        if self._stype != "default":
            raise unreadable(self, "list_data")
        return list(self._tensors().values())

    def grad(self, ctx: Any = None, *, device: Any = None) -> Any:
        """Gradient buffer on `ctx`; see `data`.

        Raises
        ------
        GradError
            If `grad_req` is "null".
        """
        self._refuse_without_gradient()
        return self._on(ctx if device is None else device).grad

    def list_grad(self) -> list[Any]:
        """Gradient buffers on all devices."""
        self._refuse_without_gradient()
        return [tensor.grad for tensor in self._tensors().values()]

    def _refuse_without_gradient(self) -> None:
        if self._data is not None and self._grad_req == "null":
            raise no_gradient(self)

    def list_ctx(self) -> list[Device]:
        """Devices the parameter is, or will be, on."""
        if self._data is None and self._deferred is not None:
            return self._deferred.devices
        return list(self._tensors())

    def list_device(self) -> list[Device]:
        """MXNet 2's name of `list_ctx`."""
        return self.list_ctx()

    def set_data(self, data: Any) -> None:
        """Overwrite the values on all devices.

        Parameters
        ----------
        data : NDArray or array of the parameter's shape

        Raises
        ------
        ShapeError
            If the shape contradicts the parameter's; nothing changes.
        """
        if not isinstance(data, Tensor):
            data = NDArray(data, cpu())
        shape = completed(self, data.shape)
        if self._data is None:
            if self._deferred is None:
                self._tensors()
            self._shape = shape
            self._deferred.values = data  # type: ignore[union-attr]
            return
        self._shape = shape
        for tensor in self._data.values():
            tensor._overwrite(data)

    def zero_grad(self) -> None:
        """Set the gradients to zero on all devices; nothing happens without gradients."""
        for tensor in (self._data or {}).values():
            buffer = tensor.grad
            if buffer is not None and buffer.stype != "default":
                buffer[:] = 0
            elif buffer is not None:
                buffer._prepare_write()
                buffer._data.fill(0)

    def reset_ctx(self, ctx: Any) -> None:
        """Move to other devices; values are averaged over the old ones.

        Parameters
        ----------
        ctx : Device or list of Device
        """
        devices = devices_of(ctx)
        if self._data is not None:
            self._place(self._reduce(), devices)
        elif self._deferred is not None:
            self._deferred.devices = devices
        else:
            self._tensors()

    def reset_device(self, device: Any) -> None:
        """MXNet 2's name of `reset_ctx`."""
        self.reset_ctx(device)

    def _reduce(self) -> Any:
        """Mean of the copies on all devices, on the CPU."""
        copies = [tensor.asnumpy() for tensor in self._tensors().values()]
        mean = copies[0] if len(copies) == 1 else np.mean(copies, axis=0).astype(copies[0].dtype)
        return in_storage(NDArray._wrap(mean, cpu()), self._stype)

    def cast(self, dtype: Any) -> None:
        """Change the element type of values and gradients."""
        self._dtype, self._var = dtype, None
        if self._data is None:
            return
        target = np.dtype(dtype)
        for device, tensor in self._data.items():
            if np.dtype(tensor.dtype) != target:
                self._data[device] = tensor.detach().astype(target)
        self._attach_gradients()

    def _load_init(
        self, data: Any, ctx: Any, cast_dtype: bool = False, dtype_source: str = "current"
    ) -> None:
        """Take values from a file; `deferred.check_load` has accepted them."""
        take_values(self, data, ctx, as_saved=cast_dtype and dtype_source == "saved")

    # ---- symbols -------------------------------------------------------------------------
    def var(self) -> Any:
        """Variable that stands for this parameter in symbolic graphs."""
        if self._var is None:
            from dlstudio.graph.symbol import var

            self._var = var(
                self.name, shape=self._shape, dtype=self._dtype, lr_mult=self.lr_mult,
                wd_mult=self.wd_mult, init=self.init, stype=self._stype,
            )  # fmt: skip
        return self._var

    def row_sparse_data(self, row_id: Any) -> Any:
        """Rows of a row_sparse parameter, on the device of `row_id`.

        Parameters
        ----------
        row_id : NDArray of row numbers, any shape; doubled ones count once

        Returns
        -------
        RowSparseNDArray
            Gradients computed with it go to this parameter.

        Raises
        ------
        NotSupportedForSparseNDArray
            If the parameter is dense.
        """
        return rows_of(self, row_id)

    def list_row_sparse_data(self, row_id: Any) -> list[Any]:
        """`row_sparse_data` on every device of the parameter."""
        return [rows_of(self, row_id.as_in_context(ctx)) for ctx in self.list_ctx()]


# MXNet's module of parameters holds these too
__getattr__ = held_elsewhere(
    __name__, {"Constant": "gluon.constant", "ParameterDict": "gluon.parameter_dict"}
)
