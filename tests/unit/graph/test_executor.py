import gc
import inspect
import threading
import weakref

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, sym
from dlstudio.core.registry import OPS, NotDifferentiable, op
from dlstudio.errors import ArgumentError, GradError, GraphError, ParamError, ShapeError
from dlstudio.graph.symbol import create
from dlstudio.trace import bus, copies
from dlstudio.trace.events import Copied
from tests.unit.graph.nets import fill, lenet, mlp


def bound(net=None, **shapes):
    executor = (net or mlp()).simple_bind(mx.cpu(), **(shapes or {"data": (8, 5)}))
    fill(executor)
    return executor


def eager_mlp(a):
    """The same network on the tape; gradients land in `a`."""
    names = [n for n in a if n != "softmax_label"]
    for n in names:
        a[n].attach_grad()
    with autograd.record():
        h = mx.nd.FullyConnected(a["data"], a["fc1_weight"], a["fc1_bias"], num_hidden=16)
        h = mx.nd.Activation(h, act_type="tanh")
        h = mx.nd.FullyConnected(h, a["fc2_weight"], a["fc2_bias"], num_hidden=4)
        out = mx.nd.SoftmaxOutput(h, a["softmax_label"])
    out.backward()
    return out, {n: a[n].grad.asnumpy() for n in names}


def test_forward_and_backward_equal_the_tape():
    executor = bound()
    values = {n: x.copy() for n, x in executor.arg_dict.items()}
    out = executor.forward(is_train=True)[0]
    executor.backward()
    expected, gradients = eager_mlp(values)
    np.testing.assert_allclose(out.asnumpy(), expected.asnumpy(), rtol=1e-6)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(
            executor.grad_dict[name].asnumpy(), gradient, rtol=1e-4, atol=1e-6
        )


def test_bind_uses_the_given_arrays_without_a_copy():
    x, dx = mx.nd.array([3.0]), mx.nd.zeros(1)
    executor = sym.square(sym.var("x")).bind(mx.cpu(), [x], [dx])
    with copies.ledger() as moved:
        executor.forward(is_train=True)
        executor.backward()
    assert len(moved) == 0
    assert executor.arg_dict["x"] is x
    assert dx.asscalar() == 6.0
    x[:] = 4
    assert executor.forward()[0].asscalar() == 16.0


def test_gradients_are_written_added_or_left_alone():
    net = sym.exp(sym.var("w")) + sym.exp(sym.var("a")) + sym.exp(sym.var("n"))
    args = {n: mx.nd.zeros(1) for n in "wan"}
    grads = {n: mx.nd.array([10.0]) for n in "wan"}
    executor = net.bind(mx.cpu(), args, grads, {"w": "write", "a": "add", "n": "null"})
    for _ in range(2):
        executor.forward(is_train=True)
        executor.backward()
    assert [grads[n].asscalar() for n in "wan"] == [1.0, 12.0, 10.0]


def test_head_gradients_weigh_the_outputs():
    x = sym.var("x")
    executor = sym.Group([sym.exp(x), x * 2]).bind(mx.cpu(), [mx.nd.zeros(2)], [mx.nd.zeros(2)])
    executor.forward(is_train=True)
    executor.backward([mx.nd.array([1, 0]), mx.nd.array([0, 10])])
    assert executor.grad_arrays[0].asnumpy().tolist() == [1, 20]


def test_wrong_head_gradients_are_refused():
    executor = bound()
    executor.forward(is_train=True)
    with pytest.raises(ShapeError, match="head gradient"):
        executor.backward(mx.nd.ones((8, 5)))
    with pytest.raises(GradError, match="2 head gradients for 1 outputs"):
        executor.backward([mx.nd.ones((8, 4))] * 2)


def test_backward_before_forward_is_refused():
    with pytest.raises(GradError, match="forward\\(is_train=True\\)"):
        bound().backward()


def test_backward_after_a_forward_without_training_is_refused():
    executor = bound()
    executor.forward(is_train=True)
    executor.forward(is_train=False)
    with pytest.raises(GradError):
        executor.backward()


def test_forward_takes_new_values_by_name():
    executor = bound()
    x = mx.nd.ones((8, 5))
    executor.forward(data=x)
    assert (executor.arg_dict["data"].asnumpy() == 1).all()
    with pytest.raises(ArgumentError, match="no argument 'dada'"):
        executor.forward(dada=x)
    with pytest.raises(ShapeError, match="bound with shape \\(8, 5\\), and given \\(9, 5\\)"):
        executor.forward(data=mx.nd.ones((9, 5)))


def test_outputs_stay_the_same_arrays():
    executor = bound()
    before = executor.outputs[0]
    after = executor.forward()[0]
    assert before is after
    assert executor.output_dict["softmax_output"] is after


