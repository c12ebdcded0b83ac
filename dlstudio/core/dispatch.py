"""The eager call: unwrap, compute, wrap, record. And, when it fails, explain.

Arguments are not checked up front. When a forward raises, `explain_failure` runs the operator's
inference rule on the same shapes to find out why, and raises the teaching error instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core import tape
from dlstudio.core.avals import Aval
from dlstudio.core.device import Device, current_context
from dlstudio.core.late import Late, alive, is_late, later, one_later
from dlstudio.core.meeting import together
from dlstudio.core.random import next_generator
from dlstudio.core.registry import NotDifferentiable
from dlstudio.core.sparse import BaseSparseNDArray
from dlstudio.core.tape import refuse_while_recorded
from dlstudio.core.tensor import Tensor
from dlstudio.errors import (
    ArgumentError,
    DeviceError,
    DTypeError,
    MXNetError,
    OutOfMemoryError,
    ShapeError,
    explain,
    taught_class,
)
from dlstudio.trace import bus, copies

if TYPE_CHECKING:
    from dlstudio.core.registry import Op

__all__ = ["Attrs", "attributes", "create", "invoke", "move", "transfer"]

Array = Any
_MEMO_LIMIT = 4096


class Attrs(dict[str, Any]):
    """Canonical attributes of a call, shared by all calls that give the same values.

    `needs` caches what backward must keep; `modes` the same attributes with `training` added.
    """

    __slots__ = ("modes", "needs")

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.needs: dict[Any, Any] = {}
        self.modes: dict[bool, Attrs] = {}

    def with_training(self, training: bool) -> Attrs:
        """These attributes and the mode of the call."""
        found = self.modes.get(training)
        if found is None:
            found = self.modes[training] = Attrs({**self, "training": training})
        return found


def attributes(op: Op, given: dict[str, Any]) -> Attrs:
    """Canonical attributes for `given`, remembered per operator by value.

    1, 1.0 and True are equal as dictionary keys but not as operands, hence the types in the key.
    """
    try:
        key = tuple([(k, v, v.__class__) for k, v in given.items()])
        found = op.memo.get(key)
    except TypeError:  # a list or an array among the values: parse it each time
        return Attrs(op.parse(given))
    # 0.0 == -0.0, and x * -0.0 differs from x * 0.0
    if found is None or any(v == 0 and v.__class__ is float for v in given.values()):
        found = Attrs(op.parse(given))
        if len(op.memo) >= _MEMO_LIMIT:
            op.memo.clear()
        op.memo[key] = found  # type: ignore[assignment]
    return found  # type: ignore[return-value]


def invoke(  # noqa: C901, PLR0911, PLR0912  every eager call passes here: one frame instead of six
    op: Op, inputs: Sequence[Any], attrs: Attrs, cls: type[Tensor], out: Any = None
) -> Any:
    """Run `op` on tensors; the result has class `cls` (a list for several outputs).

    Raises
    ------
    ShapeError, DTypeError, DeviceError, ParamError, ArgumentError
        As the operator declares; the message names what was given and how to fix it.
    """
    try:
        device = inputs[0]._device
        arrays = [x._data for x in inputs]
        for x in inputs:
            if x._device is not device:
                raise _mixed_devices(op, inputs)
    except (AttributeError, IndexError):
        if any(isinstance(x, BaseSparseNDArray) for x in inputs):
            return _sparse(op, inputs, attrs, cls, out)
        inputs, device = operands(op, inputs, cls)
        arrays = [None if x is None else x._data for x in inputs]
    if tape.state.recording and (op.expand is not None or tape.state.tracer is not None):
        if tape.state.tracer is not None:
            return _traced(op, inputs, attrs, cls, out)
        return _expand(op, inputs, attrs, cls, out)
    if alive and any(x.__class__ is Late for x in arrays):
        return later(op, inputs, attrs, cls, out)
    runtime: dict[str, Any] = attrs
    if op.flags.mode:
        runtime = attrs = attrs.with_training(tape.state.training)
        if op.together is not None and tape.state.recording and op.together.waits(attrs):
            return together(op, inputs, attrs, cls, out)
    if op.flags.random:
        runtime = {**attrs, "rng": next_generator(device)}
    if bus.subscribers:
        from dlstudio.core.watch import watched

        result = watched(op, device, arrays, runtime, inputs)
    else:
        try:
            result = op.run(device.xp, *arrays, **runtime)
        except Exception as error:
            raise explain_failure(op, inputs, attrs, error) from error
    if out is not None or op.flags.view or result.__class__ is not arrays[0].__class__:
        return _deliver(op, inputs, attrs, arrays, result, device, cls, out)
    # the common case, spelled out because every eager call passes here
    tensor = cls.__new__(cls)
    tensor._data, tensor._device, tensor._entry, tensor._store = result, device, None, None
    if tape.state.recording:
        for x in inputs:
            if x is not None and x._entry is not None:
                if op.grad.__class__ is not NotDifferentiable:
                    tape.record(op, inputs, attrs, arrays, (tensor,), (result,))
                break
    return tensor


def _sparse(op: Op, inputs: Sequence[Any], attrs: Attrs, cls: type[Any], out: Any) -> Any:
    """Take the way of sparse operands, which have no `_data`."""
    from dlstudio.core.sparse_calls import call

    return call(op, inputs, attrs, cls, out)


def _deliver(
    op: Op, inputs: Sequence[Any], attrs: Attrs, arrays: Sequence[Array], result: Any,
    device: Device, cls: type[Tensor], out: Any,
) -> Any:  # fmt: skip
    """Wrap the arrays of a finished call, record it, and return what the caller sees."""
    if out is not None:
        return _into(op, inputs, attrs, arrays, result, device, cls, out)
    if result.__class__ is tuple or result.__class__ is list:
        results = [r if isinstance(r, device.xp.ndarray) else device.xp.asarray(r) for r in result]
        outputs = [cls._wrap(r, device) for r in results]
        if op.flags.view:
            for tensor in outputs:
                inputs[0]._share_lazily(tensor)
        _record(op, inputs, attrs, arrays, outputs, results)
        visible = op.n_visible(attrs)
        return outputs[0] if visible == 1 and len(outputs) > 1 else outputs[:visible]
    if not isinstance(result, device.xp.ndarray):  # NumPy answers 0-d results as scalars
        result = device.xp.asarray(result)
    tensor = cls._wrap(result, device)
    if op.flags.view and result.base is not None:
        inputs[0]._share_lazily(tensor)
    _record(op, inputs, attrs, arrays, (tensor,), (result,))
    return tensor


def _record(
    op: Op, inputs: Sequence[Any], attrs: Attrs, arrays: Sequence[Array],
    outputs: Sequence[Tensor], results: Sequence[Array],
) -> None:  # fmt: skip
    if (
        tape.state.recording
        and op.grad.__class__ is not NotDifferentiable
        and any(x is not None and x._entry is not None for x in inputs)
    ):
        tape.record(op, inputs, attrs, arrays, outputs, results)


def _traced(op: Op, inputs: Sequence[Any], attrs: Attrs, cls: type[Tensor], out: Any) -> Any:
    """Compute without the tape, and let the open tracer note the call as a node."""
    tracer = tape.state.tracer
    tape.state.tracer, tape.state.recording = None, False
    try:
        result = (
            invoke(op, inputs, attrs, cls, out) if inputs else create(op, attrs, None, cls, out)
        )
    finally:
        tape.state.tracer, tape.state.recording = tracer, True
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    tracer.note(op, inputs, attrs, outputs)
    return result


def _expand(op: Op, inputs: Sequence[Any], attrs: Attrs, cls: type[Tensor], out: Any) -> Any:
    """Run a composite through its expansion, so that the tape sees the operators inside."""
    assert op.expand is not None
    plain = [None if x is None else x._as(Tensor) for x in inputs]
    try:
        with inputs[0]._device:  # constants that the expansion makes belong there
            result = op.expand(tape.Recorded, *plain, **attrs)
    except Exception as error:
        raise explain_failure(op, inputs, attrs, error) from error
    if out is not None:
        single = result if isinstance(result, Tensor) else result[0]
        return _into(op, inputs, attrs, [], single._data, single._device, cls, out)
    if isinstance(result, (tuple, list)):
        return [x._as(cls) for x in result]
    return result._as(cls)


def _into(
    op: Op, inputs: Sequence[Any], attrs: Attrs, arrays: Sequence[Array], result: Any,
    device: Device, cls: type[Tensor], out: Any,
) -> Any:  # fmt: skip
    """Write results into the caller's `out` arrays and return those."""
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    targets = list(out) if isinstance(out, (tuple, list)) else [out]
    if any(isinstance(target, BaseSparseNDArray) for target in targets):
        from dlstudio.core.sparse_calls import write_all

        return write_all(op, out, results)
    for target, value in zip(targets, results, strict=False):
        if not isinstance(target, Tensor):
            raise _not_out(op, target)
        if target._data.shape != np.shape(value):
            raise ShapeError(
                explain(
                    f"{op.name}: out has shape {target._data.shape}, the result {np.shape(value)}.",
                    "equal shapes.",
                )
            )
        if np.result_type(value) != target._data.dtype and not op.flags.mutates:
            raise DTypeError(
                explain(
                    f"{op.name}: out has dtype {target._data.dtype}, "
                    f"the result {np.result_type(value)}.",
                    "equal dtypes.",
                )
            )
        refuse_while_recorded(target)
    for target, value in zip(targets, results, strict=False):
        if value is not target._data:
            target._prepare_write()
            target._data[...] = value
    if op.expand is None and not op.flags.mutates:
        hidden = [cls._wrap(device.xp.asarray(r), device) for r in results[len(targets) :]]
        stored = [t._data for t in targets] + [h._data for h in hidden]
        _record(op, inputs, attrs, arrays, [*targets, *hidden], stored)
    return out


