"""Symbols with loops and branches: names, inference, files, pictures, refusals."""

import json

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.errors import (
    ArgumentError,
    DTypeError,
    FileFormatError,
    GraphError,
    ParamError,
    ShapeError,
)
from dlstudio.viz.drawing import drawing_of
from tests.unit.graph.control.nets import NETS, recurrent, values

sym = mx.sym
foreach, while_loop, cond = (
    mx.sym.contrib.foreach, mx.sym.contrib.while_loop, mx.sym.contrib.cond
)  # fmt: skip


def same(x, s):
    return x, s


# ---- composing -----------------------------------------------------------------------------------
def test_data_and_states_come_first_then_what_the_body_uses():
    symbol, _ = recurrent()
    assert symbol.list_arguments() == [
        "x", "h", "i2h_weight", "i2h_bias", "h2h_weight", "h2h_bias", "scale"
    ]  # fmt: skip


def test_nodes_are_named_as_in_mxnet():
    with mx.name.NameManager():
        outputs, state = foreach(same, sym.var("x"), sym.var("s"))
        out, last = while_loop(lambda s: s < 3, lambda s: (s, s), sym.var("s"), 2)
        branch = cond(sym.var("p"), lambda: sym.var("a"), lambda: sym.var("b"))
    assert outputs.list_outputs() + state.list_outputs() == [
        "_foreach0_output0", "_foreach0_output1"
    ]  # fmt: skip
    assert last.list_outputs() == ["_while_loop0_output1"]
    assert out.list_outputs() == ["_while_loop0_output0"]
    assert branch.list_outputs() == ["_cond0_output"]


def test_what_is_computed_outside_stays_outside():
    e = sym.exp(sym.var("w"), name="outer")
    outputs, _ = foreach(lambda x, s: (x * e, s), sym.var("x"), sym.var("s"))
    names = [n.name for n in mx.sym.load_json(outputs.tojson()).get_internals()]
    assert "outer" in names
    inner = outputs.outputs_[0][0].attrs["body"].symbol
    assert "outer" not in [n.name for n in inner.get_internals()]


def test_variables_made_inside_are_arguments_outside_and_carry_no_mark():
    outputs, _ = foreach(lambda x, s: (x * sym.var("w", lr_mult=2), s), sym.var("x"), sym.var("s"))
    assert outputs.attr_dict()["w"] == {"__lr_mult__": "2", "lr_mult": "2"}


def test_nesting_is_kept():
    outputs, states = foreach(
        lambda xs, ss: ([xs[1], [xs[0]]], ss), [sym.var("a"), sym.var("b")], [sym.var("s")]
    )
    assert isinstance(outputs[1], list)
    assert isinstance(states, list)
    out, single = while_loop(lambda s: s < 3, lambda s: ([], s), sym.var("s"), 2)
    assert out == []
    assert isinstance(single, mx.sym.Symbol)


def test_a_symbol_of_several_outputs_is_a_list():
    parts = sym.split(sym.var("x"), num_outputs=2, axis=1)
    outputs, _ = foreach(lambda xs, s: (xs[0] - xs[1], s), parts, sym.var("s"))
    assert outputs.infer_shape(x=(3, 4), s=(1,))[1] == [(3, 2)]


def test_composed_symbols_keep_their_loops():
    outputs, _ = foreach(lambda x, s: (x + s, s), sym.var("x"), sym.var("s"))
    composed = outputs(x=sym.exp(sym.var("z")))
    assert composed.list_arguments() == ["z", "s"]
    found = composed.eval(z=nd.zeros((2, 1)), s=nd.ones(1))[0]
    assert found.asnumpy().tolist() == [[2], [2]]


def test_the_signatures_are_those_of_mxnet():
    import inspect

    assert str(inspect.signature(foreach)).startswith("(body")
    assert list(inspect.signature(foreach).parameters) == ["body", "data", "init_states", "name"]
    assert list(inspect.signature(while_loop).parameters) == [
        "cond", "func", "loop_vars", "max_iterations", "name"
    ]  # fmt: skip
    assert list(inspect.signature(cond).parameters) == ["pred", "then_func", "else_func", "name"]
    assert list(inspect.signature(mx.npx.cond).parameters) == [
        "pred", "then_func", "else_func", "inputs", "name"
    ]  # fmt: skip


