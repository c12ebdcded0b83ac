import copy
import math
import pickle

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.errors import ArgumentError, GraphError, ParamError
from tests.unit.graph.nets import mlp


def test_missing_inputs_become_variables():
    net = sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc")
    assert net.list_arguments() == ["data", "fc_weight", "fc_bias"]
    assert net.list_outputs() == ["fc_output"]
    assert net.name == "fc"


def test_no_bias_leaves_the_bias_out():
    net = sym.FullyConnected(sym.var("data"), num_hidden=3, no_bias=True, name="fc")
    assert net.list_arguments() == ["data", "fc_weight"]


def test_moving_averages_are_auxiliary_states():
    net = sym.BatchNorm(sym.var("data"), name="bn")
    assert net.list_arguments() == ["data", "bn_gamma", "bn_beta"]
    assert net.list_auxiliary_states() == ["bn_moving_mean", "bn_moving_var"]
    assert net.list_outputs() == ["bn_output"]
    assert net.list_inputs() == net.list_arguments() + net.list_auxiliary_states()


def test_automatic_names_count_up_per_operator():
    with mx.name.NameManager():
        first, second = sym.exp(sym.var("x")), sym.exp(sym.var("y"))
    assert (first.name, second.name) == ("exp0", "exp1")


def test_prefix_goes_before_every_name():
    with mx.name.Prefix("stage1_"):
        net = sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc")
    assert net.list_arguments() == ["data", "stage1_fc_weight", "stage1_fc_bias"]


def test_attributes_of_scopes_reach_nodes_and_their_variables():
    with mx.AttrScope(ctx_group="stage1", __layer__="first"):
        net = sym.FullyConnected(
            sym.var("data"), num_hidden=3, name="fc", attr={"__mood__": "calm"}
        )
    assert net.attr("ctx_group") == net.attr("__ctx_group__") == "stage1"
    assert net.attr("__mood__") == "calm"
    assert net.attr_dict()["fc_weight"]["ctx_group"] == "stage1"
    assert net.list_attr()["__layer__"] == "first"


def test_inner_scope_wins_and_ends():
    with mx.AttrScope(__a__="1", __b__="1"):
        with mx.AttrScope(__b__="2"):
            inner = sym.var("x")
        outer = sym.var("y")
    assert inner.list_attr() == {"__a__": "1", "__b__": "2"}
    assert outer.list_attr() == {"__a__": "1", "__b__": "1"}
    assert sym.var("z").list_attr() == {}


def test_attribute_for_one_input_goes_to_its_variable():
    net = sym.FullyConnected(
        sym.var("data"), num_hidden=3, name="fc", attr={"weight_lr_mult": "0.5"}
    )
    assert net.attr_dict()["fc_weight"]["lr_mult"] == "0.5"
    assert "lr_mult" not in net.attr_dict()["fc_bias"]


def test_facts_of_a_variable_are_kept_as_mxnet_spells_them():
    x = sym.var(
        "x", shape=(2, 0), lr_mult=2, wd_mult=0.5, dtype="float16", init="zeros", stype="default"
    )
    assert x.list_attr() == {
        "__shape__": "(2, 0)", "__lr_mult__": "2", "__wd_mult__": "0.5", "__dtype__": "2",
        "__init__": "zeros", "__storage_type__": "0", "lr_mult": "2", "wd_mult": "0.5",
    }  # fmt: skip


def test_unknown_keyword_of_a_variable_is_refused():
    with pytest.raises(ParamError, match="unknown keyword 'mood'"):
        sym.var("x", mood="calm")


def test_attribute_that_is_no_string_is_refused():
    with pytest.raises(ParamError, match="AttrScope"):
        mx.AttrScope(ctx_group=3)


