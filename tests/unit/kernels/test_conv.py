"""Convolution kernels against the formula, over shapes that reach every loop and every edge."""

import itertools

import numpy as np
import pytest

from dlstudio import kernels
from dlstudio.core.avals import Aval
from tests.unit.kernels import reference

# float32 sums of K products of unit normals carry an error of about sqrt(K) * 6e-8 * sqrt(K);
# the largest K here is 3 * 13 * 17 * ... < 2000, and results are of the size sqrt(K).
RTOL = 2e-5


def aval(x):
    return Aval(x.shape, x.dtype)


def close(actual, expected):
    assert np.abs(actual - expected).max() <= RTOL * np.abs(expected).max()


def attrs_of(kernel, stride, dilate, pad, groups):
    return dict(kernel=kernel, stride=stride, dilate=dilate, pad=pad, num_group=groups, layout=None)


def check(batch, channels, size, outputs, kernel, stride, dilate, pad, groups):
    rng = np.random.default_rng(batch + 7 * channels + 31 * outputs)
    normal = lambda *shape: rng.standard_normal(shape).astype("f4")  # noqa: E731
    x, b = normal(batch, channels, *size), normal(outputs)
    w = normal(outputs, channels // groups, *kernel)
    expected = reference.convolution(x, w, b, stride, dilate, pad, groups)
    g = normal(*expected.shape)
    dx_expected, dw_expected = reference.convolution_gradients(g, x, w, stride, dilate, pad, groups)
    attrs = attrs_of(kernel, stride, dilate, pad, groups)
    # NaN in the outputs shows every place that a kernel forgets to write.
    y, dx, dw = (np.full(a.shape, np.nan, "f4") for a in (expected, x, w))
    for name, out, ins, wanted in (
        ("Convolution", y, (x, w, b), expected),
        ("convolution_grad_data", dx, (g, w), dx_expected),
        ("convolution_grad_weight", dw, (g, x), dw_expected),
    ):
        run = kernels.find(name, [aval(a) for a in ins], [aval(out)], attrs)
        if run is None:  # windows of one value are left to NumPy's products
            assert (kernel, groups) == ((1, 1), 1)
        else:
            run(out, *ins)
            close(out, wanted)


CHANNELS = [
    (1, 6, 1),
    (6, 16, 1),
    (3, 40, 1),
    (16, 8, 1),
    (8, 8, 8),
    (4, 8, 2),
    (32, 33, 1),
    (6, 12, 3),
]
PLANES = [(9, 13), (16, 16), (7, 5), (1, 1)]
KERNELS = [(3, 3), (5, 5), (1, 1), (2, 3)]
WINDOWS = [
    ((1, 1), (1, 1)),
    ((2, 2), (1, 1)),
    ((3, 1), (2, 1)),
    ((1, 2), (1, 2)),
]
PADS = [(0, 0), (1, 1), (2, 3)]


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("channels", CHANNELS, ids=str)
@pytest.mark.parametrize("size", PLANES, ids=str)
def test_convolution_and_its_gradients_equal_the_formula(channels, size):
    for kernel, (stride, dilate), pad in itertools.product(KERNELS, WINDOWS, PADS):
        if min(reference.out_size(size, kernel, stride, dilate, pad)) >= 1:
            check(3, channels[0], size, channels[1], kernel, stride, dilate, pad, channels[2])


@pytest.mark.usefixtures("compiled")
def test_one_image_and_many_threads_agree():
    from dlstudio.kernels import threads

    before = threads.budget()
    try:
        for count in (1, 2, 3):
            threads.set_budget(count)
            for batch in (1, 2, 17):
                check(batch, 16, (20, 20), 16, (3, 3), (1, 1), (1, 1), (1, 1), 1)
                check(batch, 64, (20, 20), 48, (1, 1), (1, 1), (1, 1), (0, 0), 1)
    finally:
        threads.set_budget(before)


@pytest.mark.usefixtures("compiled")
def test_one_dimensional_convolution():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 11)).astype("f4"), rng.standard_normal((5, 3, 4)).astype("f4")
    expected = reference.convolution(x, w, None, (2,), (1,), (1,), 1)
    y = np.empty(expected.shape, "f4")
    attrs = attrs_of((4,), (2,), (1,), (1,), 1)
    kernels.find("Convolution", [aval(x), aval(w)], [aval(y)], attrs)(y, x, w)
    close(y, expected)


@pytest.mark.usefixtures("compiled")
def test_scratch_of_one_call_does_not_leak_into_the_next():
    rng = np.random.default_rng(0)
    w = rng.standard_normal((6, 2, 3, 3)).astype("f4")
    attrs = attrs_of((3, 3), (1, 1), (1, 1), (1, 1), 1)
    first, second = (rng.standard_normal((2, 2, 8, 8)).astype("f4") for _ in range(2))
    y = np.empty((2, 6, 8, 8), "f4")
    run = kernels.find("Convolution", [aval(first), aval(w)], [aval(y)], attrs)
    run(y, first, w)
    run(y, second, w)
    close(y, reference.convolution(second, w, None, (1, 1), (1, 1), (1, 1), 1))


@pytest.mark.usefixtures("compiled")
def test_a_nan_in_the_input_reaches_the_output():
    x, w = np.zeros((1, 1, 5, 5), "f4"), np.ones((1, 1, 3, 3), "f4")
    x[0, 0, 2, 2] = np.nan
    y = np.empty((1, 1, 3, 3), "f4")
    run = kernels.find(
        "Convolution", [aval(x), aval(w)], [aval(y)], attrs_of((3, 3), (), (), (), 1)
    )
    run(y, x, w)
    assert np.isnan(y).all()


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize(
    ("shape", "dtype", "layout"),
    [
        ((1, 1, 4, 4, 4), "f4", None),
        ((1, 1, 4, 4), "f8", None),
        ((1, 4, 4, 1), "f4", "NHWC"),
        ((0, 1, 4, 4), "f4", None),
    ],
    ids=["3-D", "float64", "NHWC", "empty"],
)  # fmt: skip
def test_what_the_loops_do_not_cover_is_left_to_the_reference(shape, dtype, layout):
    x = Aval(shape, np.dtype(dtype))
    w = Aval((2, 1, *[3] * (len(shape) - 2)), np.dtype(dtype))
    attrs = attrs_of(w.shape[2:], (), (), (), 1) | {"layout": layout}
    assert kernels.find("Convolution", [x, w], [x], attrs) is None


@pytest.mark.usefixtures("compiled")
def test_few_positions_are_left_to_products():
    x, w, y = (Aval(s, np.dtype("f4")) for s in ((2, 256, 4, 4), (256, 256, 3, 3), (2, 256, 4, 4)))
    attrs = attrs_of((3, 3), (1, 1), (1, 1), (1, 1), 1)
    assert kernels.find("Convolution", [x, w], [y], attrs) is None
    assert kernels.find("convolution_grad_weight", [y, x], [w], attrs) is None
