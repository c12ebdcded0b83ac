"""Values computed twice instead of kept: less memory, the same numbers to the bit."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dlstudio as mx
from dlstudio import autograd, config, gluon, sym
from dlstudio.errors import ParamError
from dlstudio.graph import memory, pipeline, program
from dlstudio.graph.capture import CachedOp
from dlstudio.graph.ir import Graph, verify
from dlstudio.graph.on_tape import run_on_arrays
from dlstudio.graph.operators import ASSIGN
from dlstudio.graph.passes.recompute import _too_small, recompute
from dlstudio.graph.passes.replay import Replay
from dlstudio.graph.pipeline import compile_graph
from dlstudio.graph.storage import analyse
from dlstudio.trace.events import OpRan
from dlstudio.trace.recorder import Recorder
from tests.unit.graph.residual import fill, residual, train
from tests.unit.graph.test_random_graphs import _leaves, _listed, _run, graphs


@pytest.fixture(autouse=True)
def on_numpy():
    """Plans of the same operators wherever the tests run."""
    with config.using(kernels="numpy"):
        yield


@pytest.fixture
def poisoned(monkeypatch):
    """What is read before it is computed is NaN."""
    monkeypatch.setattr(program, "poison", True)


def bound(net, batch=4, side=8, **options):
    return fill(net.simple_bind(mx.cpu(), data=(batch, 3, side, side), softmax_label=(batch,),
                                **options))  # fmt: skip


def repeated(graph):
    return [e for e in graph.eqns if e.role == "recompute"]


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


# ---- the promise: a third of the memory, the same numbers ------------------------------------
def test_a_residual_net_of_200_layers_trains_in_a_third_of_the_memory(poisoned):
    net = residual(33, widths=(8, 8, 16))
    layers = [n for n in net.list_arguments() if n.endswith("_weight")]
    assert len(layers) - 2 == 200  # two more in the short cuts
    plain = bound(net)
    budget = plain.memory.arena_bytes // 3
    small = bound(net, memory_budget=budget)
    assert small.memory.arena_bytes <= budget
    assert_equal(train(small), train(plain))


def test_dropout_draws_its_mask_again_and_nobody_else_notices(poisoned):
    net = residual(5, widths=(8, 8), dropout=0.4)
    plain = bound(net)
    small = bound(net, memory_budget=plain.memory.arena_bytes // 2)
    assert "Dropout" in [e.op.name for e in repeated(small.graph)]
    assert "rng=replay(0)" in small.source
    # "next draw" is among what is compared: repeating takes nothing from the stream
    assert_equal(train(small), train(plain))


def test_a_new_seed_between_the_halves_changes_no_mask():
    def gradient(**options):
        ex = bound(residual(3, widths=(8,), dropout=0.4), **options)
        mx.random.seed(5)
        ex.forward(is_train=True)
        mx.random.seed(99)
        ex.backward()
        return ex

    plain = gradient()
    small = gradient(memory_budget=plain.memory.arena_bytes // 2)
    assert any(e.op.name == "Dropout" for e in repeated(small.graph))
    for name, g in plain.grad_dict.items():
        np.testing.assert_array_equal(small.grad_dict[name].asnumpy(), g.asnumpy(), err_msg=name)


def test_moving_averages_are_written_once():
    net = residual(4, widths=(8,))
    plain = bound(net)
    small = bound(net, memory_budget=plain.memory.arena_bytes // 2)
    assert "BatchNorm" in [e.op.name for e in repeated(small.graph)]
    writes = [sum(e.op is ASSIGN for e in ex.graph.eqns) for ex in (plain, small)]
    assert writes[0] == writes[1] == len(plain.aux_dict)


@pytest.mark.parametrize("fraction", [2, 3])
def test_smaller_budgets_repeat_more(fraction):
    net = residual(8, widths=(8, 16))
    plain = bound(net)
    budget = plain.memory.arena_bytes // fraction
    graph = bound(net, memory_budget=budget).graph
    verify(graph)
    assert memory.plan(graph).arena_bytes <= budget
    assert all(graph.avals[new] == graph.avals[old] for new, old in graph.again.items())


def test_convolutions_are_repeated_last():
    net = residual(8, widths=(8, 16))
    plain = bound(net)
    small = bound(net, memory_budget=int(0.7 * plain.memory.arena_bytes))
    names = [e.op.name for e in repeated(small.graph)]
    assert names.count("Convolution") * 4 < names.count("BatchNorm")


# ---- any set of values can be forgotten ------------------------------------------------------
def _forgetting_all(graph, *args, lean=False, **options):
    return Replay(graph, analyse(graph)).keeping((), lean=lean)


@given(net=graphs(), lean=st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_plan_that_keeps_nothing_computes_the_same(net, lean):
    names = net.list_arguments()
    expected = _run(lambda v: run_on_arrays(net, v), names)
    op, before = CachedOp(net), pipeline.recompute
    pipeline.recompute = partial(_forgetting_all, lean=lean)
    program.poison = True
    try:
        got = _run(lambda v: _listed(op(*[v[n] for n in op.names])), names)
    finally:
        pipeline.recompute, program.poison = before, False
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    assert _leaves().keys() >= set(names)
    verify(op.plan().graph)


def test_cheap_values_can_be_forgotten_twice():
    net = residual(4, widths=(8,), dropout=0.3)
    plain = bound(net).graph
    source = Replay(plain, analyse(plain))
    once, twice = (verify(source.keeping((), lean=lean)) for lean in (False, True))
    assert len(repeated(twice)) > len(repeated(once)) > 0
    assert memory.peak_bytes(twice) < memory.peak_bytes(once)
    for lean, graph in ((False, once), (True, twice)):
        measured = source.measure((), lean=lean).peak
        assert abs(measured - memory.peak_bytes(graph)) < 0.1 * memory.peak_bytes(graph)


def test_copies_between_devices_are_kept():
    with mx.AttrScope(ctx_group="a"):
        h = sym.tanh(sym.exp(sym.var("x"), name="e"), name="t")
    with mx.AttrScope(ctx_group="b"):
        net = sym.sigmoid(h, name="s") * sym.tanh(h, name="u")
    groups = {"a": mx.cpu(0), "b": mx.cpu(1)}
    graph = Graph.of(net, {"x": (8, 8)}, training=True, group2ctx=groups)
    graph = compile_graph(graph, {"x": "write"}, without="fuse_pointwise")
    after = verify(_forgetting_all(graph))
    assert repeated(after)
    assert not [e for e in repeated(after) if e.op.name == "graph_copy"]


# ---- doors -----------------------------------------------------------------------------------
def test_explain_lists_what_is_computed_again():
    net = residual(4, widths=(8,))
    budget = bound(net).memory.arena_bytes // 2
    text = bound(net, memory_budget=budget).graph.explain("recompute")
    assert "peak of live bytes" in text
    assert "+ s0b1_r1 (Activation" in text or "+ s0b2_r1 (Activation" in text


def test_the_pass_is_switched_off_by_name():
    net = residual(4, widths=(8,))
    plain = bound(net)
    off = bound(net, memory_budget=plain.memory.arena_bytes // 2, without="recompute")
    assert off.memory.arena_bytes == plain.memory.arena_bytes
    assert "switched off" in off.graph.explain("recompute")


def test_source_says_what_is_computed_again():
    net = residual(4, widths=(8,))
    small = bound(net, memory_budget=bound(net).memory.arena_bytes // 2)
    assert "_bn[0] again" in small.source
    forward, backward = small.source.split("def backward")
    assert " again" in backward
    assert " again" not in forward.split("def forward")[1]
    assert any(b.owner.endswith(" again") for b in small.memory.buffers)


def test_blocks_take_a_budget():
    def gradients(**options):
        net = gluon.nn.HybridSequential(prefix="n_")
        with net.name_scope():
            for _ in range(12):
                net.add(gluon.nn.Dense(32, activation="tanh"), gluon.nn.Dropout(0.2))
        net.initialize()
        net.hybridize(**options)
        rng = np.random.default_rng(0)
        x = mx.nd.array(rng.standard_normal((16, 32)))
        net(x)
        for p in net.collect_params().values():
            p.set_data(mx.nd.array(rng.standard_normal(p.shape) * 0.2))
        mx.random.seed(7)
        with autograd.record():  # twice before one backward: each call has a frame of its own
            loss = net(x) + net(x * 2)
        loss.backward(retain_graph=True)
        loss.backward()
        found = {n: p.grad().asnumpy() for n, p in net.collect_params().items()}
        return net.plan(train=True).memory.arena_bytes, found

    arena, expected = gradients()
    smaller, found = gradients(memory_budget=arena * 2 // 3)
    assert smaller <= arena * 2 // 3
    assert_equal(found, expected)


def test_modules_take_a_budget_from_the_block_they_are_bound_in():
    net = residual(4, widths=(8,))
    arenas = []
    for budget in (None, 100_000):
        module = mx.mod.Module(net, data_names=["data"], label_names=["softmax_label"])
        with pipeline.memory_budget(budget):
            module.bind([("data", (4, 3, 8, 8))], [("softmax_label", (4,))])
        module.init_params()
        arenas.append(module._exec_group.execs[0].memory.arena_bytes)
    assert arenas[1] <= 100_000 < arenas[0]


def test_a_budget_that_suffices_changes_nothing():
    net = residual(2, widths=(8,))
    plain = bound(net)
    same = bound(net, memory_budget=plain.memory.arena_bytes)
    assert not repeated(same.graph)


def test_inference_is_left_alone():
    small = bound(residual(2, widths=(8,)), memory_budget=1)
    assert not repeated(small.plan(train=False).graph)


def test_a_budget_too_small_never_asks_for_more_than_the_plan_takes():
    graph = bound(residual(1, widths=(8,))).graph
    needed = memory.plan(graph).arena_bytes
    text = str(_too_small(graph, 64, needed + 64))
    assert f"at least {needed:,} bytes" in text
    assert f"memory_budget={needed}," in text
    assert "no fewer where values are computed again" in text


def test_a_budget_too_small_says_what_would_do():
    net = residual(4, widths=(8,))
    with pytest.raises(ParamError, match="are too few: the plan takes") as caught:
        bound(net, memory_budget=1000).plan(train=True)
    smallest = int(str(caught.value).split("memory_budget=")[-1].split(",")[0])
    assert bound(net, memory_budget=smallest).memory.arena_bytes <= smallest


@pytest.mark.parametrize("budget", [0, -1, 2.5, True, "1 GB"])
def test_budgets_are_numbers_of_bytes(budget):
    with pytest.raises(ParamError, match="a whole number of bytes"):
        bound(residual(1, widths=(8,)), memory_budget=budget)


# ---- MXNet's settings ------------------------------------------------------------------------
def test_mirroring_repeats_what_is_cheap(monkeypatch, poisoned):
    net = residual(5, widths=(8, 8), dropout=0.3)
    plain = bound(net)
    expected = train(plain)
    monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", "1")
    small = bound(net)
    again = {e.op.name for e in repeated(small.graph)}
    assert small.memory.arena_bytes < 0.8 * plain.memory.arena_bytes
    assert again
    assert not again & {"Convolution", "FullyConnected", "Dropout"}
    assert_equal(train(small), expected)


def test_forced_nodes_are_repeated():
    def deep(**attrs):
        h = sym.var("data")
        for i in range(6):
            h = sym.FullyConnected(h, num_hidden=64, name=f"fc{i}")
            with mx.AttrScope(**attrs):
                h = sym.Activation(h, act_type="tanh", name=f"act{i}")
                h = sym.square(h, name=f"square{i}")
        return sym.SoftmaxOutput(h, name="softmax")

    plain, forced = (
        bound(n, side=2) for n in (deep(), deep(force_mirroring="True"))
    )  # fmt: skip
    assert {e.op.name for e in repeated(forced.graph)} <= {"square", "Activation"}
    assert repeated(forced.graph)
    assert forced.memory.arena_bytes < plain.memory.arena_bytes
    assert_equal(train(forced), train(plain))


# ---- who looks at plans ----------------------------------------------------------------------
def test_watchers_see_the_second_time_in_the_backward_phase():
    net = residual(4, widths=(8,))
    small = bound(net, memory_budget=bound(net).memory.arena_bytes // 2)
    with Recorder() as recorder:
        small.forward(is_train=True)
        small.backward()
    phases = {e.phase for e in recorder.of(OpRan) if e.op == "BatchNorm"}
    assert phases == {"forward", "backward"}


def test_a_debugged_step_gives_the_same_gradients():
    net = residual(3, widths=(8,), dropout=0.4)
    plain = bound(net)
    small = bound(net, memory_budget=plain.memory.arena_bytes // 2)
    assert "replay(" in small.source
    results = []
    for executor in (plain, small):
        mx.random.seed(11)
        mx.graph.debug(executor).cont()
        results.append({n: g.asnumpy() for n, g in executor.grad_dict.items()})
    assert_equal(*results)


def test_recompute_leaves_a_graph_without_backward_half_alone():
    graph = compile_graph(Graph.of(residual(1, widths=(8,)), {"data": (2, 3, 8, 8)}))
    assert recompute(graph, 1) is graph
