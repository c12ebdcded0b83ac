"""Passes left out one by one, and what they say of their work."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import ArgumentError, ParamError
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


def test_a_pass_that_must_run_cannot_be_switched_off():
    with pytest.raises(ParamError, match="place"), pipeline.without("place"):
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
