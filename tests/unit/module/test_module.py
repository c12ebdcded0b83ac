"""Module: training on real digits, checkpoints, shapes, errors."""

import collections
import logging

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import (
    ArgumentError,
    DataError,
    FileFormatError,
    GraphError,
    InitError,
    ParamError,
    ShapeError,
)
from tests.unit.module.training import assert_same, fit, mlp, values


def test_a_small_network_learns_digits(batches, caplog):
    caplog.set_level(logging.INFO)
    mod = fit(mx.mod.Module(mlp()), batches, epochs=4, eval_data=batches)
    ((name, accuracy),) = mod.score(batches, "acc")
    assert name == "accuracy"
    assert accuracy > 0.85
    text = caplog.text
    assert "Epoch[3] Train-accuracy=" in text
    assert "Epoch[3] Validation-accuracy=" in text
    assert "Epoch[0] Time cost=" in text


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_resumes_from_a_checkpoint_to_the_bit(batches, tmp_path, optimizer):
    prefix = str(tmp_path / "net")
    whole = fit(mx.mod.Module(mlp()), batches, epochs=2, optimizer=optimizer)
    half = fit(mx.mod.Module(mlp()), batches, epochs=1, optimizer=optimizer)
    half.save_checkpoint(prefix, 1, save_optimizer_states=True)
    rest = mx.mod.Module.load(prefix, 1, load_optimizer_states=True)
    fit(rest, batches, epochs=2, begin=1, optimizer=optimizer)
    assert_same(values(whole), values(rest))


def test_states_keep_counts_and_leave_the_new_rate(batches, tmp_path):
    mod = fit(mx.mod.Module(mlp()), batches, optimizer="adam")
    mod.save_optimizer_states(tmp_path / "a.states")
    assert b"pickle" not in (tmp_path / "a.states").read_bytes()
    mod.init_optimizer(optimizer="adam", optimizer_params={"learning_rate": 0.5}, force_init=True)
    mod.load_optimizer_states(tmp_path / "a.states")
    learner = mod._optimizer
    assert (learner.lr, learner.num_update) == (0.5, 16)
    (tmp_path / "b.states").write_bytes(b"(dp0\n.")
    with pytest.raises(FileFormatError):
        mod.load_optimizer_states(tmp_path / "b.states")


def test_checkpoints_are_read_by_mx_model_too(batches, tmp_path):
    prefix = str(tmp_path / "net")
    mod = fit(mx.mod.Module(mlp()), batches, epoch_end_callback=mx.callback.do_checkpoint(prefix))
    symbol, arg_params, aux_params = mx.model.load_checkpoint(prefix, 1)
    assert symbol.list_arguments() == mlp().list_arguments()
    assert (set(arg_params), aux_params) == (
        {"fc1_weight", "fc1_bias", "fc2_weight", "fc2_bias"}, {},
    )  # fmt: skip
    assert mx.model.load_params(prefix, 1)[0].keys() == arg_params.keys()
    other = mx.mod.Module(symbol)
    other.bind(batches.provide_data, for_training=False)
    other.set_params(arg_params, aux_params)
    np.testing.assert_array_equal(mod.predict(batches).asnumpy(), other.predict(batches).asnumpy())
    mx.nd.save(str(tmp_path / "x.params"), {"fc1_weight": mx.nd.ones(1)})
    with pytest.raises(FileFormatError, match="arg: or aux:"):
        mod.load_params(tmp_path / "x.params")


def test_fixed_parameters_stay(batches):
    mod = mx.mod.Module(mlp(), fixed_param_names=["fc1_weight"])
    mod.bind(batches.provide_data, batches.provide_label)
    mod.init_params(mx.init.Xavier())
    before = values(mod)
    fit(mod, batches)
    after = values(mod)
    np.testing.assert_array_equal(before["fc1_weight"], after["fc1_weight"])
    assert np.abs(before["fc2_weight"] - after["fc2_weight"]).max() > 0


def test_gradients_of_the_data_agree_with_differences():
    x = mx.sym.var("data")
    mod = mx.mod.Module((x * x).sum(axis=1), label_names=None)
    mod.bind([("data", (2, 3))], inputs_need_grad=True)
    mod.init_params()
    mod.init_optimizer()
    data = mx.nd.array([[1, 2, 3], [4, 5, 6]])
    mod.forward(mx.io.DataBatch([data]))
    mod.backward([mx.nd.array([1.0, 10.0])])
    mod.update()
    (grad,) = mod.get_input_grads()
    np.testing.assert_allclose(grad.asnumpy(), [[2, 4, 6], [80, 100, 120]])


