"""The gradient of a symbol as a symbol."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.errors import ArgumentError, FileFormatError, GraphError, ParamError
from tests.unit.graph.nets import fill, lenet, mlp

A, B = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])


def product():
    x, y = sym.var("x"), sym.var("y")
    return sym.sin(x) * y * y


def valued(net):
    return [out.asnumpy() for out in net.eval(x=mx.nd.array(A), y=mx.nd.array(B))]


def test_gradients_of_a_formula():
    by_x, by_y = valued(product().gradient(["x", "y"]))
    np.testing.assert_allclose(by_x, np.cos(A) * B * B, rtol=1e-5)
    np.testing.assert_allclose(by_y, 2 * np.sin(A) * B, rtol=1e-5)


def test_gradients_can_be_differentiated_again():
    net = product().gradient("y").gradient("x").gradient("y")
    np.testing.assert_allclose(valued(net)[0], 2 * np.cos(A), rtol=1e-5)


def test_gradients_are_composed_with_other_symbols():
    inner = product()
    net = sym.square(inner.grad("x")) + inner.get_internals()["y"]
    np.testing.assert_allclose(valued(net)[0], (np.cos(A) * B * B) ** 2 + B, rtol=1e-5)


def test_shapes_and_dtypes_are_those_of_the_arguments():
    net = product().gradient(["x", "y"])
    assert net.infer_shape(x=(3,)) == ([(3,), (3,)], [(3,), (3,)], [])
    assert net.infer_type(x="float64")[1] == [np.float64] * 2


def test_gradients_are_saved_and_loaded():
    net = product().gradient("x")
    again = sym.load_json(net.tojson())
    assert again.tojson() == net.tojson()
    np.testing.assert_array_equal(valued(again)[0], valued(net)[0])


@pytest.mark.parametrize("make", [mlp, lambda: sym.MakeLoss(sym.sum(lenet(True)))])
def test_gradients_of_networks_are_those_of_their_executor(make):
    net = make()
    shape = (4, 5) if "fc1_weight" in net.list_arguments()[:2] else (2, 1, 28, 28)
    executor = net.simple_bind(mx.cpu(), data=shape)
    fill(executor)
    states = {n: v.copy() for n, v in executor.aux_dict.items()}
    executor.forward(is_train=True)
    executor.backward()
    names = [n for n in net.list_arguments() if not n.endswith("label")]
    slopes = net.gradient(names)
    assert slopes.list_auxiliary_states() == net.list_auxiliary_states()
    found = slopes.bind(mx.cpu(), executor.arg_dict, aux_states=states).forward(is_train=True)
    for name, slope in zip(names, found, strict=True):
        expected = executor.grad_dict[name].asnumpy()
        np.testing.assert_allclose(slope.asnumpy(), expected, rtol=1e-4, atol=1e-5, err_msg=name)


def test_what_does_not_depend_on_an_argument_has_the_gradient_zero():
    net = sym.BlockGrad(sym.var("x")) * sym.var("y")
    assert valued(net.gradient("x"))[0].tolist() == [0, 0, 0]


def test_an_unknown_argument_is_refused():
    with pytest.raises(ArgumentError, match="no argument 'z'"):
        product().gradient(["x", "z"])


def test_a_damaged_graph_inside_a_file_is_refused():
    text = product().gradient("x").tojson().replace("sin", "sun")
    with pytest.raises(GraphError, match="sun"):
        sym.load_json(text)
    with pytest.raises((FileFormatError, GraphError, ParamError)):
        sym.load_json(product().gradient("x").tojson().replace('\\"heads\\"', '\\"tails\\"'))
