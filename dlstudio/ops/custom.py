"""Operators written in Python by users: what `mx.operator.register` makes of their classes.

Each (type, keywords) gets an operator record of its own, outside the table, with the inputs and
outputs its `CustomOpProp` lists. Programs hold records, not names, so these run everywhere.

The user's `CustomOp` object of a forward call must meet the same call's backward, for many keep
values between them. Arrays are all that programs carry, so a hidden output, the *ticket*, carries
the number under which the object waits.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from dlstudio.core import tape
from dlstudio.core.avals import Aval
from dlstudio.core.device import Device
from dlstudio.core.params import Anything
from dlstudio.core.registry import Flags, Names, NotDifferentiable, Op
from dlstudio.core.tensor import NDArray
from dlstudio.errors import ArgumentError, MXNetError, ShapeError, explain

__all__ = ["PROPS", "operator_for", "split_arguments"]

Array = Any

PROPS: dict[str, type[Any]] = {}
_records: dict[Any, Op] = {}
_waiting: OrderedDict[int, Any] = OrderedDict()
_numbers = itertools.count(1)
_MOST_WAITING = 10_000  # forward calls whose backward never came are forgotten after that many
_TICKET = Aval((1,), np.dtype("int64"))
_ONCE = NotDifferentiable("its backward is the user's Python, which is not differentiated again")


def operator_for(attrs: dict[str, Any]) -> Op:
    """Operator record of ``Custom(op_type=..., **keywords)``."""
    op_type = attrs.get("op_type")
    if not op_type:
        raise ArgumentError(
            explain("Custom: the required parameter 'op_type' is missing.",
                    fix='nd.Custom(x, op_type="my_op")')
        )  # fmt: skip
    if op_type not in PROPS:
        raise MXNetError(
            explain(
                f"Custom: no operator {op_type!r} is registered.",
                f"one of {', '.join(map(repr, PROPS)) or 'those you register'}.",
                f'@mx.operator.register("{op_type}") above a class derived from CustomOpProp',
            )
        )
    texts = {k: str(v) for k, v in attrs.items() if k != "op_type"}  # as MXNet hands them over
    key = (PROPS[op_type], *sorted(texts.items()))
    if key not in _records:
        _records[key] = _record(op_type, PROPS[op_type](**texts), texts)
    return _records[key]


def split_arguments(
    kwargs: dict[str, Any], kind: type[Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays (or symbols) given by name, and the operator's attributes."""
    arrays = {k: v for k, v in kwargs.items() if isinstance(v, kind)}
    return arrays, {k: v for k, v in kwargs.items() if k not in arrays}


# ---- the record ------------------------------------------------------------------------------
def _record(op_type: str, prop: Any, texts: dict[str, str]) -> Op:
    arguments, states = list(prop.list_arguments()), list(prop.list_auxiliary_states())
    outputs = list(prop.list_outputs())
    call = _Call(op_type, prop, len(arguments), len(states), len(outputs))
    attrs = {"op_type": op_type, **texts}
    common: dict[str, Any] = dict(
        variadic=False, optional_inputs=0, attrs=attrs, params={k: Anything() for k in attrs}
    )
    backward = Op(
        name=f"custom_grad_{op_type}", forward=call.backward, infer=call.infer_backward,
        grad=_ONCE, inputs=(), names=Names(), flags=Flags(), doc="", outputs=len(arguments),
        **common,
    )  # fmt: skip
    return Op(
        name="Custom", forward=call.forward, infer=call.infer,
        grad=lambda F, g, out, *inputs, **_: call.gradients(F, F.reader(backward), g, out, inputs),
        inputs=(*arguments, *states), names=Names(json="Custom", output=" ".join(outputs)),
        flags=Flags(mode=True, mutates=tuple(range(len(arguments), len(arguments) + len(states)))),
        doc=type(prop).__doc__ or "", complete=call.complete, outputs=len(outputs) + 1,
        visible=len(outputs), aux=tuple(states), second_order=_ONCE.reason, **common,
    )  # fmt: skip


