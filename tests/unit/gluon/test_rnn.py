"""Recurrent cells and layers: unrolling as MXNet does, cells against layers, modifiers, slips."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import ArgumentError, MXNetError, ParamError, ShapeError
from dlstudio.gluon import nn, rnn
from dlstudio.graph.scopes import NameManager
from tests.reference.runner import pack

UNROLLED = [c for c in pack.cases("layers/cases") if c.name.startswith("unroll")]


def build(name):
    """Make the cell a record describes."""
    kind = name.split()[1]
    with NameManager():
        if kind == "SequentialRNNCell":
            cell = rnn.SequentialRNNCell()
            with cell.name_scope():
                cell.add(rnn.LSTMCell(3))
                cell.add(rnn.DropoutCell(0.0))
                cell.add(rnn.ResidualCell(rnn.GRUCell(3)))
            return cell
        if kind == "BidirectionalCell":
            return rnn.BidirectionalCell(rnn.LSTMCell(2, prefix="l_"), rnn.GRUCell(2, prefix="r_"))
        return getattr(rnn, kind if kind.endswith("Cell") else "LSTMCell")(3)


def flat(value):
    return [x for v in value for x in flat(v)] if isinstance(value, (list, tuple)) else [value]


@pytest.mark.parametrize("case", [c for c in UNROLLED if not c.error], ids=lambda c: c.name)
def test_unrolled_cell_computes_what_mxnet_computes(case):
    cell = build(case.name)
    cell.initialize()
    options = dict(case.raw["unroll"])
    if "valid_length" in options:
        options["valid_length"] = nd.array(options["valid_length"])
    x = nd.array(case.inputs[0])
    cell.unroll(inputs=x, **options)
    params = cell.collect_params()
    assert list(params.keys()) == case.params_order
    for name, value in case.param_values.items():
        params[name].set_data(nd.array(value))
    x.attach_grad()
    with autograd.record():
        outputs, states = cell.unroll(inputs=x, **options)
    for got, want in zip(flat([outputs, states]), flat(case.outputs), strict=True):
        np.testing.assert_allclose(got.asnumpy(), want, rtol=1e-4, atol=1e-5)
    autograd.backward(flat(outputs), [nd.array(h) for h in flat(case.heads)])
    np.testing.assert_allclose(x.grad.asnumpy(), case.grads["0"], rtol=1e-4, atol=1e-5)
    for name, want in case.param_grads.items():
        np.testing.assert_allclose(params[name].grad().asnumpy(), want, rtol=1e-4, atol=1e-5)
    assert repr(cell) == case.repr


def test_unrolling_another_length_teaches():
    with pytest.raises(ShapeError, match=r"unroll\(3, inputs"):
        rnn.LSTMCell(3).unroll(5, nd.ones((2, 3, 3)))


X = np.random.default_rng(0).normal(size=(5, 2, 3)).astype("float32")


@pytest.mark.parametrize(("layer", "cell"), [(rnn.LSTM, rnn.LSTMCell), (rnn.GRU, rnn.GRUCell)])
def test_a_layer_equals_its_cell_unrolled(layer, cell):
    fused = layer(4, input_size=3, prefix="net_")
    stepped = cell(4, input_size=3, prefix="cell_")
    fused.initialize(mx.init.Uniform(0.5))
    for name, parameter in fused._reg_params.items():
        getattr(stepped, name.removeprefix("l0_")).initialize()
        getattr(stepped, name.removeprefix("l0_")).set_data(parameter.data())
    outputs, _ = stepped.unroll(5, nd.array(X), layout="TNC", merge_outputs=True)
    np.testing.assert_allclose(
        fused(nd.array(X)).asnumpy(), outputs.asnumpy(), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("layout", ["TNC", "NTC"])
@pytest.mark.parametrize("kind", [rnn.LSTM, rnn.GRU, rnn.RNN])
def test_a_compiled_layer_equals_the_eager_one(kind, layout):
    layer = kind(4, num_layers=2, bidirectional=True, layout=layout)
    layer.initialize(mx.init.Uniform(0.5))
    states = None
    want = layer(nd.array(X)).asnumpy()
    layer.hybridize()
    np.testing.assert_allclose(layer(nd.array(X)).asnumpy(), want, rtol=1e-5, atol=1e-6)
    batch = X.shape[layout.index("N")]
    states = layer.begin_state(batch)
    output, last = layer(nd.array(X), states)
    np.testing.assert_allclose(output.asnumpy(), want, rtol=1e-5, atol=1e-6)
    assert [s.shape for s in last] == [s.shape for s in states]


def test_a_network_with_a_recurrent_layer_is_compiled_before_its_shapes_are_known():
    net = nn.HybridSequential()
    net.add(nn.Embedding(7, 3), rnn.LSTM(4, layout="NTC"), nn.Dense(2, flatten=False))
    net.initialize(mx.init.Uniform(0.5))
    net.hybridize()
    x = nd.array([[1, 2, 3], [4, 5, 6]])
    compiled = net(x).asnumpy()
    net.hybridize(False)
    np.testing.assert_allclose(compiled, net(x).asnumpy(), rtol=1e-5, atol=1e-6)


def test_a_compiled_network_that_unrolls_a_cell_trains_like_the_eager_one():
    class Unrolled(gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.cell = rnn.GRUCell(4, input_size=3)
            self.out = nn.Dense(1, in_units=4)

        def hybrid_forward(self, F, x):
            outputs, _ = self.cell.unroll(5, x, layout="TNC", merge_outputs=False)
            return self.out(outputs[-1])

    results = []
    for active in (False, True):
        mx.random.seed(3)
        net = Unrolled()
        net.initialize(mx.init.Xavier())
        net.hybridize(active)
        trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
        for _ in range(4):
            with autograd.record():
                loss = (net(nd.array(X)) - 1) ** 2
            loss.backward()
            trainer.step(2)
        results.append(loss.asnumpy())
    np.testing.assert_allclose(results[1], results[0], rtol=1e-4, atol=1e-6)


def test_sequence_lengths_silence_what_comes_after_them():
    layer = rnn.LSTM(4, use_sequence_length=True)
    layer.initialize(mx.init.Uniform(0.5))
    lengths = nd.array([2, 5])
    output, (hidden, _) = layer(nd.array(X), layer.begin_state(2), lengths)
    assert not output.asnumpy()[2:, 0].any()
    np.testing.assert_allclose(hidden.asnumpy()[0, 0], output.asnumpy()[1, 0], rtol=1e-6)


def test_variational_dropout_uses_one_mask_for_all_steps():
    cell = rnn.VariationalDropoutCell(rnn.RNNCell(6, input_size=3), drop_outputs=0.5)
    cell.initialize(mx.init.One())
    with autograd.record():
        outputs, _ = cell.unroll(5, nd.ones((1, 5, 3)), merge_outputs=True)
    zero = outputs.asnumpy()[0] == 0
    assert (zero == zero[0]).all()


def test_zoneout_keeps_old_states_in_training():
    mx.random.seed(0)
    cell = rnn.ZoneoutCell(rnn.RNNCell(50, input_size=3), zoneout_states=0.5)
    cell.initialize(mx.init.One())
    old = nd.ones((1, 50)) * 7
    with autograd.record():
        _, (state,) = cell(nd.ones((1, 3)), [old])
    kept = (state.asnumpy() == 7).mean()
    assert 0.2 < kept < 0.8


def test_a_wrapped_cell_sends_to_its_wrapper():
    base = rnn.LSTMCell(3)
    rnn.ResidualCell(base)
    with pytest.raises(ParamError, match="outer cell"):
        base.begin_state(2)
    with pytest.raises(ParamError, match="already modified"):
        rnn.ZoneoutCell(base)


def test_a_bidirectional_cell_cannot_be_stepped():
    cell = rnn.BidirectionalCell(rnn.RNNCell(2, input_size=2), rnn.RNNCell(2, input_size=2))
    with pytest.raises(MXNetError, match="cannot be stepped"):
        cell(nd.ones((1, 2)), [nd.ones((1, 2)), nd.ones((1, 2))])


def test_states_need_odd_kernels():
    with pytest.raises(ParamError, match="must be odd"):
        rnn.Conv2DLSTMCell((2, 4, 4), 2, 3, 2)


def test_a_modifier_wraps_a_cell_and_nothing_else():
    with pytest.raises(ParamError, match=r"ResidualCell\(rnn.LSTMCell"):
        rnn.ResidualCell(rnn.LSTM(3))


class TestNumpyArrays:
    @pytest.mark.parametrize("merge", [True, False, None])
    @pytest.mark.parametrize("lengths", [None, [1, 2]])
    @pytest.mark.parametrize(
        "make",
        [
            lambda: rnn.LSTMCell(4),
            lambda: rnn.ResidualCell(rnn.GRUCell(4)),
            lambda: rnn.BidirectionalCell(rnn.GRUCell(2), rnn.RNNCell(2)),
        ],
        ids=["lstm", "residual", "bidirectional"],
    )
    def test_an_unrolled_cell_gives_what_it_was_given(self, make, lengths, merge):
        cell = make()
        cell.initialize()
        lengths = None if lengths is None else mx.np.array(lengths)
        x = mx.np.ones((2, 3, 4))
        found = cell.unroll(3, x, merge_outputs=merge, valid_length=lengths)
        assert {type(a) for a in flat(found)} == {mx.np.ndarray}

    def test_first_states_are_numpy_arrays_after_set_np(self):
        with mx.util.np_array(True):
            states = rnn.LSTMCell(4).begin_state(2, device=mx.cpu(1)) + rnn.GRU(4).begin_state(2)
        assert {type(s) for s in states} == {mx.np.ndarray}
        assert [s.device for s in states] == [mx.cpu(1), mx.cpu(1), mx.cpu()]

    def test_a_function_that_knows_of_shapes_alone_makes_first_states(self):
        states = rnn.LSTM(4).begin_state(2, func=mx.np.ones, dtype="float64")
        assert [s.shape for s in states] == [(1, 2, 4)] * 2
        assert type(states[0]) is mx.np.ndarray
        assert states[0].dtype == np.float64


@pytest.mark.parametrize("active", [False, True], ids=["eager", "compiled"])
def test_data_without_steps_and_arrays_of_numpy_teach(active):
    layer, cell = rnn.LSTM(3), rnn.LSTMCell(3)
    layer.initialize()
    cell.initialize()
    layer.hybridize(active)
    cell.hybridize(active)
    with pytest.raises(ShapeError, match=r"shape \(3, 4\).\nExpected three axes, TNC"):
        layer(nd.ones((3, 4)))
    with pytest.raises(ParamError, match=r"called with a numpy.ndarray"):
        cell(np.ones((2, 3)), cell.begin_state(2))


def test_several_cells_are_stacked_at_once_and_layers_are_not():
    stack = rnn.SequentialRNNCell()
    stack.add(rnn.LSTMCell(3), rnn.GRUCell(2))
    assert len(stack) == 2
    with pytest.raises(ParamError, match=r"SequentialRNNCell.add\(\) was given LSTM"):
        stack.add(rnn.LSTM(3))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("hybrid", [False, True])
def test_an_empty_batch_runs_through_and_gives_no_gradient(kind, hybrid):
    layer = getattr(mx.gluon.rnn, kind)(3, 2, input_size=2, bidirectional=True)
    layer.initialize()
    layer.hybridize(hybrid)
    with mx.autograd.record():
        out = layer(mx.nd.zeros((4, 0, 2)))
    out.backward()
    assert out.shape == (4, 0, 6)
    assert not layer.l0_h2h_weight.grad().asnumpy().any()


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize("lengths", [None, nd.array([1, 3])])
def test_both_directions_may_be_wrapped_if_the_sequence_is_at_hand(lengths, merge):
    pair = rnn.BidirectionalCell(rnn.LSTMCell(2), rnn.GRUCell(2))
    cell = rnn.ResidualCell(rnn.VariationalDropoutCell(pair, drop_inputs=0.2, drop_outputs=0.2))
    cell.initialize()
    x = nd.random.normal(shape=(2, 3, 4))
    found, states = cell.unroll(3, x, merge_outputs=merge, valid_length=lengths)
    found = found if merge else nd.stack(*found, axis=1)
    pair._modified = False  # the same cell, alone: no dropout outside of training
    alone, _ = pair.unroll(3, x, merge_outputs=True, valid_length=lengths)
    expected = (alone + x).asnumpy()
    if lengths is not None:
        expected[0, 1:] = 0
    np.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-6)
    assert len(states) == 3


@pytest.mark.parametrize(
    "wrap", [rnn.ZoneoutCell, lambda cell: rnn.VariationalDropoutCell(cell, drop_states=0.1)]
)
def test_what_changes_single_states_goes_around_each_direction(wrap):
    pair = rnn.BidirectionalCell(rnn.LSTMCell(2), rnn.LSTMCell(2))
    with pytest.raises(ParamError, match=r"Fix: BidirectionalCell\(\w+\(left\), \w+\(right\)\)"):
        wrap(pair)


@pytest.mark.parametrize("make", [rnn.GRU, rnn.LSTM, rnn.LSTMCell, rnn.GRUCell])
def test_another_number_of_states_teaches(make):
    block = make(3)
    block.initialize()
    x = nd.ones((2, 2, 4)) if isinstance(block, (rnn.LSTM, rnn.GRU)) else nd.ones((2, 4))
    states = block.begin_state(2)
    with pytest.raises(ArgumentError, match=rf"{1 + len(states)} states.\nExpected a list of"):
        block(x, [*states, states[0]])
    if isinstance(block, rnn.RecurrentCell):
        with pytest.raises(ArgumentError, match=r"0 states.\nExpected a list of .*\n.*begin_state"):
            block(x)


def test_projected_convolutional_and_stacked_cells_count_their_states_too():
    stack = rnn.SequentialRNNCell()
    stack.add(rnn.GRUCell(3))
    cells = [(rnn.LSTMPCell(4, 3), 1), (rnn.Conv1DLSTMCell((3, 8), 4, 3, 3), 1), (stack, 2)]
    for cell, count in cells:
        cell.initialize()
        with pytest.raises(ArgumentError, match=f"called with {count} states"):
            cell(nd.ones((2, 3)), [nd.zeros((2, 3))] * count)


def test_a_single_state_may_come_without_its_list():
    cell = rnn.GRUCell(3)
    cell.initialize()
    x, state = nd.ones((2, 4)), nd.ones((2, 3))
    np.testing.assert_array_equal(cell(x, state)[0].asnumpy(), cell(x, [state])[0].asnumpy())


def test_layers_refuse_other_features_and_missing_lengths():
    layer = rnn.LSTM(3, input_size=4, use_sequence_length=True)
    layer.initialize()
    with pytest.raises(ShapeError, match=r"Expected 4 features .* Got 7"):
        layer(nd.ones((3, 2, 7)))
    with pytest.raises(ArgumentError, match="use_sequence_length=True, but got none"):
        layer(nd.ones((3, 2, 4)))


def test_what_a_layer_cannot_do_is_no_parameter_of_it():
    with pytest.raises(ArgumentError, match="GRU has no parameter 'projection_size'"):
        rnn.GRU(3, projection_size=2)
    with pytest.raises(ParamError, match="num_layers must be at least 1"):
        rnn.RNN(3, num_layers=0)


class OneStep(gluon.HybridBlock):
    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def hybrid_forward(self, F, x, states):
        return self.cell(x, states)[0]


def stacked(cell):
    stack = rnn.HybridSequentialRNNCell()
    stack.add(cell)
    return stack


@pytest.mark.parametrize("wrap", [lambda cell: cell, stacked, OneStep])
@pytest.mark.parametrize("kind", [rnn.ZoneoutCell, rnn.VariationalDropoutCell])
def test_cells_that_remember_run_hybridized(kind, wrap):
    cell = kind(rnn.GRUCell(4), 0.3, 0.3)
    block = wrap(cell)
    block.initialize()
    block.hybridize()
    for batch in (2, 2, 5):
        cell.reset()
        with autograd.record():
            block(nd.ones((batch, 3)), [nd.zeros((batch, 4))])
    assert cell.base_cell._active


def test_one_mask_serves_all_steps_of_a_hybridized_cell():
    cell = rnn.VariationalDropoutCell(rnn.RNNCell(20), drop_outputs=0.5, drop_states=0.1)
    cell.initialize(mx.init.One())
    cell.hybridize()
    with autograd.record():
        outputs, _ = cell.unroll(5, nd.ones((1, 5, 3)), merge_outputs=True)
    zero = outputs.asnumpy()[0] == 0
    assert 0 < zero.sum() < zero.size
    assert (zero == zero[0]).all()


_PARAMETERS = ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias")


@pytest.mark.parametrize(
    ("cell", "parameters", "shape"),
    [
        (rnn.RNNCell(3, input_size=2), _PARAMETERS, (1, 2)),
        (rnn.LSTMCell(3, input_size=2), _PARAMETERS, (1, 2)),
        (rnn.GRUCell(3, input_size=2), _PARAMETERS, (1, 2)),
        (
            rnn.LSTMPCell(3, 2, input_size=2),
            ("i2h_weight", "h2h_weight", "h2r_weight", "i2h_bias", "h2h_bias"),
            (1, 2),
        ),
        (rnn.Conv1DGRUCell((2, 5), 3, 3, 3, i2h_pad=1), _PARAMETERS, (1, 2, 5)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_parameters_of_a_step_may_be_given_by_position(cell, parameters, shape):
    cell.initialize()
    x, states = nd.ones(shape), cell.begin_state(batch_size=1)
    values = [getattr(cell, name).data() for name in parameters]
    output, _ = cell.hybrid_forward(nd, x, states, *values)
    np.testing.assert_array_equal(output.asnumpy(), cell(x, states)[0].asnumpy())


def test_a_gated_unit_takes_other_activations():
    usual = rnn.GRUCell(3, input_size=2, activation="tanh", recurrent_activation="sigmoid")
    other = rnn.GRUCell(3, input_size=2, activation="relu", recurrent_activation="softsign")
    weights = nd.ones((9, 2)), nd.ones((9, 3))
    for cell in (usual, other):
        cell.initialize()
        cell.i2h_weight.set_data(weights[0])
        cell.h2h_weight.set_data(weights[1])
    x, state = nd.ones((1, 2)), [nd.ones((1, 3))]
    # r = z = 5 / (1 + 5); n = 2 + 3 r; h' = (1 - z) n + z
    np.testing.assert_allclose(other(x, state)[0].asnumpy(), [[4.5 / 6 + 5 / 6] * 3], rtol=1e-6)
    assert not np.allclose(usual(x, state)[0].asnumpy(), other(x, state)[0].asnumpy())


def test_a_convolutional_cell_says_which_lengths_it_needs():
    with pytest.raises(ParamError, match=r"\(channels, 1 lengths\).*Got \(2, 8, 8\)"):
        rnn.Conv1DLSTMCell((2, 8, 8), 2, 3, 3)
