"""Einstein summation, with gradients that are Einstein summations again."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Text
from dlstudio.core.registry import Flags, bad, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.rules import common_dtype

__all__ = ["explicit"]

Array = Any
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@lru_cache(maxsize=1024)
def explicit(subscripts: str, ndims: tuple[int, ...]) -> tuple[list[str], str]:
    """Operand and result letters in full: no blanks, no ``...``, no implied result.

    Raises
    ------
    ParamError
        If the letters do not fit the operands.
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ParamError(f"einsum: {subscripts!r} names {len(terms)} operands. Got {len(ndims)}.")
    spare = [c for c in LETTERS if c not in subscripts]
    dots = [
        n - len(t.replace("...", "")) if "..." in t else 0
        for t, n in zip(terms, ndims, strict=True)
    ]
    widest = "".join(spare[: max(dots, default=0)])
    full = [
        t.replace("...", widest[len(widest) - d :] if d else "")
        for t, d in zip(terms, dots, strict=True)
    ]
    if any(len(t) != n for t, n in zip(full, ndims, strict=True)):
        raise ParamError(f"einsum: {subscripts!r} does not fit operands of {ndims} dimensions.")
    if arrow:
        return full, right.replace("...", widest)
    joined = "".join(full)
    once = sorted(c for c in set(joined) if joined.count(c) == 1 and c not in widest)
    return full, widest + "".join(once)


def _lengths(terms: list[str], shapes: list[tuple[int, ...]], subscripts: str) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, n in zip(term, shape, strict=True):
            known = lengths.setdefault(letter, n)
            if known == 1:
                lengths[letter] = n
            elif n not in (1, known):
                raise ShapeError(
                    explain(
                        f"einsum {subscripts!r}: index {letter} has lengths {known} and {n}.",
                        "one length for each index.",
                    )
                )
    return lengths


def _infer(*operands: Aval, subscripts: str) -> Aval:
    terms, result = explicit(subscripts, tuple(x.ndim for x in operands))
    lengths = _lengths(terms, [x.shape for x in operands], subscripts)
    unknown = [c for c in result if c not in lengths]
    if unknown:
        raise ParamError(
            f"einsum: index {unknown[0]!r} of the result stands in no operand of {subscripts!r}."
        )
    dtype = operands[0].dtype
    for x in operands[1:]:
        dtype = common_dtype(dtype, x.dtype)
    return Aval(tuple(lengths[c] for c in result), dtype)


def _gradient(
    F: Any, g: Array, operands: tuple[Array, ...], terms: list[str], result: str, i: int
) -> Array:
    """Gradient of operand `i`: the sum of the head gradient with all other operands."""
    x, term = operands[i], terms[i]
    inputs, letters = [g], [result]
    for j, y in enumerate(operands):
        if j != i:
            inputs.append(y)
            letters.append(terms[j])
    dtype = np.dtype(g.dtype).name
    wanted, seen = "", set()
    spare = iter(c for c in LETTERS if c not in "".join([result, *terms]))
    for letter, n in zip(term, x.shape, strict=True):
        if letter in seen:  # a repeated index reads the diagonal: put the gradient there
            fresh = next(spare)
            inputs.append(F.eye(N=n, dtype=dtype))
            letters.append(letter + fresh)
            wanted += fresh
            continue
        seen.add(letter)
        wanted += letter
        if not any(letter in other for other in letters):  # summed over in this operand alone
            inputs.append(F.ones(shape=(n,), dtype=dtype))
            letters.append(letter)
    grad = F.einsum_of(*inputs, subscripts=",".join(letters) + "->" + wanted)
    if grad.shape != x.shape:
        grad = F.sum_to(grad, shape=tuple(x.shape))
    return grad if grad.dtype == x.dtype else F.cast(grad, dtype=np.dtype(x.dtype).name)


def _grad(F: Any, g: Array, out: Array, *operands: Array, subscripts: str) -> tuple[Array, ...]:
    terms, result = explicit(subscripts, tuple(x.ndim for x in operands))
    return tuple(_gradient(F, g, operands, terms, result, i) for i in range(len(operands)))


