"""Arenas that several plans use in turn, and planning that allocates none."""

import time
import tracemalloc

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import config, sym
from dlstudio.errors import GradError
from dlstudio.gluon.model_zoo import vision
from dlstudio.graph import executor_run, memory, pipeline
from dlstudio.graph.ir import Graph
from dlstudio.graph.program import Program
from tests.unit.graph.residual import fill, residual, train


@pytest.fixture(autouse=True)
def on_numpy():
    """Plans of the same operators wherever the tests run."""
    with config.using(kernels="numpy"):
        yield


def net():
    return residual(1, widths=(8,))


def bound(batch, **options):
    return fill(net().simple_bind(mx.cpu(), data=(batch, 3, 8, 8), softmax_label=(batch,),
                                  **options))  # fmt: skip


def arena(executor, *, training=True):
    return executor._run(train=training).frame.arenas["cpu(0)"]


def gradients(executor):
    return {n: g.asnumpy().copy() for n, g in executor.grad_dict.items()}


# ---- planning --------------------------------------------------------------------------------
def resnet50():
    scores = vision.get_model("resnet50_v1", prefix="resnet_")(sym.var("data"))
    return sym.SoftmaxOutput(scores, name="softmax")


def planned(symbol, **shapes):
    requests = {n: "write" for n in symbol.list_arguments() if n not in shapes}
    graph = Graph.of(symbol, shapes, training=True)
    return Program(pipeline.compile_graph(graph, requests))


def test_planning_resnet50_for_training_takes_less_than_200_megabytes():
    symbol = resnet50()
    tracemalloc.start()
    try:
        program = planned(symbol, data=(32, 3, 224, 224), softmax_label=(32,))
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    assert program.memory.arena_bytes > 2e9
    assert program.memory.arena_bytes <= 1.02 * program.memory.lower_bound_bytes


@pytest.mark.parametrize("name", ["densenet121", "resnet50_v2", "alexnet"])
def test_growing_and_residual_networks_fit_into_their_lower_bound(name):
    network = vision.get_model(name, prefix="net_")
    found = mx.graph.footprint(network, {"data": (32, 3, 224, 224)}, training=False)
    assert found.arena_bytes <= 1.02 * found.lower_bound_bytes


def test_the_time_of_planning_grows_with_the_equations_alone():
    def cost(depth):
        symbol, best = residual(depth, widths=(8,)), float("inf")
        for _ in range(2):
            start = time.process_time()  # of this process: others may use the cores
            program = planned(symbol, data=(2, 3, 8, 8), softmax_label=(2,))
            best = min(best, time.process_time() - start)
        return best / len(program.graph.eqns)

    cost(2)  # loads what is loaded once
    assert cost(18) < 4 * cost(6)


def test_a_plan_is_shown_without_allocating_what_it_plans():
    executor = bound(2)
    executor.plan(train=True)
    assert executor._arenas.nbytes == 0
    executor.forward()
    assert executor._arenas.nbytes == executor.plan(train=False).memory.arena_bytes


def test_binding_compiles_each_mode_once(monkeypatch):
    made = []

    def counted(graph, title):
        made.append(graph.training)
        return Program(graph, title)

    monkeypatch.setattr(executor_run, "Program", counted)
    learning = bound(2)
    learning.forward(is_train=True)
    learning.backward()
    assert [o.shape for o in learning.outputs] == [(2, 10)]
    assert made == [True]
    inferring = bound(2)
    inferring.forward()
    assert inferring.outputs[0].shape == (2, 10)
    assert made == [True, False]


def test_outputs_before_the_first_forward_are_zeros():
    executor = bound(2)
    assert not executor.outputs[0].asnumpy().any()
    assert executor.output_dict["softmax_output"].shape == (2, 10)


