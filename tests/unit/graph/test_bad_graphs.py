"""Graphs that are wrong, damaged or hostile: our errors, which say where, in bounded time."""

import contextlib
import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dlstudio as mx
from dlstudio import sym
from dlstudio.errors import (
    FileFormatError,
    GraphError,
    MXNetError,
    OutOfMemoryError,
    ParamError,
    ShapeError,
)
from tests.unit.graph.nets import lenet, mlp


# ---- built in Python: node, layer and line ----------------------------------------------------
class Layer(mx.gluon.HybridBlock):
    """A layer whose product does not fit its input."""

    def __init__(self):
        super().__init__(prefix="layer0_")
        with self.name_scope():
            self.w = self.params.get("w", shape=(4, 7))

    def hybrid_forward(self, F, x, w):
        return F.FullyConnected(x, w, num_hidden=4, no_bias=True, name="product")


def test_shapes_that_do_not_fit_name_node_layer_and_line():
    net = Layer()(sym.var("data"))
    with pytest.raises(ShapeError, match=r"product \(FullyConnected, in block layer0") as caught:
        net.infer_shape(data=(2, 5))
    assert "test_bad_graphs.py:" in str(caught.value)
    assert "weight (4, 7)" in str(caught.value)


def test_a_missing_array_names_the_argument_and_who_reads_it():
    with pytest.raises(GraphError, match=r"'fc1_weight', which fc1 \(FullyConnected, nets.py:\d+"):
        mlp().bind(mx.cpu(), {"data": mx.nd.ones((2, 5))})


def test_two_variables_of_one_name_are_told_apart_by_their_lines():
    net = sym.elemwise_add(sym.var("a"), sym.var("a"))
    with pytest.raises(GraphError, match=r"two variables called 'a'.*test_bad_graphs.py:\d+") as e:
        net.simple_bind(mx.cpu(), a=(2,))
    assert str(e.value).count("test_bad_graphs.py") == 2


def test_arrays_of_other_shapes_are_refused_with_the_node():
    shapes = dict(zip(mlp().list_arguments(), mlp().infer_shape(data=(2, 5))[0], strict=True))
    arrays = {n: mx.nd.zeros(s) for n, s in shapes.items()}
    arrays["fc2_weight"] = mx.nd.zeros((4, 3))
    with pytest.raises(ShapeError, match=r"fc2 \(FullyConnected, nets.py:\d+\).*weight \(4, 3\)"):
        mlp().bind(mx.cpu(), arrays)


def test_a_network_too_large_for_the_machine_names_what_is_too_large():
    with pytest.raises(OutOfMemoryError, match="'data' is an array of shape"):
        mlp().simple_bind(mx.cpu(), data=(10**15, 5))
    with pytest.raises(MemoryError, match="repeat"):
        sym.repeat(sym.var("x"), repeats=10**16).simple_bind(mx.cpu(), x=(2,)).forward()


# ---- files ------------------------------------------------------------------------------------
X = {"op": "null", "name": "x0", "inputs": []}


def written(*nodes, heads=None):
    heads = heads or [[len(nodes) - 1, 0, 0]]
    return json.dumps({"nodes": list(nodes), "heads": heads})


def applied(op, count=1, **attrs):
    """A file with one operator on `count` variables."""
    variables = [{**X, "name": f"x{i}"} for i in range(count)]
    node = {"op": op, "name": "node", "attrs": attrs, "inputs": [[i, 0, 0] for i in range(count)]}
    return written(*variables, node)


def used(text):
    """Everything that can be done with a symbol, short of running it."""
    net = sym.load_json(text)
    net.list_outputs(), net.get_internals(), net.attr_dict(), net.debug_str(), repr(net)
    assert sym.load_json(net.tojson()).tojson() == net.tojson()
    first = (net.list_arguments() or [None])[0]
    given = {} if first is None else {first: (2, 1, 28, 28)}
    net.infer_type()
    shapes = [
        net.infer_shape_partial(**given)[0],
        *net.get_internals().infer_shape_partial(**given),
    ]
    if all(math.prod(s or (1,)) < 10**6 for part in shapes for s in part):
        net.simple_bind(mx.cpu(), **given).forward(is_train=True)
    return net


