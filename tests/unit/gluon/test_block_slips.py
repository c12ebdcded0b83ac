"""Slips with blocks and layers: what is refused, and what it says."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import gluon, nd
from dlstudio.errors import (
    ArgumentError,
    GraphError,
    InitError,
    MXNetError,
    ParamError,
    ShapeError,
)
from dlstudio.gluon import nn
from tests.unit.gluon.blocks import Modern, Plain, X


def test_batch_norm_given_channels_as_axis_teaches():
    with pytest.raises(ParamError, match=r"BatchNorm\(in_channels=64\)"):
        nn.BatchNorm(64)


def test_asnumpy_inside_a_hybridized_block_teaches():
    class Peek(gluon.HybridBlock):
        def hybrid_forward(self, F, x):
            return x * float(x.asnumpy().sum())

    net = Peek()
    net(nd.ones((2,)))
    net.hybridize()
    with pytest.raises(GraphError, match=r"(?s)asnumpy\(\) was called on symbol .* hybrid_forward"):
        net(nd.ones((2,)))


def test_array_functions_inside_a_hybridized_block_teach():
    class Mixed(gluon.HybridBlock):
        def hybrid_forward(self, F, x):
            return nd.relu(x)

    net = Mixed()
    net.hybridize()
    with pytest.raises(ArgumentError, match=r"F\.relu"):
        net(nd.ones((2,)))


def test_calling_an_uninitialized_network_teaches():
    for active in (False, True):
        net = nn.HybridSequential()
        net.add(nn.Dense(3))
        net.hybridize(active)
        with pytest.raises(InitError, match=r"net\.initialize"):
            net(nd.ones((1, 2)))


def test_wrong_in_units_teaches():
    layer = nn.Dense(3, in_units=4)
    layer.initialize()
    for active in (False, True):
        layer.hybridize(active)
        with pytest.raises(ShapeError, match=r"\(3, 4\)"):
            layer(nd.ones((2, 5)))


@pytest.mark.parametrize(
    "net", [nn.Dense(2, in_units=3), Plain(), Modern()], ids=["1.x", "block", "2"]
)
def test_too_many_inputs_teach(net):
    net.initialize()
    with pytest.raises(ArgumentError, match="was called with 2 inputs"):
        net(nd.ones((1, 3)), nd.ones((1, 3)))


def test_an_error_inside_forward_stays_itself():
    class Faulty(gluon.Block):
        def forward(self, x):
            return len()

    with pytest.raises(TypeError, match="len") as caught:
        Faulty()(nd.ones((1,)))
    assert not isinstance(caught.value, MXNetError)


def test_a_plain_block_inside_a_hybrid_one_teaches():
    with pytest.raises(ParamError, match="HybridSequential instead"):
        nn.HybridSequential().add(nn.Sequential())


def test_assigning_children_before_init_teaches():
    class Wrong(gluon.Block):
        def __init__(self):
            self.layer = nn.Dense(1)

    with pytest.raises(ArgumentError, match=r"super\(\).__init__\(\) first"):
        Wrong()


def test_sequential_of_hybrid_blocks_recommends_the_hybrid_one():
    net = nn.Sequential()
    net.add(nn.Dense(1))
    with pytest.warns(UserWarning, match="HybridSequential"):
        net.hybridize()


@pytest.mark.parametrize(
    "layer", [nn.Dense(2, in_units=3), nn.Conv2D(2, 3), nn.BatchNorm(), nn.Embedding(4, 2)]
)
def test_every_layer_refuses_what_is_no_array(layer):
    layer.initialize()
    with pytest.raises(MXNetError, match="must be one NDArray"):
        layer([1, 2, 3])


def test_a_list_of_blocks_that_nobody_registered_warns():
    class Lists(nn.Block):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Dense(3), {"more": nn.Dense(2)}]

    class Registered(nn.Block):
        def __init__(self):
            super().__init__()
            self.layers, self.row = [nn.Dense(3)], nn.Sequential()
            self.row.add(*self.layers)

    with pytest.warns(UserWarning, match=r'"Lists\.layers" is an unregistered container'):
        assert not Lists().collect_params().keys()
    assert len(Registered().collect_params().keys()) == 2


def test_only_blocks_are_added():
    with pytest.raises(ParamError, match=r"Dense\(...\): an instance"):
        nn.Sequential().add(nn.Dense)
    with pytest.raises(ParamError, match=r"net.add\(\*blocks\)"):
        nn.HybridSequential().add([nn.Dense(1)])
    with pytest.raises(ParamError, match=r"nn.Lambda"):
        nn.HybridSequential().add(lambda x: x)


def test_a_hybrid_lambda_takes_functions_of_both_mxnets():
    for double in (lambda F, x: F.broadcast_add(x, x), lambda x: x * 2, mx.npx.relu):
        block = nn.HybridLambda(double)
        eager = block(nd.array([1, 2])).asnumpy().tolist()
        block.hybridize()
        assert block(nd.array([1, 2])).asnumpy().tolist() == eager


def test_gelu_may_be_approximated():
    x = nd.array([-2, 0, 1])
    rough = nn.GELU(approximation="tanh")(x).asnumpy()
    np.testing.assert_allclose(rough, [-0.0454023, 0, 0.841192], rtol=1e-5)
    np.testing.assert_allclose(rough, nn.GELU()(x).asnumpy(), atol=1e-3)
    with pytest.raises(ParamError, match="'erf' or 'tanh'"):
        nn.GELU("sigmoid")


def test_a_forgotten_parameter_of_hybrid_forward_teaches():
    class Forgetful(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.weight = self.params.get("weight", shape=(2,), init="ones")

        def hybrid_forward(self, F, x):
            return x

    block = Forgetful()
    block.initialize()
    with pytest.raises(ArgumentError, match=r"hybrid_forward\(self, F, x, weight\)"):
        block(nd.ones(2))


def test_a_symbol_block_prints_its_symbol():
    x = mx.sym.var("data")
    y = mx.sym.FullyConnected(x, num_hidden=2, name="fc")
    block = gluon.SymbolBlock([y, y.get_internals()["fc_weight"]], x)
    assert repr(block) == "SymbolBlock(\n<Symbol group [fc, fc_weight]> : 1 -> 2\n)"


@pytest.mark.parametrize(
    ("slip", "message"),
    [
        (
            lambda: nn.Dense("10"),
            r"units must be a whole number. Got '10'.\nFix: units=10",
        ),
        (
            lambda: nn.Dropout("0.5"),
            r"rate must be a number. Got '0.5'.\nFix: rate=0.5,",
        ),
        (lambda: nn.Dense(3, 2), "Dense: parameter activation must be text. Got 2"),
        (
            lambda: nn.Sequential(nn.Dense(2), nn.Dense(2), nn.Dense(2)),
            r"Sequential: parameter prefix must be text. Got Dense\(.*\nFix: net.add\(layer",
        ),
        (lambda: nn.Dense(2, params=nn.Dense(2)), "params=other.params"),
        (lambda: nn.Embedding(None, 3), "Embedding: parameter input_dim must be a whole number"),
        (lambda: nn.Conv2D(3, None), "kernel_size must be a number or 2 ints. Got None"),
        (lambda: nn.Conv2D(3, 2.5), "kernel_size must be a number or 2 ints. Got 2.5"),
        (lambda: nn.Conv2D(3, 3, groups=0), "groups must be a whole number > 0"),
        (lambda: nn.Dense(2).collect_params(["weight"]), "regular expression"),
        (lambda: nn.Dense(2, in_units=2).initialize(mx.init.Xavier), r"Xavier\(\): an instance"),
        (
            lambda: nn.Dense(2, in_units=2, weight_initializer=X).initialize(),
            r"Fix: mx.init.Constant\(values\)",
        ),
    ],
)
def test_arguments_of_another_kind_teach(slip, message):
    with pytest.raises(ParamError, match=message):
        slip()


def test_numbers_of_numpy_are_numbers():
    layer = nn.Dense(np.int64(3), in_units=np.int32(2))
    layer.initialize()
    assert layer(nd.ones((1, 2))).shape == (1, 3)
    assert nn.Conv2D(np.int64(2), np.int64(3))._kwargs["kernel"] == (3, 3)


def test_a_layer_that_is_not_there_teaches():
    with pytest.raises(IndexError, match="Sequential has 0 layers; 0 is none of them"):
        nn.Sequential()[0]


def test_forward_with_and_without_f_teaches():
    class Without(nn.HybridBlock):
        def hybrid_forward(self, x):
            return x

    class Beside(nn.HybridBlock):
        def forward(self, F, x):
            return x

    class Plain(nn.Block):
        def hybrid_forward(self, F, x):
            return x

    with pytest.raises(ArgumentError, match=r"def hybrid_forward\(self, F, x, ...\): F is"):
        Without()(nd.ones(2))
    with pytest.raises(ArgumentError, match=r"def forward\(self, x, ...\) without F"):
        Beside()(nd.ones(2))
    with pytest.raises(NotImplementedError, match=r"class Plain\(gluon.HybridBlock\)"):
        Plain()(nd.ones(2))


def test_a_dtype_that_is_not_the_layers_teaches():
    layer = nn.Dense(2, in_units=2)
    layer.initialize()
    with pytest.raises(TypeError, match=r"data.astype\('float32'\), or net.cast\('float64'\)"):
        layer(nd.ones((1, 2), dtype="float64"))


def test_a_summary_counts_a_block_in_two_places_twice(capsys):
    net, layer = nn.HybridSequential(), nn.Dense(2, in_units=2)
    net.add(layer, nn.Activation("relu"), layer)
    net.initialize()
    net.summary(nd.ones((1, 2)))
    text = capsys.readouterr().out
    assert all(f"{kind}-{i}" in text for i, kind in enumerate(["Dense", "Activation", "Dense"], 1))
    assert "-4" not in text
    assert "Total params: 12" in text
    assert "Unique parameters in model: 6" in text


def test_inputs_given_by_keyword_teach():
    with pytest.raises(ArgumentError, match=r"called with keywords: x, y.\n.*\nFix: net\(x, y\)"):
        nn.Sequential()(x=nd.ones(1), y=nd.ones(1))
    with pytest.raises(ArgumentError, match=r"Fix: net\(\.\.\., y\)"):
        nn.Sequential()(nd.ones(1), y=nd.ones(1))