# ---- inference -----------------------------------------------------------------------------------
def test_shapes_of_weights_and_states_follow_from_the_data():
    symbol, shapes = recurrent()
    arguments, outputs, _ = symbol.infer_shape(**shapes)
    assert dict(zip(symbol.list_arguments(), arguments, strict=True)) == {
        **shapes, "h": (2, 4), "i2h_weight": (4, 3), "i2h_bias": (4,), "h2h_weight": (4, 4),
        "h2h_bias": (4,),
    }  # fmt: skip
    assert outputs == [(5, 2, 4), (2, 4)]


def test_states_made_with_an_unknown_batch_take_that_of_the_data():
    cell = mx.gluon.rnn.LSTMCell(4, input_size=3, prefix="lstm_")
    begin = [sym.zeros((0, 4)), sym.zeros((0, 4))]
    outputs, _ = foreach(cell, sym.var("x"), begin)
    executor = outputs.simple_bind(mx.cpu(), x=(5, 2, 3))
    assert executor.forward()[0].shape == (5, 2, 4)


@pytest.mark.parametrize("name", NETS)
def test_types_follow_the_data(name):
    symbol, shapes = NETS[name]()
    first = next(iter(shapes))
    arguments, outputs, _ = symbol.infer_type(**{first: "float64"})
    assert set(arguments) <= {np.float64, np.float32}
    assert outputs[-1] in (np.float64, np.float32)


def test_a_float64_loop_computes_in_float64():
    symbol, shapes = recurrent()
    executor = symbol.simple_bind(
        mx.cpu(), type_dict=dict.fromkeys(symbol.list_arguments(), "float64"), **shapes
    )
    assert executor.forward()[0].dtype == np.float64


def test_states_must_keep_shape_and_dtype():
    grown, _ = foreach(lambda x, s: (x, sym.concat(s, s, dim=0)), sym.var("x"), sym.var("s"))
    with pytest.raises(ShapeError, match=r"state 0 has shape \(2,\) before a step, \(4,\) after"):
        grown.infer_shape(x=(3, 1), s=(2,))
    cast, _ = foreach(lambda x, s: (x, s.astype("float64")), sym.var("x"), sym.var("s"))
    with pytest.raises(DTypeError, match="state 0 is float32 before a step, float64 after"):
        cast.simple_bind(mx.cpu(), x=(3, 1), s=(2,))


def test_data_of_different_lengths_is_refused():
    outputs, _ = foreach(
        lambda xs, s: (xs[0] + xs[1], s), [sym.var("a"), sym.var("b")], sym.var("s")
    )
    with pytest.raises(ShapeError, match="arrays of one length"):
        outputs.infer_shape(a=(3, 2), b=(4, 2), s=(1,))


def test_branches_must_agree():
    x = sym.var("x")
    with pytest.raises(ArgumentError, match="different nesting"):
        cond(x, lambda: [x, x], lambda: x)
    with pytest.raises(ShapeError, match=r"output 0 is float32\[3, 1\] of then_func"):
        cond(x.sum() > 0, lambda: x, lambda: x.sum(axis=1)).infer_shape(x=(3, 1))


def test_conditions_have_one_element():
    x = sym.var("x")
    with pytest.raises(ShapeError, match=r"cond: pred is an array of shape \(3,\)"):
        cond(x, lambda: x, lambda: -x).infer_shape(x=(3,))
    out, _ = while_loop(lambda s: s < 3, lambda s: (s, s), x, 2)
    with pytest.raises(ShapeError, match="one element, which is true or false"):
        out.infer_shape(x=(3,))


# ---- refusals ------------------------------------------------------------------------------------
def test_arrays_and_wrong_returns_are_refused():
    x, s = sym.var("x"), sym.var("s")
    with pytest.raises(ArgumentError, match="data holds a NDArray"):
        foreach(same, nd.ones(3), s)
    with pytest.raises(ArgumentError, match="body returned Symbol"):
        foreach(lambda x, s: x, x, s)
    with pytest.raises(ArgumentError, match="what body returned holds a int"):
        foreach(lambda x, s: (3, s), x, s)
    with pytest.raises(ShapeError, match="body got 1 states and returned 2"):
        foreach(lambda x, s: (x, [s, s]), x, s)
    with pytest.raises(ParamError, match="max_iterations=None"):
        while_loop(lambda s: s < 3, lambda s: (s, s), s)
    with pytest.raises(ParamError, match="at least one loop variable"):
        while_loop(lambda: 1, lambda: ([], []), [], 3)
    with pytest.raises(ArgumentError, match="a function of symbols"):
        foreach(3, x, s)


