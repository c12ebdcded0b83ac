"""Writing recorded values into an array: gradients flow to what was written."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd


def filled(xp, key, shape=(3, 2), value=(1.0, 2.0)):
    v = xp.array(value)
    v.attach_grad()
    with autograd.record():
        x = xp.zeros(shape)
        x[key] = v * 2
        loss = (x * x).sum()
    loss.backward()
    return v.grad.asnumpy().tolist()


@pytest.mark.parametrize("xp", [mx.nd, mx.np], ids=["nd", "np"])
@pytest.mark.parametrize(
    ("key", "times"), [(1, 1), (slice(None), 3), (slice(0, 2), 2), ([0, 2], 2), (Ellipsis, 3)]
)
def test_gradients_reach_the_value(xp, key, times):
    assert filled(xp, key) == [8.0 * times, 16.0 * times]


def test_a_loop_fills_an_array_row_by_row():
    w = mx.nd.array([2.0])
    w.attach_grad()
    with autograd.record():
        x = mx.nd.zeros((3, 1))
        for i in range(3):
            x[i] = w * (i + 1)
        loss = x.sum()
    loss.backward()
    assert w.grad.asscalar() == 6.0


def test_what_is_written_over_gets_no_gradient():
    v, w = mx.np.array([1.0]), mx.np.array([1.0])
    for x in (v, w):
        x.attach_grad()
    with autograd.record():
        x = mx.np.zeros((2,))
        x[:] = v
        x[mx.np.array([1])] = w * 3
        loss = (x * mx.np.array([5.0, 7.0])).sum()
    loss.backward()
    assert (v.grad.item(), w.grad.item()) == (5.0, 21.0)


def test_second_derivatives_pass_through_a_write():
    v = mx.np.array([2.0])
    v.attach_grad()
    with autograd.record():
        x = mx.np.zeros((2,))
        x[1] = (v**3)[0]
        first = autograd.grad((x * x).sum(), [v], create_graph=True)[0]
    first.backward()
    np.testing.assert_allclose(v.grad.asnumpy(), 30 * 2.0**4)


def test_arrays_of_the_tape_refuse_writes_as_in_mxnet():
    v = mx.nd.array([1.0, 2.0])
    v.attach_grad()
    with autograd.record():
        y = v * 2
        for x, value in ((y, 5), (y, v[0]), (v, v[0])):
            with pytest.raises(mx.MXNetError, match="in place"):
                x[0] = value


@pytest.mark.parametrize("space", [mx.nd, mx.np])
def test_gradients_flow_to_what_is_added_in_place(space):
    x = space.array([1, 2, 3])
    x.attach_grad()
    with autograd.record():
        total = space.zeros(3)
        total += x * x
        loss = (total + x).sum()
    loss.backward()
    assert x.grad.asnumpy().tolist() == [3, 5, 7]
    with autograd.record():
        total = space.ones(3)
        total[1:] *= x[1:]  # a view, written back into the array
        loss = (total * 2).sum()
    loss.backward()
    assert x.grad.asnumpy().tolist() == [0, 2, 2]
