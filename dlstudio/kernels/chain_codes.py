"""Instructions of the machine that runs chains of elementwise operators; needs no compiler."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["BINARY", "INPUTS", "LOAD", "NUMBER", "REGISTERS", "SPREAD", "UNARY", "instruction"]

INPUTS = 8  # arrays that a chain may read
REGISTERS = 16
LOAD, SPREAD = 0, 1  # a block of an input; its only element everywhere

UNARY = {
    name: code
    for code, name in enumerate(
        ("identity", "negative", "abs", "square", "sqrt", "reciprocal", "exp", "tanh", "sigmoid",
         "erf", "relu"), start=10,
    )
}  # fmt: skip
BINARY = {
    name: code
    for code, name in enumerate(
        ("add", "subtract", "multiply", "divide", "maximum", "minimum", "relu_grad",
         "sigmoid_grad", "tanh_grad"), start=30,
    )
}  # fmt: skip
# x op number, and number op x
NUMBER = {
    name: code
    for code, name in enumerate(
        ("add", "subtract", "multiply", "divide", "maximum", "minimum", "from", "under"), start=50,
    )
}  # fmt: skip

_SHORT = {"plus": "add", "sub": "subtract", "minus": "subtract", "mul": "multiply",
          "div": "divide", "_copy": "identity"}  # fmt: skip
_REVERSED = {"subtract": "from", "divide": "under"}
_LARGEST = 3.4028234663852886e38  # of float32


def instruction(name: str, attrs: Mapping[str, Any]) -> tuple[int, float] | None:
    """Code of an operator and the number it works with, or None if the machine lacks it.

    Parameters
    ----------
    name : the operator's name in the registry
    attrs : its attributes
    """
    if name == "Activation":
        name = attrs["act_type"]
    if name in UNARY:
        return UNARY[name], 0.0
    core = name.removeprefix("broadcast_").removeprefix("elemwise_").removeprefix("_")
    if not core.endswith("_scalar"):
        core = _SHORT.get(core, core)
        return (BINARY[core], 0.0) if core in BINARY else None
    return _with_number(core.removesuffix("_scalar"), attrs)


def _with_number(core: str, attrs: Mapping[str, Any]) -> tuple[int, float] | None:
    number = attrs["scalar"]
    if isinstance(number, complex) or not abs(number) <= _LARGEST or math.isnan(number):
        return None
    if core == "power":
        return (UNARY["square"], 0.0) if number == 2 and not attrs.get("reverse") else None
    reverse = attrs.get("reverse", False)
    if core in ("rminus", "rdiv"):
        core, reverse = core[1:], True
    core = _SHORT.get(core, core)
    core = _REVERSED.get(core, core) if reverse else core
    return (NUMBER[core], float(number)) if core in NUMBER else None
