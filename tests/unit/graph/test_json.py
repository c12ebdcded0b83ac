import contextlib
import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dlstudio as mx
from dlstudio import sym
from dlstudio.errors import FileFormatError, GraphError, MXNetError, ShapeError
from tests.unit.graph.nets import lenet, mlp

PACK = Path(__file__).parents[2] / "reference" / "pack" / "symbols" / "open"
NAMES = ("mlp", "lenet", "resnet18_v1", "vgg11", "mobilenet1.0", "squeezenet1.0")


@pytest.fixture(params=NAMES)
def recorded(request):
    if not PACK.exists():
        pytest.skip("the pack of recorded values is not part of this distribution")
    facts = json.loads((PACK / f"{request.param}.json").read_text(encoding="utf-8"))
    return PACK / f"{request.param}-symbol.json", facts


def _shapes(facts):
    return {name: tuple(shape) for name, shape in facts["data_shapes"].items()}


def test_recorded_names_are_listed(recorded):
    path, facts = recorded
    net = sym.load(path)
    assert net.list_arguments() == facts["list_arguments"]
    assert net.list_auxiliary_states() == facts["list_auxiliary_states"]
    assert net.list_outputs() == facts["list_outputs"]


def test_recorded_shapes_are_inferred(recorded):
    path, facts = recorded
    arguments, outputs, states = sym.load(path).infer_shape(**_shapes(facts))
    assert [list(s) for s in arguments] == facts["arg_shapes"]
    assert [list(s) for s in outputs] == facts["out_shapes"]
    assert [list(s) for s in states] == facts["aux_shapes"]


def test_recorded_internal_outputs_are_found(recorded):
    path, facts = recorded
    internals = sym.load(path).get_internals()
    shapes = internals.infer_shape(**_shapes(facts))[1]
    found = [
        [name, list(shape)] for name, shape in zip(internals.list_outputs(), shapes, strict=True)
    ]
    assert found == facts["internal_outputs"]


def test_recorded_counts_and_sizes(recorded):
    path, facts = recorded
    net = sym.load(path)
    arguments, _, states = net.infer_shape(**_shapes(facts))
    given = {*facts["data_shapes"]}
    sizes = [
        math.prod(s) for n, s in zip(net.list_arguments(), arguments, strict=True) if n not in given
    ]
    aux = [math.prod(s) for s in states]
    assert sum(sizes) == facts["parameter_bytes"] // 4
    assert sum(aux) == facts["aux_bytes"] // 4
    assert sum(sizes) == facts["n_parameters"]
    assert len(net.get_internals()) == facts["n_internals"]
    assert net.name == facts["name_of_head"]


def test_partial_inference_of_nothing_gives_what_mxnet_gives(recorded):
    path, facts = recorded
    outputs = sym.load(path).infer_shape_partial()[1]
    assert [list(s) for s in outputs] == facts["infer_shape_partial_nothing"]["out"]


def test_recorded_types_are_inferred(recorded):
    path, facts = recorded
    arguments, outputs, states = sym.load(path).infer_type()
    assert [t.__name__ for t in arguments] == facts["arg_types"]
    assert [t.__name__ for t in outputs] == facts["out_types"]
    assert [t.__name__ for t in states] == facts["aux_types"]


def test_recorded_files_round_trip_byte_for_byte(recorded):
    path, _ = recorded
    assert sym.load(path).tojson() == path.read_text(encoding="utf-8")


def test_own_symbols_round_trip():
    net = lenet(batch_norm=True, dropout=0.5)
    again = sym.load_json(net.tojson())
    assert again.tojson() == net.tojson()
    assert again.infer_shape(data=(2, 1, 28, 28)) == net.infer_shape(data=(2, 1, 28, 28))


def test_saving_and_loading_a_file(tmp_path):
    path = tmp_path / "Netz ä-symbol.json"
    mlp().save(path)
    assert sym.load(path).list_arguments() == mlp().list_arguments()


def test_files_of_old_versions_are_read():
    old = {
        "nodes": [
            {"op": "null", "param": {}, "name": "data", "inputs": [], "backward_source_id": -1},
            {"op": "null", "name": "fc_weight", "inputs": [], "attr": {"lr_mult": "2"}},
            {"op": "FullyConnected", "param": {"no_bias": "True", "num_hidden": "3"}, "name": "fc",
             "inputs": [[0, 0], [1, 0]]},
        ],
        "arg_nodes": [0, 1],
        "heads": [[2, 0]],
    }  # fmt: skip
    net = sym.load_json(json.dumps(old))
    assert net.infer_shape(data=(4, 5))[1] == [(4, 3)]


