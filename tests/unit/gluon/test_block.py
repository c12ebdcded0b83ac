"""Blocks: structure, hooks, tracing, compiling, export; the slips a learner makes."""

import json

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import (
    ArgumentError,
    GraphError,
    InitError,
    MXNetError,
    ParamError,
    ShapeError,
)
from dlstudio.gluon import nn
from dlstudio.graph.scopes import NameManager
from dlstudio.graph.symbol import topological

X = np.random.default_rng(0).normal(size=(4, 1, 8, 8)).astype("float32")
Y = np.array([0, 1, 2, 1], "float32")


class Legacy(gluon.HybridBlock):
    """Written for MXNet 1.x."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.conv = nn.Conv2D(3, 3)
            self.norm = nn.BatchNorm()
            self.out = nn.Dense(3)
            self.scale = self.params.get("scale", shape=(1, 3), init="ones")

    def hybrid_forward(self, F, x, scale):
        h = F.relu(self.norm(self.conv(x)))
        return F.broadcast_mul(self.out(F.max(h, axis=(2, 3))), scale)


class Modern(gluon.HybridBlock):
    """Written as in MXNet 2."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = nn.Conv2D(3, 3)
        self.norm = nn.BatchNorm()
        self.out = nn.Dense(3)
        self.scale = gluon.Parameter("scale", shape=(1, 3), init="ones")

    def forward(self, x):
        h = nd.relu(self.norm(self.conv(x)))
        return self.out(h.max(axis=(2, 3))) * self.scale.data()


class Plain(gluon.Block):
    """Never compiled as a whole."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = nn.Conv2D(3, 3)
        self.norm = nn.BatchNorm()
        self.out = nn.Dense(3)

    def forward(self, x):
        return self.out(nd.relu(self.norm(self.conv(x))).max(axis=(2, 3)))


def made(kind):
    mx.random.seed(5)
    with NameManager():
        net = kind()
    net.initialize(mx.init.Xavier())
    return net


def losses(net, steps=20):
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    loss_of = gluon.loss.SoftmaxCrossEntropyLoss()
    found = []
    for _ in range(steps):
        with autograd.record():
            loss = loss_of(net(nd.array(X)), nd.array(Y))
        loss.backward()
        trainer.step(len(X))
        found.append(float(loss.mean().asscalar()))
    return found


@pytest.mark.parametrize("kind", [Legacy, Modern, Plain])
def test_compiled_training_equals_eager_training(kind):
    eager = losses(made(kind))
    net = made(kind)
    net.hybridize()
    np.testing.assert_allclose(losses(net), eager, rtol=1e-4, atol=1e-5)
    assert eager[-1] < eager[0]


def test_both_styles_train_alike():
    np.testing.assert_allclose(losses(made(Legacy)), losses(made(Modern)), rtol=1e-5)


def test_a_bound_executor_trains_like_the_block():
    net = made(Legacy)
    want = losses(net, 5)
    net = made(Legacy)
    net(nd.array(X))
    symbol = mx.sym.SoftmaxOutput(net(mx.sym.var("data")), name="softmax")
    executor = symbol.simple_bind(mx.cpu(), data=X.shape, softmax_label=Y.shape)
    for name, parameter in net.collect_params().items():
        holder = executor.arg_dict if name in executor.arg_dict else executor.aux_dict
        holder[name][:] = parameter.data()
    trained = [n for n in executor.grad_dict if n not in ("data", "softmax_label")]
    optimizer = mx.optimizer.create("sgd", learning_rate=0.1, momentum=0.9, rescale_grad=0.25)
    updater = mx.optimizer.get_updater(optimizer)
    got = []
    for _ in range(5):
        (probabilities,) = executor.forward(
            is_train=True, data=nd.array(X), softmax_label=nd.array(Y)
        )
        chosen = probabilities.asnumpy()[np.arange(4), Y.astype(int)]
        got.append(float(-np.log(chosen).mean()))
        executor.backward()
        for i, name in enumerate(trained):
            updater(i, executor.grad_dict[name], executor.arg_dict[name])
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_two_calls_before_one_backward_do_not_disturb_each_other():
    net = made(Legacy)
    net(nd.array(X))
    grads = []
    for active in (False, True):
        net.hybridize(active)
        with autograd.record():
            loss = net(nd.array(X)).sum() + (net(nd.array(X[::-1].copy() * 2)) ** 2).sum()
        loss.backward()
        grads.append(
            {n: p.grad().asnumpy() for n, p in net.collect_params().items() if p.grad_req != "null"}
        )
    for name, want in grads[0].items():
        np.testing.assert_allclose(grads[1][name], want, rtol=1e-3, atol=1e-4, err_msg=name)


def test_a_new_input_shape_makes_a_new_plan():
    net = nn.HybridSequential()
    net.add(nn.Dense(3, flatten=False, in_units=4), nn.Activation("relu"))
    net.initialize()
    want = [net(nd.ones(shape)).asnumpy() for shape in ((2, 4), (5, 4), (2, 3, 4))]
    net.hybridize()
    for w, shape in zip(want, ((2, 4), (5, 4), (2, 3, 4)), strict=True):
        np.testing.assert_allclose(net(nd.ones(shape)).asnumpy(), w, rtol=1e-6)


def test_nested_inputs_and_outputs_keep_their_nesting():
    class Cell(gluon.HybridBlock):
        def hybrid_forward(self, F, x, states):
            return x + states[0], [states[1], [x * 2]]

    net = Cell()
    x, states = nd.ones((2,)), [nd.ones((2,)) * 3, nd.ones((2,)) * 5]
    for active in (False, True):
        net.hybridize(active)
        y, (a, (b,)) = net(x, states)
        assert [v.asnumpy()[0] for v in (y, a, b)] == [4, 5, 2]


def test_arrays_of_the_numpy_dialect_stay_in_it():
    layer = nn.Dense(2, in_units=3)
    layer.initialize()
    x = mx.np.ones((1, 3))
    assert type(layer(x)) is mx.np.ndarray
    layer.hybridize()
    assert type(layer(x)) is mx.np.ndarray


class Numpy(gluon.HybridBlock):
    """Written for MXNet 1.x with NumPy functions."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.hidden = nn.Dense(5)
            self.weight = self.params.get("weight", shape=(5, 2), init="ones")

    def hybrid_forward(self, F, x, weight):
        return F.np.dot(F.npx.relu(self.hidden(x)), weight)