def test_group_indexing_by_number_name_and_slice():
    a, b = sym.exp(sym.var("x"), name="a"), sym.exp(sym.var("y"), name="b")
    group = sym.Group([a, b])
    assert len(group) == 2
    assert group.name is None
    assert group[1].name == "b"
    assert group["a_output"].name == "a"
    assert group[:1].list_outputs() == ["a_output"]
    assert [s.name for s in group] == ["a", "b"]
    with pytest.raises(IndexError):
        group[2]
    with pytest.raises(GraphError, match="no output called 'c_output'"):
        group["c_output"]


def test_internals_and_children():
    net = mlp()
    assert net.get_internals().list_outputs()[:4] == [
        "data",
        "fc1_weight",
        "fc1_bias",
        "fc1_output",
    ]
    assert net.get_internals()["fc1_output"].list_arguments() == ["data", "fc1_weight", "fc1_bias"]
    assert net.get_children().list_outputs() == ["fc2_output", "softmax_label"]
    assert sym.var("x").get_children() is None


def test_calling_a_symbol_replaces_variables():
    inner = sym.FullyConnected(sym.var("data"), num_hidden=3, name="inner")
    outer = sym.exp(sym.var("x"), name="outer")
    by_name, by_position = outer(x=inner), outer(inner)
    assert (
        by_name.list_arguments()
        == by_position.list_arguments()
        == ["data", "inner_weight", "inner_bias"]
    )
    assert outer.list_arguments() == ["x"], "the composed symbol must not change"
    assert outer(x=inner, name="renamed").name == "renamed"


def test_composing_two_variables_of_one_name_is_refused():
    outer = sym.elemwise_add(sym.var("a"), sym.var("b"))
    with pytest.raises(GraphError, match="two variables called 'b'"):
        outer(a=sym.exp(sym.var("b")))


def test_unknown_argument_in_composition_is_refused():
    with pytest.raises(ArgumentError, match="no argument 'z'"):
        sym.exp(sym.var("x"))(z=sym.var("y"))


def test_arrays_are_refused_in_symbols():
    with pytest.raises(ArgumentError, match="where a Symbol is expected"):
        sym.exp(mx.nd.ones(2))


def test_truth_value_and_values_of_symbols_are_refused():
    x = sym.var("x")
    with pytest.raises(GraphError, match="truth value"):
        bool(x)
    with pytest.raises(GraphError, match="asnumpy"):
        x.asnumpy()