CYCLES = {
    "itself": written(X, {"op": "exp", "name": "e", "inputs": [[1, 0, 0]]}),
    "each other": written(
        X, {"op": "elemwise_add", "name": "a", "inputs": [[0, 0, 0], [2, 0, 0]]},
        {"op": "exp", "name": "b", "inputs": [[1, 0, 0]]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("reads", CYCLES)
def test_a_cycle_is_named(reads):
    with pytest.raises(GraphError, match=r"node 1 \(.* reads node [12].*\n?.*cycle"):
        sym.load_json(CYCLES[reads])


def test_missing_inputs_are_counted():
    with pytest.raises(GraphError, match=r"node 1 .*has 1 inputs\.\nExpected 3: data, weight"):
        sym.load_json(applied("FullyConnected", num_hidden="3"))


MANY = str(10**9)
RECURRENT = {"state_size": "3", "mode": "lstm"}
HOSTILE = {
    "more outputs than memory": (applied("SliceChannel", num_outputs=MANY), GraphError),
    "more sections than memory": (applied("_split_v2", sections=MANY, indices="()"), GraphError),
    "too many digits": (applied("FullyConnected", 3, num_hidden="9" * 6000), GraphError),
    "a value of megabytes": (applied("FullyConnected", 3, num_hidden="many" * 10**6), GraphError),
    "parentheses": (applied("Reshape", shape="(" * 20_000), GraphError),
    "a power": (applied("Reshape", shape="10**10**10"), GraphError),
    "a product": (applied("Reshape", shape="(2,) * 1000000000"), GraphError),
    "a call": (applied("Reshape", shape="__import__('os').getcwd()"), GraphError),
    "a dtype of objects": (applied("Cast", dtype="object"), GraphError),
    "a dtype of records": (applied("Cast", dtype="i4,i4"), GraphError),
    "a number that is none": (applied("_arange", 0, start="0", stop="nan"), ShapeError),
    "an endless range": (applied("_arange", 0, start="0", stop="inf"), ShapeError),
    "an index of 40 digits": (
        written(X, {"op": "exp", "name": "e", "inputs": [[10**40, 0, 0]]}), GraphError,
    ),
    "a fraction for an index": (
        written(X, {"op": "exp", "name": "e", "inputs": [[0.5, 0, 0]]}), FileFormatError,
    ),
    "an index below zero": (
        written(X, {"op": "exp", "name": "e", "inputs": [[-1, 0, 0]]}), GraphError,
    ),
    "an index that is no number": ('{"nodes": [], "heads": [[NaN, 0, 0]]}', FileFormatError),
    "a step of zero": (
        applied("Convolution", 3, num_filter="2", kernel="(3, 3)", stride="(0, 0)"), GraphError,
    ),
    "a program nobody registered": (applied("Custom", op_type="nobody"), MXNetError),
    "a graph inside a graph, cut off": (
        applied("_gradient", graph='{"nodes":' * 1000, wrt="(0,)"), GraphError,
    ),
    "a loop without a body": (applied("_foreach"), FileFormatError),
    "objects inside objects": ('{"nodes":' * 50_000, FileFormatError),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_in_a_short_message(case):
    text, error = HOSTILE[case]
    with pytest.raises(error) as caught:
        used(text)
    assert len(str(caught.value)) < 1000


LARGE = {
    "zeros": applied("_zeros", 0, shape="(1000000, 1000000, 1000)"),
    "zeros beyond every number": applied("_zeros", 0, shape=f"({10**30},)"),
    "a range": applied("_arange", 0, start="0", stop="1e18"),
    "a diagonal": applied("_eye", 0, N=MANY),
    "classes": applied("one_hot", depth=str(10**15)),
    "a tile": applied("tile", reps="(100000000, 100000000)"),
    "a border": applied("Pad", mode="constant", pad_width=f"(0, 0, 0, 0, {MANY}, 0, 0, {MANY})"),
    "units": applied("FullyConnected", 3, num_hidden=str(10**16)),
}


@pytest.mark.parametrize("case", LARGE)
def test_arrays_larger_than_any_memory_are_refused(case):
    net = sym.load_json(LARGE[case])
    given = {"x0": (2, 1, 4, 4)} if net.list_arguments() else {}
    with pytest.raises(OutOfMemoryError):
        net.simple_bind(mx.cpu(), **given).forward()


def test_a_thousand_million_layers_are_counted_not_walked():
    text = applied("RNN", 4, num_layers=MANY, **RECURRENT)
    assert sym.load_json(text).infer_shape_partial(x0=(5, 2, 3))[1] == [(5, 2, 3)]


def test_names_are_data_and_never_code():
    for name in ['"""\n    raise SystemExit #', "class", "", "a\0b", "\ud800", "x; import os"]:
        node = {"op": "exp", "name": f"{name}e", "inputs": [[0, 0, 0]]}
        text = written({**X, "name": name}, node)
        assert used(text).list_arguments() == [name]


def test_names_that_are_no_text_are_saved_and_loaded(tmp_path):
    net = sym.load_json(written({**X, "name": "\ud800", "attrs": {"__note__": "\udfff ä"}}))
    net.save(tmp_path / "net-symbol.json")
    assert sym.load(tmp_path / "net-symbol.json").tojson() == net.tojson()


def test_a_deep_sum_of_shared_terms_is_not_unfolded():
    nodes = [X] + [
        {"op": "elemwise_add", "name": f"a{i}", "inputs": [[i, 0, 0]] * 2} for i in range(200)
    ]
    used(written(*nodes))


# ---- fuzzing ----------------------------------------------------------------------------------
SEEDS = [mlp().tojson(), lenet(batch_norm=True, dropout=0.5).tojson()]
SMALL = settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)  # fmt: skip
VALUES = (
    st.none() | st.booleans() | st.integers(-3, 20) | st.floats() | st.text(max_size=4)
    | st.sampled_from(["null", "(2, 2)", "True", "1e9", "-1", "Pooling", "Concat", "[0, 0]", "()"])
    | st.lists(st.integers(-1, 9), max_size=3)
)  # fmt: skip


def places(value, path=()):
    """Every place in a tree of lists and objects."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inner in items:
        yield from places(inner, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def changed(data, draw):
    """Cut out, replace, repeat or exchange something."""
    *path, last = draw(st.sampled_from([p for p in places(data) if p]))
    target = at(data, path)
    kind = draw(st.sampled_from(["replace", "remove", "repeat", "exchange"]))
    if kind == "replace":
        target[last] = draw(VALUES)
    elif kind == "remove":
        del target[last]
    elif isinstance(target, list):
        other = draw(st.integers(0, len(target) - 1))
        if kind == "repeat":
            target.insert(other, target[last])
        else:
            target[last], target[other] = target[other], target[last]
    else:
        target[draw(st.sampled_from(["op", "name", "attrs", "inputs", "x"]))] = target[last]


@given(data=st.data(), seed=st.sampled_from(SEEDS), count=st.integers(1, 3))
@SMALL
def test_a_changed_file_is_a_symbol_or_one_of_our_errors(data, seed, count):
    tree = json.loads(seed)
    for _ in range(count):
        if any(places(tree)):
            changed(tree, data.draw)
    with contextlib.suppress(MXNetError):
        used(json.dumps(tree))


@given(data=st.data(), seed=st.sampled_from(SEEDS))
@SMALL
def test_changed_bytes_are_a_symbol_or_one_of_our_errors(data, seed, tmp_path_factory):
    raw = bytearray(seed.encode("utf-8"))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "fuzzed-symbol.json"
    path.write_bytes(bytes(raw))
    with contextlib.suppress(MXNetError):
        used(sym.load(path).tojson())


def test_a_wrong_parameter_in_python_is_refused_at_once():
    with pytest.raises(ParamError, match="num_hidden"):
        sym.FullyConnected(sym.var("x"), num_hidden=-3)
    with pytest.raises(GraphError, match="outputs"):
        sym.SliceChannel(sym.var("x"), num_outputs=10**9)
