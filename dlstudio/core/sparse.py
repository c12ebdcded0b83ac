"""What sparse arrays share; the two kinds are in `dlstudio.core.sparse_kinds`.

They are `NDArray`s without a dense `_data`. Operators that can work around the zeros do
(`dlstudio.core.sparse_calls`); for all others the array is spelled out first, as in MXNet.
"""

from __future__ import annotations

import warnings
from numbers import Number
from typing import Any, Self

import numpy as np

from dlstudio.core import sparse_storage as storage
from dlstudio.core.device import Device
from dlstudio.core.tape import refuse_while_recorded
from dlstudio.core.tensor import NDArray, Tensor, ndarray
from dlstudio.errors import (
    DTypeError,
    FileFormatError,
    NotSupportedForSparseNDArray,
    ParamError,
    ShapeError,
    explain,
)

__all__ = ["BaseSparseNDArray", "fresh", "on_device", "stored"]

Array = Any
_DENSE = 'x.tostype("default")'


class BaseSparseNDArray(NDArray):
    """What both kinds of sparse arrays share; made by `mx.nd.sparse` and `NDArray.tostype`."""

    __slots__ = ("_stored",)
    _stored: Any

    def __init__(self, source: Any = (), ctx: Device | None = None, dtype: Any = None) -> None:
        raise self._unsupported(
            f"{type(self).__name__}(...)",
            'mx.nd.sparse.csr_matrix(...), row_sparse_array(...), or x.tostype("csr")',
        )

    @classmethod
    def _wrap(cls, array: Any, device: Device) -> Self:
        """Make a sparse array of what is stored; a plain result takes a dense class."""
        if not storage.is_sparse(array):
            return NDArray._wrap(array, device)  # type: ignore[return-value]
        tensor = cls.__new__(cls)
        tensor._stored, tensor._device, tensor._entry, tensor._store = array, device, None, None
        return tensor

    def _unsupported(self, what: str, fix: str) -> NotSupportedForSparseNDArray:
        return NotSupportedForSparseNDArray(
            explain(f"{what} is not there for {self.stype} storage.", fix=fix)
        )

    def _as(self, cls: type[Any]) -> Any:
        if issubclass(cls, ndarray):
            raise self._unsupported("an array of the NumPy dialect", f"{_DENSE}.as_np_ndarray()")
        return self

    # ---- facts ---------------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis, zeros included."""
        return tuple(self._stored.shape)

    @property
    def dtype(self) -> Any:
        """Element type as a NumPy scalar type."""
        return self._stored.data.dtype.type

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._stored.shape)

    @property
    def size(self) -> int:
        """Refuse: stored elements or all elements? Use `data.size` or the shape."""
        raise self._unsupported("size", "x.data.size (stored), or math.prod(x.shape) (all)")

    @property
    def nbytes(self) -> int:
        """Bytes stored, index arrays included."""
        return sum(part.nbytes for part in self._stored if hasattr(part, "nbytes"))

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self._stored.data.itemsize

    @property
    def data(self) -> NDArray:
        """Stored values; the same memory, not a copy."""
        return NDArray._wrap(self._stored.data, self._device)

    @property
    def indices(self) -> NDArray:
        """Where the stored values stand: row numbers, or for csr column numbers (int64)."""
        return NDArray._wrap(self._stored.indices, self._device)

    @property
    def _num_aux(self) -> int:
        return len(self._stored) - 2

    def __repr__(self) -> str:
        sizes = "x".join(str(n) for n in self.shape)
        return f"\n<{type(self).__name__} {sizes} @{self._device}>"

    __str__ = __repr__

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        return bool(self.tostype("default"))

    # ---- leaving sparse storage ----------------------------------------------------------
    def _dense(self) -> Array:
        """All elements as a plain array of this device."""
        return storage.densified(self._device.xp, self._stored)

    def tostype(self, stype: str) -> Any:
        """Convert to a storage type, recorded.

        Parameters
        ----------
        stype : {"default", "csr", "row_sparse"}
            A sparse array converts to dense storage or stays as it is.

        Raises
        ------
        ParamError
            For the other sparse storage: go through "default".
        """
        if stype not in ("default", self.stype):
            raise ParamError(
                explain(
                    f"cast_storage from {self.stype} to {stype} is not supported.",
                    '"default", or the storage it has.',
                    f'{_DENSE}.tostype("{stype}")',
                )
            )
        from dlstudio.core.sparse_calls import cast_storage

        return cast_storage(self, stype)

    def todense(self) -> NDArray:
        """All elements, in dense storage."""
        return self.tostype("default")

    def asnumpy(self) -> np.ndarray[Any, Any]:
        """Copy all elements, zeros included, into a new NumPy array."""
        return self._device.backend.to_numpy(self._dense())

    def asscalar(self) -> Any:
        """Return the one element of an array that has only one."""
        return self.tostype("default").asscalar()

    def asscipy(self) -> Any:
        """Copy into a SciPy matrix.

        Raises
        ------
        MissingExtraError
            If SciPy is not installed.
        """
        raise self._unsupported("asscipy()", f"{_DENSE}.asnumpy()")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        host = self.asnumpy()
        return host if dtype is None else host.astype(dtype, copy=False)

    def __dlpack__(self, **options: Any) -> Any:
        raise self._unsupported("DLPack", _DENSE)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._on_host(), self._device)

    def _on_host(self) -> Any:
        """What is stored, as NumPy arrays."""
        to_numpy = self._device.backend.to_numpy
        parts = [to_numpy(p) if not isinstance(p, tuple) else p for p in self._stored]
        return type(self._stored)(*parts)

    # ---- copies --------------------------------------------------------------------------
    def detach(self) -> Self:
        """Return the same memory without its place on the tape."""
        return type(self)._wrap(self._stored, self._device)

    def copy(self) -> Self:
        """Copy on the same device; recorded."""
        from dlstudio.core.sparse_calls import moved

        return moved(self, self._device)

    def as_in_context(self, context: Device) -> Self:
        """Return this array on `context`: itself if it is there already, else a copy."""
        from dlstudio.core.sparse_calls import moved

        target = Device(context)
        return self if target is self._device else moved(self, target)

    as_in_ctx = as_in_context
    to_device = as_in_context

    def astype(self, dtype: Any, copy: bool = True, **_: Any) -> Self:
        """Convert the stored values to another dtype."""
        target = np.dtype(dtype)
        if not copy and self._stored.data.dtype == target:
            return self
        values = self._stored.data.astype(target)
        return type(self)._wrap(fresh(self._stored._replace(data=values)), self._device)

    def copyto(self, other: Any) -> Any:
        """Copy into another array, or into a new one on a device.

        Parameters
        ----------
        other : NDArray of equal shape, dense or of the same storage; or Device
        """
        if isinstance(other, Device):
            from dlstudio.core.sparse_calls import moved

            return moved(self, other)
        if not isinstance(other, Tensor):
            raise DTypeError(f"copyto does not support type {type(other)}")
        if other is self:
            warnings.warn(
                "You are attempting to copy an array to itself", RuntimeWarning, stacklevel=2
            )
            return other
        if other.stype not in ("default", self.stype):
            raise DTypeError(
                f"copyto does not support destination NDArray stype {other.stype}. "
                f"Fix: x.tostype('default').copyto(y)"
            )
        other._overwrite(self)
        return other

    def _overwrite(self, value: Tensor) -> None:
        """Replace what is stored by the values of `value`."""
        if tuple(value.shape) != self.shape:
            raise ShapeError(
                explain(
                    f"values of shape {tuple(value.shape)} were given "
                    f"for an array of shape {self.shape}.",
                    "equal shapes.",
                )
            )
        refuse_while_recorded(self)
        self._store_value(stored(value.detach().as_in_context(self._device)))

    def _store_value(self, value: Any) -> None:
        """Take over a plain or sparse array: converted, copied, and of this array's dtype."""
        self._prepare_write()
        kept = storage.cast(self._device.xp, value, self.stype)
        values = kept.data.astype(self._stored.data.dtype, copy=False)
        self._stored = fresh(kept._replace(data=values))

    # ---- reading and writing parts -------------------------------------------------------
    def __setitem__(self, key: Any, value: Any) -> None:
        """``x[:] = value`` replaces all elements; other keys are not there."""
        if key != slice(None):
            raise ParamError(
                explain(
                    f"{type(self).__name__}[{key!r}] = ... was called.",
                    "[:], which replaces all elements.",
                    f"y = {_DENSE}; y[...] = ...; y.tostype({self.stype!r})",
                )
            )
        if isinstance(value, Tensor):
            if value is not self:
                self._overwrite(value)
        elif isinstance(value, Number):
            self._fill(value)
        elif isinstance(value, (np.ndarray, np.generic)):
            warnings.warn(
                f"Assigning non-NDArray object to {type(self).__name__} is not efficient",
                RuntimeWarning,
                stacklevel=2,
            )
            self._overwrite(NDArray(np.asarray(value), self._device, self.dtype))
        else:
            raise DTypeError(f"{type(self).__name__}[:] = ...: type {type(value)} not supported.")

    def _fill(self, number: Any) -> None:
        refuse_while_recorded(self)
        if not number:
            self._prepare_write()
            dtype = self._stored.data.dtype
            self._stored = storage.empty(self._device.xp, self.stype, self.shape, dtype)
            return
        if self.stype == "csr":
            raise ParamError(
                explain(
                    f"CSRNDArray[:] = {number!r} would store every element.",
                    "an array, or 0.",
                    "mx.nd.full(x.shape, value)",
                )
            )
        xp = self._device.xp
        self._store_value(xp.full(self.shape, number, self._stored.data.dtype))

    def __getitem__(self, key: Any) -> Any:
        raise self._unsupported("indexing", f"{_DENSE}[...]")

    def reshape(self, *shape: Any, **kwargs: Any) -> Any:
        """Refuse: sparse arrays keep their shape."""
        raise self._unsupported("reshape", f"{_DENSE}.reshape(...)")

    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Ask for the gradient of this array; its buffer has the same storage by default."""
        super().attach_grad(grad_req, stype or self.stype)

    def check_format(self, full_check: bool = True) -> None:
        """Check the index arrays against the format.

        Parameters
        ----------
        full_check : bool
            Look at every index, which takes a while; otherwise only at shapes and ends.

        Raises
        ------
        FileFormatError
            If indices are out of range, unsorted or doubled, or do not fit the stored values.
        """
        trouble = self._trouble(self._on_host(), full=full_check)
        if trouble:
            raise FileFormatError(
                explain(f"{type(self).__name__} of shape {self.shape}: {trouble}.",
                        "sorted indices inside the shape, one per stored value.")
            )  # fmt: skip

    def _trouble(self, host: Any, *, full: bool) -> str:
        raise NotImplementedError


def _in_place(python: str) -> Any:
    def method(self: BaseSparseNDArray, other: Any) -> BaseSparseNDArray:
        refuse_while_recorded(self)
        result = getattr(self.detach(), f"__{python}__")(other)
        if result.stype != self.stype or result.shape != self.shape:
            raise self._unsupported(
                f"__i{python}__, whose result is dense or of another shape,", "x = x + y"
            )
        self._store_value(stored(result))
        return self

    return method


for _python in ("add", "sub", "mul", "truediv", "mod", "pow"):
    setattr(BaseSparseNDArray, f"__i{_python}__", _in_place(_python))


def stored(tensor: Any) -> Any:
    """What a tensor holds: a plain array, or the stored parts of a sparse one."""
    return tensor._stored if isinstance(tensor, BaseSparseNDArray) else tensor._data


def fresh(value: Any) -> Any:
    """The same with arrays of its own."""
    return type(value)(*(p if isinstance(p, tuple) else p.copy() for p in value))


def on_device(host: Any, device: Device) -> Any:
    """Sparse parts given as NumPy arrays, on `device`."""
    bring = device.backend.from_numpy
    return type(host)(*(p if isinstance(p, tuple) else bring(np.asarray(p)) for p in host))


def _restore(host: Any, device: Device) -> NDArray:
    from dlstudio.core.sparse_kinds import wrap

    return wrap(on_device(host, device), device)
