"""The array object: operators with numbers, indexing, conversions, devices, DLPack."""

import operator

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import ParamError
from tests.unit.array_api.compare import assert_same, numbers, ours, xp
from tests.unit.array_api.standard import COMPLEX, DTYPES, INTEGERS, NUMERIC, REAL, UNSIGNED

ARITHMETIC = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"]
COMPARING = ["lt", "le", "gt", "ge", "eq", "ne"]
BITS = ["and_", "or_", "xor"]


def accepted(name, dtype, number):
    """Whether the standard defines this operator for the dtype and the kind of number."""
    kind = np.dtype(dtype).kind
    if isinstance(number, bool):
        return kind == "b" and name in ("eq", "ne", *BITS)
    if isinstance(number, int):
        if name in BITS:
            return kind in "iu"
        if kind in "iu" and name == "truediv":
            return False
        ordered = name in ("lt", "le", "gt", "ge", "floordiv", "mod")
        return kind != "b" and not (kind == "c" and ordered)
    if isinstance(number, float):
        ordered = name in ("lt", "le", "gt", "ge", "floordiv", "mod")
        return name not in BITS and kind in "fc" and not (kind == "c" and ordered)
    return kind in "fc" and name in ("add", "sub", "mul", "truediv", "pow", "eq", "ne")


@pytest.mark.parametrize("name", [*ARITHMETIC, *COMPARING, *BITS])
def test_operators_with_python_numbers(name):
    apply = getattr(operator, name)
    for dtype in DTYPES:
        x = (
            np.abs(numbers(dtype, 2, 3)) % 5 + 1
            if dtype in [*INTEGERS, *REAL]
            else numbers(dtype, 2, 3)
        )
        x = x.astype(dtype)
        for number in (True, 2, 2.5, 1 + 2j):
            if accepted(name, dtype, number):
                assert_same(apply(ours(x), number), apply(x, number))
                assert_same(apply(number, ours(x)), apply(number, x))


@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "ipow", "ifloordiv", "imod"])
def test_in_place_operators_keep_the_dtype(name):
    for dtype in [*INTEGERS, *REAL]:
        host = (np.abs(numbers(dtype, 2, 3)) % 5 + 1).astype(dtype)
        x = ours(host)
        same = x
        assert_same(getattr(operator, name)(x, 2), getattr(operator, name)(host.copy(), 2))
        assert same is x


def test_in_place_shifts_and_bits():
    x = xp.asarray([1, 2, 3])
    x <<= 2
    x >>= 1
    x |= 1
    x &= 7
    x ^= 2
    assert x.asnumpy().tolist() == [((((v << 2) >> 1) | 1) & 7) ^ 2 for v in (1, 2, 3)]


def test_an_integer_array_refuses_fractions_in_place():
    x = xp.asarray([4, 6])
    with pytest.raises(TypeError, match="int64 cannot hold a result of float32"):
        x /= 2
    assert x.asnumpy().tolist() == [4, 6]


def test_matrix_products_as_operators():
    host = numbers("float64", 3, 3)
    x = ours(host)
    assert_same(x @ x, host @ host)
    assert_same(host @ x, host @ host)
    x @= x
    assert_same(x, host @ host)


def test_a_positive_array_is_a_copy():
    x = xp.asarray([1.0])
    y = +x
    y += 1
    assert (float(x), float(y)) == (1.0, 2.0)


def test_equality_with_what_is_no_operand():
    x = xp.ones(2)
    assert (x == slice(None)) is False
    assert (x != "text") is True


def test_dividing_with_remainder():
    whole, rest = divmod(xp.asarray([7, -7]), 2)
    assert (whole.asnumpy().tolist(), rest.asnumpy().tolist()) == ([3, -4], [1, 1])


# --- promotion ----------------------------------------------------------------------------------


@pytest.mark.parametrize("left", DTYPES)
def test_result_types_are_numpys_within_a_kind(left):
    for right in DTYPES:
        one, other = np.dtype(left), np.dtype(right)
        kinds = {one.kind.replace("u", "i"), other.kind.replace("u", "i")}
        if kinds in ({"b"}, {"i"}, {"f"}, {"c"}, {"f", "c"}):
            expected = np.result_type(one, other)
            assert xp.result_type(one, other) == expected
            assert (xp.result_type(xp.ones(2, dtype=one), other)) == expected