class _Call:
    """Forward, backward and inference of one record."""

    def __init__(self, op_type: str, prop: Any, inputs: int, states: int, outputs: int) -> None:
        self.op_type, self.prop = op_type, prop
        self.inputs, self.states, self.outputs = inputs, states, outputs

    # ---- inference
    def shapes(self, given: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Shapes of arguments, outputs and states, from the user's `infer_shape`."""
        found = self.prop.infer_shape([list(s) if s is not None else [] for s in given])
        ins, outs, states = found if len(found) == 3 else (*found, [])
        if len(ins) != self.inputs or len(outs) != self.outputs or len(states) != self.states:
            raise ShapeError(
                explain(
                    f"Custom({self.op_type!r}): infer_shape answered {len(ins)} input, "
                    f"{len(outs)} output and {len(states)} state shapes.",
                    f"{self.inputs}, {self.outputs} and {self.states}, as listed.",
                )
            )
        return ins, outs, states

    def infer(self, *avals: Any, **_: Any) -> tuple[Aval, ...]:
        """Outputs and the ticket."""
        given = avals[: self.inputs]
        outs = self.shapes([a.shape for a in given])[1]
        kinds = self.prop.infer_type([np.dtype(a.dtype).type for a in given])[1]
        found = (Aval(tuple(s), np.dtype(t)) for s, t in zip(outs, kinds, strict=True))
        return (*found, _TICKET)

    def infer_backward(self, *avals: Any, **_: Any) -> tuple[Aval, ...]:
        """Gradients look like the arguments."""
        first = 1 + self.outputs
        return tuple(Aval(a.shape, a.dtype) for a in avals[first : first + self.inputs])

    def complete(self, shapes: Any, attrs: Any) -> Any:
        """Fill in what the user's `infer_shape` knows."""
        if shapes[0] is None:
            return shapes
        ins, _, states = self.shapes(shapes[: self.inputs])
        return [tuple(s) if s else None for s in (*ins, *states)]

    # ---- running
    def wrap(self, xp: Any, arrays: Sequence[Array]) -> list[NDArray]:
        """Tensors over arrays, without a copy."""
        device = Device("cpu" if xp is np else "gpu", 0)
        return [NDArray._wrap(a, device) for a in arrays]

    def forward(
        self, xp: Any, *arrays: Array, training: bool = False, **_: Any
    ) -> tuple[Array, ...]:
        """Run the user's forward on tensors that share memory with the arrays."""
        avals = self.infer(*(Aval(a.shape, a.dtype) for a in arrays))
        outs = [xp.zeros(a.shape, a.dtype) for a in avals[:-1]]
        data, out_data = self.wrap(xp, arrays), self.wrap(xp, outs)
        shapes, kinds = [x.shape for x in data], [x.dtype for x in data]
        operator = self.prop.create_operator(data[0].context, shapes, kinds)
        ins, states = data[: self.inputs], data[self.inputs :]
        with _not_recording():
            operator.forward(training, ["write"] * len(outs), ins, out_data, states)
        return (*(x._data for x in out_data), xp.asarray([_keep(operator)], dtype="int64"))

    def gradients(self, F: Any, backward: Any, g: Any, out: Any, inputs: Any) -> tuple[Any, ...]:
        """Call the backward operator; heads that never arrived are zero."""
        outs = out[: self.outputs]
        heads = [
            F.zeros_like(y) if h is None else h
            for h, y in zip(g[: self.outputs], outs, strict=True)
        ]
        found = backward(out[self.outputs], *heads, *inputs[: self.inputs], *outs,
                         *inputs[self.inputs :])  # fmt: skip
        found = found if isinstance(found, (tuple, list)) else (found,)
        return (*found, *(None,) * self.states)

    def backward(self, xp: Any, ticket: Array, *arrays: Array, **_: Any) -> Any:
        """Run the user's backward of the forward call that the ticket names."""
        cuts = np.cumsum([self.outputs, self.inputs, self.outputs])
        heads, data, outs, states = (self.wrap(xp, part) for part in _cut(arrays, cuts))
        grads = self.wrap(xp, [xp.zeros_like(x._data) for x in data])
        operator = _waiting.get(int(ticket[0]))
        if operator is None:
            raise MXNetError(f"Custom({self.op_type!r}): its forward call is too long ago.")
        with _not_recording():
            operator.backward(["write"] * len(grads), heads, data, outs, grads, states)
        found = [x._data for x in grads]
        return tuple(found) if len(found) > 1 else found[0]


def _cut(arrays: Sequence[Array], ends: Any) -> list[Sequence[Array]]:
    starts = [0, *ends]
    return [arrays[a:b] for a, b in zip(starts, [*ends, len(arrays)], strict=True)]


def _keep(operator: Any) -> int:
    number = next(_numbers)
    _waiting[number] = operator
    if len(_waiting) > _MOST_WAITING:
        _waiting.popitem(last=False)
    return number


class _not_recording:  # noqa: N801  reads as a phrase: with _not_recording()
    """The user's operators compute; they are not part of the tape."""

    def __enter__(self) -> None:
        self.before, tape.state.recording = tape.state.recording, False

    def __exit__(self, *_: object) -> None:
        tape.state.recording = self.before