def _not_out(op: Op, target: Any) -> ArgumentError:
    return ArgumentError(f"{op.name}: parameter out must be an array. Got {type(target).__name__}.")


def create(op: Op, attrs: Attrs, ctx: Any, cls: type[Tensor], out: Any = None) -> Any:
    """Run an operator without inputs (zeros, arange, samplers) on `ctx` or the current device."""
    if out is not None:
        target = out[0] if isinstance(out, (tuple, list)) and out else out
        if not isinstance(target, Tensor):
            raise _not_out(op, target)
        device = target._device
    else:
        device = Device(ctx) if ctx is not None else current_context()
    if tape.state.tracer is not None:
        with device:
            return _traced(op, [], attrs, cls, out)
    runtime: dict[str, Any] = attrs
    if op.flags.random:
        runtime = {**attrs, "rng": next_generator(device)}
    if bus.subscribers:
        from dlstudio.core.watch import watched

        result = watched(op, device, [], runtime, [])
    else:
        try:
            result = op.run(device.xp, **runtime)
        except Exception as error:
            raise explain_failure(op, [], attrs, error) from error
    return _deliver(op, [], attrs, [], result, device, cls, out)


# ---- operands --------------------------------------------------------------------------------
def operands(op: Op, inputs: Sequence[Any], cls: type[Tensor]) -> tuple[list[Any], Device]:
    """Turn what the user gave into tensors on one device, without absent inputs at the end."""
    given = list(inputs)
    if not given:
        raise _missing(op, 0)
    least = len(op.inputs) - op.optional_inputs - (1 if op.variadic else 0)
    while len(given) > least and given and given[-1] is None:
        given.pop()
    if len(given) < least:
        raise _missing(op, len(given))
    tensors = [x for x in given if isinstance(x, Tensor)]
    device = tensors[0]._device if tensors else current_context()
    for i, x in enumerate(given):
        if x is not None and not isinstance(x, Tensor):
            given[i] = _as_operand(op, i, x, device, cls, tensors)
        elif x is None and i < least:
            raise _missing(op, i)
        elif x is not None and x._device is not device:
            raise _mixed_devices(op, [t for t in given if isinstance(t, Tensor)])
    return given, device


