"""The example in the docstring of a generated function: the first sample of its entry, called."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.interpret import Avals
from dlstudio.core.registry import Op, Sample

__all__ = ["example"]

_MOST = 12  # elements of an array that is spelled out
# functions written by hand that are called otherwise
_OWN = ("full", "meshgrid", "broadcast_arrays", "IdentityAttachKLSparseReg")


class _Shapes:
    """Reads samples without drawing numbers: arrays of shapes are ones, chosen numbers zeros."""

    def __call__(self, *inputs: Any, **attrs: Any) -> Sample:
        if inputs and all(isinstance(x, int) for x in inputs):
            inputs = (inputs,)
        return Sample(tuple(np.ones(x) if isinstance(x, tuple) else x for x in inputs), attrs)

    def uniform(self, *shape: int, **_: Any) -> Any:
        return np.ones(shape)

    def normal(self, *shape: int) -> Any:
        return np.ones(shape)

    def distinct(self, *shape: int) -> Any:
        return np.arange(float(np.prod(shape))).reshape(shape)

    def ints(self, *shape: int, low: int = 0, dtype: Any = np.int64, **_: Any) -> Any:
        return np.full(shape, low, dtype)

    def bools(self, *shape: int) -> Any:
        return np.ones(shape, bool)


def example(op: Op, dialect: str, name: str) -> str:
    """Compose the example, or nothing where the sample says nothing about the call."""
    if op.flags.dynamic or name.rsplit(".", maxsplit=1)[-1] in _OWN:
        return ""  # the shape of a dynamic result depends on values
    try:
        assert op.samples is not None
        sample: Sample = op.samples(_Shapes())[0]
        found = _result(op, sample)
    except Exception:  # a sample that depends on drawn numbers
        return ""
    given = [x for x in sample.inputs if x is not None]
    if any(x.size > _MOST and (x != 1).any() for x in given):
        return ""
    if dialect == "sym" and len(given) < len(op.inputs) and op.input_names is None:
        return ""  # symbols make the inputs that are left out
    inputs = [_spelled(i, x, dialect) for i, x in enumerate(given)]
    attrs = [f"{k}={v!r}" for k, v in sample.attrs.items()]
    call = f"mx.{dialect}.{name}({', '.join(_arranged(op, dialect, inputs) + attrs)})"
    if not found or len(call) > 200 or "array(" in "".join(attrs):
        return ""
    asked = [f">>> {call}.shape", str(found[0])]
    if len(found) > 1:
        asked = [f">>> [out.shape for out in {call}]", str(found)]
    if dialect == "sym":
        shapes = ", ".join(f"x{i}={tuple(x.shape)}" for i, x in enumerate(given))
        asked = [f">>> {call}.infer_shape({shapes})[1]", str(found)]
    return "\n".join(["Examples", "--------", *asked])


def _arranged(op: Op, dialect: str, inputs: list[str]) -> list[str]:
    if dialect == "sym":
        return inputs
    if op.variadic and dialect != "nd":
        fixed = len(op.inputs) - 1
        return [*inputs[:fixed], f"[{', '.join(inputs[fixed:])}]"]
    return inputs


def _result(op: Op, sample: Sample) -> list[tuple[int, ...]]:
    avals = [None if x is None else Aval(x.shape, x.dtype) for x in sample.inputs]
    out = getattr(Avals, op.name)(*avals, **op.parse(dict(sample.attrs)))
    outs = out if isinstance(out, (tuple, list)) and not isinstance(out, Aval) else (out,)
    visible = op.n_visible(op.parse(dict(sample.attrs)))
    return [tuple(x.shape) for x in outs[:visible]]


def _spelled(i: int, x: Any, dialect: str) -> str:
    if dialect == "sym":
        kind = "" if x.dtype.kind == "f" else f', dtype="{x.dtype.name}"'
        return f'mx.sym.var("x{i}"{kind})'
    space = "np" if dialect in ("np", "npx") else "nd"
    if x.dtype.kind == "f" and (x == 1).all():
        return f"mx.{space}.ones({x.shape if x.ndim != 1 else x.shape[0]})"
    kind = "" if x.dtype.kind == "f" else f', dtype="{x.dtype.name}"'
    return f"mx.{space}.array({x.tolist()}{kind})"
