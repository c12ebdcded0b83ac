import gc
import threading
import weakref

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, sym
from dlstudio.errors import ArgumentError, DeviceError, GradError, GraphError, StaleValueError
from dlstudio.graph import program
from dlstudio.graph.capture import CachedOp
from dlstudio.graph.on_tape import run_on_arrays
from tests.unit.graph.nets import lenet, tensors


@pytest.fixture
def poisoned():
    program.poison = True
    yield
    program.poison = False


def call(op, values):
    return op(*[values[name] for name in op.names])


def step(function, values, seed=3):
    """One training step: the output, all gradients, all states afterwards."""
    mx.random.seed(seed)
    with autograd.record():
        y = function()
        loss = (y * y).sum()
    loss.backward()
    return [y.asnumpy(), *(v.grad.asnumpy() for v in values.values() if v.grad is not None)]


@pytest.mark.usefixtures("poisoned")
def test_a_training_step_equals_the_tape():
    net = lenet(batch_norm=True, dropout=0.3)
    eager, compiled = tensors(net, data=(4, 1, 28, 28)), tensors(net, data=(4, 1, 28, 28))
    op = CachedOp(net)
    for _ in range(3):
        expected = step(lambda: run_on_arrays(net, eager)[0], eager)
        got = step(lambda: call(op, compiled), compiled)
        for a, b in zip(expected, got, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)
        for name in net.list_auxiliary_states():
            np.testing.assert_allclose(eager[name].asnumpy(), compiled[name].asnumpy(), rtol=1e-5)


@pytest.mark.usefixtures("poisoned")
def test_two_calls_before_one_backward_do_not_overwrite_each_other():
    net = sym.tanh(sym.FullyConnected(sym.tanh(sym.var("x")), num_hidden=3, name="fc"))
    values = tensors(net, x=(2, 3))
    op = CachedOp(net)
    a, b = mx.nd.array([[1, 2, 3], [4, 5, 6]]), mx.nd.array([[-1, 0, 1], [0.1, 0.2, 0.3]])

    def siamese(function):
        with autograd.record():
            loss = (function(a) * function(b)).sum()
        loss.backward()
        return values["fc_weight"].grad.asnumpy()

    got = siamese(lambda x: call(op, {**values, "x": x}))
    expected = siamese(lambda x: run_on_arrays(net, {**values, "x": x})[0])
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_outputs_of_earlier_calls_stay():
    op = CachedOp(sym.exp(sym.var("x")))
    first = op(mx.nd.zeros(3))
    second = op(mx.nd.ones(3))
    assert first.asnumpy().tolist() == [1, 1, 1]
    assert second.asnumpy()[0] > 2


def test_frames_return_when_backward_is_over_or_given_up():
    net = sym.tanh(sym.FullyConnected(sym.var("x"), num_hidden=3, name="fc"))
    values = tensors(net, x=(2, 3))
    op = CachedOp(net)
    for _ in range(5):
        with autograd.record():
            loss = call(op, values).sum()
        loss.backward()
    plan = op._last
    del loss
    assert len(plan.frames) == 1
    with autograd.record():
        forgotten = call(op, values)
    assert len(plan.frames) == 0
    del forgotten
    gc.collect()
    assert len(plan.frames) == 1


def test_gradients_go_straight_into_the_buffers():
    net = sym.FullyConnected(sym.var("x"), num_hidden=3, name="fc")
    values = tensors(net, x=(2, 3))
    buffer = values["fc_weight"].grad._data
    op = CachedOp(net)
    with autograd.record():
        loss = call(op, values).sum()
    loss.backward()
    assert values["fc_weight"].grad._data is buffer
    np.testing.assert_allclose(buffer, np.ones((3, 2)) @ values["x"].asnumpy(), rtol=1e-6)


def test_gradient_requests_add_and_null():
    net = sym.FullyConnected(sym.var("x"), num_hidden=3, name="fc")
    values = tensors(net, x=(2, 3))
    values["fc_weight"].attach_grad("add")
    values["fc_bias"].attach_grad("null")
    op = CachedOp(net)
    for _ in range(3):
        with autograd.record():
            loss = call(op, values).sum()
        loss.backward()
    expected = 3 * np.ones((3, 2)) @ values["x"].asnumpy()
    np.testing.assert_allclose(values["fc_weight"].grad.asnumpy(), expected, rtol=1e-5)


def test_a_parameter_used_by_two_blocks_gets_both_gradients():
    w = mx.nd.array([2.0])
    w.attach_grad()
    op = CachedOp(sym.var("x") * sym.var("w"))
    with autograd.record():
        y = op(mx.nd.array([3.0]), w)
        z = op(y, w)
    z.backward()
    assert w.grad.asscalar() == 2 * 3 * 2.0


