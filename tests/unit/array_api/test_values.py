"""Values, shapes and dtypes of the main namespace, for all dtypes, against NumPy."""

import numpy as np
import pytest

from dlstudio.dialects.standard import signatures
from tests.unit.array_api.compare import check, find, numbers, xp
from tests.unit.array_api.standard import COMPLEX, DTYPES, INTEGERS, NUMERIC, REAL, SIGNED

REAL_ONLY = ("ceil", "floor", "trunc", "signbit")
FLOATING = {r.name for r in signatures.MAIN if r.operands in ("floating", "floating_pair")}
ONE_ARRAY = {
    name: [
        dtype
        for dtype in NUMERIC
        if not (name in FLOATING and dtype in INTEGERS)
        and not (name in REAL_ONLY and dtype in COMPLEX)
    ]
    for name in (
        "abs acos acosh asin asinh atan atanh ceil conj cos cosh exp expm1 floor imag isfinite "
        "isinf isnan log log1p log2 log10 logical_not negative positive real reciprocal round "
        "sign signbit sin sinh square sqrt tan tanh trunc"
    ).split()
}
ONE_ARRAY["bitwise_invert"] = ["bool", *INTEGERS]
ONE_ARRAY["logical_not"] = ["bool"]


@pytest.mark.parametrize("name", ONE_ARRAY)
def test_functions_of_one_array(name):
    for dtype in ONE_ARRAY[name]:
        for shape in ((3, 4), (), (0, 3)):
            check(name, numbers(dtype, *shape))


ARITHMETIC = ("add", "subtract", "multiply", "pow", "floor_divide", "remainder")
COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
TWO_ARRAYS = {
    **dict.fromkeys(ARITHMETIC, NUMERIC),
    **dict.fromkeys(COMPARISONS, DTYPES),
    **{key: [*INTEGERS, *REAL] for key in ("maximum", "minimum")},
    **dict.fromkeys(("atan2", "copysign", "hypot", "logaddexp", "nextafter"), REAL),
    "divide": [*REAL, *COMPLEX],
    **{key: ["bool", *INTEGERS] for key in ("bitwise_and", "bitwise_or", "bitwise_xor")},
    **dict.fromkeys(("bitwise_left_shift", "bitwise_right_shift"), INTEGERS),
    **{key: ["bool"] for key in ("logical_and", "logical_or", "logical_xor")},
}
NO_COMPLEX = ("floor_divide", "remainder", "less", "less_equal", "greater", "greater_equal")


def may_meet(name, x, y):
    """Whether the standard promotes the two dtypes for this function."""
    kinds = {np.dtype(x).kind.replace("u", "i"), np.dtype(y).kind.replace("u", "i")}
    if kinds not in ({"b"}, {"i"}, {"f"}, {"c"}, {"f", "c"}):
        return False
    if "uint64" in (x, y) and (x in SIGNED or y in SIGNED):
        return False
    return not (name in NO_COMPLEX and "c" in kinds)


def second(name, dtype, *shape):
    """A right operand inside the domain."""
    y = numbers(dtype, *shape, seed=1)
    if y.dtype.kind not in "iu":
        return y
    if name == "pow" or "shift" in name:
        return np.abs(y) % 5
    return np.where(y == 0, np.ones((), y.dtype), y) if name in ARITHMETIC else y


@pytest.mark.parametrize("name", TWO_ARRAYS)
def test_functions_of_two_arrays_promote_and_broadcast(name):
    for left in TWO_ARRAYS[name]:
        for right in TWO_ARRAYS[name]:
            if may_meet(name, left, right):
                check(name, numbers(left, 3, 1), second(name, right, 4))
        if may_meet(name, left, left):
            check(name, numbers(left, 0, 3), second(name, left, 3))


SPECIAL = np.array(
    [0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, np.inf, -np.inf, np.nan, 1e300, -1e-300, 3]
)


def same_bits(found, wanted):
    """Equal numbers, NaN where NaN, and the same signs of zeros."""
    found = found.asnumpy()
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)
    if wanted.dtype.kind == "f":
        known = ~np.isnan(wanted)
        np.testing.assert_array_equal(np.signbit(found)[known], np.signbit(wanted)[known])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", [n for n in ONE_ARRAY if n != "bitwise_invert"])
def test_special_cases_of_one_number(name):
    for dtype in REAL:
        x = SPECIAL.astype(dtype)
        same_bits(find(xp, name)(xp.asarray(x, copy=True)), find(np, name)(x))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "name", [n for n, d in TWO_ARRAYS.items() if "float32" in d and "float64" in d]
)
def test_special_cases_of_two_numbers(name):
    for dtype in REAL:
        x = SPECIAL.astype(dtype)
        column = x[:, None]
        same_bits(find(xp, name)(xp.asarray(column), xp.asarray(x)), find(np, name)(column, x))


