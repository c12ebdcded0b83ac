"""`Tensor`: an array, its device, and its place on the tape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from dlstudio.core.device import Device, current_context
from dlstudio.core.late import alive, is_late, one_later, unfinished, wait, wait_for_gradients
from dlstudio.core.one_element import convertible
from dlstudio.core.storage import Store, count_own, materialize_views
from dlstudio.core.tape import Leaf, refuse_while_recorded, state
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain, taught_class
from dlstudio.interop.dtypes import numbers
from dlstudio.trace import bus, copies

__all__ = ["NDArray", "Tensor", "ndarray"]

Array = Any
_GRAD_REQS = ("write", "add", "null")


class Tensor:
    """What both dialects share: storage, device, gradient. Users meet `NDArray` and `ndarray`."""

    __slots__ = ("__weakref__", "_data", "_device", "_entry", "_index", "_store")
    __array_priority__ = 1000.0  # our operators win over NumPy's when the operands are mixed

    _data: Array
    _device: Device
    _entry: Any
    _index: int
    _store: Store | None

    if TYPE_CHECKING:  # methods and operators that the dialects hang on, for type checkers

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, key: Any) -> Any: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __add__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...

        __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __add__
        __mod__ = __rmod__ = __pow__ = __rpow__ = __lt__ = __le__ = __gt__ = __ge__ = __add__

    @classmethod
    def _wrap(cls, array: Array, device: Device) -> Self:
        """Make a tensor of an array that lives on `device`; nothing is copied or checked."""
        tensor = cls.__new__(cls)
        tensor._data, tensor._device, tensor._entry, tensor._store = array, device, None, None
        return tensor

    def _as(self, cls: type[Any]) -> Any:
        """Relabel: the same memory and tape position under another dialect's class."""
        if type(self) is cls:
            return self
        if alive and is_late(self):
            return one_later(lambda x: x._as(cls), self, cls, self._device)
        other = cls._wrap(self._data, self._device)
        self._share(other)
        other._entry = self._entry
        if self._entry is not None:
            other._index = self._index
        return other

    def _share(self, view: Tensor) -> Store:
        """Let `view` be a true view: writing to one shows in the other."""
        if self._store is None:
            self._store = Store()
        view._store = self._store
        return self._store

    def _share_lazily(self, view: Tensor) -> None:
        """Let `view` look at the same memory until either is written."""
        self._share(view).add_lazy(view)

    def _prepare_write(self) -> None:
        """Call before changing `_data` in place: copy out lazy views, mark the memory changed."""
        store = self._store
        if store is None:
            return
        if store.lazy is not None:
            self._unshare()
        if self._store is store:
            store.version += 1

    def _unshare(self) -> None:
        """End the sharing of memory between this array and what is a copy to the user."""
        store = self._store
        if store is None or store.lazy is None:
            return
        if any(reference() is self for reference in store.lazy):
            count_own(self)
            self._data = self._data.copy()
            self._store = None
        else:
            materialize_views(store, self)

    # ---- facts ---------------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self._data.shape

    @property
    def dtype(self) -> Any:
        """Element type."""
        return self._data.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._data.size

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return self._data.nbytes

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self._data.itemsize

    @property
    def context(self) -> Device:
        """Device of the array; `ctx` and `device` are the same."""
        return self._device

    ctx = context
    device = context

    @property
    def stype(self) -> str:
        """Storage type; dense arrays answer "default"."""
        return "default"

    # ---- gradient ------------------------------------------------------------------------
    @property
    def grad(self) -> Any:
        """Gradient buffer made by `attach_grad`, or None."""
        if unfinished:
            wait_for_gradients()
        return self._entry.grad if isinstance(self._entry, Leaf) else None

    @property
    def _fresh_grad(self) -> bool:
        """Whether a backward pass has written the gradient since `Trainer.step` last used it."""
        return isinstance(self._entry, Leaf) and self._entry.fresh

    @_fresh_grad.setter
    def _fresh_grad(self, value: bool) -> None:
        if isinstance(self._entry, Leaf):
            self._entry.fresh = value

    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Ask for the gradient of this array, and make a zeroed buffer for it.

        Parameters
        ----------
        grad_req : {"write", "add", "null"}
            Overwrite on each backward, accumulate, or keep none.
        stype : {"default", "row_sparse", "csr"}, optional
            Storage of the buffer; "row_sparse" suits an embedding, whose gradient has few rows.

        Raises
        ------
        ParamError
            If `grad_req` is none of the three.
        DTypeError
            If the array is complex.
        """
        if grad_req not in _GRAD_REQS:
            raise ParamError(
                f"attach_grad: parameter grad_req must be one of {_GRAD_REQS}. Got {grad_req!r}."
            )
        if np.dtype(self.dtype).kind == "c":
            raise DTypeError(
                explain(
                    f"attach_grad was called on an array of {np.dtype(self.dtype)}.",
                    "real numbers: gradients are of real functions.",
                    "real and imaginary part as two arrays",
                )
            )
        buffer = None
        if grad_req != "null" and stype not in (None, "default"):
            from dlstudio.core.sparse_kinds import zeros

            buffer = zeros(stype, self.shape, self._device, self.dtype)
        elif grad_req != "null":
            array = self._device.backend.empty(self.shape, self.dtype)
            array.fill(0)
            buffer = type(self)._wrap(array, self._device)
        self._attach(buffer, grad_req)

    def _attach(self, grad: Tensor | None, grad_req: str) -> None:
        """Make this tensor a leaf whose gradient goes to `grad`."""
        wanted = grad is not None or grad_req != "null"
        self._entry = Leaf(grad, grad_req, self._device) if wanted else None
        self._index = 0

    def detach(self) -> Self:
        """Return the same memory without its place on the tape."""
        if alive and is_late(self):
            return one_later(Tensor.detach, self, type(self), self._device)
        view = type(self)._wrap(self._data, self._device)
        self._share(view)
        return view

    def backward(
        self, out_grad: Any = None, retain_graph: bool = False, train_mode: bool = True
    ) -> None:
        """Compute the gradients of this array with respect to all attached arrays.

        Parameters
        ----------
        out_grad : Tensor with the shape of this array, optional
            Head gradient; ones if not given.
        retain_graph : bool
            Keep what a second backward needs.
        train_mode : bool
            Accepted for MXNet programs.

        Raises
        ------
        GradError
            If the array was not computed while recording.
        StaleValueError
            If a value needed was changed in place.
        """
        from dlstudio.core.reverse import backward

        backward([self], [out_grad], retain_graph=retain_graph)

    # ---- leaving the engine --------------------------------------------------------------
    def asnumpy(self) -> np.ndarray[Any, Any]:
        """Copy into a new NumPy array; waits for the device."""
        if state.tracer is not None:
            state.tracer.note_read(self)
        if alive and is_late(self):
            wait(self)
        return convertible(self._device.backend.to_numpy(self._data))

    def asscalar(self) -> Any:
        """Return the one element as a NumPy scalar.

        Raises
        ------
        ShapeError
            If the array has more or less than one element.
        """
        if self._data.size != 1:
            raise ShapeError(
                explain(
                    f"asscalar() was called on an array of shape {self._data.shape}.",
                    "exactly one element.",
                    "x.mean().asscalar(), or x.asnumpy() for all elements",
                )
            )
        return self.asnumpy().reshape(())[()]

    def item(self, *args: int) -> Any:
        """Return one element as a Python number; without `args` the only one.

        Raises
        ------
        ShapeError, IndexRangeError
            If there are more elements, or none at the position.
        """
        try:
            return self.asnumpy().item(*args)
        except (ValueError, IndexError, TypeError) as error:
            raise taught_class(error)(
                f"item(): an array of shape {self._data.shape}: {error}."
            ) from error

    def tolist(self) -> Any:
        """Return the elements as nested Python lists."""
        return self.asnumpy().tolist()

    def wait_to_read(self) -> None:
        """Return when the array is computed."""
        if alive and is_late(self):
            wait(self)
        self._device.backend.synchronize()

    wait_to_write = wait_to_read

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """NumPy's door: on the CPU without a copy."""
        if self._device.device_type == "gpu":
            host = self.asnumpy()
            return host if dtype is None else host.astype(dtype, copy=False)
        self._unshare()  # whoever has the memory may write into it
        host = np.array(self._data, dtype) if copy else np.asarray(self._data, dtype)
        if host is not self._data:
            copies.count(str(self._device), "numpy", host.nbytes, "to NumPy")
        return host

    def __dlpack__(self, **options: Any) -> Any:
        """DLPack's door: the capsule shares the memory."""
        if self._store is not None and self._store.lazy is not None:
            self._prepare_write()
        try:
            return self._data.__dlpack__(**options)
        except TypeError:  # NumPy 2.0 takes none of the later keywords
            return self._data.__dlpack__(stream=options.get("stream"))

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._data.__dlpack_device__()

    def __len__(self) -> int:
        if not self._data.ndim:
            raise DTypeError("len() of an array without axes")
        return self._data.shape[0]

    def __float__(self) -> float:
        return float(self.asscalar())

    def __int__(self) -> int:
        return int(self.asscalar())

    def __index__(self) -> int:
        value = self.asscalar()
        if not isinstance(value, np.integer):
            raise DTypeError(
                "only integer arrays with one element can be an index. "
                f"Got dtype {self._data.dtype}."
            )
        return int(value)

    def __complex__(self) -> complex:
        return complex(self.asscalar())

    def __hash__(self) -> int:
        return id(self) >> 4

    # ---- copies --------------------------------------------------------------------------
    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Self:
        return self.copy()

    def copy(self) -> Self:
        """Copy into new memory on the same device; recorded, so gradients flow through."""
        return self.copyto(self._device)

    def as_in_context(self, context: Device) -> Self:
        """Return this array on `context`: itself if it is there already, else a copy."""
        from dlstudio.core.dispatch import move

        return move(self, Device(context))

    as_in_ctx = as_in_context
    to_device = as_in_context

    def copyto(self, other: Any) -> Any:
        """Copy the values into another array, or into a new one on a device."""
        from dlstudio.core.dispatch import move

        if isinstance(other, Device):
            return move(self, other, always=True)
        if not isinstance(other, Tensor):
            raise ParamError(
                f"copyto: parameter other must be an array or a device. Got {type(other).__name__}."
            )
        if other is self:
            return self
        other._overwrite(self)
        return other

    def _overwrite(self, value: Tensor) -> None:
        """Replace all elements by those of `value`, which may lie on another device."""
        if value.stype != "default":
            value = value.tostype("default")
        if value._data.shape != self._data.shape:
            raise ShapeError(
                explain(
                    f"values of shape {value._data.shape} were given "
                    f"for an array of shape {self._data.shape}.",
                    "equal shapes.",
                )
            )
        refuse_while_recorded(self)
        source = (
            value if value._device is self._device else value.detach().as_in_context(self._device)
        )
        if bus.subscribers and source is value:
            place = str(self._device)
            copies.count(place, place, source._data.nbytes, "into an existing array")
        self._prepare_write()
        self._data[...] = source._data

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.asnumpy(), self._device)