@op(
    "einsum_of",
    infer=_infer,
    grad=_grad,
    flags=Flags(amp="fp16"),
    params={"subscripts": Text()},
    samples=lambda s: [
        s((2, 3), (3, 2), subscripts="ij,jk->ik"),
        s(3, 3, subscripts="ii"),
        s(3, 3, subscripts="ii->i"),
        s(2, 3, subscripts="ij->ji"),
        s((2, 2, 3), (2, 3, 2), subscripts="bij,bjk->bik"),
        s((2, 3), (3,), subscripts="...j,j"),
        s((2,), (2,), (2,), subscripts="i,j,k->ijk"),
        s((2, 3), (4,), subscripts="ij,k->k"),
        s((2, 0), (0, 2), subscripts="ij,jk->ik"),
    ],
    reference=lambda *x, subscripts: np.einsum(subscripts, *x),
    errors=lambda s: [
        bad(s((2, 3), (2, 3), subscripts="ij,jk"), ShapeError, "index j has lengths 3 and 2"),
        bad(s((2, 3), subscripts="ij,jk"), ParamError, "names 2 operands"),
        bad(s(2, 3, subscripts="ijk"), ParamError, "does not fit"),
        bad(s(2, 3, subscripts="ij->k"), ParamError, "stands in no operand"),
    ],
)
def _(xp, *operands, subscripts):
    """Sum of products over indices named by letters: ``ij,jk->ik`` is the matrix product."""
    aval = _infer(*operands, subscripts=subscripts)
    # NumPy's einsum does not know bfloat16
    dtype = "float32" if aval.dtype.kind == "V" else aval.dtype
    same = [x.astype(dtype, copy=False) for x in operands]
    if len(same) == 1 or xp is not np:
        result = xp.asarray(xp.einsum(subscripts, *same))
    else:
        terms, letters = explicit(subscripts, tuple(x.ndim for x in same))
        result = _contracted(same, list(terms), letters)
    result = result.astype(aval.dtype, copy=False)
    return result.copy() if len(operands) == 1 else result


# ---- pair by pair, as matrix products --------------------------------------------------------
_FEW = 1 << 12  # products; below, NumPy's own loop is as fast


def _contracted(arrays: list[Array], terms: list[str], result: str) -> Array:
    """Multiply and sum two operands at a time, in an order that keeps what lies between small."""
    lengths = _lengths(terms, [x.shape for x in arrays], ",".join(terms))
    if prod(lengths.values()) <= _FEW:
        return np.asarray(np.einsum(",".join(terms) + "->" + result, *arrays))
    while len(arrays) > 1:
        pairs = combinations(range(len(arrays)), 2)
        i, j = min(pairs, key=lambda pair: _growth(pair, terms, result, lengths))
        kept = result if len(arrays) == 2 else _kept((i, j), terms, result)
        product = _product(arrays[i], arrays[j], terms[i], terms[j], kept)
        arrays = [*_without(arrays, i, j), product]
        terms = [*_without(terms, i, j), kept]
    return arrays[0]


def _without(values: list[Any], i: int, j: int) -> list[Any]:
    return [x for k, x in enumerate(values) if k not in (i, j)]


def _kept(pair: tuple[int, int], terms: list[str], result: str) -> str:
    """Letters of a pair that are needed later, each once."""
    needed = set(result).union(*_without(terms, *pair))
    return "".join(dict.fromkeys(c for k in pair for c in terms[k] if c in needed))


def _growth(pair: tuple[int, int], terms: list[str], result: str, lengths: dict[str, int]) -> int:
    """How much more memory the product of a pair takes than the pair."""
    product, *factors = (
        prod(lengths[c] for c in term)
        for term in (_kept(pair, terms, result), *(terms[k] for k in pair))
    )
    return product - sum(factors)


def _product(x: Array, y: Array, a: str, b: str, result: str) -> Array:
    """Two operands; as a matrix product where there is something to sum over."""
    shared = [c for c in a if c in b]
    inner = [c for c in shared if c not in result]
    plain = len(set(a)) == len(a) and len(set(b)) == len(b)
    same = all(x.shape[a.index(c)] == y.shape[b.index(c)] for c in shared)
    if not (inner and plain and same and x.dtype.kind in "fc" and x.dtype.itemsize > 2):
        return np.asarray(np.einsum(f"{a},{b}->{result}", x, y))
    x, a = _summed(x, a, b + result)
    y, b = _summed(y, b, a + result)
    batch = [c for c in shared if c in result]
    rows = [c for c in a if c not in b]
    columns = [c for c in b if c not in a]
    lengths = dict(zip(a + b, x.shape + y.shape, strict=True))

    def stacked(array: Array, term: str, *sides: list[str]) -> Array:
        shape = (*(lengths[c] for c in batch), *(prod(lengths[c] for c in side) for side in sides))
        return _turned(array, term, batch + sides[0] + sides[1]).reshape(shape)

    z = np.matmul(stacked(x, a, rows, inner), stacked(y, b, inner, columns))
    letters = batch + rows + columns
    return _turned(z.reshape([lengths[c] for c in letters]), "".join(letters), list(result))


def _summed(x: Array, term: str, elsewhere: str) -> tuple[Array, str]:
    """Sum over the letters that stand nowhere else."""
    alone = tuple(i for i, c in enumerate(term) if c not in elsewhere)
    kept = "".join(c for c in term if c in elsewhere)
    return (x.sum(axis=alone) if alone else x), kept


def _turned(x: Array, term: str, order: list[str]) -> Array:
    return x.transpose([term.index(c) for c in order])