def test_copies_and_pickles_are_the_same_graph():
    net = mlp()
    for other in (copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.tojson() == net.tojson()


def test_eval_runs_once():
    x = sym.var("x")
    (y,) = sym.exp(x).eval(ctx=mx.cpu(), x=mx.nd.array([0.0, 1.0]))
    np.testing.assert_allclose(y.asnumpy(), np.exp([0.0, 1.0]), rtol=1e-6)


def test_operators_of_python_make_nodes():
    x, y = sym.var("x"), sym.var("y")
    z = (x + y) * 2 - x / y
    (result,) = z.eval(x=mx.nd.array([4.0]), y=mx.nd.array([2.0]))
    assert result.asscalar() == 10.0


def test_infer_shape_by_position_and_by_name():
    net = mlp()
    by_name = net.infer_shape(data=(8, 5))
    assert by_name == net.infer_shape((8, 5))
    assert by_name[0] == [(8, 5), (16, 5), (16,), (4, 16), (4,), (8,)]
    assert by_name[1] == [(8, 4)]


def test_infer_shape_without_enough_shapes_warns_and_gives_none():
    with pytest.warns(UserWarning, match="Cannot decide shapes"):
        assert mlp().infer_shape() == (None, None, None)


def test_partial_inference_keeps_what_is_known():
    arguments, outputs, _ = mlp().infer_shape_partial(data=(8, 5))
    assert outputs == [(8, 4)]
    arguments, outputs, _ = mlp().infer_shape_partial()
    assert arguments[0] == ()
    assert outputs == [()]


def test_infer_type_follows_the_data():
    arguments, outputs, _ = mlp().infer_type(data="float16")
    assert arguments[1] is np.float16
    assert outputs == [np.float16]
    assert mlp().infer_type()[1] == [np.float32]


def test_debug_str_lists_nodes():
    text = mlp().debug_str()
    assert "Variable:data" in text
    assert "Op:FullyConnected, Name=fc1" in text


def test_an_elementwise_sum_tells_one_side_from_the_other():
    net = sym.elemwise_add(sym.var("a"), sym.var("b"))
    assert net.infer_shape(b=(2, 3)) == ([(2, 3), (2, 3)], [(2, 3)], [])
    with pytest.raises(mx.base.MXNetError, match="shapes"):
        net.infer_shape(a=(2, 3), b=(3, 2))


def test_creation_has_mxnets_signatures():
    values = {
        "zeros": sym.zeros((2,), "float64"), "ones": sym.ones(2, name="o"),
        "full": sym.full((2,), val=3), "arange": sym.arange(2), "eye": sym.eye(2, k=1),
        "linspace": sym.linspace(0, 1, 2),
    }  # fmt: skip
    found = {name: net.eval()[0].asnumpy().tolist() for name, net in values.items()}
    assert found == {
        "zeros": [0, 0], "ones": [1, 1], "full": [3, 3], "arange": [0, 1],
        "eye": [[0, 1], [0, 0]], "linspace": [0, 1],
    }  # fmt: skip
    assert values["zeros"].infer_type()[1] == [np.float64]


def test_functions_of_numbers_and_symbols_take_mxnets_keywords():
    x = sym.var("x")
    nets = [sym.maximum(left=x, right=2), sym.hypot(3, right=x), sym.power(base=2, exp=x)]
    found = [float(net.eval(x=mx.nd.array([4.0]))[0].asscalar()) for net in nets]
    assert found == [4, 5, 16]


def test_first_values_of_states_are_noted_when_composing():
    net = sym.BatchNorm(sym.LeakyReLU(sym.var("x"), act_type="prelu", name="p"), name="bn")
    noted = {
        name: attrs["__init__"] for name, attrs in net.attr_dict().items() if "__init__" in attrs
    }
    assert noted == {
        "p_gamma": '["Constant", {"value": 0.25}]', "bn_moving_mean": '["zero", {}]',
        "bn_moving_var": '["one", {}]',
    }  # fmt: skip


def test_other_names_of_the_namespace():
    assert mx.sym.symbol.Symbol is mx.sym.Symbol is mx.symbol.Symbol
    assert sym.fromjson(sym.var("x").tojson()).name == "x"
    assert isinstance(mx.name.current(), mx.name.NameManager)
    assert isinstance(mx.attribute.current(), mx.attribute.AttrScope)
    assert sym.Group([sym.var("x")], create_fn=sym.Symbol).list_outputs() == ["x"]


def test_sparse_functions_are_the_dense_ones():
    x = sym.var("x")
    (found,) = sym.sparse.add_n(sym.sparse.abs(x), x).eval(x=mx.nd.array([-2.0, 3.0]))
    assert found.asnumpy().tolist() == [0, 6]


def test_annotations_of_optimizers_are_given_as_keywords():
    net = sym.FullyConnected(sym.var("x"), num_hidden=2, name="fc", lr_mult=1, weight_wd_mult=0)
    assert net.list_attr()["__lr_mult__"] == net.list_attr()["lr_mult"] == "1"
    assert net.attr_dict()["fc_weight"]["wd_mult"] == "0"
    assert "wd_mult" not in net.attr_dict()["fc_bias"]


@pytest.mark.parametrize("shape", ["ab", (2, "x"), (2.5,), (-2, 3)])
def test_a_shape_of_anything_but_numbers_is_refused(shape):
    with pytest.raises(ParamError, match="shape of 'data'"):
        mlp().infer_shape(data=shape)


def test_an_unknown_dimension_may_be_minus_one():
    assert mlp().infer_shape_partial(data=(-1, 5))[1] == [(0, 4)]


def test_an_attribute_set_on_a_copy_stays_there():
    net = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2, name="fc")
    for other in (copy.copy(net), copy.deepcopy(net)):
        other._set_attr(__mood__="good")
        assert other.attr("__mood__") == "good"
        assert net.attr("__mood__") is None
        assert other.list_arguments() == net.list_arguments()


