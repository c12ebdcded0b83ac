"""The cells of `mx.rnn`: their names, their shapes, and what they compute."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import ParamError, ShapeError

STEPS = [mx.sym.var(f"t{i}_data") for i in range(3)]
SIZES = {f"t{i}_data": (10, 50) for i in range(3)}


def ran(net, arguments, **shapes):
    """Outputs of a symbol for given values."""
    executor = net.simple_bind(mx.cpu(), grad_req="null", **shapes)
    executor.copy_params_from(arguments)
    return [out.asnumpy() for out in executor.forward()]


def random_arguments(net, seed=0, **shapes):
    rng = np.random.default_rng(seed)
    pairs = zip(net.list_arguments(), net.infer_shape(**shapes)[0], strict=True)
    return {n: mx.nd.array(rng.uniform(-1, 1, s)) for n, s in pairs}


@pytest.mark.parametrize("kind", [mx.rnn.RNNCell, mx.rnn.LSTMCell, mx.rnn.GRUCell])
def test_unrolled_cells_have_the_names_of_mxnet(kind):
    cell = kind(100, prefix="c_")
    outputs, states = cell.unroll(3, STEPS)
    net = mx.sym.Group(outputs)
    assert sorted(cell.params._params) == [
        "c_h2h_bias", "c_h2h_weight", "c_i2h_bias", "c_i2h_weight",
    ]  # fmt: skip
    assert net.list_outputs() == [f"c_t{i}_out_output" for i in range(3)]
    assert net.list_arguments()[:4] == ["t0_data", "c_i2h_weight", "c_i2h_bias", "c_h2h_weight"]
    assert net.infer_shape(**SIZES)[1] == [(10, 100)] * 3
    assert len(states) == len(cell.state_info)


@pytest.mark.parametrize(
    ("name", "arguments"), [("RNNCell", {"activation": "relu"}), ("LSTMCell", {}), ("GRUCell", {})]
)
def test_cells_compute_what_gluon_cells_compute(name, arguments):
    mx.random.seed(3)
    modern = getattr(mx.gluon.rnn, name)(4, input_size=5, prefix="c_", **arguments)
    modern.initialize(mx.init.Normal(1.0))
    x = mx.nd.random.normal(shape=(2, 3, 5))
    expected, _ = modern.unroll(3, x, merge_outputs=True)
    cell = getattr(mx.rnn, name)(4, prefix="c_", **arguments)
    net, _ = cell.unroll(3, mx.sym.var("data"), merge_outputs=True)
    weights = {n: p.data() for n, p in modern.collect_params().items()}
    (found,) = ran(net, {"data": x, **weights}, data=(2, 3, 5))
    np.testing.assert_allclose(found, expected.asnumpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("mode", ["lstm", "gru", "rnn_tanh", "rnn_relu"])
def test_a_fused_cell_computes_what_its_single_cells_compute(mode, bidirectional):
    fused = mx.rnn.FusedRNNCell(4, 2, mode, bidirectional, prefix="f_")
    single = fused.unfuse()
    (whole, _), (steps, _) = (
        cell.unroll(3, mx.sym.var("data"), merge_outputs=True) for cell in (fused, single)
    )
    values = random_arguments(whole, data=(2, 3, 5))
    stored = {"f_parameters": values["f_parameters"]}
    cut = fused.unpack_weights(stored)
    gate = {"lstm": "_i", "gru": "_r"}.get(mode, "")
    assert cut[f"f_l0_i2h{gate}_weight"].shape == (4, 5)
    np.testing.assert_array_equal(
        fused.pack_weights(cut)["f_parameters"].asnumpy(), stored["f_parameters"].asnumpy()
    )
    ours = ran(steps, {"data": values["data"], **single.pack_weights(cut)}, data=(2, 3, 5))
    np.testing.assert_allclose(ran(whole, values, data=(2, 3, 5))[0], ours[0], atol=1e-5)


def test_a_fused_cell_hands_out_its_last_states():
    fused = mx.rnn.FusedRNNCell(4, 2, "lstm", get_next_state=True, prefix="f_")
    outputs, states = fused.unroll(3, mx.sym.var("data"), layout="TNC", merge_outputs=True)
    net = mx.sym.Group([outputs, *states])
    assert net.infer_shape(data=(3, 2, 5))[1] == [(3, 2, 4), (2, 2, 4), (2, 2, 4)]
    assert fused.unroll(3, mx.sym.var("data"), merge_outputs=False)[0][0].name is not None


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_unfused_dropout_stands_between_layers(dropout):
    stack = mx.rnn.FusedRNNCell(4, 3, "gru", dropout=dropout, prefix="f_").unfuse()
    kinds = [type(cell).__name__ for cell in stack._cells]
    assert kinds.count("DropoutCell") == (2 if dropout else 0)


def test_layers_one_above_the_other():
    stack = mx.rnn.SequentialRNNCell()
    for i in range(2):
        stack.add(mx.rnn.LSTMCell(4, prefix=f"l{i}_"))
        stack.add(mx.rnn.DropoutCell(0.5, prefix=f"d{i}_"))
    outputs, states = stack.unroll(3, mx.sym.var("data"), merge_outputs=False)
    assert len(states) == 4
    assert sorted(stack.params._params)[0] == "l0_h2h_bias"
    assert mx.sym.Group(outputs).infer_shape(data=(2, 3, 5))[1] == [(2, 4)] * 3
    out, new = stack(mx.sym.var("x"), stack.begin_state())
    assert len(new) == 4
    assert out.infer_shape(x=(2, 5))[1] == [(2, 4)]


@pytest.mark.parametrize("merge", [True, False, None])
def test_both_directions_are_joined(merge):
    def cells():
        return [mx.rnn.RNNCell(2, prefix=p) for p in ("l_", "r_")]

    both = mx.rnn.BidirectionalCell(*cells(), output_prefix="bi_")
    outputs, states = both.unroll(3, mx.sym.var("data"), merge_outputs=merge)
    net = outputs if merge else mx.sym.stack(*outputs, axis=1)
    values = random_arguments(net, data=(2, 3, 5))
    (found,) = ran(net, values, data=(2, 3, 5))
    left, right = (cell.unroll(3, mx.sym.var("data"), merge_outputs=True)[0] for cell in cells())
    (forwards,) = ran(left, {n: values[n] for n in left.list_arguments()}, data=(2, 3, 5))
    turned = {**values, "data": values["data"].flip(axis=1)}
    (backwards,) = ran(right, {n: turned[n] for n in right.list_arguments()}, data=(2, 3, 5))
    np.testing.assert_allclose(found[..., :2], forwards, atol=1e-6)
    np.testing.assert_allclose(found[..., 2:], backwards[:, ::-1], atol=1e-6)
    assert [len(part) for part in states] == [1, 1]
    if merge is False:
        assert [out.name for out in outputs] == ["bi_t0", "bi_t1", "bi_t2"]


def test_a_residual_cell_adds_its_input():
    cell = mx.rnn.ResidualCell(mx.rnn.GRUCell(5, prefix="g_"))
    plain = mx.rnn.GRUCell(5, prefix="g_")
    net, base = (c.unroll(3, mx.sym.var("data"), merge_outputs=True)[0] for c in (cell, plain))
    values = random_arguments(net, data=(2, 3, 5))
    difference = ran(net, values, data=(2, 3, 5))[0] - ran(base, values, data=(2, 3, 5))[0]
    np.testing.assert_allclose(difference, values["data"].asnumpy(), atol=1e-6)
    outputs, _ = mx.rnn.ResidualCell(mx.rnn.GRUCell(50, prefix="rnn_")).unroll(3, STEPS)
    assert outputs[0].name == "rnn_t0_out_plus_residual"
    assert mx.sym.Group(outputs).infer_shape(**SIZES)[1] == [(10, 50)] * 3


def test_zoneout_keeps_old_values_in_training_only():
    cell = mx.rnn.ZoneoutCell(mx.rnn.RNNCell(50, prefix="z_"), 0.9, 0.5)
    net = mx.sym.Group(cell.unroll(2, STEPS[:2])[0])
    shapes = {f"t{i}_data": (4, 6) for i in range(2)}
    executor = net.simple_bind(mx.cpu(), grad_req="null", **shapes)
    executor.copy_params_from(random_arguments(net, **shapes))
    predicted = executor.forward()[0].asnumpy()
    assert (predicted == 0).mean() < 0.1
    mx.random.seed(0)
    trained = executor.forward(is_train=True)[0].asnumpy()
    assert 0.8 < (trained == 0).mean() < 1  # the first step falls back on zeros


@pytest.mark.parametrize("kind", ["ConvRNNCell", "ConvLSTMCell", "ConvGRUCell"])
def test_convolutional_cells_keep_images(kind):
    cell = getattr(mx.rnn, kind)((1, 3, 16, 10), num_hidden=7)
    outputs, _ = cell.unroll(3, STEPS)
    net = mx.sym.Group(outputs)
    prefix = kind.removesuffix("Cell")
    assert net.list_outputs() == [f"{prefix}_t{i}_out_output" for i in range(3)]
    shapes = {f"t{i}_data": (2, 3, 16, 10) for i in range(3)}
    assert net.infer_shape(**shapes)[1] == [(2, 7, 16, 10)] * 3
    assert np.isfinite(ran(net, random_arguments(net, **shapes), **shapes)[2]).all()


def test_weights_are_cut_into_gates_and_joined_again():
    cell = mx.rnn.LSTMCell(3, prefix="c_")
    stored = {
        "c_i2h_weight": mx.nd.arange(24).reshape((12, 2)), "c_i2h_bias": mx.nd.arange(12),
        "c_h2h_weight": mx.nd.ones((12, 3)), "c_h2h_bias": mx.nd.ones(12), "other": mx.nd.ones(1),
    }  # fmt: skip
    cut = cell.unpack_weights(stored)
    assert cut["c_i2h_f_bias"].asnumpy().tolist() == [3, 4, 5]
    assert "c_i2h_weight" not in cut
    joined = cell.pack_weights(cut)
    assert sorted(joined) == sorted(stored)
    np.testing.assert_array_equal(
        joined["c_i2h_weight"].asnumpy(), stored["c_i2h_weight"].asnumpy()
    )


def test_the_forget_gate_begins_open():
    net, _ = mx.rnn.LSTMCell(3, prefix="c_", forget_bias=2.0).unroll(
        2, mx.sym.var("data"), merge_outputs=True
    )
    module = mx.mod.Module(net, label_names=None)
    module.bind([("data", (2, 2, 4))])
    module.init_params(mx.init.Zero())
    bias = module.get_params()[0]["c_i2h_bias"].asnumpy()
    assert bias.tolist() == [0] * 3 + [2] * 3 + [0] * 6


def test_first_states_can_be_variables():
    cell = mx.rnn.LSTMCell(3, prefix="c_")
    states = cell.begin_state(func=mx.sym.Variable)
    assert [s.name for s in states] == ["c_begin_state_0", "c_begin_state_1"]
    assert mx.rnn.FusedRNNCell(3, prefix="f_").state_shape == [(1, 0, 3)] * 2


def test_shared_variables_share_weights():
    first = mx.rnn.RNNCell(3, prefix="c_")
    second = mx.rnn.RNNCell(3, prefix="d_", params=first.params)
    out, _ = second(mx.sym.var("x"), second.begin_state())
    assert "c_i2h_weight" in out.list_arguments()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mx.rnn.FusedRNNCell(3)(STEPS[0], []), "cannot be stepped"),
        (lambda: mx.rnn.FusedRNNCell(3, mode="lsmt"), "lsmt"),
        (lambda: mx.rnn.ZoneoutCell(mx.rnn.FusedRNNCell(3)), "no steps"),
        (lambda: mx.rnn.DropoutCell("half"), "dropout"),
        (lambda: mx.rnn.RNNCell(3).unroll(2, STEPS, layout="NC"), "layout"),
        (lambda: mx.rnn.ConvRNNCell((1, 3, 8, 8), 4, h2h_kernel=(2, 2)), "odd"),
    ],
)
def test_misuse_is_refused(call, message):
    with pytest.raises(ParamError, match=message):
        call()


def test_a_wrapped_cell_does_not_hand_out_states():
    inner = mx.rnn.RNNCell(3)
    outer = mx.rnn.ResidualCell(inner)
    with pytest.raises(ParamError, match="outer cell"):
        inner.begin_state()
    assert len(outer.begin_state()) == 1


def test_a_list_of_another_length_is_refused():
    with pytest.raises(ShapeError, match="3 steps"):
        mx.rnn.RNNCell(3).unroll(2, STEPS)


def test_a_fused_array_of_no_fitting_size_is_refused():
    with pytest.raises(ShapeError, match="does not fit"):
        mx.rnn.FusedRNNCell(4).unpack_weights({"lstm_parameters": mx.nd.zeros(17)})


def test_the_old_function_for_unrolling_warns():
    with pytest.warns(DeprecationWarning, match="cell.unroll"):
        outputs, _ = mx.rnn.rnn_unroll(mx.rnn.RNNCell(3), 2, input_prefix="p_")
    assert "p_t1_data" in mx.sym.Group(outputs).list_arguments()
