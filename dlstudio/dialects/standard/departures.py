"""Where `mx.np` departs from the array API standard: one table, for people and for tests.

Both namespaces have the same functions, and `mx.np` takes every call that the standard has; the
rows below say where its answer is another one. Each example is run in both namespaces by the
tests, and a function that is in no row must answer alike.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DEPARTURES", "Departure", "names", "text"]


class Departure(NamedTuple):
    """One difference.

    `names` are the functions, `example` an expression of `xp`, then come the answers of
    `array_api` and of `np` as texts, and why `np` differs.
    """

    names: str
    example: str
    standard: str
    np: str
    why: str


DEPARTURES = (
    Departure(
        "empty eye full linspace ones zeros",
        "xp.zeros(2).dtype",
        "float64",
        "float32",
        "MXNet's parameters, data and gradients are float32",
    ),
    Departure("arange", "xp.arange(3).dtype", "int64", "float32", "as above"),
    Departure("full", "xp.full(2, 7).dtype", "int64", "float32", "as above"),
    Departure("asarray", "xp.asarray([1, 2]).dtype", "int64", "float32", "as above"),
    Departure("asarray full", "xp.asarray([1j]).dtype", "complex128", "complex64", "as above"),
    Departure(
        "acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 reciprocal "
        "sin sinh sqrt tan tanh atan2 copysign hypot",
        "xp.sqrt(xp.ones(2, dtype=xp.int32)).dtype",
        "float64",
        "int32",
        "MXNet's functions of one array keep its dtype",
    ),
    Departure(
        "divide",
        "xp.divide(xp.ones(2, dtype=xp.int32), xp.ones(2, dtype=xp.int32)).dtype",
        "float64",
        "float32",
        "the real-valued results of integers are float32; x / y is float32 in both",
    ),
    Departure(
        "mean std var",
        "xp.mean(xp.ones(2, dtype=xp.int32)).dtype",
        "float64",
        "float32",
        "as above",
    ),
    Departure(
        "sum prod cumulative_sum cumulative_prod linalg.trace",
        "xp.sum(xp.ones(2, dtype=xp.int32)).dtype",
        "int64",
        "int32",
        "MXNet adds integers up in their own dtype",
    ),
    Departure(
        "take",
        "xp.take(xp.ones((2, 3)), xp.ones(2, dtype=xp.int64)).shape",
        "ParamError",
        "(2,)",
        "without an axis, np takes from the flattened array",
    ),
    Departure(
        "linalg.outer",
        "xp.linalg.outer(xp.ones((2, 2)), xp.ones(2)).shape",
        "ShapeError",
        "(4, 2)",
        "np flattens",
    ),
    Departure(
        "linalg.svd",
        "xp.linalg.svd(xp.ones((3, 2)))[0].shape",
        "(3, 3)",
        "(3, 2)",
        "MXNet computes the thin decomposition",
    ),
    Departure(
        "linalg.eigh linalg.qr linalg.slogdet linalg.svd",
        "type(xp.linalg.eigh(xp.eye(2))).__name__",
        "Eigh",
        "list",
        "MXNet's operators with several results answer with a list",
    ),
    Departure(
        "linalg.matrix_rank",
        "type(xp.linalg.matrix_rank(xp.eye(2))).__name__",
        "ndarray",
        "int64",
        "MXNet hands NumPy's number through",
    ),
    Departure(
        "sin",
        "xp.sin([0.0]).shape",
        "ArgumentError",
        "(1,)",
        "np takes lists and numbers where the standard takes arrays; so do all its functions",
    ),
)


def names() -> set[str]:
    """All functions that stand in the table."""
    return {name for row in DEPARTURES for name in row.names.split()}


def text() -> str:
    """Spell the table as reStructuredText for the documentation of both namespaces."""
    head = ("functions", "example", "array_api", "np", "why")
    rows = [head, *((r.names, f"``{r.example}``", r.standard, r.np, r.why) for r in DEPARTURES)]
    lines = [".. list-table:: Where `np` departs from the standard", "   :header-rows: 1", ""]
    for row in rows:
        lines += [f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(row)]
    return "\n".join(lines)
