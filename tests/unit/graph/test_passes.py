import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.core.avals import Aval
from dlstudio.core.registry import OPS
from dlstudio.errors import GraphError, ShapeError
from dlstudio.graph.ir import ABSENT, Builder, Graph, verify
from dlstudio.graph.passes import algebra
from dlstudio.graph.passes.gradient import gradient
from dlstudio.graph.passes.infer import infer
from dlstudio.graph.passes.order import order, peak_bytes
from dlstudio.graph.passes.place import place
from dlstudio.graph.passes.simplify import (
    dead_code,
    fold_constants,
    merge_repeated,
    simplify,
)
from dlstudio.graph.storage import analyse, separate_outputs
from tests.unit.graph.nets import lenet, mlp

F4 = np.dtype("float32")


def build(function, *shapes):
    """A graph of `function(F, *inputs)` over arguments x0, x1, …"""
    builder = Builder()
    refs = [builder.input(f"x{i}", "argument", Aval(s, F4)) for i, s in enumerate(shapes)]
    out = function(builder.F, *refs)
    outs = out if isinstance(out, tuple) else (out,)
    return Graph(
        inputs=tuple(builder.inputs), eqns=tuple(builder.eqns),
        outputs=tuple(r.value for r in outs), avals=builder.avals,
        names=tuple(f"y{i}" for i in range(len(outs))), heads=len(outs),
    )  # fmt: skip


def evaluate(graph, *arrays):
    """Compute a graph equation by equation: the meaning that every pass must keep."""
    values = {x.value: x.data for x in graph.inputs if x.kind == "constant"}
    given = [x for x in graph.inputs if x.kind != "constant"]
    values.update({x.value: a for x, a in zip(given, arrays, strict=True)})
    for e in graph.eqns:
        ins = [None if i == ABSENT else values[i] for i in e.ins]
        result = e.op.forward(np, *ins, **e.attrs)
        values.update(zip(e.outs, result if isinstance(result, tuple) else (result,), strict=True))
    return [values[v] for v in graph.outputs]


def names(graph):
    return [e.op.name for e in graph.eqns]


def test_equal_equations_are_computed_once():
    graph = build(lambda F, x: F.add(F.exp(x), F.exp(x)), (2, 3))
    assert names(graph) == ["exp", "exp", "add"]
    after = verify(merge_repeated(graph))
    assert names(after) == ["exp", "add"]
    x = np.linspace(0, 1, 6, dtype="f4").reshape(2, 3)
    np.testing.assert_array_equal(evaluate(after, x)[0], evaluate(graph, x)[0])


def test_two_dropouts_are_two():
    x = sym.var("x")
    net = sym.Dropout(x, p=0.5) + sym.Dropout(x, p=0.5)
    graph = simplify(Graph.of(net, {"x": (4,)}, training=True))
    assert names(graph).count("Dropout") == 2


def test_identities_are_removed():
    graph = build(
        lambda F, x: F.exp(F.identity(F.reshape(F.sum_to(x, shape=(2, 3)), shape=(2, 3)))), (2, 3)
    )
    after = verify(algebra.simplify(graph))
    assert names(after) == ["exp"]
    x = np.ones((2, 3), "f4")
    np.testing.assert_array_equal(evaluate(after, x)[0], evaluate(graph, x)[0])


def test_an_output_that_is_an_input_survives_the_removal_of_its_identity():
    graph = algebra.simplify(build(lambda F, x: F.identity(x), (2,)))
    assert names(graph) == []
    assert names(verify(separate_outputs(graph))) == ["identity"]


def test_constants_are_folded():
    graph = build(lambda F, x: F.add(x, F.exp(np.float32(0.0) + np.zeros((3,), "f4"))), (3,))
    after = verify(dead_code(fold_constants(graph)))
    assert names(after) == ["add"]
    np.testing.assert_array_equal(evaluate(after, np.zeros(3, "f4"))[0], np.ones(3))


