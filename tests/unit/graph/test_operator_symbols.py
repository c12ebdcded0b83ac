"""Every operator of the table as a symbol: shapes, dtypes and files, from its own samples."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.core.avals import Aval
from dlstudio.core.registry import OPS
from dlstudio.graph.json import loads
from dlstudio.graph.symbol import create, var
from dlstudio.testing.samples import SampleMaker

mx.sym  # noqa: B018  loads the table
MOST = 4  # samples of one operator
# dtypes alone are asked with shapes that stand in, and none that we try fits these
NO_STAND_IN = {"quantized_fully_connected", "quantized_conv"}
NAMES = [
    name
    for name, op in OPS.items()
    # what the compiler makes has no name outside of graphs
    if op.samples is not None and (op.names.nd or op.names.np or op.names.npx or op.names.json)
]


def cases(op):
    """A symbol for each sample, with the avals of its inputs and visible outputs."""
    for sample in op.samples(SampleMaker())[:MOST]:
        arrays = [np.asarray(a) for a in sample.inputs if a is not None]
        if len(arrays) < len(sample.inputs):
            continue
        names = [f"v{i}" for i in range(len(arrays))]
        if op.n_visible(op.parse(sample.attrs)) == 0:
            continue
        net = create(op, [var(n) for n in names], dict(sample.attrs), name="node")
        avals = [Aval(a.shape, a.dtype) for a in arrays]
        result = op.infer(*avals, **op.parse(sample.attrs))
        outputs = [result] if isinstance(result, Aval) else list(result)
        yield net, dict(zip(names, avals, strict=True)), outputs[: len(net)]


def fits(guess, truth):
    """Whether what was inferred is true as far as it goes."""
    if guess == ():
        return True
    return len(guess) == len(truth) and all(g in (0, t) for g, t in zip(guess, truth, strict=True))


def hidden(inputs):
    """The shapes of the inputs, each time with one dimension unknown, or one shape."""
    shapes = {n: a.shape for n, a in inputs.items()}
    for name, shape in shapes.items():
        yield {n: s for n, s in shapes.items() if n != name}
        for axis in range(len(shape)):
            yield {**shapes, name: (*shape[:axis], 0, *shape[axis + 1 :])}


@pytest.mark.parametrize("name", NAMES)
def test_symbols_of_an_operator_tell_the_truth(name):
    op = OPS[name]
    for net, inputs, outputs in cases(op):
        shapes = {n: a.shape for n, a in inputs.items()}
        if all(0 not in s for s in shapes.values()) and not op.flags.dynamic:
            assert net.infer_shape_partial(**shapes)[1] == [a.shape for a in outputs]
            for partial in hidden(inputs):
                arguments, results, _ = net.infer_shape_partial(**partial)
                for guess, aval in zip(results, outputs, strict=True):
                    assert fits(guess, aval.shape), (partial, guess, aval)
                for guess, shape in zip(arguments, shapes.values(), strict=False):
                    assert fits(guess, shape), (partial, guess, shape)
        if name not in NO_STAND_IN:
            found = net.infer_type(**{n: a.dtype for n, a in inputs.items()})[1]
            assert [np.dtype(t) for t in found] == [a.dtype for a in outputs]
        assert loads(net.tojson()).tojson() == net.tojson()
