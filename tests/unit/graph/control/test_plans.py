"""Loops and branches in plans: plan == eager, memory, text, passes, watching."""

from dataclasses import replace

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.core import random
from dlstudio.graph import options, pipeline, program
from dlstudio.graph.capture import CachedOp
from dlstudio.graph.control.bodies import programs
from dlstudio.graph.ir import verify
from dlstudio.graph.passes.amp import Policy
from dlstudio.trace.events import OpRan, SlotTaken
from dlstudio.trace.recorder import Recorder
from tests.unit.graph.control.nets import NETS, bound, counting, eager, heads, recurrent, values


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.fixture(params=[False, True], ids=["", "poisoned"])
def poison(request, monkeypatch):
    monkeypatch.setattr(program, "poison", request.param)


@pytest.mark.parametrize("name", NETS)
def test_plan_equals_eager_for_outputs_and_gradients(name, poison):
    symbol, shapes = NETS[name]()
    given = values(symbol, shapes)
    outputs, gradients = eager(symbol, given)
    executor = bound(symbol, given)
    for _ in range(2):  # a second run finds the arena as the first has left it
        for found, expected in zip(executor.forward(is_train=True), outputs, strict=True):
            close(found.asnumpy(), expected.asnumpy())
        executor.backward(heads(outputs))
        for argument, gradient in gradients.items():
            close(executor.grad_dict[argument].asnumpy(), gradient)
    for found, expected in zip(executor.forward(), outputs, strict=True):
        close(found.asnumpy(), expected.asnumpy())


@pytest.mark.parametrize("name", NETS)
def test_graphs_stay_valid_with_loops_inside(name):
    symbol, shapes = NETS[name]()
    executor = bound(symbol, values(symbol, shapes))
    for graph in [executor.graph, *(p.graph for p in programs(executor.graph))]:
        verify(graph)


def test_gradients_are_added_when_asked():
    symbol, shapes = recurrent()
    given = values(symbol, shapes)
    outputs, gradients = eager(symbol, given)
    executor = bound(symbol, given, "add")
    for _ in range(2):
        executor.forward(is_train=True)
        executor.backward(heads(outputs))
    close(executor.grad_dict["i2h_weight"].asnumpy(), 2 * gradients["i2h_weight"])


def test_only_gradients_that_are_asked_for_are_computed():
    symbol, shapes = recurrent()
    given = values(symbol, shapes)
    outputs, gradients = eager(symbol, given)
    executor = bound(symbol, given, {"h2h_weight": "write"})
    executor.forward(is_train=True)
    executor.backward(heads(outputs))
    close(executor.grad_dict["h2h_weight"].asnumpy(), gradients["h2h_weight"])
    inner = "".join(p.source for p in programs(executor.graph))
    assert "i2h_weight_sum" not in inner
    assert "h2h_weight_sum" in inner


@pytest.mark.parametrize("name", pipeline.NAMES)
def test_the_numbers_stay_whichever_pass_is_off(name):
    symbol, shapes = NETS["branch_in_loop"]()
    given = values(symbol, shapes)
    outputs, gradients = eager(symbol, given)
    with pipeline.without(name):
        executor = bound(symbol, given)
        executor.forward(is_train=True)
        executor.backward(heads(outputs))
    close(executor.grad_dict["w"].asnumpy(), gradients["w"])


def test_passes_run_on_the_graphs_inside():
    def step(x, s):
        useless = mx.sym.exp(x)  # noqa: F841
        return mx.sym.identity(x) + s * 1.0, s

    outputs, _ = mx.sym.contrib.foreach(step, mx.sym.var("x"), mx.sym.var("s"))
    executor = outputs.simple_bind(mx.cpu(), grad_req="null", x=(3, 2), s=(2,))
    (inner,) = programs(executor.graph)
    assert [e.op.name for e in inner.graph.eqns if e.op.name == "exp"] == []
    told = executor.graph.explain("compile_bodies")
    assert "body has" in told
    assert "simplify: - identity" in told


def test_the_memory_inside_is_part_of_the_plan_around():
    symbol, shapes = recurrent()
    executor = bound(symbol, values(symbol, shapes))
    workspaces = [e.attrs["workspace"] for e in executor.graph.eqns if e.op.flags.graphs]
    assert len(workspaces) == 2  # the loop and its gradient
    inner = [p.memory.arena_bytes for p in programs(executor.graph)]
    assert all(space >= own > 0 for space, own in zip(workspaces, inner, strict=True))
    planned = {b.value: b for b in executor.memory.buffers}
    spaces = [planned[e.outs[-1]] for e in executor.graph.eqns if e.op.flags.graphs]
    assert [b.nbytes >= n for b, n in zip(spaces, workspaces, strict=True)] == [True, True]
    # the two never run at one time: they share their bytes
    assert executor.memory.arena_bytes < executor.memory.naive_bytes
    # the loop's states are kept for the gradient, one row per step
    assert any(executor.graph.avals[b.value].shape == (5, 2, 4) for b in executor.memory.buffers)


