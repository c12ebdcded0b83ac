"""Blocks: structure, hooks, tracing, compiling, export."""

import json

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import (
    GraphError,
    ParamError,
)
from dlstudio.gluon import nn
from dlstudio.graph.scopes import NameManager
from dlstudio.graph.symbol import topological
from tests.unit.gluon.blocks import Legacy, Modern, Plain, X, Y


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


@pytest.mark.parametrize("hybrid", [False, True])
def test_groups_are_scaled_channel_by_channel_where_channels_are_told(hybrid):
    net, plain = nn.GroupNorm(2, in_channels=4), nn.GroupNorm(2)
    for layer in (net, plain):
        layer.initialize()
    net.hybridize(hybrid)
    gain, x = np.array([1, 2, 3, 4], "float32"), nd.random.normal(shape=(2, 4, 3, 3))
    net.gamma.set_data(nd.array(gain))
    want = plain(x).asnumpy() * gain.reshape(1, 4, 1, 1)
    np.testing.assert_allclose(net(x).asnumpy(), want, rtol=1e-5, atol=1e-6)
    with pytest.raises(mx.MXNetError, match="5 channels cannot be cut into 2 groups"):
        nn.GroupNorm(2, in_channels=5)