def test_autograd_grad_leaves_buffers_alone():
    w = mx.nd.array([2.0])
    w.attach_grad()
    op = CachedOp(sym.square(sym.var("w")))
    with autograd.record():
        y = op(w)
    (g,) = autograd.grad(y, [w])
    assert g.asscalar() == 4.0
    assert w.grad.asscalar() == 0.0


def test_second_derivatives():
    w = mx.nd.array([2.0])
    w.attach_grad()
    v = sym.var("w")
    op = CachedOp(sym.square(v) * v)
    with autograd.record():
        y = op(w)
        (g,) = autograd.grad(y, [w], create_graph=True, retain_graph=True)
        h = g * g
    h.backward()
    assert g.asscalar() == 12.0  # 3 w²
    assert w.grad.asscalar() == 2 * 12.0 * 12.0  # d (9 w⁴) / dw = 36 w³


def test_second_derivative_draws_the_same_random_numbers():
    x = mx.nd.ones(100)
    x.attach_grad()
    op = CachedOp(sym.Dropout(sym.square(sym.var("x")), p=0.5))
    with autograd.record():
        y = op(x)
        (g,) = autograd.grad(y, [x], create_graph=True, retain_graph=True)
    np.testing.assert_allclose(g.asnumpy(), 2 * y.asnumpy())


@pytest.mark.usefixtures("poisoned")
def test_backward_twice_with_retain_graph():
    net = sym.tanh(sym.exp(sym.tanh(sym.var("x"))))
    x = mx.nd.array([0.1, 0.2])
    x.attach_grad()
    op = CachedOp(net)
    with autograd.record():
        y = op(x)
    y.backward(retain_graph=True)
    first = x.grad.asnumpy()
    y.backward()
    np.testing.assert_array_equal(first, x.grad.asnumpy())
    with pytest.raises(GradError, match="a second time"):
        y.backward()


def test_changing_a_parameter_before_backward_raises():
    net = sym.FullyConnected(sym.var("x"), num_hidden=3, name="fc")
    values = tensors(net, x=(2, 3))
    values["x"].attach_grad()
    op = CachedOp(net, title="net")
    with autograd.record():
        loss = call(op, values).sum()
    values["fc_weight"][:] = 0
    with pytest.raises(StaleValueError, match="fc_weight of net changed in place"):
        loss.backward()


def test_changing_what_backward_does_not_read_is_allowed():
    net = sym.FullyConnected(sym.var("x"), num_hidden=3, name="fc")
    values = tensors(net, x=(2, 3))
    op = CachedOp(net)
    with autograd.record():
        loss = call(op, values).sum()
    values["fc_bias"][:] = 0
    loss.backward()


def test_plans_are_made_per_shape_mode_and_request_and_found_again():
    op = CachedOp(sym.exp(sym.var("x")))
    a, b = mx.nd.ones(2), mx.nd.ones(3)
    for _ in range(2):
        op(a)
        op(b)
        with autograd.record():
            op(a)
        with autograd.train_mode():
            op(a)
    assert len(op._plans) == 3
    a.attach_grad()
    with autograd.record():
        op(a)
    assert len(op._plans) == 4


def test_another_array_for_a_parameter_is_noticed():
    op = CachedOp(sym.var("x") * sym.var("w"))
    x, w = mx.nd.ones(2), mx.nd.ones(2)
    for _ in range(3):
        op(x, w)
    assert op(x, mx.nd.array([5, 6])).asnumpy().tolist() == [5, 6]
    assert op(mx.nd.ones(3), mx.nd.array([1, 2, 3])).asnumpy().tolist() == [1, 2, 3]
    assert op(mx.nd.ones(2, dtype="float64"), mx.nd.ones(2, dtype="float64")).dtype == np.float64


def test_old_plans_are_dropped():
    op = CachedOp(sym.exp(sym.var("x")))
    for n in range(1, 80):
        op(mx.nd.ones(n))
    assert len(op._plans) == 64


def test_strided_inputs_are_read_right():
    op = CachedOp(sym.FullyConnected(sym.var("x"), sym.var("w"), num_hidden=2, no_bias=True))
    x = np.arange(6, dtype="f4").reshape(3, 2)
    turned = mx.nd.array(x).T
    out = op(turned, mx.nd.ones((2, 3)))
    np.testing.assert_allclose(out.asnumpy(), x.T @ np.ones((3, 2)))


def test_zero_size_inputs():
    op = CachedOp(sym.sum(sym.exp(sym.var("x")), axis=0))
    assert op(mx.nd.ones((0, 3))).asnumpy().tolist() == [0, 0, 0]


def test_several_outputs_come_as_a_list():
    x = sym.var("x")
    op = CachedOp(sym.Group([sym.exp(x), sym.tanh(x), x]))
    data = mx.nd.zeros(2)
    outs = op(data)
    assert [o.asnumpy().tolist() for o in outs] == [[1, 1], [0, 0], [0, 0]]
    outs[2][:] = 7
    assert data.asnumpy().tolist() == [0, 0], "an output never shares memory with an input"


