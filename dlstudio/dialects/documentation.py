"""Docstrings of generated functions: the entry's text, then what its parameters may be.

Entries document what matters in words; what the table knows anyway (names, defaults, domains,
whether a gradient flows) is written from the table, so that it cannot go stale.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

from dlstudio.core.registry import NotDifferentiable, Op

__all__ = ["docstring"]

_REFERENCES = re.compile(r"^References\n-{4,}", re.MULTILINE)
_LATER_SECTION = re.compile(r"^(Returns|Raises|Notes|References|Examples)\n-{4,}", re.MULTILINE)


def docstring(op: Op, inputs: Sequence[str], shown: str = "") -> str:
    """Text for ``help``, with the inputs as one dialect calls them, and an example to show."""
    text = op.doc
    for ours, theirs in zip(op.inputs, inputs, strict=True):
        if ours != theirs:
            text = text.replace(f"`{ours}`", f"`{theirs}`")
    if "Parameters\n" not in text and (op.inputs or op.attrs):
        found = _LATER_SECTION.search(text)
        at = found.start() if found else len(text)
        parts = (text[:at].rstrip(), _parameters(op, inputs), text[at:])
        text = "\n\n".join(part for part in parts if part)
    if shown and "Examples\n---" not in text:
        found = _REFERENCES.search(text)
        at = found.start() if found else len(text)
        text = "\n\n".join(part for part in (text[:at].rstrip(), shown, text[at:]) if part)
    if isinstance(op.grad, NotDifferentiable) and op.expand is None:
        text += f"\n\nNotes\n-----\nNo gradient flows through: {op.grad.reason}."
    return text


def _parameters(op: Op, inputs: Sequence[str]) -> str:
    lines = ["Parameters", "----------"]
    lines += [_input(op, i, name, len(inputs)) for i, name in enumerate(inputs)]
    lines += [f"{name} : {_domain(op, name)}{_default(op.attrs[name])}" for name in op.attrs]
    return "\n".join(lines)


def _input(op: Op, i: int, name: str, count: int) -> str:
    if op.variadic and i == count - 1:
        return f"*{name} : arrays"
    optional = i >= count - op.optional_inputs
    return f"{name} : array, optional" if optional else f"{name} : array"


def _domain(op: Op, name: str) -> str:
    words, optional = op.params[name].describe, op.params[name].optional
    return f"{words} or None" if optional and "None" not in words else words


def _default(value: Any) -> str:
    return "" if value is inspect.Parameter.empty else f", default {value!r}"
