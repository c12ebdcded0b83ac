"""einops, array-api-compat, array-api-extra, SciPy and scikit-learn take our arrays."""

import os
import subprocess
import sys

import array_api_compat
import array_api_extra
import einops
import einops.array_api
import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.sparse
import scipy.special
import scipy.stats

import dlstudio as mx
from dlstudio import autograd

HOST = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")


@pytest.fixture
def x():
    return mx.np.array(HOST)


# --- einops -------------------------------------------------------------------------------------

PATTERNS = {
    "rearrange": ("(a b) c -> b (a c)", {"a": 2}),
    "reduce mean": ("a b -> b", {}),
    "reduce max": ("(a b) c -> a c", {"a": 3}),
    "repeat": ("a b -> a k b", {"k": 2}),
}


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("through", [einops, einops.array_api], ids=["einops", "array_api"])
def test_einops_rearranges_our_arrays(x, name, through):
    pattern, sizes = PATTERNS[name]
    function, *reduction = name.split()
    wanted = getattr(einops, function)(HOST, pattern, *reduction, **sizes)
    found = getattr(through, function)(x, pattern, *reduction, **sizes)
    assert isinstance(found, mx.np.ndarray)
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found.asnumpy(), wanted, rtol=1e-5)


def test_einops_is_recorded(x):
    x.attach_grad()
    with autograd.record():
        y = einops.reduce(einops.rearrange(x, "(a b) c -> a b c", a=2) ** 2, "a b c -> ", "sum")
    y.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), 2 * HOST, rtol=1e-6)


def test_more_of_einops(x):
    packed, shapes = einops.pack([x, x[0]], "* d")
    assert packed.shape == (7, 4)
    assert [part.shape for part in einops.unpack(packed, shapes, "* d")] == [(6, 4), (4,)]
    assert einops.einsum(x, x, "i d, j d -> i j").shape == (6, 6)
    assert einops.rearrange([x, x], "k a b -> a (k b)").shape == (6, 8)
    assert einops.parse_shape(x, "a b") == {"a": 6, "b": 4}
    np.testing.assert_array_equal(einops.asnumpy(x), HOST)


def test_einops_takes_classic_arrays_too():
    found = einops.rearrange(mx.nd.array(HOST), "a b -> b a")
    assert type(found) is mx.nd.NDArray
    np.testing.assert_array_equal(found.asnumpy(), HOST.T)


_ORDERS = {
    "einops first": "import einops; import dlstudio as mx; mx.np",
    "dlstudio first": "import dlstudio as mx; mx.np; from einops import rearrange; import einops",
}


@pytest.mark.parametrize("order", _ORDERS)
def test_einops_may_be_imported_before_or_after(order):
    code = f"{_ORDERS[order]}\nprint(einops.rearrange(mx.np.ones((2, 3)), 'a b -> b a').shape)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False
    )
    assert answer.stdout.strip() == "(3, 2)", answer.stderr


# --- array-api-compat and array-api-extra --------------------------------------------------------


def test_array_api_compat_finds_the_namespace(x):
    assert array_api_compat.array_namespace(x, x[0]) is mx.array_api
    assert array_api_compat.is_array_api_obj(x)
    assert array_api_compat.is_writeable_array(x)
    assert not array_api_compat.is_lazy_array(x)
    assert array_api_compat.size(x) == 24
    assert array_api_compat.device(x) == mx.cpu(0)
    assert array_api_compat.to_device(x, mx.cpu(1)).device == mx.cpu(1)


def test_array_api_extra_computes_with_our_arrays(x):
    xp = mx.array_api
    np.testing.assert_allclose(array_api_extra.cov(x).asnumpy(), np.cov(HOST), rtol=1e-4)
    assert array_api_extra.kron(x, x).shape == (36, 16)
    assert array_api_extra.pad(x, 1).shape == (8, 6)
    assert array_api_extra.atleast_nd(x, ndim=3).shape == (1, 6, 4)
    assert array_api_extra.one_hot(xp.asarray([0, 2]), 3).asnumpy().tolist() == [
        [1, 0, 0],
        [0, 0, 1],
    ]
    assert array_api_extra.at(xp.ones(3))[1].set(5.0).asnumpy().tolist() == [1, 5, 1]
    assert int(array_api_extra.nunique(xp.asarray([1, 1, 2]))) == 2
    np.testing.assert_allclose(array_api_extra.sinc(x).asnumpy(), np.sinc(HOST), rtol=1e-5)


