"""Runs the recorded MXNet 1.9.1 cases against dlstudio and counts which agree.

    python -m tests.reference.runner ops/open            # counts
    python -m tests.reference.runner ops/open --failures # and every disagreement, one a line

A case whose function does not exist here is "absent"; every other case passes or fails.
"""

from __future__ import annotations

import collections
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio import np as mnp
from dlstudio.core.tensor import NDArray, Tensor, ndarray
from tests.reference.compare import (
    Absent,
    Differs,
    agree,
    expect_error,
    flat_arrays,
    pack,
    plain,
    run_code,
    scope,
    tensor,
)
from tests.reference.training import (
    run_initializer,
    run_layer,
    run_metric,
    run_optimizer,
    run_sampler,
    run_schedule,
)


# ---- ops -------------------------------------------------------------------------------------
def function_of(case: Any, inputs: list[Any]) -> Callable[..., Any]:
    """Find what the case calls."""
    if case.raw.get("method"):
        try:
            return getattr(inputs[0], case.op)
        except AttributeError:
            raise Absent(f"method {case.op}") from None
    found: Any = mx
    for part in [*case.ns.split(".")[1:], case.op]:
        try:
            found = getattr(found, part)
        except (AttributeError, ModuleNotFoundError):
            raise Absent(f"{case.ns}.{case.op}") from None
    return found


def _existing(case: Any, inputs: list[Any]) -> None:
    """Raise AttributeError where the record says there is no such name."""
    try:
        function_of(case, inputs)
    except Absent as missing:
        raise AttributeError(str(missing)) from None


def keywords(case: Any, inputs: list[Any], cls: type[Tensor]) -> dict[str, Any]:
    """Keyword arguments, with ``out="@0"`` resolved to the inputs it names."""
    given = {k: tensor(v, cls) for k, v in case.kwargs.items()}
    out = given.get("out")
    if isinstance(out, str) and out.startswith("@"):
        picked = [_pick(inputs, name) for name in out[1:].split(",")]
        given["out"] = picked[0] if len(picked) == 1 else picked
    return given


def _pick(inputs: list[Any], name: str) -> Any:
    head, _, tail = name.partition(".")
    return inputs[int(head)][int(tail)] if tail else inputs[int(head)]


def run_op(case: Any) -> None:
    """One operator case: outputs, class, gradients, or the error."""
    cls = ndarray if case.mode == "np" else NDArray
    mx.random.seed(7)
    inputs = [tensor(v, cls) for v in case.inputs]
    call = inputs[1:] if case.raw.get("method") else inputs
    if case.error is not None and case.error.get("type") == "AttributeError":
        expect_error(lambda: _existing(case, inputs))
        return
    function = function_of(case, inputs)
    given = keywords(case, inputs, cls)
    if case.error is not None:
        expect_error(lambda: plain(function(*call, **given)))
        return
    result = function(*call, **given)
    results = [result] if case.raw.get("single") else list(result)
    agree(results, case.outputs, "output")
    if (
        case.raw.get("out_class") in ("NDArray", "ndarray")
        and type(results[0]).__name__ != case.out_class
    ):
        raise Differs(f"class {type(results[0]).__name__}, recorded {case.out_class}")
    arrays = list(flat_arrays(inputs))
    for index, value in (case.raw.get("mutated") or {}).items():
        agree(arrays[int(index)], value, f"input {index} afterwards")
    if case.grads:
        run_gradients(case, cls)


def run_gradients(case: Any, cls: type[Tensor]) -> None:
    """The same call recorded, with the recorded head gradients."""
    mx.random.seed(7)
    inputs = [tensor(v, cls) for v in case.inputs]
    named = keywords(case, inputs, cls)
    # the record numbers arrays given by name after those given by position
    arrays = [*flat_arrays(inputs), *flat_arrays([v for k, v in named.items() if k != "out"])]
    for index in case.grads:
        arrays[int(index)].attach_grad()
    function = function_of(case, inputs)
    call = inputs[1:] if case.raw.get("method") else inputs
    with autograd.record():
        result = function(*call, **named)
    results = [result] if isinstance(result, Tensor) else list(result)
    heads = [None if h is None else tensor(h, cls) for h in case.heads]
    pairs = [(r, h) for r, h in zip(results, heads, strict=False) if r._entry is not None]
    if not pairs:
        raise Differs("nothing was recorded")
    autograd.backward([r for r, _ in pairs], [h for _, h in pairs])
    for index, value in case.grads.items():
        agree(arrays[int(index)].grad, value, f"gradient {index}")


