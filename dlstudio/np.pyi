"""`mx.np`: NumPy's functions on our arrays, made from the operator table."""

# Written by `python -m dlstudio.dialects.stubs`; change the table instead.
from collections.abc import Sequence
from typing import Any

from dlstudio.core.tensor import NDArray as NDArray
from dlstudio.core.tensor import ndarray as ndarray
from dlstudio.graph.symbol import Symbol as Symbol

def __getattr__(name: str) -> Any: ...

def abs(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Absolute value: ``|x|``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.abs(mx.np.ones((2, 3))).shape
    (2, 3)"""
def absolute(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Absolute value: ``|x|``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.absolute(mx.np.ones((2, 3))).shape
    (2, 3)"""
def acos(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse cosine, in radians.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.acos(mx.np.ones((2, 3))).shape
    (2, 3)"""
def acosh(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse hyperbolic cosine, for x ≥ 1.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.acosh(mx.np.ones((2, 3))).shape
    (2, 3)"""
def add(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Sum: ``x + y``.

    Either operand may be a number."""
def all(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether all elements over `axis` are non-zero.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.all(mx.np.ones((2, 3))).shape
    ()

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Any:
    """Say whether all elements are equal within ``atol + rtol·|b|``."""
def alltrue(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether all elements over `axis` are non-zero.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.alltrue(mx.np.ones((2, 3))).shape
    ()

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def amax(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
    """Largest element over `axis`; where several are equal, each gets the gradient.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.amax(mx.np.ones((2, 3))).shape
    ()"""
def amin(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
    """Smallest element over `axis`; where several are equal, each gets the gradient.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.amin(mx.np.ones((2, 3))).shape
    ()"""
def any(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether any element over `axis` is non-zero.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.any(mx.np.ones((2, 3))).shape
    ()

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def append(arr: Any, values: Any, axis: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Join `values` to the end of `arr`; without `axis` both are flattened.

    Parameters
    ----------
    arr : array
    values : array
    axis : an integer or None, default None

    Examples
    --------
    >>> mx.np.append(mx.np.ones((2, 3)), mx.np.ones(2)).shape
    (8,)"""
def apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """NumPy's `apply_along_axis`, computed on the host; it has no gradient."""
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """NumPy's `apply_over_axes`, computed on the host; it has no gradient."""
def arange(start: float | None, stop: float | None = None, step: float = 1, dtype: Any = None, ctx: Any = None, device: Any = None) -> ndarray:
    """Evenly spaced numbers from `start` (0 if only one bound is given) up to but not `stop`."""
def arccos(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse cosine, in radians.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.arccos(mx.np.ones((2, 3))).shape
    (2, 3)"""
def arccosh(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse hyperbolic cosine, for x ≥ 1.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.arccosh(mx.np.ones((2, 3))).shape
    (2, 3)"""
def arcsin(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse sine, in radians.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.arcsin(mx.np.ones((2, 3))).shape
    (2, 3)"""
def arcsinh(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse hyperbolic sine.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.arcsinh(mx.np.ones((2, 3))).shape
    (2, 3)"""
def arctan(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse tangent, in radians.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.arctan(mx.np.ones((2, 3))).shape
    (2, 3)"""
def arctan2(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Angle of the point (y, x): inverse tangent of x/y in the right quadrant.

    Either operand may be a number."""
def arctanh(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse hyperbolic tangent.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.arctanh(mx.np.ones((2, 3))).shape
    (2, 3)"""
def argmax(a: Any, axis: int | None = None, out: Any = None, keepdims: bool = False, **kwargs: Any) -> ndarray:
    """Position of the largest element along `axis`, or in the flattened array.

    Parameters
    ----------
    a : array
    axis : an integer or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.argmax(mx.np.ones((2, 3))).shape
    ()"""
def argmin(a: Any, axis: int | None = None, out: Any = None, keepdims: bool = False, **kwargs: Any) -> ndarray:
    """Position of the smallest element along `axis`, or in the flattened array.

    Parameters
    ----------
    a : array
    axis : an integer or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.argmin(mx.np.ones((2, 3))).shape
    ()"""
def argpartition(a: Any, kth: Any, axis: Any = -1, kind: Any = 'introselect', order: Any = None) -> Any:
    """NumPy's `argpartition`, computed on the host; it has no gradient."""
def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, descending: Any = False, stable: Any = True) -> ndarray:
    """Places of the elements in ascending order along `axis`; None takes the flattened array.

        `kind` is accepted as in NumPy; equal elements stay in their order whatever it says.


    Also takes the call of the array API standard."""
def argwhere(a: Any) -> Any:
    """Positions of the non-zero elements, one row each."""
def around(x: Any, decimals: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Round to `decimals` places; a half goes to the even neighbour.

    Parameters
    ----------
    x : array
    decimals : an integer, default 0

    Examples
    --------
    >>> mx.np.around(mx.np.ones((2, 3))).shape
    (2, 3)"""
def array(object: Any, dtype: Any = None, ctx: Any = None, device: Any = None) -> Any:
    """Make an array from anything NumPy can read.

    Parameters
    ----------
    object : array-like
    dtype : optional
        Default: that of an array source; float32 for lists and numbers, complex64 for complex ones.
    ctx, device : Device, optional
        Default: the current context."""
def array_equal(a1: Any, a2: Any, equal_nan: Any = False) -> Any:
    """Say whether shapes and all elements are equal."""
def array_equiv(a1: Any, a2: Any) -> Any:
    """NumPy's `array_equiv`, computed on the host; it has no gradient."""
def array_split(ary: Any, indices_or_sections: Any = None, axis: int = 0, out: Any = None, **kwargs: Any) -> Any:
    """Cut along `axis` into sections as equal as possible, or before each position of a tuple.

    Parameters
    ----------
    ary : array
    indices_or_sections : an axis, a tuple of axes, or None
    axis : an integer, default 0

    Examples
    --------
    >>> [out.shape for out in mx.np.array_split(mx.np.ones((5, 2)), indices_or_sections=3)]
    [(2, 2), (2, 2), (1, 2)]"""
def asarray(obj: Any, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """Make an array of `obj`; an array that fits already is returned as it is, unless `copy`.

    With ``copy=False`` memory is shared, or a ParamError raised where it cannot be."""
def asin(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse sine, in radians.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.asin(mx.np.ones((2, 3))).shape
    (2, 3)"""
def asinh(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse hyperbolic sine.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.asinh(mx.np.ones((2, 3))).shape
    (2, 3)"""
def astype(x: Any, dtype: Any, *, copy: Any = True, device: Any = None) -> Any:
    """Convert to another dtype, and move to another device.

    Parameters
    ----------
    x : array
    dtype : dtype object
    copy : bool
        With False an array that fits already is returned as it is.
    device : Device, optional

    Raises
    ------
    DTypeError
        If complex numbers were to become real ones, which is real(x) or abs(x)."""
def atan(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse tangent, in radians.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.atan(mx.np.ones((2, 3))).shape
    (2, 3)"""
def atan2(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> Any:
    """Angle of the point (y, x): inverse tangent of x/y in the right quadrant.

    Either operand may be a number."""
def atanh(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse hyperbolic tangent.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.atanh(mx.np.ones((2, 3))).shape
    (2, 3)"""
def atleast_1d(*arys: Any) -> ndarray:
    """Add axes of length one until there are 1 dimensions."""
def atleast_2d(*arys: Any) -> ndarray:
    """Add axes of length one until there are 2 dimensions."""
def atleast_3d(*arys: Any) -> ndarray:
    """Add axes of length one until there are 3 dimensions."""
def average(a: Any, axis: Any = None, weights: Any = None, returned: Any = False, out: Any = None) -> Any:
    """Mean with weights.

    Parameters
    ----------
    a : ndarray
    axis : int, tuple of int or None
    weights : ndarray of the shape of `a`, or a vector along `axis`; None weighs equally
    returned : bool
        Also return the sum of the weights."""
def bincount(x: Any, weights: Any = None, minlength: Any = 0) -> Any:
    """NumPy's `bincount`, computed on the host; it has no gradient."""
def bitwise_and(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Bitwise and: ``x & y``.

    Either operand may be a number."""
def bitwise_invert(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Flip every bit: ``~x``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.bitwise_invert(mx.np.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def bitwise_left_shift(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Bits shifted to the left: ``x · 2ʸ``.

    Parameters
    ----------
    x1 : array
    x2 : array

    Examples
    --------
    >>> mx.np.bitwise_left_shift(mx.np.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.np.array([[0, 0, 0]], dtype="int64")).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def bitwise_not(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Flip every bit: ``~x``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.bitwise_not(mx.np.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def bitwise_or(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Bitwise or: ``x | y``.

    Either operand may be a number."""
def bitwise_right_shift(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Bits shifted to the right: ``⌊x / 2ʸ⌋``.

    Parameters
    ----------
    x1 : array
    x2 : array

    Examples
    --------
    >>> mx.np.bitwise_right_shift(mx.np.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.np.array([[0, 0, 0]], dtype="int64")).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def bitwise_xor(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Bitwise exclusive or: ``x ^ y``.

    Either operand may be a number."""
def blackman(M: Any, dtype: Any = 'float32', ctx: Any = None) -> Any:
    """Blackman window of `M` points."""
def broadcast_arrays(*args: Any) -> Any:
    """Broadcast all arrays to one shape."""
def broadcast_shapes(*shapes: Any) -> Any:
    """Shape to which arrays of these shapes broadcast.

    Raises
    ------
    ShapeError
        If they do not broadcast together."""
def broadcast_to(array: Any, shape: int | Sequence[int] | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Repeat along axes of length one, and along new leading axes, up to `shape`.

    Parameters
    ----------
    array : array
    shape : a tuple of integers >= 0

    Examples
    --------
    >>> mx.np.broadcast_to(mx.np.ones((2, 3)), shape=(2, 3)).shape
    (2, 3)"""
def cbrt(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Cube root: ``∛x``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.cbrt(mx.np.ones((2, 3))).shape
    (2, 3)"""
def ceil(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Smallest integer not below x.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.ceil(mx.np.ones((2, 3))).shape
    (2, 3)"""
def choose(a: Any, choices: Any, out: Any = None, mode: Any = 'raise') -> Any:
    """NumPy's `choose`, computed on the host; it has no gradient."""
def clip(a: Any, a_min: float | None = None, a_max: float | None = None, out: Any = None, *, min: Any = None, max: Any = None, **kwargs: Any) -> ndarray:
    """Limit the elements to `a_min` … `a_max`; either bound may be None.

    Parameters
    ----------
    a : array
    a_min : a number or None, default None
    a_max : a number or None, default None

    Examples
    --------
    >>> mx.np.clip(mx.np.ones((2, 3)), a_min=-0.5, a_max=0.5).shape
    (2, 3)

    Also takes the call of the array API standard."""
def column_stack(tup: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Join along the second axis; vectors become columns.

    Parameters
    ----------
    *tup : arrays

    Examples
    --------
    >>> mx.np.column_stack([mx.np.ones(3), mx.np.ones(3)]).shape
    (3, 2)"""
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    """NumPy's `compress`, computed on the host; it has no gradient."""
def concat(seq: Any, axis: int | None = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Join arrays along an existing axis.

    Parameters
    ----------
    *seq : arrays
    axis : an integer or None, default 0

    Examples
    --------
    >>> mx.np.concat([mx.np.ones((2, 3)), mx.np.ones((4, 3))]).shape
    (6, 3)"""
def concatenate(seq: Any, axis: int | None = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Join arrays along an existing axis.

    Parameters
    ----------
    *seq : arrays
    axis : an integer or None, default 0

    Examples
    --------
    >>> mx.np.concatenate([mx.np.ones((2, 3)), mx.np.ones((4, 3))]).shape
    (6, 3)"""
def conj(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Complex conjugate: the imaginary part changes its sign.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.conj(mx.np.ones((2, 3))).shape
    (2, 3)"""
def conjugate(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Complex conjugate: the imaginary part changes its sign.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.conjugate(mx.np.ones((2, 3))).shape
    (2, 3)"""
def convolve(a: Any, v: Any, mode: Any = 'full') -> Any:
    """NumPy's `convolve`, computed on the host; it has no gradient."""
def copy(a: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Copy of `a`, which gradients pass unchanged.

    Parameters
    ----------
    a : array

    Examples
    --------
    >>> mx.np.copy(mx.np.ones((2, 3))).shape
    (2, 3)"""
def copysign(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Magnitude of x with the sign of y.

    Either operand may be a number."""
def corrcoef(x: Any, y: Any = None, rowvar: Any = True) -> Any:
    """Correlation coefficients of variables, -1 … 1; see `cov`."""
def correlate(a: Any, v: Any, mode: Any = 'valid') -> Any:
    """NumPy's `correlate`, computed on the host; it has no gradient."""
def cos(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Cosine of an angle in radians.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.cos(mx.np.ones((2, 3))).shape
    (2, 3)"""
def cosh(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Hyperbolic cosine: ``(eˣ + e⁻ˣ)/2``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.cosh(mx.np.ones((2, 3))).shape
    (2, 3)"""
def count_nonzero(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, **kwargs: Any) -> ndarray:
    """Number of elements that are not zero.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.count_nonzero(mx.np.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    ()"""
def cov(m: Any, y: Any = None, rowvar: Any = True, bias: Any = False, ddof: Any = None, fweights: Any = None, aweights: Any = None) -> Any:
    """Covariance matrix of variables, float64.

    Parameters
    ----------
    m, y : ndarray, shape (variables, observations), or (observations,) for one variable
        `y` has further variables.
    rowvar : bool
        False: variables are columns.
    bias, ddof
        Divide by ``n - ddof``, by default ``n - 1``, with `bias` by ``n``.
    fweights, aweights : ndarray, optional
        Weights of observations; no gradient flows with them."""
def cross(a: Any, b: Any, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: Any = None) -> Any:
    """Cross product of vectors with two or three components, the third then being zero.

    Parameters
    ----------
    a, b : ndarray
    axisa, axisb, axisc : int
        Where the components of `a`, `b` and of the result are.
    axis : int, optional
        All three of them.

    Returns
    -------
    ndarray
        Of two vectors with two components the third component alone."""
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Running product along `axis`, or of the flattened array.

    Parameters
    ----------
    a : array
    axis : an integer or None, default None
    dtype : a dtype such as 'float32' or None, default None

    Examples
    --------
    >>> mx.np.cumprod(mx.np.ones((2, 3))).shape
    (6,)"""
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Running sum along `axis`, or of the flattened array.

    Parameters
    ----------
    a : array
    axis : an integer or None, default None
    dtype : a dtype such as 'float32' or None, default None

    Examples
    --------
    >>> mx.np.cumsum(mx.np.ones((2, 3))).shape
    (6,)"""
def cumulative_prod(x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
    """Running product along `axis`, from 1 with `include_initial`.

    Parameters
    ----------
    x : array
    axis : an integer or None, default None
    dtype : a dtype such as 'float32' or None, default None
    include_initial : True or False, default False

    Examples
    --------
    >>> mx.np.cumulative_prod(mx.np.ones(4)).shape
    (4,)"""
def cumulative_sum(x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
    """Running sum along `axis`, from 0 with `include_initial`.

    Parameters
    ----------
    x : array
    axis : an integer or None, default None
    dtype : a dtype such as 'float32' or None, default None
    include_initial : True or False, default False

    Examples
    --------
    >>> mx.np.cumulative_sum(mx.np.ones(4)).shape
    (4,)"""
def deg2rad(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Degrees to radians: ``π x/180``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.deg2rad(mx.np.ones((2, 3))).shape
    (2, 3)"""
def degrees(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Radians to degrees: ``180 x/π``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.degrees(mx.np.ones((2, 3))).shape
    (2, 3)"""
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """Copy of `arr` without the places `obj` (int, slice or sequence) along `axis`."""
def diag(array: Any, k: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Diagonal `k` of a matrix, or a matrix with a vector on its diagonal `k`.

    Parameters
    ----------
    array : array
    k : an integer, default 0

    Examples
    --------
    >>> mx.np.diag(mx.np.ones(3)).shape
    (3, 3)"""
def diag_indices_from(arr: Any) -> Any:
    """NumPy's `diag_indices_from`, computed on the host; it has no gradient."""
def diagflat(array: Any, k: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Matrix with the flattened array on its diagonal `k`.

    Parameters
    ----------
    array : array
    k : an integer, default 0

    Examples
    --------
    >>> mx.np.diagflat(mx.np.ones((2, 2))).shape
    (4, 4)"""
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, out: Any = None, **kwargs: Any) -> ndarray:
    """Diagonal number `offset` of the matrices along two axes; it becomes the last axis.

    Parameters
    ----------
    a : array
    offset : an integer, default 0
    axis1 : an integer, default 0
    axis2 : an integer, default 1

    Examples
    --------
    >>> mx.np.diagonal(mx.np.ones((3, 4))).shape
    (3,)"""
def diff(a: Any, n: int = 1, axis: int = -1, out: Any = None, *, prepend: Any = None, append: Any = None, **kwargs: Any) -> ndarray:
    """Differences between neighbours along `axis`, `n` times.

    Parameters
    ----------
    a : array
    n : an integer >= 0, default 1
    axis : an integer, default -1

    Examples
    --------
    >>> mx.np.diff(mx.np.ones((2, 4))).shape
    (2, 3)

    Also takes the call of the array API standard."""
def digitize(x: Any, bins: Any, right: Any = False) -> Any:
    """NumPy's `digitize`, computed on the host; it has no gradient."""
def divide(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Quotient: ``x / y``; in np, integers give float32.

    Either operand may be a number."""
def divmod(x1: Any, x2: Any, out: Any = ..., *, where: Any = True, casting: Any = 'same_kind', order: Any = 'K', dtype: Any = None, subok: Any = True, signature: Any = None) -> Any:
    """NumPy's `divmod`, computed on the host; it has no gradient."""
def dot(a: Any, b: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Sum over the last axis of `a` and the last but one of `b` (the only one of a vector).

    Parameters
    ----------
    a : array
    b : array

    Examples
    --------
    >>> mx.np.dot(mx.np.ones((2, 3)), mx.np.ones((3, 2))).shape
    (2, 2)"""
def dsplit(ary: Any, indices_or_sections: Any = None, out: Any = None, **kwargs: Any) -> Any:
    """Cut along the third axis.

    Parameters
    ----------
    ary : array
    indices_or_sections : an axis, a tuple of axes, or None

    Examples
    --------
    >>> [out.shape for out in mx.np.dsplit(mx.np.ones((2, 4, 2)), indices_or_sections=2)]
    [(2, 4, 1), (2, 4, 1)]"""
def dstack(arrays: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Join along the third axis.

    Parameters
    ----------
    *arrays : arrays

    Examples
    --------
    >>> mx.np.dstack([mx.np.ones(3), mx.np.ones(3)]).shape
    (1, 3, 2)"""
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences between neighbours of the flattened array, with numbers before and after."""
def einsum(*operands: Any, **kwargs: Any) -> Any:
    """Sum of products over indices named by letters.

    Parameters
    ----------
    *operands : a string such as ``"ij,jk->ik"``, then the arrays

    Raises
    ------
    ParamError, ShapeError
        If letters and arrays do not fit."""
def empty(shape: Any, dtype: Any = None, order: Any = 'C', ctx: Any = None, device: Any = None) -> Any:
    """Array with arbitrary contents, for a caller that overwrites it."""
def empty_like(prototype: Any, dtype: Any = None, order: Any = 'C', subok: Any = False, shape: Any = None) -> Any:
    """Array with arbitrary contents in the shape and dtype of another."""
def equal(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether ``x = y``.

    Either operand may be a number."""
def exp(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Exponential: ``eˣ``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.exp(mx.np.ones((2, 3))).shape
    (2, 3)"""
def exp2(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Power of two: ``2ˣ``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.exp2(mx.np.ones((2, 3))).shape
    (2, 3)"""
def expand_dims(a: Any, axis: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Insert axes of length one, so that they stand at the positions `axis`.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None

    Examples
    --------
    >>> mx.np.expand_dims(mx.np.ones((2, 3)), axis=0).shape
    (1, 2, 3)"""
def expm1(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """``eˣ - 1``, exact for small x.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.expm1(mx.np.ones((2, 3))).shape
    (2, 3)"""
def extract(condition: Any, arr: Any) -> Any:
    """NumPy's `extract`, computed on the host; it has no gradient."""
def eye(N: int | None, M: int | None = None, k: int = 0, dtype: Any = None, ctx: Any = None, **kwargs: Any) -> ndarray:
    """Matrix with ones on diagonal `k`."""
def fabs(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Absolute value: ``|x|``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.fabs(mx.np.ones((2, 3))).shape
    (2, 3)"""
def fill_diagonal(a: Any, val: Any, wrap: Any = False) -> Any:
    """Write `val` on the diagonal of `a`, in place; with `wrap`, again below a tall matrix."""
def fix(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Nearest integer towards zero.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.fix(mx.np.ones((2, 3))).shape
    (2, 3)"""
def flatnonzero(a: Any) -> Any:
    """Positions of the non-zero elements in the flattened array."""
def flip(m: Any, axis: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Reverse the order along `axis`, or along all axes.

    Parameters
    ----------
    m : array
    axis : an axis, a tuple of axes, or None, default None

    Examples
    --------
    >>> mx.np.flip(mx.np.ones((2, 3))).shape
    (2, 3)"""
def fliplr(m: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Reverse the columns.

    Parameters
    ----------
    m : array

    Examples
    --------
    >>> mx.np.fliplr(mx.np.ones((2, 3))).shape
    (2, 3)"""
def flipud(m: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Reverse the rows.

    Parameters
    ----------
    m : array

    Examples
    --------
    >>> mx.np.flipud(mx.np.ones((2, 3))).shape
    (2, 3)"""
def float_power(x1: Any, x2: Any, out: Any = None, *, where: Any = True, casting: Any = 'same_kind', order: Any = 'K', dtype: Any = None, subok: Any = True, signature: Any = None) -> Any:
    """NumPy's `float_power`, computed on the host; it has no gradient."""
def floor(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Largest integer not above x.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.floor(mx.np.ones((2, 3))).shape
    (2, 3)"""
def floor_divide(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Largest integer not above ``x / y``.

    Either operand may be a number."""
def fmax(x1: Any, x2: Any, out: Any = None) -> Any:
    """Larger of two; a number, where the other one is nan."""
def fmin(x1: Any, x2: Any, out: Any = None) -> Any:
    """Smaller of two; a number, where the other one is nan."""
def fmod(x1: Any, x2: Any, out: Any = None) -> Any:
    """Remainder of a division, with the sign of `x1`."""
def frexp(x: Any, out: Any = ..., *, where: Any = True, casting: Any = 'same_kind', order: Any = 'K', dtype: Any = None, subok: Any = True, signature: Any = None) -> Any:
    """NumPy's `frexp`, computed on the host; it has no gradient."""
def from_dlpack(x: Any, *, device: Any = None, copy: Any = None) -> Any:
    """Look at the memory of another library's array through DLPack.

    Parameters
    ----------
    x : object with ``__dlpack__`` and ``__dlpack_device__``
    device : Device, optional
        Where the result lies; by default where `x` does.
    copy : bool, optional
        True copies always, False never (an error if `device` asks for one).

    Raises
    ------
    ArgumentError
        If `x` does not speak DLPack.
    DeviceError
        If `x` lies on a device that is neither a CPU nor a CUDA GPU."""
def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = 'C', ctx: Any = None, out: Any = None, device: Any = None) -> Any:
    """Array of one number, float32 unless `dtype` says otherwise; a truth value gives bool,
    a complex number complex64."""
def full_like(a: Any, fill_value: float | None, dtype: Any = None, order: Any = 'C', ctx: Any = None, out: Any = None, device: Any = None) -> ndarray:
    """Array of one number in the shape and dtype of `a`, on its device unless `ctx` differs."""
def gcd(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Greatest common divisor.

    Either operand may be a number."""
def genfromtxt(fname: Any, dtype: Any = ..., comments: Any = '#', delimiter: Any = None, skip_header: Any = 0, skip_footer: Any = 0, converters: Any = None, missing_values: Any = None, filling_values: Any = None, usecols: Any = None, names: Any = None, excludelist: Any = None, deletechars: Any = " !#$%&'()*+,-./:;<=>?@[\\]^{|}~", replace_space: Any = '_', autostrip: Any = False, case_sensitive: Any = True, defaultfmt: Any = 'f%i', unpack: Any = None, usemask: Any = False, loose: Any = True, invalid_raise: Any = True, max_rows: Any = None, encoding: Any = None, *, ndmin: Any = 0, like: Any = None) -> Any:
    """NumPy's `genfromtxt`, computed on the host; it has no gradient."""
def greater(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether ``x > y``.

    Either operand may be a number."""
def greater_equal(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether ``x ≥ y``.

    Either operand may be a number."""
def hamming(M: Any, dtype: Any = 'float32', ctx: Any = None) -> Any:
    """Hamming window of `M` points."""
def hanning(M: Any, dtype: Any = 'float32', ctx: Any = None) -> Any:
    """Hann window of `M` points."""
def heaviside(x1: Any, x2: Any, out: Any = None, *, where: Any = True, casting: Any = 'same_kind', order: Any = 'K', dtype: Any = None, subok: Any = True, signature: Any = None) -> Any:
    """NumPy's `heaviside`, computed on the host; it has no gradient."""
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """NumPy's `histogram`, computed on the host; it has no gradient."""
def histogram2d(x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """NumPy's `histogram2d`, computed on the host; it has no gradient."""
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """NumPy's `histogram_bin_edges`, computed on the host; it has no gradient."""
def histogramdd(sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """NumPy's `histogramdd`, computed on the host; it has no gradient."""
def hsplit(ary: Any, indices_or_sections: Any = None, out: Any = None, **kwargs: Any) -> Any:
    """Cut along the second axis (the first of a vector).

    Parameters
    ----------
    ary : array
    indices_or_sections : an axis, a tuple of axes, or None

    Examples
    --------
    >>> [out.shape for out in mx.np.hsplit(mx.np.ones((2, 4, 2)), indices_or_sections=2)]
    [(2, 2, 2), (2, 2, 2)]"""
def hstack(arrays: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Join along the second axis, vectors along their only one.

    Parameters
    ----------
    *arrays : arrays

    Examples
    --------
    >>> mx.np.hstack([mx.np.ones(3), mx.np.ones(2)]).shape
    (5,)"""
def hypot(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Hypotenuse: ``√(x² + y²)``.

    Either operand may be a number."""
def i0(x: Any) -> Any:
    """NumPy's `i0`, computed on the host; it has no gradient."""
def identity(n: Any, dtype: Any = None, ctx: Any = None) -> Any:
    """Square matrix with ones on the diagonal."""
def imag(val: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Imaginary part of `val`: zeros for a real array.

    Parameters
    ----------
    val : array

    Examples
    --------
    >>> mx.np.imag(mx.np.ones((2, 3))).shape
    (2, 3)"""
def in1d(ar1: Any, ar2: Any, assume_unique: Any = False, invert: Any = False) -> Any:
    """NumPy's `in1d`, computed on the host; it has no gradient."""
def indices(dimensions: Any, dtype: Any = 'int32', ctx: Any = None) -> Any:
    """Coordinates of every position of a grid: one grid for each axis."""
def inner(a: Any, b: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Sum over the last axes of both.

    Parameters
    ----------
    a : array
    b : array

    Examples
    --------
    >>> mx.np.inner(mx.np.ones(3), mx.np.ones(3)).shape
    ()"""
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """Copy of `arr` with `values` before the places `obj` (int, slice or sequence) along `axis`."""
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """NumPy's `interp`, computed on the host; it has no gradient."""
def intersect1d(ar1: Any, ar2: Any, assume_unique: Any = False, return_indices: Any = False) -> Any:
    """NumPy's `intersect1d`, computed on the host; it has no gradient."""
def invert(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Flip every bit: ``~x``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.invert(mx.np.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Any:
    """NumPy's `isclose`, computed on the host; it has no gradient."""
def iscomplex(x: Any) -> Any:
    """NumPy's `iscomplex`, computed on the host; it has no gradient."""
def isdtype(dtype: Any, kind: Any) -> Any:
    """Say whether a dtype is of a kind.

    Parameters
    ----------
    dtype : dtype object
    kind : str, dtype object or tuple of these
        "bool", "signed integer", "unsigned integer", "integral", "real floating",
        "complex floating" or "numeric"; a tuple asks for any of its members.

    Raises
    ------
    ParamError
        If `kind` is a word that is none of these."""
def isfinite(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Where x is neither infinite nor NaN.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.isfinite(mx.np.ones((2, 3))).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def isin(element: Any, test_elements: Any, assume_unique: Any = False, invert: Any = False, *, kind: Any = None) -> Any:
    """NumPy's `isin`, computed on the host; it has no gradient."""
def isinf(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Where x is infinite.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.isinf(mx.np.ones((2, 3))).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def isnan(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Where x is not a number.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.isnan(mx.np.ones((2, 3))).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def isneginf(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Where x is minus infinity.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.isneginf(mx.np.ones((2, 3))).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def isposinf(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Where x is plus infinity.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.isposinf(mx.np.ones((2, 3))).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def isreal(x: Any) -> Any:
    """NumPy's `isreal`, computed on the host; it has no gradient."""
def ix_(*args: Any) -> Any:
    """NumPy's `ix_`, computed on the host; it has no gradient."""
def kron(a: Any, b: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Kronecker product: every element of `a` times the whole of `b`.

    Parameters
    ----------
    a : array
    b : array

    Examples
    --------
    >>> mx.np.kron(mx.np.ones(2), mx.np.ones(3)).shape
    (6,)"""
def lcm(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Least common multiple.

    Either operand may be a number."""
def ldexp(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """``x × 2ʸ``.

    Either operand may be a number."""
def left_shift(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Bits shifted to the left: ``x · 2ʸ``.

    Either operand may be a number."""
def less(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether ``x < y``.

    Either operand may be a number."""
def less_equal(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether ``x ≤ y``.

    Either operand may be a number."""
def lexsort(keys: Any, axis: Any = -1) -> Any:
    """NumPy's `lexsort`, computed on the host; it has no gradient."""
def linspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True, retstep: Any = False, dtype: Any = None, axis: Any = 0, ctx: Any = None, device: Any = None) -> Any:
    """`num` evenly spaced numbers from `start` to `stop`; with `retstep` also the step."""
def log(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Natural logarithm.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.log(mx.np.ones((2, 3))).shape
    (2, 3)"""
def log10(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Logarithm to base 10.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.log10(mx.np.ones((2, 3))).shape
    (2, 3)"""
def log1p(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """``log(1 + x)``, exact for small x.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.log1p(mx.np.ones((2, 3))).shape
    (2, 3)"""
def log2(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Logarithm to base 2.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.log2(mx.np.ones((2, 3))).shape
    (2, 3)"""
def logaddexp(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """``log(eˣ + eʸ)`` without overflow; integers give float64.

    Either operand may be a number."""
def logaddexp2(x1: Any, x2: Any, out: Any = None, *, where: Any = True, casting: Any = 'same_kind', order: Any = 'K', dtype: Any = None, subok: Any = True, signature: Any = None) -> Any:
    """NumPy's `logaddexp2`, computed on the host; it has no gradient."""
def logical_and(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether both x and y are non-zero.

    Either operand may be a number."""
def logical_not(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether x is zero.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.logical_not(mx.np.ones((2, 3))).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def logical_or(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether x or y is non-zero.

    Either operand may be a number."""
def logical_xor(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether exactly one of x and y is non-zero.

    Either operand may be a number."""
def logspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True, base: Any = 10.0, dtype: Any = None, axis: Any = 0, ctx: Any = None) -> Any:
    """Numbers evenly spaced on a logarithmic scale from ``base**start`` to ``base**stop``."""
def matmul(a: Any, b: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Matrix product over the last axis of `a` and the last but one of `b`; others broadcast.

    Parameters
    ----------
    a : array
    b : array

    Examples
    --------
    >>> mx.np.matmul(mx.np.ones((2, 3)), mx.np.ones((3, 4))).shape
    (2, 4)"""
def matrix_transpose(a: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Exchange the last two axes.

    Parameters
    ----------
    a : array

    Examples
    --------
    >>> mx.np.matrix_transpose(mx.np.ones((2, 3))).shape
    (3, 2)"""
def max(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
    """Largest element over `axis`; where several are equal, each gets the gradient.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.max(mx.np.ones((2, 3))).shape
    ()"""
def maximum(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """The larger of x and y.

    Either operand may be a number."""
def may_share_memory(a: Any, b: Any, max_work: Any = None) -> Any:
    """Say whether two arrays may look at the same memory."""
def mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **kwargs: Any) -> ndarray:
    """Mean of the elements over `axis`; integers give float32.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    dtype : a dtype such as 'float32' or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.mean(mx.np.ones((2, 3))).shape
    ()"""
def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: Any = None, keepdims: bool = False, **kwargs: Any) -> ndarray:
    """Middle element in order, or the mean of the two middle ones.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    overwrite_input : a value or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.median(mx.np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])).shape
    ()"""
def meshgrid(*xi: Any, **kwargs: Any) -> Any:
    """Coordinate matrices of the grid spanned by vectors; `indexing` is "xy" or "ij"."""
def min(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
    """Smallest element over `axis`; where several are equal, each gets the gradient.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.min(mx.np.ones((2, 3))).shape
    ()"""
def min_scalar_type(a: Any) -> Any:
    """NumPy's `min_scalar_type`, computed on the host; it has no gradient."""
def minimum(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """The smaller of x and y.

    Either operand may be a number."""
def mirr(values: Any, finance_rate: Any, reinvest_rate: Any) -> Any:
    """Modified internal rate of return of cash flows; NaN without both gains and losses.

    Computed on the host; no gradient."""
def mod(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Remainder with the sign of the divisor; 0 where an integer divisor is 0.

    Either operand may be a number."""
def modf(x: Any, out: Any = ..., *, where: Any = True, casting: Any = 'same_kind', order: Any = 'K', dtype: Any = None, subok: Any = True, signature: Any = None) -> Any:
    """NumPy's `modf`, computed on the host; it has no gradient."""
def moveaxis(a: Any, source: Any = None, destination: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Move axes to other positions; the others keep their order.

    Parameters
    ----------
    a : array
    source : an axis, a tuple of axes, or None
    destination : an axis, a tuple of axes, or None

    Examples
    --------
    >>> mx.np.moveaxis(mx.np.ones((2, 3, 4)), source=-1, destination=0).shape
    (4, 2, 3)"""
def msort(a: Any) -> Any:
    """NumPy's `msort`, computed on the host; it has no gradient."""
def multiply(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Product: ``x × y``.

    Either operand may be a number."""
def nan_to_num(x: Any, copy: Any = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None, out: Any = None, **_: Any) -> ndarray:
    """Replace NaN by `nan`, infinities by `posinf`, `neginf` or the dtype's largest numbers.

    Parameters
    ----------
    x : ndarray
    copy : bool
        With False the numbers are replaced in `x` itself.
    nan, posinf, neginf : float, optional"""
def nanargmax(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = ...) -> Any:
    """NumPy's `nanargmax`, computed on the host; it has no gradient."""
def nanargmin(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = ...) -> Any:
    """NumPy's `nanargmin`, computed on the host; it has no gradient."""
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """NumPy's `nancumprod`, computed on the host; it has no gradient."""
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """NumPy's `nancumsum`, computed on the host; it has no gradient."""
def nanmax(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = None) -> Any:
    """Largest element that is not nan; no gradient flows with `initial` and `where`."""
def nanmean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """Mean of the elements that are not nan."""
def nanmedian(a: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False, keepdims: Any = ...) -> Any:
    """NumPy's `nanmedian`, computed on the host; it has no gradient."""
def nanmin(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = None) -> Any:
    """Smallest element that is not nan; no gradient flows with `initial` and `where`."""
def nanpercentile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False, method: Any = 'linear', keepdims: Any = ..., *, weights: Any = None) -> Any:
    """NumPy's `nanpercentile`, computed on the host; it has no gradient."""
def nanprod(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, **kwargs: Any) -> ndarray:
    """Product of the elements that are not NaN.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.nanprod(mx.np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])).shape
    ()"""
def nanquantile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False, method: Any = 'linear', keepdims: Any = ..., *, weights: Any = None) -> Any:
    """NumPy's `nanquantile`, computed on the host; it has no gradient."""
def nanstd(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    """Square root of `nanvar`."""
def nansum(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, **kwargs: Any) -> ndarray:
    """Sum of the elements that are not NaN.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.nansum(mx.np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])).shape
    ()"""
def nanvar(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    """Variance of the elements that are not nan; the sum is divided by their number - ddof."""
def ndim(a: Any) -> Any:
    """Count the axes."""
def negative(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Negation: ``-x``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.negative(mx.np.ones((2, 3))).shape
    (2, 3)"""
def nextafter(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """The number next to x in the direction of y; integers give float64.

    Either operand may be a number."""
def nonzero(a: Any) -> Any:
    """Positions of the elements that are not zero, one int64 vector for each axis."""
def not_equal(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether ``x ≠ y``.

    Either operand may be a number."""
def npv(rate: Any, values: Any) -> Any:
    """Present value of cash flows, the first of which is now.

    Computed on the host; no gradient."""
def ones(shape: int | Sequence[int] | None, dtype: Any = None, order: Any = 'C', ctx: Any = None, device: Any = None) -> ndarray:
    """Array of ones; float32 unless `dtype` says otherwise."""
def ones_like(a: Any, dtype: Any = None, order: Any = 'C', ctx: Any = None, out: Any = None, device: Any = None) -> ndarray:
    """Ones of the shape and dtype of `a`, on its device unless `ctx` names another."""
def outer(a: Any, b: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """All products of an element of `a` and one of `b`, both flattened.

    Parameters
    ----------
    a : array
    b : array

    Examples
    --------
    >>> mx.np.outer(mx.np.ones(3), mx.np.ones(2)).shape
    (3, 2)"""
def packbits(a: Any, axis: Any = None, bitorder: Any = 'big') -> Any:
    """NumPy's `packbits`, computed on the host; it has no gradient."""
def pad(x: Any, pad_width: Any = None, mode: str = 'constant', constant_values: float = 0.0, out: Any = None, **kwargs: Any) -> ndarray:
    """Surround `x`: `pad_width` is a pair (before, after) for each axis, one pair, or a number.

    Parameters
    ----------
    x : array
    pad_width : a value or None
    mode : one of 'constant', 'edge', 'reflect', 'symmetric', 'wrap', 'maximum', 'minimum', default 'constant'
    constant_values : a number, default 0.0

    Examples
    --------
    >>> mx.np.pad(mx.np.ones((2, 3)), pad_width=((1, 1), (0, 2))).shape
    (4, 5)"""
def partition(a: Any, kth: Any, axis: Any = -1, kind: Any = 'introselect', order: Any = None) -> Any:
    """NumPy's `partition`, computed on the host; it has no gradient."""
def percentile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: Any = None, interpolation: Any = 'linear', keepdims: Any = False) -> Any:
    """Value below which `q` percent of the elements lie.

    Parameters
    ----------
    a : ndarray
    q : number or vector of numbers, 0 … 100
    axis : int, tuple of int or None
    interpolation : "linear", "lower", "higher", "midpoint" or "nearest"
    keepdims : bool"""
def permute_dims(a: Any, axes: int | Sequence[int] | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Axes in another order; without `axes`, reversed.

    Parameters
    ----------
    a : array
    axes : a tuple of integers or None, default None

    Examples
    --------
    >>> mx.np.permute_dims(mx.np.ones((2, 3))).shape
    (3, 2)"""
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """NumPy's `piecewise`, computed on the host; it has no gradient."""
def pmt(rate: Any, nper: Any, pv: Any, fv: Any = 0, when: Any = 'end') -> Any:
    """Payment of each period that pays `pv` off in `nper` periods.

    Computed on the host; no gradient."""
def poly(seq_of_zeros: Any) -> Any:
    """NumPy's `poly`, computed on the host; it has no gradient."""
def polyadd(a1: Any, a2: Any) -> Any:
    """NumPy's `polyadd`, computed on the host; it has no gradient."""
def polyder(p: Any, m: Any = 1) -> Any:
    """NumPy's `polyder`, computed on the host; it has no gradient."""
def polydiv(u: Any, v: Any) -> Any:
    """NumPy's `polydiv`, computed on the host; it has no gradient."""
def polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: Any = False, w: Any = None, cov: Any = False) -> Any:
    """NumPy's `polyfit`, computed on the host; it has no gradient."""
def polyint(p: Any, m: Any = 1, k: Any = None) -> Any:
    """NumPy's `polyint`, computed on the host; it has no gradient."""
def polymul(a1: Any, a2: Any) -> Any:
    """NumPy's `polymul`, computed on the host; it has no gradient."""
def polysub(a1: Any, a2: Any) -> Any:
    """NumPy's `polysub`, computed on the host; it has no gradient."""
def polyval(p: Any, x: Any) -> Any:
    """Value at `x` of the polynomial with coefficients `p`, the highest power first."""
def positive(a: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Copy of `a`, which gradients pass unchanged.

    Parameters
    ----------
    a : array

    Examples
    --------
    >>> mx.np.positive(mx.np.ones((2, 3))).shape
    (2, 3)"""
def pow(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> Any:
    """Power: ``x`` to the ``y``.

    Either operand may be a number."""
def power(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Power: ``x`` to the ``y``.

    Either operand may be a number."""
def ppmt(rate: Any, per: Any, nper: Any, pv: Any, fv: Any = 0, when: Any = 'end') -> Any:
    """Part of payment number `per` (from 1) that is no interest.

    Computed on the host; no gradient."""
def prod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **kwargs: Any) -> ndarray:
    """Product of the elements over `axis`.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    dtype : a dtype such as 'float32' or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.prod(mx.np.ones((2, 3))).shape
    ()"""
def product(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **kwargs: Any) -> ndarray:
    """Product of the elements over `axis`.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    dtype : a dtype such as 'float32' or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.product(mx.np.ones((2, 3))).shape
    ()"""
def promote_types(type1: Any, type2: Any) -> Any:
    """NumPy's `promote_types`, computed on the host; it has no gradient."""
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, **kwargs: Any) -> ndarray:
    """Peak to peak: the largest element minus the smallest.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.ptp(mx.np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])).shape
    ()"""
def pv(rate: Any, nper: Any, pmt: Any, fv: Any = 0, when: Any = 'end') -> Any:
    """Present value of `nper` payments and a final sum.

    Computed on the host; no gradient."""
def quantile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: Any = None, interpolation: Any = 'linear', keepdims: Any = False) -> Any:
    """Value below which the fraction `q` (0 … 1) of the elements lies; see `percentile`."""
def rad2deg(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Radians to degrees: ``180 x/π``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.rad2deg(mx.np.ones((2, 3))).shape
    (2, 3)"""
def radians(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Degrees to radians: ``π x/180``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.radians(mx.np.ones((2, 3))).shape
    (2, 3)"""
def rate(nper: Any, pmt: Any, pv: Any, fv: Any, when: Any = 'end', guess: Any = 0.1, tol: Any = 1e-06, maxiter: Any = 100) -> Any:
    """Interest of each period, found by Newton's method from `guess`; NaN if it does not settle.

    Computed on the host; no gradient."""
def ravel(x: Any, order: str = 'C', out: Any = None, **kwargs: Any) -> ndarray:
    """The elements in one dimension.

    Parameters
    ----------
    x : array
    order : one of 'C', 'F', 'A', 'K', default 'C'

    Examples
    --------
    >>> mx.np.ravel(mx.np.ones((2, 3))).shape
    (6,)"""
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = 'raise', order: Any = 'C') -> Any:
    """NumPy's `ravel_multi_index`, computed on the host; it has no gradient."""
def real(val: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Real part of `val`; a real array is its own.

    Parameters
    ----------
    val : array

    Examples
    --------
    >>> mx.np.real(mx.np.ones((2, 3))).shape
    (2, 3)"""
def reciprocal(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Reciprocal: ``1/x``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.reciprocal(mx.np.ones((2, 3))).shape
    (2, 3)"""
def remainder(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Remainder with the sign of the divisor; 0 where an integer divisor is 0.

    Either operand may be a number."""
def repeat(a: Any, repeats: int | None, axis: int | None = None) -> ndarray:
    """Repeat each element along `axis`, or of the flattened array.

    Parameters
    ----------
    a : array
    repeats : int, or vector of integers
        A number for all elements, or one for each.
    axis : int, optional"""
def reshape(a: Any, newshape: int | Sequence[int] | None = None, order: str = 'C', out: Any = None, *, copy: Any = None, **kwargs: Any) -> ndarray:
    """Same elements in another shape; one length may be -1. `order` "F" runs down the columns.

    Parameters
    ----------
    a : array
    newshape : a tuple of integers
    order : one of 'C', 'F', 'A', 'K', default 'C'

    Examples
    --------
    >>> mx.np.reshape(mx.np.ones((2, 3)), newshape=(3, -1)).shape
    (3, 2)

    Also takes the call of the array API standard."""
def resize(a: Any, new_shape: int | Sequence[int] | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Repeat or drop elements of the flattened array until `new_shape` is full.

    Parameters
    ----------
    a : array
    new_shape : a tuple of integers >= 0

    Examples
    --------
    >>> mx.np.resize(mx.np.ones((2, 2)), new_shape=(3, 3)).shape
    (3, 3)"""
def result_type(*arrays_and_dtypes: Any) -> Any:
    """Dtype that arithmetic on the given arrays and dtypes has."""
def right_shift(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Bits shifted to the right: ``⌊x / 2ʸ⌋``.

    Either operand may be a number."""
def rint(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Nearest integer; a half goes to the lower one.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.rint(mx.np.ones((2, 3))).shape
    (2, 3)"""
def roll(a: Any, shift: int | Sequence[int] | None = None, axis: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Shift elements along `axis`; those beyond the end come back at the start.

    Parameters
    ----------
    a : array
    shift : a tuple of integers
    axis : an axis, a tuple of axes, or None, default None

    Examples
    --------
    >>> mx.np.roll(mx.np.ones((2, 3)), shift=1).shape
    (2, 3)"""
def rollaxis(a: Any, axis: Any = None, start: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Move `axis` back until it lies before position `start`.

    Parameters
    ----------
    a : array
    axis : a value or None
    start : an integer, default 0

    Examples
    --------
    >>> mx.np.rollaxis(mx.np.ones((2, 3, 4)), axis=2).shape
    (4, 2, 3)"""
def roots(p: Any) -> Any:
    """NumPy's `roots`, computed on the host; it has no gradient."""
def rot90(m: Any, k: int = 1, axes: int | Sequence[int] = ..., out: Any = None, **kwargs: Any) -> ndarray:
    """Turn by `k` quarter turns, from the first towards the second of two axes.

    Parameters
    ----------
    m : array
    k : an integer, default 1
    axes : a tuple of integers, default (0, 1)

    Examples
    --------
    >>> mx.np.rot90(mx.np.ones((2, 3))).shape
    (3, 2)"""
def round(x: Any, decimals: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Round to `decimals` places; a half goes to the even neighbour.

    Parameters
    ----------
    x : array
    decimals : an integer, default 0

    Examples
    --------
    >>> mx.np.round(mx.np.ones((2, 3))).shape
    (2, 3)"""
def round_(x: Any, decimals: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Round to `decimals` places; a half goes to the even neighbour.

    Parameters
    ----------
    x : array
    decimals : an integer, default 0

    Examples
    --------
    >>> mx.np.round_(mx.np.ones((2, 3))).shape
    (2, 3)"""
def row_stack(arrays: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Join along the first axis; vectors become rows.

    Parameters
    ----------
    *arrays : arrays

    Examples
    --------
    >>> mx.np.row_stack([mx.np.ones(3), mx.np.ones(3)]).shape
    (2, 3)"""
def searchsorted(a: Any, v: Any, side: Any = 'left', sorter: Any = None) -> Any:
    """NumPy's `searchsorted`, computed on the host; it has no gradient."""
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """For each element the first choice whose condition is true, else `default`."""
def set_printoptions(precision: Any = None, threshold: Any = None, edgeitems: Any = None, linewidth: Any = None, suppress: Any = None, nanstr: Any = None, infstr: Any = None, formatter: Any = None, sign: Any = None, floatmode: Any = None, *, legacy: Any = None, override_repr: Any = None) -> Any:
    """NumPy's `set_printoptions`, computed on the host; it has no gradient."""
def setdiff1d(ar1: Any, ar2: Any, assume_unique: Any = False) -> Any:
    """NumPy's `setdiff1d`, computed on the host; it has no gradient."""
def setxor1d(ar1: Any, ar2: Any, assume_unique: Any = False) -> Any:
    """NumPy's `setxor1d`, computed on the host; it has no gradient."""
def shape(a: Any) -> Any:
    """Lengths of the axes."""
def shares_memory(a: Any, b: Any, max_work: Any = None) -> Any:
    """Say whether two arrays may look at the same memory."""
def sign(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Sign: -1, 0 or 1.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.sign(mx.np.ones((2, 3))).shape
    (2, 3)"""
def signbit(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Where the sign bit is set, -0.0 included.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.signbit(mx.np.ones((2, 3))).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def sin(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Sine of an angle in radians.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.sin(mx.np.ones((2, 3))).shape
    (2, 3)"""
def sinc(x: Any) -> Any:
    """NumPy's `sinc`, computed on the host; it has no gradient."""
def sinh(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Hyperbolic sine: ``(eˣ - e⁻ˣ)/2``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.sinh(mx.np.ones((2, 3))).shape
    (2, 3)"""
def size(a: Any, axis: Any = None) -> Any:
    """Count the elements, in all or along `axis`."""
def sometrue(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
    """Whether any element over `axis` is non-zero.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.sometrue(mx.np.ones((2, 3))).shape
    ()

    Notes
    -----
    No gradient flows through: its result is a truth value or an integer."""
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, descending: Any = False, stable: Any = True) -> ndarray:
    """Elements in ascending order along `axis`; None sorts the flattened array.

        `kind` is accepted as in NumPy; the order is stable whatever it says.


    Also takes the call of the array API standard."""
def spacing(x: Any, out: Any = None, *, where: Any = True, casting: Any = 'same_kind', order: Any = 'K', dtype: Any = None, subok: Any = True, signature: Any = None) -> Any:
    """NumPy's `spacing`, computed on the host; it has no gradient."""
def split(ary: Any, indices_or_sections: Any = None, axis: int = 0, out: Any = None, **kwargs: Any) -> Any:
    """Cut along `axis` into equal sections (a number), or before each position of a tuple.

    Parameters
    ----------
    ary : array
    indices_or_sections : an axis, a tuple of axes, or None
    axis : an integer, default 0

    Examples
    --------
    >>> [out.shape for out in mx.np.split(mx.np.ones((4, 6)), indices_or_sections=2)]
    [(2, 6), (2, 6)]"""
def sqrt(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Square root: ``√x``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.sqrt(mx.np.ones((2, 3))).shape
    (2, 3)"""
def square(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Square: ``x²``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.square(mx.np.ones((2, 3))).shape
    (2, 3)"""
def squeeze(a: Any, axis: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Remove axes of length one.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None

    Examples
    --------
    >>> mx.np.squeeze(mx.np.ones((1, 3, 1))).shape
    (3,)"""
def stack(arrays: Any, axis: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Join arrays of one shape along a new axis.

    Parameters
    ----------
    *arrays : arrays
    axis : an integer, default 0

    Examples
    --------
    >>> mx.np.stack([mx.np.ones((2, 3)), mx.np.ones((2, 3))]).shape
    (2, 2, 3)"""
def std(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False, *, correction: Any = 0.0, **kwargs: Any) -> ndarray:
    """Standard deviation over `axis`: root of the variance.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    dtype : a dtype such as 'float32' or None, default None
    ddof : a number, default 0
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.std(mx.np.ones((2, 3))).shape
    ()

    Also takes the call of the array API standard."""
def subtract(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Difference: ``x - y``.

    Either operand may be a number."""
def sum(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None, out: Any = None) -> ndarray:
    """Sum of the elements along `axis`, and of `initial`.

    Parameters
    ----------
    a : ndarray
    axis : int, tuple of int or None
    dtype : optional
        Of the result, and of the running sum. Default: that of `a`; small integers become int64.
    keepdims : bool
    initial : number, optional"""
def swapaxes(a: Any, axis1: Any = None, axis2: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Exchange two axes.

    Parameters
    ----------
    a : array
    axis1 : a value or None
    axis2 : a value or None

    Examples
    --------
    >>> mx.np.swapaxes(mx.np.ones((2, 3, 4)), axis1=0, axis2=2).shape
    (4, 3, 2)"""
def take(a: Any, indices: Any, axis: int | None = None, mode: str = 'raise', out: Any = None, **kwargs: Any) -> ndarray:
    """Entries of `a` at the positions `indices` along `axis`, or of the flattened array.

    Parameters
    ----------
    a : array
    indices : array
    axis : an integer or None, default None
    mode : one of 'clip', 'wrap', 'raise', default 'raise'

    Examples
    --------
    >>> mx.np.take(mx.np.ones((4, 3)), mx.np.array([0, 0, 0, 0, 0], dtype="int64"), axis=1).shape
    (4, 5)"""
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1, out: Any = None, **kwargs: Any) -> ndarray:
    """Elements of `arr` at a position of its own for each row along `axis`.

    Parameters
    ----------
    arr : array
    indices : array
    axis : an integer or None, default -1

    Examples
    --------
    >>> mx.np.take_along_axis(mx.np.ones((2, 3)), mx.np.array([[0, 0], [0, 0]], dtype="int64"), axis=1).shape
    (2, 2)"""
def tan(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Tangent of an angle in radians.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.tan(mx.np.ones((2, 3))).shape
    (2, 3)"""
def tanh(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Hyperbolic tangent.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.tanh(mx.np.ones((2, 3))).shape
    (2, 3)"""
def tensordot(a: Any, b: Any, axes: Any = 2, out: Any = None, **kwargs: Any) -> ndarray:
    """Sum over the last `axes` axes of `a` and the first of `b`, or over two lists of axes.

    Parameters
    ----------
    a : array
    b : array
    axes : a value or None, default 2

    Examples
    --------
    >>> mx.np.tensordot(mx.np.ones((2, 3, 4)), mx.np.ones((3, 4, 2))).shape
    (2, 2)"""
def tile(A: Any, reps: int | Sequence[int] | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Lay copies of the array side by side, `reps` times along each axis.

    Parameters
    ----------
    A : array
    reps : a tuple of integers >= 0

    Examples
    --------
    >>> mx.np.tile(mx.np.ones((2, 3)), reps=(2, 2)).shape
    (4, 6)"""
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, out: Any = None, **kwargs: Any) -> ndarray:
    """Sum of a diagonal.

    Parameters
    ----------
    a : array
    offset : an integer, default 0
    axis1 : an integer, default 0
    axis2 : an integer, default 1

    Examples
    --------
    >>> mx.np.trace(mx.np.ones((3, 4))).shape
    ()"""
def transpose(a: Any, axes: int | Sequence[int] | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Axes in another order; without `axes`, reversed.

    Parameters
    ----------
    a : array
    axes : a tuple of integers or None, default None

    Examples
    --------
    >>> mx.np.transpose(mx.np.ones((2, 3))).shape
    (3, 2)"""
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1, out: Any = None, **kwargs: Any) -> ndarray:
    """Integral along `axis` by the trapezoidal rule, at the points `x` or with spacing `dx`.

    Parameters
    ----------
    y : array
    x : array, optional
    dx : a number, default 1.0
    axis : an integer, default -1

    Examples
    --------
    >>> mx.np.trapezoid(mx.np.ones(4)).shape
    ()"""
def trapz(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1, out: Any = None, **kwargs: Any) -> ndarray:
    """Integral along `axis` by the trapezoidal rule, at the points `x` or with spacing `dx`.

    Parameters
    ----------
    y : array
    x : array, optional
    dx : a number, default 1.0
    axis : an integer, default -1

    Examples
    --------
    >>> mx.np.trapz(mx.np.ones(4)).shape
    ()"""
def tri(N: int | None = None, M: int | None = None, k: int = 0, dtype: Any = 'float32', ctx: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Matrix (N, M) with ones on and below diagonal `k`.

    Parameters
    ----------
    N : an integer >= 0
    M : an integer >= 0 or None, default None
    k : an integer, default 0
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.np.tri(N=3).shape
    (3, 3)

    Notes
    -----
    No gradient flows through: its result does not depend on any array."""
def tril(m: Any, k: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Lower triangle: elements above diagonal `k` become zero.

    Parameters
    ----------
    m : array
    k : an integer, default 0

    Examples
    --------
    >>> mx.np.tril(mx.np.ones((3, 4))).shape
    (3, 4)"""
def tril_indices(n: Any, k: Any = 0, m: Any = None) -> Any:
    """NumPy's `tril_indices`, computed on the host; it has no gradient."""
def tril_indices_from(arr: Any, k: Any = 0) -> Any:
    """NumPy's `tril_indices_from`, computed on the host; it has no gradient."""
def trim_zeros(filt: Any, trim: Any = 'fb', axis: Any = None) -> Any:
    """NumPy's `trim_zeros`, computed on the host; it has no gradient."""
def triu(m: Any, k: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Upper triangle: elements below diagonal `k` become zero.

    Parameters
    ----------
    m : array
    k : an integer, default 0

    Examples
    --------
    >>> mx.np.triu(mx.np.ones((3, 4))).shape
    (3, 4)"""
def triu_indices(n: Any, k: Any = 0, m: Any = None) -> Any:
    """NumPy's `triu_indices`, computed on the host; it has no gradient."""
def triu_indices_from(arr: Any, k: Any = 0) -> Any:
    """NumPy's `triu_indices_from`, computed on the host; it has no gradient."""
def true_divide(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Quotient: ``x / y``; in np, integers give float32.

    Either operand may be a number."""
def trunc(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Integer part of x.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.np.trunc(mx.np.ones((2, 3))).shape
    (2, 3)"""
def union1d(ar1: Any, ar2: Any) -> Any:
    """NumPy's `union1d`, computed on the host; it has no gradient."""
def unique(ar: Any, return_index: Any = False, return_inverse: Any = False, return_counts: Any = False, axis: Any = None, *, equal_nan: Any = True, sorted: Any = True) -> Any:
    """NumPy's `unique`, computed on the host; it has no gradient."""
def unique_all(x: Any) -> Any:
    """Sorted values without repetition, where each first stands, which one each element is, counts.

    A NaN counts as a value of its own each time it occurs."""
def unique_counts(x: Any) -> Any:
    """Sorted values without repetition, and how often each occurs."""
def unique_inverse(x: Any) -> Any:
    """Sorted values without repetition, and which one each element is."""
def unique_values(x: Any) -> Any:
    """Sorted values without repetition."""
def unpackbits(a: Any, axis: Any = None, count: Any = None, bitorder: Any = 'big') -> Any:
    """NumPy's `unpackbits`, computed on the host; it has no gradient."""
def unravel_index(indices: Any, shape: Any, order: Any = 'C') -> Any:
    """NumPy's `unravel_index`, computed on the host; it has no gradient."""
def unstack(x: Any, *, axis: Any = 0) -> Any:
    """Cut an array into its slices along `axis`, which is dropped."""
def unwrap(p: Any, discont: Any = None, axis: Any = -1, *, period: Any = 6.283185307179586) -> Any:
    """NumPy's `unwrap`, computed on the host; it has no gradient."""
def vander(x: Any, N: Any = None, increasing: Any = False) -> Any:
    """NumPy's `vander`, computed on the host; it has no gradient."""
def var(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False, *, correction: Any = 0.0, **kwargs: Any) -> ndarray:
    """Variance over `axis`: mean of the squared distance from the mean.

    Parameters
    ----------
    a : array
    axis : an axis, a tuple of axes, or None, default None
    dtype : a dtype such as 'float32' or None, default None
    ddof : a number, default 0
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.np.var(mx.np.ones((2, 3))).shape
    ()

    Also takes the call of the array API standard."""
def vdot(a: Any, b: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Sum of the products of all elements.

    Parameters
    ----------
    a : array
    b : array

    Examples
    --------
    >>> mx.np.vdot(mx.np.ones(3), mx.np.ones(3)).shape
    ()"""
def vecdot(a: Any, b: Any, axis: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Sum of products along `axis`, the last one by default; complex `a` are conjugated.

    Parameters
    ----------
    a : array
    b : array
    axis : an integer or None, default None

    Examples
    --------
    >>> mx.np.vecdot(mx.np.ones((2, 3)), mx.np.ones((2, 3))).shape
    (2,)"""
def vsplit(ary: Any, indices_or_sections: Any = None, out: Any = None, **kwargs: Any) -> Any:
    """Cut along the first axis.

    Parameters
    ----------
    ary : array
    indices_or_sections : an axis, a tuple of axes, or None

    Examples
    --------
    >>> [out.shape for out in mx.np.vsplit(mx.np.ones((2, 4, 2)), indices_or_sections=2)]
    [(1, 4, 2), (1, 4, 2)]"""
def vstack(arrays: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Join along the first axis; vectors become rows.

    Parameters
    ----------
    *arrays : arrays

    Examples
    --------
    >>> mx.np.vstack([mx.np.ones(3), mx.np.ones(3)]).shape
    (2, 3)"""
def where(condition: Any, x: Any = None, y: Any = None) -> ndarray:
    """`x` where `condition` is not zero, else `y`; with `condition` alone the positions of its
    non-zero elements, one vector for each axis."""
def zeros(shape: int | Sequence[int] | None, dtype: Any = None, order: Any = 'C', ctx: Any = None, device: Any = None) -> ndarray:
    """Array of zeros; float32 unless `dtype` says otherwise."""
def zeros_like(a: Any, dtype: Any = None, order: Any = 'C', ctx: Any = None, out: Any = None, device: Any = None) -> ndarray:
    """Zeros of the shape and dtype of `a`, on its device unless `ctx` names another."""

class fft:
    @staticmethod
    def fft(a: Any, n: int | None = None, axis: int = -1, norm: str = 'backward', out: Any = None, **kwargs: Any) -> ndarray:
        """Fourier transform along one axis, of `n` points: cut or filled up with zeros.

        Parameters
        ----------
        a : array
        n : an integer >= 1 or None, default None
        axis : an integer, default -1
        norm : one of 'backward', 'ortho', 'forward', default 'backward'

        Examples
        --------
        >>> mx.np.fft.fft(mx.np.ones((2, 6))).shape
        (2, 6)

        Notes
        -----
        No gradient flows through: gradients are of real functions; contrib.fft has one."""
    @staticmethod
    def fftfreq(n: Any, *, d: Any = 1.0, dtype: Any = None, device: Any = None) -> Any:
        """Frequencies of the terms of `fft` of `n` points that lie `d` apart, in cycles per unit."""
    @staticmethod
    def fftn(a: Any, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str = 'backward', out: Any = None, **kwargs: Any) -> ndarray:
        """Fourier transform over several axes, all by default.

        Parameters
        ----------
        a : array
        s : a tuple of integers >= 1 or None, default None
        axes : a tuple of integers or None, default None
        norm : one of 'backward', 'ortho', 'forward', default 'backward'

        Examples
        --------
        >>> mx.np.fft.fftn(mx.np.ones((2, 4))).shape
        (2, 4)

        Notes
        -----
        No gradient flows through: gradients are of real functions; contrib.fft has one."""
    @staticmethod
    def fftshift(x: Any, axes: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
        """Move the zero frequency to the middle of `axes`.

        Parameters
        ----------
        x : array
        axes : an axis, a tuple of axes, or None, default None

        Examples
        --------
        >>> mx.np.fft.fftshift(mx.np.ones(5)).shape
        (5,)"""
    @staticmethod
    def hfft(a: Any, n: int | None = None, axis: int = -1, norm: str = 'backward', out: Any = None, **kwargs: Any) -> ndarray:
        """Fourier transform of a signal with Hermitian symmetry: a real spectrum.

        Parameters
        ----------
        a : array
        n : an integer >= 1 or None, default None
        axis : an integer, default -1
        norm : one of 'backward', 'ortho', 'forward', default 'backward'

        Examples
        --------
        >>> mx.np.fft.hfft(mx.np.ones((2, 6))).shape
        (2, 10)

        Notes
        -----
        No gradient flows through: gradients are of real functions; contrib.fft has one."""
    @staticmethod
    def ifft(a: Any, n: int | None = None, axis: int = -1, norm: str = 'backward', out: Any = None, **kwargs: Any) -> ndarray:
        """Inverse of `fft`.

        Parameters
        ----------
        a : array
        n : an integer >= 1 or None, default None
        axis : an integer, default -1
        norm : one of 'backward', 'ortho', 'forward', default 'backward'

        Examples
        --------
        >>> mx.np.fft.ifft(mx.np.ones((2, 6))).shape
        (2, 6)

        Notes
        -----
        No gradient flows through: gradients are of real functions; contrib.fft has one."""
    @staticmethod
    def ifftn(a: Any, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str = 'backward', out: Any = None, **kwargs: Any) -> ndarray:
        """Inverse of `fftn`.

        Parameters
        ----------
        a : array
        s : a tuple of integers >= 1 or None, default None
        axes : a tuple of integers or None, default None
        norm : one of 'backward', 'ortho', 'forward', default 'backward'

        Examples
        --------
        >>> mx.np.fft.ifftn(mx.np.ones((2, 4))).shape
        (2, 4)

        Notes
        -----
        No gradient flows through: gradients are of real functions; contrib.fft has one."""
    @staticmethod
    def ifftshift(x: Any, axes: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
        """Inverse of `fftshift`.

        Parameters
        ----------
        x : array
        axes : an axis, a tuple of axes, or None, default None

        Examples
        --------
        >>> mx.np.fft.ifftshift(mx.np.ones(5)).shape
        (5,)"""
    @staticmethod
    def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str = 'backward', out: Any = None, **kwargs: Any) -> ndarray:
        """Inverse of `hfft`.

        Parameters
        ----------
        a : array
        n : an integer >= 1 or None, default None
        axis : an integer, default -1
        norm : one of 'backward', 'ortho', 'forward', default 'backward'

        Examples
        --------
        >>> mx.np.fft.ihfft(mx.np.ones((2, 6))).shape
        (2, 4)

        Notes
        -----
        No gradient flows through: gradients are of real functions; contrib.fft has one."""
    @staticmethod
    def irfft(a: Any, n: int | None = None, axis: int = -1, norm: str = 'backward', out: Any = None, **kwargs: Any) -> ndarray:
        """Inverse of `rfft`; `n` is the number of results, even if not given.

        Parameters
        ----------
        a : array
        n : an integer >= 1 or None, default None
        axis : an integer, default -1
        norm : one of 'backward', 'ortho', 'forward', default 'backward'

        Examples
        --------
        >>> mx.np.fft.irfft(mx.np.ones((2, 6))).shape
        (2, 10)

        Notes
        -----
        No gradient flows through: gradients are of real functions; contrib.fft has one."""
    @staticmethod
    def irfftn(a: Any, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str = 'backward', out: Any = None, **kwargs: Any) -> ndarray:
        """Inverse of `rfftn`.

        Parameters
        ----------
        a : array
        s : a tuple of integers >= 1 or None, default None
        axes : a tuple of integers or None, default None
        norm : one of 'backward', 'ortho', 'forward', default 'backward'

        Examples
        --------
        >>> mx.np.fft.irfftn(mx.np.ones((2, 4))).shape
        (2, 6)

        Notes
        -----
        No gradient flows through: gradients are of real functions; contrib.fft has one."""
    @staticmethod
    def rfft(a: Any, n: int | None = None, axis: int = -1, norm: str = 'backward', out: Any = None, **kwargs: Any) -> ndarray:
        """Fourier transform of real numbers: the n // 2 + 1 terms that are not mirrored.

        Parameters
        ----------
        a : array
        n : an integer >= 1 or None, default None
        axis : an integer, default -1
        norm : one of 'backward', 'ortho', 'forward', default 'backward'

        Examples
        --------
        >>> mx.np.fft.rfft(mx.np.ones((2, 6))).shape
        (2, 4)

        Notes
        -----
        No gradient flows through: gradients are of real functions; contrib.fft has one."""
    @staticmethod
    def rfftfreq(n: Any, *, d: Any = 1.0, dtype: Any = None, device: Any = None) -> Any:
        """Frequencies of the terms of `rfft` of `n` points that lie `d` apart, in cycles per unit."""
    @staticmethod
    def rfftn(a: Any, s: int | Sequence[int] | None = None, axes: int | Sequence[int] | None = None, norm: str = 'backward', out: Any = None, **kwargs: Any) -> ndarray:
        """Fourier transform of real numbers over several axes, halved on the last.

        Parameters
        ----------
        a : array
        s : a tuple of integers >= 1 or None, default None
        axes : a tuple of integers or None, default None
        norm : one of 'backward', 'ortho', 'forward', default 'backward'

        Examples
        --------
        >>> mx.np.fft.rfftn(mx.np.ones((2, 4))).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: gradients are of real functions; contrib.fft has one."""

class linalg:
    @staticmethod
    def cholesky(a: Any, out: Any = None, *, upper: Any = False, **kwargs: Any) -> ndarray:
        """Lower triangle L with ``L Lᵀ = a``.

        Parameters
        ----------
        a : array

        Examples
        --------
        >>> mx.np.linalg.cholesky(mx.np.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]])).shape
        (3, 3)

        Also takes the call of the array API standard."""
    @staticmethod
    def cond(x: Any, p: Any = None) -> Any:
        """NumPy's `cond`, computed on the host; it has no gradient."""
    @staticmethod
    def cross(a: Any, b: Any, axis: int = -1, out: Any = None, **kwargs: Any) -> ndarray:
        """Cross product of vectors with three components along `axis`.

        Parameters
        ----------
        a : array
        b : array
        axis : an integer, default -1

        Examples
        --------
        >>> mx.np.linalg.cross(mx.np.ones(3), mx.np.ones(3)).shape
        (3,)"""
    @staticmethod
    def det(a: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """Determinant of the matrices on the last two axes.

        Parameters
        ----------
        a : array

        Examples
        --------
        >>> mx.np.linalg.det(mx.np.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]])).shape
        ()"""
    @staticmethod
    def diagonal(a: Any, offset: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
        """Diagonal of the matrices on the last two axes.

        Parameters
        ----------
        a : array
        offset : an integer, default 0

        Examples
        --------
        >>> mx.np.linalg.diagonal(mx.np.ones((3, 3))).shape
        (3,)"""
    @staticmethod
    def eig(a: Any) -> Any:
        """NumPy's `eig`, computed on the host; it has no gradient."""
    @staticmethod
    def eigh(a: Any, UPLO: str = 'L', out: Any = None, **kwargs: Any) -> Any:
        """Eigenvalues, from the smallest, and eigenvectors (columns) of symmetric matrices.

        Parameters
        ----------
        a : array
        UPLO : one of 'L', 'U', default 'L'

        Examples
        --------
        >>> [out.shape for out in mx.np.linalg.eigh(mx.np.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]]))]
        [(3,), (3, 3)]"""
    @staticmethod
    def eigvals(a: Any) -> Any:
        """NumPy's `eigvals`, computed on the host; it has no gradient."""
    @staticmethod
    def eigvalsh(a: Any, UPLO: str = 'L', out: Any = None, **kwargs: Any) -> ndarray:
        """Eigenvalues of symmetric matrices, from the smallest.

        Parameters
        ----------
        a : array
        UPLO : one of 'L', 'U', default 'L'

        Examples
        --------
        >>> mx.np.linalg.eigvalsh(mx.np.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]])).shape
        (3,)"""
    @staticmethod
    def inv(a: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """Inverse of the matrices on the last two axes.

        Parameters
        ----------
        a : array

        Examples
        --------
        >>> mx.np.linalg.inv(mx.np.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]])).shape
        (3, 3)"""
    @staticmethod
    def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
        """NumPy's `lstsq`, computed on the host; it has no gradient."""
    @staticmethod
    def matmul(a: Any, b: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """Matrix product over the last axis of `a` and the last but one of `b`; others broadcast.

        Parameters
        ----------
        a : array
        b : array

        Examples
        --------
        >>> mx.np.linalg.matmul(mx.np.ones((2, 3)), mx.np.ones((3, 4))).shape
        (2, 4)"""
    @staticmethod
    def matrix_norm(x: Any, ord: Any = 'fro', axis: Any = ..., keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
        """Norm of the matrices along two axes.

        Parameters
        ----------
        x : array
        ord : a value or None, default 'fro'
        axis : an axis, a tuple of axes, or None, default (-2, -1)
        keepdims : True or False, default False

        Examples
        --------
        >>> mx.np.linalg.matrix_norm(mx.np.ones((2, 3))).shape
        ()"""
    @staticmethod
    def matrix_power(a: Any, n: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
        """Product of `n` copies of a square matrix; negative powers are those of the inverse.

        Parameters
        ----------
        a : array
        n : a value or None

        Examples
        --------
        >>> mx.np.linalg.matrix_power(mx.np.array([[4.0, 2.0], [2.0, 4.0]]), n=3).shape
        (2, 2)"""
    @staticmethod
    def matrix_rank(A: Any, tol: Any = None, hermitian: Any = False, *, rtol: Any = None) -> Any:
        """NumPy's `matrix_rank`, computed on the host; it has no gradient."""
    @staticmethod
    def matrix_transpose(a: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """Exchange the last two axes.

        Parameters
        ----------
        a : array

        Examples
        --------
        >>> mx.np.linalg.matrix_transpose(mx.np.ones((2, 3))).shape
        (3, 2)"""
    @staticmethod
    def multi_dot(arrays: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """Product of several matrices.

        Parameters
        ----------
        *arrays : arrays

        Examples
        --------
        >>> mx.np.linalg.multi_dot([mx.np.ones((2, 3)), mx.np.ones((3, 2)), mx.np.ones((2, 2))]).shape
        (2, 2)"""
    @staticmethod
    def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
        """Norm of vectors (one axis) or matrices (two axes), of the order `ord`.

        Parameters
        ----------
        x : array
        ord : a value or None, default None
        axis : an axis, a tuple of axes, or None, default None
        keepdims : True or False, default False

        Examples
        --------
        >>> mx.np.linalg.norm(mx.np.ones((3, 4))).shape
        ()"""
    @staticmethod
    def outer(a: Any, b: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """All products of an element of `a` and one of `b`, both flattened.

        Parameters
        ----------
        a : array
        b : array

        Examples
        --------
        >>> mx.np.linalg.outer(mx.np.ones(3), mx.np.ones(2)).shape
        (3, 2)"""
    @staticmethod
    def pinv(a: Any, rcond: float = 1e-15, hermitian: bool = False, out: Any = None, *, rtol: Any = None, **kwargs: Any) -> ndarray:
        """Moore-Penrose inverse; singular values below `rcond` times the largest count as zero.

        Parameters
        ----------
        a : array
        rcond : a number, default 1e-15
        hermitian : True or False, default False

        Examples
        --------
        >>> mx.np.linalg.pinv(mx.np.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0]])).shape
        (3, 2)

        Also takes the call of the array API standard."""
    @staticmethod
    def qr(a: Any, out: Any = None, *, mode: Any = 'reduced', **kwargs: Any) -> Any:
        """Factors Q and R with ``Q R = a``.

        Parameters
        ----------
        a : array

        Examples
        --------
        >>> [out.shape for out in mx.np.linalg.qr(mx.np.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]]))]
        [(3, 3), (3, 3)]

        Also takes the call of the array API standard."""
    @staticmethod
    def slogdet(a: Any, out: Any = None, **kwargs: Any) -> Any:
        """Sign and log of the absolute value of the determinant.

        Parameters
        ----------
        a : array

        Examples
        --------
        >>> [out.shape for out in mx.np.linalg.slogdet(mx.np.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]]))]
        [(), ()]"""
    @staticmethod
    def solve(a: Any, b: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """Solution x of ``a x = b``.

        Parameters
        ----------
        a : array
        b : array

        Examples
        --------
        >>> mx.np.linalg.solve(mx.np.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]]), mx.np.ones((3, 2))).shape
        (3, 2)"""
    @staticmethod
    def svd(a: Any, out: Any = None, *, full_matrices: Any = True, **kwargs: Any) -> Any:
        """Singular vectors U, singular values, and Vᵀ.

        Parameters
        ----------
        a : array

        Examples
        --------
        >>> [out.shape for out in mx.np.linalg.svd(mx.np.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]]))]
        [(3, 3), (3,), (3, 3)]

        Also takes the call of the array API standard."""
    @staticmethod
    def svdvals(a: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """Singular values, from the largest.

        Parameters
        ----------
        a : array

        Examples
        --------
        >>> mx.np.linalg.svdvals(mx.np.ones((3, 2))).shape
        (2,)"""
    @staticmethod
    def tensordot(a: Any, b: Any, axes: Any = 2, out: Any = None, **kwargs: Any) -> ndarray:
        """Sum over the last `axes` axes of `a` and the first of `b`, or over two lists of axes.

        Parameters
        ----------
        a : array
        b : array
        axes : a value or None, default 2

        Examples
        --------
        >>> mx.np.linalg.tensordot(mx.np.ones((2, 3, 4)), mx.np.ones((3, 4, 2))).shape
        (2, 2)"""
    @staticmethod
    def tensorinv(a: Any, ind: int = 2, out: Any = None, **kwargs: Any) -> ndarray:
        """Inverse with respect to `tensordot` over `ind` axes.

        Parameters
        ----------
        a : array
        ind : an integer >= 1, default 2"""
    @staticmethod
    def tensorsolve(a: Any, b: Any, axes: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
        """Solution x of ``tensordot(a, x) = b``, after `axes` of `a` were moved to its right end.

        Parameters
        ----------
        a : array
        b : array
        axes : an axis, a tuple of axes, or None, default None"""
    @staticmethod
    def trace(a: Any, offset: int = 0, out: Any = None, *, dtype: Any = None, **kwargs: Any) -> ndarray:
        """Sum of the diagonal of the matrices on the last two axes.

        Parameters
        ----------
        a : array
        offset : an integer, default 0

        Examples
        --------
        >>> mx.np.linalg.trace(mx.np.ones((3, 3))).shape
        ()

        Also takes the call of the array API standard."""
    @staticmethod
    def vecdot(a: Any, b: Any, axis: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
        """Sum of products along `axis`, the last one by default; complex `a` are conjugated.

        Parameters
        ----------
        a : array
        b : array
        axis : an integer or None, default None

        Examples
        --------
        >>> mx.np.linalg.vecdot(mx.np.ones((2, 3)), mx.np.ones((2, 3))).shape
        (2,)"""
    @staticmethod
    def vector_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
        """Norm of the elements along `axis`, of all elements by default.

        Parameters
        ----------
        x : array
        ord : a value or None, default None
        axis : an axis, a tuple of axes, or None, default None
        keepdims : True or False, default False

        Examples
        --------
        >>> mx.np.linalg.vector_norm(mx.np.ones((2, 3))).shape
        ()"""

class random:
    @staticmethod
    def beta(a: Any, b: Any, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
        """Beta numbers in (0, 1).

        ``beta(a, b, size=None, dtype=None, ctx=None, out=None)``"""
    @staticmethod
    def chisquare(df: Any, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
        """Chi-square numbers with `df` degrees of freedom.

        ``chisquare(df, size=None, dtype=None, ctx=None, out=None)``"""
    @staticmethod
    def choice(a: Any, size: Any = None, replace: Any = True, p: Any = None, ctx: Any = None, out: Any = None, device: Any = None) -> Any:
        """Draw entries of `a` (or numbers below an integer), with probabilities `p` if given."""
    @staticmethod
    def exponential(scale: Any = 1.0, size: Any = None, ctx: Any = None, out: Any = None, dtype: Any = None, device: Any = None) -> Any:
        """Draw exponential numbers with mean `scale`."""
    @staticmethod
    def f(dfnum: Any, dfden: Any, size: Any = None, dtype: Any = None, ctx: Any = None, device: Any = None) -> Any:
        """Draw from Fisher's F distribution: the ratio of two mean squares of normal numbers."""
    @staticmethod
    def gamma(shape: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
        """Gamma numbers with shape `alpha` and scale `beta`.

        ``gamma(shape, scale=1.0, size=None, dtype=None, ctx=None, out=None)``"""
    @staticmethod
    def gumbel(loc: Any = 0.0, scale: Any = 1.0, size: Any = None, ctx: Any = None, out: Any = None, dtype: Any = None) -> Any:
        """Gumbel numbers: extremes of many.

        ``gumbel(loc=0.0, scale=1.0, size=None, ctx=None, out=None, dtype=None)``"""
    @staticmethod
    def laplace(loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
        """Laplace (double exponential) numbers.

        ``laplace(loc=0.0, scale=1.0, size=None, dtype=None, ctx=None, out=None)``"""
    @staticmethod
    def logistic(loc: Any = 0.0, scale: Any = 1.0, size: Any = None, ctx: Any = None, out: Any = None, dtype: Any = None) -> Any:
        """Logistic numbers.

        ``logistic(loc=0.0, scale=1.0, size=None, ctx=None, out=None, dtype=None)``"""
    @staticmethod
    def lognormal(mean: Any = 0.0, sigma: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
        """Numbers whose logarithm is normal.

        ``lognormal(mean=0.0, sigma=1.0, size=None, dtype=None, ctx=None, out=None)``"""
    @staticmethod
    def multinomial(n: Any, pvals: Any, size: Any = None, **_: Any) -> Any:
        """Count how often each category comes up in `n` draws with probabilities `pvals`."""
    @staticmethod
    def multivariate_normal(mean: Any, cov: Any, size: Any = None, check_valid: Any = None, tol: Any = None) -> Any:
        """Draw normal vectors with the given mean (..., K) and covariance (..., K, K).

        Gradients flow through the draws to both."""
    @staticmethod
    def normal(loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
        """Normal numbers with mean `loc` and standard deviation `scale`.

        ``normal(loc=0.0, scale=1.0, size=None, dtype=None, ctx=None, out=None)``"""
    @staticmethod
    def pareto(a: Any, size: Any = None, ctx: Any = None, out: Any = None, dtype: Any = None) -> Any:
        """Pareto (Lomax) numbers with exponent `a`.

        ``pareto(a, size=None, ctx=None, out=None, dtype=None)``"""
    @staticmethod
    def permutation(x: Any, **_: Any) -> Any:
        """Return the rows of an array, or the numbers below an integer, in random order."""
    @staticmethod
    def poisson(lam: Any = 1.0, size: Any = None, ctx: Any = None, out: Any = None, dtype: Any = None) -> Any:
        """Poisson numbers with mean `lam`.

        ``poisson(lam=1.0, size=None, ctx=None, out=None, dtype=None)``"""
    @staticmethod
    def power(a: Any, size: Any = None, ctx: Any = None, out: Any = None, dtype: Any = None) -> Any:
        """Numbers in [0, 1] with density a xᵃ⁻¹.

        ``power(a, size=None, ctx=None, out=None, dtype=None)``"""
    @staticmethod
    def rand(*size: Any, **kwargs: Any) -> Any:
        """Draw uniform numbers in [0, 1) of the given lengths."""
    @staticmethod
    def randint(low: Any, high: Any = None, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None, device: Any = None) -> Any:
        """Draw whole numbers from `low` to ``high - 1``, or from 0 to ``low - 1``."""
    @staticmethod
    def randn(*size: Any, **kwargs: Any) -> Any:
        """Draw normal numbers of the given lengths."""
    @staticmethod
    def rayleigh(scale: Any = 1.0, size: Any = None, ctx: Any = None, out: Any = None, dtype: Any = None) -> Any:
        """Rayleigh numbers: length of a normal vector in the plane.

        ``rayleigh(scale=1.0, size=None, ctx=None, out=None, dtype=None)``"""
    @staticmethod
    def shuffle(x: Any) -> Any:
        """Put the rows of `x` into random order, in place."""
    @staticmethod
    def uniform(low: Any = 0.0, high: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
        """Uniform numbers in [low, high).

        ``uniform(low=0.0, high=1.0, size=None, dtype=None, ctx=None, out=None)``"""
    @staticmethod
    def weibull(a: Any, size: Any = None, ctx: Any = None, out: Any = None, dtype: Any = None) -> Any:
        """Weibull numbers with exponent `a`.

        ``weibull(a, size=None, ctx=None, out=None, dtype=None)``"""