def test_a_batch_of_another_shape_is_taken_with_the_same_parameters(arrays, batches):
    mod = fit(mx.mod.Module(mlp()), batches)
    whole = mod.predict(batches).asnumpy()
    small = mod.predict(mx.nd.array(arrays[0][:7]))
    assert small.shape == (7, 10)
    np.testing.assert_allclose(small.asnumpy(), whole[:7], atol=1e-5)
    np.testing.assert_array_equal(mod.predict(arrays[0][:7]).asnumpy(), small.asnumpy())
    assert mod.output_shapes == [("softmax_output", (7, 10))]
    with pytest.raises(DataError, match=r"train_data.reset\(\)"):
        fit(mod, batches)
    batches.reset()
    fit(mod, batches)  # and trains on, with gradients of its own
    assert mod.data_shapes[0].shape == (50, 784)


def test_inputs_that_would_change_a_parameter_are_refused(batches):
    mod = fit(mx.mod.Module(mlp()), batches)
    with pytest.raises(ShapeError, match=r"parameter 'fc1_weight' has shape \(32, 5\)"):
        mod.forward(mx.io.DataBatch([mx.nd.ones((50, 5))], [mx.nd.ones(50)]))


def test_predictions_leave_out_what_fills_up_the_last_batch(arrays):
    batches = mx.io.NDArrayIter(arrays[0][:120], batch_size=50)
    mod = mx.mod.Module(mlp())
    mod.bind(batches.provide_data, for_training=False)
    mod.init_params()
    assert mod.predict(batches).shape == (120, 10)
    assert [x[0].shape[0] for x in mod.predict(batches, merge_batches=False)] == [50, 50, 20]
    assert len(mod.predict(batches, num_batch=1, always_output_list=True)[0]) == 50
    shapes = [(out[0].shape, n) for out, n, _ in mod.iter_predict(batches)]
    assert shapes == [((50, 10), 0), ((50, 10), 1), ((20, 10), 2)]


def test_given_parameters_must_be_complete_unless_said_otherwise(batches):
    mod = mx.mod.Module(mlp())
    mod.bind(batches.provide_data, batches.provide_label)
    some = {"fc1_bias": mx.nd.ones(32)}
    with pytest.raises(ParamError, match=r"no value was given for parameter 'fc1_weight'"):
        mod.init_params(arg_params=some)
    mod.init_params(mx.init.Zero(), arg_params=some, allow_missing=True)
    assert {n: float(v.sum()) for n, v in values(mod).items()} == {
        "fc1_bias": 32, "fc1_weight": 0, "fc2_bias": 0, "fc2_weight": 0,
    }  # fmt: skip


def test_parameters_ask_for_their_own_initializer_and_rate():
    w = mx.sym.var("w_weight", init=mx.init.Constant(3), lr_mult=0)
    net = mx.sym.FullyConnected(mx.sym.var("data"), weight=w, num_hidden=1, name="fc")
    mod = mx.mod.Module(mx.sym.LinearRegressionOutput(net, name="lr"), label_names=["lr_label"])
    points = mx.io.NDArrayIter(np.ones((4, 2)), np.ones(4), batch_size=4, label_name="lr_label")
    mod.fit(points, num_epoch=2, eval_metric="mse")
    np.testing.assert_array_equal(values(mod)["w_weight"], [[3, 3]])
    assert values(mod)["fc_bias"] < 0


def test_running_means_are_saved_as_auxiliary_states(tmp_path):
    x = mx.sym.BatchNorm(mx.sym.var("data"), name="bn", fix_gamma=False)
    mod = mx.mod.Module(mx.sym.LinearRegressionOutput(x, name="lr"), label_names=["lr_label"])
    data = np.random.default_rng(0).normal(3, 1, (8, 2)).astype("float32")
    points = mx.io.NDArrayIter(data, data, batch_size=8, label_name="lr_label")
    mod.fit(points, num_epoch=3, eval_metric="mse")
    mod.save_params(tmp_path / "bn.params")
    assert set(mx.nd.load(tmp_path / "bn.params")) == {
        "arg:bn_gamma", "arg:bn_beta", "aux:bn_moving_mean", "aux:bn_moving_var",
    }  # fmt: skip
    before = values(mod)
    assert (before["bn_moving_mean"] > 0.5).all()
    mod.init_params(mx.init.One(), force_init=True)
    mod.load_params(tmp_path / "bn.params")
    assert_same(before, values(mod))


