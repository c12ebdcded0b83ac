"""`mx.array_api` and NumPy's protocols on a simulated GPU: arrays stay there."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.core.device import Device
from tests.gpu import stand_in
from tests.unit.array_api.compare import find, xp
from tests.unit.array_api.test_departures import CALLS

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
ON_THE_HOST = ("from_dlpack",)  # the stand-in's memory is the host's, whatever it says


@pytest.fixture(scope="module", autouse=True)
def cupy():
    """One GPU over the stand-in."""
    module, before, made = stand_in.make(1), sys.modules.get("cupy"), dict(Device._made)
    sys.modules["cupy"] = module
    Device._made.pop(("gpu", 0), None)
    yield module
    Device._made.clear()
    Device._made.update(made)
    if before is None:
        del sys.modules["cupy"]
    else:
        sys.modules["cupy"] = before


def placed(x, device):
    if isinstance(x, np.ndarray):
        return xp.asarray(x, device=device, copy=True)
    if isinstance(x, (list, tuple)) and any(isinstance(v, np.ndarray) for v in x):
        return type(x)(placed(v, device) for v in x)
    return x


def answer(name, args, kwargs, device):
    with device:
        given = {k: placed(v, device) for k, v in kwargs.items()}
        try:
            return find(xp, name)(*(placed(a, device) for a in args), **given)
        except ValueError as error:
            return type(error).__name__


def assert_alike(found, wanted):
    if isinstance(wanted, (list, tuple)):
        for one, other in zip(found, wanted, strict=True):
            assert_alike(one, other)
    elif isinstance(wanted, mx.np.ndarray):
        assert found.device == mx.gpu(0)
        assert isinstance(found._data, stand_in.ndarray)
        np.testing.assert_allclose(found.asnumpy(), wanted.asnumpy(), rtol=1e-6)
    else:
        assert found == wanted


@pytest.mark.parametrize("name", [n for n in CALLS if n not in ON_THE_HOST and "empty" not in n])
def test_functions_compute_where_their_arrays_are(name):
    for args, kwargs in CALLS[name]:
        wanted = answer(name, args, kwargs, mx.cpu(0))
        assert_alike(answer(name, args, kwargs, mx.gpu(0)), wanted)


def test_operators_and_indices():
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]], device=mx.gpu(0))
    for result in (x + 1, 2 / x, x // 2, x @ x, -x, x > 1, x * 1j, x[0], x[x > 2], x.T, x.mT):
        assert result.device == mx.gpu(0)
    assert float(x[1, 1]) == 4.0


def test_numpys_functions_answer_on_the_gpu():
    x = mx.np.array([[1.0, 2.0], [3.0, 4.0]], device=mx.gpu(0))
    for result in (np.sin(x), np.sum(x), np.concatenate([x, x]), np.unique(x), np.ones((2, 2)) * x):
        assert isinstance(result._data, stand_in.ndarray)
    out = mx.np.zeros((2, 2), device=mx.gpu(0))
    assert np.exp(x, out=out) is out
    np.testing.assert_allclose(out.asnumpy(), np.exp([[1, 2], [3, 4]]), rtol=1e-6)
    np.add.at(out, [0], 1)
    np.copyto(out, 0)
    assert out.asnumpy().tolist() == [[0, 0], [0, 0]]
