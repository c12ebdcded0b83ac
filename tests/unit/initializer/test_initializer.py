"""Initializers against the moments, bounds and rules of the real MXNet 1.9.1."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import init, nd
from dlstudio.errors import MXNetError, ParamError
from dlstudio.initializer import base
from dlstudio.initializer.recurrent import parameter_shapes
from tests.reference.runner import agree, pack, plain

ALL = list(pack.cases("optim/initializers"))
FILLS = [c for c in ALL if "param_name" in c.raw]
PROGRAMS = [c for c in ALL if "param_name" not in c.raw]
NAMES = {**{name: getattr(init, name) for name in init.__all__}, "mx": mx, "nd": nd, "np": np}


def fill(case):
    array = nd.ones(tuple(case.raw["shape"])) * 9
    eval(case.raw["code"], dict(NAMES))(init.InitDesc(case.raw["param_name"]), array)
    return array.asnumpy()


@pytest.mark.parametrize("case", [c for c in FILLS if not c.error], ids=lambda c: c.name)
def test_values_have_the_recorded_moments_and_bounds(case):
    mx.random.seed(11)
    values, stats = fill(case), case.raw["stats"]
    if "values" in case.raw and stats["std"] in (0.0,):
        np.testing.assert_array_equal(values, case.raw["values"])
    n, spread = values.size, max(stats["std"], 1e-12)
    # means differ by the noise of two samples, deviations by about 1/sqrt(2n) each
    assert abs(values.mean() - stats["mean"]) <= 6 * spread / np.sqrt(n) + 1e-6
    assert abs(values.std() - stats["std"]) <= 6 * spread / np.sqrt(n) + 1e-6
    reach = max(abs(stats["min"]), abs(stats["max"]))
    assert np.abs(values).max() <= 3 * reach + 1e-6


@pytest.mark.parametrize("case", [c for c in FILLS if c.error], ids=lambda c: c.name)
def test_what_mxnet_refuses_is_refused(case):
    with pytest.raises(MXNetError):
        fill(case)


def spelled(case):
    return case.raw.get("dumps") is not None and not case.error


@pytest.mark.parametrize("case", [c for c in FILLS if spelled(c)], ids=lambda c: c.name)
def test_dumps_spells_the_initializer_as_mxnet(case):
    made = eval(case.raw["code"], dict(NAMES))
    assert made.dumps() == case.raw["dumps"]
    assert init.create(made.dumps()).dumps() == made.dumps()


@pytest.mark.parametrize("case", [c for c in PROGRAMS if not c.error], ids=lambda c: c.name)
def test_program_answers_as_in_mxnet(case):
    names = dict(NAMES)
    exec(case.raw["code"], names)
    agree(plain(names["r"]), case.raw["result"], case.name)


@pytest.mark.parametrize("case", [c for c in PROGRAMS if c.error], ids=lambda c: c.name)
def test_program_is_refused_as_in_mxnet(case):
    with pytest.raises((MXNetError, TypeError, NotImplementedError)):
        exec(case.raw["code"], dict(NAMES))


def test_equal_seeds_give_equal_values():
    def draw():
        mx.random.seed(3)
        array = nd.zeros((4, 5))
        init.Xavier()("weight", array)
        return array.asnumpy()

    np.testing.assert_array_equal(draw(), draw())


def test_large_arrays_are_drawn_by_blocks_as_if_at_once(monkeypatch):
    def drawn(block):
        monkeypatch.setattr(base, "_BLOCK", block)
        mx.random.seed(3)
        array = nd.zeros((5, 7))
        init.Normal(0.1)("weight", array)
        return array.asnumpy()

    np.testing.assert_array_equal(drawn(4), drawn(1000))


def test_orthogonal_rows_are_orthonormal():
    array = nd.zeros((4, 9))
    init.Orthogonal(scale=2.0)("weight", array)
    w = array.asnumpy()
    np.testing.assert_allclose(w @ w.T, 4 * np.eye(4), atol=1e-5)


def test_unknown_name_lists_near_ones():
    with pytest.raises(ParamError, match="xavier"):
        init.create("xaviar")


def test_load_takes_stored_values_and_the_default_for_others():
    loader = init.Load({"arg:fc_weight": nd.ones((2, 2))}, default_init=init.One())
    stored, other = nd.zeros((2, 2)), nd.zeros((3,))
    loader("fc_weight", stored)
    loader("fc_bias", other)
    assert stored.asnumpy().tolist() == [[1, 1], [1, 1]]
    assert other.asnumpy().tolist() == [0, 0, 0]


def test_load_refuses_another_shape():
    with pytest.raises(ParamError, match=r"\(3,\), the stored value \(2,\)"):
        init.Load({"w": nd.ones((2,))})("w", nd.zeros((3,)))


def test_verbosity_prints_what_was_filled(capsys):
    init.One().set_verbosity(True)("w_weight", nd.zeros((2, 2)))
    assert "Initialized w_weight" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "value"), [("bn_moving_mean", 0), ("bn0_running_var", 1)])
def test_statistics_are_filled_by_their_names(name, value):
    statistics = mx.nd.full((3,), 7)
    mx.init.Xavier()(name, statistics)
    assert statistics.asnumpy().tolist() == [value] * 3


def test_mixed_initializers_print_what_they_fill(capsys):
    net = mx.gluon.nn.Dense(2, in_units=3, prefix="fc_")
    net.initialize(mx.init.Mixed([".*"], [mx.init.One()]), verbose=True)
    assert "Initialized fc_weight: 1.0" in capsys.readouterr().out


@pytest.mark.parametrize("projection", [None, 2])
def test_parts_of_packed_parameters_have_initializers_of_their_own(projection):
    made = init.RNNFused(
        "lstm", 2, 3, bidirectional=True, projection_size=projection, i2h_weight_initializer="ones",
        h2h_weight_initializer=init.Constant(2), i2h_bias_initializer=init.Constant(3),
        h2r_weight_initializer=init.Constant(4),
    )  # fmt: skip
    shapes = ("lstm", 2, 5, 3, True, projection)
    total = sum(np.prod(shape) for _, shape in parameter_shapes(*shapes))
    packed = nd.zeros(int(total))
    made(init.InitDesc("parameters", {"__init__": made.dumps()}), packed)
    values = {"i2h_weight": 1, "h2h_weight": 2, "i2h_bias": 3, "h2h_bias": 0, "h2r_weight": 4}
    pieces = mx.gluon.utils.split_rnn_params(packed, *shapes)
    assert len(pieces) == (20 if projection else 16)
    for name, piece in pieces.items():
        assert (piece.asnumpy() == values[name.split("_", 1)[1]]).all(), name


def test_packed_parameters_of_another_length_are_refused():
    with pytest.raises(MXNetError, match=r"\(55,\)"):
        mx.gluon.utils.split_rnn_params(nd.ones(54), "rnn_tanh", 1, 4, 5)
    with pytest.raises(ParamError, match="mode"):
        init.RNNFused("elman", 1, 2)


def test_initializers_are_made_with_arguments_by_position_and_by_name():
    assert init.create("constant", 3).dumps() == init.Constant(3).dumps()
    made = init.create(initializer="xavier", magnitude=2)
    assert made.dumps() == init.Xavier(magnitude=2).dumps()
