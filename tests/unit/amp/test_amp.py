"""Automatic mixed precision: where casts stand, that training learns, that the switch is clean."""

from importlib.util import find_spec

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, sym
from dlstudio.core.registry import OPS
from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.graph.ir import Graph, verify
from dlstudio.graph.passes.amp import Policy
from dlstudio.graph.passes.amp import amp as amp_pass
from tests.unit.graph.nets import fill

amp = mx.contrib.amp
without_bfloat16 = pytest.mark.skipif(
    find_spec("ml_dtypes") is None, reason="needs ml_dtypes: pip install ml_dtypes"
)
LOW = ["float16", pytest.param("bfloat16", marks=without_bfloat16)]


@pytest.fixture(autouse=True)
def _switched_off_afterwards():
    yield
    amp.stop()


def dtype_of(name, graph):
    eqn = next(e for e in graph.eqns if e.name == name)
    return graph.avals[eqn.outs[0]].dtype.name


def convolutional():
    """A network with operators of every kind."""
    h = sym.Convolution(sym.var("data"), kernel=(3, 3), num_filter=4, name="conv")
    h = sym.BatchNorm(h, fix_gamma=False, name="norm")
    h = sym.Activation(h, act_type="relu", name="act")
    h = sym.Pooling(h, kernel=(2, 2), stride=(2, 2), pool_type="max", name="pool")
    h = sym.FullyConnected(h, num_hidden=3, name="fc")
    return sym.SoftmaxOutput(h, name="softmax")


# ---- the pass ----------------------------------------------------------------------------------
def test_products_run_in_16_bits_and_norms_and_losses_in_32():
    graph = Graph.of(convolutional(), {"data": (2, 1, 8, 8)}, training=True)
    after = verify(amp_pass(graph, Policy()))
    found = {name: dtype_of(name, after) for name in ("conv", "norm", "pool", "fc", "softmax")}
    assert found == {
        "conv": "float16", "norm": "float32", "pool": "float32", "fc": "float16",
        "softmax": "float32",
    }  # fmt: skip


def test_a_value_is_cast_once_however_many_read_it():
    x = sym.var("data")
    net = sym.Group([
        sym.FullyConnected(x, num_hidden=3, name=f"fc{i}", no_bias=True) for i in range(3)
    ])  # fmt: skip
    after = amp_pass(Graph.of(net, {"data": (2, 5)}), Policy())
    casts = [e for e in after.eqns if e.op.name == "amp_cast"]
    assert len([e for e in casts if e.name == "data_float16"]) == 1
    assert len(casts) == 4, "the data, and three weights"


def test_a_cast_there_and_back_is_read_past():
    h = sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc1", no_bias=True)
    h = sym.FullyConnected(sym.exp(h, name="e"), num_hidden=3, name="fc2", no_bias=True)
    after = amp_pass(Graph.of(h, {"data": (2, 5)}), Policy())
    assert dtype_of("e", after) == "float32"
    assert [e.name for e in after.eqns if e.op.name == "amp_cast"].count("fc1_float32") == 1


def test_operands_that_differ_are_cast_to_the_wider():
    x = sym.var("data")
    fc = sym.FullyConnected(x, num_hidden=5, name="fc")
    after = verify(amp_pass(Graph.of(fc + x, {"data": (2, 5)}), Policy()))
    assert after.avals[after.outputs[0]].dtype == np.float32


def test_states_that_an_operator_writes_keep_their_dtype():
    graph = Graph.of(convolutional(), {"data": (2, 1, 8, 8)}, training=True)
    after = amp_pass(graph, Policy(lp16=frozenset(["BatchNorm"])))
    norm = next(e for e in after.eqns if e.name == "norm")
    inputs = {x.value for x in after.inputs}
    assert set(norm.ins[3:]) <= inputs, "moving averages are read, and written, as they are"


def test_lists_and_conditions_of_the_user_win():
    net = sym.Activation(
        sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc"), act_type="softrelu", name="a"
    )
    graph = Graph.of(net, {"data": (2, 5)})
    row = ("Activation", "act_type", frozenset(["softrelu"]))
    after = amp_pass(graph, Policy(conditional=(row,)))
    assert dtype_of("a", after) == "float32"
    assert dtype_of("a", amp_pass(graph, Policy())) == "float16"
    assert dtype_of("fc", amp_pass(graph, Policy(fp32=frozenset(["FullyConnected"])))) == "float32"
    excluded = amp_pass(graph, Policy(excluded=frozenset(["fc"])))
    assert dtype_of("fc", excluded) == "float32"


def test_a_graph_with_nothing_to_cast_is_left_alone():
    graph = Graph.of(sym.exp(sym.var("data")), {"data": (2, 5)})
    assert amp_pass(graph, Policy()) is graph


def _run(net, off=()):
    executor = net.simple_bind(mx.cpu(), data=(4, 1, 8, 8), without=off)
    fill(executor, classes=3)
    executor.forward(is_train=True)
    executor.backward()
    grads = {n: g.asnumpy() for n, g in executor.grad_dict.items()}
    return executor.outputs[0].asnumpy(), grads, executor.graph


