"""Whole blocks in files, dictionaries of parameters, hooks on operators, MXNet 2's manners."""

import json
import tracemalloc

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import FileFormatError, MissingFileError, ParamError
from dlstudio.gluon import nn


def network(prefix="net_", last=2):
    net = nn.HybridSequential(prefix=prefix)
    with net.name_scope():
        net.add(nn.Dense(3, activation="relu"), nn.BatchNorm(), nn.Dense(last))
    return net


def filled(**kwargs):
    mx.random.seed(3)
    net = network(**kwargs)
    net.initialize(mx.init.Normal(0.5))
    net(nd.ones((2, 4)))
    return net


# ---- save and load ---------------------------------------------------------------------------
def test_a_saved_block_comes_back_with_values_and_hybridized(tmp_path):
    net = filled()
    net.hybridize(static_alloc=True)
    net.save(tmp_path / "a")
    assert {f.name for f in tmp_path.iterdir()} == {"a-model.json", "a-model.params"}
    again = network(prefix="other_")
    again.load(tmp_path / "a")
    x = nd.array([[1, -2, 3, 0.5]])
    np.testing.assert_array_equal(again(x).asnumpy(), net(x).asnumpy())
    assert again._active
    assert again._flags["static_alloc"]


def test_only_the_children_that_were_hybridized_are_so_again(tmp_path):
    net = filled()
    net[0].hybridize()
    net.save(str(tmp_path / "a"))
    again = network()
    again.load(str(tmp_path / "a"))
    assert [again._active, again[0]._active, again[2]._active] == [False, True, False]


def test_another_network_is_refused_and_stays_as_it_was(tmp_path):
    filled().save(tmp_path / "a")
    other = nn.HybridSequential()
    other.add(nn.Dense(3), nn.Dense(2, in_units=3))
    with pytest.raises(ParamError, match="made by the same code"):
        other.load(tmp_path / "a")
    with pytest.raises(MissingFileError):
        other.load(tmp_path / "b")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"class": "HybridSequential"}', "\xff"])