def test_inference_keeps_nothing_of_the_steps():
    symbol, shapes = recurrent()
    executor = symbol.simple_bind(mx.cpu(), grad_req="null", **shapes)
    kept = [executor.graph.avals[b.value].shape for b in executor.memory.buffers]
    assert (5, 2, 4) not in kept


def test_the_text_shows_the_plans_inside():
    symbol, shapes = recurrent()
    source = bound(symbol, values(symbol, shapes)).source
    assert source.count("def build(") == 3
    assert "# Plan of body of _foreach" in source
    compile(source, "plan", "exec")


def test_a_loop_allocates_nothing_once_it_is_bound():
    import tracemalloc

    symbol, shapes = recurrent()
    shapes = {**shapes, "x": (5, 64, 300)}
    executor = symbol.simple_bind(mx.cpu(), **shapes)
    for _ in range(2):
        executor.forward(is_train=True)
        executor.backward([nd.ones(y.shape) for y in executor.outputs])
    ones = [nd.ones(y.shape) for y in executor.outputs]
    tracemalloc.start()
    executor.forward(is_train=True)
    executor.backward(ones)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 300 * 4  # less than one row of the data


def test_watchers_see_the_steps():
    symbol, shapes = counting()
    executor = bound(symbol, values(symbol, {**shapes}))
    executor.arg_dict["i"][:] = 0
    with Recorder() as recorder:
        executor.forward()
    doubled = [e for e in recorder.of(OpRan) if e.op == "_mul_scalar"]
    assert len(doubled) == 3
    assert [e for e in recorder.of(OpRan) if e.op == "graph_loop"]
    assert recorder.of(SlotTaken)


def test_a_monitor_sees_the_outputs_of_the_loop():
    symbol, shapes = recurrent()
    executor = bound(symbol, values(symbol, shapes))
    seen = {}
    executor.set_monitor_callback(lambda name, x: seen.update({name: x.shape}))
    executor.forward(is_train=True)
    name = symbol.list_outputs()[0].removesuffix("_output0")
    assert {k: v for k, v in seen.items() if k.startswith(name)} == {
        f"{name}_output0": (5, 2, 4), f"{name}_output1": (2, 4)
    }  # fmt: skip


def test_random_numbers_differ_from_step_to_step_and_repeat_with_the_seed():
    x, s = mx.sym.var("x"), mx.sym.var("s")
    outputs, _ = mx.sym.contrib.foreach(lambda x, s: (mx.sym.Dropout(x, p=0.5), s), x, s)
    executor = outputs.bind(
        mx.cpu(), {"x": nd.ones((3, 64)), "s": nd.ones(1)}, {"x": nd.zeros((3, 64))},
        {"x": "write"},
    )  # fmt: skip
    random.seed(3)
    first = executor.forward(is_train=True)[0].asnumpy()
    executor.backward(nd.ones((3, 64)))
    # the gradient uses the mask of each step
    np.testing.assert_array_equal(executor.grad_dict["x"].asnumpy(), first)
    assert not (first[0] == first[1]).all()
    random.seed(3)
    np.testing.assert_array_equal(executor.forward(is_train=True)[0].asnumpy(), first)


def test_rows_that_lie_out_of_order_are_put_in_order():
    x = mx.sym.transpose(mx.sym.var("x"), axes=(1, 0, 2))
    outputs, _ = mx.sym.contrib.foreach(lambda x, s: (mx.sym.tanh(x) * s, s), x, mx.sym.var("s"))
    given = {"x": nd.array(np.arange(12).reshape(2, 3, 2) / 9), "s": nd.ones((2, 2))}
    found = outputs.bind(mx.cpu(), given).forward()[0].asnumpy()
    close(found, np.tanh(given["x"].asnumpy()).transpose(1, 0, 2))


