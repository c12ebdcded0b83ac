"""nd.contrib.foreach, while_loop and cond: values, gradients, nesting, errors."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio.errors import ArgumentError, ParamError, ShapeError


def listed(x):
    return x.asnumpy().tolist()


# foreach --------------------------------------------------------------------------------------
def test_foreach_stacks_outputs_and_hands_states_on():
    outputs, states = nd.contrib.foreach(
        lambda x, s: (x * s[0], [s[0] + 1]), nd.array([[1, 2], [3, 4], [5, 6]]), [nd.ones(2)]
    )
    assert listed(outputs) == [[1, 2], [6, 8], [15, 18]]
    assert listed(states[0]) == [4, 4]


def test_foreach_keeps_the_nesting():
    def body(xs, states):
        (a, (b,)), s = xs, states
        return [a + b, [a - b, s]], s + a

    a, b = nd.array([1, 2, 3]), nd.array([4, 5, 6])
    outputs, state = nd.contrib.foreach(body, [a, [b]], nd.zeros(1))
    assert listed(outputs[0]) == [[5], [7], [9]]
    assert listed(outputs[1][0]) == [[-3], [-3], [-3]]
    assert listed(outputs[1][1]) == [[0], [1], [3]]
    assert listed(state) == [6]


def test_foreach_has_the_gradient_of_the_written_out_recurrence():
    weight, data = nd.array([[0.5, -0.2], [0.1, 0.8]]), nd.array(np.arange(8).reshape(4, 2) / 8)
    gradients = []
    for run in ("foreach", "loop"):
        for leaf in (weight, data):
            leaf.attach_grad()
        with autograd.record():
            state = nd.zeros((1, 2))

            def step(x, s):
                s = nd.tanh(nd.dot(s, weight) + x)
                return s, s

            if run == "foreach":
                outputs, state = nd.contrib.foreach(step, data, state)
                loss = (outputs**2).sum() + state.sum()
            else:
                loss = 0
                for t in range(4):
                    output, state = step(data[t], state)
                    loss = loss + (output**2).sum()
                loss = loss + state.sum()
        loss.backward()
        gradients.append((weight.grad.asnumpy(), data.grad.asnumpy()))
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_foreach_refuses_uneven_empty_and_foreign_data():
    def body(x, s):
        return x, s

    with pytest.raises(ShapeError, match="arrays of one length"):
        nd.contrib.foreach(body, [nd.ones(2), nd.ones(3)], nd.ones(1))
    with pytest.raises(ShapeError, match="at least 1"):
        nd.contrib.foreach(body, nd.ones((0, 2)), nd.ones(1))
    with pytest.raises(ArgumentError, match="data holds a ndarray"):
        nd.contrib.foreach(body, np.ones(2), nd.ones(1))
    with pytest.raises(ArgumentError, match="body returned int"):
        nd.contrib.foreach(lambda x, s: 3, nd.ones(2), nd.ones(1))


def test_outputs_of_changing_nesting_are_refused():
    def body(x, s):
        return ([x], s + 1) if s.asscalar() else ([x, x], s + 1)

    with pytest.raises(ShapeError, match="another nesting"):
        nd.contrib.foreach(body, nd.ones(3), nd.zeros(1))


# while_loop -----------------------------------------------------------------------------------
def test_while_loop_pads_with_zeros_up_to_its_maximum():
    outputs, (i, s) = nd.contrib.while_loop(
        lambda i, s: i < 3,
        lambda i, s: ([s, i], [i + 1, s * 2]),
        [nd.array([0]), nd.array([1])],
        max_iterations=5,
    )
    assert listed(outputs[0]) == [[1], [2], [4], [0], [0]]
    assert listed(outputs[1]) == [[0], [1], [2], [0], [0]]
    assert (listed(i), listed(s)) == ([3], [8])


def test_while_loop_stops_at_its_maximum():
    outputs, x = nd.contrib.while_loop(lambda x: True, lambda x: (x, x + 1), nd.array([1]), 2)
    assert listed(outputs) == [[1], [2]]
    assert listed(x) == [3]


def test_while_loop_may_have_no_output_and_no_step():
    def count(i):
        return None, i + 1

    assert nd.contrib.while_loop(lambda i: i < 2, count, [nd.array([0])], 9)[0] == []
    outputs, i = nd.contrib.while_loop(lambda i: i < 0, count, nd.array([5]), 9)
    assert outputs == []
    assert listed(i) == [5]


def test_while_loop_has_gradients_through_all_its_steps():
    x = nd.array([2.0])
    x.attach_grad()
    with autograd.record():
        outputs, (_, power) = nd.contrib.while_loop(
            lambda i, p: i < 3, lambda i, p: (p, (i + 1, p * x)), [nd.zeros(1), x], 6
        )
        total = outputs.sum() + power
    total.backward()  # x + x² + x³ + x⁴
    assert listed(x.grad) == [1 + 2 * 2 + 3 * 4 + 4 * 8]


def test_while_loop_refuses_missing_limits_and_vague_conditions():
    x = nd.ones(2)
    with pytest.raises(ParamError, match="max_iterations=None"):
        nd.contrib.while_loop(lambda x: True, lambda x: (x, x), x)
    with pytest.raises(ParamError, match="at least one loop variable"):
        nd.contrib.while_loop(lambda: True, lambda: ([], []), [], 3)
    with pytest.raises(ShapeError, match=r"cond is an array of shape \(2,\)"):
        nd.contrib.while_loop(lambda x: x < 3, lambda x: (x, x), x, 3)


# cond -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("sign", "gradient"), [(1.0, 2.0), (-1.0, 3.0)])
def test_cond_runs_one_branch_and_has_its_gradient(sign, gradient):
    x = nd.array([sign])
    x.attach_grad()
    with autograd.record():
        y = nd.contrib.cond(x > 0, lambda: 2 * x, lambda: 3 * x)
    y.backward()
    assert listed(x.grad) == [gradient]


def test_cond_refuses_many_elements():
    with pytest.raises(ShapeError, match="pred is an array"):
        nd.contrib.cond(nd.ones(3), lambda: 1, lambda: 2)


def test_a_hybridized_block_may_loop():
    class Sum(mx.gluon.HybridBlock):
        def forward(self, x):
            return nd.contrib.foreach(lambda a, s: (a + s, a + s), x, nd.zeros(2))[0]

    net, x = Sum(), nd.array([[1, 2], [3, 4], [5, 6]])
    eager = listed(net(x))
    net.hybridize()
    assert listed(net(x)) == eager == [[1, 2], [4, 6], [9, 12]]