# --- SciPy ----------------------------------------------------------------------------------------

SCIPY = {
    "logsumexp": lambda x: scipy.special.logsumexp(x, axis=0),
    "expit": scipy.special.expit,
    "zscore": scipy.stats.zscore,
    "skew": scipy.stats.skew,
    "fft": scipy.fft.fft,
    "dct": scipy.fft.dct,
    "gaussian_filter": lambda x: scipy.ndimage.gaussian_filter(x, 1.0),
    "pinv": scipy.linalg.pinv,
    "svdvals": scipy.linalg.svdvals,
    "sparse product": lambda x: scipy.sparse.eye(6).tocsr() @ x,
    "pearsonr": lambda x: scipy.stats.pearsonr(x[:, 0], x[:, 1]).statistic,
}


@pytest.mark.parametrize("name", SCIPY)
def test_scipy_takes_our_arrays(x, name):
    np.testing.assert_allclose(np.asarray(SCIPY[name](x)), SCIPY[name](HOST), rtol=1e-4, atol=1e-5)


def test_scipy_minimises_our_functions():
    def loss(v):
        return float(((mx.np.array(v) - 3) ** 2).sum())

    assert scipy.optimize.minimize(loss, np.ones(2)).x == pytest.approx([3, 3], abs=1e-3)


_DISPATCH = """
import numpy, scipy.special, scipy.stats, scipy.fft, dlstudio as mx
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, mean_squared_error
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer
from sklearn.utils.estimator_checks import check_array_api_input
host = numpy.random.default_rng(0).normal(size=(8, 4))
x, y = mx.np.array(host), mx.np.array(numpy.arange(8) % 2)
found = {
    "logsumexp": scipy.special.logsumexp(x, axis=0),
    "zscore": scipy.stats.zscore(x),
    "fft": scipy.fft.fft(x),
}
with config_context(array_api_dispatch=True):
    found["pca"] = PCA(2, svd_solver="full").fit_transform(x)
    found["ridge"] = Ridge(solver="svd").fit(x, x[:, 0]).coef_
    found["lda"] = LinearDiscriminantAnalysis().fit(x, y).predict(x)
    found["scaled"] = MinMaxScaler().fit_transform(x)
    found["largest"] = MaxAbsScaler().fit_transform(x)
    found["unit"] = Normalizer().fit_transform(x)
    accuracy_score(y, y), mean_squared_error(x, x)
for name, array in found.items():
    assert isinstance(array, mx.np.ndarray), (name, type(array))
wanted = PCA(2, svd_solver="full").fit_transform(host)
numpy.testing.assert_allclose(abs(found["pca"].asnumpy()), abs(wanted), rtol=1e-6)
for estimator in (PCA(2, svd_solver="full"), Ridge(solver="svd"), LinearDiscriminantAnalysis(),
                  MinMaxScaler(), Normalizer()):
    # scikit-learn's own check of values, dtypes and devices
    check_array_api_input(type(estimator).__name__, estimator, "dlstudio.array_api",
                          dtype_name="float64", check_values=True)
print("all ours")
"""


def test_scipy_and_sklearn_compute_in_our_namespace_when_they_dispatch():
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _DISPATCH],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
    )
    assert answer.stdout.strip() == "all ours", answer.stderr


def test_sklearn_learns_from_our_arrays(x):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    labels = mx.np.array(np.arange(6) % 2, dtype="int64")
    scaled = StandardScaler().fit_transform(x)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    model = LogisticRegression().fit(x, labels)
    assert model.predict(x).shape == (6,)
