"""Operators that users write in Python: eager, recorded, in graphs, and in files."""

from __future__ import annotations

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, nd, sym
from dlstudio.errors import ArgumentError, MXNetError, ShapeError


class Scale(mx.operator.CustomOp):
    """Multiply by a factor; count the calls in a state; keep the input for backward."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, is_train, req, in_data, out_data, aux):
        self.seen = in_data[0].copy()
        self.assign(out_data[0], req[0], self.factor * in_data[0] * in_data[0])
        aux[0][:] += 1

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], 2 * self.factor * self.seen * out_grad[0])


@mx.operator.register("test_scale")
class ScaleProp(mx.operator.CustomOpProp):
    def __init__(self, factor="1"):
        super().__init__()
        self.factor = float(factor)

    def list_auxiliary_states(self):
        return ["calls"]

    def infer_shape(self, in_shape):
        return in_shape, [in_shape[0]], [(1,)]

    def create_operator(self, ctx, in_shapes, in_dtypes):
        return Scale(self.factor)


@mx.operator.register("test_pair")
class PairProp(mx.operator.CustomOpProp):
    """Sum and difference of two inputs; a loss would say need_top_grad=False."""

    def list_arguments(self):
        return ["left", "right"]

    def list_outputs(self):
        return ["sum", "difference"]

    def infer_shape(self, in_shape):
        return [in_shape[0], in_shape[0]], [in_shape[0], in_shape[0]], []

    def create_operator(self, ctx, in_shapes, in_dtypes):
        class Pair(mx.operator.CustomOp):
            def forward(self, is_train, req, in_data, out_data, aux):
                self.assign(out_data[0], req[0], in_data[0] + in_data[1])
                self.assign(out_data[1], req[1], in_data[0] - in_data[1])

            def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
                self.assign(in_grad[0], req[0], out_grad[0] + out_grad[1])
                self.assign(in_grad[1], req[1], out_grad[0] - out_grad[1])

        return Pair()


def test_forward_backward_and_state_of_an_eager_call():
    x, calls = nd.array([1.0, 2.0, 3.0]), nd.zeros(1)
    x.attach_grad()
    with autograd.record():
        y = nd.Custom(x, calls, op_type="test_scale", factor=3)
    y.backward()
    np.testing.assert_array_equal(y.asnumpy(), [3, 12, 27])
    np.testing.assert_array_equal(x.grad.asnumpy(), [6, 12, 18])
    assert calls.asscalar() == 1


def test_each_call_meets_its_own_backward():
    x, calls = nd.array([1.0]), nd.zeros(1)
    x.attach_grad()
    with autograd.record():
        once = nd.Custom(x, calls, op_type="test_scale")
        twice = nd.Custom(once + 1, calls, op_type="test_scale")
    twice.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), 8)  # d/dx (x² + 1)² at 1


def test_several_inputs_and_outputs_by_name():
    a, b = nd.array([5.0]), nd.array([3.0])
    a.attach_grad()
    b.attach_grad()
    with autograd.record():
        total, difference = nd.Custom(right=b, left=a, op_type="test_pair")
        loss = total * 2 + difference
    loss.backward()
    assert (total.asscalar(), difference.asscalar()) == (8, 2)
    assert (a.grad.asscalar(), b.grad.asscalar()) == (3, 1)


def test_a_custom_operator_in_a_graph_infers_runs_and_differentiates():
    y = sym.Custom(sym.var("data"), op_type="test_scale", factor=2, name="mine")
    assert y.list_auxiliary_states() == ["mine_calls"]
    assert y.infer_shape(data=(2, 3)) == ([(2, 3)], [(2, 3)], [(1,)])
    executor = y.simple_bind(mx.cpu(), data=(2,))
    executor.forward(is_train=True, data=nd.array([1.0, 2.0]))
    executor.backward([nd.ones(2)])
    np.testing.assert_array_equal(executor.outputs[0].asnumpy(), [2, 8])
    np.testing.assert_array_equal(executor.grad_dict["data"].asnumpy(), [4, 8])


def test_a_graph_with_a_custom_operator_survives_its_file():
    y = sym.Custom(sym.var("data"), op_type="test_scale", factor=2, name="mine")
    again = sym.load_json(y.tojson())
    assert again.list_arguments() == y.list_arguments()
    executor = again.simple_bind(mx.cpu(), data=(1,))
    np.testing.assert_array_equal(executor.forward(data=nd.array([3.0]))[0].asnumpy(), [18])


def test_unknown_and_missing_types_are_reported():
    with pytest.raises(MXNetError, match="no operator 'never_registered'"):
        nd.Custom(nd.ones(2), op_type="never_registered")
    with pytest.raises(ArgumentError, match="op_type"):
        nd.Custom(nd.ones(2))


def test_shapes_that_do_not_match_the_lists_are_reported():
    @mx.operator.register("test_wrong_shapes")
    class Wrong(mx.operator.CustomOpProp):
        def infer_shape(self, in_shape):
            return in_shape, [], []

    with pytest.raises(ShapeError, match="0 output"):
        nd.Custom(nd.ones(2), op_type="test_wrong_shapes")


class NumpySoftmax(mx.operator.NumpyOp):
    """Softmax with its loss's gradient, as programs wrote it before CustomOp."""

    def __init__(self):
        super().__init__(need_top_grad=False)

    def list_arguments(self):
        return ["data", "label"]

    def infer_shape(self, in_shape):
        return [in_shape[0], (in_shape[0][0],)], [in_shape[0]]

    def forward(self, in_data, out_data):
        out_data[0][:] = np.exp(in_data[0] - in_data[0].max(axis=1, keepdims=True))
        out_data[0] /= out_data[0].sum(axis=1, keepdims=True)

    def backward(self, out_grad, in_data, out_data, in_grad):
        in_grad[0][:] = out_data[0] - np.eye(out_data[0].shape[1])[in_data[1].astype(int)]


def test_an_operator_on_numpy_arrays_is_a_symbol():
    net = NumpySoftmax()(data=sym.var("x"), name="softmax")
    assert net.list_arguments() == ["x", "softmax_label"]
    x, label = nd.array([[1.0, 2.0, 0.0], [0.5, 0.0, 3.0]]), nd.array([1, 2])
    executor = net.bind(mx.cpu(), [x, label], [nd.zeros((2, 3)), nd.zeros(2)])
    (out,) = executor.forward(is_train=True)
    executor.backward()
    expected = nd.softmax(x)
    np.testing.assert_allclose(out.asnumpy(), expected.asnumpy(), rtol=1e-6)
    gradient = expected - nd.one_hot(label, 3)
    np.testing.assert_allclose(executor.grad_arrays[0].asnumpy(), gradient.asnumpy(), atol=1e-6)


def test_an_operator_on_arrays_is_a_symbol():
    class Triple(mx.operator.NDArrayOp):
        def forward(self, in_data, out_data):
            out_data[0][:] = 3 * in_data[0]

        def backward(self, out_grad, in_data, out_data, in_grad):
            in_grad[0][:] = 3 * out_grad[0]

    triple, x = Triple(), nd.array([1.0, 2.0])
    y = triple(triple(sym.var("x")))
    executor = y.bind(mx.cpu(), [x], [nd.zeros(2)])
    assert executor.forward(is_train=True)[0].asnumpy().tolist() == [9, 18]
    executor.backward(nd.ones(2))
    assert executor.grad_arrays[0].asnumpy().tolist() == [9, 9]