def test_moving_averages_inside_a_loop_are_updated():
    def step(x, s):
        return mx.sym.BatchNorm(x, name="bn", fix_gamma=False), s

    outputs, _ = mx.sym.contrib.foreach(step, mx.sym.var("x"), mx.sym.var("s"))
    assert outputs.list_auxiliary_states() == ["bn_moving_mean", "bn_moving_var"]
    executor = outputs.simple_bind(mx.cpu(), x=(3, 8, 2), s=(1,))
    data = np.random.default_rng(0).normal(2, 1, (3, 8, 2)).astype("float32")
    executor.arg_dict["x"][:] = data
    executor.arg_dict["bn_gamma"][:] = 1
    executor.forward(is_train=True)
    executor.backward(nd.ones((3, 8, 2)))
    mean = np.zeros(2)
    for t in (2, 1, 0):  # the gradient visits the steps backwards, and updates as it goes
        mean = 0.9 * mean + 0.1 * data[t].mean(axis=0)
    close(executor.aux_dict["bn_moving_mean"].asnumpy(), mean)


def test_two_threads_run_one_loop_each_with_a_frame_of_its_own():
    from concurrent.futures import ThreadPoolExecutor

    symbol, shapes = recurrent()
    op = CachedOp(symbol)
    given = values(symbol, shapes)
    expected = op(*(given[n] for n in op.names))[0].asnumpy()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: op(*(given[n] for n in op.names))[0].asnumpy(), range(12)))
    for each in found:
        close(each, expected)


def test_a_loop_runs_on_the_device_of_its_group():
    with mx.AttrScope(ctx_group="a"):
        x = mx.sym.tanh(mx.sym.var("x"))
    with mx.AttrScope(ctx_group="b"):
        outputs, _ = mx.sym.contrib.foreach(lambda a, b: (a * b, a + b), x, mx.sym.var("s"))
    groups = {"a": mx.cpu(0), "b": mx.cpu(1)}
    executor = outputs.simple_bind(mx.cpu(0), group2ctx=groups, x=(3, 2), s=(2,))
    for array in executor.arg_arrays:
        array[:] = 0.5
    (y,) = executor.forward(is_train=True)
    executor.backward(nd.ones((3, 2), ctx=mx.cpu(1)))
    assert y.context == mx.cpu(1)
    assert {e.device for e in executor.graph.eqns if e.op.flags.graphs} == {"cpu(1)"}
    assert executor.grad_dict["x"].context == mx.cpu(0)
    rows = np.tanh(0.5) * np.array([1, 2, 3]) - np.tanh(0.5) + 0.5  # the state before each step
    close(y.asnumpy()[:, 0], np.tanh(0.5) * rows)


def test_a_module_trains_a_symbol_with_a_loop():
    def step(x, h):
        z = mx.sym.FullyConnected(x, num_hidden=8, name="i")
        h = mx.sym.tanh(z + mx.sym.FullyConnected(h, num_hidden=8, name="h"))
        return h, h

    data = mx.sym.transpose(mx.sym.var("data"), axes=(1, 0, 2))
    _, last = mx.sym.contrib.foreach(step, data, mx.sym.zeros((0, 8)))
    net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(last, num_hidden=2, name="o"), name="softmax")
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (64, 5, 3)).astype("float32")
    batches = mx.io.NDArrayIter(x, (x.sum((1, 2)) > 0).astype("float32"), 16)
    mx.random.seed(0)
    module = mx.mod.Module(net)
    module.fit(
        batches, num_epoch=25, optimizer="adam", optimizer_params={"learning_rate": 0.03},
        initializer=mx.init.Xavier(),
    )  # fmt: skip
    assert dict(module.score(batches, "acc"))["accuracy"] > 0.95


def test_the_debugger_steps_over_a_loop():
    symbol, shapes = recurrent()
    executor = bound(symbol, values(symbol, shapes))
    debugger = mx.graph.debug(executor)
    debugger.step(2)
    assert "_foreach" in str(debugger)


def test_mixed_precision_runs_inside_loops_and_states_keep_their_dtype():
    symbol, shapes = recurrent()
    given = values(symbol, shapes)
    outputs, gradients = eager(symbol, given)
    policy = Policy(lp16=frozenset(["FullyConnected"]))
    with options.using(replace(options.current(), amp=policy)):
        executor = bound(symbol, given)
        found = executor.forward(is_train=True)
        executor.backward(heads(outputs))
    assert [x.dtype for x in found] == [np.float32, np.float32]
    first = programs(executor.graph)[0].graph
    dense = [e for e in first.eqns if e.op.name == "FullyConnected"]
    assert {first.avals[e.outs[0]].dtype for e in dense} == {np.dtype("float16")}
    np.testing.assert_allclose(found[0].asnumpy(), outputs[0].asnumpy(), rtol=1e-2)
    weight = executor.grad_dict["i2h_weight"]
    assert weight.dtype == np.float32
    np.testing.assert_allclose(weight.asnumpy(), gradients["i2h_weight"], rtol=2e-2, atol=1e-3)