@pytest.mark.parametrize(
    ("dtype", "number", "expected"),
    [
        ("float32", 2, "float32"),
        ("float32", 2.5, "float32"),
        ("float32", 1j, "complex64"),
        ("float64", 1j, "complex128"),
        ("complex64", 2.5, "complex64"),
        ("int8", 2, "int8"),
        ("bool", True, "bool"),
    ],
)
def test_python_numbers_are_weak(dtype, number, expected):
    x = xp.ones(2, dtype=getattr(xp, dtype))
    assert xp.result_type(x, number) == expected
    assert xp.result_type(number, x.dtype) == expected
    combine = xp.logical_or if dtype == "bool" else xp.multiply
    assert combine(x, number).dtype == combine(number, x).dtype == expected


def test_dtype_objects_equal_each_other_and_their_names():
    x = mx.np.ones(2)
    assert x.dtype == xp.float32 == np.float32
    assert x.dtype == "float32"
    assert {xp.float32: 1}[x.dtype] == 1
    assert x.dtype != xp.float64


@pytest.mark.parametrize("dtype", DTYPES)
def test_kinds_of_dtypes(dtype):
    found = getattr(xp, dtype)
    assert xp.isdtype(found, found)
    assert xp.isdtype(found, "bool") == (dtype == "bool")
    assert xp.isdtype(found, "integral") == (dtype in INTEGERS)
    assert xp.isdtype(found, "unsigned integer") == (dtype in UNSIGNED)
    assert xp.isdtype(found, ("real floating", "complex floating")) == (dtype in [*REAL, *COMPLEX])
    assert xp.isdtype(found, "numeric") == (dtype in NUMERIC)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="real floating"):
        xp.isdtype(xp.float32, "fractions")


def test_limits_of_dtypes():
    single = xp.finfo(xp.complex64)
    assert (single.bits, single.dtype) == (32, xp.float32)
    assert isinstance(single.eps, float)
    assert single.eps == float(np.finfo("float32").eps)
    assert xp.finfo(xp.ones(2)).max == np.finfo("float64").max
    short = xp.iinfo(xp.int8)
    assert (short.bits, short.min, short.max) == (8, -128, 127)
    with pytest.raises(TypeError, match="iinfo"):
        xp.finfo(xp.int32)
    with pytest.raises(TypeError, match="finfo"):
        xp.iinfo(xp.float32)


def test_safe_casts():
    assert xp.can_cast(xp.int8, xp.int16)
    assert not xp.can_cast(xp.float64, xp.float32)
    assert xp.can_cast(xp.ones(2, dtype=xp.float32), xp.complex64)


# --- indexing -----------------------------------------------------------------------------------

