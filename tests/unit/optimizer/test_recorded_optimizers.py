"""Optimizers and schedules against the weights and states of the real MXNet 1.9.1."""

import numpy as np
import pytest

from dlstudio import lr_scheduler, nd, optimizer
from tests.reference.runner import pack

ALL = list(pack.cases("optim/optimizers"))
SHARED = ALL[0]
# row-sparse gradients: tests/unit/sparse/test_optimizers.py
CASES = [c for c in ALL[1:] if not c.raw["sparse_grad"] and c.raw["optimizer"] != "groupadagrad"]


def schedule_of(code):
    return eval(code, dict(vars(lr_scheduler)))


def make(case):
    arguments = dict(case.kwargs)
    if "lr_scheduler" in case.raw:
        arguments["lr_scheduler"] = schedule_of(case.raw["lr_scheduler"])
    made = optimizer.create(
        case.raw["optimizer"], param_idx2name={0: "fc_weight", 1: "fc_bias"}, **arguments
    )
    if "lr_mult" in case.raw:
        made.set_lr_mult(case.raw["lr_mult"])
    if "wd_mult" in case.raw:
        made.set_wd_mult(case.raw["wd_mult"])
    return made


def array(value, dtype):
    return nd.array(value, dtype=dtype)


def assert_close(got, want, dtype):
    tolerance = 3e-3 if dtype == "float16" else 1e-5
    np.testing.assert_allclose(
        got.asnumpy().astype("float64"), want, rtol=tolerance, atol=tolerance * 0.5
    )


def assert_same_state(got, want, dtype):
    if isinstance(want, (tuple, list)):
        assert isinstance(got, tuple)
        for g, w in zip(got, want, strict=True):
            assert_same_state(g, w, dtype)
    elif want is None:
        assert got is None
    else:
        assert_close(got, want, dtype)


@pytest.mark.parametrize("case", [c for c in CASES if not c.error], ids=lambda c: c.name)
def test_weights_and_states_are_those_of_mxnet(case):
    made, dtype = make(case), case.raw["dtype"]
    updater = optimizer.get_updater(made)
    a, b = (array(SHARED.raw["weights"][k], dtype) for k in "ab")
    for gradients, want in zip(SHARED.raw["gradients"], case.raw["steps"], strict=False):
        updater(0, array(gradients["a"], dtype), a)
        updater(1, array(gradients["b"], dtype), b)
        if case.raw["optimizer"] != "sgld":  # random
            assert_close(a, want[0], dtype)
            assert_close(b, want[1], dtype)
    assert type(made).__name__ == case.raw["class"]
    assert made.num_update == case.raw["num_update"]
    assert made.learning_rate == pytest.approx(case.raw["learning_rate_after"])
    if case.raw["optimizer"] != "sgld":
        for index, state in case.raw["state_after"].items():
            assert_same_state(updater.states[int(index)], state, dtype)


@pytest.mark.parametrize("case", [c for c in CASES if c.error], ids=lambda c: c.name)
def test_what_mxnet_refuses_is_refused_or_works(case):
    if case.raw["dtype"] == "float64" or case.raw["optimizer"] == "dcasgd":
        updater = optimizer.get_updater(make(case))
        weight = array(SHARED.raw["weights"]["a"], case.raw["dtype"])
        updater(0, weight * 0 + 1, weight)
        assert np.isfinite(weight.asnumpy()).all()
    else:
        with pytest.raises((TypeError, ValueError)):
            make(case)


SCHEDULES = list(pack.cases("optim/schedules"))


@pytest.mark.parametrize("case", [c for c in SCHEDULES if not c.error], ids=lambda c: c.name)
def test_schedule_follows_the_recorded_curve(case):
    schedule = schedule_of(case.raw["code"])
    got = [schedule(t) for t in range(1, len(case.raw["curve"]) + 1)]
    np.testing.assert_allclose(got, case.raw["curve"], rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("case", [c for c in SCHEDULES if c.error], ids=lambda c: c.name)
def test_schedule_refuses_what_mxnet_refuses(case):
    expected = NotImplementedError if "override" in case.error["message"] else ValueError
    with pytest.raises(expected):
        schedule_of(case.raw["code"])(1)