# ---- files ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NETS)
def test_files_round_trip(name, tmp_path):
    symbol, shapes = NETS[name]()
    symbol.save(tmp_path / "net.json")
    loaded = mx.sym.load(tmp_path / "net.json")
    assert loaded.tojson() == symbol.tojson()
    assert loaded.list_arguments() == symbol.list_arguments()
    given = values(symbol, shapes)
    for a, b in zip(
        symbol.bind(mx.cpu(), given).forward(), loaded.bind(mx.cpu(), given).forward(), strict=True
    ):
        np.testing.assert_array_equal(a.asnumpy(), b.asnumpy())


def test_the_file_has_mxnets_fields():
    outputs, _ = foreach(lambda x, s: (x * sym.var("w"), s), sym.var("x"), sym.var("s"))
    record = json.loads(outputs.tojson())["nodes"][-1]
    assert record["op"] == "_foreach"
    assert record["attrs"] == {
        "in_data_locs": "[0]", "in_state_locs": "[2]", "num_args": "4", "num_out_data": "1",
        "num_outputs": "2", "remain_locs": "[1]",
    }  # fmt: skip
    (graph,) = record["subgraphs"]
    assert set(graph) == {"nodes", "arg_nodes", "node_row_ptr", "heads"}
    assert record["inputs"] == [[0, 0, 0], [1, 0, 0], [2, 0, 0]]


def handmade(**changes):
    """A file as MXNet 1.9 might write it: tuples for lists, and names of its own."""
    null = {"op": "null", "inputs": []}
    body = {
        "nodes": [
            {**null, "name": "data-0"}, {**null, "name": "state-0"},
            {"op": "elemwise_add", "name": "plus", "attrs": {"__subgraph_name__": "foreach0"},
             "inputs": [[0, 0, 0], [1, 0, 0]]},
            {"op": "_copy", "name": "copy", "inputs": [[2, 0, 0]]},
        ],
        "arg_nodes": [0, 1], "node_row_ptr": [0, 1, 2, 3, 4], "heads": [[2, 0, 0], [3, 0, 0]],
    }  # fmt: skip
    attrs = {
        "num_args": "3", "num_outputs": "2", "num_out_data": "1", "in_state_locs": "(1,)",
        "in_data_locs": "(0,)", "remain_locs": "()", **changes.pop("attrs", {}),
    }  # fmt: skip
    loop = {
        "op": "_foreach", "name": "_foreach0", "attrs": attrs, "inputs": [[0, 0, 0], [1, 0, 0]],
        "subgraphs": [body], **changes,
    }  # fmt: skip
    nodes = [{**null, "name": "x"}, {**null, "name": "s"}, loop]
    return json.dumps({"nodes": nodes, "arg_nodes": [0, 1], "heads": [[2, 0, 0], [2, 1, 0]]})


def test_files_that_mxnet_wrote_load():
    found = mx.sym.load_json(handmade()).eval(x=nd.array([[1], [2]]), s=nd.zeros(1))
    assert [x.asnumpy().ravel().tolist() for x in found] == [[1, 3], [3]]


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"subgraphs": []}, FileFormatError, "a list of 1"),
        ({"subgraphs": 3}, FileFormatError, "a list of 1"),
        ({"subgraphs": [{"nodes": 1}]}, FileFormatError, "no list called nodes"),
        ({"attrs": {"in_data_locs": "(5,)"}}, GraphError, "positions and counts do not fit"),
        ({"attrs": {"in_data_locs": "()"}}, GraphError, "positions and counts do not fit"),
        ({"attrs": {"num_outputs": "7"}}, GraphError, "positions and counts do not fit"),
        ({"attrs": {"num_out_data": "9"}}, GraphError, "positions and counts do not fit"),
        ({"attrs": {"remain_locs": "[x]"}}, GraphError, "remain_locs must be a list"),
        ({"inputs": [[0, 0, 0]]}, GraphError, "positions and counts do not fit"),
    ],
)
def test_damaged_subgraphs_are_refused(changes, error, match):
    with pytest.raises(error, match=match):
        mx.sym.load_json(handmade(**changes))


def test_subgraphs_inside_subgraphs_have_a_limit():
    text = handmade()
    data = json.loads(text)
    for _ in range(40):
        deeper = json.loads(text)
        deeper["nodes"][2]["subgraphs"] = [data]
        data = deeper
    with pytest.raises(FileFormatError, match="deep inside each other"):
        mx.sym.load_json(json.dumps(data))