def _as_operand(
    op: Op, i: int, x: Any, device: Device, cls: type[Tensor], tensors: list[Tensor]
) -> Tensor:
    if hasattr(x, "list_arguments"):
        raise ArgumentError(
            explain(
                f"{op.name} was called on a Symbol through the namespace of arrays.",
                "arrays.",
                f"mx.sym.{op.name}(...), or F.{op.name}(...) inside hybrid_forward",
            )
        )
    if not isinstance(x, (np.ndarray, np.generic, int, float, bool, complex, list, tuple)):
        raise ArgumentError(
            explain(
                f"{op.name}: input {_input_name(op, i)} is a {type(x).__name__}.",
                "an array.",
                "x.data(), its values" if callable(getattr(x, "data", None)) else "mx.nd.array(x)",
            )
        )
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ShapeError(
            explain(f"{op.name}: input {_input_name(op, i)}: {error}", "rows of equal length.")
        ) from error
    if not isinstance(x, (np.ndarray, np.generic)):
        # Python numbers take the dtype of the arrays beside them, as NumPy's weak scalars do
        like = np.dtype(tensors[0].dtype if tensors else np.float32)
        if array.dtype.kind not in "iub" or not tensors:
            like = like if like.kind in "fcV" else np.dtype(np.float32)
        array = array.astype(like)
    return cls._wrap(device.backend.from_numpy(array), device)