def test_dropout_acts_in_training_only():
    executor = sym.Dropout(sym.var("x"), p=0.5).bind(mx.cpu(), [mx.nd.ones(1000)])
    assert (executor.forward()[0].asnumpy() == 1).all()
    trained = executor.forward(is_train=True)[0].asnumpy()
    assert 300 < (trained == 0).sum() < 700


def test_moving_averages_change_in_backward():
    executor = sym.BatchNorm(sym.var("x"), name="bn").simple_bind(mx.cpu(), x=(4, 3))
    executor.arg_dict["x"][:] = np.arange(12).reshape(4, 3)
    executor.arg_dict["bn_gamma"][:] = 1
    mean = executor.aux_dict["bn_moving_mean"]
    executor.forward(is_train=True)
    assert (mean.asnumpy() == 0).all()
    executor.backward()
    np.testing.assert_allclose(mean.asnumpy(), 0.1 * np.array([4.5, 5.5, 6.5]), rtol=1e-5)


def test_missing_arrays_are_named():
    with pytest.raises(GraphError, match="no array was given for argument 'fc1_weight'"):
        mlp().bind(mx.cpu(), {"data": mx.nd.ones((8, 5))})


def test_wrong_lists_and_requests_are_refused():
    x = sym.var("x")
    with pytest.raises(GraphError, match="2 arrays were given for 1 arguments"):
        sym.exp(x).bind(mx.cpu(), [mx.nd.ones(1)] * 2)
    with pytest.raises(ParamError, match="grad_req of 'x'"):
        sym.exp(x).bind(mx.cpu(), [mx.nd.ones(1)], grad_req="sometimes")
    with pytest.raises(ShapeError, match="its gradient array \\(3,\\)"):
        sym.exp(x).bind(mx.cpu(), [mx.nd.ones(2)], [mx.nd.ones(3)])


def test_arrays_that_do_not_fit_are_refused_at_bind():
    args = {"data": mx.nd.ones((8, 5)), "fc_weight": mx.nd.ones((3, 6)), "fc_bias": mx.nd.ones(3)}
    with pytest.raises(ShapeError, match="fc"):
        sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc").bind(mx.cpu(), args)


def test_unknown_shapes_are_named_by_simple_bind():
    with pytest.raises(ShapeError, match="cannot be inferred: data"):
        mlp().simple_bind(mx.cpu())
    with pytest.raises(ArgumentError, match="no argument 'dada'"):
        mlp().simple_bind(mx.cpu(), dada=(8, 5))


def test_type_dict_sets_dtypes():
    executor = mlp().simple_bind(mx.cpu(), type_dict={"data": "float64"}, data=(8, 5))
    assert executor.arg_dict["fc1_weight"].dtype == np.float64
    assert executor.outputs[0].dtype == np.float64


def test_copy_params_from():
    executor = bound()
    weight = mx.nd.ones((16, 5))
    executor.copy_params_from({"fc1_weight": weight})
    assert (executor.arg_dict["fc1_weight"].asnumpy() == 1).all()
    with pytest.raises(ArgumentError, match="no argument 'other'"):
        executor.copy_params_from({"other": weight})
    executor.copy_params_from({"other": weight}, allow_extra_params=True)


def test_reshape_shares_parameters():
    executor = bound()
    larger = executor.reshape(allow_up_sizing=True, data=(20, 5), softmax_label=(20,))
    assert larger.forward()[0].shape == (20, 4)
    assert larger.arg_dict["fc1_weight"] is executor.arg_dict["fc1_weight"]
    with pytest.raises(ShapeError, match="allow_up_sizing=True"):
        executor.reshape(data=(20, 5), softmax_label=(20,))
    with pytest.raises(ShapeError, match="partial_shaping=True"):
        executor.reshape(data=(8, 4))


def test_shared_executor_and_buffer_give_their_arrays():
    first = bound()
    second = mlp().simple_bind(mx.cpu(), shared_exec=first, data=(8, 5))
    assert second.arg_dict["fc1_weight"] is first.arg_dict["fc1_weight"]
    buffer = {}
    third = mlp().simple_bind(mx.cpu(), shared_buffer=buffer, data=(8, 5))
    assert buffer["data"] is third.arg_dict["data"]


def test_monitor_sees_every_output():
    executor = bound()
    seen = {}
    executor.set_monitor_callback(lambda name, array: seen.__setitem__(name, array.asnumpy()))
    out = executor.forward(is_train=True)[0].asnumpy()
    executor.backward()
    assert list(seen) == ["fc1_output", "act1_output", "fc2_output", "softmax_output"]
    np.testing.assert_array_equal(seen["softmax_output"], out)
    np.testing.assert_allclose(seen["act1_output"], np.tanh(seen["fc1_output"]), rtol=1e-5)
    executor.set_monitor_callback(None)
    seen.clear()
    executor.forward()
    assert not seen