# ---- looking -------------------------------------------------------------------------------------
def test_the_text_lists_the_graphs_inside():
    text = recurrent()[0].debug_str()
    assert "Graph body:" in text
    assert "\tOp:FullyConnected, Name=i2h" in text


def test_pictures_show_the_loop_as_a_scope_that_opens():
    symbol, shapes = NETS["branch_in_loop"]()
    drawing = drawing_of(symbol, shape=shapes)
    scopes = {n.scope for n in drawing.nodes if n.kind == "operator"}
    loop, branch = (
        symbol.outputs_[0][0].name,
        next(n.name for n in drawing.nodes if n.op == "_cond"),
    )
    assert {loop, f"{loop}/{branch}/then_branch", f"{loop}/{branch}/else_branch"} <= scopes
    assert drawing.scopes == {loop: "foreach", f"{loop}/{branch}": "cond"}
    ids = {n.id for n in drawing.nodes}
    assert all(e.source in ids and e.target in ids for e in drawing.edges)
    sigmoid = next(n for n in drawing.nodes if n.op == "sigmoid")
    assert sigmoid.shape == (3,)


@pytest.mark.parametrize("name", NETS)
def test_every_loop_can_be_drawn_as_symbol_and_as_plan(name):
    symbol, shapes = NETS[name]()
    plot = mx.viz.plot_network(symbol, shape=shapes)
    assert "_foreach" in plot.source or "_while_loop" in plot.source or "_cond" in plot.source
    drawing = drawing_of(symbol.simple_bind(mx.cpu(), **shapes))
    ids = {n.id for n in drawing.nodes}
    assert all(e.source in ids and e.target in ids for e in drawing.edges)
    assert any(n.op in ("graph_loop", "graph_branch") for n in drawing.nodes)


def test_a_contradiction_inside_names_the_loop_the_layer_and_the_line():
    outputs, _ = foreach(
        lambda x, s: (sym.FullyConnected(x, num_hidden=3, name="fc"), s), sym.var("x"), sym.var("s")
    )
    with pytest.raises(ShapeError, match=r"_foreach.*test_symbols.py:\d+.*fc .*weight \(3, 7\)"):
        outputs.infer_shape(x=(4, 2, 5), s=(1,), fc_weight=(3, 7))


def test_whole_numbers_count_and_have_no_gradient():
    outputs, (i, s) = while_loop(
        lambda i, s: i < 3,
        lambda i, s: (s * 2, [i + 1, s + i.astype("float32")]),
        [sym.var("i", dtype="int32"), sym.var("s")],
        5,
    )
    group = sym.Group([outputs, i, s])
    assert group.infer_type(s="float32")[1] == [np.float32, np.int32, np.float32]
    executor = group.simple_bind(mx.cpu(), grad_req={"s": "write"}, i=(1,), s=(1,))
    executor.arg_dict["s"][:] = 1
    found = executor.forward(is_train=True)
    executor.backward([nd.ones(x.shape, dtype=x.dtype) for x in found])
    assert [x.asnumpy().ravel().tolist() for x in found] == [[2, 2, 4, 0, 0], [3], [4]]
    assert executor.grad_dict["s"].asscalar() == 7  # three rows, doubled, and the last state


def test_a_sentence_is_decoded_word_by_word():
    """What is computed in one step is looked up in the next: hybridized as eagerly."""

    class Decoder(mx.gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            with self.name_scope():
                self.embed = mx.gluon.nn.Embedding(10, 4)
                self.cell = mx.gluon.rnn.LSTMCell(4, input_size=4)
                self.out = mx.gluon.nn.Dense(10, in_units=4)

        def hybrid_forward(self, F, word, h, c):
            def step(i, word, h, c):
                y, states = self.cell(self.embed(word), [h, c])
                word = F.argmax(self.out(y), axis=1)
                return word, [i + 1, word, *states]

            start = [F.zeros((1,)), word, h, c]
            return F.contrib.while_loop(lambda i, *_: i < 4, step, start, max_iterations=6)[0]

    mx.random.seed(3)
    net = Decoder()
    net.initialize(mx.init.Normal(1))
    inputs = [nd.array([1, 2]), nd.zeros((2, 4)), nd.zeros((2, 4))]
    expected = net(*inputs).asnumpy()
    net.hybridize()
    np.testing.assert_array_equal(net(*inputs).asnumpy(), expected)
    assert expected.shape == (6, 2)
