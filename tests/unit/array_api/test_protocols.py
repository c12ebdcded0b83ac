"""NumPy's own functions on our arrays: results ours, dtypes NumPy's, gradients recorded."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd
from dlstudio.errors import GradError, MXNetError, ShapeError

X = np.array([[1.0, 2.0], [3.0, 5.0]], "float32")
I = X.astype("int32")  # noqa: E741  integers
REAL = {
    "abs": np.abs,
    "add": lambda x: np.add(x, X),
    "add of an array on the left": lambda x: X + x,
    "amax": lambda x: np.max(x, axis=1),
    "argsort": lambda x: np.argsort(x, axis=0),
    "average": lambda x: np.average(x, axis=0),
    "broadcast_to": lambda x: np.broadcast_to(x, (3, 2, 2)),
    "clip": lambda x: np.clip(x, 1.5, 4),
    "concatenate": lambda x: np.concatenate([x, X, x], axis=1),
    "cumsum": lambda x: np.cumsum(x, axis=0),
    "diff": np.diff,
    "divide by an array": lambda x: X / x,
    "dot": lambda x: np.dot(x, x),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "exp": np.exp,
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "flip": np.flip,
    "hypot with a number": lambda x: np.hypot(x, 3.0),
    "inverse": np.linalg.inv,
    "matmul": lambda x: X @ x,
    "mean": np.mean,
    "mean over an axis": lambda x: np.mean(x, axis=0, keepdims=True),
    "mean by position": lambda x: np.mean(x, 0, None, None, True),
    "median": lambda x: np.median(x, axis=1),
    "minimum": lambda x: np.minimum(x, 2.5),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "norm": np.linalg.norm,
    "outer": lambda x: np.outer(x, x),
    "pad": lambda x: np.pad(x, 1),
    "percentile": lambda x: np.percentile(x, 30),
    "prod": lambda x: np.prod(x, axis=1),
    "ravel": np.ravel,
    "reshape": lambda x: np.reshape(x, (4,)),
    "roll": lambda x: np.roll(x, 1),
    "sin": np.sin,
    "solve": lambda x: np.linalg.solve(x, X),
    "sort": lambda x: np.sort(x, axis=0),
    "split": lambda x: np.split(x, 2),
    "sqrt": np.sqrt,
    "squeeze": lambda x: np.squeeze(x[None]),
    "stack": lambda x: np.stack([x, x], axis=1),
    "std": lambda x: np.std(x, ddof=1),
    "sum": lambda x: np.sum(x, (0, 1)),
    "sum in float64": lambda x: np.sum(x, dtype="float64"),
    "svd": np.linalg.svd,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "take": lambda x: np.take(x, [1, 0], axis=1),
    "tanh": np.tanh,
    "tensordot": lambda x: np.tensordot(x, x),
    "tile": lambda x: np.tile(x, (2, 1)),
    "trace": np.trace,
    "transpose": np.transpose,
    "var": lambda x: np.var(x, axis=1),
    "where": lambda x: np.where(x > 2, x, 0),
}
ANY = REAL | {
    "accumulate": lambda x: np.add.accumulate(x, axis=1),
    "allclose": lambda x: np.allclose(x, x),
    "array_equal": lambda x: np.array_equal(x, x),
    "bits": np.signbit,
    "count_nonzero": np.count_nonzero,
    "divmod": lambda x: np.divmod(x, 2),
    "fft": np.fft.fft,
    "full_like": lambda x: np.full_like(x, 3),
    "gradient": np.gradient,
    "histogram": lambda x: np.histogram(x, bins=2),
    "insert": lambda x: np.insert(x, 1, 5, axis=0),
    "interp": lambda x: np.interp(x, [0, 5], [0, 10]),
    "isnan": np.isnan,
    "largest from a start": lambda x: np.max(x, initial=9),
    "like": lambda x: np.asarray([1], like=x),
    "linspace between arrays": lambda x: np.linspace(x[0], x[1], 3),
    "logical_and": lambda x: np.logical_and(x, x > 1),
    "maximum.reduce": lambda x: np.maximum.reduce(x, axis=1),
    "modf": np.modf,
    "multiply.outer": lambda x: np.multiply.outer(x, x[0]),
    "multiply.reduce": lambda x: np.multiply.reduce(x, axis=None, keepdims=True),
    "nonzero": np.nonzero,
    "polyfit": lambda x: np.polyfit(x[0], x[1], 1),
    "reduce": np.add.reduce,
    "reduce from a start": lambda x: np.add.reduce(x, initial=1),
    "reduceat": lambda x: np.add.reduceat(x, [0, 1]),
    "sum of some": lambda x: np.sum(x, where=np.array([True, False])),
    "unique": np.unique,
    "zeros_like": np.zeros_like,
}


def compare(found, wanted):
    if isinstance(wanted, (list, tuple)):
        for a, b in zip(found, wanted, strict=True):
            compare(a, b)
    elif isinstance(wanted, bool):
        assert found is wanted
    else:
        wanted = np.asarray(wanted)
        assert isinstance(found, mx.np.ndarray), type(found)
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        np.testing.assert_allclose(found.asnumpy(), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ANY)
@pytest.mark.parametrize("source", [X, I], ids=["real", "whole"])
def test_numpys_functions_answer_as_on_numpys_arrays(name, source):
    if source is I and name in ("divide by an array", "add", "add of an array on the left"):
        return  # np's own rule: int32 with float32 is float32
    wanted = ANY[name](source)
    if name in ("concatenate", "matmul", "solve") and source is I:
        wanted = np.asarray(wanted, np.result_type(I, X))
    compare(ANY[name](mx.np.array(source)), wanted)


METHODS = ("accumulate", "maximum.reduce", "multiply.outer", "multiply.reduce", "reduce")


@pytest.mark.parametrize(
    "name", [*(n for n in REAL if n not in ("argsort", "split", "svd")), *METHODS]
)
def test_gradients_flow_through_numpys_functions(name):
    x = mx.np.array(X)
    x.attach_grad()
    with autograd.record():
        y = ANY[name](x)
    assert y._entry is not None
    y.backward()


def test_the_gradient_is_that_of_our_function():
    x = mx.np.array(X)
    x.attach_grad()
    with autograd.record():
        y = np.sum(np.exp(np.concatenate([x, X * 2])) * np.float32(3))
    y.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), 3 * np.exp(X), rtol=1e-5)


def test_results_go_where_out_says():
    x, ours, theirs = mx.np.array(X), mx.np.zeros((2, 2)), np.zeros((2, 2), "float32")
    assert np.exp(x, out=ours) is ours
    assert np.exp(x, out=theirs) is theirs
    assert np.add(X, X, out=ours) is ours
    np.testing.assert_allclose(ours.asnumpy(), 2 * X)
    np.testing.assert_allclose(theirs, np.exp(X), rtol=1e-6)
    total = mx.np.zeros(2)
    assert np.add.reduce(x, axis=0, out=total) is total
    assert np.sum(x, axis=0, out=total) is total
    whole, rest = mx.np.zeros((2, 2)), mx.np.zeros((2, 2))
    np.divmod(x, 2, out=(whole, rest))
    assert rest.asnumpy().tolist() == [[1, 0], [1, 1]]


def test_out_refuses_what_it_cannot_hold():
    with pytest.raises(TypeError):
        np.exp(mx.np.array(X), out=mx.np.zeros((2, 2), dtype="int32"))


def test_in_place_updates_at_positions():
    x = mx.np.zeros(3)
    np.add.at(x, [0, 0, 2], 1)
    np.add.at(x, mx.np.array([1, 1]).astype("int64"), mx.np.array([2.0, 3.0]))
    assert x.asnumpy().tolist() == [2, 5, 1]
    host = np.zeros(2)
    np.multiply.at(host, [0], mx.np.ones(1))
    x.attach_grad()
    with autograd.record(), pytest.raises(GradError):
        np.add.at(x, [0], 1)


def test_functions_that_write_into_our_array():
    x = mx.np.zeros((2, 2))
    np.copyto(x, X)
    np.fill_diagonal(x, 9)
    np.put(x, [1], [7])
    assert x.asnumpy().tolist() == [[9, 7], [3, 9]]


def test_writing_through_numpy_leaves_views_taken_before_alone():
    x = mx.np.array(X)
    turned = x.T
    np.copyto(x, 0)
    np.testing.assert_array_equal(turned.asnumpy(), X.T)


def test_numpys_numbers_are_numbers():
    x = mx.np.array(X)
    assert (np.float64(2) * x).dtype == (x * np.float64(2)).dtype == np.float32
    assert isinstance(np.float64(2) * x, mx.np.ndarray)
    assert isinstance(np.float32(2) < x, mx.np.ndarray)


def test_results_stay_on_the_device():
    x = mx.np.array(X, device=mx.cpu(1))
    assert np.sin(x).device == mx.cpu(1)
    assert np.concatenate([x, X]).device == mx.cpu(1)
    assert np.unique(x).device == mx.cpu(1)
    assert (X + x).device == mx.cpu(1)


def test_our_error_teaches_where_numpy_fails_too():
    with pytest.raises(ShapeError, match="every axis but"):
        np.concatenate([mx.np.ones((2, 3)), mx.np.ones((2, 4))])
    with pytest.raises((ValueError, MXNetError)):
        np.matmul(mx.np.ones((2, 3)), mx.np.ones((2, 3)))


def test_classic_arrays_take_part():
    found = np.add(mx.np.array(X), mx.nd.array(X))
    assert isinstance(found, mx.np.ndarray)
    np.testing.assert_allclose(found.asnumpy(), 2 * X)


def test_foreign_types_are_left_to_themselves():
    class Foreign:
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return "mine"

        def __array_function__(self, function, types, args, kwargs):
            return "mine"

    assert np.add(mx.np.ones(2), Foreign()) == "mine"
    assert np.concatenate([mx.np.ones(2), Foreign()]) == "mine"


def test_an_array_without_axes_is_not_iterable():
    assert not np.iterable(mx.np.array(1.0))
    assert np.iterable(mx.np.ones(1))


def test_lists_beside_our_arrays_are_arrays():
    np.testing.assert_allclose(np.polyval([1, 2], mx.np.array(X)).asnumpy(), X + 2)


def test_matplotlib_draws_our_arrays(tmp_path):
    from matplotlib.figure import Figure

    x, counts = mx.np.array(X), mx.np.array([1, 2, 3], dtype="int64")
    axes = Figure().subplots()
    axes.plot(x[0], x[1])
    axes.bar(counts, counts)
    axes.hist(x[0], bins=2)
    axes.imshow(x)
    axes.set_xlim(x.min(), x.max())
    axes.figure.savefig(tmp_path / "drawn.png")
    assert (tmp_path / "drawn.png").stat().st_size > 0