def test_states_are_set_and_read():
    net = mx.sym.var("data") + mx.sym.var("state")
    mod = mx.mod.Module(net, label_names=None, state_names=["state"])
    mod.bind(
        [
            ("data", (2, 2)),
        ],
        for_training=False,
    )
    mod.init_params()
    mod.set_states(value=5)
    assert mod.get_states()[0].asnumpy().tolist() == [[5, 5], [5, 5]]
    mod.set_states([mx.nd.ones((2, 2))])
    assert mod.predict(mx.nd.ones((2, 2))).asnumpy().tolist() == [[2, 2], [2, 2]]
    with pytest.raises(ParamError, match="either states or value"):
        mod.set_states()


def test_gradients_add_up_if_asked_to(arrays):
    data, label = (mx.nd.array(a[:50]) for a in arrays)
    grads = {}
    for req in ("write", "add"):
        mod = mx.mod.Module(mlp())
        mod.bind([("data", (50, 784))], [("softmax_label", (50,))], grad_req=req)
        mx.random.seed(2)
        mod.init_params(mx.init.Xavier())
        for _ in range(2):
            mod.forward_backward(mx.io.DataBatch([data], [label]))
        grads[req] = mod._exec_group.execs[0].grad_dict["fc2_weight"].asnumpy()
    np.testing.assert_allclose(grads["add"], 2 * grads["write"], rtol=1e-5, atol=1e-6)


def test_callbacks_hear_of_batches_and_epochs(batches):
    heard = []
    fit(
        mx.mod.Module(mlp()), batches, eval_data=batches,
        batch_end_callback=[lambda p: heard.append((p.epoch, p.nbatch)), lambda p: p[3]["self"]],
        epoch_end_callback=lambda epoch, symbol, args, aux: heard.append(sorted(args)[0]),
        eval_end_callback=lambda p: heard.append(p.nbatch),
    )  # fmt: skip
    assert heard == [*((0, n) for n in range(16)), "fc1_bias", 16]


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (lambda m: m.forward(None), InitError, r"mod.bind\(data_shapes"),
        (lambda m: m.get_params(), InitError, r"mod.init_params\(\)"),
        (lambda m: m.save_optimizer_states("x"), InitError, r"mod.init_optimizer\("),
        (lambda m: m.fit(None), ParamError, "num_epoch=10"),
        (lambda m: m.bind([("x", (2, 2))]), ParamError, r"data_names, \['data'\]"),
        (lambda m: mx.mod.Module(m.symbol, ["x"]), ParamError, r"holds 'x'.*\n.*'data'"),
        (lambda m: mx.mod.Module(m.symbol, work_load_list=[1, 2]), ParamError, "2 entries for 1"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(use, error, text):
    with pytest.raises(error, match=text):
        use(mx.mod.Module(mlp()))


def test_backward_in_a_module_for_prediction_is_refused():
    mod = mx.mod.Module(mlp())
    mod.bind([("data", (2, 784))], for_training=False)
    mod.init_params()
    mod.forward(mx.io.DataBatch([mx.nd.ones((2, 784))]))
    with pytest.raises(ParamError, match="for_training=True"):
        mod.backward()
    with pytest.raises(ParamError, match="inputs_need_grad=True"):
        mod.get_input_grads()
    with pytest.raises(GraphError):
        mod.symbol.bind(mx.cpu(), {})


def test_modules_are_found_where_mxnet_has_them():
    assert mx.mod is mx.module
    assert mx.mod.module.Module is mx.mod.Module
    assert mx.mod.base_module.BaseModule is mx.mod.BaseModule
    assert mx.mod.executor_group.DataParallelExecutorGroup
    assert mx.mon.Monitor is mx.monitor.Monitor
    assert mx.model.BatchEndParam(0, 1, None, None).nbatch == 1


def test_slopes_of_leaky_units_start_where_mxnet_starts_them():
    x = mx.sym.LeakyReLU(mx.sym.var("data"), act_type="prelu", name="prelu")
    mod = mx.mod.Module(x, label_names=None)
    mod.bind([("data", (2, 3))])
    mod.init_params()
    np.testing.assert_array_equal(values(mod)["prelu_gamma"], [0.25] * 3)


def test_whoever_watches_the_bus_hears_of_updates(batches):
    from dlstudio.trace.events import OpRan
    from dlstudio.trace.recorder import Recorder

    mod = fit(mx.mod.Module(mlp()), batches)
    batches.reset()
    with Recorder() as recorder:
        mod.forward_backward(next(batches))
        mod.update()
    ran = [event.op for event in recorder.of(OpRan)]
    assert "FullyConnected" in ran
    assert ran[-1] == "sgd_update"


def test_a_batch_may_be_any_object_with_data():
    mod = mx.mod.Module(mlp())
    mod.bind([("data", (2, 784))], for_training=False)
    mod.init_params()
    batch_of = collections.namedtuple("Batch", ["data"])
    for count in (2, 5):
        mod.forward(batch_of([mx.nd.ones((count, 784))]))
        assert mod.get_outputs()[0].shape == (count, 10)


@pytest.mark.parametrize("optimizer", ["nag", "nadam", "rmsprop", "ftrl"])
def test_every_kind_of_state_and_a_schedule_survive_a_restart(tmp_path, optimizer):
    line = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=1, name="fc")
    loss = mx.sym.LinearRegressionOutput(line, name="lr")
    data = np.random.default_rng(0).random((32, 3)).astype("float32")

    def train(begin, end, mod):
        points = mx.io.NDArrayIter(data, data.sum(axis=1), 8, label_name="lr_label")
        schedule = mx.lr_scheduler.FactorScheduler(3, 0.8)
        mx.random.seed(0)
        mod.fit(
            points, begin_epoch=begin, num_epoch=end, eval_metric="mse", optimizer=optimizer,
            optimizer_params={"learning_rate": 0.1, "lr_scheduler": schedule},
        )  # fmt: skip
        return mod

    prefix, labels = str(tmp_path / "net"), ["lr_label"]
    whole = train(0, 4, mx.mod.Module(loss, label_names=labels))
    train(0, 2, mx.mod.Module(loss, label_names=labels)).save_checkpoint(prefix, 2, True)
    rest = train(2, 4, mx.mod.Module.load(prefix, 2, True, label_names=labels))
    assert_same(values(whole), values(rest))
    assert rest._optimizer.learning_rate == whole._optimizer.learning_rate


