"""Laws of the standard for any shapes and dtypes: broadcasting, promotion, folds, order, sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlstudio import array_api as xp
from tests.unit.array_api.compare import assert_same, ours
from tests.unit.array_api.standard import INTEGERS, REAL

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
FEW = settings(max_examples=40, deadline=None, derandomize=True)
SMALL = {"min_dims": 0, "max_dims": 3, "min_side": 0, "max_side": 4}


def elements(dtype):
    kind = np.dtype(dtype).kind
    if kind == "f":
        return st.floats(-100, 100, width=32)
    return st.integers(0 if kind == "u" else -100, 100)


def arrays(dtypes, **options):
    shapes = hnp.array_shapes(**{**SMALL, **options})
    return st.sampled_from(dtypes).flatmap(
        lambda dtype: hnp.arrays(dtype, shapes, elements=elements(dtype))
    )


@st.composite
def pairs(draw, dtypes):
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)
    ).input_shapes
    dtype = draw(st.sampled_from(dtypes))
    return [draw(hnp.arrays(dtype, s, elements=elements(dtype))) for s in shapes]


@FEW
@given(pairs([*INTEGERS, *REAL]), st.sampled_from(["add", "multiply", "maximum", "less", "equal"]))
def test_two_arrays_broadcast_as_in_numpy(both, name):
    found = getattr(xp, name)(ours(both[0]), ours(both[1]))
    assert_same(found, getattr(np, name)(*both))


@FEW
@given(arrays([*INTEGERS, *REAL]), st.sampled_from(["sum", "prod", "any", "all"]), st.data())
def test_folds_over_any_axes(x, name, data):
    axes = data.draw(st.none() | st.sets(st.integers(-x.ndim, x.ndim - 1)) if x.ndim else st.none())
    if axes is not None:
        axes = tuple({a % x.ndim for a in axes})
    options = {"axis": axes, "keepdims": data.draw(st.booleans())}
    assert_same(getattr(xp, name)(ours(x), **options), getattr(np, name)(x, **options), 1e-3)


@FEW
@given(arrays([*INTEGERS, *REAL], min_dims=1), st.booleans())
def test_sorted_elements_are_those_at_the_sorted_positions(x, descending):
    own = ours(x)
    order = xp.argsort(own, descending=descending)
    assert_same(xp.take_along_axis(own, order), xp.sort(own, descending=descending).asnumpy())
    np.testing.assert_array_equal(np.sort(x), np.sort(xp.sort(own).asnumpy()))


@FEW
@given(arrays([*INTEGERS, *REAL]))
def test_unique_values_and_positions_restore_the_array(x):
    values, first, inverse, counts = (part.asnumpy() for part in xp.unique_all(ours(x)))
    np.testing.assert_array_equal(values[inverse], x)
    np.testing.assert_array_equal(x.reshape(-1)[first], values)
    assert counts.sum() == x.size


@FEW
@given(arrays([*INTEGERS, *REAL], min_dims=1), st.data())
def test_slices_unstacked_stack_to_the_array(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    parts = xp.unstack(ours(x), axis=axis)
    assert len(parts) == x.shape[axis]
    if parts:
        assert_same(xp.stack(parts, axis=axis), x)


@FEW
@given(arrays([*INTEGERS, *REAL], min_dims=1), st.data())
def test_differences_add_up_again(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    steps = xp.diff(ours(x), axis=axis)
    assert_same(steps, np.diff(x, axis=axis))


@FEW
@given(arrays([*INTEGERS, *REAL], min_dims=1), st.data())
def test_basic_indexing_reads_and_writes_as_in_numpy(x, data):
    key = data.draw(hnp.basic_indices(x.shape, allow_newaxis=True, allow_ellipsis=True))
    own = ours(x)
    assert_same(own[key], np.asarray(x[key]))
    own[key] = 3
    x[key] = 3
    assert_same(own, x)


@FEW
@given(arrays(REAL, min_dims=1, min_side=1), st.data())
def test_index_arrays_read_as_in_numpy(x, data):
    key = data.draw(hnp.integer_array_indices(x.shape))
    assert_same(ours(x)[tuple(map(ours, key))], x[key])


@FEW
@given(st.lists(hnp.array_shapes(**SMALL), min_size=1, max_size=3))
def test_shapes_broadcast_as_in_numpy(shapes):
    try:
        expected = np.broadcast_shapes(*shapes)
    except ValueError:
        with pytest.raises(ValueError, match="broadcast"):
            xp.broadcast_shapes(*shapes)
    else:
        assert xp.broadcast_shapes(*shapes) == expected
