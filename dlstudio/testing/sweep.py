"""The checks every operator of the table must pass, derived from its entry alone.

``for case in cases(): for check in CHECKS: check(case)`` is the whole test of an operator:
inference = forward, forward = outside authority, gradient = central differences (first and
second order), declared flags are true, odd memory layouts work, declared errors are raised.
Checks of the symbolic side stand in `dlstudio.testing.sweep_graph`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import dlstudio.dialects  # noqa: F401  fills the table
from dlstudio.core import random, reverse, tape
from dlstudio.core.avals import Aval
from dlstudio.core.device import cpu
from dlstudio.core.dispatch import Attrs, attributes, create, invoke
from dlstudio.core.registry import OPS, Op, Sample
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.errors import ArgumentError, DeviceError, MXNetError
from dlstudio.testing.gradcheck import numeric_gradients
from dlstudio.testing.samples import SampleMaker

__all__ = [
    "CHECKS",
    "Case",
    "cases",
    "check_common_errors",
    "check_errors",
    "check_invalid_parameters",
    "operators",
    "problems",
]

Array = Any
SEED = 7


@dataclass(frozen=True)
class Case:
    """One sample of one operator, in one mode (training or not)."""

    op: Op
    number: int
    training: bool

    @property
    def name(self) -> str:
        """Test id."""
        mode = "-train" if self.training else ""
        return f"{self.op.name}-{self.number}{mode}"

    @property
    def sample(self) -> Sample:
        """The sample, made afresh: checks may write into it."""
        assert self.op.samples is not None
        return self.op.samples(SampleMaker(SEED))[self.number]

    @property
    def attrs(self) -> Attrs:
        """Canonical attributes."""
        return attributes(self.op, dict(self.sample.attrs))


def operators() -> list[Op]:
    """All operators of the table."""
    return list(OPS.values())


def cases(operators_: Iterable[Op] | None = None) -> Iterator[Case]:
    """All samples of the given operators, or of all."""
    for op in operators() if operators_ is None else operators_:
        if op.samples is None:
            continue
        for number in range(len(op.samples(SampleMaker(SEED)))):
            yield Case(op, number, training=False)
            if op.flags.mode:
                yield Case(op, number, training=True)


def problems(of: Iterable[Case], checks: Sequence[Callable[[Case], None]]) -> list[str]:
    """Run every check on every case; one line per failure."""
    found: list[str] = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # samples reach poles and empty means on purpose
        for case in of:
            for check in checks:
                try:
                    check(case)
                except Exception as error:
                    found.append(f"{case.name} {check.__name__}: {type(error).__name__}: {error}")
    return found


# ---- running ---------------------------------------------------------------------------------
def present(inputs: Sequence[Any]) -> list[Array]:
    """Inputs without the absent optional ones at the end."""
    arrays = list(inputs)
    while arrays and arrays[-1] is None:
        arrays.pop()
    return arrays


def tensors_of(arrays: Sequence[Any]) -> list[Any]:
    """Wrap arrays as they are, whatever their layout."""
    return [None if a is None else NDArray._wrap(a, cpu()) for a in arrays]


def run(case: Case, tensors: Sequence[Any], cls: type[Tensor] = NDArray) -> list[Tensor]:
    """Call the operator eagerly, always from the same random state; visible outputs as a list."""
    random.seed(SEED)
    before, tape.state.training = tape.state.training, case.training
    try:
        if not tensors:
            result = create(case.op, case.attrs, cpu(), cls)
        else:
            result = invoke(case.op, tensors, case.attrs, cls)
    finally:
        tape.state.training = before
    return list(result) if isinstance(result, (list, tuple)) else [result]


def forward(case: Case, arrays: Sequence[Any]) -> list[Array]:
    """Visible outputs as arrays."""
    copies = [None if a is None else a.copy() for a in arrays]
    return [x._data for x in run(case, tensors_of(copies))]


def differentiable_inputs(case: Case, arrays: Sequence[Any]) -> list[int]:
    """Inputs a gradient can be asked for: floating, and no auxiliary state."""
    names = case.op.inputs_for(case.attrs, len(arrays))
    return [
        i
        for i, a in enumerate(arrays)
        if a is not None
        and a.dtype.kind == "f"
        and names[i] not in case.op.aux
        and names[i] not in case.op.constant
        and i not in case.op.flags.mutates
    ]


def head_weights(outs: Sequence[Array]) -> list[Array]:
    """Fixed random head gradients, so that every output element counts differently."""
    rng = np.random.default_rng(3)
    return [rng.uniform(0.5, 1.5, o.shape).astype(o.dtype) for o in outs]


def eager_gradients(
    case: Case, arrays: Sequence[Any], wanted: Sequence[int], *, create_graph: bool = False
) -> list[Any]:
    """Gradients by the tape, contracted with `head_weights`; None where no path leads."""
    tensors = tensors_of([None if a is None else a.copy() for a in arrays])
    for i in wanted:
        tensors[i].attach_grad()
    before, tape.state.recording = tape.state.recording, True
    try:
        outs = [o for o in run(case, tensors) if o._entry is not None and o._data.dtype.kind == "f"]
        if not outs:
            return [None] * len(wanted)
        heads = tensors_of(head_weights([o._data for o in outs]))
        found = reverse.gradients(
            outs, [tensors[i] for i in wanted], heads, create_graph=create_graph
        )
    finally:
        tape.state.recording = before
    return found


# ---- checks ----------------------------------------------------------------------------------
def check_inference(case: Case) -> None:
    """The inference rule predicts shape and dtype of every output."""
    arrays = present(case.sample.inputs)
    attrs = case.attrs.with_training(case.training) if case.op.flags.mode else case.attrs
    if case.op.flags.dynamic:
        return
    avals = [None if a is None else Aval(a.shape, a.dtype) for a in arrays]
    inferred = case.op.infer(*avals, **{k: v for k, v in attrs.items() if k != "training"})
    expected = (
        list(inferred)
        if isinstance(inferred, (tuple, list)) and not isinstance(inferred, Aval)
        else [inferred]
    )
    outs = forward(case, arrays)
    assert len(expected) == case.op.n_outputs(case.attrs), "inference and `outputs` disagree"
    for out, aval in zip(outs, expected, strict=False):
        assert (out.shape, out.dtype) == (aval.shape, aval.dtype), (
            f"forward {out.shape} {out.dtype}, infer {aval}"
        )


def check_reference(case: Case) -> None:
    """Forward equals the outside authority, where one is declared."""
    if case.op.reference is None:
        return
    arrays = present(case.sample.inputs)
    expected = case.op.reference(*arrays, **case.attrs)
    expected = list(expected) if isinstance(expected, (tuple, list)) else [expected]
    for out, value in zip(forward(case, arrays), expected, strict=True):
        np.testing.assert_allclose(out, value, rtol=1e-6, atol=1e-8)


def check_gradient(case: Case) -> None:
    """The tape's gradient equals central differences."""
    op, arrays = case.op, present(case.sample.inputs)
    wanted = differentiable_inputs(case, arrays)
    if not wanted or op.custom_gradient or (not op.differentiable and op.expand is None):
        return
    found = eager_gradients(case, arrays, wanted)
    floats = [a.astype(np.float64) if a is not None and a.dtype.kind == "f" else a for a in arrays]

    def scalar(*values: Array) -> float:
        outs = [o for o in forward(case, values) if o.dtype.kind == "f"]
        return float(sum((o * w).sum() for o, w in zip(outs, head_weights(outs), strict=True)))

    expected = numeric_gradients(scalar, floats, wanted)
    for i, got, slope in zip(wanted, found, expected, strict=True):
        if got is None:
            assert not np.any(np.abs(slope) > 1e-6), (
                f"input {i} has a gradient, the rule gives none"
            )
            continue
        # curvature of order 1e3 times STEP² leaves 1e-7; rounding of float64 less
        np.testing.assert_allclose(
            got, slope, rtol=1e-5, atol=1e-6, err_msg=f"gradient of input {i}"
        )


