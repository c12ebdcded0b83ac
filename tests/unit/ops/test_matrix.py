"""Matrix functions: gradients among symmetric matrices, and errors of singular ones."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio.core.registry import OPS
from dlstudio.errors import ParamError, ShapeError
from dlstudio.ops import einsum


def definite(n, seed=0):
    x = np.random.default_rng(seed).uniform(0.5, 1.5, (n, n))
    return x @ x.T + 2 * np.eye(n)


def symmetric_slope(function, a, step, weights):
    """Numeric derivative along a symmetric step."""
    e = 1e-6
    return ((function(a + e * step) - function(a - e * step)) / (2 * e) * weights).sum()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (mx.np.linalg.cholesky, np.linalg.cholesky),
        (mx.np.linalg.eigvalsh, np.linalg.eigvalsh),
        (nd.linalg.potrf, np.linalg.cholesky),
    ],
)
def test_gradients_among_symmetric_matrices_are_the_slopes(ours, theirs):
    a, rng = definite(3), np.random.default_rng(1)
    weights = rng.standard_normal(theirs(a).shape)
    step = rng.standard_normal((3, 3))
    step = step + step.T
    x = mx.np.array(a, dtype="float64")
    x.attach_grad()
    with autograd.record():
        y = ours(x)
    y.backward(mx.np.array(weights, dtype="float64"))
    slope = (x.grad.asnumpy() * step).sum()
    np.testing.assert_allclose(slope, symmetric_slope(theirs, a, step, weights), rtol=1e-5)


def test_eigenvectors_rebuild_the_matrix():
    a = definite(4)
    vectors, values = nd.linalg.syevd(nd.array(a, dtype="float64"))
    u, v = vectors.asnumpy(), values.asnumpy()
    np.testing.assert_allclose(u.T @ np.diag(v) @ u, a, rtol=1e-10)


def test_lq_factors_rebuild_a_wide_matrix():
    a = np.random.default_rng(2).standard_normal((2, 3))
    q, lower = nd.linalg.gelqf(nd.array(a, dtype="float64"))
    np.testing.assert_allclose(lower.asnumpy() @ q.asnumpy(), a, rtol=1e-10)
    assert abs(lower.asnumpy()[0, 1]) < 1e-12


def test_a_singular_matrix_is_our_error():
    with pytest.raises(ParamError, match="full rank"):
        nd.linalg.inverse(nd.ones((2, 2)))
    with pytest.raises(ShapeError, match="square matrices"):
        nd.linalg.potrf(nd.ones((2, 3)))


def test_dot_names_the_lengths_that_differ():
    with pytest.raises(ShapeError, match="3 is not 2"):
        nd.dot(nd.ones((2, 3)), nd.ones((2, 3)))


@pytest.mark.parametrize("subscripts", ["ij,jk->ik", "ii->i", "bij,bjk", "...j,j", "i,j->ji"])
def test_einsum_agrees_with_numpy(subscripts):
    shapes = {"ij,jk->ik": [(2, 3), (3, 2)], "ii->i": [(3, 3)], "bij,bjk": [(2, 2, 3), (2, 3, 2)]}
    operands = [
        np.random.default_rng(i).standard_normal(shape)
        for i, shape in enumerate(shapes.get(subscripts, [(3,), (3,)]))
    ]
    ours = mx.np.einsum(subscripts, *(mx.np.array(x, dtype="float64") for x in operands))
    np.testing.assert_allclose(ours.asnumpy(), np.einsum(subscripts, *operands), rtol=1e-12)


def test_sums_over_pairs_agree_with_numpy(monkeypatch):
    """Any letters: batches, outer products, sums, diagonals, axes of length 1 and 0."""
    monkeypatch.setattr(einsum, "_FEW", 0)
    rng = np.random.default_rng(0)
    for _ in range(300):
        lengths = dict(zip("abcde", rng.integers(1, 4, 5).tolist(), strict=True))
        lengths["a"] = int(rng.choice([0, 1, 2]))
        repeated = rng.random() < 0.2
        terms = [
            "".join(rng.choice(list("abcde"), rng.integers(0, 4), replace=repeated))
            for _ in range(rng.integers(2, 5))
        ]
        letters = sorted(set("".join(terms)))
        result = "".join(rng.permutation(letters)[: rng.integers(0, len(letters) + 1)])
        arrays = [rng.normal(size=[lengths[c] for c in term]) for term in terms]
        text = f"{','.join(terms)}->{result}"
        found = OPS["einsum_of"].forward(np, *arrays, subscripts=text)
        np.testing.assert_allclose(found, np.einsum(text, *arrays), atol=1e-12, err_msg=text)