# ---- sharing ---------------------------------------------------------------------------------
def test_the_modes_of_an_executor_share_an_arena():
    executor = bound(2)
    executor.forward(is_train=True)
    executor.backward()
    executor.forward(is_train=False)
    assert np.shares_memory(arena(executor), arena(executor, training=False))
    assert executor._arenas.nbytes == executor.memory.arena_bytes


@pytest.mark.parametrize("sizes", [(4, 2), (2, 4)])
def test_shared_executors_take_what_the_larger_needs(sizes):
    first = bound(sizes[0])
    alone = train(bound(sizes[1]), steps=1)
    second = bound(sizes[1], shared_exec=first)
    for executor in (first, second, first):
        executor.forward(is_train=True)
        executor.backward()
    largest = max(first.memory.arena_bytes, second.memory.arena_bytes)
    assert first._arenas.nbytes == largest
    assert np.shares_memory(arena(first), arena(first, training=True))
    fill(second)
    again = train(second, steps=1)
    for name, value in alone.items():
        np.testing.assert_array_equal(again[name], value, err_msg=name)


def test_bind_and_reshape_share_arenas_too():
    first = bound(4)
    arrays = {n: mx.nd.array(a) for n, a in first.arg_dict.items()}
    second = net().bind(mx.cpu(), arrays, aux_states=first.aux_dict, shared_exec=first)
    third = first.reshape(data=(2, 3, 8, 8), softmax_label=(2,))
    for executor in (first, second, third):
        executor.forward()
    assert np.shares_memory(arena(first, training=False), arena(second, training=False))
    assert np.shares_memory(arena(first, training=False), arena(third, training=False))


def test_backward_in_an_arena_that_another_has_written_over_raises():
    first = bound(4)
    second = bound(2, shared_exec=first)
    first.forward(is_train=True)
    second.forward(is_train=True)
    with pytest.raises(GradError, match="shares this one's memory has run forward"):
        first.backward()
    second.backward()
    first.forward(is_train=True)
    first.backward()


def test_a_larger_partner_leaves_the_values_of_the_smaller_alone():
    first = bound(2)
    first.forward(is_train=True)
    first.backward()
    expected = gradients(first)
    first.forward(is_train=True)
    larger = net().simple_bind(mx.cpu(), data=(4, 3, 8, 8), softmax_label=(4,), shared_exec=first)
    larger.forward(is_train=True)  # takes a new block
    first.backward()
    for name, value in gradients(first).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_buckets_of_a_module_share_one_arena():
    def network(length):
        x = sym.Embedding(sym.var("data"), input_dim=20, output_dim=8, name="embed")
        h = sym.mean(
            sym.tanh(sym.FullyConnected(x, num_hidden=16, flatten=False, name="fc")), axis=1
        )
        h = sym.FullyConnected(h, num_hidden=3, name="out")
        return sym.SoftmaxOutput(h, name="softmax"), ("data",), ("softmax_label",)

    def batch(length):
        return mx.io.DataBatch(
            [mx.nd.ones((4, length))], [mx.nd.zeros(4)], bucket_key=length,
            provide_data=[("data", (4, length))], provide_label=[("softmax_label", (4,))],
        )  # fmt: skip

    module = mx.mod.BucketingModule(network, default_bucket_key=12)
    module.bind([("data", (4, 12))], [("softmax_label", (4,))])
    module.init_params()
    module.init_optimizer()
    for length in (12, 5, 8, 12, 5):
        module.forward_backward(batch(length))
        module.update()
    executors = [m._exec_group.execs[0] for m in module._buckets.values()]
    assert len(executors) == 3
    assert len({id(e._arenas) for e in executors}) == 1
    assert executors[0]._arenas.nbytes == max(e.memory.arena_bytes for e in executors)


def test_peaks_are_what_plans_call_their_lower_bound():
    graph = planned(net(), data=(2, 3, 8, 8), softmax_label=(2,)).graph
    assert memory.peak_bytes(graph) == memory.plan(graph).lower_bound_bytes
