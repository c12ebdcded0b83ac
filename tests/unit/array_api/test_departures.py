"""`mx.np` takes the standard's calls and answers alike, except where its one table says."""

import inspect

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.dialects.standard import manners
from dlstudio.dialects.standard.departures import DEPARTURES, names, text
from tests.unit.array_api.compare import definite, find, numbers, ours, xp
from tests.unit.array_api.standard import SIGNATURES

X = numbers("float32", 3, 4)
M = definite("float32", 3, 3)
V = X[0]
WHOLE = np.arange(12, dtype="int32").reshape(3, 4)

# one call or more for each function of the standard
CALLS = {
    **{
        name: [((X,), {})]
        for name, signature in SIGNATURES.items()
        if signature == "(x, /)" and not name.startswith(("linalg.", "bitwise"))
    },
    **{name: [((X, V), {})] for name, s in SIGNATURES.items() if s == "(x1, x2, /)"},
    **{
        name: [((X,), {}), ((X,), {"axis": 1, "keepdims": True})]
        for name, s in SIGNATURES.items()
        if "keepdims" in s and "ord" not in s
    },
    **{
        name: [((WHOLE, WHOLE % 3), {})]
        for name in SIGNATURES
        if name.startswith("bitwise") and "invert" not in name
    },
    **{
        f"linalg.{name}": [((M,), {})]
        for name in "cholesky det diagonal eigh eigvalsh inv matrix_norm matrix_rank "
        "matrix_transpose pinv qr slogdet svd svdvals trace vector_norm".split()
    },
    **{
        f"fft.{name}": [((X,), {})]
        for name in "fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftshift "
        "ifftshift".split()
    },
    "abs": [((X,), {}), ((WHOLE,), {})],
    "arange": [((5,), {}), ((2, 7, 2), {"dtype": "int32"}), ((0.0, 1.0, 0.25), {})],
    "argsort": [((X,), {}), ((X,), {"axis": 0, "descending": True, "stable": True})],
    "asarray": [((V,), {}), (([1, 2],), {}), ((V,), {"dtype": "float64", "copy": True})],
    "astype": [((X, "float64"), {})],
    "bitwise_invert": [((WHOLE,), {})],
    "broadcast_arrays": [((X, V), {})],
    "broadcast_to": [((V, (3, 4)), {})],
    "can_cast": [(("int8", "int16"), {})],
    "clip": [((X, -0.5, 0.5), {}), ((X,), {"min": 0.0}), ((X,), {"max": V})],
    "concat": [(([X, X],), {"axis": 1})],
    "cumulative_prod": [((X,), {"axis": 0})],
    "cumulative_sum": [((X,), {"axis": 1, "include_initial": True})],
    "diff": [((X,), {"axis": 0, "n": 2}), ((X,), {"append": X[:, :1]})],
    "empty": [((2,), {"dtype": "int32"}), ((2,), {})],
    "empty_like": [((X,), {"dtype": "int32"})],
    "expand_dims": [((X,), {"axis": 1})],
    "eye": [((3,), {}), ((2, 3), {"k": 1}), ((2, 0), {"dtype": "int8"})],
    "fft.fftfreq": [((5,), {"d": 0.5})],
    "fft.rfftfreq": [((5,), {"d": 0.5})],
    "finfo": [],
    "flip": [((X,), {}), ((X,), {"axis": 0})],
    "from_dlpack": [((X,), {})],
    "full": [((2, 7), {}), (((2,), True), {}), (((2,), 1j), {}), (((2,), 1.5), {})],
    "full_like": [((X, 2), {})],
    "iinfo": [],
    "isdtype": [],
    "linalg.cholesky": [((M,), {"upper": True}), ((M,), {})],
    "linalg.cross": [((X[:, :3], X[:, :3]), {})],
    "linalg.matmul": [((X, X.T), {})],
    "linalg.matrix_power": [((M, 2), {})],
    "linalg.outer": [((V, V), {}), ((X, V), {})],
    "linalg.pinv": [((X,), {}), ((X,), {"rtol": 0.1})],
    "linalg.qr": [((X.T,), {}), ((X.T,), {"mode": "complete"})],
    "linalg.solve": [((M, V[:3]), {})],
    "linalg.svd": [((X,), {}), ((X,), {"full_matrices": False})],
    "linalg.tensordot": [((X, X.T), {"axes": 1})],
    "linalg.trace": [((M,), {"offset": 1}), ((WHOLE,), {}), ((M,), {"dtype": "float64"})],
    "linalg.vecdot": [((X, V), {})],
    "linspace": [((0, 1, 5), {}), ((0.0, 1.0, 3), {"endpoint": False, "dtype": "float64"})],
    "logical_and": [((X > 0, V > 0), {})],
    "matmul": [((X, X.T), {})],
    "meshgrid": [((V, V[:2]), {"indexing": "ij"}), ((V, V[:2]), {})],
    "moveaxis": [((X, 0, 1), {})],
    "ones": [((2,), {}), (((2, 3),), {"dtype": "bool"})],
    "ones_like": [((X,), {})],
    "permute_dims": [((X, (1, 0)), {})],
    "repeat": [((X, 2), {}), ((X, np.array([1, 0, 2])), {"axis": 0})],
    "reshape": [((X, (2, 6)), {}), ((X, (2, 6)), {"copy": True})],
    "result_type": [((X, V), {})],
    "roll": [((X, 1), {}), ((X, (1, 2)), {"axis": (0, 1)})],
    "searchsorted": [((np.sort(V), X), {"side": "right"})],
    "sort": [((X,), {}), ((X,), {"axis": 0, "descending": True})],
    "squeeze": [((X[None], 0), {})],
    "stack": [(([X, X],), {"axis": -1})],
    "pow": [((np.abs(X), V), {}), ((WHOLE, WHOLE % 3), {})],
    "std": [((X,), {"correction": 1.0}), ((X,), {})],
    "take": [((X, np.array([1, 0])), {"axis": 1}), ((X, np.array([1, 0])), {})],
    "take_along_axis": [((X, WHOLE % 4), {})],
    "tensordot": [((X, X.T), {"axes": 1})],
    "tile": [((X, (2, 1)), {})],
    "tril": [((X,), {"k": 1})],
    "triu": [((X,), {"k": -1})],
    "unstack": [((X,), {"axis": 1})],
    "var": [((X,), {"axis": 0, "correction": 1}), ((X,), {})],
    "vecdot": [((X, V), {"axis": -1})],
    "where": [((X > 0, X, V), {})],
    "zeros": [((2,), {}), ((2,), {"dtype": "int8"})],
    "zeros_like": [((X,), {})],
}


