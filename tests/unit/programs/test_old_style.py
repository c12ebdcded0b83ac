"""Training scripts of MXNet's first years: symbols, iterators, modules, checkpoints, callbacks."""

import logging
from collections import namedtuple

import numpy as np
import pytest

import dlstudio as mx

Batch = namedtuple("Batch", ["data"])


@pytest.fixture(autouse=True)
def _seeded():
    mx.random.seed(0)
    np.random.seed(0)


def squares(count):
    """Images of 28 pixels with a bright square whose place says the class."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 10, count)
    images = rng.random((count, 1, 28, 28)).astype("float32") * 0.1
    for image, k in zip(images, classes, strict=True):
        image[0, k // 5 * 14 : k // 5 * 14 + 12, k % 5 * 5 : k % 5 * 5 + 5] += 1
    return images, classes.astype("float32")


def lenet():
    data = mx.symbol.Variable("data")
    conv1 = mx.symbol.Convolution(data=data, kernel=(5, 5), num_filter=4, name="conv1")
    tanh1 = mx.symbol.Activation(data=conv1, act_type="tanh")
    pool1 = mx.symbol.Pooling(data=tanh1, pool_type="max", kernel=(2, 2), stride=(2, 2))
    conv2 = mx.symbol.Convolution(data=pool1, kernel=(5, 5), num_filter=8, name="conv2")
    tanh2 = mx.symbol.Activation(data=conv2, act_type="tanh")
    pool2 = mx.symbol.Pooling(data=tanh2, pool_type="max", kernel=(2, 2), stride=(2, 2))
    flat = mx.symbol.Flatten(data=pool2, name="flat")
    fc1 = mx.symbol.FullyConnected(data=flat, num_hidden=32, name="fc1")
    tanh3 = mx.symbol.Activation(data=fc1, act_type="tanh")
    fc2 = mx.symbol.FullyConnected(data=tanh3, num_hidden=10, name="fc2")
    return mx.symbol.SoftmaxOutput(data=fc2, name="softmax")


def iterators():
    images, classes = squares(260)
    train = mx.io.NDArrayIter(images[:200], classes[:200], 20, shuffle=True)
    return train, mx.io.NDArrayIter(images[200:], classes[200:], 20)


def trained(prefix, context, **kwargs):
    train, val = iterators()
    module = mx.mod.Module(lenet(), context=context, **kwargs)
    module.fit(
        train, eval_data=val, eval_metric="acc", num_epoch=4,
        optimizer="sgd", optimizer_params={"learning_rate": 0.1, "momentum": 0.9},
        initializer=mx.init.Xavier(), kvstore="device",
        batch_end_callback=mx.callback.Speedometer(20, 5),
        epoch_end_callback=mx.callback.do_checkpoint(prefix),
    )  # fmt: skip
    return module, val


@pytest.mark.parametrize("places", [1, 2])
def test_lenet_learns_on_one_device_and_on_several(places, tmp_path, caplog):
    prefix = str(tmp_path / "lenet")
    context = [mx.cpu(i) for i in range(places)]
    with caplog.at_level(logging.INFO):
        module, val = trained(prefix, context, work_load_list=[1, 3][:places])
    assert dict(module.score(val, ["acc", "ce"]))["accuracy"] > 0.95
    assert any("Validation-accuracy" in line for line in caplog.messages)
    again = mx.mod.Module.load(prefix, 4)
    again.bind(val.provide_data, val.provide_label, for_training=False)
    assert again.score(val, "acc") == module.score(val, "acc")
    np.testing.assert_allclose(
        again.predict(val).asnumpy(), module.predict(val).asnumpy(), atol=1e-5
    )


def test_a_checkpoint_is_used_for_prediction_features_and_fine_tuning(tmp_path):
    prefix = str(tmp_path / "lenet")
    _, val = trained(prefix, mx.cpu())
    images, classes = squares(260)
    net, arg_params, aux_params = mx.model.load_checkpoint(prefix, 4)

    one = mx.mod.Module(net, label_names=None)
    one.bind(for_training=False, data_shapes=[("data", (1, 1, 28, 28))])
    one.set_params(arg_params, aux_params, allow_missing=True)
    one.forward(Batch([mx.nd.array(images[:1])]))
    assert one.get_outputs()[0].asnumpy().argmax() == classes[0]

    features = net.get_internals()["flat_output"]
    part = mx.mod.Module(features, label_names=None)
    part.bind(for_training=False, data_shapes=[("data", (2, 1, 28, 28))])
    part.set_params(arg_params, aux_params, allow_extra=True)
    part.forward(Batch([mx.nd.array(images[:2])]))
    assert part.get_outputs()[0].shape == (2, 128)

    head = mx.sym.FullyConnected(features, num_hidden=10, name="new")
    tuned = mx.mod.Module(
        mx.sym.SoftmaxOutput(head, name="softmax"),
        fixed_param_names=[n for n in arg_params if n.startswith("conv")],
    )
    train, _ = iterators()
    tuned.fit(
        train, num_epoch=3, arg_params=arg_params, aux_params=aux_params, allow_missing=True,
        initializer=mx.init.Xavier(), optimizer_params=(("learning_rate", 0.1),),
    )  # fmt: skip
    assert tuned.score(val, "acc")[0][1] > 0.9
    for name in tuned._param_names:
        if name.startswith("conv"):
            kept = tuned.get_params()[0][name].asnumpy()
            np.testing.assert_array_equal(kept, arg_params[name].asnumpy())


def test_an_executor_is_trained_by_hand():
    images, classes = squares(40)
    executor = lenet().simple_bind(mx.cpu(), data=(40, 1, 28, 28), grad_req="write")
    initializer = mx.init.Xavier()
    for name, array in executor.arg_dict.items():
        if name not in ("data", "softmax_label"):
            initializer(mx.init.InitDesc(name), array)
    updater = mx.optimizer.get_updater(mx.optimizer.Adam(0.01, rescale_grad=1 / 40))
    losses = []
    for _ in range(25):
        (scores,) = executor.forward(is_train=True, data=images, softmax_label=classes)
        executor.backward()
        losses.append(-np.log(scores.asnumpy()[np.arange(40), classes.astype(int)]).mean())
        for i, name in enumerate(lenet().list_arguments()):
            if name not in ("data", "softmax_label"):
                updater(i, executor.grad_dict[name], executor.arg_dict[name])
    assert losses[-1] < 0.3 * losses[0]