def test_random_numbers_are_not_folded():
    net = sym.var("x") + sym.random.uniform(shape=(3,))
    graph = simplify(Graph.of(net, {"x": (3,)}))
    assert any(e.op.flags.random for e in graph.eqns)


def test_unused_equations_are_dropped_and_random_ones_kept():
    graph = build(lambda F, x: (F.exp(x), F.tanh(x))[0], (2,))
    assert names(verify(dead_code(graph))) == ["exp"]


def test_repeated_equations_are_merged_after_other_passes():
    graph = build(lambda F, x: F.add(F.exp(F.identity(x)), F.exp(x)), (2,))
    assert names(verify(merge_repeated(algebra.simplify(graph)))) == ["exp", "add"]


def test_gradient_of_a_product():
    graph = build(lambda F, x, y: F.multiply(x, y), (2,), (2,))
    joint = verify(gradient(graph, {"x0": "write", "x1": "write"}))
    x, y, g = np.array([2, 3], "f4"), np.array([5, 7], "f4"), np.array([1, 10], "f4")
    _, dx, dy = evaluate(joint, x, y, g)
    np.testing.assert_array_equal(dx, g * y)
    np.testing.assert_array_equal(dy, g * x)


def test_gradients_of_a_value_used_twice_add_up():
    graph = build(lambda F, x: F.add(F.multiply(x, x), x), (2,))
    joint = verify(gradient(graph, {"x0": "write"}))
    x = np.array([2, 3], "f4")
    np.testing.assert_array_equal(evaluate(joint, x, np.ones(2, "f4"))[1], 2 * x + 1)


def test_gradient_request_add_reads_the_old_gradient():
    joint = verify(gradient(build(lambda F, x: F.exp(x), (2,)), {"x0": "add"}))
    old, x = np.array([10, 20], "f4"), np.zeros(2, "f4")
    assert [i.kind for i in joint.inputs] == ["argument", "head_gradient", "gradient"]
    np.testing.assert_array_equal(evaluate(joint, x, np.ones(2, "f4"), old)[1], old + 1)


def test_gradient_of_an_unused_argument_is_zero():
    joint = verify(gradient(build(lambda F, x, y: F.exp(x), (2,), (3,)), {"x1": "write"}))
    np.testing.assert_array_equal(
        evaluate(joint, np.ones(2), np.ones(3), np.ones(2))[1], np.zeros(3)
    )


def test_gradient_computes_only_what_is_asked_for():
    graph = Graph.of(mlp(), {"data": (8, 5)})
    weights_only = simplify(gradient(graph, {"fc1_weight": "write"}))
    everything = simplify(gradient(graph, {"fc1_weight": "write", "data": "write"}))
    assert len(weights_only.eqns) < len(everything.eqns)


def test_moving_averages_are_written_in_the_backward_half():
    graph = Graph.of(lenet(batch_norm=True), {"data": (2, 1, 28, 28)}, training=True)
    assert "graph_assign" not in names(graph)
    joint = verify(gradient(graph, {"conv1_weight": "write"}))
    writes = [e for e in joint.eqns if e.op.name == "graph_assign"]
    assert [e.role for e in writes] == ["backward", "backward"]
    assert joint.eqns[-1].op.name == "graph_assign", "after everything that reads the old values"


def test_moving_averages_are_not_written_in_inference():
    graph = Graph.of(lenet(batch_norm=True), {"data": (2, 1, 28, 28)}, training=False)
    assert "graph_assign" not in names(gradient(graph, {"conv1_weight": "write"}))


@pytest.mark.parametrize("device", ["cpu(1)"])
def test_everything_lies_on_the_default_device_without_groups(device):
    placed = place(Graph.of(mlp(), {"data": (8, 5)}), device)
    assert {e.device for e in placed.eqns} == {device}
    assert "graph_copy" not in names(placed)


def _split_net():
    with mx.AttrScope(ctx_group="a"):
        h = sym.FullyConnected(sym.var("data"), num_hidden=6, name="fc1")
    with mx.AttrScope(ctx_group="b"):
        h = sym.FullyConnected(sym.exp(h, name="e"), num_hidden=3, name="fc2")
    return sym.sum(h, name="total")


