"""Names and signatures of the array API standard, and the operator behind each.

One line for each function that is one operator: its signature as the standard has it, a colon,
the operator, and then how its operands are prepared (see `operands`) and which attribute of the
operator a parameter is, where the names differ. Functions that do more are written by hand in
the sibling modules; `tests/unit/array_api` compares all signatures with the standard's.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FFT", "LINALG", "MAIN", "Row"]


class Row(NamedTuple):
    """One function of the standard that is one operator."""

    name: str
    signature: str
    operator: str
    operands: str  # a function of `operands`
    renamed: dict[str, str]  # parameter -> attribute


def _row(line: str) -> Row:
    signature, _, rest = line.partition(" : ")
    name, _, parameters = signature.strip().partition("(")
    operator, *options = rest.split()
    renamed = dict(option.split("=") for option in options if "=" in option)
    kinds = [option for option in options if "=" not in option]
    return Row(name, parameters[:-1], operator, kinds[0] if kinds else "given", renamed)


def _rows(text: str) -> tuple[Row, ...]:
    return tuple(_row(line) for line in text.strip().splitlines())


_ONE_ARRAY = """
abs(x, /) : abs
acos(x, /) : arccos floating
acosh(x, /) : arccosh floating
asin(x, /) : arcsin floating
asinh(x, /) : arcsinh floating
atan(x, /) : arctan floating
atanh(x, /) : arctanh floating
bitwise_invert(x, /) : invert
ceil(x, /) : ceil
conj(x, /) : conj
cos(x, /) : cos floating
cosh(x, /) : cosh floating
exp(x, /) : exp floating
expm1(x, /) : expm1 floating
floor(x, /) : floor
imag(x, /) : imag
isfinite(x, /) : isfinite
isinf(x, /) : isinf
isnan(x, /) : isnan
log(x, /) : log floating
log1p(x, /) : log1p floating
log2(x, /) : log2 floating
log10(x, /) : log10 floating
logical_not(x, /) : logical_not
negative(x, /) : negative
positive(x, /) : identity
real(x, /) : real
reciprocal(x, /) : reciprocal floating
round(x, /) : around
sign(x, /) : sign
signbit(x, /) : signbit floating
sin(x, /) : sin floating
sinh(x, /) : sinh floating
square(x, /) : square
sqrt(x, /) : sqrt floating
tan(x, /) : tan floating
tanh(x, /) : tanh floating
trunc(x, /) : trunc
"""

_TWO_ARRAYS = """
add(x1, x2, /) : add pair
atan2(x1, x2, /) : arctan2 floating_pair
bitwise_and(x1, x2, /) : bitwise_and pair
bitwise_left_shift(x1, x2, /) : left_shift pair
bitwise_or(x1, x2, /) : bitwise_or pair
bitwise_right_shift(x1, x2, /) : right_shift pair
bitwise_xor(x1, x2, /) : bitwise_xor pair
copysign(x1, x2, /) : copysign floating_pair
divide(x1, x2, /) : divide floating_pair
equal(x1, x2, /) : equal pair
floor_divide(x1, x2, /) : floor_divide pair
greater(x1, x2, /) : greater pair
greater_equal(x1, x2, /) : greater_equal pair
hypot(x1, x2, /) : hypot floating_pair
less(x1, x2, /) : less pair
less_equal(x1, x2, /) : less_equal pair
logaddexp(x1, x2, /) : logaddexp floating_pair
logical_and(x1, x2, /) : logical_and pair
logical_or(x1, x2, /) : logical_or pair
logical_xor(x1, x2, /) : logical_xor pair
maximum(x1, x2, /) : maximum pair
minimum(x1, x2, /) : minimum pair
multiply(x1, x2, /) : multiply pair
nextafter(x1, x2, /) : nextafter floating_pair
not_equal(x1, x2, /) : not_equal pair
pow(x1, x2, /) : power pair
remainder(x1, x2, /) : mod pair
subtract(x1, x2, /) : subtract pair
"""

_FOLDS = """
all(x, /, *, axis=None, keepdims=False) : all
any(x, /, *, axis=None, keepdims=False) : any
argmax(x, /, *, axis=None, keepdims=False) : argmax
argmin(x, /, *, axis=None, keepdims=False) : argmin
count_nonzero(x, /, *, axis=None, keepdims=False) : _np_count_nonzero
cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False) : cumulative_prod total
cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False) : cumulative_sum total
max(x, /, *, axis=None, keepdims=False) : max
mean(x, /, *, axis=None, keepdims=False) : mean floating
min(x, /, *, axis=None, keepdims=False) : min
prod(x, /, *, axis=None, dtype=None, keepdims=False) : prod total
std(x, /, *, axis=None, correction=0.0, keepdims=False) : std floating correction=ddof
sum(x, /, *, axis=None, dtype=None, keepdims=False) : sum total
var(x, /, *, axis=None, correction=0.0, keepdims=False) : var floating correction=ddof
"""

_FORM = """
broadcast_to(x, /, shape) : broadcast_to
concat(arrays, /, *, axis=0) : concatenate
expand_dims(x, /, *, axis=0) : expand_dims
flip(x, /, *, axis=None) : flip
matmul(x1, x2, /) : matmul
matrix_transpose(x, /) : _npi_matrix_transpose
moveaxis(x, source, destination, /) : moveaxis
permute_dims(x, /, axes) : transpose
roll(x, /, shift, *, axis=None) : roll
squeeze(x, /, axis) : squeeze
stack(arrays, /, *, axis=0) : stack
take_along_axis(x, indices, /, *, axis=-1) : take_along_axis
tensordot(x1, x2, /, *, axes=2) : _npi_tensordot
tile(x, repetitions, /) : tile repetitions=reps
tril(x, /, *, k=0) : tril
triu(x, /, *, k=0) : triu
vecdot(x1, x2, /, *, axis=-1) : _npi_vecdot
"""

MAIN = _rows(_ONE_ARRAY) + _rows(_TWO_ARRAYS) + _rows(_FOLDS) + _rows(_FORM)

LINALG = _rows("""
cross(x1, x2, /, *, axis=-1) : _npi_cross
det(x, /) : matrix_det floating
diagonal(x, /, *, offset=0) : _npi_linalg_diagonal
eigvalsh(x, /) : _npi_eigvalsh floating
inv(x, /) : matrix_inverse floating
matmul(x1, x2, /) : matmul
matrix_norm(x, /, *, keepdims=False, ord='fro') : _npi_matrix_norm floating
matrix_power(x, n, /) : _npi_matrix_power
matrix_transpose(x, /) : _npi_matrix_transpose
solve(x1, x2, /) : matrix_solve floating_pair
svdvals(x, /) : _npi_svdvals floating
tensordot(x1, x2, /, *, axes=2) : _npi_tensordot
vecdot(x1, x2, /, *, axis=-1) : _npi_vecdot
vector_norm(x, /, *, axis=None, keepdims=False, ord=2) : _npi_vector_norm floating
""")

FFT = _rows("""
fft(x, /, *, n=None, axis=-1, norm='backward') : fft
ifft(x, /, *, n=None, axis=-1, norm='backward') : ifft
fftn(x, /, *, s=None, axes=None, norm='backward') : fftn
ifftn(x, /, *, s=None, axes=None, norm='backward') : ifftn
rfft(x, /, *, n=None, axis=-1, norm='backward') : rfft
irfft(x, /, *, n=None, axis=-1, norm='backward') : irfft
rfftn(x, /, *, s=None, axes=None, norm='backward') : rfftn
irfftn(x, /, *, s=None, axes=None, norm='backward') : irfftn
hfft(x, /, *, n=None, axis=-1, norm='backward') : hfft
ihfft(x, /, *, n=None, axis=-1, norm='backward') : ihfft
fftshift(x, /, *, axes=None) : fftshift
ifftshift(x, /, *, axes=None) : ifftshift
""")