def test_whole_powers_are_exact():
    x = xp.asarray([2**53 + 1, 3], dtype=xp.int64)
    assert xp.pow(x, xp.asarray([1, 39])).asnumpy().tolist() == [2**53 + 1, 3**39]


AXES = ({}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 1)}, {"axis": ()})


@pytest.mark.parametrize("name", ["all", "any", "max", "min", "sum", "prod", "mean", "std", "var"])
def test_folds(name):
    dtypes = {
        **dict.fromkeys(("all", "any"), DTYPES),
        **dict.fromkeys(("sum", "prod"), NUMERIC),
        "mean": [*REAL, *COMPLEX],
        **dict.fromkeys(("std", "var"), REAL),
    }
    for dtype in dtypes.get(name, [*INTEGERS, *REAL]):
        for options in AXES:
            check(name, numbers(dtype, 3, 4), **options)
        check(name, numbers(dtype))
        check(name, numbers(dtype, 0, 3), axis=1)


def test_the_sum_of_nothing_and_of_another_dtype():
    check("sum", numbers("int8", 0, 3), axis=0)
    check("prod", numbers("float32", 3), dtype=np.dtype("float64"))
    check("sum", numbers("uint8", 3), dtype=np.dtype("uint8"))


@pytest.mark.parametrize("correction", [0, 1, 0.5])
def test_corrections_of_the_variance(correction):
    x = numbers("float64", 3, 4)
    for name in ("std", "var"):
        check(name, x, axis=1, correction=correction)


@pytest.mark.parametrize("name", ["argmax", "argmin", "count_nonzero"])
def test_positions_and_counts(name):
    for dtype in [*INTEGERS, *REAL]:
        for options in AXES[:3]:
            check(name, numbers(dtype, 3, 4), **options)
    check("count_nonzero", numbers("bool", 3, 4), axis=(0, 1))


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
def test_running_folds(name):
    for dtype in NUMERIC:
        check(name, numbers(dtype, 5))
        check(name, numbers(dtype, 3, 4), axis=1, include_initial=True)
        check(name, numbers(dtype, 0, 4), axis=0, include_initial=True)
    check(name, numbers("float32", 3, 4), axis=-1, dtype=np.dtype("float64"))


def form_calls(x):
    """Calls that keep the elements and change their places."""
    return [
        ("broadcast_to", (x, (2, 3, 4)), {}),
        ("concat", ([x, x[:1]],), {}),
        ("concat", ([x, x[0]],), {"axis": None}),
        ("expand_dims", (x,), {"axis": 1}),
        ("flip", (x,), {}),
        ("flip", (x,), {"axis": (0, -1)}),
        ("matrix_transpose", (x,), {}),
        ("meshgrid", (x[0], x[1, :2]), {"indexing": "ij"}),
        ("meshgrid", (x[0], x[1, :2]), {}),
        ("moveaxis", (x, (0, 1), (1, 0)), {}),
        ("permute_dims", (x, (1, 0)), {}),
        ("repeat", (x, 2), {}),
        ("repeat", (x, np.array([1, 0, 2])), {"axis": 0}),
        ("reshape", (x, (2, -1)), {}),
        ("roll", (x, 1), {}),
        ("roll", (x, (1, 2)), {"axis": (0, 1)}),
        ("squeeze", (x[None], 0), {}),
        ("stack", ([x, x],), {"axis": -1}),
        ("take", (x, np.array([1, 0, 1])), {"axis": 1}),
        ("take", (x[0], np.array([3, 0])), {}),
        ("take_along_axis", (x, np.array([[0, 1], [1, 1], [3, 0]])), {}),
        ("take_along_axis", (x, np.array([[0, 1, 2, 0]])), {"axis": 0}),
        ("tile", (x, (2, 1, 2)), {}),
        ("tril", (x,), {"k": 1}),
        ("triu", (x,), {}),
        ("unstack", (x,), {"axis": 1}),
        ("nonzero", (x,), {}),
        ("where", (x != 0, x, x[0]), {}),
        ("unique_inverse", (x,), {}),
        ("broadcast_arrays", (x, x[0]), {}),
    ]


@pytest.mark.parametrize("dtype", DTYPES)
def test_forms(dtype):
    for name, args, kwargs in form_calls(numbers(dtype, 3, 4)):
        if name == "unique_inverse":
            values, inverse = xp.unique_inverse(xp.asarray(args[0], copy=True))
            np.testing.assert_array_equal(values.asnumpy()[inverse.asnumpy()], args[0])
            continue
        check(name, *args, **kwargs)


