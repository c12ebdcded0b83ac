"""Compiled blocks under the debugger."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon
from dlstudio.errors import ArgumentError
from dlstudio.graph.capture import CachedOp
from tests.unit.graph.debugging.nets import assert_equal


def network():
    mx.random.seed(5)
    np.random.seed(5)
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(
            gluon.nn.Conv2D(4, 3, activation="relu"), gluon.nn.BatchNorm(), gluon.nn.Flatten(),
            gluon.nn.Dropout(0.5), gluon.nn.Dense(3),
        )  # fmt: skip
    net.initialize(mx.init.Xavier())
    net.hybridize()
    x = mx.nd.array(np.random.default_rng(0).standard_normal((2, 2, 6, 6)))
    net(x)
    mx.random.seed(6)
    return net, x


def left_behind(net, *arrays):
    found = {f"array{i}": x.asnumpy() for i, x in enumerate(arrays)}
    for name, p in net.collect_params().items():
        found[name] = p.data().asnumpy()
        if p.grad_req != "null":
            found[f"{name} grad"] = p.grad().asnumpy()
    return found | {"next draw": mx.nd.random.uniform(shape=(3,)).asnumpy()}


def trained(grad_req="write"):
    net, x = network()
    net.collect_params("(?!.*running).*").setattr("grad_req", grad_req)
    x.attach_grad()
    with autograd.record():
        y = net(x)
    y.backward()
    return left_behind(net, y, x.grad)


@pytest.mark.parametrize("grad_req", ["write", "add"])
def test_a_debugged_block_leaves_what_a_recorded_call_leaves(grad_req):
    net, x = network()
    net.collect_params("(?!.*running).*").setattr("grad_req", grad_req)
    x.attach_grad()
    debugger = mx.graph.debug(net, x)
    debugger.run_to(3).restart().run_to(nan=True).restart()
    while not debugger.finished:
        debugger.step()
    assert_equal(left_behind(net, debugger.result, x.grad), trained(grad_req))


def test_a_finished_run_of_a_block_may_start_again():
    net, x = network()
    net.collect_params("(?!.*running).*").setattr("grad_req", "add")
    x.attach_grad()
    debugger = mx.graph.debug(net, x).cont().restart().cont()
    assert_equal(left_behind(net, debugger.result, x.grad), trained("add"))


def test_the_gradient_of_a_loss_runs_through_a_debugged_forward():
    def loss_of(y):
        return (y * y).sum()

    net, x = network()
    with autograd.record():
        loss_of(net(x)).backward()
    expected = left_behind(net)
    net, x = network()
    debugger = mx.graph.debug(net, x, backward=False).cont()
    with autograd.record():
        loss = loss_of(debugger.result)
    loss.backward()
    assert_equal(left_behind(net), expected)


def test_a_block_goes_on_in_the_usual_way_afterwards():
    net, x = network()
    mx.graph.debug(net, x).cont()
    with mx.graph.debug(net, x) as debugger:
        debugger.step()
    with autograd.record():
        y = net(x)
    y.backward()
    found = left_behind(net, y)
    again, x2 = network()
    for _ in range(2):
        with autograd.record():
            y2 = again(x2)
        y2.backward()
    assert_equal(found, left_behind(again, y2))


def test_a_block_that_was_never_called_is_compiled_for_the_debugger():
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(3, activation="relu"), gluon.nn.Dense(2))
    net.initialize()
    net.hybridize()
    x = mx.nd.ones((2, 5))
    debugger = mx.graph.debug(net, x, train=False).cont()
    np.testing.assert_array_equal(debugger.result.asnumpy(), net(x).asnumpy())


def test_without_inputs_those_of_the_last_call_are_taken():
    net, x = network()
    with autograd.predict_mode():
        expected = net(x).asnumpy()
    debugger = mx.graph.debug(net, train=False).cont()
    np.testing.assert_array_equal(debugger.result.asnumpy(), expected)


def test_a_cached_op_is_called_with_its_variables_in_order():
    net = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2, no_bias=True, name="fc")
    op = CachedOp(net)
    x, w = mx.nd.ones((1, 3)), mx.nd.ones((2, 3))
    w.attach_grad()
    debugger = mx.graph.debug(op, x, w).cont()
    assert debugger.result.asnumpy().tolist() == [[3, 3]]
    assert w.grad.asnumpy().tolist() == [[1] * 3] * 2
    with pytest.raises(ArgumentError, match="1 inputs"):
        mx.graph.debug(op, x)


def test_outputs_of_a_block_are_nested_as_it_nests_them():
    class Two(gluon.HybridBlock):
        def hybrid_forward(self, F, x):
            return F.exp(x), [F.tanh(x), F.sin(x)]

    net = Two()
    net.hybridize()
    x = mx.nd.array([0.5, 1.0])
    x.attach_grad()
    debugger = mx.graph.debug(net, x).cont()
    first, (second, third) = debugger.result
    expected = np.exp([0.5, 1]) + 1 - np.tanh([0.5, 1]) ** 2 + np.cos([0.5, 1])
    np.testing.assert_allclose(x.grad.asnumpy(), expected, rtol=1e-5)
    assert all(y.shape == (2,) for y in (first, second, third))


def test_higher_gradients_through_a_debugged_call_draw_the_same_mask():
    class Dropped(gluon.HybridBlock):
        def hybrid_forward(self, F, x):
            return F.Dropout(x * x * x, p=0.5)

    def second(y, x):
        with autograd.record():
            (g,) = autograd.grad([y], [x], create_graph=True, retain_graph=True)
        g.backward()
        return y.asnumpy(), x.grad.asnumpy()

    net = Dropped()
    net.hybridize()
    x = mx.nd.arange(1, 9)
    x.attach_grad()
    mx.random.seed(4)
    with autograd.record():
        y = net(x)
    expected = second(y, x)
    mx.random.seed(4)
    found = second(mx.graph.debug(net, x, backward=False).cont().result, x)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