def test_the_numbers_of_mixed_precision_stay_close():
    out, grads, _ = _run(convolutional())
    amp.init()
    low, low_grads, graph = _run(convolutional())
    assert "+ data_float16 (amp_cast" in graph.explain("amp")
    # float16 has 11 significant bits: three digits
    np.testing.assert_allclose(low, out, atol=2e-2)
    for name, grad in grads.items():
        assert low_grads[name].dtype == np.float32, "parameters and gradients stay in 32 bits"
        np.testing.assert_allclose(low_grads[name], grad, atol=0.03 * (1 + np.abs(grad).max()))


def test_the_pass_can_be_switched_off_by_name():
    out, _, _ = _run(convolutional())
    amp.init()
    again, _, graph = _run(convolutional(), off="amp")
    np.testing.assert_array_equal(again, out)
    assert "amp: " in graph.explain()
    assert "switched off" in graph.explain("amp")


# ---- init --------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", LOW)
@pytest.mark.parametrize("hybrid", [False, True])
def test_init_takes_effect_for_eager_and_hybridized_blocks(dtype, hybrid):
    net = nn.Dense(3, in_units=4)
    net.initialize()
    if hybrid:
        net.hybridize()
    x = mx.nd.ones((2, 4))
    assert net(x).dtype == np.float32
    amp.init(dtype)
    assert np.dtype(net(x).dtype).name == dtype
    assert mx.nd.softmax(net(x)).dtype == np.float32
    amp.stop()
    assert net(x).dtype == np.float32


def test_operators_left_alone_are_the_same_objects_after_stop():
    before = {name: (op.run, op.expand) for name, op in OPS.items()}
    amp.init()
    assert OPS["FullyConnected"].run is not before["FullyConnected"][0]
    assert OPS["exp2"].covered is not None, "an exponential wants 32 bits"
    assert OPS["relu"].run is before["relu"][0]
    amp.stop()
    assert {name: (op.run, op.expand) for name, op in OPS.items()} == before


def test_eager_gradients_go_through_the_casts():
    x, w = mx.nd.ones((2, 3)), mx.nd.full((4, 3), 0.5)
    w.attach_grad()
    amp.init()
    with autograd.record():
        y = mx.nd.FullyConnected(x, w, num_hidden=4, no_bias=True)
        z = y + mx.nd.ones((2, 4))  # 16 and 32 bits: the wider
    assert (y.dtype, z.dtype) == (np.float16, np.float32)
    z.backward()
    assert w.grad.dtype == np.float32
    np.testing.assert_array_equal(w.grad.asnumpy(), np.full((4, 3), 2.0))


def test_moving_averages_are_kept_in_eager_mixed_precision():
    norm = nn.BatchNorm(in_channels=2)
    norm.initialize()
    amp.init()
    with autograd.record():
        norm(mx.nd.full((4, 2), 3.0).astype("float16")).sum().backward()
    np.testing.assert_allclose(norm.running_mean.data().asnumpy(), [0.3, 0.3], rtol=1e-3)


def test_init_refuses_what_it_does_not_know():
    with pytest.raises(ParamError, match="float16 or bfloat16"):
        amp.init("int8")
    with pytest.raises(ParamError, match="names 'Conv', which is no operator"):
        amp.init(fp32_ops=["Conv"])
    amp.init()
    amp.init()
    with pytest.raises(ParamError, match=r"amp.stop\(\) first"):
        amp.init(fp32_ops=["Convolution"])


def test_the_lists_are_those_of_the_table():
    assert {"Convolution", "FullyConnected", "dot", "batch_dot", "Deconvolution"} <= set(
        amp.list_lp16_ops("float16")
    )
    assert {"softmax", "BatchNorm", "exp", "SoftmaxOutput", "mean"} <= set(amp.list_fp32_ops())
    assert {"broadcast_add", "elemwise_add", "Concat", "where"} <= set(amp.list_widest_type_cast())
    assert {"Pooling", "Activation", "Flatten"} <= set(amp.list_lp16_fp32_ops())
    assert ("Activation", "act_type", ["softrelu"]) in amp.list_conditional_fp32_ops()
    assert "SoftmaxOutput" in amp.list_loss_output_functions()
    assert amp.list_lp16_use_fp32_params("float16") == {}
    lists = [set(f()) for f in (amp.list_lp16_ops, amp.list_fp32_ops, amp.list_widest_type_cast)]
    assert not lists[0] & lists[1]
    assert not lists[0] & lists[2]


def test_mxnet_names_lead_here():
    assert mx.contrib.amp is mx.amp
    from dlstudio.contrib import amp as imported

    assert imported is mx.amp
    with pytest.raises(AttributeError, match="nonsense"):
        mx.contrib.nonsense  # noqa: B018


# ---- training ----------------------------------------------------------------------------------
def _blobs():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 64)
    x = rng.standard_normal((64, 1, 8, 8)).astype("float32") * 0.3
    for row, k in zip(x, y, strict=True):
        row[0, 2 * k : 2 * k + 2] += 1
    return mx.nd.array(x), mx.nd.array(y)