def test_numpy_functions_of_both_namespaces_run_and_compile():
    net = Numpy()
    net.initialize(mx.init.Xavier())
    x = mx.np.ones((3, 4))
    want = net(x)
    assert type(want) is mx.np.ndarray
    net.hybridize()
    np.testing.assert_allclose(net(x).asnumpy(), want.asnumpy(), rtol=1e-6)


def test_cast_compiles_anew():
    layer = nn.Dense(2, in_units=3)
    layer.initialize()
    layer.hybridize()
    layer(nd.ones((1, 3)))
    layer.cast("float64")
    assert layer(nd.ones((1, 3), dtype="float64")).dtype == np.float64


def test_batch_norm_moves_its_averages_in_training_only():
    for active in (False, True):
        net = nn.HybridSequential()
        net.add(nn.BatchNorm(in_channels=3))
        net.initialize()
        net.hybridize(active)
        mean = net[0].running_mean
        x = nd.array(np.random.default_rng(0).normal(2.0, 1.0, (16, 3)))
        net(x)
        assert mean.data().asnumpy().tolist() == [0, 0, 0]
        with autograd.record():
            y = net(x)
        y.backward()
        assert (mean.data().asnumpy() > 0.1).all()


def test_dropout_drops_in_training_only():
    net = nn.Dropout(0.5)
    x = nd.ones((50, 50))
    for active in (False, True):
        net.hybridize(active)
        assert net(x).asnumpy().min() == 1
        with autograd.record():
            y = net(x).asnumpy()
        assert set(np.unique(y)) == {0.0, 2.0}