def _restore(cls: type[Tensor], array: np.ndarray[Any, Any], device: Device) -> Tensor:
    return cls._wrap(device.backend.from_numpy(array), device)


class NDArray(Tensor):
    """An n-dimensional array in MXNet's classic dialect. `mx.nd` holds its functions.

    The constructor takes anything NumPy can read, a device and a dtype.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.nd.array([[1, 2], [3, 4]])
    >>> float(x.sum().asscalar())
    10.0
    """

    __slots__ = ()

    def __init__(self, source: Any = (), ctx: Device | None = None, dtype: Any = None) -> None:
        device = Device(ctx) if ctx is not None else current_context()
        array = source.asnumpy() if isinstance(source, Tensor) else np.asarray(source)
        default = array.dtype if isinstance(source, (np.ndarray, Tensor)) else np.float32
        self._data = device.backend.from_numpy(numbers(array, dtype or default))
        self._device, self._entry, self._store = device, None, None

    @property
    def dtype(self) -> Any:
        """Element type as a NumPy scalar type, e.g. ``numpy.float32``."""
        return self._data.dtype.type


class ndarray(NDArray):  # noqa: N801  NumPy's name
    """An n-dimensional array in the NumPy dialect. `mx.np` and `mx.npx` hold its functions."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        """Element type as a NumPy dtype."""
        return self._data.dtype