def test_the_text_shown_is_the_text_run():
    executor = bound()
    source = executor.source
    assert "def forward(data, fc1_weight, fc1_bias," in source
    assert "nets.py:" in source, "the user's lines stand in the comments"
    assert executor.plan().source is source
    executor.forward(is_train=True)
    running = executor._runs[True, False].frame.forward
    # what Python itself takes for the function's text is a part of the text shown
    assert inspect.getsource(running).strip() in source


def test_debug_str_tells_the_memory():
    assert bound().debug_str().endswith("Total 0 MB allocated\n")


def test_training_and_inference_have_their_own_plans():
    executor = bound()
    assert executor.plan(train=True).graph.training
    assert "backward" not in executor.plan(train=False).source


# ---- two devices -----------------------------------------------------------------------------
def split_mlp():
    with mx.AttrScope(ctx_group="first"):
        h = sym.FullyConnected(sym.var("data"), num_hidden=16, name="fc1")
        h = sym.Activation(h, act_type="tanh", name="act1")
    with mx.AttrScope(ctx_group="second"):
        h = sym.FullyConnected(h, num_hidden=4, name="fc2")
        return sym.SoftmaxOutput(h, name="softmax")


GROUPS = {"first": mx.cpu(0), "second": mx.cpu(1)}


def test_two_devices_compute_what_one_does():
    one = bound()
    two = split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5))
    fill(two)
    for executor in (one, two):
        executor.forward(is_train=True)
        executor.backward()
    np.testing.assert_array_equal(one.outputs[0].asnumpy(), two.outputs[0].asnumpy())
    for name, gradient in one.grad_dict.items():
        np.testing.assert_array_equal(gradient.asnumpy(), two.grad_dict[name].asnumpy())


def test_arrays_and_arenas_lie_on_their_devices():
    two = split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5))
    assert str(two.arg_dict["fc1_weight"].context) == "cpu(0)"
    assert (
        str(two.arg_dict["fc2_weight"].context)
        == str(two.grad_dict["fc2_weight"].context)
        == "cpu(1)"
    )
    assert str(two.outputs[0].context) == "cpu(1)"
    assert set(two.memory.arenas) == {"cpu(0)", "cpu(1)"}
    assert "def forward_cpu_0(" in two.source
    assert "def forward_cpu_1(" in two.source


def test_crossings_are_in_the_ledger_and_on_the_bus():
    two = split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5))
    two.forward(is_train=True)
    seen = []
    end = bus.subscribe(seen.append)
    with copies.ledger() as moved:
        two.forward(is_train=True)
        two.backward()
    end()
    assert [(e.source, e.target, e.nbytes) for e in moved.entries] == [
        ("cpu(0)", "cpu(1)", 8 * 16 * 4), ("cpu(1)", "cpu(0)", 8 * 16 * 4),
    ]  # fmt: skip
    assert [e for e in seen if isinstance(e, Copied)] == moved.entries
    assert moved.by_reason() == {"placement": 2 * 8 * 16 * 4}


def test_an_error_on_one_device_reaches_the_caller_and_the_next_run_works():
    two = split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5))
    fill(two)
    good = two.forward(is_train=True)[0].asnumpy()
    frame = two._runs[True, False].frame
    forward = frame.forward

    def broken(*arrays):
        raise FloatingPointError("worker")

    frame.forward = frame.signals.together(
        [(mx.cpu(0), broken), (mx.cpu(1), lambda *arrays: frame.signals.wait(0))]
    )
    with pytest.raises(FloatingPointError, match="worker"):
        two.forward(is_train=True)
    frame.forward = forward
    np.testing.assert_array_equal(two.forward(is_train=True)[0].asnumpy(), good)


def test_many_steps_on_two_devices_stay_equal():
    one, two = bound(), split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5))
    fill(two)
    for _ in range(50):
        for executor in (one, two):
            executor.forward(is_train=True)
            executor.backward()
            for name, gradient in executor.grad_dict.items():
                if name not in ("data", "softmax_label"):
                    executor.arg_dict[name][:] = executor.arg_dict[name] - 0.1 * gradient
    np.testing.assert_array_equal(one.outputs[0].asnumpy(), two.outputs[0].asnumpy())