KEYS = [
    0,
    -1,
    (1, 2),
    slice(1, None),
    slice(None, None, -1),
    (slice(None), slice(3, 0, -2)),
    (Ellipsis, 0),
    (None, 1),
    (slice(None), None, 2),
    (),
    Ellipsis,
    np.array([0, 2, 0]),
    (np.array([0, 1]), np.array([3, 2])),
    (slice(None), np.array([3, 0, 0])),
    (np.array([[0, 1], [2, 2]]), 1),
    (0, np.array([1, 2])),
    np.array([True, False, True]),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexing_is_numpys(key):
    host = numbers("float32", 3, 4)
    own = tuple(map(ours, key)) if isinstance(key, tuple) else ours(key)
    x = ours(host)
    assert_same(x[own], np.asarray(host[key]))
    x[own] = 7
    host[key] = 7
    assert_same(x, host)


def test_masks_of_the_whole_array():
    host = numbers("int64", 3, 4)
    x = ours(host)
    assert_same(x[x > 0], host[host > 0])
    x[x > 0] = 0
    assert_same(x, np.where(host > 0, 0, host))


def test_arrays_without_axes():
    x = xp.asarray(3.0)
    assert x[()].shape == x[...].shape == ()
    assert x[None].shape == (1,)
    x[()] = 5
    assert float(x) == 5.0


# --- conversions --------------------------------------------------------------------------------


def test_numbers_of_python():
    assert (bool(xp.asarray(2)), int(xp.asarray(2)), float(xp.asarray(2))) == (True, 2, 2.0)
    assert complex(xp.asarray(1j)) == 1j
    assert [10, 20, 30][xp.asarray(1)] == 20
    assert bool(xp.asarray(0j)) is False


@pytest.mark.parametrize("convert", [int, float])
def test_complex_numbers_are_no_real_ones(convert):
    with pytest.raises(TypeError):
        convert(xp.asarray(1j))


def test_only_integers_are_indices():
    with pytest.raises(TypeError):
        operator.index(xp.asarray(1.0))
    with pytest.raises((TypeError, ValueError)):
        bool(xp.ones(2))
    with pytest.raises((TypeError, ValueError)):
        float(xp.ones(2))


def test_infinities_are_no_integers():
    with pytest.raises(OverflowError):
        int(xp.asarray(xp.inf))


def test_attributes():
    x = xp.zeros((2, 3, 4), dtype=xp.int16)
    assert (x.ndim, x.shape, x.size, x.dtype, x.device) == (3, (2, 3, 4), 24, xp.int16, mx.cpu(0))
    assert (x.mT.shape, x[0].T.shape) == ((2, 4, 3), (4, 3))
    assert isinstance(xp.zeros(()).size, int)
    with pytest.raises(ValueError, match="two axes"):
        _ = xp.zeros(3).mT


# --- devices and DLPack -------------------------------------------------------------------------


def test_moving_between_devices():
    x = xp.ones(2)
    assert x.to_device(mx.cpu(0)) is x
    moved = x.to_device(mx.cpu(1))
    assert moved.device == mx.cpu(1)
    assert xp.zeros_like(moved).device == mx.cpu(1)
    assert (moved + 1).device == xp.add(moved, 1).device == mx.cpu(1)
    with pytest.raises(ValueError, match="stream"):
        x.to_device(mx.cpu(0), stream=1)
    with pytest.raises(ValueError, match="toaster"):
        x.to_device("toaster")


def test_dlpack_shares_memory_both_ways():
    x = xp.asarray([1.0, 2.0])
    assert x.__dlpack_device__() == (1, 0)
    host = np.from_dlpack(x)
    x[0] = 7
    assert host[0] == 7
    source = np.array([1.0, 2.0])
    y = xp.from_dlpack(source)
    source[1] = 9
    assert float(y[1]) == 9


@pytest.mark.parametrize("dtype", DTYPES)
def test_dlpack_carries_all_dtypes(dtype):
    host = numbers(dtype, 2, 3)
    assert_same(xp.from_dlpack(host), host)
    np.testing.assert_array_equal(np.from_dlpack(ours(host)), host)
    assert_same(xp.from_dlpack(ours(host)), host)


def test_dlpack_copies_when_asked():
    x = xp.asarray([1.0, 2.0])
    copied = xp.from_dlpack(x, copy=True)
    moved = xp.from_dlpack(x, device=mx.cpu(1))
    shared = xp.from_dlpack(x)
    x[0] = 7
    assert [float(v[0]) for v in (copied, moved, shared)] == [1, 1, 7]
    assert moved.device == mx.cpu(1)
    with pytest.raises(ParamError, match="copy=False"):
        xp.from_dlpack(x, device=mx.cpu(1), copy=False)


def test_arrays_from_arrays_share_or_copy_as_asked():
    x, host = xp.asarray([1.0, 2.0]), np.array([1.0, 2.0])
    assert xp.asarray(x) is x
    shared, copied = xp.asarray(host, copy=False), xp.asarray(host, copy=True)
    host[0] = 7
    assert (float(shared[0]), float(copied[0])) == (7, 1)
    with pytest.raises(ValueError, match="copy=False"):
        xp.asarray(host, dtype=xp.float32, copy=False)
    with pytest.raises(ValueError, match="copy=False"):
        xp.asarray([1.0], copy=False)


@pytest.mark.parametrize("place", [xp, mx.np], ids=["array_api", "np"])
def test_arrays_from_arrays_are_cast_to_any_dtype(place):
    for old in DTYPES:
        for new in NUMERIC if old not in COMPLEX else COMPLEX:
            dtype = getattr(xp, new)
            assert place.asarray(xp.ones(2, dtype=getattr(xp, old)), dtype=dtype).dtype == dtype


def test_reshape_copies_only_where_it_must():
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    assert np.shares_memory(xp.reshape(x, (4,), copy=False)._data, x._data)
    assert not np.shares_memory(xp.reshape(x, (4,), copy=True)._data, x._data)
    with pytest.raises(ValueError, match="copy=False"):
        xp.reshape(x.T, (4,), copy=False)


def test_astype_copies_unless_told():
    x = xp.asarray([1.0, 2.0])
    assert xp.astype(x, xp.float64, copy=False) is x
    assert xp.astype(x, xp.float64) is not x
    assert xp.astype(x, xp.complex64, device=mx.cpu(1)).device == mx.cpu(1)
    with pytest.raises(TypeError, match="imaginary"):
        xp.astype(xp.asarray([1j]), xp.float64)
