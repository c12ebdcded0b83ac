"""`dynamic_unroll`: a cell over a sequence as one loop."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.gluon.contrib.rnn import dynamic_unroll


def cell_of(kind):
    mx.random.seed(4)
    cell = kind(4, input_size=3, prefix="c_")
    cell.initialize(mx.init.Normal(0.5))
    return cell


@pytest.mark.parametrize("layout", ["TNC", "NTC"])
@pytest.mark.parametrize("kind", [gluon.rnn.RNNCell, gluon.rnn.LSTMCell, gluon.rnn.GRUCell])
@pytest.mark.parametrize("valid", [None, [3, 1]])
def test_it_equals_unroll(kind, layout, valid):
    cell = cell_of(kind)
    x = nd.random.normal(shape=(5, 2, 3) if layout == "TNC" else (2, 5, 3))
    lengths = None if valid is None else nd.array(valid)
    found = []
    for dynamic in (True, False):
        cell.collect_params().zero_grad()
        with autograd.record():
            if dynamic:
                y, states = dynamic_unroll(
                    cell, x, cell.begin_state(2), layout=layout, valid_length=lengths
                )
            else:
                y, states = cell.unroll(
                    5, x, cell.begin_state(2), layout, merge_outputs=True, valid_length=lengths
                )
            loss = (y * y).sum() + sum((s.sum() for s in states), nd.zeros(1))
        loss.backward()
        grads = [p.grad().asnumpy() for p in cell.collect_params().values()]
        found.append([y.asnumpy(), *(s.asnumpy() for s in states), *grads])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_a_compiled_block_takes_sequences_of_any_length():
    class Reader(gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.cell = cell_of(gluon.rnn.LSTMCell)

        def hybrid_forward(self, F, x, h, c, valid):
            return dynamic_unroll(self.cell, x, [h, c], layout="NTC", valid_length=valid)[0]

    net = Reader()
    net.hybridize()
    for length in (2, 6):
        state = nd.zeros((2, 4))
        y = net(nd.ones((2, length, 3)), state, state, nd.array([1, length]))
        assert y.shape == (2, length, 4)
        assert (y[0, 1:].asnumpy() == 0).all()
        assert (y[1, -1].asnumpy() != 0).all()
    assert net._cached_op.symbol.tojson().count('"_foreach"') == 1


def test_dropout_has_one_mask_for_all_steps():
    cell = cell_of(gluon.rnn.RNNCell)
    mx.random.seed(1)
    with autograd.record():
        y, _ = dynamic_unroll(cell, nd.ones((6, 2, 3)), cell.begin_state(2), drop_outputs=0.5)
    zero = y.asnumpy() == 0
    assert zero.any()
    assert (zero == zero[0]).all()
