"""Optimizer operators: which arguments they write, and how they are called."""

from __future__ import annotations

import numpy as np
import pytest

from dlstudio import nd
from dlstudio.errors import ArgumentError

RNG = np.random.default_rng(4)


def arrays(n, shape=(2, 3), dtype="float32"):
    return [nd.array(np.abs(RNG.normal(size=shape)) + 0.1, dtype=dtype) for _ in range(n)]


def test_the_weight_changes_only_when_it_is_the_output():
    weight, grad = arrays(2)
    before = weight.asnumpy().copy()
    new = nd.sgd_update(weight, grad, lr=0.1)
    np.testing.assert_array_equal(weight.asnumpy(), before)
    nd.sgd_update(weight, grad, lr=0.1, out=weight)
    np.testing.assert_array_equal(weight.asnumpy(), new.asnumpy())
    np.testing.assert_allclose(new.asnumpy(), before - 0.1 * grad.asnumpy(), rtol=1e-6)


def test_states_change_in_place():
    weight, grad, mean, var = arrays(4)
    before = mean.asnumpy().copy()
    nd.adam_update(weight, grad, mean, var, lr=0.1, out=weight)
    expected = 0.9 * before + 0.1 * grad.asnumpy()
    np.testing.assert_allclose(mean.asnumpy(), expected, rtol=1e-6)


def test_a_half_precision_weight_is_the_rounded_master_copy():
    (weight, grad), (weight32,) = arrays(2, dtype="float16"), arrays(1)
    nd.mp_sgd_update(weight, grad, weight32, lr=0.1, out=weight)
    assert weight.dtype == np.float16
    np.testing.assert_array_equal(weight.asnumpy(), weight32.asnumpy().astype("float16"))


def test_adamw_leaves_out_a_step_whose_gradients_overflowed():
    weight, grad, mean, var = arrays(4)
    before = [x.asnumpy().copy() for x in (weight, mean, var)]
    scale = nd.array([np.inf])
    nd.contrib.adamw_update(weight, grad, mean, var, scale, lr=0.1, eta=1.0, out=weight)
    for x, value in zip((weight, mean, var), before, strict=True):
        np.testing.assert_array_equal(x.asnumpy(), value)


def test_many_weights_are_updated_in_one_call_as_one_by_one():
    w1, g1, m1, w2, g2, m2 = arrays(6)
    one = [nd.sgd_mom_update(w, g, m.copy(), lr=lr, momentum=0.9) for w, g, m, lr in
           ((w1, g1, m1, 0.1), (w2, g2, m2, 0.2))]  # fmt: skip
    nd.multi_sgd_mom_update(
        w1, g1, m1, w2, g2, m2, lrs=(0.1, 0.2), wds=(0.0, 0.0), momentum=0.9, num_weights=2,
        out=[w1, w2],
    )  # fmt: skip
    for got, expected in zip((w1, w2), one, strict=True):
        np.testing.assert_allclose(got.asnumpy(), expected.asnumpy(), rtol=1e-6)


def test_a_missing_rate_is_reported():
    weight, grad = arrays(2)
    with pytest.raises(ArgumentError, match="lr"):
        nd.sgd_update(weight, grad)
