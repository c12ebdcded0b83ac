"""The extensions `linalg` and `fft`, in real and complex numbers, against NumPy."""

import numpy as np
import pytest

from tests.unit.array_api.compare import assert_same, check, definite, numbers, xp
from tests.unit.array_api.standard import COMPLEX, REAL

FLOATING = [*REAL, *COMPLEX]
SQUARE = [
    ("cholesky", (), {}),
    ("cholesky", (), {"upper": True}),
    ("det", (), {}),
    ("diagonal", (), {"offset": -1}),
    ("eigvalsh", (), {}),
    ("inv", (), {}),
    ("matrix_norm", (), {}),
    ("matrix_norm", (), {"ord": "nuc"}),
    ("matrix_norm", (), {"ord": 2, "keepdims": True}),
    ("matrix_norm", (), {"ord": -2}),
    ("matrix_norm", (), {"ord": 1}),
    ("matrix_norm", (), {"ord": -np.inf}),
    ("matrix_power", (0,), {}),
    ("matrix_power", (3,), {}),
    ("matrix_power", (-2,), {}),
    ("matrix_rank", (), {}),
    ("pinv", (), {}),
    ("slogdet", (), {}),
    ("svdvals", (), {}),
    ("trace", (), {}),
    ("trace", (), {"offset": 1}),
    ("vector_norm", (), {}),
    ("vector_norm", (), {"axis": -1, "ord": 3}),
    ("vector_norm", (), {"axis": (0, 1), "ord": 1, "keepdims": True}),
    ("vector_norm", (), {"ord": 0}),
    ("vector_norm", (), {"ord": np.inf, "axis": -1}),
    ("vector_norm", (), {"ord": -np.inf, "axis": -1}),
]


@pytest.mark.parametrize("dtype", FLOATING)
def test_functions_of_square_matrices(dtype):
    for shape in ((3, 3), (2, 3, 3), (0, 3, 3)):
        x = definite(dtype, *shape)
        for name, args, kwargs in SQUARE:
            check(f"linalg.{name}", x, *args, rtol=2e-4, **kwargs)


@pytest.mark.parametrize("dtype", FLOATING)
def test_systems_of_equations(dtype):
    one, many = definite(dtype, 3, 3), definite(dtype, 2, 3, 3)
    for a, b in ((one, (3,)), (many, (3,)), (many, (3, 2)), (one, (2, 3, 1))):
        check("linalg.solve", a, numbers(dtype, *b), rtol=1e-3)


def product(*factors):
    result = factors[0]
    for x in factors[1:]:
        result = xp.matmul(result, x)
    return result


def close(found, wanted):
    np.testing.assert_allclose(found.asnumpy(), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", FLOATING)
def test_factors_multiply_to_the_matrix(dtype):
    for shape in ((4, 3), (3, 4), (2, 3, 5), (0, 3)):
        host = numbers(dtype, *shape)
        x = xp.asarray(host, copy=True)
        thin = xp.linalg.svd(x, full_matrices=False)
        close(product(thin.U * thin.S[..., None, :], thin.Vh), host)
        full = xp.linalg.svd(x)
        assert (full.U.shape[-1], full.Vh.shape[-2]) == shape[-2:]
        assert full.S.dtype == xp.real(x).dtype
        for mode in ("reduced", "complete"):
            found = xp.linalg.qr(x, mode=mode)
            close(product(found.Q, found.R), host)
            assert_same([xp.zeros(m.shape) for m in found], [np.zeros(m.shape) for m in
                np.linalg.qr(host, mode=mode)])  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATING)
def test_eigenvectors(dtype):
    host = definite(dtype, 2, 3, 3)
    found = xp.linalg.eigh(xp.asarray(host))
    vectors = found.eigenvectors
    back = xp.conj(xp.matrix_transpose(vectors))
    close(product(vectors * found.eigenvalues[..., None, :], back), host)
    assert found.eigenvalues.dtype == np.zeros(1, dtype).real.dtype


@pytest.mark.parametrize("dtype", FLOATING)
def test_more_of_linear_algebra(dtype):
    x, y = numbers(dtype, 4, 3), numbers(dtype, 2, 3, 5)
    for matrix in (x, y):
        check("linalg.pinv", matrix, rtol=1e-3)
        check("linalg.matrix_rank", matrix)
    check("linalg.cross", x, x[0])
    check("linalg.cross", x[:3], x[:3], axis=0)
    check("linalg.outer", x[0], x[1])
    check("linalg.matmul", x.T, x)
    check("linalg.tensordot", x, x, axes=((0,), (0,)))
    check("linalg.vecdot", x, x)
    check("linalg.matrix_transpose", y)


def test_tolerances_of_ranks_and_inverses():
    values = np.stack([np.diag([1.0, 1e-3, 1e-6]), np.diag([2.0, 1.0, 1e-9])])
    x = xp.asarray(values)
    assert xp.linalg.matrix_rank(x).asnumpy().tolist() == [3, 3]
    assert xp.linalg.matrix_rank(x, rtol=1e-2).asnumpy().tolist() == [1, 2]
    assert xp.linalg.matrix_rank(x, rtol=xp.asarray([1e-4, 0.6])).asnumpy().tolist() == [2, 1]
    close(xp.linalg.pinv(x, rtol=1e-2)[0], np.diag([1.0, 0.0, 0.0]))
    each = xp.linalg.pinv(x, rtol=xp.asarray([1e-4, 1e-2]))
    np.testing.assert_allclose(each[0].asnumpy(), np.diag([1.0, 1e3, 0.0]), atol=1e-9)


def test_the_trace_of_small_integers_does_not_overflow():
    x = np.full((3, 3), 100, "int8")
    check("linalg.trace", x)
    check("linalg.trace", x, dtype=np.dtype("float32"))


# --- fft ----------------------------------------------------------------------------------------

ONE_AXIS = ({}, {"n": 7}, {"axis": 0, "norm": "ortho"}, {"n": 2, "norm": "forward"})
AXES = ({}, {"s": (3, 8), "axes": (0, 2)}, {"axes": (1,), "norm": "ortho"})


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_transforms_along_one_axis(name):
    for dtype in REAL if name in ("rfft", "ihfft") else FLOATING:
        for options in ONE_AXIS:
            check(f"fft.{name}", numbers(dtype, 4, 6), rtol=1e-4, **options)


@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
def test_transforms_along_several_axes(name):
    for dtype in REAL if name == "rfftn" else FLOATING:
        for options in AXES:
            check(f"fft.{name}", numbers(dtype, 4, 6, 5), rtol=1e-3, **options)


def test_frequencies():
    for n in (1, 4, 5):
        for name in ("fft.fftfreq", "fft.rfftfreq"):
            check(name, n)
            check(name, n, d=0.5)
    assert xp.fft.fftfreq(4, dtype=xp.float32).dtype == xp.float32


@pytest.mark.parametrize("name", ["fft.fftshift", "fft.ifftshift"])
def test_shifts(name):
    for dtype in FLOATING:
        for options in ({}, {"axes": 0}, {"axes": (0, -1)}):
            check(name, numbers(dtype, 4, 5), **options)


def test_a_real_transform_refuses_complex_numbers():
    with pytest.raises(ValueError, match="complex"):
        xp.fft.rfft(xp.asarray([1j, 2.0]))
