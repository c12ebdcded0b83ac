"""Parameters: deferred initialisation, gradients, devices, casts, sharing, files."""

import copy
import pickle

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import (
    DeferredInitializationError,
    DeviceError,
    DTypeError,
    FileFormatError,
    GradError,
    InitError,
    ParamError,
    ShapeError,
)
from dlstudio.gluon import nn


def parameter(**options):
    p = gluon.Parameter("w", shape=(2, 3), **options)
    p.initialize(mx.init.One())
    return p


def test_data_is_the_parameter_itself():
    p = parameter()
    p.data()[:] = 5
    assert p.data().asnumpy().tolist() == [[5] * 3] * 2


def test_deferred_parameter_teaches_when_read():
    layer = nn.Dense(3)
    layer.initialize()
    with pytest.raises(DeferredInitializationError, match="call net"):
        layer.weight.data()


def test_uninitialized_parameter_teaches_when_read():
    with pytest.raises(InitError, match=r"net\.initialize"):
        nn.Dense(3, in_units=2).weight.data()


def test_first_batch_completes_the_shape():
    layer = nn.Dense(3)
    layer.initialize()
    layer(nd.ones((2, 5)))
    assert layer.weight.shape == (3, 5)


def test_set_data_before_the_shape_is_known_is_kept():
    layer = nn.Dense(2)
    layer.initialize()
    layer.weight.set_data(nd.ones((2, 3)) * 4)
    layer(nd.ones((1, 3)))
    assert layer.weight.data().asnumpy().tolist() == [[4] * 3] * 2


def test_set_data_keeps_the_array_and_its_gradient():
    p = parameter()
    before = p.data()
    p.set_data(np.zeros((2, 3)))
    assert p.data() is before
    assert p.data().asnumpy().sum() == 0


def test_set_data_of_another_shape_changes_nothing():
    p = parameter()
    with pytest.raises(ShapeError, match=r"\(3, 2\) was given, its shape is \(2, 3\)"):
        p.set_data(nd.zeros((3, 2)))
    assert p.shape == (2, 3)
    assert p.data().asnumpy().sum() == 6


def test_grad_req_add_accumulates_until_zero_grad():
    p = parameter(grad_req="add")
    for _ in range(3):
        with autograd.record():
            y = p.data().sum()
        y.backward()
    assert p.grad().asnumpy().tolist() == [[3] * 3] * 2
    p.zero_grad()
    assert p.grad().asnumpy().sum() == 0


def test_grad_req_null_has_no_gradient_and_says_how_to_get_one():
    p = parameter(grad_req="null")
    with pytest.raises(GradError, match="setattr"):
        p.grad()
    p.grad_req = "write"
    assert p.grad().shape == (2, 3)


def test_unknown_grad_req_is_refused():
    with pytest.raises(ParamError, match="grad_req must be one of"):
        parameter(grad_req="twice")


def test_several_devices_hold_equal_copies():
    p = gluon.Parameter("w", shape=(2,))
    p.initialize(mx.init.Normal(), ctx=[mx.cpu(0), mx.cpu(1)])
    a, b = p.list_data()
    assert (str(a.context), str(b.context)) == ("cpu(0)", "cpu(1)")
    np.testing.assert_array_equal(a.asnumpy(), b.asnumpy())
    assert p.list_ctx() == [mx.cpu(0), mx.cpu(1)]
    with mx.cpu(1):
        assert p.data() is b


def test_another_device_teaches():
    with pytest.raises(DeviceError, match=r"not initialized on context cpu\(3\)"):
        parameter().data(mx.cpu(3))


def test_reset_ctx_moves_values_and_gradients():
    p = parameter()
    p.reset_ctx([mx.cpu(1), mx.cpu(2)])
    assert [str(g.context) for g in p.list_grad()] == ["cpu(1)", "cpu(2)"]
    assert p.data(mx.cpu(2)).asnumpy().sum() == 6


def test_cast_changes_values_and_gradient():
    p = parameter()
    p.cast("float64")
    assert p.data().dtype == np.float64
    assert p.grad().dtype == np.float64


def test_initializing_twice_warns_and_keeps_the_values():
    p = parameter()
    with pytest.warns(UserWarning, match="already initialized"):
        p.initialize(mx.init.Zero())
    assert p.data().asnumpy().sum() == 6
    p.initialize(mx.init.Zero(), force_reinit=True)
    assert p.data().asnumpy().sum() == 0