@pytest.mark.parametrize("dtype", [*INTEGERS, *REAL])
def test_orders(dtype):
    x = numbers(dtype, 3, 4)
    check("sort", x)
    check("sort", x, axis=0)
    check("argsort", x, stable=True)
    check("searchsorted", np.sort(x[0]), x)
    check("searchsorted", x[0], x[1], side="right", sorter=np.argsort(x[0]))
    check("clip", x, 1, 5)
    check("clip", x, min=x[0], max=None)
    check("diff", x, axis=0, n=2)
    check("diff", x, prepend=x[:, :1], append=x[:, :2])


def test_descending_order_keeps_equal_elements_in_theirs():
    x = xp.asarray([2, 1, 2, 3, 1])
    assert xp.sort(x, descending=True).asnumpy().tolist() == [3, 2, 2, 1, 1]
    assert xp.argsort(x, descending=True).asnumpy().tolist() == [3, 0, 2, 1, 4]


@pytest.mark.parametrize("dtype", NUMERIC)
def test_sets(dtype):
    x = np.array([3, 1, 3, 2, 1], dtype)
    found = xp.unique_all(xp.asarray(x.reshape(1, 5)))
    values, first, inverse, counts = (part.asnumpy() for part in found)
    assert values.dtype == x.dtype
    assert {first.dtype, inverse.dtype, counts.dtype} == {np.dtype("int64")}
    assert sorted(values.real.tolist()) == [1, 2, 3]
    np.testing.assert_array_equal(x[first], values)
    np.testing.assert_array_equal(values[inverse], x.reshape(1, 5))
    assert dict(zip(values.real.tolist(), counts.tolist(), strict=True)) == {1: 2, 2: 1, 3: 2}
    assert xp.unique_counts(xp.asarray(x)).counts.asnumpy().tolist() == counts.tolist()
    assert xp.unique_values(xp.asarray(x)).shape == (3,)


def test_every_nan_is_a_value_of_its_own():
    found = xp.unique_counts(xp.asarray([float("nan"), 1.0, float("nan")]))
    assert found.counts.asnumpy().tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("arange", (5,), {}),
        ("arange", (2, 7, 2), {}),
        ("arange", (5, 0, -2), {}),
        ("arange", (5, 1), {}),
        ("arange", (0.0, 1.0, 0.25), {}),
        ("arange", (2**60, 2**60 + 3), {}),
        ("arange", (3,), {"dtype": np.dtype("float32")}),
        ("linspace", (0, 1, 5), {}),
        ("linspace", (0, 1j, 3), {}),
        ("linspace", (3, -1, 2), {"endpoint": False, "dtype": np.dtype("float32")}),
        ("linspace", (0, 1, 0), {}),
        ("eye", (3,), {}),
        ("eye", (3, 4), {"k": 1, "dtype": np.dtype("int32")}),
        ("eye", (2, 0), {}),
        ("zeros", ((2, 3),), {}),
        ("zeros", (3,), {"dtype": np.dtype("complex64")}),
        ("ones", ((),), {}),
        ("ones", ((0, 2),), {"dtype": np.dtype("bool")}),
        ("full", ((2,), True), {}),
        ("full", ((2,), 7), {}),
        ("full", ((2,), 2.5), {}),
        ("full", ((2,), 1j), {}),
        ("full", (3, 7), {"dtype": np.dtype("uint8")}),
        ("asarray", ([1, 2],), {}),
        ("asarray", ([[1.5], [2.0]],), {}),
        ("asarray", ([True, False],), {}),
        ("asarray", ([1, 2.5, 1j],), {}),
        ("asarray", (3,), {}),
        ("asarray", ([],), {}),
        ("asarray", ([1, 2],), {"dtype": np.dtype("float32")}),
    ],
)
def test_creation(name, args, kwargs):
    check(name, *args, **kwargs)


@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "empty_like", "full_like"])
def test_creation_after_another_array(name):
    more = (3,) if name == "full_like" else ()
    for dtype in DTYPES:
        x = xp.asarray(numbers(dtype, 2, 3))
        made = getattr(xp, name)(x, *more)
        assert (made.dtype, made.shape, made.device) == (x.dtype, x.shape, x.device)
        assert getattr(xp, name)(x, *more, dtype=xp.float32).dtype == xp.float32


@pytest.mark.parametrize("dtype", NUMERIC)
def test_products(dtype):
    x, y = numbers(dtype, 2, 3, 4), numbers(dtype, 4, 3)
    check("matmul", x, y)
    check("matmul", y[:, 0], y)
    check("tensordot", x, y, axes=1)
    check("tensordot", x, y, axes=((1, 2), (1, 0)))
    check("vecdot", x, x[0])
    check("vecdot", x, x, axis=-2)