def _input_name(op: Op, i: int) -> str:
    return op.inputs[min(i, len(op.inputs) - 1)]


def _missing(op: Op, i: int) -> ArgumentError:
    return ArgumentError(
        explain(
            f"{op.name}: the input {_input_name(op, i)!r} is missing.",
            f"{op.name}({', '.join(op.inputs)}, ...).",
        )
    )


def _mixed_devices(op: Op, inputs: Sequence[Tensor]) -> DeviceError:
    places = ", ".join(f"{_input_name(op, i)} on {x._device}" for i, x in enumerate(inputs))
    first = inputs[0]._device
    return DeviceError(
        explain(
            f"{op.name}: {places}.",
            "all inputs on one device: eager operators never copy between devices on their own.",
            f"{_input_name(op, len(inputs) - 1)}.as_in_context(mx.{first})",
        )
    )


# ---- failure ---------------------------------------------------------------------------------
def explain_failure(op: Op, inputs: Sequence[Any], attrs: Any, error: Exception) -> Exception:
    """Find the teaching error for a forward that raised `error`."""
    if isinstance(error, MXNetError):
        return error
    if isinstance(error, MemoryError):
        fix = "ask for a smaller result, or free arrays"
        return OutOfMemoryError(explain(f"{op.name}: {error}", fix=fix))
    avals = [None if x is None else Aval(tuple(x.shape), np.dtype(x.dtype)) for x in inputs]
    for name, value in attrs.items():
        if value is inspect.Parameter.empty:
            return op.unknown_attribute(name)
    try:
        op.infer(*avals, **{k: v for k, v in attrs.items() if k != "training"})
    except MXNetError as taught:
        return taught
    except Exception:
        pass
    cls = taught_class(error)
    shown = ", ".join(
        f"{_input_name(op, i)} {a.shape} {a.dtype}" for i, a in enumerate(avals) if a is not None
    )
    options = ", ".join(
        f"{k}={v!r}" for k, v in attrs.items() if repr(op.attrs.get(k, v)) != repr(v)
    )
    return cls(
        explain(
            f"{op.name} failed on {shown or 'no inputs'}"
            f"{' with ' + options if options else ''}: {error}",
            fix=f"see the shapes and dtypes that help({op.name}) states",
        )
    )


# ---- moving between devices ------------------------------------------------------------------
def move(tensor: Any, device: Device, *, always: bool = False) -> Any:
    """Copy a tensor to `device`, recorded; without `always` return it as it is if it is there."""
    if tensor._device is device and not always:
        return tensor
    if alive and is_late(tensor):
        again = partial(move, device=device, always=always)
        return one_later(again, tensor, type(tensor), device)
    same = tensor._device is device
    array = transfer(tensor._data, tensor._device, device)
    moved = type(tensor)._wrap(array, device)
    if bus.subscribers:
        from dlstudio.core.watch import copied

        copied(tensor, moved, "copy()" if same else "as_in_context()")
    if tape.state.recording and tensor._entry is not None:
        source = tensor._device

        def back(heads: tuple[Any, ...], create_graph: bool) -> list[Any]:
            head = heads[0]
            if create_graph:
                return [move(head, source)]
            if bus.subscribers:
                copies.count(str(device), str(source), head.nbytes, "gradient of a copy")
            return [transfer(head, device, source)]

        tape.record_custom((tensor,), (moved,), back, "copy", same=True)
    return moved


def transfer(array: Array, source: Device, target: Device) -> Array:
    """Copy bytes from one device to another."""
    if source.device_type == "gpu" and target.device_type == "gpu":
        with target.xp.cuda.Device(target.device_id):
            return target.xp.array(array)
    host = array if source.device_type != "gpu" else source.xp.asnumpy(array)
    return target.backend.from_numpy(host, "")  # `move` tells the ledger