def test_files_before_states_were_written_get_their_states():
    data = [{"op": "null", "name": name, "inputs": []} for name in ("data", "bn_gamma", "bn_beta")]
    node = {"op": "BatchNorm", "param": {"eps": "0.001"}, "name": "bn",
            "inputs": [[0, 0], [1, 0], [2, 0]]}  # fmt: skip
    net = sym.load_json(json.dumps({"nodes": [*data, node], "heads": [[3, 0]]}))
    assert net.list_auxiliary_states() == ["bn_moving_mean", "bn_moving_var"]
    assert net.infer_shape(data=(2, 3))[2] == [(3,), (3,)]
    assert net.attr_dict()["bn_moving_var"]["__init__"] == '["one", {}]'


def test_attributes_of_creation_are_those_of_mxnet():
    text = sym.full((2, 3), 5, name="f").tojson()
    assert json.loads(text)["nodes"][0]["attrs"] == {
        "dtype": "float32", "shape": "(2, 3)", "value": "5.0",
    }  # fmt: skip
    assert sym.load_json(text).tojson() == text
    (value,) = sym.load_json(text).eval()
    assert value.asnumpy().tolist() == [[5.0] * 3] * 2


def test_settings_without_meaning_here_are_kept():
    node = {"op": "_plus_scalar", "name": "p", "attrs": {"scalar": "2", "is_int": "True"},
            "inputs": [[0, 0, 0]]}  # fmt: skip
    x = {"op": "null", "name": "x", "inputs": []}
    net = sym.load_json(json.dumps({"nodes": [x, node], "heads": [[1, 0, 0]]}))
    assert net.list_attr()["is_int"] == "True"


def _broken(change):
    data = json.loads(mlp().tojson())
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", FileFormatError),
        ("[1, 2]", FileFormatError),
        ("{}", FileFormatError),
        ('{"nodes": 3}', FileFormatError),
        ('{"nodes": [3], "heads": []}', FileFormatError),
        ('{"nodes": [{"op": "null"}], "heads": []}', FileFormatError),
        ('{"nodes": [], "heads": []}', FileFormatError),
        ("[" * 100_000, FileFormatError),
        (_broken(lambda d: d["nodes"][3].update(inputs=[[4, 0, 0]])), GraphError),
        (_broken(lambda d: d["nodes"][3].update(inputs=[[0, 7, 0]])), GraphError),
        (_broken(lambda d: d["nodes"][3].update(inputs=[["0", 0, 0]])), FileFormatError),
        (_broken(lambda d: d["nodes"][3].update(inputs="x")), FileFormatError),
        (_broken(lambda d: d["nodes"][3].update(inputs=[[0, 0, 0]])), GraphError),
        (_broken(lambda d: d["nodes"][3].update(op="Telepathy")), GraphError),
        (_broken(lambda d: d["nodes"][3].update(attrs={"num_hidden": "many"})), GraphError),
        (_broken(lambda d: d["nodes"][3].update(attrs={"num_hidden": 3})), FileFormatError),
        (_broken(lambda d: d["nodes"][3].update(attrs=[1])), FileFormatError),
        (_broken(lambda d: d["nodes"][0].update(inputs=[[0, 0, 0]])), GraphError),
        (_broken(lambda d: d.update(heads=[[99, 0, 0]])), GraphError),
        (_broken(lambda d: d.update(heads=[])), FileFormatError),
    ],
)
def test_hostile_text_is_refused(text, error):
    with pytest.raises(error):
        sym.load_json(text)


def test_unknown_operator_is_named_with_its_node():
    with pytest.raises(
        GraphError, match="node 3 \\(Telepathy 'fc1'\\): there is no operator 'Telepathy'"
    ):
        sym.load_json(_broken(lambda d: d["nodes"][3].update(op="Telepathy")))


def test_an_attribute_nobody_knows_is_refused_and_an_annotation_is_kept():
    def with_attrs(**attrs):
        return _broken(lambda d: d["nodes"][3].update(attrs={"num_hidden": "16", **attrs}))

    with pytest.raises(GraphError, match="no parameter 'num_hiden'"):
        sym.load_json(with_attrs(num_hiden="3"))
    net = sym.load_json(with_attrs(lr_mult="2", __mood__="calm", cudnn_off="1", weight_wd_mult="0"))
    assert net.get_internals()["fc1_output"].attr("__mood__") == "calm"