def test_a_damaged_outline_is_a_file_format_error(tmp_path, text):
    filled().save(tmp_path / "a")
    (tmp_path / "a-model.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(FileFormatError, match="no outline"):
        network().load(tmp_path / "a")


def test_the_outline_can_be_read_by_people(tmp_path):
    filled().save(tmp_path / "a")
    outline = json.loads((tmp_path / "a-model.json").read_text(encoding="utf-8"))
    assert outline["class"] == "HybridSequential"
    assert outline["children"]["0"]["params"]["weight"] == "net_dense0_weight"


def test_load_dict_takes_arrays_by_structural_name():
    net, again = filled(), network()
    values = {k: p.data() for k, p in net._collect_params_with_prefix().items()}
    again.load_dict(values, device=mx.cpu())
    x = nd.ones((1, 4))
    np.testing.assert_array_equal(again(x).asnumpy(), net(x).asnumpy())
    values.pop("2.bias")
    with pytest.raises(ParamError, match=r"2\.bias.*missing in param_dict"):
        network().load_dict(values)
    network().load_dict(values, allow_missing=True)
    with pytest.raises(ParamError, match="strange"):
        network().load_dict({**values, "strange": nd.ones(1)}, allow_missing=True)


# ---- hooks on operators ----------------------------------------------------------------------
def test_op_hooks_see_every_operator_of_a_hybridized_block():
    net, seen = filled(), []
    x = nd.ones((2, 4))
    net.register_op_hook(lambda name, op, array: seen.append((name, op, array.shape)))
    net(x)
    assert seen == []  # as in MXNet: there is no graph yet
    net.hybridize()
    net.register_op_hook(lambda name, op, array: seen.append((name, op, array.shape)))
    net(x)
    assert seen == [
        ("net_dense0_fwd_output", "FullyConnected", (2, 3)),
        ("net_dense0_relu_fwd_output", "Activation", (2, 3)),
        ("net_batchnorm0_fwd_output", "BatchNorm", (2, 3)),
        ("net_dense1_fwd_output", "FullyConnected", (2, 2)),
    ]


def test_op_hooks_see_inputs_too_and_change_no_gradient():
    net, names = filled(), []
    x = nd.array([[1, -2, 3, 0.5], [0, 1, 0, 1]])

    def gradient():
        with autograd.record():
            loss = (net(x) ** 2).sum()
        loss.backward()
        return net[0].weight.grad().asnumpy()

    net.hybridize()
    net.register_op_hook(lambda name, op, array: names.append(name), monitor_all=True)
    hooked = gradient()
    assert names[:4] == [f"net_dense0_fwd_{x}" for x in ("data", "weight", "bias", "output")]
    names.clear()
    net.hybridize()  # hooks are off
    np.testing.assert_allclose(gradient(), hooked, rtol=1e-5, atol=1e-6)
    assert names == []


# ---- MXNet 2 ---------------------------------------------------------------------------------
class Modern(gluon.HybridBlock):
    """Written for MXNet 2: no scopes, no F, parameters made by hand."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Dense(4, activation="relu")
        self.scale = gluon.Parameter(shape=(4,), init="ones")
        self.shift = gluon.Constant(np.full((4,), 2.0))

    def forward(self, x):
        return self.dense(x) * self.scale.data() + self.shift.data()


def modern():
    net = Modern()
    net.initialize(device=mx.cpu())
    net(nd.ones((1, 3)))
    return net


def test_parameters_without_a_name_are_named_after_their_attribute():
    net = modern()
    assert net.scale.name.endswith("scale")
    assert net.shift.name.endswith("shift")
    assert set(net._collect_params_with_prefix()) == {
        "dense.weight", "dense.bias", "scale", "shift"
    }  # fmt: skip
    with pytest.raises(ParamError, match="a value is needed"):
        gluon.Constant("c")


def test_collected_parameters_are_found_by_structural_name():
    net = modern()
    params = net.collect_params()
    assert params["dense.weight"] is net.dense.weight
    assert list(net.collect_params("dense.weight").values()) == [net.dense.weight]
    with pytest.raises(KeyError):
        params["dense.nothing"]
    assert list(net.collect_params(".*weight").values()) == [net.dense.weight]


def test_parameters_are_shared_by_structure():
    net, other = modern(), Modern()
    other.share_parameters(net.collect_params())
    x = nd.ones((2, 3))
    np.testing.assert_array_equal(other(x).asnumpy(), net(x).asnumpy())
    assert other.dense.weight is net.dense.weight


def test_devices_have_their_second_name(tmp_path):
    net = modern()
    net.reset_device([mx.cpu(0), mx.cpu(1)])
    assert [d.device_id for d in net.scale.list_ctx()] == [0, 1]
    net.save_parameters(tmp_path / "a.params")
    again = Modern()
    again.load_parameters(tmp_path / "a.params", device=mx.cpu(1))
    assert again.scale.list_ctx() == [mx.cpu(1)]


@pytest.mark.parametrize(
    "path",
    ["block.DeferredInitializationError", "block.np_array", "block.np_shape", "block.load_json",
     "block.is_np_array", "block.HybridBlock", "parameter.ParameterDict", "parameter.Constant"],
)  # fmt: skip
def test_names_in_mxnet_s_modules_of_gluon(path):
    found = gluon
    for part in path.split("."):
        found = getattr(found, part)
    assert callable(found)


def test_loading_copies_every_value_once(tmp_path):
    net = nn.Dense(1000, in_units=1000, use_bias=False)
    net.initialize()
    net.save_parameters(tmp_path / "net.params")
    again = nn.Dense(1000, in_units=1000, use_bias=False)
    tracemalloc.start()
    try:
        again.load_parameters(tmp_path / "net.params")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3.3 * 4e6  # the file's array, the weight and its gradient

    values = {"weight": nd.ones((1000, 1000))}
    again.load_dict(values)
    again.weight.data()[:] = 2
    assert values["weight"][0, 0].asscalar() == 1
