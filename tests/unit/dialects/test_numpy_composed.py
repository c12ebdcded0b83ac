"""Functions of `np` made of operators: NumPy's values, gradients by central differences."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd
from dlstudio.errors import IndexRangeError, ShapeError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
HOLES = np.where(X > 0.5, np.nan, X)
EMPTY = np.full((3, 4), np.nan)
MASK = np.array([True, False, True])

CASES = {
    "fmax": lambda F, x, y: F.fmax(x, y),
    "fmax of holes": lambda F, x, y: F.fmax(F.array(HOLES), x / 2),
    "fmin of a number": lambda F, x, y: F.fmin(0.2, x),
    "fmod": lambda F, x, y: F.fmod(x, 0.3),
    "cross": lambda F, x, y: F.cross(x, y, axis=0),
    "cross of two and three": lambda F, x, y: F.cross(x[:, :2], y[:, :3]),
    "cross of two": lambda F, x, y: F.cross(x[:, :2], y[:, :2]),
    "delete": lambda F, x, y: F.delete(x, [0, 2], axis=1),
    "delete of all axes": lambda F, x, y: F.delete(x, slice(1, 9, 3)),
    "delete by a mask": lambda F, x, y: F.delete(x, MASK, 0),
    "insert": lambda F, x, y: F.insert(x, 1, y[:, 0], axis=1),
    "insert of several rows": lambda F, x, y: F.insert(x, 1, y, axis=0),
    "insert at several places": lambda F, x, y: F.insert(x, [0, 2], y[:2], axis=0),
    "insert by a mask": lambda F, x, y: F.insert(x, MASK, 5.0, axis=0),
    "insert into all axes": lambda F, x, y: F.insert(x, [1, 1, 3], [1, 2, 3]),
    "cov": lambda F, x, y: F.cov(x, y),
    "cov of columns": lambda F, x, y: F.cov(x, rowvar=False, bias=True),
    "cov of a vector": lambda F, x, y: F.cov(x[0]),
    "corrcoef": lambda F, x, y: F.corrcoef(x[:2]),
    "nanmean": lambda F, x, y: F.nanmean(x + F.array(HOLES) * 0, axis=1),
    "nanmax": lambda F, x, y: F.nanmax(x + F.array(HOLES) * 0, axis=1, keepdims=True),
    "nanvar": lambda F, x, y: F.nanvar(x + F.array(HOLES) * 0, axis=1, ddof=1),
    "nanstd": lambda F, x, y: F.nanstd(x + F.array(HOLES) * 0, keepdims=True),
    "select": lambda F, x, y: F.select([x < -0.3, x < y], [x**2, 3 * x], 0.5),
    "select of numbers": lambda F, x, y: F.select([F.array(X < 0)], [1.0], x),
    "nanmin": lambda F, x, y: F.nanmin(x + F.array(HOLES) * 0),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional:DeprecationWarning")
def test_values_are_those_of_numpy_and_gradients_flow(case):
    function = CASES[case]
    x, y = (mx.np.array(values, dtype="float64") for values in (X, Y))
    x.attach_grad()
    with autograd.record():
        result = function(mx.np, x, y)
        loss = (result**2).sum()
    loss.backward()
    np.testing.assert_allclose(result.asnumpy(), function(np, X, Y), rtol=1e-10)
    direction, step = RNG.normal(size=X.shape), 1e-6
    ends = [(function(np, X + h * direction, Y) ** 2).sum() for h in (step, -step)]
    slope = (ends[0] - ends[1]) / (2 * step)
    # central differences err by about step^2 and rounding / step, both near 1e-9
    assert (x.grad.asnumpy() * direction).sum() == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_whole_numbers_have_no_holes():
    numbers = mx.np.array([[1, 5], [3, 2]], dtype="int32")
    assert mx.np.nanmax(numbers).dtype == np.int32
    assert mx.np.nanmin(numbers, axis=0).asnumpy().tolist() == [1, 2]
    assert mx.np.nanmean(numbers).item() == 2.75


def test_rows_without_a_number_stay_without():
    assert np.isnan(mx.np.nanmax(mx.np.array(EMPTY), axis=1).asnumpy()).all()


def test_weights_and_limits_are_left_to_numpy():
    x = mx.np.array(X)
    weights = mx.np.array([1, 2, 1, 1], dtype="int64")
    expected = np.cov(X, fweights=[1, 2, 1, 1])
    np.testing.assert_allclose(mx.np.cov(x, fweights=weights).asnumpy(), expected)
    assert mx.np.nanmax(x, initial=9.0) == 9
    assert mx.np.fmax(3, 4) == 4


def test_slips_teach():
    x = mx.np.array(X)
    with pytest.raises(IndexRangeError, match="index 9"):
        mx.np.delete(x, 9, axis=0)
    with pytest.raises(ShapeError, match="2 or 3 components"):
        mx.np.cross(x, x)
    with pytest.raises(ShapeError, match="does not broadcast"):
        mx.np.insert(x, 1, mx.np.ones(7), axis=1)


class Turned(mx.gluon.HybridBlock):
    def forward(self, x):
        F = mx.np
        return F.delete(F.cross(x, x[::-1]), 1, axis=1) + F.fmax(F.insert(x[:, :1], 0, 2.0, 1), 0.1)


def test_they_can_be_compiled():
    x = mx.np.array(X[:, :3])
    block = Turned()
    eager = block(x)
    block.hybridize()
    np.testing.assert_allclose(block(x).asnumpy(), eager.asnumpy())
    assert not block._dynamic
