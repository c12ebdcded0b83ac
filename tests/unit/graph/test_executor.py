import gc
import inspect
import weakref

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, sym
from dlstudio.errors import ArgumentError, GradError, GraphError, ParamError, ShapeError
from dlstudio.trace import copies
from tests.unit.graph.nets import bound, fill, lenet, mlp


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
