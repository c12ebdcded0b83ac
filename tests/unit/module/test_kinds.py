"""BucketingModule, SequentialModule, PythonLossModule, Monitor."""

import logging

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import GradError, ParamError, ShapeError


def sequence_net(length):
    """A recurrent network over `length` steps, unrolled; it counts ones."""
    steps = mx.sym.split(mx.sym.var("data"), num_outputs=length, axis=1)
    u, w, b = (mx.sym.var(n) for n in ("u_weight", "w_weight", "h_bias"))
    hidden = None
    for t in range(length):
        now = mx.sym.FullyConnected(steps[t], weight=u, bias=b, num_hidden=8, name=f"in{t}")
        if hidden is not None:
            now = now + mx.sym.FullyConnected(
                hidden, weight=w, no_bias=True, num_hidden=8, name=f"hid{t}"
            )
        hidden = mx.sym.tanh(now)
    net = mx.sym.FullyConnected(hidden, num_hidden=1, name="out")
    return mx.sym.LinearRegressionOutput(net, name="lr"), ("data",), ("lr_label",)


def batch(length, seed):
    data = np.random.default_rng(seed).integers(0, 2, (16, length)).astype("float32")
    return mx.io.DataBatch(
        [mx.nd.array(data)], [mx.nd.array(data.sum(axis=1, keepdims=True))], bucket_key=length,
        provide_data=[mx.io.DataDesc("data", (16, length))],
        provide_label=[mx.io.DataDesc("lr_label", (16, 1))],
    )  # fmt: skip


class Buckets(mx.io.DataIter):
    """Batches of 3 and of 5 steps in turn."""

    provide_data = (mx.io.DataDesc("data", (16, 5)),)
    provide_label = (mx.io.DataDesc("lr_label", (16, 1)),)

    def __init__(self):
        super().__init__(16)
        self.batches = [batch((3, 5)[i % 2], i) for i in range(20)]
        self.reset()

    def reset(self):
        self.left = iter(self.batches)

    def next(self):
        return next(self.left)


def trained(**kwargs):
    mx.random.seed(3)
    mod = mx.mod.BucketingModule(sequence_net, default_bucket_key=5, **kwargs)
    mod.fit(
        Buckets(), num_epoch=8, eval_metric="mse", optimizer="adam",
        optimizer_params={"learning_rate": 0.02}, initializer=mx.init.Xavier(),
    )  # fmt: skip
    return mod


@pytest.fixture(scope="module")
def bucketing():
    return trained()


def test_buckets_of_two_lengths_learn_together(bucketing):
    assert dict(bucketing.score(Buckets(), "mse"))["mse"] < 0.3
    assert set(bucketing._buckets) == {3, 5}


def test_buckets_share_parameters_and_gradients_without_a_copy(bucketing):
    three, five = (bucketing._buckets[k]._exec_group.execs[0] for k in (3, 5))
    for name in ("u_weight", "w_weight", "h_bias", "out_weight"):
        assert three.arg_dict[name] is five.arg_dict[name]
        assert three.grad_dict[name] is five.grad_dict[name]
    assert bucketing._buckets[3]._learning is bucketing._buckets[5]._learning


def test_a_bucketing_module_is_saved_and_loaded(bucketing, tmp_path):
    prefix = str(tmp_path / "rnn")
    bucketing.save_checkpoint(prefix, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "rnn-0002.params", "rnn-3-symbol.json", "rnn-5-symbol.json",
    ]  # fmt: skip
    again = mx.mod.BucketingModule.load(prefix, 2, sequence_net, 5)
    again.bind(Buckets.provide_data, Buckets.provide_label, for_training=False)
    assert again.score(Buckets(), "mse") == bucketing.score(Buckets(), "mse")
    symbols = {3: mx.sym.load(f"{prefix}-3-symbol.json")}
    other = mx.mod.BucketingModule.load_dict(symbols, sequence_net, 5, *bucketing.get_params())
    other.bind(Buckets.provide_data, Buckets.provide_label, for_training=False)
    assert other.score(Buckets(), "mse") == bucketing.score(Buckets(), "mse")


def test_a_bucket_whose_parameters_differ_is_refused():
    def broken(key):
        net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=1, name="fc")
        return mx.sym.LinearRegressionOutput(net, name="lr"), ("data",), ("lr_label",)

    mod = mx.mod.BucketingModule(broken, default_bucket_key=5)
    mod.bind(Buckets.provide_data, Buckets.provide_label)
    mod.init_params()
    with pytest.raises(ShapeError, match=r"'fc_weight' has shape \(1, 3\).*is of shape \(1, 5\)"):
        mod.forward(batch(3, 0))
    with pytest.raises(ParamError, match="default_bucket_key"):
        mx.mod.BucketingModule(broken)


def chain_net():
    x = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=6, name="a")
    first = mx.mod.Module(mx.sym.tanh(x, name="tanh"), label_names=None)
    second = mx.sym.FullyConnected(mx.sym.var("hidden"), num_hidden=3, name="b")
    return first, second


def points():
    data = np.random.default_rng(5).normal(size=(60, 4)).astype("float32")
    return mx.io.NDArrayIter(data, data[:, :3].argmax(axis=1).astype("float32"), batch_size=20)


FIT = dict(num_epoch=30, optimizer_params={"learning_rate": 0.5}, initializer=mx.init.Xavier())


