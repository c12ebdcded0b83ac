"""Symbols, models and blocks with the casts of mixed precision written into them."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.errors import InitError, ParamError
from dlstudio.gluon import nn
from tests.unit.amp.test_amp import convolutional

amp = mx.contrib.amp


def operators(symbol):
    found = {}
    for node in symbol.get_internals().outputs_:
        if node[0].op is not None:
            found.setdefault(node[0].op.name, []).append(node[0].name)
    return found


def test_a_converted_symbol_has_the_same_arguments_and_casts():
    net = convolutional()
    new = amp.convert_symbol(net)
    assert new.list_arguments() == net.list_arguments()
    assert new.list_auxiliary_states() == net.list_auxiliary_states()
    assert new.list_outputs() == net.list_outputs()
    casts = operators(new)["amp_cast"]
    assert "data_amp_cast_float16" in casts
    assert "conv_amp_cast_float32" in casts, "before the norm"
    assert len(casts) == len(set(casts))


def test_a_converted_symbol_infers_and_computes():
    net = convolutional()
    shapes = {"data": (2, 1, 8, 8)}
    new = amp.convert_symbol(net)
    assert new.infer_shape(**shapes) == net.infer_shape(**shapes)
    rng = np.random.default_rng(0)
    results = []
    values = {
        name: rng.standard_normal(shape).astype("f4") * 0.3
        for name, shape in zip(net.list_arguments(), net.infer_shape(**shapes)[0], strict=True)
    }
    for symbol in (net, new):
        executor = symbol.simple_bind(mx.cpu(), **shapes)
        for name, array in executor.arg_dict.items():
            assert array.dtype == np.float32
            array[:] = values[name]
        executor.aux_dict["norm_moving_var"][:] = 1
        results.append(executor.forward()[0].asnumpy())
    np.testing.assert_allclose(results[1], results[0], atol=5e-3)
    assert (results[1] != results[0]).any()


def test_operands_of_several_widths_go_through_one_multicast():
    fc = sym.FullyConnected(sym.var("data"), num_hidden=5, name="fc")
    new = amp.convert_symbol(sym.broadcast_add(fc, sym.var("other"), name="sum"))
    assert operators(new)["amp_multicast"] == ["sum_amp_multicast"] * 2  # its outputs


def test_casts_stay_out_of_files_unless_wanted():
    new = amp.convert_symbol(convolutional())
    assert "amp_cast" not in new.tojson()
    assert (
        "amp_multicast"
        not in amp.convert_symbol(
            sym.FullyConnected(sym.var("a"), num_hidden=5, name="f") + sym.var("b")
        ).tojson()
    )
    back = sym.load_json(new.tojson(remove_amp_cast=False))
    assert operators(back)["amp_cast"] == operators(new)["amp_cast"]
    assert sym.load_json(new.tojson()).tojson() == convolutional().tojson()


def test_excluded_nodes_and_own_lists():
    net = convolutional()
    excluded = amp.convert_symbol(net, excluded_sym_names=["conv"])
    assert "data_amp_cast_float16" not in operators(excluded)["amp_cast"]
    none = amp.convert_symbol(net, fp32_ops=["Convolution", "FullyConnected"])
    assert "amp_cast" not in operators(none)
    more = amp.convert_symbol(net, target_dtype_ops=["Pooling"])
    assert "act_amp_cast_float16" in operators(more)["amp_cast"]


def test_optional_parameters_become_16_bit_variables():
    net = convolutional()
    new = amp.convert_symbol(net, data_names=["data"], cast_optional_params=True)
    casts = operators(new)["amp_cast"]
    assert "conv_weight_amp_cast_float16" not in casts
    assert "data_amp_cast_float16" in casts
    types = dict(zip(new.list_arguments(), new.infer_type(data="float32")[0], strict=True))
    assert types["conv_weight"] == np.float16
    assert types["norm_gamma"] == np.float32


def _params(net, **shapes):
    arguments, _, states = net.infer_shape(**shapes)
    args = {
        n: mx.nd.ones(s) * 0.1
        for n, s in zip(net.list_arguments(), arguments, strict=True)
        if n not in (*shapes, "softmax_label")
    }
    aux = {
        n: mx.nd.ones(s) for n, s in zip(net.list_auxiliary_states(), states, strict=True)
    }  # fmt: skip
    return args, aux


@pytest.mark.parametrize("optional", [False, True])
def test_a_converted_model_runs_through_a_module(optional):
    net = convolutional()
    args, aux = _params(net, data=(2, 1, 8, 8))
    new, new_args, new_aux = amp.convert_model(net, args, aux, cast_optional_params=optional)
    assert new_args["conv_weight"].dtype == (np.float16 if optional else np.float32)
    assert new_aux["norm_moving_mean"].dtype == np.float32
    module = mx.mod.Module(new, label_names=["softmax_label"])
    module.bind(data_shapes=[("data", (2, 1, 8, 8))], for_training=False)
    module.set_params(new_args, new_aux)
    module.forward(mx.io.DataBatch([mx.nd.ones((2, 1, 8, 8))]), is_train=False)
    assert module.get_outputs()[0].dtype == np.float32


def test_a_converted_block_answers_like_the_block():
    mx.random.seed(3)
    net = nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Dense(3))
    net.initialize()
    with pytest.raises(InitError, match="at least once"):
        amp.convert_hybrid_block(net)
    net.hybridize()
    x = mx.nd.array(np.random.default_rng(0).standard_normal((2, 1, 6, 6)))
    expected = net(x)
    for optional in (False, True):
        low = amp.convert_hybrid_block(net, ctx=mx.cpu(), cast_optional_params=optional)
        got = low(x)
        assert got.dtype == np.float16
        np.testing.assert_allclose(got.asnumpy(), expected.asnumpy(), atol=5e-3)
        dtype = low.collect_params()["net_conv0_weight"].dtype
        assert np.dtype(dtype) == (np.float16 if optional else np.float32)
    assert net(x).dtype == np.float32, "the block itself is as it was"


def test_conversion_refuses_what_it_does_not_know():
    net = convolutional()
    with pytest.raises(ParamError, match="no node called 'nothing'"):
        amp.convert_symbol(net, excluded_sym_names=["nothing"])
    with pytest.raises(ParamError, match="float16 or bfloat16"):
        amp.convert_symbol(net, "float64")
    with pytest.raises(ParamError, match="must be a Symbol"):
        amp.convert_symbol("net")
    with pytest.raises(ParamError, match="in target_dtype_ops and in fp32_ops"):
        amp.convert_symbol(net, target_dtype_ops=["Pooling"], fp32_ops=["Pooling"])
    with pytest.raises(ParamError, match="arg_params must be a dict"):
        amp.convert_model(net, [], {})
    with pytest.raises(ParamError, match="HybridBlock"):
        amp.convert_hybrid_block(mx.gluon.Block())
