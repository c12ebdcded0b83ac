"""Makes the functions of the standard from `signatures` and the operator table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from dlstudio.core.dispatch import Attrs, attributes, invoke
from dlstudio.core.registry import OPS, Op
from dlstudio.core.tensor import ndarray
from dlstudio.dialects.standard.operands import PREPARE
from dlstudio.dialects.standard.signatures import Row

__all__ = ["functions"]

_SOURCE = """
def {name}({signature}):
    return invoke(op, {operands}, {attrs}, ndarray)
"""


def _parameters(signature: str) -> list[str]:
    """Names of the parameters in a signature, in order."""
    scope: dict[str, Any] = {}
    exec(f"def f({signature}): pass", scope)
    return list(inspect.signature(scope["f"]).parameters)


def _operands(row: Row, op: Op, names: list[str]) -> str:
    if op.variadic:
        return f"prepare(*{names[0]})"
    inputs = names[: len(op.inputs)]
    given = [*inputs, "dtype"] if row.operands == "total" else inputs
    return f"prepare({', '.join(given)})"


def _function(row: Row, module: str) -> Callable[..., Any]:
    op, names = OPS[row.operator], _parameters(row.signature)
    pairs = [f"{row.renamed.get(n, n)!r}: {n}" for n in names[len(op.inputs) :]]
    source = _SOURCE.format(
        name=row.name,
        signature=row.signature,
        operands=_operands(row, op, names),
        attrs=f"attributes(op, {{{', '.join(pairs)}}})" if pairs else "none",
    )
    scope: dict[str, Any] = {
        "op": op,
        "prepare": PREPARE[row.operands],
        "invoke": invoke,
        "attributes": attributes,
        "none": Attrs(dict(op.attrs)),
        "ndarray": ndarray,
    }
    exec(compile(source, f"<dlstudio {module}.{row.name}>", "exec"), scope)
    function: Callable[..., Any] = scope[row.name]
    function.__module__ = f"dlstudio.{module}"
    function.__qualname__ = row.name
    function.__doc__ = f"{op.doc}\n\nThe operator `{op.name}` under the name of the standard."
    return function


def functions(rows: Iterable[Row], module: str) -> dict[str, Callable[..., Any]]:
    """All functions of `rows`, as members of ``dlstudio.<module>``."""
    return {row.name: _function(row, module) for row in rows}
