"""Data-parallel executors in loops of one's own."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import model, nd, sym
from dlstudio.executor_manager import DataParallelExecutorManager, _split_input_slice


def line():
    hidden = sym.FullyConnected(sym.var("data"), num_hidden=1, name="fc")
    return sym.LinearRegressionOutput(hidden, sym.var("label"), name="out")


def batches(rows=8):
    x = nd.array(np.arange(2.0 * rows).reshape(rows, 2))
    return mx.io.NDArrayIter(x, x.sum(1), 4, label_name="label")


def test_gradients_of_two_devices_add_up_to_those_of_one():
    found = []
    for devices in ([mx.cpu(0)], [mx.cpu(0), mx.cpu(1)]):
        data = batches()
        manager = DataParallelExecutorManager(line(), devices, data)
        manager.set_params({"fc_weight": nd.ones((1, 2)) * 0.5, "fc_bias": nd.ones(1)}, {})
        batch = next(data)
        manager.load_data_batch(batch)
        manager.forward(is_train=True)
        manager.backward()
        found.append([sum(g.asnumpy() for g in column) for column in manager.grad_arrays])
        metric = mx.metric.MSE()
        manager.update_metric(metric, batch.label)
        found[-1].append(metric.get()[1])
    for one, two in zip(*found, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6)


def test_parameters_are_copied_out():
    manager = DataParallelExecutorManager(line(), [mx.cpu(0), mx.cpu(1)], batches())
    manager.set_params({"fc_weight": nd.array([[1, 2]]), "fc_bias": nd.array([3])}, {})
    args = {"fc_weight": nd.zeros((1, 2)), "fc_bias": nd.zeros(1)}
    manager.copy_to(args, {})
    assert args["fc_weight"].asnumpy().tolist() == [[1, 2]]
    assert [len(column) for column in manager.param_arrays] == [2, 2]
    assert manager.aux_arrays == []
    with pytest.raises(mx.MXNetError, match=r"fc_weight has shape \(1, 2\)"):
        manager.copy_to({**args, "fc_weight": nd.zeros(2)}, {})


def test_buckets_share_parameters():
    def unrolled(length):
        steps = sym.split(sym.var("data"), num_outputs=length, axis=1, squeeze_axis=False)
        total = sym.FullyConnected(sym.add_n(*steps), num_hidden=1, name="fc")
        return sym.LinearRegressionOutput(total, sym.var("label"), name="out")

    def batch(length):
        return mx.io.DataBatch(
            [nd.ones((4, length))], [nd.ones(4)], bucket_key=length,
            provide_data=[("data", (4, length))], provide_label=[("label", (4,))],
        )  # fmt: skip

    class Batches:
        batch_size, default_bucket_key = 4, 3
        provide_data, provide_label = [("data", (4, 3))], [("label", (4,))]

    manager = DataParallelExecutorManager(unrolled(3), [mx.cpu()], Batches(), sym_gen=unrolled)
    manager.set_params({"fc_weight": nd.ones((1, 1)), "fc_bias": nd.zeros(1)}, {})
    for length in (3, 2):
        manager.load_data_batch(batch(length))
        manager.forward()
        assert manager._current.get_outputs()[0].asnumpy().tolist() == [[length]] * 4


def test_the_batch_is_cut_by_workload():
    assert _split_input_slice(8, [1, 3]) == [slice(0, 2), slice(2, 8)]
    with pytest.raises(mx.MXNetError, match="2 entries for 1 devices"):
        DataParallelExecutorManager(line(), [mx.cpu()], batches(), work_load_list=[1, 1])


@pytest.mark.parametrize("kvstore", [None, "local", "device"])
@pytest.mark.parametrize("devices", [1, 2])
def test_a_loop_of_one_s_own_trains_as_a_module_does(kvstore, devices):
    contexts, data = [mx.cpu(k) for k in range(devices)], batches()
    params = {"fc_weight": nd.ones((1, 2)) * 0.5, "fc_bias": nd.zeros(1)}
    manager = DataParallelExecutorManager(line(), contexts, data)
    manager.set_params(params, {})
    names, columns = manager.param_names, manager.param_arrays
    store, on_store = model._create_kvstore(kvstore, devices, params)
    assert (store is None) == (kvstore is None or devices == 1)
    optimizer = mx.optimizer.SGD(learning_rate=1e-3, rescale_grad=1 / 4)
    if store is not None:
        model._initialize_kvstore(store, columns, params, names, on_store)
    if on_store:
        store.set_optimizer(optimizer)
    updater = mx.optimizer.get_updater(optimizer)
    for batch in data:
        manager.load_data_batch(batch)
        manager.forward(is_train=True)
        manager.backward()
        if on_store:
            model._update_params_on_kvstore(columns, manager.grad_arrays, store, names)
        else:
            model._update_params(columns, manager.grad_arrays, updater, devices, store, names)
    trained = {**params}
    manager.copy_to(trained, {})
    if devices == 1 or store is not None:
        whole = mx.mod.Module(line(), ["data"], ["label"])
        whole.bind(data.provide_data, data.provide_label)
        whole.init_params(arg_params={"fc_weight": nd.ones((1, 2)) * 0.5, "fc_bias": nd.zeros(1)})
        options = (("learning_rate", 1e-3), ("rescale_grad", 1 / 4))
        whole.init_optimizer(optimizer="sgd", optimizer_params=options)
        data.reset()
        for batch in data:
            whole.forward_backward(batch)
            whole.update()
        for name, value in whole.get_params()[0].items():
            np.testing.assert_allclose(trained[name].asnumpy(), value.asnumpy(), rtol=1e-5)


def test_a_large_parameter_is_updated_on_the_devices():
    class Large:
        shape = (2**13, 2**12)

    assert model._create_kvstore("local", 2, {"w": Large()})[1] is False
    assert model._create_kvstore("device", 2, {"w": Large()})[1] is True
    with pytest.raises(mx.MXNetError, match="kvstore is 3"):
        model._create_kvstore(3, 2, {})