def test_free_attributes_of_an_operator_survive_a_file():
    net = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2, name="fc", attr={"mood": "good"})
    net._set_attr(taste="sweet")
    again = mx.sym.load_json(net.tojson())
    assert (again.attr("mood"), again.attr("taste")) == ("good", "sweet")


def test_mistakes_of_composition_and_indexing_teach():
    net = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2, name="fc")
    with pytest.raises(mx.errors.ArgumentError, match="symbols by position or by name"):
        net(mx.sym.var("y"), x=mx.sym.var("y"))
    with pytest.raises(TypeError, match="no elements"):
        net[:, 0]


def test_a_missing_symbol_file_teaches(tmp_path):
    (tmp_path / "net-symbol.json").write_text("{}")
    with pytest.raises(mx.errors.MissingFileError, match=r"did you mean net-symbol\.json"):
        mx.sym.load(tmp_path / "nat-symbol.json")


def test_what_only_arrays_have_is_refused_with_what_to_do_instead():
    x = sym.var("x")
    assert not hasattr(x, "shape")  # programs tell symbols from arrays so
    with pytest.raises(AttributeError, match=r"shape=\(0, -1\)"):
        _ = x.shape
    with pytest.raises(AttributeError, match="no attribute 'shap'"):
        _ = x.shap


def test_functions_of_two_numbers_give_a_number():
    assert (sym.maximum(3, 2), sym.minimum(3, 2), sym.pow(2, 3), sym.hypot(3, 4)) == (3, 2, 8, 5)


def test_the_transpose_of_a_symbol_has_its_axes_reversed():
    assert sym.var("x").T.infer_shape(x=(2, 3))[1] == [(3, 2)]


def test_an_output_whose_name_two_have_is_picked_by_number():
    net = sym.Group([sym.exp(sym.var("x"), name="n"), sym.log(sym.var("y"), name="n")])
    with pytest.raises(GraphError, match=r"2 outputs called 'n_output'(.|\n)*symbol\[0\]"):
        net["n_output"]


def test_arrays_of_an_operator_of_any_number_are_given_by_position():
    with pytest.raises(ArgumentError, match=r"Concat\(\*arrays\)"):
        sym.Concat(data=[sym.var("x"), sym.var("y")], dim=1)


@pytest.mark.parametrize("wanted", [float, int, np.sqrt, np.asarray, math.sqrt])
def test_python_and_numpy_get_no_values_of_a_symbol(wanted):
    with pytest.raises(GraphError, match="symbol 'x', which has no value yet"):
        wanted(sym.var("x"))


def test_numbers_of_numpy_stand_on_either_side_of_a_symbol():
    net = np.float64(3) - sym.var("x") * np.float32(2)
    assert net.eval(x=mx.nd.array([1.0]))[0].asscalar() == 1


def test_parts_of_a_symbol_are_not_overwritten():
    x = sym.var("x")
    with pytest.raises(GraphError, match="where"):
        x[0] = 1


def test_rows_of_a_symbol_are_refused():
    x = sym.var("x")
    with pytest.raises(IndexError, match="slice_axis"):
        x[1]
    with pytest.raises(TypeError, match="no elements"):
        x[1:]


def test_inputs_of_a_symbol_are_its_variables():
    y = sym.BatchNorm(sym.FullyConnected(sym.var("x"), num_hidden=2, name="fc"), name="bn")
    assert y.get_inputs().list_outputs() == y.list_inputs()
    assert "bn_moving_mean" in y.list_inputs()


def test_a_symbol_knows_whether_shapes_depend_on_values():
    x = sym.var("x")
    assert not sym.exp(x).has_dynamic_shape_op()
    assert sym.exp(sym.contrib.boolean_mask(x, sym.var("rows"))).has_dynamic_shape_op()