def test_a_chain_of_modules_trains_as_one_network_does():
    first, second = chain_net()
    last = mx.mod.Module(mx.sym.SoftmaxOutput(second, name="softmax"), ["hidden"])
    chain = mx.mod.SequentialModule().add(first).add(last, take_labels=True, auto_wiring=True)
    whole = mx.sym.FullyConnected(first.symbol, num_hidden=3, name="b")
    single = mx.mod.Module(mx.sym.SoftmaxOutput(whole, name="softmax"))
    for mod in (chain, single):
        mx.random.seed(4)
        mod.fit(points(), **FIT)
    assert dict(chain.score(points(), "acc"))["accuracy"] > 0.9
    for name, value in single.get_params()[0].items():
        np.testing.assert_allclose(
            chain.get_params()[0][name].asnumpy(), value.asnumpy(), rtol=1e-3, atol=1e-4
        )
    assert chain.data_names == ["data"]
    assert chain.output_shapes == [("softmax_output", (20, 3))]


def test_a_loss_written_in_python_ends_a_chain():
    first, second = chain_net()

    def gradient(scores, labels):
        return (mx.nd.softmax(scores) - mx.nd.one_hot(labels, 3)) / 1.0

    chain = mx.mod.SequentialModule()
    chain.add(first).add(mx.mod.Module(second, ["hidden"], None), auto_wiring=True)
    chain.add(mx.mod.PythonLossModule(grad_func=gradient), take_labels=True, auto_wiring=True)
    mx.random.seed(4)
    chain.fit(points(), **FIT)
    assert dict(chain.score(points(), "acc"))["accuracy"] > 0.9
    with pytest.raises(GradError, match="last of its chain"):
        chain.backward(mx.nd.ones((20, 3)))


def test_modules_of_a_chain_may_not_share_names():
    first, _ = chain_net()
    twin = mx.mod.Module(
        mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=6, name="a"), label_names=None
    )
    chain = mx.mod.SequentialModule().add(first).add(twin, auto_wiring=True)
    chain.bind([("data", (2, 4))])
    with pytest.raises(ParamError, match="modules 0 and 1 both have a parameter 'a_"):
        chain.init_params()
    with pytest.raises(ParamError, match="auto_wire"):
        chain.add(twin, auto_wire=True)


def test_a_monitor_reports_outputs_weights_and_nothing_in_between(caplog):
    first, _ = chain_net()
    whole = mx.sym.FullyConnected(first.symbol, num_hidden=3, name="b")
    mod = mx.mod.Module(mx.sym.SoftmaxOutput(whole, name="softmax"))
    monitor = mx.mon.Monitor(2, pattern="tanh|b_w", sort=True)
    caplog.set_level(logging.INFO)
    mod.fit(points(), num_epoch=1, monitor=monitor)
    told = [r.getMessage().split()[:3] for r in caplog.records if "Batch:" in r.getMessage()]
    assert told == [
        ["Batch:", "1", "b_weight"], ["Batch:", "1", "tanh_output"],
        ["Batch:", "3", "b_weight"], ["Batch:", "3", "tanh_output"],
    ]  # fmt: skip
    executor = mod._exec_group.execs[0]
    assert executor._monitor is None
    mod.reshape([("data", (5, 4))], [("softmax_label", (5,))])
    assert monitor.exes == mod._exec_group.execs
    assert executor not in monitor.exes


def test_a_monitored_network_computes_the_same():
    results = []
    for monitor in (None, mx.mon.Monitor(1, monitor_all=True)):
        first, _ = chain_net()
        whole = mx.sym.FullyConnected(first.symbol, num_hidden=3, name="b")
        mod = mx.mod.Module(mx.sym.SoftmaxOutput(whole, name="softmax"))
        mx.random.seed(4)
        mod.fit(points(), num_epoch=2, monitor=monitor, initializer=mx.init.Xavier())
        results.append(mod.get_params()[0]["a_weight"].asnumpy())
    np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-6)


def test_the_default_figure_is_the_size_of_a_typical_element():
    net = mx.sym.var("x") * 1
    executor = net.bind(mx.cpu(), {"x": mx.nd.array([3.0, 4.0, 0.0, 0.0])})
    monitor = mx.mon.Monitor(1, pattern="x")
    monitor.install(executor)
    monitor.tic()
    executor.forward()
    ((step, name, text),) = monitor.toc()
    assert (step, name, float(text)) == (1, "x", 2.5)
    assert monitor.toc() == []


def test_a_chain_is_made_of_modules():
    with pytest.raises(mx.errors.ParamError, match="given a int"):
        mx.mod.SequentialModule().add(3)


def test_a_batch_for_buckets_says_which():
    mod = mx.mod.BucketingModule(sequence_net, default_bucket_key=4)
    mod.bind([("data", (2, 4))], [("softmax_label", (2,))])
    mod.init_params()
    with pytest.raises(ParamError, match="without a bucket_key"):
        mod.forward(mx.io.DataBatch([mx.nd.ones((2, 4))]))


def test_what_makes_a_network_for_a_bucket_returns_its_names_too():
    with pytest.raises(ParamError, match="the names of its data"):
        mx.mod.BucketingModule(lambda length: sequence_net(length)[0], default_bucket_key=4)