def of_x_and_v(name):
    """Whether the first call takes X, or X and V, and nothing else."""
    args, kwargs = CALLS[name][0] if CALLS[name] else ((), {})
    return bool(args) and not kwargs and all(a is X or a is V for a in args)


def whole(args):
    """The same arguments in integers."""
    return tuple(WHOLE[1] if a is V else WHOLE if a is X else a for a in args)


# the standard defines the others for floating-point numbers only
INTEGERS_TOO = [n for n in CALLS if of_x_and_v(n) and "linalg." not in n and n != "logaddexp"]


def shown(place, name, args, kwargs):
    """What a call answers: types, dtypes, shapes and values, or the class of its error."""
    try:
        answer = find(place, name)(*map(ours, args), **{k: ours(v) for k, v in kwargs.items()})
    except Exception as error:
        return type(error).__name__
    return facts(answer, values=not name.startswith("empty"))


def facts(x, *, values):
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [facts(v, values=values) for v in x]
    if isinstance(x, mx.np.ndarray):
        return str(x.dtype), x.shape, x.asnumpy().tolist() if values else None
    return type(x).__name__, str(x)


def test_every_function_is_called():
    assert set(SIGNATURES) <= set(CALLS)


@pytest.mark.parametrize("name", [n for n in CALLS if n not in names()])
def test_np_answers_as_the_standard_where_the_table_is_silent(name):
    for args, kwargs in CALLS[name]:
        assert shown(mx.np, name, args, kwargs) == shown(xp, name, args, kwargs)


@pytest.mark.parametrize("name", [n for n in INTEGERS_TOO if n not in names()])
def test_np_keeps_to_the_standard_for_integers_too(name):
    args, kwargs = CALLS[name][0]
    assert shown(mx.np, name, whole(args), kwargs) == shown(xp, name, whole(args), kwargs)


def evaluate(example, place):
    try:
        return str(eval(example, {"xp": place}))
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("row", DEPARTURES, ids=lambda row: row.example)
def test_the_table_tells_the_truth(row):
    assert evaluate(row.example, xp) == row.standard
    assert evaluate(row.example, mx.np) == row.np
    assert row.standard != row.np
    assert row.why


@pytest.mark.parametrize("name", sorted(names()))
def test_every_name_of_the_table_does_depart(name):
    calls = [*CALLS[name], *((whole(args), kwargs) for args, kwargs in CALLS[name])]
    assert any(shown(mx.np, name, *call) != shown(xp, name, *call) for call in calls)


def test_the_documentation_of_both_shows_the_table():
    assert text() in mx.np.__doc__
    assert text() in xp.__doc__


@pytest.mark.parametrize("name", manners.KEYWORDS)
def test_functions_of_both_manners_show_all_parameters(name):
    shown_parameters = set(inspect.signature(find(mx.np, name)).parameters)
    assert set(manners.KEYWORDS[name]) <= shown_parameters
    for keyword, default in manners.KEYWORDS[name].items():
        assert inspect.signature(find(xp, name)).parameters[keyword].default == default