def check_second_order(case: Case) -> None:
    """The gradient of the gradient equals central differences of the gradient."""
    op, arrays = case.op, present(case.sample.inputs)
    wanted = differentiable_inputs(case, arrays)
    smooth = op.differentiable or op.expand is not None
    if not wanted or not smooth or op.custom_gradient or op.second_order:
        return
    first = eager_gradients(case, arrays, wanted)
    if all(g is None for g in first):
        return

    def scalar(*values: Array) -> float:
        grads = [g for g in eager_gradients(case, values, wanted) if g is not None]
        return float(sum((g * w).sum() for g, w in zip(grads, head_weights(grads), strict=True)))

    expected = numeric_gradients(
        scalar, [np.array(a) if a is not None else a for a in arrays], wanted
    )
    for i, got, slope in zip(wanted, _second_order(case, arrays, wanted), expected, strict=True):
        value = np.zeros_like(slope) if got is None else got
        np.testing.assert_allclose(
            value, slope, rtol=1e-4, atol=1e-5, err_msg=f"second order, input {i}"
        )


def _second_order(case: Case, arrays: Sequence[Any], wanted: Sequence[int]) -> list[Any]:
    tensors = tensors_of([None if a is None else a.copy() for a in arrays])
    for i in wanted:
        tensors[i].attach_grad()
    before, tape.state.recording = tape.state.recording, True
    try:
        outs = [o for o in run(case, tensors) if o._entry is not None and o._data.dtype.kind == "f"]
        heads = tensors_of(head_weights([o._data for o in outs]))
        variables = [tensors[i] for i in wanted]
        found = reverse.gradients(outs, variables, heads, create_graph=True)
        grads = [g for g in found if g is not None]
        onward = [
            (g, w)
            for g, w in zip(grads, head_weights([g._data for g in grads]), strict=True)
            if g._entry is not None
        ]
        if not onward:
            return [None] * len(wanted)
        return reverse.gradients(
            [g for g, _ in onward], variables, tensors_of([w for _, w in onward])
        )
    finally:
        tape.state.recording = before


