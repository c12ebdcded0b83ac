"""Which operators run in 16 bits and which in 32: read off the operator table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from dlstudio.core.registry import OPS, Op
from dlstudio.errors import ParamError, explain
from dlstudio.graph.passes.amp import Policy

__all__ = [
    "conditions",
    "list_conditional_fp32_ops",
    "list_fp32_ops",
    "list_loss_output_functions",
    "list_lp16_fp32_ops",
    "list_lp16_ops",
    "list_lp16_use_fp32_params",
    "list_widest_type_cast",
    "make_policy",
    "mixes",
]

DTYPES = ("float16", "bfloat16")
# softrelu, elu and selu take exponentials, the other functions of these two layers do not
_CONDITIONAL = (
    ("Activation", "act_type", ("softrelu",)),
    ("LeakyReLU", "act_type", ("elu", "selu")),
)


# ---- dtypes ------------------------------------------------------------------------------------
def low_dtype(target_dtype: Any) -> str:
    """Name of the 16-bit dtype.

    Raises
    ------
    ParamError
        If it is neither float16 nor bfloat16, or bfloat16 without `ml_dtypes`.
    """
    if str(target_dtype) == "bfloat16":
        return _bfloat16()
    try:
        name = np.dtype(target_dtype).name
    except TypeError:
        name = str(target_dtype)
    if name in DTYPES:
        return name
    raise ParamError(
        explain(
            f"amp: parameter target_dtype must be float16 or bfloat16. Got {target_dtype!r}.",
            fix='amp.init(target_dtype="float16")',
        )
    )


def _bfloat16() -> str:
    try:
        import ml_dtypes  # pyright: ignore[reportMissingImports, reportUnusedImport]  # noqa: F401
    except ImportError:
        raise ParamError(
            explain(
                "amp: bfloat16 was asked for, which NumPy does not have by itself.",
                "the package ml_dtypes, which teaches it to NumPy.",
                "pip install ml_dtypes, or target_dtype='float16'",
            )
        ) from None
    return "bfloat16"


# ---- names -------------------------------------------------------------------------------------
def public_name(op: Op) -> str:
    """Name of an operator as MXNet's lists spell it."""
    names = op.names.json.split() or op.names.nd.split() or op.names.np.split()
    return names[0] if names else op.name


def _spellings() -> dict[str, str]:
    """Every name an operator goes by -> its name in the table."""
    found = {name: name for name in OPS}
    for op in OPS.values():
        names = op.names
        for text in (names.json, names.nd, names.np, names.npx, names.sym or ""):
            for name in text.split():
                found.setdefault(name, op.name)
    return found


def resolve(names: Iterable[str] | None, what: str) -> frozenset[str]:
    """Names in the table of the operators that a user names.

    Raises
    ------
    ParamError
        If there is no such operator.
    """
    if names is None:
        return frozenset()
    known = _spellings()
    given = [names] if isinstance(names, str) else list(names)
    for name in given:
        if name not in known:
            raise ParamError(
                explain(
                    f"amp: {what} names {name!r}, which is no operator.",
                    "names as in amp.list_lp16_ops().",
                )
            )
    return frozenset(known[name] for name in given)


def conditions(given: Iterable[Any] | None) -> tuple[Any, ...]:
    """``(operator, parameter, values)`` as a policy holds them; MXNet's own if None is given."""
    rows = _CONDITIONAL if given is None else given
    known = _spellings()
    return tuple((known.get(op, op), name, frozenset(map(str, v))) for op, name, v in rows)


def make_policy(
    target_dtype: Any = "float16", lp16: Iterable[str] | None = None,
    fp32: Iterable[str] | None = None, conditional: Iterable[Any] | None = None,
    excluded: Iterable[str] | None = None,
) -> Policy:  # fmt: skip
    """Make a policy from what a user gives.

    Raises
    ------
    ParamError
        If a dtype or an operator is unknown, or in both lists.
    """
    low, high = resolve(lp16, "target_dtype_ops"), resolve(fp32, "fp32_ops")
    both = low & high
    if both:
        raise ParamError(
            explain(
                f"amp: {', '.join(sorted(both))} stand in target_dtype_ops and in fp32_ops.",
                "an operator in one of the lists.",
            )
        )
    return Policy(
        low_dtype(target_dtype), low, high, conditions(conditional), frozenset(excluded or ())
    )


# ---- the lists ---------------------------------------------------------------------------------
def mixes(op: Op) -> bool:
    """Whether an operator has several operands, whose dtypes may differ."""
    plain = not op.flags.mutates and not op.flags.random and not op.aux
    return plain and (op.variadic or len(op.inputs) > 1)


def _list(test: Callable[[Op], bool], target_dtype: Any) -> list[str]:
    low_dtype(target_dtype)
    return sorted({public_name(op) for op in OPS.values() if _is_public(op) and test(op)})


def _is_public(op: Op) -> bool:
    """Whether users call it: gradients and what the graph compiler makes have no public name."""
    named = op.names.nd or op.names.np or op.names.npx
    return bool(named) and not op.flags.mutates and not op.flags.graphs and bool(op.inputs)


def list_lp16_ops(target_dtype: Any = "float16") -> list[str]:
    """Operators that run in 16 bits: their inputs are cast."""
    return _list(lambda op: op.flags.amp == "fp16", target_dtype)


def list_fp32_ops(target_dtype: Any = "float16") -> list[str]:
    """Operators that run in 32 bits: 16-bit inputs are cast."""
    return _list(lambda op: op.flags.amp == "fp32", target_dtype)


def list_lp16_fp32_ops(target_dtype: Any = "float16") -> list[str]:
    """Operators that run in whatever they are given."""
    return _list(lambda op: op.flags.amp == "widest" and not mixes(op), target_dtype)


def list_widest_type_cast(target_dtype: Any = "float16") -> list[str]:
    """Operators whose operands are cast to the widest dtype among them."""
    return _list(lambda op: op.flags.amp == "widest" and mixes(op), target_dtype)


def list_conditional_fp32_ops(target_dtype: Any = "float16") -> list[tuple[str, str, list[str]]]:
    """``(operator, parameter, values)`` that run in 32 bits."""
    low_dtype(target_dtype)
    return [(op, name, list(values)) for op, name, values in _CONDITIONAL]


def list_loss_output_functions(target_dtype: Any = "float16") -> list[str]:
    """Operators that compute a loss: they run in 32 bits, and their gradients are scaled."""
    low_dtype(target_dtype)
    names: Sequence[str] = (
        "SoftmaxOutput", "LinearRegressionOutput", "LogisticRegressionOutput",
        "MAERegressionOutput", "SVMOutput", "MakeLoss", "make_loss", "CTCLoss",
    )  # fmt: skip
    return sorted(n for n in names if n in _spellings())


def list_lp16_use_fp32_params(target_dtype: Any = "float16") -> dict[str, list[str]]:
    """Inputs that stay in 32 bits although their operator runs in 16: there are none here.

    An operator that wants some of its inputs in 32 bits, such as BatchNorm, runs in 32 bits.
    """
    low_dtype(target_dtype)
    return {}
