"""What the standard says must raise, raises; and the message is one of ours."""

import pytest

import dlstudio as mx
from dlstudio.errors import MXNetError
from tests.unit.array_api.compare import numbers, ours, xp

X = ours(numbers("float32", 3, 4))
VECTOR = ours(numbers("float32", 4))

CASES = {
    "axis of a sum": (lambda: xp.sum(X, axis=2), ValueError),
    "axis of expand_dims": (lambda: xp.expand_dims(X, axis=3), IndexError),
    "axis of flip": (lambda: xp.flip(X, axis=-3), IndexError),
    "axis of unstack": (lambda: xp.unstack(X, axis=2), IndexError),
    "axis of repeat": (lambda: xp.repeat(X, 2, axis=2), IndexError),
    "axis of concat": (lambda: xp.concat([X, X], axis=2), IndexError),
    "axis of argmax": (lambda: xp.argmax(X, axis=5), ValueError),
    "an axis twice": (lambda: xp.sum(X, axis=(0, 0)), ValueError),
    "squeeze of a long axis": (lambda: xp.squeeze(X, 0), ValueError),
    "reshape to another size": (lambda: xp.reshape(X, (5,)), ValueError),
    "permute_dims with an axis twice": (lambda: xp.permute_dims(X, (0, 0)), ValueError),
    "shapes that do not broadcast": (lambda: xp.add(X, xp.ones(3)), ValueError),
    "broadcast_to a smaller shape": (lambda: xp.broadcast_to(X, (4,)), ValueError),
    "broadcast_arrays": (lambda: xp.broadcast_arrays(X, xp.ones(3)), ValueError),
    "broadcast_shapes": (lambda: xp.broadcast_shapes((3,), (4,)), ValueError),
    "concat of other shapes": (lambda: xp.concat([X, xp.ones((2, 3))]), ValueError),
    "stack of other shapes": (lambda: xp.stack([X, VECTOR]), ValueError),
    "matmul of scalars": (lambda: xp.matmul(xp.asarray(1.0), X), ValueError),
    "matmul of other lengths": (lambda: xp.matmul(X, X), ValueError),
    "vecdot of other lengths": (lambda: xp.vecdot(X, xp.ones((3, 1))), ValueError),
    "tensordot of other lengths": (lambda: xp.tensordot(X, X, axes=1), ValueError),
    "matrix_transpose of a vector": (lambda: xp.matrix_transpose(VECTOR), ValueError),
    "the largest of nothing": (lambda: xp.max(xp.zeros((0, 3))), ValueError),
    "argmin of nothing": (lambda: xp.argmin(xp.zeros(0)), ValueError),
    "cumulative_sum without an axis": (lambda: xp.cumulative_sum(X), ValueError),
    "cumulative_prod of another axis": (lambda: xp.cumulative_prod(X, axis=2), ValueError),
    "take without an axis": (lambda: xp.take(X, xp.asarray([0])), ValueError),
    "nonzero of a scalar": (lambda: xp.nonzero(xp.asarray(1.0)), ValueError),
    "searchsorted in a matrix": (lambda: xp.searchsorted(X, VECTOR), ValueError),
    "searchsorted on no side": (lambda: xp.searchsorted(VECTOR, X, side="top"), ValueError),
    "a range without steps": (lambda: xp.arange(0, 1, 0), ValueError),
    "linspace of less than nothing": (lambda: xp.linspace(0, 1, -1), ValueError),
    "negative lengths": (lambda: xp.zeros((-1,)), ValueError),
    "empty with negative lengths": (lambda: xp.empty((-1,)), ValueError),
    "meshgrid of several dtypes": (
        lambda: xp.meshgrid(VECTOR, xp.arange(2)),
        ValueError,
    ),
    "meshgrid of another indexing": (lambda: xp.meshgrid(VECTOR, indexing="ab"), ValueError),
    "bits of reals": (lambda: xp.bitwise_and(X, X), TypeError),
    "text as an array": (lambda: xp.asarray(["a"]), TypeError),
    "an unknown dtype": (lambda: xp.zeros(2, dtype="float33"), TypeError),
    "a list as an operand": (lambda: xp.sin([1.0]), TypeError),
    "two numbers": (lambda: xp.add(1, 2), TypeError),
    "where of two numbers": (lambda: xp.where(X > 0, 1, 2), TypeError),
    "result_type of nothing": (xp.result_type, TypeError),
    "result_type of numbers": (lambda: xp.result_type(1, 2.5), TypeError),
    "a number beyond the dtype": (lambda: xp.add(xp.ones(2, dtype=xp.int8), 1000), TypeError),
    "from_dlpack of text": (lambda: xp.from_dlpack("text"), TypeError),
    "det of a vector": (lambda: xp.linalg.det(VECTOR), ValueError),
    "inverse of a singular matrix": (lambda: xp.linalg.inv(xp.zeros((2, 2))), ValueError),
    "cholesky of an indefinite one": (lambda: xp.linalg.cholesky(-xp.eye(2)), ValueError),
    "cross of two components": (lambda: xp.linalg.cross(xp.ones(2), xp.ones(2)), ValueError),
    "outer of matrices": (lambda: xp.linalg.outer(X, X), ValueError),
    "an unknown norm": (lambda: xp.linalg.matrix_norm(X, ord=7), ValueError),
    "an unknown mode of qr": (lambda: xp.linalg.qr(X, mode="raw"), ValueError),
    "svd of a vector": (lambda: xp.linalg.svd(VECTOR), ValueError),
    "matrix_rank of a vector": (lambda: xp.linalg.matrix_rank(VECTOR), ValueError),
    "solve with other rows": (lambda: xp.linalg.solve(xp.eye(2), xp.ones(3)), ValueError),
    "fft along no axis": (lambda: xp.fft.fft(X, axis=2), ValueError),
    "fft of no points": (lambda: xp.fft.fft(X, n=0), ValueError),
    "fft of another norm": (lambda: xp.fft.fft(X, norm="other"), ValueError),
    "fftn of other lengths": (lambda: xp.fft.fftn(X, s=(2,), axes=(0, 1)), ValueError),
    "frequencies of no points": (lambda: xp.fft.fftfreq(0), ValueError),
    "mixed devices": (lambda: xp.add(X, xp.ones(4, device=mx.cpu(1))), ValueError),
    "an index beyond the axis": (lambda: X[7], IndexError),
    "too many indices": (lambda: X[0, 0, 0], IndexError),
    "a mask of another shape": (lambda: X[xp.ones(2, dtype=xp.bool)], IndexError),
}


@pytest.mark.parametrize("name", CASES)
def test_mistakes_raise(name):
    call, error = CASES[name]
    with pytest.raises(error) as raised:
        call()
    assert isinstance(raised.value, MXNetError), raised.value
    assert str(raised.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: xp.sum(X, 0),
        lambda: xp.sin(x=X),
        lambda: xp.zeros(2, xp.float32),
        lambda: xp.clip(x=X),
        lambda: xp.sort(X, 0),
        lambda: xp.linalg.svd(X, False),
        lambda: xp.moveaxis(X, source=0, destination=1),
    ],
)
def test_parameters_by_position_or_name_only_are_so(call):
    with pytest.raises(TypeError):
        call()
