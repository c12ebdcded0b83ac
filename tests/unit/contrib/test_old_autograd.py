"""Gradients in the way of `mx.contrib.autograd`."""

import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.contrib import autograd


def test_marked_variables_get_gradients():
    x, gradient = nd.array([1.0, 2.0]), nd.zeros(2)
    autograd.mark_variables([x], [gradient])
    with autograd.train_section():
        y = x * x
        with autograd.test_section():
            assert not mx.autograd.is_recording()
            assert not mx.autograd.is_training()
        assert mx.autograd.is_recording()
    autograd.compute_gradient([y])
    assert gradient.asnumpy().tolist() == [2, 4]


def test_gradients_come_with_the_value():
    x, y = nd.array([3.0]), nd.array([2.0])

    def product(a, b):
        return a * a * b

    gradients, value = autograd.grad_and_loss(product)(x, y)
    assert [float(g) for g in gradients] == [12, 9]
    assert float(value) == 18
    assert [float(g) for g in autograd.grad(product, argnum=1)(x, y)] == [9]
    with pytest.raises(mx.MXNetError, match="a float"):
        autograd.grad(product)(3.0, 2.0)


def test_training_is_switched_on_and_off():
    assert autograd.set_is_training(True) is False
    assert mx.autograd.is_training()
    assert autograd.set_is_training(False) is True
