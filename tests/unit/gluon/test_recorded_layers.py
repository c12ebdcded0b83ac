"""Every layer and loss against what the real MXNet 1.9.1 computed, eagerly and compiled."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import MXNetError
from dlstudio.gluon import contrib, loss, nn, rnn
from dlstudio.graph.scopes import NameManager
from tests.reference.blocks import DESCRIBED, heads_for
from tests.reference.runner import pack

NAMES = {
    "autograd": autograd, "contrib": contrib, "gluon": gluon, "loss": loss, "mx": mx, "nd": nd,
    "nn": nn, "np": np, "rnn": rnn,
}  # fmt: skip

# where the record is not to be followed, and why; each must differ, or it leaves this table
DIFFERENT = {
    "nn.Conv2D(4, 3, layout='NHWC')": ("error", "MXNet's CPU build lacks NHWC convolution"),
    "nn.Conv2DTranspose(4, 3, strides=2, padding=1, output_padding=1, groups=2, use_bias=False)": (
        "error",
        "MXNet wants the input channels of a grouped transposed convolution beforehand",
    ),
    "nn.BatchNorm(in_channels=5)": (
        "values gradients",
        "MXNet reads 3 of 5 parameters without noticing; we refuse",
    ),
    "nn.SELU()": ("gradients", "MXNet's gradient takes the scaled output for the unscaled one"),
    "rnn.LSTM(2, use_sequence_length=True)": (
        "values gradients",
        "MXNet's CPU operator ignores the lengths",
    ),
    "loss.TripletLoss(margin=.1)": ("error", "MXNet's TripletLoss takes no sample_weight"),
}


def runnable(case):
    return not case.name.startswith("unroll")  # they are run by tests/reference


def mark(case, aspect):
    marks = ()
    aspects, reason = DIFFERENT.get(case.name, ("", ""))
    if aspect in aspects.split():
        refused = (AssertionError, MXNetError, pytest.fail.Exception)
        marks = pytest.mark.xfail(strict=True, raises=refused, reason=reason)
    return pytest.param(case, id=case.name, marks=marks)


CASES = [c for c in pack.cases("layers/cases") if runnable(c)]


def make(case):
    with NameManager():
        return DESCRIBED[case.name]() if case.name in DESCRIBED else eval(case.code, dict(NAMES))


def arrays(value):
    if isinstance(value, np.ndarray):
        return nd.array(value, dtype=value.dtype)
    return [arrays(v) for v in value] if isinstance(value, (list, tuple)) else value


def flat(value):
    return [x for v in value for x in flat(v)] if isinstance(value, (list, tuple)) else [value]


def assert_close(got, want, what):
    assert got.shape == want.shape, what
    assert np.dtype(got.dtype) == want.dtype, what
    scale = max(1.0, float(np.abs(want).max(initial=0)))
    np.testing.assert_allclose(got.asnumpy(), want, rtol=1e-4, atol=1e-5 * scale, err_msg=what)


def set_values(block, case):
    params = block.collect_params()
    for name, value in case.param_values.items():
        params[name].set_data(nd.array(value, dtype=value.dtype))


@pytest.mark.parametrize("case", [mark(c, "facts") for c in CASES if not c.error])
def test_layer_declares_what_mxnet_declares(case):
    block = make(case)
    assert block.name == case.block_name
    assert block.prefix == case.prefix
    if case.raw.get("repr_before"):
        assert repr(block) == case.repr_before
    params = block.collect_params()
    assert list(params.keys()) == case.params_order
    for name, facts in case.params_declared.items():
        parameter = params[name]
        assert list(parameter.shape) == facts["shape"], name
        assert np.dtype(parameter.dtype) == np.dtype(facts["dtype"]), name
        assert parameter.grad_req == facts["grad_req"], name
        assert (parameter.lr_mult, parameter.wd_mult) == (facts["lr_mult"], facts["wd_mult"])


@pytest.mark.parametrize("case", [mark(c, "values") for c in CASES if not c.error])
def test_layer_computes_what_mxnet_computes(case):
    block = make(case)
    block.initialize()
    inputs = [arrays(x) for x in case.inputs]
    block(*inputs)
    set_values(block, case)
    for got, want in zip(flat(block(*inputs)), flat(case.outputs), strict=True):
        assert_close(got, want, "output")
    if case.raw.get("repr"):
        assert repr(block) == case.repr


def trained(case):
    return (
        not case.error
        and case.raw.get("param_grads") is not None
        and "Dropout(.5" not in case.name
        and "dropout=.5" not in case.name
    )


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("case", [mark(c, "gradients") for c in CASES if trained(c)])
def test_layer_has_the_gradients_of_mxnet(case, compiled):
    if case.name == "loss.SDMLLoss()" and compiled:
        pytest.skip("it counts the rows of its input, so it is never compiled")
    block = make(case)
    block.initialize()
    inputs = [arrays(x) for x in case.inputs]
    again = flat(block(*inputs))
    set_values(block, case)
    if compiled and isinstance(block, gluon.HybridBlock):
        block.hybridize()
    leaves = flat(inputs)
    for x in leaves:
        x.attach_grad()
    with autograd.record():
        outputs = flat(block(*inputs))
    autograd.backward(outputs, heads_for(again, [arrays(h) for h in flat(case.heads)]))
    for got, want in zip(outputs, flat(case.train_outputs or []), strict=False):
        assert_close(got, want, "training output")
    for index, want in (case.grads or {}).items():
        if "CTCLoss" in case.code and index != "0":
            continue  # MXNet leaves the gradient of labels uninitialised
        assert_close(leaves[int(index)].grad, want, f"gradient of input {index}")
    params = block.collect_params()
    for name, want in case.param_grads.items():
        assert_close(params[name].grad(), want, f"gradient of {name}")
    for name, want in case.raw.get("aux_after_train", {}).items():
        assert_close(params[name].data(), want, f"{name} after training")


@pytest.mark.parametrize("case", [mark(c, "error") for c in CASES if c.error])
def test_layer_refuses_what_mxnet_refuses(case):
    def run():
        block = make(case)
        block.initialize()
        block(*[arrays(x) for x in case.inputs])

    with pytest.raises(MXNetError):
        run()
