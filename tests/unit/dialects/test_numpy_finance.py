"""Financial functions of `mx.np`: the textbook's equations, and NumPy's old examples of sense."""

import math

import numpy as np
import pytest

import dlstudio as mx

finance = mx.np


def test_payments_pay_a_loan_off():
    payment = finance.pmt(0.08 / 12, 12 * 15, 200000)
    debt = 200000.0
    for _ in range(12 * 15):
        debt = debt * (1 + 0.08 / 12) + payment
    assert debt == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("when", ["begin", "end"])
def test_present_value_and_payment_are_inverse(when):
    payment = finance.pmt(0.01, 24, 5000, 100, when)
    assert finance.pv(0.01, 24, payment, 100, when) == pytest.approx(5000)


def test_without_interest_payments_are_equal_shares():
    assert finance.pmt(0.0, 4, 100) == -25
    assert finance.pv(0.0, 4, -25) == 100


@pytest.mark.parametrize("when", ["begin", "end"])
def test_the_parts_that_are_no_interest_add_up_to_the_debt(when):
    parts = [finance.ppmt(0.01, i, 12, 1000, 0, when) for i in range(1, 13)]
    assert sum(parts) == pytest.approx(-1000)


def test_values_of_cash_flows():
    assert finance.npv(0.1, [-100, 110]) == pytest.approx(0)
    # the losses of 100 grow to gains of 121 in two periods, which is a tenth in each
    assert finance.mirr([-100, 0, 121], 0.05, 0.05) == pytest.approx(0.1)
    assert math.isnan(finance.mirr([1, 2], 0.05, 0.05))


def test_the_rate_is_the_one_that_was_paid():
    payment = finance.pmt(0.02, 36, 1000)
    assert finance.rate(36, payment, 1000, 0) == pytest.approx(0.02, rel=1e-6)


def test_arrays_of_ours_give_arrays_of_ours():
    found = finance.pv(mx.np.array([0.01, 0.02]), 10, -100)
    assert isinstance(found, mx.np.ndarray)
    assert found.shape == (2,)


def test_a_time_of_payment_that_is_none_is_refused():
    with pytest.raises(ValueError, match="'begin' or 'end'"):
        finance.pv(0.01, 10, -100, when="noon")


def test_ratios_of_mean_squares():
    mx.random.seed(3)
    x = mx.np.random.f(20, 30, size=20000).asnumpy()
    assert abs(float(x.mean()) - 30 / 28) < 0.02


def test_the_gradient_buffer_can_be_given_up():
    x = mx.np.ones(2)
    x.attach_grad()
    x.drop_grad()
    assert x.grad is None


def test_a_diagonal_is_filled_in_place():
    x = mx.np.zeros((3, 2))
    mx.np.fill_diagonal(x, 5)
    assert x.asnumpy().tolist() == [[5, 0], [0, 5], [0, 0]]
    assert x.writable


def test_constants_have_all_their_spellings():
    assert mx.np.PINF == -mx.np.NINF == math.inf
    assert math.isnan(mx.np.NaN)
    assert math.isnan(mx.np.NAN)
    assert np.signbit(mx.np.NZERO)
    assert not np.signbit(mx.np.PZERO)


def test_activations_are_methods_too():
    x = mx.np.array([0.5, -1.0])
    for name in ("log_sigmoid", "mish"):
        expected = getattr(mx.npx, name)(x).asnumpy()
        np.testing.assert_array_equal(getattr(x, name)().asnumpy(), expected)