# ---- structure -------------------------------------------------------------------------------
def test_nodes_know_the_path_of_their_block():
    net = made(Legacy)
    net.hybridize()
    net(nd.array(X))
    scopes = {n.name: n.scope for n in topological(net._cached_op.symbol.outputs_) if n.op}
    assert scopes["legacy0_conv0_fwd"] == "legacy0/conv0"
    assert "legacy0" in scopes.values()


def test_hooks_run_around_forward_and_can_be_taken_off():
    layer = nn.Dense(2, in_units=3)
    layer.initialize()
    seen = []
    with layer.register_forward_pre_hook(lambda b, args: seen.append(("before", len(args)))):
        handle = layer.register_forward_hook(lambda b, args, out: seen.append(("after", out.shape)))
        layer(nd.ones((1, 3)))
        handle.detach()
    layer(nd.ones((1, 3)))
    assert seen == [("before", 1), ("after", (1, 2))]


def test_share_parameters_uses_those_of_another_block():
    a, b = nn.Dense(2, in_units=3), nn.Dense(2, in_units=3)
    a.initialize()
    b.share_parameters(a._collect_params_with_prefix())
    assert b.weight is a.weight
    np.testing.assert_array_equal(a(nd.ones((1, 3))).asnumpy(), b(nd.ones((1, 3))).asnumpy())


def test_sequential_slices_share_their_layers():
    net = nn.HybridSequential()
    net.add(nn.Dense(2), nn.Dense(3), nn.Dense(4))
    part = net[1:]
    assert part[0] is net[1]
    assert len(part) == 2
    assert [type(layer) for layer in net] == [nn.Dense] * 3


def test_summary_counts_parameters(capsys):
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3, activation="relu"), nn.Flatten(), nn.Dense(2))
    net.initialize()
    net.summary(nd.ones((1, 1, 5, 5)))
    text = capsys.readouterr().out
    assert "Conv2D-2                                (1, 4, 3, 3)              40" in text
    assert "Total params: 114" in text
    net.hybridize()
    with pytest.raises(GraphError, match="must not be hybridized"):
        net.summary(nd.ones((1, 1, 5, 5)))


# ---- export ----------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [Legacy, Modern])
def test_an_exported_network_computes_the_same_without_its_code(tmp_path, kind):
    net = made(kind)
    net.hybridize()
    want = net(nd.array(X)).asnumpy()
    symbol_file, params_file = net.export(tmp_path / "net", epoch=7)
    assert params_file.endswith("net-0007.params")
    again = gluon.SymbolBlock.imports(symbol_file, ["data"], params_file)
    np.testing.assert_allclose(again(nd.array(X)).asnumpy(), want, rtol=1e-5, atol=1e-6)
    assert json.loads((tmp_path / "net-symbol.json").read_text(encoding="utf-8"))["nodes"]


def test_an_imported_network_can_be_trained_on(tmp_path):
    net = made(Legacy)
    net.hybridize()
    net(nd.array(X))
    again = gluon.SymbolBlock.imports(
        *net.export(tmp_path / "net")[:1], "data", tmp_path / "net-0000.params"
    )
    found = losses(again)
    assert found[-1] < found[0]


def test_importing_with_a_wrong_input_name_teaches(tmp_path):
    net = nn.Dense(2, in_units=3)
    net.initialize()
    net.hybridize()
    net(nd.ones((1, 3)))
    files = net.export(tmp_path / "net")
    with pytest.raises(ParamError, match="input_names='data'"):
        gluon.SymbolBlock.imports(files[0], "image", files[1])


def test_internals_of_a_symbol_become_a_feature_extractor():
    net = made(Legacy)
    net(nd.array(X))
    data = mx.sym.var("data")
    out = net(data).get_internals()["legacy0_conv0_fwd_output"]
    block = gluon.SymbolBlock(out, data, params=net.collect_params())
    np.testing.assert_allclose(
        block(nd.array(X)).asnumpy(), net.conv(nd.array(X)).asnumpy(), rtol=1e-5, atol=1e-6
    )


# ---- slips -----------------------------------------------------------------------------------
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