GROUPS = {"a": mx.cpu(0), "b": mx.cpu(1)}


def test_groups_decide_and_crossings_are_copies():
    graph = Graph.of(_split_net(), {"data": (4, 5)}, group2ctx=GROUPS)
    placed = verify(place(graph, "cpu(0)"))
    where = {e.name: e.device for e in placed.eqns if e.op.name != "graph_copy"}
    assert where == {"fc1": "cpu(0)", "e": "cpu(1)", "fc2": "cpu(1)", "total": "cpu(1)"}
    assert names(placed).count("graph_copy") == 1
    weights = {x.name: placed.devices[x.value] for x in placed.inputs}
    assert weights == {
        "data": "cpu(0)", "fc1_weight": "cpu(0)", "fc1_bias": "cpu(0)",
        "fc2_weight": "cpu(1)", "fc2_bias": "cpu(1)",
    }  # fmt: skip


def test_gradients_run_where_their_forward_ran_and_end_where_their_argument_lies():
    graph = Graph.of(_split_net(), {"data": (4, 5)}, group2ctx=GROUPS)
    requests = dict.fromkeys(("fc1_weight", "fc2_weight"), "write")
    placed = verify(place(simplify(gradient(graph, requests)), "cpu(0)"))
    for e in placed.eqns:
        if e.role == "backward" and e.name in ("fc1", "fc2"):
            assert e.device == {"fc1": "cpu(0)", "fc2": "cpu(1)"}[e.name]
    assert [placed.devices[v] for v in placed.outputs[1:]] == ["cpu(0)", "cpu(1)"]


def test_every_equation_reads_only_its_own_device():
    graph = Graph.of(_split_net(), {"data": (4, 5)}, group2ctx=GROUPS)
    placed = place(simplify(gradient(graph, {"fc1_weight": "write"})), "cpu(0)")
    for e in placed.eqns:
        if e.op.name != "graph_copy":
            assert all(placed.devices[v] == e.device for v in e.reads)


def test_a_pinned_input_keeps_its_device():
    placed = place(Graph.of(sym.exp(sym.var("x")), {"x": (2,)}), "cpu(0)", {"x": "cpu(3)"})
    assert placed.devices[placed.inputs[0].value] == "cpu(3)"
    assert placed.eqns[0].device == "cpu(3)", "most bytes of its inputs are there"


def test_views_share_the_storage_of_their_base():
    graph = build(
        lambda F, x: F.exp(F.transpose(F.reshape(F.tanh(x), shape=(3, 2)), axes=(1, 0))), (2, 3)
    )
    storages = analyse(graph)
    tanh, reshape, transpose, exp = (e.outs[0] for e in graph.eqns)
    assert storages.root[reshape] == storages.root[transpose] == tanh
    assert storages.root[exp] == exp
    assert storages.contiguous[reshape]
    assert not storages.contiguous[transpose]


def test_a_reshape_that_must_copy_is_no_view():
    graph = build(
        lambda F, x: F.exp(F.reshape(F.transpose(F.tanh(x), axes=(1, 0)), shape=(6,))), (2, 3)
    )
    reshaped = graph.eqns[2].outs[0]
    assert analyse(graph).root[reshaped] == reshaped


def test_outputs_get_memory_of_their_own():
    graph = build(lambda F, x: (F.reshape(F.exp(x), shape=(6,)), F.exp(x), x), (2, 3))
    after = verify(separate_outputs(graph))
    roots = [analyse(after).root[v] for v in after.outputs]
    assert len(set(roots)) == 3
    assert not {x.value for x in after.inputs} & set(roots)
    x = np.ones((2, 3), "f4")
    for a, b in zip(evaluate(after, x), evaluate(graph, x), strict=True):
        np.testing.assert_array_equal(a, b)