# ---- arrays ----------------------------------------------------------------------------------
def run_indexing(case: Any) -> None:
    """A recorded indexing expression on a 2 x 3 x 4 array."""
    if "code" in case.raw:
        run_code(case)
        return
    cls = ndarray if case.raw.get("mode") == "np" else NDArray
    array = tensor(np.arange(24, dtype=np.float32).reshape(2, 3, 4), cls)
    make = mnp.array if cls is ndarray else nd.array
    key = eval(case.key, scope(A=lambda v, dtype="float32": make(v, dtype=dtype)))
    action = {"get": _get, "grad": _grad}.get(case.what, _set)
    if case.error is not None:
        expect_error(lambda: action(case, array, key))
        return
    action(case, array, key)


def _get(case: Any, array: Any, key: Any) -> None:
    got = array[key]
    agree(got, case.raw.get("result"), "value")
    if case.raw.get("is_view") is not None and isinstance(got, Tensor) and got.size:
        before = array.asnumpy().copy()
        got[:] = -5
        if bool((array.asnumpy() != before).any()) != case.is_view:
            raise Differs(f"is_view should be {case.is_view}")


def _grad(case: Any, array: Any, key: Any) -> None:
    array.attach_grad()
    with autograd.record():
        got = array[key]
    got.backward(tensor(case.head, type(array)))
    agree(array.grad, case.raw.get("result"), "gradient")


def _set(case: Any, array: Any, key: Any) -> None:
    value = 7.5 if case.what == "set_scalar" else case.value
    if case.what == "set_array":
        value = tensor(value, type(array))
    elif isinstance(value, np.ndarray):
        value = value.tolist()
    array[key] = value
    agree(array, case.raw.get("result"), "array")


_METHODS = {"add", "sub", "mul", "truediv", "mod", "pow", "eq", "lt"}
_SCALARS = {"np.float64 2.5": np.float64(2.5), "np.int64 2": np.int64(2), "py bool True": True,
            "py float 2.5": 2.5, "py int 2": 2}  # fmt: skip


def run_promotion(case: Any) -> None:
    """``lhs op rhs`` for all pairs of dtypes and scalars, and functions of one array."""
    import operator

    cls = ndarray if case.mode == "np" else NDArray
    left = tensor(np.array([3, 1, 2]).astype(case.lhs), cls)
    if case.op not in _METHODS or "rhs" not in case.raw:
        call = _function_of_one(case, left)
    else:
        right = _promotion_operand(case.rhs, cls)
        first, second = (right, left) if "(left)" in case.rhs else (left, right)
        function = getattr(operator, case.op)
        call = lambda: function(first, second)  # noqa: E731
    if case.error is not None:
        expect_error(lambda: plain(call()))
        return
    agree(call(), case.raw.get("result"), "value")


def _function_of_one(case: Any, left: Any) -> Callable[[], Any]:
    namespace = mnp if case.mode == "np" else nd
    try:
        function = getattr(namespace, case.op)
    except AttributeError:
        raise Absent(case.op) from None
    if case.op == "dot":
        return lambda: function(left, left)
    return lambda: function(left)


def _promotion_operand(text: str, cls: type[Tensor]) -> Any:
    text = text.replace("(left)", "").strip()
    if text in _SCALARS:
        return _SCALARS[text]
    return tensor(np.array([3, 1, 2]).astype(np.dtype(text)), cls)


RUNNERS: dict[str, Callable[[Any], None]] = {
    "ops/open": run_op,
    "ndarray/indexing": run_indexing,
    "ndarray/inplace": run_code,
    "ndarray/promotion": run_promotion,
    "ndarray/printing": run_code,
    "ndarray/autograd": run_code,
    "random/cases": run_sampler,
    "random/facts": run_code,
    "layers/cases": run_layer,
    "layers/facts": run_code,
    "optim/optimizers": run_optimizer,
    "optim/schedules": run_schedule,
    "optim/metrics": run_metric,
    "optim/initializers": run_initializer,
}


def verdict(part: str, case: Any) -> tuple[str, str]:
    """ "pass", "fail" or "absent", and why."""
    try:
        RUNNERS[part](case)
    except Absent as missing:
        return "absent", str(missing)
    except Exception as error:
        return "fail", f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
    return "pass", ""


def count(part: str) -> tuple[collections.Counter[str], list[tuple[str, str]]]:
    """Verdicts of a part, and its failures as (name, reason)."""
    counts: collections.Counter[str] = collections.Counter()
    failures = []
    for case in pack.cases(part):
        answer, reason = verdict(part, case)
        counts[answer] += 1
        if answer != "pass":
            failures.append((f"{answer} {case.name}", reason))
    return counts, failures


def main(arguments: list[str]) -> None:
    """Print counts, and with --failures what disagrees."""
    wanted = [a for a in arguments if not a.startswith("--")] or list(RUNNERS)
    for part in wanted:
        counts, failures = count(part)
        print(part, dict(counts))
        if "--failures" in arguments:
            for name, reason in failures:
                print("   ", name, "|", reason)


if __name__ == "__main__":
    main(sys.argv[1:])
