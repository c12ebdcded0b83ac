"""For every recorded network the plan computes what eager operators compute, gradients included.

Networks with batch normalization run in double precision: in single precision their gradients
differ by per cents from the true ones however they are computed, since rounding moves values
across the kinks of relu and a small batch has small variances.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, sym
from dlstudio.graph import program
from dlstudio.graph.on_tape import run_on_arrays

PACK = Path(__file__).parents[2] / "reference" / "pack" / "symbols" / "open"
# size of the image, and dtype
NETS = {
    "mlp": (28, "float32"),
    "lenet": (28, "float32"),
    "vgg11": (32, "float32"),
    "squeezenet1.0": (224, "float32"),  # its last pooling is 13 wide
    "resnet18_v1": (32, "float64"),
    "mobilenet1.0": (32, "float64"),
}


@pytest.fixture
def poisoned(monkeypatch):
    """Arenas are full of NaN before every run: what reads too early shows."""
    monkeypatch.setattr(program, "poison", True)


def loaded(name, batch):
    """The symbol, in which variables have no dtype yet, and values for all of them."""
    if not PACK.exists():
        pytest.skip("the pack of recorded values is not part of this distribution")
    size, dtype = NETS[name]
    text = (PACK / f"{name}-symbol.json").read_text(encoding="utf-8")
    net = sym.load_json(text.replace('"__dtype__": "0"', '"__dtype__": "-1"'))
    facts = json.loads((PACK / f"{name}.json").read_text(encoding="utf-8"))
    shapes = {
        n: (batch, s[1], size, size) if len(s) == 4 else (batch,)
        for n, s in facts["data_shapes"].items()
    }
    rng = np.random.default_rng(0)
    arguments, outputs, states = net.infer_shape(**shapes)
    values = {
        n: mx.nd.array(value_of(n, s, rng), dtype=dtype)
        for n, s in zip(net.list_arguments(), arguments, strict=True)
    }
    aux = {
        n: mx.nd.array(np.ones(s) if n.endswith("var") else np.zeros(s), dtype=dtype)
        for n, s in zip(net.list_auxiliary_states(), states, strict=True)
    }
    heads = [mx.nd.array(rng.standard_normal(s), dtype=dtype) for s in outputs]
    return net, values, aux, heads


def value_of(name, shape, rng):
    if name.endswith("label"):
        return rng.integers(0, 10, shape)
    if name.endswith("weight"):
        return rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
    if name.endswith("gamma"):
        return rng.uniform(0.5, 1.5, shape)
    return rng.standard_normal(shape) * 0.1


def planned(net, values, aux, heads):
    grads = {n: mx.nd.zeros(v.shape, dtype=v.dtype) for n, v in values.items() if trained(n)}
    executor = net.bind(mx.cpu(), values, grads, aux_states=aux)
    for _ in range(2):  # the second run finds memory that the first one used
        mx.random.seed(0)
        outputs = [out.asnumpy() for out in executor.forward(is_train=True)]
    executor.backward(heads)
    return outputs, {n: g.asnumpy() for n, g in grads.items()}


def eager(net, values, aux, heads):
    for name, value in values.items():
        if trained(name):
            value.attach_grad()
    mx.random.seed(0)
    with autograd.record():
        outputs = run_on_arrays(net, {**values, **aux})
    autograd.backward(outputs, heads)
    return [o.asnumpy() for o in outputs], {
        n: v.grad.asnumpy() for n, v in values.items() if trained(n)
    }


def trained(name):
    return not name.endswith("label")


def close(found, expected, name):
    """Equal to 1e-5 of the largest element."""
    scale = max(np.abs(expected).max(), 1e-3)
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize("name", NETS)
def test_plan_equals_eager(name):
    batch = 1 if name == "squeezenet1.0" else 2
    net, values, aux, heads = loaded(name, batch)
    again = {n: v.copy() for n, v in aux.items()}
    outputs, grads = planned(net, values, aux, heads)
    expected, slopes = eager(net, values, again, heads)
    for found, wanted in zip(outputs, expected, strict=True):
        close(found, wanted, "output")
    for argument, slope in slopes.items():
        close(grads[argument], slope, argument)
    for state, value in aux.items():  # both ran one backward pass
        close(value.asnumpy(), again[state].asnumpy(), state)


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize("name", NETS)
def test_plan_equals_eager_when_predicting(name):
    net, values, aux, _ = loaded(name, 1)
    expected = run_on_arrays(net, {**values, **aux})
    executor = net.bind(mx.cpu(), values, aux_states=aux)
    for found, wanted in zip(executor.forward(), expected, strict=True):
        close(found.asnumpy(), wanted.asnumpy(), "output")
