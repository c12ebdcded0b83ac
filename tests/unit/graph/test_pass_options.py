"""Passes left out one by one, and what they say of their work."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import ArgumentError, GradError, ParamError, StaleValueError
from dlstudio.graph import pipeline
from dlstudio.graph.ir import Graph
from tests.unit.graph.nets import lenet, mlp


@pytest.mark.parametrize("name", pipeline.NAMES)
def test_without_any_one_pass_the_numbers_stay(name):
    net = lenet()
    shape = {"data": (2, 1, 28, 28)}

    def run():
        executor = net.simple_bind(mx.cpu(), **shape)
        generator = np.random.default_rng(0)
        for array in executor.arg_dict.values():
            array[:] = generator.standard_normal(array.shape) * 0.1
        out = executor.forward(is_train=True)[0].asnumpy()
        executor.backward(mx.nd.array(np.ones((2, 10))))
        return [out, *(g.asnumpy() for g in executor.grad_arrays)], executor.graph

    with pipeline.without(name):
        without, graph = run()
    assert f"{name}: " in graph.explain()
    assert "switched off" in graph.explain()
    for a, b in zip(without, run()[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", pipeline.NAMES)
def test_a_hybridized_block_may_leave_a_pass_out(name):
    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.nn.Dense(8, "tanh", in_units=5), mx.gluon.nn.Dense(3, in_units=8))
    net.initialize()
    x = mx.nd.array(np.random.default_rng(0).standard_normal((4, 5)))
    results = []
    for options in (None, {}, {"without": name}):
        net.hybridize(active=options is not None, **(options or {}))
        with mx.autograd.record():
            y = net(x)
        y.backward()
        results.append([y.asnumpy(), net[0].weight.grad().asnumpy()])
    assert "switched off" in net.plan().graph.explain(name)
    for row in results[1:]:
        for a, b in zip(row, results[0], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_block_called_without_a_pass_has_two_plans_and_finds_both_again():
    net = mx.gluon.nn.Dense(3, in_units=5)
    net.initialize()
    net.hybridize()
    x = mx.nd.ones((2, 5))
    net(x)
    first = net.plan()
    with mx.graph.without("order"):
        net(x)
        assert net.plan() is not first
        second = net.plan()
    for _ in range(2):
        net(x)
        with mx.graph.without("order"):
            net(x)
    assert len(net._cached_op._plans) == 2
    assert "switched off" in second.graph.explain("order")


def test_a_graph_may_be_compiled_without_a_pass():
    graph = Graph.of(mlp(), {"data": (8, 5)})
    compiled = pipeline.compile_graph(graph, {"fc1_weight": "write"}, without=("cse", "fuse"))
    assert "switched off" in compiled.explain("merge_repeated")
    assert "switched off" in compiled.explain("fuse")
    assert "switched off" not in compiled.explain("order")


def test_an_executor_keeps_the_options_it_was_bound_under():
    with mx.graph.without("order"):
        executor = mlp().simple_bind(mx.cpu(), data=(8, 5))
    assert "switched off" in executor.graph.explain("order"), "compiled at its first use"
    again = executor.reshape(partial_shaping=True, data=(4, 5))
    assert "switched off" in again.graph.explain("order")


def test_every_pass_says_what_it_does_and_has_a_name_from_the_textbook():
    told = pipeline.passes()
    assert set(told) == set(pipeline.NAMES)
    assert all(len(line) > 20 and line.endswith(".") for line in told.values())
    for name in ("cse", "dce", "constant_folding"):
        assert pipeline.options_without(name).off < set(pipeline.NAMES)


def _trained(net, x, **options):
    """Outputs, gradients and states of a hybridized block after a step."""
    mx.random.seed(3)
    net.initialize(mx.init.Xavier(), force_reinit=True)
    net.hybridize(**options)
    with mx.autograd.record():
        y = net(x)
    y.backward(mx.nd.ones(y.shape) * 0.5)
    parameters = net.collect_params().values()
    states = [p.data().asnumpy() for p in parameters if p.grad_req == "null"]
    return [y.asnumpy(), *(p.grad().asnumpy() for p in parameters if p.grad_req != "null"), *states]


def test_without_the_gradient_pass_the_tape_gives_the_same_gradients_masks_and_averages():
    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.nn.Dense(8), mx.gluon.nn.BatchNorm(), mx.gluon.nn.Dropout(0.5))
    net.add(mx.gluon.nn.Dense(3))
    x = mx.nd.array(np.random.default_rng(0).standard_normal((6, 5)))
    expected = _trained(net, x)
    found = _trained(net, x, without="symbolic gradient")
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    program = net.plan()
    assert "backward" not in program.params
    assert "follows the tape" in program.graph.explain("gradient")


def test_without_the_gradient_pass_an_input_changed_before_backward_is_refused():
    net = mx.gluon.nn.Dense(3, in_units=5)
    net.initialize()
    net.hybridize(without="gradient")
    x = mx.nd.ones((2, 5))
    with mx.autograd.record():
        y = net(x)
    x[:] = 2
    with pytest.raises(StaleValueError, match="data of dense"):
        y.backward()


def test_an_executor_without_the_gradient_pass_draws_the_same_masks_and_adds_up():
    x = mx.sym.var("x")
    net = mx.sym.Dropout(x * x, p=0.5)
    results = []
    for without in ((), "gradient"):
        mx.random.seed(5)
        executor = net.simple_bind(mx.cpu(), grad_req="add", without=without, x=(4, 8))
        executor.arg_dict["x"][:] = 3
        executor.forward(is_train=True)
        executor.backward()
        out = executor.forward(is_train=True)[0].asnumpy()
        executor.backward()
        gradient = executor.grad_dict["x"].asnumpy()
        assert ((gradient > 0) >= (out > 0)).all()
        results.append((out, gradient))
    np.testing.assert_array_equal(results[0], results[1])
    with pytest.raises(GradError, match="2 head gradients for 1 outputs"):
        executor.backward([mx.nd.ones((4, 8))] * 2)


def test_without_placement_everything_runs_on_one_device():
    with mx.AttrScope(ctx_group="a"):
        h = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=4, name="one")
    with mx.AttrScope(ctx_group="b"):
        net = mx.sym.FullyConnected(h, num_hidden=2, name="two")
    groups = {"a": mx.cpu(0), "b": mx.cpu(1)}
    results = []
    for without in ((), "device placement"):
        executor = net.simple_bind(mx.cpu(0), group2ctx=groups, without=without, data=(3, 5))
        for k, array in enumerate(executor.arg_arrays):
            array[:] = np.random.default_rng(k).standard_normal(array.shape)
        out = executor.forward(is_train=True)[0].asnumpy()
        executor.backward(mx.nd.ones((3, 2), mx.cpu(1)))
        results.append([out, *(g.asnumpy() for g in executor.grad_arrays)])
        layers = {e.device for e in executor.graph.eqns if e.op.name == "FullyConnected"}
        assert layers == ({"cpu(0)"} if without else {"cpu(0)", "cpu(1)"})
    assert "everything runs on the default device" in executor.graph.explain("place")
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_without_inference_the_shapes_are_those_that_come_out():
    executor = lenet().simple_bind(mx.cpu(), data=(2, 1, 28, 28))
    with mx.graph.without("shape inference"):
        observed = lenet().simple_bind(mx.cpu(), data=(2, 1, 28, 28))
        assert "once, on zeros" in observed.graph.explain("infer")
    assert observed.graph.avals == executor.graph.avals


def test_what_writes_the_plan_cannot_be_switched_off():
    with (
        pytest.raises(ParamError, match="no plan can be written"),
        pipeline.without("separate_outputs"),
    ):
        pass


def test_explain_says_what_each_pass_did():
    executor = mlp().simple_bind(mx.cpu(), data=(8, 5))
    text = executor.graph.explain()
    assert "gradient: " in text
    assert "    + fc1 (" in text
    assert "place: " in text


def test_the_module_explains_executors_blocks_plans_and_graphs():
    executor = mlp().simple_bind(mx.cpu(), data=(8, 5))
    text = mx.graph.explain(executor)
    assert text == executor.graph.explain() == mx.graph.explain(executor.plan(train=True))
    assert text == mx.graph.explain(executor.graph)
    assert "gradient: " not in mx.graph.explain(executor, train=False)
    assert mx.graph.explain(executor, "common subexpressions").startswith("merge_repeated: ")
    net = mx.gluon.nn.Dense(3, in_units=5)
    net.initialize()
    net.hybridize()
    net(mx.nd.ones((2, 5)))
    assert mx.graph.explain(net) == net.plan().graph.explain()
    with pytest.raises(ArgumentError, match="Symbol has no plan"):
        mx.graph.explain(mlp())


def test_the_module_tells_without_a_target_what_the_passes_are():
    lines = mx.graph.explain().splitlines()
    assert [line.split(": ")[0] for line in lines] == list(pipeline.NAMES)


@pytest.mark.parametrize("name", ["Constant folding", "pointwise fusion", "memory-aware order"])
def test_passes_are_known_by_the_names_that_people_use(name):
    assert pipeline.options_without(name).off < set(pipeline.NAMES)