def test_order_lowers_the_peak_and_keeps_the_meaning():
    # all four exponentials first would keep four arrays alive; one after the other keeps two
    def wide(F, x):
        parts = [F.exp(F.multiply_scalar(x, scalar=float(i))) for i in range(4)]
        sums = [F.sum(p) for p in parts]
        return F.add(F.add(sums[0], sums[1]), F.add(sums[2], sums[3]))

    graph = build(wide, (100,))
    after = verify(order(graph))
    assert peak_bytes(after) < peak_bytes(graph)
    x = np.linspace(0, 1, 100, dtype="f4")
    np.testing.assert_allclose(evaluate(after, x)[0], evaluate(graph, x)[0], rtol=1e-6)


def test_order_keeps_random_equations_in_order():
    x = sym.var("x")
    net = sum((sym.Dropout(x, p=0.1 * i, name=f"drop{i}") for i in range(1, 6)), sym.exp(x))
    graph = Graph.of(net, {"x": (10,)}, training=True)
    drawn = [e.name for e in order(graph).eqns if e.op.name == "Dropout"]
    assert drawn == [f"drop{i}" for i in range(1, 6)]


def test_order_keeps_the_halves_apart():
    joint = simplify(
        gradient(Graph.of(lenet(), {"data": (2, 1, 28, 28)}), {"conv1_weight": "write"})
    )
    roles = [e.role for e in order(place(joint, "cpu(0)")).eqns]
    assert roles == sorted(roles, key=["forward", "backward"].index)


def test_infer_recomputes_all_avals():
    graph = Graph.of(mlp(), {"data": (8, 5)})
    assert infer(graph).avals == dict(graph.avals)


def test_verify_finds_reads_before_writes_and_wrong_shapes():
    graph = build(lambda F, x: F.exp(F.tanh(x)), (2, 3))
    backwards = Graph(graph.inputs, graph.eqns[::-1], graph.outputs, graph.avals)
    with pytest.raises(GraphError, match="before it is made"):
        verify(backwards)
    lie = {**graph.avals, graph.outputs[0]: Aval((9,), F4)}
    with pytest.raises(GraphError, match="is said to give"):
        verify(Graph(graph.inputs, graph.eqns, graph.outputs, lie))


def test_errors_while_lowering_name_node_and_line():
    net = sym.broadcast_add(sym.var("a"), sym.var("b"), name="sum_of_both")
    with pytest.raises(ShapeError, match=r"sum_of_both \(broadcast_add, test_passes.py:\d+\)"):
        Graph.of(net, {"a": (2, 3), "b": (4, 5)})


def test_a_variable_without_a_shape_is_named():
    with pytest.raises(ShapeError, match="the shapes of 1 arguments cannot be inferred: y"):
        Graph.of(sym.broadcast_add(sym.var("x"), sym.var("y")), {"x": (2,)})


def test_composites_are_written_as_their_parts():
    composite = next(
        op for op in OPS.values() if op.expand is not None and op.name == "argmax_channel"
    )
    graph = build(lambda F, x: getattr(F, composite.name)(x), (2, 3))
    assert all(e.op.expand is None for e in graph.eqns)


def test_a_graph_prints_readably():
    text = str(Graph.of(mlp(), {"data": (8, 5)}))
    assert text.splitlines()[0] == "v0:float32[8,5] = argument data"
    assert "FullyConnected(v0, v1, v2, num_hidden=16)  # forward fc1 nets.py" in text


def test_an_array_made_with_an_unknown_dimension_takes_it_from_its_reader():
    h = sym.FullyConnected(sym.var("x"), num_hidden=4, name="fc")
    net = h + sym.zeros(shape=(0, 4))
    assert net.infer_shape(x=(2, 3))[1] == [(2, 4)]
    graph = Graph.of(net, {"x": (2, 3)})
    assert graph.avals[graph.outputs[0]].shape == (2, 4)
    executor = net.simple_bind(mx.cpu(), x=(2, 3))
    assert executor.forward()[0].shape == (2, 4)


def test_an_array_without_elements_stays_without():
    graph = Graph.of(sym.exp(sym.zeros(shape=(0, 4))), {})
    assert graph.avals[graph.outputs[0]].shape == (0, 4)