def test_lenet_trains():
    executor = sym.SoftmaxOutput(lenet(), name="softmax").simple_bind(mx.cpu(), data=(8, 1, 28, 28))
    fill(executor, classes=10)
    for name, array in executor.arg_dict.items():
        if "weight" in name or "bias" in name:
            array[:] = array * 0.1
    labels = executor.arg_dict["softmax_label"].asnumpy().astype(int)

    def loss():
        probabilities = executor.forward(is_train=True)[0].asnumpy()
        return -np.log(probabilities[np.arange(8), labels]).mean()

    before = loss()
    for _ in range(40):
        executor.forward(is_train=True)
        executor.backward()
        for name, gradient in executor.grad_dict.items():
            if name not in ("data", "softmax_label"):
                executor.arg_dict[name][:] = executor.arg_dict[name] - 0.05 * gradient
    assert loss() < 0.5 * before


def test_several_threads_may_run_on_the_same_devices():
    executors = [split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5)) for _ in range(4)]
    for executor in executors:
        fill(executor)
    failures = []

    def train(executor):
        try:
            for _ in range(40):
                executor.forward(is_train=True)
                executor.backward()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=train, args=(e,), daemon=True) for e in executors]
    for t in threads:
        t.start()
    for t in threads:
        t.join(timeout=30)
    assert not failures
    assert not any(t.is_alive() for t in threads), "the runs wait for each other"
    expected = executors[0].outputs[0].asnumpy()
    assert all((e.outputs[0].asnumpy() == expected).all() for e in executors)


@pytest.fixture
def meeting():
    """An operator that returns only when two of it run at the same time."""
    barrier = threading.Barrier(2)

    def meet(xp, x):
        """Wait for the other one."""
        barrier.wait(timeout=20)
        return x + 0

    record = op("test_meeting", infer=lambda x: x, grad=NotDifferentiable("it only waits"))(meet)
    yield lambda x, name: create(record, [x], {}, name=name)
    del OPS["test_meeting"]


def test_branches_on_different_devices_run_at_the_same_time(meeting):
    x = sym.var("x")
    with mx.AttrScope(ctx_group="first"):
        a = meeting(x, "a")
    with mx.AttrScope(ctx_group="second"):
        b = meeting(sym.exp(x), "b")
    executor = sym.Group([a, b]).bind(mx.cpu(), [mx.nd.zeros(2)], group2ctx=GROUPS)
    outs = executor.forward()
    assert [o.asnumpy().tolist() for o in outs] == [[0, 0], [1, 1]]


def test_monitor_sees_every_visible_output():
    h = sym.reshape(sym.BatchNorm(sym.var("x"), name="bn"), shape=(4, 2), name="r")
    net = sym.Group(list(sym.split(h, num_outputs=2, name="s")))
    executor = net.simple_bind(mx.cpu(), x=(2, 4))
    seen = []
    executor.set_monitor_callback(lambda name, array: seen.append((name, array.shape)))
    executor.forward(is_train=True)
    assert seen == [
        ("bn_output", (2, 4)), ("r_output", (4, 2)), ("s_output0", (4, 1)), ("s_output1", (4, 1)),
    ]  # fmt: skip


def test_a_dropped_executor_frees_its_memory_at_once():
    executor = bound()
    executor.forward(is_train=True)
    executor.backward()
    arena = weakref.ref(executor._runs[True, False].frame.arenas["cpu(0)"])
    gc.disable()
    try:
        del executor
        assert arena() is None
    finally:
        gc.enable()


def test_a_list_of_gradient_requests_has_one_for_each_argument():
    net = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2, name="fc")
    with pytest.raises(mx.errors.ParamError, match="1 entries for 3 arguments"):
        net.simple_bind(mx.cpu(), grad_req=["write"], x=(2, 3))


def test_a_shape_of_an_argument_that_the_symbol_has_lost_is_mentioned():
    net = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2, name="fc")
    with pytest.warns(UserWarning, match="no argument 'softmax_label'"):
        executor = net.simple_bind(mx.cpu(), x=(2, 3), softmax_label=(2,))
    assert executor.arg_dict["fc_weight"].shape == (2, 3)


def test_head_gradients_may_be_arrays_of_numpy():
    x = mx.sym.var("x")
    executor = (x * x)._simple_bind(mx.cpu(), x=(2,))
    executor.forward(is_train=True, x=mx.nd.array([1, 2]))
    executor.backward(np.array([1, 10]))
    assert executor.grad_dict["x"].asnumpy().tolist() == [2, 40]


@pytest.mark.parametrize("given", [1.0, [None], "ones"])
def test_head_gradients_are_arrays(given):
    executor = mx.sym.exp(mx.sym.var("x")).simple_bind(mx.cpu(), x=(2,))
    executor.forward(is_train=True)
    with pytest.raises(GradError, match="as head gradient 0"):
        executor.backward(given)


def test_groups_are_given_by_name():
    with pytest.raises(ParamError, match="the device of each ctx_group"):
        mx.sym.exp(mx.sym.var("x")).simple_bind(mx.cpu(), x=(2,), group2ctx=[mx.cpu(1)])
