"""Dense, softmax, pooling, normalisation and elementwise kernels against NumPy in float64."""

import numpy as np
import pytest

from dlstudio import kernels
from dlstudio.core.avals import Aval
from dlstudio.kernels import blas, threads
from tests.unit.kernels import reference

pytestmark = pytest.mark.usefixtures("compiled")
RNG = np.random.default_rng(0)
# One rounding of a float32 is 6e-8; sums here have up to a thousand terms of either sign.
TIGHT, SUMS = dict(rtol=1e-6, atol=1e-6), dict(rtol=2e-5, atol=2e-5)


def normal(*shape):
    return RNG.standard_normal(shape).astype("f4")


def run(name, outs, ins, **attrs):
    """Find the kernel, run it on outputs full of NaN, and return those."""
    results = [np.full(shape, np.nan, "f4") for shape in outs]
    aval = lambda a: Aval(a.shape, a.dtype)  # noqa: E731
    kernel = kernels.find(name, [aval(a) for a in ins], [aval(a) for a in results], attrs)
    kernel(*results, *ins)
    return results if len(results) > 1 else results[0]


# (64, 784), (65, 320) and (7, 1600) go through the kernel's own product, the others through BLAS
@pytest.mark.parametrize(
    "shape",
    [(1, 1), (3, 7), (64, 784), (65, 320), (7, 1600), (5, 2, 9), (3, 1600), (400, 320)],
    ids=str,
)
@pytest.mark.parametrize("flatten", [True, False])
def test_fully_connected(shape, flatten):
    x = normal(*shape)
    features = int(np.prod(shape[1:])) if flatten else shape[-1]
    hidden = 11 if features < 300 else 50
    w, b = normal(hidden, features), normal(hidden)
    flat = x.reshape(shape[0], -1) if flatten else x
    expected = flat.astype("f8") @ w.T.astype("f8") + b
    y = run("FullyConnected", [expected.shape], [x, w, b], num_hidden=hidden, flatten=flatten)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-4)  # sums of 784 products


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (64, 256)], ids=str)
def test_sum_over_the_first_axis(shape):
    x = normal(*shape)
    y = run("sum", [shape[1:]], [x], axis=0, keepdims=False)
    np.testing.assert_allclose(y, x.astype("f8").sum(0), **SUMS)


@pytest.mark.parametrize("shape", [(1, 1), (3, 10), (2, 5, 17), (64, 1000)], ids=str)
@pytest.mark.parametrize("scale", [1.0, 50.0, 1e4])
def test_softmax_and_its_logarithm(shape, scale):
    x = normal(*shape) * np.float32(scale)
    e = np.exp(x.astype("f8") - x.max(-1, keepdims=True))
    p = e / e.sum(-1, keepdims=True)
    np.testing.assert_allclose(run("softmax", [shape], [x], axis=-1), p, rtol=1e-5, atol=1e-35)
    # x - max is exact to half an ulp of the larger: the error grows with the scale.
    logarithm = x.astype("f8") - x.max(-1, keepdims=True) - np.log(e.sum(-1, keepdims=True))
    y = run("log_softmax", [shape], [x], axis=-1)
    np.testing.assert_allclose(y, logarithm, rtol=1e-6, atol=2e-6)


def test_softmax_over_another_axis_is_left_to_the_reference():
    aval = Aval((3, 4), np.dtype("f4"))
    assert kernels.find("softmax", [aval], [aval], {"axis": 0}) is None


POOLS = [
    # size, kernel, stride, pad
    ((8, 8), (2, 2), (2, 2), (0, 0)),
    ((9, 7), (2, 2), (2, 2), (0, 0)),
    ((9, 13), (3, 3), (2, 2), (1, 1)),
    ((6, 10), (3, 2), (1, 3), (1, 0)),
    ((5, 5), (5, 5), (1, 1), (2, 2)),
    ((7, 33), (2, 4), (2, 1), (0, 2)),
    ((12, 9), (12, 9), (1, 1), (0, 0)),  # the whole plane
]