def test_constant_has_no_gradient_and_keeps_its_value():
    c = gluon.Constant("c", [[1.0, 2.0]])
    c.initialize()
    assert c.grad_req == "null"
    assert c.data().asnumpy().tolist() == [[1, 2]]


def test_dictionary_refuses_two_parameters_of_one_name_and_adds_nothing():
    a, b = gluon.ParameterDict(), gluon.ParameterDict()
    a.get("w", shape=(1,))
    b.get("v", shape=(1,))
    b.get("w", shape=(1,))
    with pytest.raises(ParamError, match="same name 'w'"):
        a.update(b)
    assert list(a) == ["w"]


def test_shared_dictionary_hands_out_the_same_parameter():
    first = nn.Dense(2, in_units=3, prefix="fc_")
    second = nn.Dense(2, in_units=3, params=first.params)
    first.initialize()
    assert second.weight is first.weight
    assert second(nd.ones((1, 3))).shape == (1, 2)


def test_setattr_freezes_all():
    net = nn.Dense(2, in_units=3)
    net.initialize()
    net.collect_params().setattr("grad_req", "null")
    assert all(p.grad_req == "null" for p in net.collect_params().values())


def test_initializer_of_a_layer_wins_over_that_of_the_network():
    layer = nn.Dense(2, in_units=3, bias_initializer="ones")
    layer.initialize(mx.init.Constant(7))
    assert layer.weight.data().asnumpy().min() == 7
    assert layer.bias.data().asnumpy().tolist() == [1, 1]


def test_mixed_initializer_decides_by_name():
    layer = nn.Dense(2, in_units=3, bias_initializer=None)
    layer.initialize(mx.init.Mixed([".*bias", ".*"], [mx.init.Zero(), mx.init.Constant(2)]))
    assert layer.weight.data().asnumpy().min() == 2
    assert layer.bias.data().asnumpy().max() == 0


# ---- files -----------------------------------------------------------------------------------
def network():
    net = nn.HybridSequential()
    net.add(nn.Dense(4, in_units=3), nn.BatchNorm(in_channels=4), nn.Dense(2, in_units=4))
    return net


def values(net):
    return {n: p.data().asnumpy() for n, p in net._collect_params_with_prefix().items()}


def test_parameters_survive_a_file(tmp_path):
    net, other = network(), network()
    net.initialize(mx.init.Normal())
    net.save_parameters(tmp_path / "net.params")
    other.load_parameters(tmp_path / "net.params")
    for name, value in values(net).items():
        np.testing.assert_array_equal(values(other)[name], value)


def test_a_file_initializes_deferred_parameters(tmp_path):
    net = network()
    net.initialize()
    net.save_parameters(tmp_path / "net.params")
    other = nn.HybridSequential()
    other.add(nn.Dense(4), nn.BatchNorm(), nn.Dense(2))
    other.load_parameters(tmp_path / "net.params", ctx=mx.cpu(1))
    assert other[0].weight.shape == (4, 3)
    assert other[0].weight.list_ctx() == [mx.cpu(1)]


def damaged_cases():
    return {
        "missing": (ParamError, lambda v: {n: x for n, x in v.items() if n != "2.bias"}),
        "extra": (ParamError, lambda v: {**v, "9.weight": np.zeros(1, "float32")}),
        "shape": (ShapeError, lambda v: {**v, "2.weight": np.zeros((2, 9), "float32")}),
        "dtype": (DTypeError, lambda v: {**v, "2.weight": np.zeros((2, 4), "float64")}),
    }


@pytest.mark.parametrize("what", list(damaged_cases()))
def test_a_file_that_does_not_fit_changes_no_parameter(tmp_path, what):
    error, damage = damaged_cases()[what]
    net = network()
    net.initialize()
    before = values(net)
    mx.nd.save(
        str(tmp_path / "bad.params"),
        {
            n: nd.array(v, dtype=v.dtype)
            for n, v in damage({n: v + 1 for n, v in before.items()}).items()
        },
    )
    with pytest.raises(error):
        net.load_parameters(tmp_path / "bad.params")
    for name, value in values(net).items():
        np.testing.assert_array_equal(before[name], value)


