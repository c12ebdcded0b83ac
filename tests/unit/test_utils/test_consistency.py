"""Devices, dtypes and `hybridize` are compared, and differences found."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import test_utils
from dlstudio.gluon import nn

A = np.array([[1.0, 2.0], [3.0, 4.0]])


@pytest.fixture(autouse=True)
def _seeded():
    np.random.seed(3)


def product():
    return mx.sym.var("a") * mx.sym.var("b")


def test_devices_and_dtypes_agree():
    net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc")
    specs = [
        {"ctx": mx.cpu(0), "data": (2, 4), "type_dict": {"data": np.float64}},
        {"ctx": mx.cpu(1), "data": (2, 4), "type_dict": {"data": np.float32}},
    ]
    truth = test_utils.check_consistency(net, specs)
    assert {"fc_output", "data_grad", "fc_weight_grad"} <= truth.keys()
    assert truth["fc_output"].dtype == np.float64
    forward = test_utils.check_consistency(net, specs, grad_req="null", use_uniform=True)
    assert forward.keys() == {"fc_output"}


def test_results_that_differ_from_the_ground_truth_are_found(capsys):
    specs = [{"ctx": mx.cpu(i), "a": (2, 2), "b": (2, 2)} for i in range(2)]
    truth = {"a_grad": np.full((2, 2), 1e3)}
    with pytest.raises(AssertionError):
        test_utils.check_consistency(product(), specs, ground_truth=truth)
    test_utils.check_consistency(product(), specs, ground_truth=truth, raise_on_err=False)
    assert "cpu(1): a_grad" in capsys.readouterr().out


@pytest.mark.parametrize("test_grad", [True, False])
def test_a_block_agrees_with_itself_hybridized(test_grad):
    test_utils.check_gluon_hybridize_consistency(
        lambda: nn.Dense(3, in_units=2),
        [mx.np.array(A, dtype="float32")],
        test_grad=test_grad,
    )


def test_a_block_is_compared_with_a_function():
    data = [mx.np.array(A, dtype="float32")]
    test_utils.check_gluon_hybridize_consistency(lambda: nn.Activation("tanh"), data, np.tanh)
    with pytest.raises(AssertionError, match="numpy_func"):
        test_utils.check_gluon_hybridize_consistency(lambda: nn.Activation("tanh"), data, np.exp)