@pytest.mark.parametrize(
    "attrs",
    [
        {"__shape__": "import os"},
        {"__shape__": "(2, 'x')"},
        {"__shape__": "(-2,)"},
        {"__dtype__": "99"},
    ],
)
def test_nonsense_said_of_a_variable_is_refused(attrs):
    net = sym.load_json(_broken(lambda d: d["nodes"][1].update(attrs=attrs)))
    with pytest.raises(MXNetError, match="fc1_weight"):
        net.infer_shape(data=(2, 5))


def test_binary_files_are_refused(tmp_path):
    path = tmp_path / "net-symbol.json"
    path.write_bytes(b"\x12\x01\xff\xfe" * 10)
    with pytest.raises(FileFormatError, match="is not text"):
        sym.load(path)


def test_a_chain_of_ten_thousand_nodes_does_not_recurse():
    nodes = [{"op": "null", "name": "x", "inputs": []}]
    nodes += [{"op": "exp", "name": f"e{i}", "inputs": [[i, 0, 0]]} for i in range(10_000)]
    net = sym.load_json(json.dumps({"nodes": nodes, "heads": [[10_000, 0, 0]]}))
    assert net.infer_shape(x=(2,))[1] == [(2,)]
    assert len(sym.load_json(net.tojson()).get_internals()) == 10_001


def test_duplicate_variable_names_are_refused_when_bound():
    nodes = [
        {"op": "null", "name": "x", "inputs": []},
        {"op": "null", "name": "x", "inputs": []},
        {"op": "elemwise_add", "name": "sum", "inputs": [[0, 0, 0], [1, 0, 0]]},
    ]
    net = sym.load_json(json.dumps({"nodes": nodes, "heads": [[2, 0, 0]]}))
    with pytest.raises(GraphError, match="two variables called 'x'"):
        net.bind(mx.cpu(), [mx.nd.ones(2), mx.nd.ones(2)])


def test_contradicting_shapes_name_both_nodes():
    x = sym.var("x")
    net = sym.FullyConnected(x, weight=sym.var("w", shape=(3, 7)), num_hidden=3, name="fc")
    with pytest.raises(ShapeError, match=r"fc \(FullyConnected, .*test_json.py:\d+\)"):
        net.infer_shape(x=(2, 5))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.text(max_size=5) | st.just([0, 0, 0]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["op", "name", "attrs", "inputs", "nodes", "heads"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(
    value=_JSON, where=st.integers(0, 11), key=st.sampled_from(["op", "name", "attrs", "inputs"])
)
@settings(max_examples=150, deadline=None)
def test_any_damage_to_a_node_is_one_of_our_errors(value, where, key):
    text = _broken(lambda d: d["nodes"][where % len(d["nodes"])].update({key: value}))
    try:
        net = sym.load_json(text)
        net.infer_shape_partial(data=(2, 5))
        assert sym.load_json(net.tojson()).list_outputs() == net.list_outputs()
    except MXNetError:
        pass


@given(text=st.text(alphabet='{}[]":,null0123456789 opnamesinputsheads', max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_symbol_or_one_of_our_errors(text):
    with contextlib.suppress(MXNetError):
        sym.load_json(text)


def test_old_files_hold_multipliers_and_groups_without_underscores():
    nodes = [
        {"op": "null", "name": "data", "param": {}, "inputs": []},
        {"op": "null", "name": "w", "param": {}, "inputs": [], "attr": {"wd_mult": "0"}},
        {
            "op": "FullyConnected", "name": "fc", "inputs": [[0, 0], [1, 0]],
            "param": {"num_hidden": "3", "no_bias": "True"},
            "attr": {"ctx_group": "stage1", "weight_lr_mult": "2"},
        },
    ]  # fmt: skip
    net = sym.load_json(json.dumps({"nodes": nodes, "heads": [[2, 0]], "arg_nodes": [0, 1]}))
    attributes = net.attr_dict()
    assert attributes["w"] == {
        "__wd_mult__": "0", "wd_mult": "0", "__lr_mult__": "2", "lr_mult": "2",
    }  # fmt: skip
    assert attributes["fc"]["__ctx_group__"] == "stage1"
    assert sym.load_json(net.tojson()).attr_dict() == attributes
