"""What can be done with arrays whose values are still to come, and what cannot."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio.core import late
from dlstudio.errors import MXNetError, ShapeError, WaitingError

X = np.arange(12, dtype="float32").reshape(3, 4) ** 2


@pytest.fixture(autouse=True)
def _nothing_left():
    yield
    late.give_up()
    gc.collect()
    assert not late.alive


def _normalised(x: Any, place: int) -> Any:
    """Half of X on one device, normalised together with the other half."""
    part = x.as_in_context(mx.cpu(place))
    vectors = [nd.ones(4, mx.cpu(place)) for _ in range(4)]
    return nd.contrib.SyncBatchNorm(part, *vectors, ndev=2, key="late", fix_gamma=False)


class Square(autograd.Function):
    def forward(self, x):
        self.save_for_backward(x)
        return x * x

    def backward(self, dy):
        return dy * 2 * self.saved_tensors[0]


PROGRAMS = {
    "arithmetic": lambda x: (2 * x + 1) / (x * x + 3) - x,
    "methods": lambda x: x.reshape((2, -1)).transpose().sum(axis=0),
    "several outputs": lambda x: sum(nd.split(x, 2, axis=1)),
    "row": lambda x: x[1] * 2,
    "slice": lambda x: x[1:, ::2],
    "places": lambda x: nd.take(x, nd.array([0, 2])),
    "advanced": lambda x: x[nd.array([0, 2])],
    "cast": lambda x: x.astype("float64").astype("float32"),
    "detached": lambda x: x * x.detach(),
    "other dialect": lambda x: mx.np.exp(x.as_np_ndarray() * 0.1).as_nd_ndarray(),
    "other device": lambda x: x.as_in_context(mx.cpu(3)).exp().as_in_context(mx.cpu(0)),
    "copy": lambda x: x.copy() * 3,
    "function": lambda x: Square()(x) + x,
    "composite": lambda x: nd.softmax_cross_entropy(x, nd.array([0, 1, 2])),
    "shape of another": lambda x: nd.reshape_like(nd.ones(12), x) * x,
    "iteration": lambda x: nd.concat(*[row * 2 for row in x], dim=0),
    "zeros like it": lambda x: nd.zeros_like(x) + x,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_go_on(name):
    """Values and gradients are those of the same program on arrays that are there."""
    program = PROGRAMS[name]
    results = []
    for late_one in (True, False):
        x, other = nd.array(X), nd.array(X * 2, mx.cpu(1))
        x.attach_grad()
        with autograd.record():
            if late_one:
                y = _normalised(x, 0)
                out = program(y)
                assert not isinstance(out._data, np.ndarray)
                second = _normalised(other, 1)
            else:
                second = _normalised(other, 1)
                y = _normalised(x, 0)
                out = program(y)
            total = out.sum() + second.sum().as_in_context(mx.cpu(0))
        total.backward()
        results.append((out.asnumpy(), x.grad.asnumpy()))
    (a, ga), (b, gb) = results
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ga, gb, rtol=1e-4, atol=1e-5)


def test_views_of_late_arrays_are_copies_once_written():
    with autograd.record():
        y = _normalised(nd.array(X), 0)
        turned = y.T
        _normalised(nd.array(X * 2), 1)
    before = turned.asnumpy()
    y[:] = 0
    np.testing.assert_array_equal(turned.asnumpy(), before)


def test_what_is_written_after_a_call_does_not_show_in_it():
    x, factor = nd.array(X), nd.ones(4)
    kept = x.copy()
    with autograd.record():
        y = _normalised(x, 0)
        z = y * factor
    factor[:] = 0
    x[:] = 0
    with autograd.record():
        _normalised(nd.array(X * 2), 1)
        other = _normalised(kept, 0)
        _normalised(nd.array(X * 2), 1)
    np.testing.assert_array_equal(y.asnumpy(), other.asnumpy())
    np.testing.assert_array_equal(z.asnumpy(), other.asnumpy())


@pytest.mark.parametrize("late_one", [True, False])
def test_attach_grad_cuts_what_follows_from_what_was(late_one):
    x, other = nd.array(X), nd.array(X * 2, mx.cpu(1))
    x.attach_grad()
    with autograd.record():
        if not late_one:
            second = _normalised(other, 1)
        y = _normalised(x, 0)
        before = y * nd.array(X)
        apart = y.detach()
        for cut in (y, apart):
            cut.attach_grad()
        after = y**2 + apart**3
        if late_one:
            second = _normalised(other, 1)
    autograd.backward([before, after, second])
    np.testing.assert_allclose(y.grad.asnumpy(), 2 * y.asnumpy(), rtol=1e-6)
    np.testing.assert_allclose(apart.grad.asnumpy(), 3 * y.asnumpy() ** 2, rtol=1e-5)
    cut_off = x.grad.copy()
    with autograd.record():
        parts = [_normalised(x, 0) * nd.array(X), _normalised(other, 1)]
    autograd.backward(parts)
    np.testing.assert_array_equal(cut_off.asnumpy(), x.grad.asnumpy())


def test_calls_of_one_layer_meet_in_the_order_of_the_program():
    """The second one, of what the first has given, arrives after the third."""
    results = []
    for place in (0, 1):
        x = nd.array(X + place)
        with autograd.record():
            first = _normalised(x, place)
            second = _normalised(first * first + 3, place)
            third = _normalised(x**2, place)
        results.append((first, second, third))
    whole = [np.concatenate([r[i].asnumpy() for r in results]) for i in range(3)]
    given = np.concatenate([X, X + 1])
    for found, values in zip(whole, (given, whole[0] ** 2 + 3, given**2), strict=True):
        expected = (values - values.mean(0)) / np.sqrt(values.var(0) + 1e-3) + 1
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_random_numbers_are_drawn_once():
    with autograd.record():
        y = _normalised(nd.array(X), 0)
        dropped = nd.Dropout(y, p=0.5)
        total = (dropped * 1).sum()
        _normalised(nd.array(X * 2), 1)
    assert total.asscalar() == pytest.approx(dropped.asnumpy().sum(), rel=1e-5)


READERS = {
    "asnumpy": lambda x: x.asnumpy(),
    "asscalar": lambda x: x.sum().asscalar(),
    "float": lambda x: float(x.sum()),
    "bool": lambda x: bool(x.sum() > 0),
    "print": str,
    "numpy": np.asarray,
    "tolist": lambda x: x.tolist(),
    "wait": lambda x: x.wait_to_read(),
    "write into": lambda x: nd.zeros(X.shape).__setitem__(slice(None), x),
    "write to": lambda x: x.__setitem__(0, 1),
    "grad": lambda x: autograd.grad(x.sum(), [x]),
    "mask": lambda x: nd.contrib.boolean_mask(x, nd.array([1, 0, 1])),
    "save": lambda x: nd.save("/nowhere/x", x),
    "dlpack": lambda x: x.__dlpack__(),
    "symbol": autograd.get_symbol,
}


@pytest.mark.parametrize("name", READERS)
def test_reading_is_an_error(name):
    with autograd.record():
        y = _normalised(nd.array(X), 0)
    with pytest.raises(MXNetError, match=r"not computed yet: .* called on cpu\(0\)"):
        READERS[name](y)
    assert not late.visits


def test_mistakes_are_told_at_once():
    with autograd.record():
        y = _normalised(nd.array(X), 0)
        with pytest.raises(ShapeError):
            nd.dot(y, nd.ones((3, 2)))


def test_an_error_in_what_was_put_off_ends_the_waiting(monkeypatch):
    with autograd.record():
        y = _normalised(nd.array(X), 0)
        z = y * 2
        calls = [ref() for ref in y._data.call.followers]

        def fail():
            raise ZeroDivisionError

        calls[0].run = fail
        with pytest.raises(ZeroDivisionError):
            _normalised(nd.array(X * 2), 1)
    with pytest.raises(WaitingError):
        z.asnumpy()


def test_backward_of_a_forgotten_loss_is_not_forgotten():
    x, other = nd.array(X), nd.array(X * 2, mx.cpu(1))
    x.attach_grad()
    other.attach_grad()
    for part, place in ((x, 0), (other, 1)):
        with autograd.record():
            loss = (_normalised(part, place) ** 3).sum()
        loss.backward()
    together = nd.array(np.concatenate([X, X * 2]))
    together.attach_grad()
    with autograd.record():
        vectors = [nd.ones(4) for _ in range(4)]
        loss = (nd.BatchNorm(together, *vectors, fix_gamma=False) ** 3).sum()
    loss.backward()
    found = np.concatenate([x.grad.asnumpy(), other.grad.asnumpy()])
    np.testing.assert_allclose(found, together.grad.asnumpy(), rtol=1e-3, atol=1e-4)


def test_sums_in_place_across_devices():
    """``total += loss`` in the loop over devices; views of the total see it afterwards."""
    total, counts = nd.zeros(1), nd.array([1.0, 2.0])
    total += 1
    view = total[0:1]
    for i in range(2):
        with autograd.record():
            y = _normalised(nd.array(X * (i + 1), mx.cpu(i)), i)
            loss = (y * y).sum()
        total += loss.as_in_context(mx.cpu(0))
        total += 0.5
        counts *= 2
    assert total.asscalar() == pytest.approx(1 + 48 + 1, rel=1e-4)  # normalised, plus 1: squares
    assert view.asscalar() == total.asscalar()
    assert counts.asnumpy().tolist() == [4, 8]


def test_a_result_to_come_changed_in_place():
    with autograd.record():
        y = _normalised(nd.array(X), 0)
    z = y * 2
    z += 1
    z *= y
    with autograd.record():
        _normalised(nd.array(X * 2), 1)
        _normalised(nd.array(X * 2, mx.cpu(1)), 1)
    expected = y.asnumpy()
    np.testing.assert_allclose(z.asnumpy(), (expected * 2 + 1) * expected, rtol=1e-5)