def check_view_flag(case: Case) -> None:
    """`view` operators share memory with their input; others do not, unless they return it."""
    if not case.op.flags.view:
        return
    arrays = present(case.sample.inputs)
    if any(a is not None and a.size == 0 for a in arrays):
        return
    result = case.op.forward(np, *arrays, **case.attrs)
    first = result[0] if isinstance(result, (tuple, list)) else result
    assert first.size == 0 or np.shares_memory(first, arrays[0]), (
        "flagged as a view, but the memory is not shared"
    )


def check_inplace_flag(case: Case) -> None:
    """`out` may be the flagged input: the result is the same."""
    op = case.op
    if not op.flags.out:
        return
    arrays = present(case.sample.inputs)
    expected = _call(case, present(case.sample.inputs))  # afresh: optimizer steps move states
    outs = expected if isinstance(expected, (tuple, list)) else (expected,)
    fresh = tuple(np.full_like(o, 113) for o in outs)
    target = fresh if isinstance(expected, (tuple, list)) else fresh[0]
    _compare_out(_call(case, present(case.sample.inputs), out=target), target, expected)
    for i in op.flags.inplace:
        if (
            i < len(arrays)
            and arrays[i].shape == outs[0].shape
            and arrays[i].dtype == outs[0].dtype
        ):
            copies = [None if a is None else a.copy() for a in arrays]
            _call(case, copies, out=copies[i])
            np.testing.assert_array_equal(copies[i], outs[0], err_msg=f"in place over input {i}")


def _call(case: Case, arrays: Sequence[Any], **more: Any) -> Any:
    attrs = dict(case.attrs.with_training(case.training) if case.op.flags.mode else case.attrs)
    if case.op.flags.random:
        attrs["rng"] = np.random.default_rng(SEED)
    return case.op.forward(np, *arrays, **attrs, **more)


def _compare_out(result: Any, target: Any, expected: Any) -> None:
    results = result if isinstance(result, (tuple, list)) else (result,)
    targets = target if isinstance(target, tuple) else (target,)
    wanted = expected if isinstance(expected, (tuple, list)) else (expected,)
    for got, place, value in zip(results, targets, wanted, strict=True):
        assert got is place, "forward ignores out="
        np.testing.assert_array_equal(place, value, err_msg="out= differs from the returned result")