def test_one_unused_output_has_gradient_zero():
    x = mx.nd.array([1.0, 2.0])
    x.attach_grad()
    v = sym.var("x")
    op = CachedOp(sym.Group([sym.square(v), sym.exp(v)]))
    with autograd.record():
        a, _ = op(x)
    a.backward()
    assert x.grad.asnumpy().tolist() == [2, 4]


def test_out_receives_the_result():
    op = CachedOp(sym.exp(sym.var("x")))
    target = mx.nd.zeros(2)
    assert op(mx.nd.zeros(2), out=target) is target
    assert target.asnumpy().tolist() == [1, 1]


def test_wrong_calls_are_refused():
    op = CachedOp(sym.var("x") * sym.var("w"), title="scale")
    with pytest.raises(ArgumentError, match="scale was called with 1 inputs"):
        op(mx.nd.ones(2))
    with pytest.raises(
        ArgumentError, match="scale was called with 2 inputs \\(ndarray, ndarray\\)"
    ):
        op(np.ones(2), np.ones(2))
    with pytest.raises(DeviceError, match="x on cpu\\(0\\), w on cpu\\(1\\)"):
        op(mx.nd.ones(2), mx.nd.ones(2, ctx=mx.cpu(1)))
    with pytest.raises(ArgumentError, match="has no plan yet"):
        CachedOp(sym.exp(sym.var("x"))).source  # noqa: B018


def test_a_block_runs_over_two_devices():
    with mx.AttrScope(ctx_group="a"):
        h = sym.tanh(sym.var("x") * sym.var("u"))
    with mx.AttrScope(ctx_group="b"):
        net = sym.tanh(h * sym.var("v"))
    op = CachedOp(net, {"group2ctx": {"a": mx.cpu(0), "b": mx.cpu(1)}})
    x, u, v = mx.nd.array([0.5]), mx.nd.array([0.7]), mx.nd.array([0.9], ctx=mx.cpu(1))
    u.attach_grad(), v.attach_grad()
    with autograd.record():
        y = op(x, u, v)
    y.backward()
    assert str(y.context) == str(v.grad.context) == "cpu(1)"
    assert str(u.grad.context) == "cpu(0)"
    h = np.tanh(0.5 * 0.7)
    np.testing.assert_allclose(y.asnumpy(), np.tanh(h * 0.9), rtol=1e-6)
    np.testing.assert_allclose(v.grad.asnumpy(), (1 - np.tanh(h * 0.9) ** 2) * h, rtol=1e-5)


def test_the_numpy_dialect_gets_its_own_arrays():
    op = CachedOp(sym.exp(sym.var("x")))
    assert type(op(mx.np.zeros(2))) is type(mx.np.zeros(2))


def test_threads_may_call_one_block():
    op = CachedOp(sym.tanh(sym.exp(sym.var("x"))))
    results = {}

    def work(i):
        x = mx.nd.array([i / 10.0] * 50)
        results[i] = [op(x).asnumpy() for _ in range(50)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i, outs in results.items():
        for out in outs:
            np.testing.assert_allclose(out, np.tanh(np.exp(np.full(50, i / 10.0))), rtol=1e-5)


def test_data_is_not_kept_alive_by_the_plan():
    op = CachedOp(sym.exp(sym.var("x")))
    x = mx.nd.ones(1000)
    memory = weakref.ref(x._data)
    op(x)
    del x
    gc.collect()
    assert memory() is None


def test_reading_a_value_that_shares_memory_with_no_one():
    op = CachedOp(sym.transpose(sym.exp(sym.var("x"))))
    first = op(mx.nd.zeros((2, 3)))
    op(mx.nd.ones((2, 3)))
    assert first.asnumpy().tolist() == [[1, 1]] * 3


def test_shapes_that_depend_on_values_run_eagerly_with_one_warning():
    net = sym.contrib.boolean_mask(sym.var("x"), sym.var("mask")) * 2
    op = CachedOp(net, title="pick")
    x = mx.nd.array([1, 2, 3])
    with pytest.warns(UserWarning, match="pick runs operator by operator: the shape that"):
        assert op(x, mx.nd.array([1, 0, 1])).asnumpy().tolist() == [2, 6]
    assert op(x, mx.nd.array([0, 0, 1])).asnumpy().tolist() == [6]
    with pytest.raises(GraphError, match="depends on values"):
        net.bind(mx.cpu(), [x, x]).forward()


def test_changing_an_output_that_backward_reads_raises():
    x = mx.nd.array([1.0])
    x.attach_grad()
    op = CachedOp(sym.exp(sym.var("x"), name="e"))
    with autograd.record():
        y = op(x)
    y[:] = 0
    with pytest.raises(StaleValueError, match="e_output"):
        y.backward()