def test_a_truncated_file_changes_no_parameter(tmp_path):
    net = network()
    net.initialize()
    file = tmp_path / "net.params"
    net.save_parameters(file)
    file.write_bytes(file.read_bytes()[:-7])
    before = values(net)
    with pytest.raises(FileFormatError, match=r"net\.params"):
        net.load_parameters(file)
    for name, value in values(net).items():
        np.testing.assert_array_equal(before[name], value)


def test_allow_missing_and_ignore_extra(tmp_path):
    net = network()
    net.initialize()
    file = str(tmp_path / "part.params")
    mx.nd.save(file, {"0.bias": nd.ones((4,)), "other": nd.ones((1,))})
    net.load_parameters(file, allow_missing=True, ignore_extra=True)
    assert net[0].bias.data().asnumpy().tolist() == [1] * 4


@pytest.mark.parametrize(("source", "dtype"), [("current", np.float32), ("saved", np.float64)])
def test_cast_dtype_converts_to_the_chosen_side(tmp_path, source, dtype):
    wide = nn.Dense(2, in_units=3, dtype="float64")
    wide.initialize()
    wide.save_parameters(tmp_path / "wide.params")
    net = nn.Dense(2, in_units=3)
    net.load_parameters(tmp_path / "wide.params", cast_dtype=True, dtype_source=source)
    assert net.weight.data().dtype == dtype


def test_shared_parameters_are_saved_once_if_asked(tmp_path):
    net = nn.HybridSequential()
    first = nn.Dense(3, in_units=3)
    net.add(first, nn.Dense(3, in_units=3, params=first.params))
    net.initialize()
    net.save_parameters(tmp_path / "once.params", deduplicate=True)
    assert sorted(mx.nd.load(str(tmp_path / "once.params"))) == ["0.bias", "0.weight"]
    net.load_parameters(tmp_path / "once.params")


def test_full_names_strip_and_restore_a_prefix(tmp_path):
    net = nn.Dense(2, in_units=3, prefix="a_")
    net.initialize()
    net.collect_params().save(tmp_path / "a.params", strip_prefix="a_")
    other = nn.Dense(2, in_units=3, prefix="b_")
    other.collect_params().load(tmp_path / "a.params", restore_prefix="b_")
    np.testing.assert_array_equal(net.weight.data().asnumpy(), other.weight.data().asnumpy())


def test_devices_are_asked_for_by_the_names_of_mxnet_2():
    p = gluon.Parameter("w", shape=(2,))
    p.initialize(device=[mx.cpu(0), mx.cpu(1)])
    assert p.list_device() == [mx.cpu(0), mx.cpu(1)]
    assert p.data(device=mx.cpu(1)).device == p.grad(device=mx.cpu(1)).device == mx.cpu(1)
    p.reset_device(mx.cpu(1))
    every = gluon.ParameterDict()
    every.update({"w": p})
    assert every.list_device() == [mx.cpu(1)]
    every.initialize(device=mx.cpu(0), force_reinit=True)
    every.reset_device(mx.cpu(0))
    assert p.data().device == mx.device.current_device() == mx.cpu(0)


def test_a_parameter_taken_for_its_values_teaches():
    p = gluon.Parameter("w", shape=(2,))
    p.initialize()
    with pytest.raises(AttributeError, match=r"no attribute 'mean'.\nFix: p.data\(\).mean"):
        p.mean()
    with pytest.raises(TypeError, match=r"rhs is a Parameter.\n.*\nFix: x.data"):
        nd.dot(nd.ones(2), p)
    assert not hasattr(p, "no_such_thing")
    assert copy.copy(p).data() is p.data()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_of_networks_are_trained_like_the_original(copied):
    net = gluon.nn.Dense(2, in_units=3)
    net.initialize(mx.init.One())
    net.weight.grad_req = "add"
    net.bias.grad_req = "null"
    again = copied(net)
    for _ in range(2):
        with autograd.record():
            loss = again(nd.ones((1, 3))).sum()
        loss.backward()
    assert again.weight.grad().asnumpy().tolist() == [[2, 2, 2]] * 2
    gluon.Trainer(again.collect_params(), "sgd", {"learning_rate": 1.0}).step(1)
    assert again.weight.data()[0, 0].asscalar() == -1
    assert net.weight.data()[0, 0].asscalar() == 1
    assert again.bias.grad_req == "null"
    copy.copy(again.weight)
    assert again.weight.grad().asnumpy().any()  # a shallow copy shares them
