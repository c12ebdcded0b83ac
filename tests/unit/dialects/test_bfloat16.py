"""bfloat16 through `ml_dtypes`: creation, casts, arithmetic, gradients, files, other dtypes."""

import sys

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd
from dlstudio.errors import MissingExtraError

BOTH = pytest.mark.parametrize("ns", [mx.nd, mx.np], ids=["nd", "np"])


def name(x):
    return np.dtype(x.dtype).name


def values(x):
    return x.asnumpy().astype("float32").tolist()


MADE = {
    "array": lambda ns: ns.array([1, 2.5], dtype="bfloat16"),
    "ones": lambda ns: ns.ones((2,), dtype="bfloat16"),
    "zeros": lambda ns: ns.zeros((2,), dtype="bfloat16"),
    "full": lambda ns: ns.full((2,), 3, dtype="bfloat16"),
    "empty": lambda ns: ns.empty((2,), dtype="bfloat16"),
    "arange": lambda ns: ns.arange(2, dtype="bfloat16"),
    "astype": lambda ns: ns.ones((2,)).astype("bfloat16"),
    "zeros_like": lambda ns: ns.zeros_like(ns.ones((2,), dtype="bfloat16")),
    "uniform": lambda ns: mx.nd.random.uniform(shape=(2,), dtype="bfloat16"),
}


@BOTH
@pytest.mark.parametrize("how", MADE)
def test_arrays_are_made_of_bfloat16(ns, how):
    made = MADE[how](ns)
    assert (name(made), made.shape) == ("bfloat16", (2,))


@BOTH
def test_arithmetic_stays_bfloat16(ns):
    x = ns.array([1.0, 3.0], dtype="bfloat16")
    for result, expected in [
        (x + x, [2, 6]),
        (x * 2.5, [2.5, 7.5]),
        (1 - x, [0, -2]),
        (x / 2, [0.5, 1.5]),
        (x**2, [1, 9]),
        (-x, [-1, -3]),
        (ns.maximum(x, 2), [2, 3]),
        (ns.clip(x, 0, 2), [1, 2]),
        (x.sqrt(), [1, 1.734375]),
        (x.sum(), 4 if ns is mx.np else [4]),
        (x.mean(), 2 if ns is mx.np else [2]),
        (x.max(), 3 if ns is mx.np else [3]),
        (ns.concatenate([x, x]), [1, 3, 1, 3]),
        (mx.nd.relu(x), [1, 3]),
        (ns.dot(x.reshape((1, 2)), x.reshape((2, 1))), [[10]]),
    ]:
        assert name(result) == "bfloat16"
        assert values(result) == expected
    assert values(x > 2) == [0, 1]


def test_layers_take_bfloat16():
    x = mx.nd.ones((1, 1, 3, 3), dtype="bfloat16")
    weight = mx.nd.ones((1, 1, 2, 2), dtype="bfloat16")
    y = mx.nd.Convolution(x, weight, kernel=(2, 2), num_filter=1, no_bias=True)
    assert (name(y), values(y)) == ("bfloat16", [[[[4, 4], [4, 4]]]])
    shares = mx.nd.softmax(mx.nd.ones((2, 2), dtype="bfloat16"))
    assert (name(shares), values(shares)) == ("bfloat16", [[0.5, 0.5], [0.5, 0.5]])
    z = mx.np.array([1, 2], dtype="bfloat16")
    assert (name(mx.np.einsum("i,i->", z, z)), float(mx.np.einsum("i,i->", z, z))) == (
        "bfloat16",
        5,
    )


def test_other_dtypes_are_met_as_by_a_small_float():
    x = mx.np.array([1, 2], dtype="bfloat16")
    assert name(x * mx.np.ones(2, dtype="int32")) == "bfloat16"
    assert name(x * mx.np.ones(2, dtype="float16")) == "float32"
    assert name(x + mx.np.ones(2)) == "float32"
    with pytest.raises(TypeError, match="bfloat16 and float32 differ"):
        mx.nd.ones((2,), dtype="bfloat16") + mx.nd.ones((2,))


@BOTH
def test_gradients_are_bfloat16(ns):
    x = ns.array([1, 2], dtype="bfloat16")
    x.attach_grad()
    with autograd.record():
        y = (x * x).sum()
    y.backward()
    assert (name(x.grad), values(x.grad)) == ("bfloat16", [2, 4])


@BOTH
def test_files_keep_bfloat16(ns, tmp_path):
    file = str(tmp_path / "half.params")
    save = mx.nd.save if ns is mx.nd else mx.npx.save
    load = mx.nd.load if ns is mx.nd else mx.npx.load
    save(file, {"x": ns.array([1, 2.5], dtype="bfloat16")})
    found = load(file)["x"]
    assert (name(found), values(found)) == ("bfloat16", [1, 2.5])


def test_the_dtype_has_a_name_in_np_and_limits():
    assert mx.np.ones(2, dtype=mx.np.bfloat16).dtype == mx.np.bfloat16
    assert mx.array_api.isdtype(mx.np.bfloat16, "real floating")
    assert mx.array_api.finfo("bfloat16").bits == 16


def test_without_ml_dtypes_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(MissingExtraError, match="pip install ml_dtypes"):
        mx.nd.ones((2,)).astype("bfloat16")
