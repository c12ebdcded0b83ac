"""Makes the functions of the standard from `signatures` and the operator table."""

from __future__ import annotations

import inspect
import re
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


def _parameters(signature: str) -> dict[str, Any]:
    """Parameters of a signature with their defaults, in order."""
    scope: dict[str, Any] = {}
    exec(f"def f({signature}): pass", scope)
    return {p.name: p.default for p in inspect.signature(scope["f"]).parameters.values()}


def _operands(row: Row, op: Op, names: list[str]) -> str:
    if op.variadic:
        return f"prepare(*{names[0]})"
    inputs = names[: len(op.inputs)]
    given = [*inputs, "dtype"] if row.operands == "total" else inputs
    return f"prepare({', '.join(given)})"


def _function(row: Row, module: str) -> Callable[..., Any]:
    op, defaults = OPS[row.operator], _parameters(row.signature)
    names = list(defaults)
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
    function.__doc__ = _documentation(row, op, defaults, module)
    return function


# --- documentation ------------------------------------------------------------------------------

_INPUTS = {
    "pair": "array, or a Python number beside an array",
    "floating_pair": "array, or a Python number beside an array",
}
_RESULTS = {
    "floating": "Of the dtype of the input; integers give float64.",
    "floating_pair": "Of the common dtype; integers give float64.",
    "total": "Of the dtype of the input or `dtype`; integers give int64 or uint64.",
}
_PAGE = "https://data-apis.org/array-api/2024.12/API_specification/generated/{}.html"


def _documentation(row: Row, op: Op, defaults: dict[str, Any], module: str) -> str:
    """Docstring: what the operator does, the parameters as the standard calls them, its page."""
    names = list(defaults)
    count = len(op.inputs)
    text = re.split(r"^Parameters\n-", op.doc, maxsplit=1, flags=re.MULTILINE)[0].rstrip()
    for ours, theirs in zip(op.inputs, names, strict=False):
        word, code = rf"\b{ours}\b", r"`+[^`]+`+"
        text = re.sub(code, lambda m, w=word, t=theirs: re.sub(w, t, m[0]), text)
    what = "sequence of arrays" if op.variadic else _INPUTS.get(row.operands, "array")
    lines = [text, "", "Parameters", "----------", f"{', '.join(names[:count])} : {what}"]
    lines += [_attribute(op, n, row.renamed.get(n, n), defaults[n]) for n in names[count:]]
    lines += ["", "Returns", "-------", "array", f"    {_RESULTS.get(row.operands, 'See above.')}"]
    lines += ["", "References", "----------", _PAGE.format(f"{module}.{row.name}")]
    return "\n".join(line for line in lines if line != "    See above.")


def _attribute(op: Op, name: str, attribute: str, default: Any) -> str:
    shown = "" if default is inspect.Parameter.empty else f", default {default!r}"
    return f"{name} : {op.params[attribute].describe}{shown}"


def functions(rows: Iterable[Row], module: str) -> dict[str, Callable[..., Any]]:
    """All functions of `rows`, as members of ``dlstudio.<module>``."""
    return {row.name: _function(row, module) for row in rows}
