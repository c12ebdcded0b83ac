"""The two networks whose forward and backward pass MXNet 1.9.1 recorded."""

import json
from pathlib import Path

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, sym
from dlstudio.graph.capture import CachedOp
from dlstudio.graph.on_tape import run_on_arrays

PACK = Path(__file__).parents[2] / "reference" / "pack"


def _array(flat, spec):
    dtype, offset, shape = spec["$a"]
    return flat[dtype][offset : offset + int(np.prod(shape))].reshape(shape)


@pytest.fixture(params=["mlp", "lenet"])
def run(request):
    """The symbol, its arguments, and what was recorded."""
    folder = PACK / "symbols" / "open"
    if not folder.exists():
        pytest.skip("the pack of recorded values is not part of this distribution")
    facts = json.loads((folder / f"{request.param}.json").read_text(encoding="utf-8"))["run"]
    flat = np.load(folder / f"{request.param}.npz")
    net = sym.load(folder / f"{request.param}-symbol.json")
    inputs = {name: _array(flat, spec) for name, spec in facts["inputs"].items()}
    shapes = net.infer_shape(**{n: a.shape for n, a in inputs.items()})[0]
    values = {}
    for name, shape in zip(net.list_arguments(), shapes, strict=True):
        k = np.arange(int(np.prod(shape)))
        recipe = ((((k * 37 + 11) % 101) - 50) / 512).reshape(shape)
        values[name] = mx.nd.array(inputs.get(name, recipe))
    return net, values, facts, flat


def _executor(net, values):
    grads = {n: mx.nd.zeros(a.shape) for n, a in values.items() if n != "softmax_label"}
    executor = net.bind(mx.cpu(), values, grads)
    out = executor.forward(is_train=True)[0]
    executor.backward()
    return out, grads


def _tape(function):
    def step(net, values):
        for name, array in values.items():
            if name != "softmax_label":
                array.attach_grad()
        with autograd.record():
            out = function(net, values)
        out.backward()
        return out, {n: a.grad for n, a in values.items() if a.grad is not None}

    return step


def _compiled(net, values):
    op = CachedOp(net)
    return op(*[values[n] for n in op.names])


WAYS = {
    "executor": _executor,
    "eager": _tape(lambda net, values: run_on_arrays(net, values)[0]),
    "compiled": _tape(_compiled),
}


@pytest.mark.parametrize("way", WAYS)
def test_output_and_gradients_are_those_recorded(run, way):
    net, values, facts, flat = run
    out, grads = WAYS[way](net, values)
    np.testing.assert_allclose(out.asnumpy(), _array(flat, facts["output"]), rtol=1e-4, atol=1e-5)
    for name, (total, absolute) in facts["grad_sums"].items():
        gradient = grads[name].asnumpy().astype("float64")
        assert np.abs(gradient).sum() == pytest.approx(absolute, rel=1e-4), name
        assert gradient.sum() == pytest.approx(total, abs=1e-4 * absolute), name
    if "data_grad" in facts:
        recorded = _array(flat, facts["data_grad"])
        np.testing.assert_allclose(grads["data"].asnumpy(), recorded, rtol=1e-3, atol=1e-5)
