"""`mx.np` against NumPy: functions whose arguments are more than arrays and attributes."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd
from dlstudio.errors import ArgumentError, GradError, ParamError

X = np.random.default_rng(0).standard_normal((3, 4)).astype("float32")
V = np.array([3.0, 1.0, 2.0, 5.0], "float32")

SAME = {
    "ravel F": lambda m, x, v: m.ravel(x, order="F"),
    "rot90": lambda m, x, v: m.rot90(x, 3),
    "rollaxis": lambda m, x, v: m.rollaxis(x, 1),
    "atleast_3d": lambda m, x, v: m.atleast_3d(v),
    "vstack": lambda m, x, v: m.vstack([x, v]),
    "hstack": lambda m, x, v: m.hstack([v, v]),
    "dstack": lambda m, x, v: m.dstack([x, x]),
    "column_stack": lambda m, x, v: m.column_stack([v, v]),
    "append": lambda m, x, v: m.append(x, v),
    "meshgrid": lambda m, x, v: m.meshgrid(v, v[:2])[1],
    "meshgrid ij": lambda m, x, v: m.meshgrid(v, v[:2], indexing="ij")[0],
    "dot": lambda m, x, v: m.dot(x, v),
    "inner": lambda m, x, v: m.inner(x, v),
    "outer": lambda m, x, v: m.outer(v, v),
    "kron": lambda m, x, v: m.kron(x, v),
    "tensordot": lambda m, x, v: m.tensordot(x, x, axes=((0, 1), (0, 1))),
    "ptp": lambda m, x, v: m.ptp(x, axis=0),
    "diff": lambda m, x, v: m.diff(x, 2),
    "ediff1d": lambda m, x, v: m.ediff1d(v, to_end=9.0),
    "median": lambda m, x, v: m.median(x, axis=1),
    "percentile": lambda m, x, v: m.percentile(x, 30.0, axis=0),
    "quantiles": lambda m, x, v: m.quantile(x, [0.1, 0.6], axis=1, keepdims=True),
    "average": lambda m, x, v: m.average(x, axis=1, weights=v),
    "nansum": lambda m, x, v: m.nansum(x, axis=0),
    "resize": lambda m, x, v: m.resize(v, (2, 5)),
    "where": lambda m, x, v: m.where(x > 0, x, -x),
    "nonzero": lambda m, x, v: m.nonzero(x > 0)[1],
    "flatnonzero": lambda m, x, v: m.flatnonzero(x > 0),
    "argwhere": lambda m, x, v: m.argwhere(x > 0),
    "take": lambda m, x, v: m.take(v, m.array([0, 2]).astype("int64")),
    "roll": lambda m, x, v: m.roll(x, 2, axis=1),
    "pad": lambda m, x, v: m.pad(x, ((1, 0), (2, 1)), mode="edge"),
    "tril": lambda m, x, v: m.tril(x, 1),
    "trace": lambda m, x, v: m.trace(x),
    "diagonal": lambda m, x, v: m.diagonal(x, 1),
    "interp": lambda m, x, v: m.interp(v, m.array([0.0, 6.0]), m.array([0.0, 3.0])),
    "cov": lambda m, x, v: m.cov(x),
    "unique": lambda m, x, v: m.unique(v),
    "hypot with a number": lambda m, x, v: m.hypot(x, 3.0),
    "number on the left": lambda m, x, v: m.subtract(1.0, x),
    "power of a number": lambda m, x, v: m.power(2.0, x),
    "norm": lambda m, x, v: m.linalg.norm(x, "fro"),
    "matrix_power": lambda m, x, v: m.linalg.matrix_power(x[:, :3], 3),
    "multi_dot": lambda m, x, v: m.linalg.multi_dot([x, x.T, x]),
}


@pytest.mark.parametrize("name", SAME)
def test_values_are_numpys(name):
    ours = SAME[name](mx.np, mx.np.array(X), mx.np.array(V))
    theirs = np.asarray(SAME[name](np, X, V))
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(np.asarray(ours.asnumpy()), theirs, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("cut", ["split", "array_split", "hsplit", "vsplit"])
def test_cuts_are_numpys(cut):
    wide = X.T if cut != "hsplit" else X
    ours, theirs = getattr(mx.np, cut)(mx.np.array(wide), 2), getattr(np, cut)(wide, 2)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.asnumpy(), other)


def test_two_numbers_give_numpys_number():
    assert mx.np.add(3, 2) == 5
    assert isinstance(mx.np.divide(3, 2), np.floating)


def test_where_takes_both_or_neither():
    with pytest.raises(ArgumentError, match="both x and y"):
        mx.np.where(mx.np.ones(2), mx.np.ones(2))


def test_einsum_wants_its_letters_first():
    with pytest.raises(ArgumentError, match="first argument is not a string"):
        mx.np.einsum(mx.np.ones(2))


def test_a_quantile_outside_its_range_is_refused():
    with pytest.raises(ParamError, match="must lie in 0 … 100"):
        mx.np.percentile(mx.np.ones(3), 120.0)


def test_gradients_flow_through_order_statistics():
    x = mx.np.array([3.0, 1.0, 2.0, 7.0])
    x.attach_grad()
    with autograd.record():
        y = mx.np.median(x)
    y.backward()
    assert x.grad.asnumpy().tolist() == [0.5, 0, 0.5, 0]


def test_masked_softmax_gives_nothing_to_hidden_places():
    data, mask = mx.np.array([[1.0, 2.0, 3.0]]), mx.np.array([[1, 0, 1]])
    shares = mx.npx.masked_softmax(data, mask).asnumpy()
    assert shares[0, 1] == 0
    assert abs(shares.sum() - 1) < 1e-6


def test_index_add_adds_repeated_positions_up():
    x = mx.npx.index_add(mx.np.zeros(3), mx.np.array([[1, 1, 2]]), mx.np.array([1.0, 2.0, 4.0]))
    assert x.asnumpy().tolist() == [0, 3, 4]


def test_a_constraint_that_does_not_hold_says_so():
    with pytest.raises(ValueError, match="variance"):
        mx.npx.constraint_check(mx.np.array([1.0, -1.0]) > 0, "the variance must be positive")


def test_backward_does_not_pass_over_functions_without_gradient():
    """It would leave a part of the gradient out without a word."""
    x = mx.np.array([1.0, 2.0, 3.0])
    x.attach_grad()
    with autograd.record():
        y = x.sum() + mx.np.sinc(x).sum()
    with pytest.raises(GradError, match=r"np\.sinc has no gradient"):
        y.backward()
    with autograd.record():
        places, counts = mx.np.argpartition(x, 1), mx.np.histogram(x.detach())[0]
        y = (x * places).sum() + x.sum() * counts.sum() + mx.np.sinc(x.detach()).sum()
    y.backward()
    assert x.grad.tolist() == [3, 4, 5]
