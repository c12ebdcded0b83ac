"""Module on several devices: whole batches, shares, groups of a network, checkpoints."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import ParamError
from tests.unit.module.training import assert_same, fit, mlp, values


def test_several_devices_compute_what_one_does(batches):
    one = fit(mx.mod.Module(mlp()), batches)
    two = fit(mx.mod.Module(mlp(), context=[mx.cpu(0), mx.cpu(1)]), batches)
    assert_same(values(one), values(two), rtol=2e-4, atol=2e-5)  # sums in another order
    np.testing.assert_allclose(
        one.predict(batches).asnumpy(), two.predict(batches).asnumpy(), atol=1e-4
    )
    first, second = two.get_outputs(merge_multi_context=False)[0]
    assert (first.context, second.context) == (mx.cpu(0), mx.cpu(1))
    assert first.shape == second.shape == (25, 10)


def test_shares_of_the_batch_may_differ(batches):
    mod = mx.mod.Module(mlp(), context=[mx.cpu(0), mx.cpu(1)], work_load_list=[4, 1])
    fit(mod, batches)
    assert [len(x) for x in mod.get_outputs(merge_multi_context=False)[0]] == [40, 10]
    with pytest.raises(ParamError, match="cannot be cut"):
        mod.reshape([("data", (1, 784))])


def test_parts_of_a_network_run_where_group2ctxs_says(batches):
    with mx.AttrScope(ctx_group="a"):
        x = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=32, name="fc1")
    with mx.AttrScope(ctx_group="b"):
        x = mx.sym.Activation(x, act_type="relu", name="relu1")
        x = mx.sym.FullyConnected(x, num_hidden=10, name="fc2")
        net = mx.sym.SoftmaxOutput(x, name="softmax")
    split = mx.mod.Module(net, group2ctxs={"a": mx.cpu(0), "b": mx.cpu(1)})
    assert_same(
        values(fit(split, batches)), values(fit(mx.mod.Module(mlp()), batches)),
        rtol=1e-5, atol=1e-6,
    )  # fmt: skip
    weights = split._exec_group.execs[0].arg_dict
    assert weights["fc1_weight"].context == mx.cpu(0)
    assert weights["fc2_weight"].context == mx.cpu(1)


def test_images_of_time_first_layout_are_cut_along_the_batch_axis():
    x = mx.sym.var("data") * 2
    x._set_attr(__layout__="TNC")
    mod = mx.mod.Module(x, label_names=None, context=[mx.cpu(0), mx.cpu(1)])
    mod.bind([mx.io.DataDesc("data", (3, 4, 1), layout="TNC")], for_training=False)
    mod.init_params()
    data = np.arange(12, dtype="float32").reshape(3, 4, 1)
    out = mod.predict(mx.nd.array(data))
    np.testing.assert_array_equal(out.asnumpy(), 2 * data)
    assert [o.shape for o in mod.get_outputs(merge_multi_context=False)[0]] == [(3, 2, 1)] * 2


def test_batches_may_come_cut_for_the_devices(batches):
    mod = mx.mod.Module(mlp(), context=[mx.cpu(0), mx.cpu(1)])
    mod.bind(batches.provide_data, batches.provide_label)
    mod.init_params(mx.init.Xavier())
    whole = next(batches)
    halves = [
        mx.io.DataBatch([whole.data[0][s]], [whole.label[0][s]])
        for s in (slice(0, 25), slice(25, 50))
    ]
    mod.forward(whole)
    expected = mod.get_outputs()[0].asnumpy()
    mod.forward(halves)
    np.testing.assert_array_equal(mod.get_outputs()[0].asnumpy(), expected)
    metric = mx.metric.Accuracy()
    mod.update_metric(metric, [half.label for half in halves], pre_sliced=True)
    assert metric.num_inst == 50


def test_a_checkpoint_of_one_device_goes_on_with_two_and_back(batches, tmp_path):
    def step(contexts, saved, states=None):
        mx.random.seed(1)
        batches.reset()
        mod = mx.mod.Module(mlp(), context=contexts)
        mod.bind(batches.provide_data, batches.provide_label)
        mod.init_params(mx.init.Xavier())
        mod.init_optimizer("local", "adam", {"learning_rate": 0.01})
        if states:
            mod.load_optimizer_states(states)
        mod.forward_backward(next(batches))
        mod.update()
        mod.save_optimizer_states(tmp_path / saved)
        return mod

    one, two = [mx.cpu(0)], [mx.cpu(0), mx.cpu(1)]
    step(one, "1.states")
    step(two, "2.states")
    a = step(one, "a.states", tmp_path / "2.states")
    b = step(two, "b.states", tmp_path / "1.states")
    assert a._optimizer.num_update == b._optimizer.num_update == 2
    assert set(b._learning.updater.states) == set(b._param_names)
    assert_same(values(a), values(b), rtol=1e-3, atol=1e-4)


def test_parameters_set_by_hand_are_where_several_devices_go_on(batches):
    mod = fit(mx.mod.Module(mlp(), context=[mx.cpu(0), mx.cpu(1)]), batches)
    zeros = {n: mx.nd.zeros(a.shape) for n, a in mod.get_params()[0].items()}
    mod.set_params(zeros, {})
    batches.reset()
    mod.forward_backward(next(batches))
    mod.update()
    assert np.abs(values(mod)["fc1_weight"]).max() == 0  # nothing flows back through zeros
    assert np.abs(values(mod)["fc2_bias"]).max() > 0


def test_running_means_of_several_devices_are_joined_after_each_epoch():
    x = mx.sym.BatchNorm(mx.sym.var("data"), name="bn", fix_gamma=False)
    loss = mx.sym.LinearRegressionOutput(x, name="lr")
    mod = mx.mod.Module(loss, label_names=["lr_label"], context=[mx.cpu(0), mx.cpu(1)])
    data = np.repeat(np.float32([[0.0], [8.0]]), 4, axis=0)
    points = mx.io.NDArrayIter(data, data, batch_size=8, label_name="lr_label")
    mod.fit(points, num_epoch=1, eval_metric="mse")
    first, second = (e.aux_dict["bn_moving_mean"].asnumpy() for e in mod._exec_group.execs)
    np.testing.assert_allclose(first, 0.1 * 4, rtol=1e-6)  # 0.1 * 0 on one, 0.1 * 8 on the other
    np.testing.assert_array_equal(first, second)
