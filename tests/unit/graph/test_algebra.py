"""Folding constants and algebra: what disappears, what must not, and that the numbers stay."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.core.avals import Aval
from dlstudio.graph.ir import Builder, Graph, verify
from dlstudio.graph.passes.algebra import simplify
from dlstudio.graph.passes.simplify import dead_code, fold_constants, merge_repeated
from tests.unit.graph.test_passes import build, evaluate, names

X = np.array([[1.5, -2.0, 0.0], [0.25, 3.0, -1.0]], "f4")


def same_numbers(graph, after, *arrays):
    verify(after)
    for a, b in zip(evaluate(after, *arrays), evaluate(graph, *arrays), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)


# ---- algebra -----------------------------------------------------------------------------------
GONE = {
    "x + 0": lambda F, x: F.add_scalar(x, scalar=0.0),
    "0 + x": lambda F, x: F.add_scalar(x, scalar=0.0, reverse=True),
    "x - 0": lambda F, x: F.subtract_scalar(x, scalar=0),
    "x * 1": lambda F, x: F._mul_scalar(x, scalar=1.0),
    "x / 1": lambda F, x: F._div_scalar(x, scalar=1.0),
    "x ** 1": lambda F, x: F.power_scalar(x, scalar=1),
    "-(-x)": lambda F, x: F.negative(F.negative(x)),
    "x.T.T": lambda F, x: F.transpose(F.transpose(x, axes=(1, 0))),
    "x in the order it has": lambda F, x: F.transpose(x, axes=(0, -1)),
    "to wider and back": lambda F, x: F.cast(F.cast(x, dtype="float64"), dtype="float32"),
    "reshape there and back": lambda F, x: F.reshape(F.reshape(x, shape=(6,)), shape=(2, 3)),
    "x + zeros": lambda F, x: F.add(x, np.zeros((2, 3), "f4")),
    "ones * x": lambda F, x: F.multiply(np.ones((2, 3), "f4"), x),
    "x - zeros": lambda F, x: F.subtract(x, np.zeros((2, 3), "f4")),
    "x / ones": lambda F, x: F.divide(x, np.ones((2, 3), "f4")),
}


@pytest.mark.parametrize("text", GONE)
def test_what_gives_back_its_input_disappears(text):
    graph = build(lambda F, x: F.exp(GONE[text](F, x)), (2, 3))
    after = dead_code(simplify(graph))
    assert names(after) == ["exp"], text
    same_numbers(graph, after, X)


KEPT = {
    "0 - x": lambda F, x: F.subtract_scalar(x, scalar=0, reverse=True),
    "1 / x": lambda F, x: F.divide_scalar(x, scalar=1, reverse=True),
    "x * 0": lambda F, x: F.multiply_scalar(x, scalar=0.0),
    "to narrower and back": lambda F, x: F.cast(F.cast(x, dtype="float16"), dtype="float32"),
    "through whole numbers": lambda F, x: F.cast(F.cast(x, dtype="int32"), dtype="float32"),
    "a sum that broadcasts": lambda F, x: F.add(x, np.zeros((4, 2, 3), "f4")),
    "a sum that promotes": lambda F, x: F.add(x, np.zeros((2, 3), "f8")),
    "ones - x": lambda F, x: F.subtract(np.zeros((2, 3), "f4"), x),
    "the other way round": lambda F, x: F.transpose(x, axes=(1, 0)),
}


@pytest.mark.parametrize("text", KEPT)
def test_what_changes_numbers_or_shapes_stays(text):
    graph = build(lambda F, x: F.exp(KEPT[text](F, x)), (2, 3))
    after = simplify(graph)
    assert len(names(after)) == len(names(graph)), text


def test_two_factors_become_one():
    graph = build(
        lambda F, x: F.multiply_scalar(F.multiply_scalar(x, scalar=3.0), scalar=0.5), (2, 3)
    )
    after = dead_code(simplify(graph))
    assert [e.attrs["scalar"] for e in after.eqns] == [1.5]
    same_numbers(graph, after, X)


def test_factors_whose_product_overflows_stay_two():
    graph = build(
        lambda F, x: F.multiply_scalar(F.multiply_scalar(x, scalar=1e30), scalar=1e30), (2, 3)
    )
    assert len(simplify(graph).eqns) == 2


def test_two_transposes_and_two_reshapes_become_one():
    def net(F, x):
        turned = F.transpose(F.transpose(x, axes=(1, 2, 0)), axes=(0, 2, 1))
        return F.exp(F.reshape(F.reshape(turned, shape=(6, 4)), shape=(8, 3)))

    graph = build(net, (2, 3, 4))
    after = dead_code(simplify(graph))
    assert names(after) == ["transpose", "reshape", "exp"]
    same_numbers(graph, after, np.arange(24, dtype="f4").reshape(2, 3, 4) / 24)


def test_an_amp_cast_does_not_read_past_whole_numbers():
    builder = Builder()
    x = builder.input("x", "argument", Aval((3,), np.dtype("int8")))
    y = builder.F.amp_cast(builder.F.cast(x, dtype="float32"), dtype="float16")
    graph = Graph(
        tuple(builder.inputs), tuple(builder.eqns), (y.value,), builder.avals, ("y",), 1
    )  # fmt: skip
    after = verify(simplify(graph))
    assert evaluate(after, np.arange(3, dtype="int8"))[0].dtype == np.float16


# ---- constants ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "constant",
    [
        lambda: sym.zeros(shape=(2, 3)) + 1,
        lambda: sym.ones(shape=(2, 3)) * 2 - 0.5,
        lambda: sym.full(shape=(2, 3), val=7.0),
        lambda: sym.reshape(sym.arange(6), shape=(2, 3)),
        lambda: sym.broadcast_to(sym.exp(sym.arange(3)).reshape((1, 3)), shape=(2, 3)),
        lambda: sym.transpose(sym.reshape(sym.arange(6), shape=(3, 2))),
    ],
)
def test_arrays_that_depend_on_nothing_are_computed_once(constant):
    graph = Graph.of(sym.broadcast_mul(sym.var("x"), constant()), {"x": (2, 3)})
    after = dead_code(fold_constants(graph))
    assert len(after.eqns) == 1
    assert all(x.data.flags.c_contiguous for x in after.inputs if x.kind == "constant")
    same_numbers(graph, after, X)


def test_large_constants_are_made_in_each_run_and_not_kept():
    net = sym.broadcast_add(sym.var("x"), sym.zeros(shape=(600, 600)))
    graph = Graph.of(net, {"x": (600, 600)})
    assert [e.op.name for e in fold_constants(graph).eqns] == ["zeros", "broadcast_add"]


def test_effects_are_never_folded_nor_dropped_nor_merged():
    draws = [sym.random.uniform(shape=(3,), name=f"u{i}") for i in range(2)]
    graph = Graph.of(sym.broadcast_sub(*draws) + sym.var("x"), {"x": (3,)})
    after = dead_code(merge_repeated(simplify(fold_constants(graph))))
    assert sum(e.op.flags.random for e in after.eqns) == 2


def test_attributes_tell_equal_operators_apart():
    def net(F, x):
        return tuple(F.multiply_scalar(x, scalar=s) for s in (1, 1.0, True, -0.0, 0.0, -0.0))

    merged = merge_repeated(build(net, (2, 3)))
    assert len(merged.eqns) == 5, "only the second -0.0 repeats an earlier one"


# ---- explain -----------------------------------------------------------------------------------
def test_explain_names_what_each_pass_did_and_to_whom():
    x = sym.var("data")
    e = sym.exp(x, name="first") + sym.exp(x, name="second") * 1.0
    net = sym.broadcast_add(e, sym.zeros(shape=(2, 3), name="nought"), name="sum")
    graph = net.bind(mx.cpu(), {"data": mx.nd.ones((2, 3))}).graph
    merged = graph.explain("merge_repeated")
    assert "merge_repeated: 3 -> 2 equations, 1 removed" in merged
    assert "- second (exp, test_algebra.py:" in merged
    assert ": the same as first (exp" in merged
    assert "now the constant float32[2, 3]" in graph.explain("fold_constants")
    assert "- sum (broadcast_add" in graph.explain("simplify")
    assert "nothing to do" in graph.explain("layout")
    assert graph.explain("merge_repeated", "simplify").count("equations") == 2


def test_explain_of_an_untouched_graph_says_so():
    graph = Graph.of(sym.exp(sym.var("x")), {"x": (2,)})
    assert graph.explain() == "no pass has run on this graph"
