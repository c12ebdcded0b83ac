"""Every operator on a simulated CuPy: the forward uses what CuPy has, and never NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from dlstudio.core.registry import NotDifferentiable
from dlstudio.testing import sweep
from tests.gpu import stand_in

CUPY = stand_in.make()


def on_gpu(array):
    return None if array is None else CUPY.asarray(array)


def host(value):
    if isinstance(value, (tuple, list)):
        return [host(v) for v in value]
    assert isinstance(value, CUPY.ndarray), f"the forward returned a {type(value).__name__}"
    return value.get()


def compare(case):
    arrays = sweep.present(case.sample.inputs)
    attrs = dict(case.attrs.with_training(case.training) if case.op.flags.mode else case.attrs)
    more, gpu_more = {}, {}
    if case.op.flags.random:
        more = {"rng": np.random.Generator(np.random.Philox(1))}
        gpu_more = {"rng": CUPY.random.Generator(CUPY.random.Philox4x3210(1))}
    with np.errstate(all="ignore"):
        expected = case.op.forward(
            np, *[None if a is None else a.copy() for a in arrays], **attrs, **more
        )
        got = host(case.op.forward(CUPY, *[on_gpu(a) for a in arrays], **attrs, **gpu_more))
    wanted = list(expected) if isinstance(expected, (tuple, list)) else [expected]
    for one, other in zip(got if isinstance(got, list) else [got], wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("op", sweep.operators(), ids=lambda op: op.name)
@pytest.mark.filterwarnings("ignore")
def test_forward_runs_on_simulated_cupy(op):
    if op.flags.dynamic and isinstance(op.grad, NotDifferentiable) and op.samples is None:
        return
    problems = sweep.problems(sweep.cases([op]), [compare])
    assert not problems, "\n".join(problems)


class TestTheStandIn:
    def test_it_refuses_implicit_conversion(self):
        with pytest.raises(TypeError, match="simulated"):
            np.asarray(CUPY.ones(2))

    def test_it_refuses_numpy_operands(self):
        with pytest.raises(TypeError):
            CUPY.ones(2) + np.ones(2)

    def test_it_has_only_names_cupy_has(self):
        assert not hasattr(CUPY, "errstate")
        assert not hasattr(CUPY, "vectorize")