@pytest.mark.parametrize("pool", POOLS, ids=str)
@pytest.mark.parametrize("kind", ["max", "avg", "sum"])
@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize("convention", ["valid", "full"])
def test_pooling_and_its_gradient(pool, kind, include, convention):
    size, kernel, stride, pad = pool
    x = RNG.integers(-4, 4, (2, 3, *size)).astype("f4")  # whole numbers: many equal maxima
    step = [n + 2 * p - k for n, p, k in zip(size, pad, kernel, strict=True)]
    rounded = [
        -(-n // s) if convention == "full" else n // s for n, s in zip(step, stride, strict=True)
    ]
    out = (2, 3, rounded[0] + 1, rounded[1] + 1)
    y, dx, g = np.zeros(out), np.zeros(x.shape), normal(*out)
    for at, window, full in reference.windows(x, out, kernel, stride, pad):
        values = x[window].astype("f8")
        if values.size == 0:
            pytest.skip("a window wholly in the padding is left to the reference")
        count = 1 if kind == "sum" else full if include else values.size
        y[at] = values.max() if kind == "max" else values.sum() / count
        if kind == "max":
            first = np.unravel_index(np.argmax(values), values.shape)
            dx[window][first] += g[at]
        else:
            dx[window] += g[at] / count
    attrs = dict(
        kernel=kernel, stride=stride, pad=pad, pool_type=kind, count_include_pad=include,
        pooling_convention=convention, global_pool=False, layout=None,
    )  # fmt: skip
    result = run("Pooling", [out], [x], **attrs)
    np.testing.assert_allclose(result, y, **TIGHT)
    np.testing.assert_allclose(run("pooling_grad", [x.shape], [g, x, result], **attrs), dx, **SUMS)


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_global_pooling(kind):
    x = normal(3, 4, 5, 6)
    y = run("Pooling", [(3, 4, 1, 1)], [x], kernel=(), pool_type=kind, global_pool=True)
    expected = x.astype("f8").max((2, 3)) if kind == "max" else x.astype("f8").mean((2, 3))
    np.testing.assert_allclose(y[:, :, 0, 0], expected, **TIGHT)


def _normalised(x, gamma, beta, eps, axes):
    mean = x.mean(axes, keepdims=True)
    inv_std = 1 / np.sqrt(x.var(axes, keepdims=True) + eps)
    return (x - mean) * inv_std * gamma + beta, mean, inv_std


@pytest.mark.parametrize("shape", [(4, 3), (2, 5, 7), (3, 4, 6, 5)], ids=str)
@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_batch_norm_in_training(shape, fixed, offset):
    x = normal(*shape) + np.float32(offset)
    c = shape[1]
    gamma, beta = normal(c), normal(c)
    spread = (1, c, *[1] * (len(shape) - 2))
    axes = (0, *range(2, len(shape)))
    factor = np.ones(c) if fixed else gamma.astype("f8")
    y, mean, inv_std = _normalised(
        x.astype("f8"), factor.reshape(spread), beta.reshape(spread), 1e-3, axes
    )
    attrs = dict(eps=1e-3, fix_gamma=fixed, use_global_stats=False, axis=1, training=True)
    state = np.zeros(c, "f4"), np.ones(c, "f4")
    result = run("BatchNorm", [shape, (c,), (c,)], [x, gamma, beta, *state], **attrs)
    # At a mean of 1000 the inputs themselves are rounded to 6e-5.
    loose = dict(rtol=1e-4, atol=1e-5 + 2e-7 * offset)
    np.testing.assert_allclose(result[0], y, **(loose | {"atol": loose["atol"] * 3}))
    np.testing.assert_allclose(result[1], mean.reshape(-1), **loose)
    np.testing.assert_allclose(result[2], inv_std.reshape(-1), rtol=1e-3)
    g = normal(*shape)
    hat = (x.astype("f8") - mean) * inv_std
    dbeta, dgamma = g.sum(axes, dtype="f8"), (g * hat).sum(axes)
    count = x.size // c
    dx = (
        inv_std
        * factor.reshape(spread)
        * (g - (dbeta / count).reshape(spread) - hat * (dgamma / count).reshape(spread))
    )
    moments = mean.reshape(-1).astype("f4"), inv_std.reshape(-1).astype("f4")
    grads = run("batch_norm_grad", [shape, (c,), (c,)], [g, x, gamma, *moments], **attrs)
    np.testing.assert_allclose(grads[0], dx, rtol=1e-3, atol=2e-5 + 4e-7 * offset)
    np.testing.assert_allclose(
        grads[1], 0 if fixed else dgamma, rtol=1e-3, atol=1e-4 + 4e-6 * offset
    )
    np.testing.assert_allclose(grads[2], dbeta, **SUMS)


@pytest.mark.parametrize("size", [0, 1, 5, 16, 1001, 200_003])
@pytest.mark.parametrize(
    "name", ["relu", "sigmoid", "tanh", "relu_grad", "sigmoid_grad", "tanh_grad"]
)
def test_elementwise(name, size):
    x, g = normal(size) * 5, normal(size)
    x64 = x.astype("f8")
    expected = {
        "relu": lambda: np.maximum(x64, 0),
        "sigmoid": lambda: 1 / (1 + np.exp(-x64)),
        "tanh": lambda: np.tanh(x64),
        "relu_grad": lambda: g * (x64 > 0),
        "sigmoid_grad": lambda: g * x64 * (1 - x64),
        "tanh_grad": lambda: g * (1 - x64 * x64),
    }[name]()
    ins = [g, x] if name.endswith("grad") else [x]
    np.testing.assert_allclose(run(name, [(size,)], ins), expected, rtol=1e-5, atol=1e-6)


def test_elementwise_kernels_may_write_over_their_input():
    x = normal(3, 5)
    expected = np.maximum(x, 0)
    aval = Aval(x.shape, x.dtype)
    kernels.find("relu", [aval], [aval], {})(x, x)
    np.testing.assert_array_equal(x, expected)


def test_nan_survives_the_rectifier():
    x = np.array([np.nan, -1, 2], "f4")
    np.testing.assert_array_equal(run("relu", [(3,)], [x]), [np.nan, 0, 2])


def _optimizer_case(rule):
    shapes = [(3,), (17, 5), (1, 1, 2)]
    states = {"sgd_update": 0, "sgd_mom_update": 1, "adam_update": 2}[rule]
    rows = [tuple(normal(*s) for _ in range(2 + states)) for s in shapes]
    return [row[:3] + tuple(abs(v) for v in row[3:]) for row in rows]


@pytest.mark.parametrize("rule", ["sgd_update", "sgd_mom_update", "adam_update"])
def test_one_step_over_many_parameters(rule):
    rows = _optimizer_case(rule)
    rates, decays, rescale = [0.1, 0.2, 0.3], [0.0, 0.01, 0.1], 0.5
    constants = dict(momentum=0.9, beta1=0.9, beta2=0.99, epsilon=1e-3)
    expected = []
    for (weight, grad, *state), lr, wd in zip(rows, rates, decays, strict=True):
        g = rescale * grad.astype("f8") + wd * weight
        if rule == "sgd_update":
            expected.append((weight - lr * g,))
        elif rule == "sgd_mom_update":
            mom = 0.9 * state[0] - lr * g
            expected.append((weight + mom, mom))
        else:
            m, v = 0.9 * state[0] + 0.1 * g, 0.99 * state[1] + 0.01 * g * g
            expected.append((weight - lr * m / (np.sqrt(v) + 1e-3), m, v))
    step = kernels.multi_step(rule, rows)
    used = {n: constants[n] for n in step._constants}
    step(rates, decays, rescale, **used)
    for row, wanted in zip(rows, expected, strict=True):
        for actual, value in zip((row[0], *row[2:]), wanted, strict=True):
            np.testing.assert_allclose(actual, value, rtol=1e-5, atol=1e-6)
    assert step.holds(rows)
    assert not step.holds([tuple(a.copy() for a in row) for row in rows])


def test_multi_step_refuses_what_it_cannot_address():
    w = normal(4, 4)
    assert kernels.multi_step("sgd_update", [(w[:, ::2], w[:, ::2])]) is None
    assert kernels.multi_step("sgd_update", [(w.astype("f8"), w.astype("f8"))]) is None
    assert kernels.multi_step("lamb_update", [(w, w)]) is None


@pytest.mark.parametrize("sizes", [(2, 3, 4), (300, 200, 100), (7, 2000, 900), (900, 7, 1000)])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_products_on_our_threads(sizes, transposed, count):
    m, k, n = sizes
    a, b, y = normal(m, k), normal(k, n), np.full((m, n), np.nan, "f4")
    if transposed:
        a, b = np.ascontiguousarray(a.T).T, np.ascontiguousarray(b.T).T
    aval = lambda x: Aval(x.shape, x.dtype)  # noqa: E731
    before, blas_before = threads.budget(), blas.get_threads()
    try:
        threads.set_budget(count)
        kernels.find("matmul", [aval(a), aval(b)], [aval(y)], {})(y, a, b)
        assert blas.get_threads() in {count, None}
    finally:
        threads.set_budget(before)
        blas.set_threads(blas_before or before)
    np.testing.assert_allclose(y, a.astype("f8") @ b, rtol=1e-4, atol=1e-3)


def test_every_supported_operator_names_a_builder():
    import importlib

    for name, family in (kernels._FAMILY | kernels._PLAIN).items():
        assert name in importlib.import_module(f"dlstudio.kernels.{family}").BUILDERS


def test_results_do_not_depend_on_the_number_of_threads():
    x = normal(64, 32, 24, 24)
    before, results = threads.budget(), []
    try:
        for count in (1, 2):
            threads.set_budget(count)
            results.append(
                run(
                    "Pooling",
                    [(64, 32, 12, 12)],
                    [x],
                    kernel=(2, 2),
                    stride=(2, 2),
                    pool_type="max",
                )
            )
    finally:
        threads.set_budget(before)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (2, 5, 64), (300, 257)], ids=str)