def check_layouts(case: Case) -> None:
    """Inputs that are not contiguous give the same result, and are not written to."""
    arrays = present(case.sample.inputs)
    odd = [_strided(a) for a in arrays]
    before = [None if a is None else a.copy() for a in odd]
    mutated = set(case.op.flags.mutates)
    expected = forward(case, arrays)
    for got, value in zip([x._data for x in run(case, tensors_of(odd))], expected, strict=True):
        np.testing.assert_allclose(got, value, rtol=1e-12, atol=1e-12)
    for i, (a, b) in enumerate(zip(odd, before, strict=True)):
        if a is not None and i not in mutated:
            np.testing.assert_array_equal(a, b, err_msg=f"input {i} was written to")


def _strided(array: Any) -> Any:
    """The same values with gaps between the elements."""
    if array is None or array.ndim == 0:
        return array
    wide = np.zeros((*array.shape[:-1], array.shape[-1] * 2), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def check_float32(case: Case) -> None:
    """Where float64 inputs give float64, float32 inputs give float32, and nearly equal results."""
    arrays = present(case.sample.inputs)
    if not any(a is not None and a.dtype == np.float64 for a in arrays) or case.op.flags.random:
        return
    single = [
        a.astype(np.float32) if a is not None and a.dtype == np.float64 else a for a in arrays
    ]
    for got, value in zip(forward(case, single), forward(case, arrays), strict=True):
        assert got.dtype != np.float64 or "dtype" in case.attrs, "float32 inputs gave float64"
        if got.dtype == np.float32:
            np.testing.assert_allclose(got, value, rtol=2e-3, atol=2e-4)


CHECKS = (
    check_inference,
    check_reference,
    check_gradient,
    check_second_order,
    check_view_flag,
    check_inplace_flag,
    check_layouts,
    check_float32,
)


# ---- errors ----------------------------------------------------------------------------------
def check_errors(op: Op) -> None:
    """Declared errors are raised, with their messages, and are our own."""
    for declared in op.errors(SampleMaker(SEED)) if op.errors else ():
        assert issubclass(declared.error, MXNetError), "declared errors are our own classes"
        _expect(op, declared.sample, declared.error, declared.match)


def check_common_errors(op: Op) -> None:
    """What every operator must refuse: an unknown parameter, a missing input, mixed devices."""
    with _raises(ArgumentError, re.escape(op.name)):
        op.parse({"no_such_parameter": 1})
    least = len(op.inputs) - op.optional_inputs
    if op.variadic or not least:
        return
    with _raises(ArgumentError, op.inputs[0]):
        invoke(op, [], Attrs(dict(op.attrs)), NDArray)
    if least > 1:
        ones = [np.ones((2, 2))] * least
        mixed = [NDArray._wrap(a, cpu(min(i, 1))) for i, a in enumerate(ones)]
        with _raises(DeviceError, r"cpu\(1\)"):
            invoke(op, mixed, Attrs(dict(op.attrs)), NDArray)


@contextmanager
def _raises(error: type[Exception], match: str) -> Iterator[None]:
    """Expect `error` inside, with a message that the pattern `match` finds."""
    text = None
    try:
        yield
    except error as raised:
        text = str(raised)
    assert text is not None, f"no {error.__name__} was raised"
    assert re.search(match, text, re.DOTALL), f"{match!r} not found in {text}"


def check_invalid_parameters(op: Op) -> None:
    """Every attribute refuses the values its domain excludes, naming operator and parameter."""
    for name, param in op.params.items():
        for value in param.invalid():
            _refuses(op, name, value)


def _refuses(op: Op, name: str, value: Any) -> None:
    try:
        op.parse({name: value})
    except MXNetError as error:
        text = str(error)
        assert op.name in text, f"the message does not name {op.name}: {text}"
        return
    raise AssertionError(f"{op.name} accepts {name}={value!r}")


def _expect(op: Op, sample: Sample, error: type[Exception], match: str) -> None:
    tensors = tensors_of(present(sample.inputs))
    with _raises(error, match):
        if tensors:
            invoke(op, tensors, attributes(op, dict(sample.attrs)), NDArray)
        else:
            create(op, attributes(op, dict(sample.attrs)), cpu(), NDArray)
