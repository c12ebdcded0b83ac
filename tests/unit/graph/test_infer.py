"""Shapes and dtypes of symbols whose inputs are partly unknown."""

import time

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.errors import DTypeError, ParamError, ShapeError

a, b, c = sym.var("a"), sym.var("b"), sym.var("c")


def dense(x):
    return sym.FullyConnected(x, num_hidden=4, name="fc")


def conv(x, **attrs):
    return sym.Convolution(x, kernel=(3, 3), num_filter=8, name="conv", **attrs)


# net, what is given, shapes of arguments, shapes of outputs
PARTIAL = {
    "elementwise operands share dimensions": (
        a + b, dict(a=(2, 0), b=(0, 3)), [(2, 3), (2, 3)], [(2, 3)],
    ),
    "a chain tells its input from its output": (
        sym.exp(sym.tanh(a)) + b, dict(b=(2, 3)), [(2, 3), (2, 3)], [(2, 3)],
    ),
    "the batch of a dense layer comes from its output": (
        dense(a) + b, dict(a=(0, 5), b=(7, 4)), [(7, 5), (4, 5), (4,), (7, 4)], [(7, 4)],
    ),
    "a dense layer does not tell the axes of its input": (
        dense(a) + b, dict(b=(7, 4)), [(), (), (), (7, 4)], [(7, 4)],
    ),
    "a convolution of stride 1 tells the size of its input": (
        conv(a, pad=(1, 1)) + b, dict(a=(0, 3, 0, 0), b=(2, 8, 16, 16)),
        [(2, 3, 16, 16), (8, 3, 3, 3), (8,), (2, 8, 16, 16)], [(2, 8, 16, 16)],
    ),
    "a convolution of stride 2 tells the batch only": (
        conv(a, stride=(2, 2)) + b, dict(a=(0, 3, 0, 0), b=(2, 8, 16, 16)),
        [(2, 3, 0, 0), (8, 3, 3, 3), (8,), (2, 8, 16, 16)], [(2, 8, 16, 16)],
    ),
    "an unknown batch passes convolution, pooling and flattening": (
        sym.Flatten(sym.Pooling(conv(a), kernel=(2, 2), stride=(2, 2))), dict(a=(0, 3, 32, 32)),
        [(0, 3, 32, 32), (8, 3, 3, 3), (8,)], [(0, 8 * 15 * 15)],
    ),
    "an unknown part leaves the joined axis unknown": (
        sym.Concat(a, b, dim=1), dict(a=(2, 0, 4), b=(2, 5, 4)), [(2, 0, 4), (2, 5, 4)],
        [(2, 0, 4)],
    ),
    "the last part of a join comes from the whole": (
        sym.Concat(a, b, dim=1) + c, dict(a=(2, 3), c=(2, 9)), [(2, 3), (2, 6), (2, 9)], [(2, 9)],
    ),
    "stacked arrays are alike": (
        sym.stack(a, b, axis=0), dict(b=(2, 3)), [(2, 3), (2, 3)], [(2, 2, 3)],
    ),
    "summed arrays are alike": (
        sym.add_n(a, b, c), dict(b=(2, 3)), [(2, 3)] * 3, [(2, 3)],
    ),
    "a transposed output tells the input": (
        sym.transpose(a, axes=(1, 0, 2)) + b, dict(b=(2, 3, 4)), [(3, 2, 4), (2, 3, 4)],
        [(2, 3, 4)],
    ),
    "an output with one more axis tells the input": (
        sym.expand_dims(a, axis=1) + b, dict(b=(2, 1, 4)), [(2, 4), (2, 1, 4)], [(2, 1, 4)],
    ),
    "a choice has the shape of what is chosen from": (
        sym.where(c, a, b), dict(c=(3,), a=(3, 2)), [(3,), (3, 2), (3, 2)], [(3, 2)],
    ),
    "a split keeps its other axes": (
        sym.SliceChannel(a, num_outputs=2, axis=1), dict(a=(0, 6)), [(0, 6)], [(0, 3)] * 2,
    ),
    "a recurrent layer knows its weights without the batch": (
        sym.RNN(a, state_size=5, num_layers=1, mode="lstm", name="r"), dict(a=(7, 0, 3)),
        [(7, 0, 3), (200,), (1, 0, 5), (1, 0, 5)], [(7, 0, 5)],
    ),
    "a batch normalization knows its channels": (
        sym.BatchNorm(a, name="bn"), dict(a=(0, 3, 0, 0)), [(0, 3, 0, 0), (3,), (3,)],
        [(0, 3, 0, 0)],
    ),
    "an embedding knows its table": (
        sym.Embedding(a, input_dim=10, output_dim=4, name="e"), dict(a=(0, 7)),
        [(0, 7), (10, 4)], [(0, 7, 4)],
    ),
    "a class score knows its labels": (
        sym.SoftmaxOutput(a, name="s"), dict(a=(6, 3)), [(6, 3), (6,)], [(6, 3)],
    ),
    "a learned slope knows its channels": (
        sym.LeakyReLU(a, act_type="prelu", name="p"), dict(a=(0, 3, 4)), [(0, 3, 4), (3,)],
        [(0, 3, 4)],
    ),
    "zeros take an unknown batch from their reader": (
        sym.zeros((0, 4)) + dense(a), dict(a=(3, 5)), [(3, 5), (4, 5), (4,)], [(3, 4)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PARTIAL)
def test_partial_shapes(case):
    net, given, arguments, outputs = PARTIAL[case]
    assert net.infer_shape_partial(**given)[:2] == (arguments, outputs)


def test_unknown_parts_are_no_answer_of_whole_inference():
    with pytest.warns(UserWarning, match="Cannot decide shapes"):
        assert dense(a).infer_shape(a=(0, 5)) == (None, None, None)


def test_shapes_that_contradict_each_other_are_refused_in_partial_inference_too():
    with pytest.raises(ShapeError, match=r"\(2, 3\) and \(3, 2\) differ"):
        (a + b).infer_shape_partial(a=(2, 3), b=(3, 2))


def test_floating_data_beside_whole_numbers_needs_no_dtypes_for_shapes():
    length = mx.sym.var("length").astype("int32")
    out = mx.sym.softmax(mx.sym.var("data"), length=length, use_length=True)
    assert out.infer_shape(data=(4, 3, 2), length=(4, 3))[1] == [(4, 3, 2)]


def test_integers_beside_a_variable_of_no_dtype_are_no_contradiction():
    assert (sym.var("x") + sym.var("y", dtype="int32")).infer_shape(x=(2,))[1] == [(2,)]


def names(types):
    return [[None if t is None else t.__name__ for t in part] for part in types]


H, F, D = "float16", "float32", "float64"
# net, what is given, dtypes of arguments and outputs that are told, with None for the others
TYPES = {
    "parameters follow the data": (dense(a), dict(a=H), [H] * 3, [H]),
    "data follow a parameter": (dense(a), dict(fc_weight=H), [H] * 3, [H]),
    "nothing is told of nothing": (dense(a), {}, [None] * 3, [None]),
    "a cast hides what is before": (sym.cast(a, dtype=H) + b, {}, [None, H], [H]),
    "dtypes flow backwards": (sym.exp(a) + b, dict(b=D), [D, D], [D]),
    "constants tell their neighbours": (sym.zeros((2,), dtype="int32") + a, {}, ["int32"] * 1,
                                        ["int32"]),
    "statistics of half precision are single": (sym.BatchNorm(a, name="bn"), dict(a=H), [H, F, F],
                                                [H]),
    "a table of words is not of the words' dtype": (
        sym.Embedding(a, input_dim=3, output_dim=2, name="e"), dict(a="int32"), ["int32", F], [F],
    ),
    "a table has the dtype asked for": (
        sym.Embedding(a, input_dim=3, output_dim=2, dtype=H, name="e"), dict(a="int32"),
        ["int32", H], [H],
    ),
    "one_hot has a dtype of its own": (sym.one_hot(a, depth=3), {}, [None], [F]),
    "indices are free": (sym.take(a, b), dict(a=H), [H, None], [H]),
    "joined parts agree": (sym.Concat(a, b), dict(b=H), [H, H], [H]),
    "both outputs of topk": (sym.topk(a, ret_typ="both"), dict(a=H), [H], [H, F]),
    "recurrent layers agree": (
        sym.RNN(a, state_size=5, num_layers=1, mode="gru", name="r"), dict(a=H), [H] * 3, [H],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TYPES)
def test_partial_types(case):
    net, given, arguments, outputs = TYPES[case]
    assert names(net.infer_type_partial(**given))[:2] == [arguments, outputs]


def test_variables_that_nothing_tells_the_dtype_of_follow_a_neighbour_or_are_single():
    assert names(dense(a).infer_type())[:2] == [[F] * 3, [F]]
    assert names(sym.take(a, b).infer_type(a=H))[:2] == [[H, H], [H]]
    assert names(sym.cast(a, dtype=H).infer_type())[:2] == [[F], [H]]


def test_types_by_position_and_of_states():
    net = sym.BatchNorm(a, name="bn")
    assert net.infer_type(np.float64) == net.infer_type(a="float64")
    assert net.infer_type(a="float16")[2] == [np.float32, np.float32]


def test_types_that_contradict_each_other_name_the_node_and_its_line():
    with pytest.raises(DTypeError, match=r"sum \(elemwise_add, test_infer.py:\d+\)"):
        sym.elemwise_add(a, b, name="sum").infer_type(a="float64", b="float32")


def test_a_word_that_is_no_dtype_is_refused():
    with pytest.raises(ParamError, match="dtype of 'a'"):
        a.infer_type(a="flot")


def test_unknown_sizes_flow_through_a_thousand_layers_quickly():
    x = a
    for i in range(1000):
        x = sym.exp(x, name=f"e{i}")
    start = time.perf_counter()
    assert (x + b).infer_shape_partial(b=(0, 3)) == ([(0, 3), (0, 3)], [(0, 3)], [])
    assert (x + b).infer_type_partial(b="float16")[0] == [np.float16] * 2
    assert time.perf_counter() - start < 20


def test_under_numpy_shape_semantics_zero_is_a_size_and_minus_one_is_unknown():
    net = sym.SoftmaxOutput(sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc"))
    with mx.util.np_shape():
        arguments, outputs, _ = net.infer_shape(data=(0, 4))
        assert (arguments[-1], outputs) == ((0,), [(0, 3)])
        assert net.infer_shape_partial(data=(-1, 4))[1] == [(-1, 3)]
        assert net.infer_shape_partial()[1] == [None]
        assert sym.zeros((0, 3)).infer_shape()[1] == [(0, 3)]
        assert sym.var("v", shape=(0, 3)).infer_shape()[1] == [(0, 3)]
        assert sym.var("v", shape=(-1, 3)).infer_shape(v=(5, 3))[1] == [(5, 3)]
        assert sym.var("v", shape=(-1, 3)).attr("__shape__") == "(-1, 3)"
        assert sym.concat(a, b, dim=0).infer_shape(a=(0, 3), b=(2, 3))[1] == [(2, 3)]
        with pytest.raises(ShapeError, match=r"\(0, 3\) and \(2, 3\) differ"):
            (a + b).infer_shape(a=(0, 3), b=(2, 3))
    assert net.infer_shape_partial(data=(0, 4))[1] == [(0, 3)]
    assert net.infer_shape_partial()[1] == [()]


@pytest.mark.parametrize("np_shape", [False, True])
def test_an_empty_batch_is_bound_with_the_label_it_implies(np_shape):
    net = sym.SoftmaxOutput(
        sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc"), name="softmax"
    )
    with mx.util.np_shape(np_shape):
        executor = net.simple_bind(mx.cpu(), data=(0, 4))
        assert executor.arg_dict["softmax_label"].shape == (0,)
        assert executor.forward(is_train=True)[0].shape == (0, 3)
        executor.backward()
        assert executor.grad_dict["fc_weight"].asnumpy().tolist() == [[0] * 4] * 3
        mod = mx.mod.Module(net)
        mod.bind([("data", (0, 4))], [("softmax_label", (0,))])
        assert mod.output_shapes == [("softmax_output", (0, 3))]


def test_an_unknown_size_that_another_shape_tells_is_bound_with_it():
    net = sym.var("x") + sym.var("y")
    executor = net.simple_bind(mx.cpu(), x=(0, 3), y=(2, 3))
    assert executor.arg_dict["x"].shape == (2, 3)