@pytest.mark.parametrize("offset", [0, 1000])
def test_layer_norm_and_its_gradient(shape, offset):
    x, g = normal(*shape) + np.float32(offset), normal(*shape)
    gamma, beta = normal(shape[-1]), normal(shape[-1])
    wide = x.astype("f8")
    mean = wide.mean(-1, keepdims=True)
    std = np.sqrt(wide.var(-1, keepdims=True) + 1e-5)
    hat, t = (wide - mean) / std, g * gamma.astype("f8")
    y, m, s = run("LayerNorm", [shape, mean.shape, std.shape], [x, gamma, beta], axis=-1, eps=1e-5)
    # float32 knows values about 1000 to 6e-5
    error = dict(rtol=1e-4, atol=2e-4 / std.min()) if offset else SUMS
    for actual, expected in ((y, hat * gamma + beta), (m, mean), (s, std)):
        np.testing.assert_allclose(actual, expected, **error)
    dx, dgamma, dbeta = run(
        "layer_norm_grad", [shape, gamma.shape, beta.shape],
        [g, x, gamma, mean.astype("f4"), std.astype("f4")], axis=-1,
    )  # fmt: skip
    n, others = shape[-1], tuple(range(len(shape) - 1))
    slope = (t - t.sum(-1, keepdims=True) / n - hat * (t * hat).sum(-1, keepdims=True) / n) / std
    error = dict(rtol=1e-3, atol=2e-3 / std.min()) if offset else dict(rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(dx, slope, **error)
    np.testing.assert_allclose(dgamma, (g * hat).sum(others), rtol=1e-3, atol=100 * error["atol"])
    np.testing.assert_allclose(dbeta, g.sum(others), rtol=1e-4, atol=1e-4)


def test_layer_norm_over_another_axis_is_left_to_the_reference():
    data, line = Aval((3, 4), np.dtype("f4")), Aval((3,), np.dtype("f4"))
    stats = Aval((1, 4), np.dtype("f4"))
    assert kernels.find("LayerNorm", [data, line, line], [data, stats, stats], {"axis": 0}) is None
