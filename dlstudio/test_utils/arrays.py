"""Random shapes and arrays, and the default device and dtype of tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlstudio import nd
from dlstudio.core import device

__all__ = [
    "assign_each",
    "assign_each2",
    "create_2d_tensor",
    "create_vector",
    "default_context",
    "default_device",
    "default_dtype",
    "list_gpus",
    "new_matrix_with_real_eigvals_2d",
    "new_matrix_with_real_eigvals_nd",
    "new_orthonormal_matrix_2d",
    "new_sym_matrix_with_real_eigvals_2d",
    "new_sym_matrix_with_real_eigvals_nd",
    "rand_coord_2d",
    "rand_ndarray",
    "rand_shape_2d",
    "rand_shape_3d",
    "rand_shape_nd",
    "random_arrays",
    "random_sample",
    "random_uniform_arrays",
    "set_default_context",
    "set_default_device",
]

# Programs seed NumPy's global generator before they call these: NPY002 must not apply.
_random = np.random


def default_context() -> device.Device:
    """Return the device that tests run on: the current one."""
    return device.current_context()


def set_default_context(ctx: device.Device) -> None:
    """Make `ctx` the device of new arrays in this thread, until changed again."""
    device.set_default(ctx)


default_device, set_default_device = default_context, set_default_context


def default_dtype() -> type[np.float32]:
    """Return the dtype of test arrays: float32."""
    return np.float32


def list_gpus() -> range:
    """Numbers of the GPUs there are."""
    return range(device.num_gpus())


def rand_shape_2d(dim0: int = 10, dim1: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """Random shape of two axes, each at most as long as given."""
    return _shape((dim0, dim1), allow_zero_size)


def rand_shape_3d(
    dim0: int = 10, dim1: int = 10, dim2: int = 10, allow_zero_size: bool = False
) -> tuple[int, ...]:
    """Random shape of three axes, each at most as long as given."""
    return _shape((dim0, dim1, dim2), allow_zero_size)


def rand_shape_nd(num_dim: int, dim: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """Random shape of `num_dim` axes, each at most `dim` long."""
    return _shape((dim,) * num_dim, allow_zero_size)


def _shape(limits: Sequence[int], allow_zero_size: bool) -> tuple[int, ...]:
    low = 0 if allow_zero_size else 1
    return tuple(int(_random.randint(low, limit + 1)) for limit in limits)


def rand_coord_2d(x_low: int, x_high: int, y_low: int, y_high: int) -> tuple[Any, Any]:
    """Random point with ``x_low <= x < x_high`` and ``y_low <= y < y_high``."""
    x = _random.randint(x_low, x_high, dtype=np.int64)
    return x, _random.randint(y_low, y_high, dtype=np.int64)


def random_arrays(*shapes: tuple[int, ...]) -> Any:
    """Normally distributed float32 NumPy arrays: one array for one shape, else a list."""
    arrays = [np.asarray(_random.randn(*s), default_dtype()) for s in shapes]
    return arrays[0] if len(arrays) == 1 else arrays


def random_uniform_arrays(
    *shapes: tuple[int, ...], low: float = 0.0, high: float = 1.0, dtype: Any = np.float32
) -> list[Any]:
    """Return uniformly distributed NumPy arrays."""
    return [np.asarray(_random.uniform(low, high, s), dtype) for s in shapes]


def random_sample(population: Sequence[Any], k: int) -> Any:
    """`k` elements of a list, each place at most once."""
    shuffled = list(population)
    _random.shuffle(shuffled)
    return shuffled[:k]


def rand_ndarray(
    shape: tuple[int, ...],
    stype: str = "default",
    density: float | None = None,
    dtype: Any = None,
    modifier_func: Callable[..., Any] | None = None,
    shuffle_csr_indices: bool = False,
    distribution: str | None = None,
    ctx: Any = None,
) -> Any:
    """Random NDArray: normally distributed if dense, else see `rand_sparse_ndarray`.

    Parameters
    ----------
    shape : tuple of int
    stype : {"default", "csr", "row_sparse"}
    density, modifier_func, shuffle_csr_indices, distribution
        For sparse arrays.
    dtype : dtype, default float32
    ctx : Device, optional

    Raises
    ------
    ParamError
        If `stype` is another word.
    """
    if stype != "default":
        from dlstudio.test_utils.sparse import rand_sparse_ndarray

        return rand_sparse_ndarray(
            shape, stype, density, dtype, distribution, modifier_func=modifier_func,
            shuffle_csr_indices=shuffle_csr_indices, ctx=ctx,
        )[0]  # fmt: skip
    return nd.array(random_arrays(shape), ctx=ctx, dtype=dtype or default_dtype())


def create_vector(size: int, dtype: Any = np.int64) -> Any:
    """NDArray 0, 1, … size - 1."""
    return nd.arange(0, size, dtype=dtype)


def create_2d_tensor(rows: int, columns: int, dtype: Any = np.int64) -> Any:
    """NDArray whose row i is filled with i."""
    column = nd.arange(0, rows, dtype=dtype).reshape((rows, 1))
    return nd.broadcast_to(column, shape=(rows, columns))


def assign_each(the_input: Any, function: Callable[[Any], Any] | None) -> Any:
    """Apply a function to every element of a NumPy array."""
    if function is None:
        return np.array(the_input)
    return _each(function, the_input)


def assign_each2(input1: Any, input2: Any, function: Callable[[Any, Any], Any] | None) -> Any:
    """Apply a function to every pair of elements of two NumPy arrays."""
    if function is None:
        return np.array(input1)
    return _each(function, input1, input2)


def _each(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    values = [function(*group) for group in zip(first.flat, *(o.flat for o in others), strict=True)]
    return np.array(values, dtype=first.dtype).reshape(first.shape)


def new_orthonormal_matrix_2d(n: int) -> Any:
    """Random orthonormal matrix, shape (n, n)."""
    return np.linalg.qr(_random.randn(n, n))[0]


def new_matrix_with_real_eigvals_2d(n: int) -> Any:
    """Random matrix, shape (n, n), with real eigenvalues: a triangular one in another basis."""
    triangle = np.triu(_random.uniform(-0.5, 0.5, (n, n)), 1)
    values = _random.uniform(-1.0, 1.0, n)
    basis = new_orthonormal_matrix_2d(n)
    return basis @ (triangle + np.diag(values)) @ basis.T


def new_sym_matrix_with_real_eigvals_2d(n: int) -> Any:
    """Random symmetric matrix, shape (n, n)."""
    basis = new_orthonormal_matrix_2d(n)
    matrix = basis @ np.diag(_random.uniform(-10.0, 10.0, n)) @ basis.T
    return (matrix + matrix.T) / 2  # rounding left it almost symmetric


def new_matrix_with_real_eigvals_nd(shape: tuple[int, ...]) -> Any:
    """Random square matrices with real eigenvalues, shape (..., n, n)."""
    return _stack(shape, new_matrix_with_real_eigvals_2d)


def new_sym_matrix_with_real_eigvals_nd(shape: tuple[int, ...]) -> Any:
    """Random symmetric matrices, shape (..., n, n)."""
    return _stack(shape, new_sym_matrix_with_real_eigvals_2d)


def _stack(shape: tuple[int, ...], make: Callable[[int], Any]) -> Any:
    count = int(np.prod(shape[:-2]))
    matrices = [make(shape[-1]) for _ in range(count)]
    return np.reshape(matrices, shape) if matrices else np.empty(shape)