def test_what_mxnets_tutorials_reach_for_is_there():
    mod = mx.mod.Module(mlp(), fixed_param_names=["fc1_weight"])
    assert mod._label_shapes is None
    assert mod._arg_params is None
    mod.bind([("data", (2, 784))], [("softmax_label", (2,))], inputs_need_grad=True)
    mod.init_params()
    group = mod._exec_group
    assert mod._label_shapes == mod.label_shapes
    assert mod._data_shapes == mod.data_shapes
    assert sorted(mod._arg_params) == sorted(group.param_names)
    assert mod._aux_params == {}
    assert group.param_arrays[0][0] is group.execs[0].arg_dict["fc1_weight"]
    assert group.grad_arrays[0] == [None]
    assert group.grad_arrays[1][0] is group.execs[0].grad_dict["fc1_bias"]
    assert group.input_grad_arrays[0][0].shape == (2, 784)
    assert group.data_arrays == [[(slice(0, 2), group.execs[0].arg_dict["data"])]]
    assert group.label_arrays[0][0][0] == slice(0, 2)
    assert group.aux_arrays == group.state_arrays == []


def test_parameters_may_be_handed_over_before_binding():
    source = mx.mod.Module(mlp())
    source.bind([("data", (2, 784))], for_training=False)
    source.init_params(mx.init.Uniform(1))
    mod = mx.mod.Module(mlp())
    mod._arg_params, mod._aux_params = source.get_params()
    mod.params_initialized = True
    mod.bind([("data", (2, 784))], for_training=False)
    assert_same(values(source), values(mod))


def test_labels_need_not_have_the_batch_size_of_the_data():
    steps = mx.sym.Reshape(mx.sym.var("data"), shape=(-1, 3))
    net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(steps, num_hidden=2), name="softmax")
    mod = mx.mod.Module(net)
    mod.bind([("data", (4, 5, 3))], [("softmax_label", (20,))])
    assert mod.output_shapes == [("softmax_output", (20, 2))]


WRONG = {
    "a network by its name": (lambda mod: mx.mod.Module("net"), "given a str"),
    "arrays to fit": (lambda mod: mod.fit(np.ones((4, 784)), num_epoch=1), "NDArrayIter"),
    "no data to score": (lambda mod: mod.score(3, "acc"), "score was given a int"),
    "a shape without its name": (
        lambda mod: mx.mod.Module(mlp()).bind((4, 784)), "a name and a shape for each",
    ),
    "an array instead of a batch": (lambda mod: mod.forward(mx.nd.ones((4, 784))), "DataBatch"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "told"), WRONG.values(), ids=WRONG)
def test_wrong_use_teaches(call, told):
    mod = mx.mod.Module(mlp())
    mod.bind([("data", (4, 784))], [("softmax_label", (4,))])
    mod.init_params()
    with pytest.raises((ArgumentError, ParamError), match=told):
        call(mod)


def test_an_initializer_may_be_named():
    mod = mx.mod.Module(mlp())
    mod.bind([("data", (4, 784))], [("softmax_label", (4,))])
    mod.init_params("ones")
    assert mod.get_params()[0]["fc1_weight"].asnumpy().min() == 1
    with pytest.raises(ParamError, match="there is no initializer"):
        mod.init_params("oness", force_init=True)
