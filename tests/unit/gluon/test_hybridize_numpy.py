"""Compiled code keeps the manners of `mx.np` on arrays of `mx.np`."""

import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.gluon import nn

NUMPY_CODE = {
    "broadcasting": lambda F, x, w: x * w + 1,
    "a row": lambda F, x, w: x[1],
    "a column": lambda F, x, w: x[:, 0],
    "a new axis": lambda F, x, w: x[:, None],
    "whole division": lambda F, x, w: x // 2,
    "a matrix product": lambda F, x, w: x @ w,
    "a transposed matrix": lambda F, x, w: x.T,
    "a maximum": lambda F, x, w: x.max(),
    "the shape": lambda F, x, w: x.reshape(x.shape[0], -1),
    "a comparison": lambda F, x, w: x > w,
    "the places of maxima": lambda F, x, w: x.argmax(axis=1),
    "a flat copy": lambda F, x, w: x.flatten(),
    "functions": lambda F, x, w: F.npx.relu(F.np.maximum(x, 2) - w),
    "a product by letters": lambda F, x, w: F.np.einsum("ij,j->i", x, w),
}


@pytest.mark.parametrize("code", NUMPY_CODE.values(), ids=NUMPY_CODE)
def test_hybrid_forward_has_the_manners_of_numpy_on_arrays_of_numpy(code):
    class Coded(gluon.HybridBlock):
        def hybrid_forward(self, F, x, w):
            return code(F, x, w)

    x, w = mx.np.arange(6.0).reshape(2, 3), mx.np.array([1.0, 2.0, 3.0])
    expected = Coded()(x, w)
    block = Coded()
    block.hybridize()
    found = block(x, w)
    assert type(found) is mx.np.ndarray
    assert found.dtype == expected.dtype
    assert found.asnumpy().tolist() == expected.asnumpy().tolist()


def test_layers_of_users_for_arrays_of_numpy_find_their_shapes_train_and_export(tmp_path):
    class Scaled(gluon.HybridBlock):
        def __init__(self, units):
            super().__init__()
            self.dense = nn.Dense(units)
            self.weight = self.params.get("weight", shape=(units, 0), allow_deferred_init=True)

        def hybrid_forward(self, F, x, weight):
            wide = F.npx.fully_connected(x, weight, no_bias=True, num_hidden=4)
            return self.dense(wide * 2)

    net = Scaled(4)
    net.initialize(mx.init.One())
    net.hybridize()
    x = mx.np.ones((3, 2, 5))
    with mx.util.np_array(True), autograd.record():
        loss = net(x).sum()
    loss.backward()
    assert net.weight.shape == (4, 10)
    assert net.weight.grad().asnumpy()[:, 0].tolist() == [24] * 4
    assert net(mx.np.ones((2, 2, 5))).asnumpy().tolist() == [[80.0] * 4] * 2
    symbol_file, params_file = net.export(str(tmp_path / "net"))
    again = gluon.SymbolBlock.imports(symbol_file, ["data"], params_file)
    assert again(mx.np.ones((2, 2, 5))).asnumpy().tolist() == [[80.0] * 4] * 2


@pytest.mark.parametrize("namespace", [mx.nd, mx.np], ids=["nd", "np"])
def test_outputs_that_depend_on_no_input_have_the_dialect_of_the_inputs(namespace):
    class Grid(gluon.HybridBlock):
        def forward(self, x):
            return namespace.arange(3), [namespace.zeros((2,))]

    block = Grid()
    block.hybridize()
    numbers, [zeros] = block(namespace.ones((2,)))
    assert type(numbers) is type(zeros) is type(namespace.ones((2,)))
    assert numbers.asnumpy().tolist() == [0, 1, 2]


def test_a_function_as_a_layer_has_the_manners_of_numpy_on_arrays_of_numpy():
    net = nn.HybridLambda(lambda F, x: x.reshape(x.shape[0], -1) + F.np.arange(3.0))
    net.hybridize()
    found = net(mx.np.zeros((2, 3)))
    assert found.asnumpy().tolist() == [[0, 1, 2]] * 2


def test_an_index_that_takes_a_row_of_arrays_only_is_mentioned():
    class First(gluon.HybridBlock):
        def hybrid_forward(self, F, x):
            return x[0] * F.split(x, num_outputs=1, axis=0)[0]

    block = First()
    assert block(nd.ones((2, 3))).shape == (3,)
    block.hybridize()
    with pytest.warns(UserWarning, match="a symbol has no rows"):
        assert block(nd.ones((2, 3))).shape == (2, 3)
