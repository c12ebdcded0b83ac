import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd
from dlstudio.errors import GraphError
from dlstudio.graph.capture import CachedOp
from dlstudio.graph.tracing import Tracer, is_tracing


def traced(function, **variables):
    """Trace `function`, compile it, and return what a call on the same arrays gives."""
    with Tracer(variables) as tracer:
        result = function(**variables)
    outputs = result if isinstance(result, (list, tuple)) else [result]
    op = CachedOp(tracer.symbol(outputs))
    given = {**variables, **tracer.constants}

    def run(**others):
        out = op(*[{**given, **others}[name] for name in op.names])
        return out if isinstance(out, list) else [out]

    return outputs, run, tracer


def test_array_code_becomes_a_graph():
    x, w = mx.nd.array([[1, 2], [3, 4]]), mx.nd.array([[1, 0], [0, 2]])

    def forward(x, w):
        h = mx.nd.dot(x, w)
        return h.exp().sum(axis=1) if h.shape[0] == 2 else h

    (y,), run, tracer = traced(forward, x=x, w=w)
    assert tracer.symbol([y]).list_arguments() == ["x", "w"]
    np.testing.assert_array_equal(run()[0].asnumpy(), y.asnumpy())
    other = mx.nd.ones((2, 2))
    np.testing.assert_array_equal(run(x=other)[0].asnumpy(), forward(other, w).asnumpy())


def test_constants_become_further_inputs():
    weights = mx.nd.array([1, 2])
    _, run, tracer = traced(lambda x: x * weights + 1, x=mx.nd.array([3, 4]))
    assert list(tracer.constants.values()) == [weights]
    assert run()[0].asnumpy().tolist() == [4, 9]


def test_calls_without_a_gradient_are_captured_too():
    x = mx.nd.array([[1, 9, 2]])
    _, run, _ = traced(lambda x: x.argmax(axis=1), x=x)
    assert run(x=mx.nd.array([[7, 1, 2]]))[0].asnumpy().tolist() == [0]


def test_detach_stops_the_gradient():
    x = mx.nd.array([3.0])
    x.attach_grad()
    _, run, _ = traced(lambda x: x.detach() * x, x=x)
    with autograd.record():
        (y,) = run()
    y.backward()
    assert x.grad.asscalar() == 3.0


def test_random_calls_draw_anew():
    x = mx.nd.zeros(5)
    _, run, _ = traced(lambda x: x + mx.nd.random.normal(shape=(5,)), x=x)
    assert (run()[0].asnumpy() != run()[0].asnumpy()).any()


def test_tensors_are_as_before_afterwards():
    x, w = mx.nd.ones(2), mx.nd.ones(2)
    w.attach_grad()
    leaf = w._entry
    with Tracer({"x": x, "w": w}) as tracer:
        assert is_tracing()
        y = x * w
    assert not is_tracing()
    assert w._entry is leaf
    assert x._entry is None
    assert y._entry is None
    assert tracer.symbol([y]).list_arguments() == ["x", "w"]


def test_results_that_no_operator_computed_are_refused():
    with Tracer({"x": mx.nd.ones(2)}) as tracer:
        pass
    with pytest.raises(GraphError, match="no operator computed"):
        tracer.symbol([mx.nd.ones(3)])


def test_an_input_may_be_an_output():
    x = mx.nd.ones(2)
    with Tracer({"x": x}) as tracer:
        y = mx.nd.exp(x)
    assert tracer.symbol([x, y]).list_outputs()[0] == "x"


def test_gradients_of_captured_code_equal_the_tape():
    x, w = mx.nd.array([[1.0, 2.0]]), mx.nd.array([[0.1, 0.2], [0.3, 0.4]])
    w.attach_grad()

    def forward(x, w):
        return mx.nd.softmax(mx.nd.tanh(mx.nd.dot(x, w))) * mx.nd.array([1, 3])

    _, run, _ = traced(forward, x=x, w=w)
    with autograd.record():
        (y,) = run()
    y.backward()
    got = w.grad.asnumpy()
    with autograd.record():
        y = forward(x, w)
    y.backward()
    np.testing.assert_allclose(got, w.grad.asnumpy(), rtol=1e-5)


def test_reading_a_value_while_capturing_warns_and_names_the_line():
    x = mx.nd.array([3.0])
    with (
        pytest.warns(
            UserWarning, match=r"test_tracing.py:\d+: the value of an array of shape \(1,\)"
        ),
        Tracer({"x": x}) as tracer,
    ):
        y = x * 2 if x.asscalar() > 0 else x
    assert tracer.symbol([y]).list_arguments() == ["x"]
    assert x.asscalar() == 3.0, "outside a trace reading is silent"