@pytest.mark.parametrize("dtype", LOW)
@pytest.mark.parametrize("hybrid", [False, True])
def test_a_training_program_with_a_scaled_loss_learns(dtype, hybrid):
    mx.random.seed(0)
    amp.init(dtype)
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(4, 3, activation="relu"), nn.BatchNorm(), nn.MaxPool2D(2), nn.Dense(8, "tanh"),
        nn.Dense(4),
    )  # fmt: skip
    net.initialize(mx.init.Xavier())
    if hybrid:
        net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.2, "momentum": 0.9})
    amp.init_trainer(trainer)
    loss_of, (x, y) = gluon.loss.SoftmaxCrossEntropyLoss(), _blobs()
    losses = []
    for _ in range(16):
        with autograd.record():
            loss = loss_of(net(x), y)
            with amp.scale_loss(loss, trainer) as scaled:
                autograd.backward(scaled)
        trainer.step(64)
        losses.append(float(loss.mean().asscalar()))
    assert loss.dtype == np.float32
    assert losses[-1] < 0.3 * losses[0], losses
    assert all(p.dtype in ("float32", np.float32) for p in net.collect_params().values())


def _one_weight(value):
    """A parameter with gradient `value`, and its trainer."""
    net = nn.Dense(1, in_units=1, use_bias=False)
    net.initialize(mx.init.One())
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    amp.init_trainer(trainer)

    def backward(scale_loss=True):
        with autograd.record():
            loss = (net.weight.data() * value).sum()
            if scale_loss:
                with amp.scale_loss(loss, trainer) as scaled:
                    autograd.backward(scaled)
            else:
                loss.backward()

    return net.weight, trainer, backward


def test_an_overflow_changes_no_parameter_and_halves_the_scale():
    amp.init()
    weight, trainer, backward = _one_weight(1e36)
    backward()
    trainer.step(1)
    assert weight.data().asscalar() == 1.0
    assert trainer._amp_loss_scaler.loss_scale == 2.0**15
    with pytest.raises(mx.errors.GradError, match="has not been updated"):
        trainer.step(1)


def test_a_good_step_is_divided_by_the_scale():
    amp.init()
    weight, trainer, backward = _one_weight(0.25)
    backward()
    assert weight.grad().asscalar() == 0.25 * 2**16
    trainer.step(1)
    assert weight.data().asscalar() == 0.75


def test_unscale_divides_the_gradients_now_and_the_step_no_more():
    amp.init()
    weight, trainer, backward = _one_weight(0.25)
    backward()
    amp.unscale(trainer)
    assert weight.grad().asscalar() == 0.25
    trainer.step(1)
    assert weight.data().asscalar() == 0.75


def test_the_scale_doubles_after_a_window_of_good_steps():
    scaler = amp.LossScaler(init_scale=8, scale_factor=2.0, scale_window=3)
    good, bad = [mx.nd.ones(2)], [mx.nd.array([1.0, np.inf])]
    assert [scaler.has_overflow(good) for _ in range(3)] == [False] * 3
    assert scaler.loss_scale == 16
    scaler.has_overflow(good)
    assert scaler.has_overflow(bad)
    assert scaler.has_overflow([mx.nd.array([np.nan])])
    assert scaler.loss_scale == 4
    default = amp.LossScaler()
    assert (default.loss_scale, default._scale_factor, default._scale_window) == (2**16, 2, 2000)
    with pytest.raises(ParamError, match="scale_window"):
        amp.LossScaler(scale_window=0)


def test_a_list_of_losses_is_scaled_one_by_one():
    amp.init()
    _, trainer, _ = _one_weight(1.0)
    with amp.scale_loss([mx.nd.ones(1), mx.nd.zeros(1)], trainer) as scaled:
        assert [float(x.asscalar()) for x in scaled] == [2.0**16, 0.0]


def test_training_refuses_to_start_in_the_wrong_order():
    net = nn.Dense(1, in_units=1)
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    with pytest.raises(ParamError, match=r"did you forget to call amp\.init\(\)"):
        amp.init_trainer(trainer)
    amp.init()
    with (
        pytest.raises(ParamError, match=r"did you forget to call amp\.init_trainer"),
        amp.scale_loss(mx.nd.ones(1), trainer),
    ):
        pass
    with pytest.raises(ParamError, match="should be a Gluon Trainer"):
        amp.init_trainer(mx.optimizer.SGD())


@pytest.mark.parametrize("hybrid", [False, True])
def test_a_recurrent_layer_behind_a_dense_one_runs_in_32_bits(hybrid):
    net = nn.HybridSequential()
    net.add(nn.Dense(4, flatten=False, in_units=3), gluon.rnn.LSTM(2, input_size=4))
    net.initialize()
    amp.init()
    if hybrid:
        net.hybridize()
    x = mx.nd.ones((5, 2, 3))
    with autograd.record():
        y = net(x)
    y.backward()
    assert y.dtype == np.float32
    assert np.isfinite(net[0].weight.grad().asnumpy()).all()
