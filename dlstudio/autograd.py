"""Automatic differentiation: what to record, and which gradients to compute.

Examples
--------
>>> import dlstudio as mx
>>> x = mx.nd.array([1.0, 2.0, 3.0])
>>> x.attach_grad()
>>> with mx.autograd.record():
...     y = (x * x).sum()
>>> y.backward()
>>> x.grad.asnumpy().tolist()
[2.0, 4.0, 6.0]
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from dlstudio.core import reverse, tape
from dlstudio.core.avals import aval_of
from dlstudio.core.late import alive, give_up, is_late, put_off
from dlstudio.core.sparse_kinds import wrap
from dlstudio.core.sparse_storage import is_sparse
from dlstudio.core.tensor import Tensor
from dlstudio.errors import GradError, ParamError, explain

__all__ = [
    "Function",
    "backward",
    "get_symbol",
    "grad",
    "is_recording",
    "is_training",
    "mark_variables",
    "pause",
    "predict_mode",
    "record",
    "set_recording",
    "set_training",
    "train_mode",
]


class _Scope:
    """Set recording and training for a block of code, and put both back; may be nested."""

    def __init__(self, recording: bool | None, training: bool | None) -> None:
        self._recording, self._training = recording, training
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        state = tape.state
        self._before.append((state.recording, state.training))
        if self._recording is not None:
            state.recording = self._recording
        if self._training is not None:
            state.training = self._training

    def __exit__(self, *exc: object) -> None:
        tape.state.recording, tape.state.training = self._before.pop()
        if alive and exc[0] is not None:  # the rest of the program is not what they wait for
            give_up()


def record(train_mode: bool = True) -> _Scope:
    """``with record():`` puts operators on the tape; layers behave as in training."""
    return _Scope(recording=True, training=train_mode)


def pause(train_mode: bool = False) -> _Scope:
    """``with pause():`` inside `record` computes without recording."""
    return _Scope(recording=False, training=train_mode)


def train_mode() -> _Scope:
    """``with train_mode():`` lets Dropout and BatchNorm behave as in training."""
    return _Scope(recording=None, training=True)


def predict_mode() -> _Scope:
    """``with predict_mode():`` lets Dropout and BatchNorm behave as in inference."""
    return _Scope(recording=None, training=False)


def is_recording() -> bool:
    """Whether operators are being recorded in this thread."""
    return tape.state.recording


def is_training() -> bool:
    """Whether layers behave as in training in this thread."""
    return tape.state.training


def set_recording(is_recording: bool) -> bool:
    """Turn recording on or off; return what it was."""
    before, tape.state.recording = tape.state.recording, bool(is_recording)
    return before


def set_training(train_mode: bool) -> bool:
    """Turn training mode on or off; return what it was."""
    before, tape.state.training = tape.state.training, bool(train_mode)
    return before


def _list(x: Any) -> list[Any]:
    return list(x) if isinstance(x, (list, tuple)) else [x]


def mark_variables(variables: Any, gradients: Any, grad_reqs: Any = "write") -> None:
    """Attach gradient buffers to arrays.

    Parameters
    ----------
    variables, gradients : Tensor or sequences of equal length
    grad_reqs : str or sequence of {"write", "add", "null"}
    """
    xs, gs = _list(variables), _list(gradients)
    reqs = [grad_reqs] * len(xs) if isinstance(grad_reqs, str) else list(grad_reqs)
    if not len(xs) == len(gs) == len(reqs):
        raise ParamError(
            f"mark_variables: {len(xs)} variables, {len(gs)} gradients, {len(reqs)} grad_reqs; "
            "expected equally many."
        )
    for x, g, req in zip(xs, gs, reqs, strict=True):
        x._attach(g, req)


def backward(
    heads: Any, head_grads: Any = None, retain_graph: bool = False, train_mode: bool = True
) -> None:
    """Compute gradients of `heads` with respect to all attached arrays.

    Parameters
    ----------
    heads : Tensor or sequence of Tensor
    head_grads : Tensor or sequence of Tensor or None, optional
        Weights of the heads' elements; ones if not given.
    retain_graph : bool
        Keep what a second backward needs.
    train_mode : bool
        Accepted for MXNet programs.

    Raises
    ------
    GradError
        If a head was not computed while recording.
    """
    del train_mode
    reverse.backward(
        _list(heads), None if head_grads is None else _list(head_grads), retain_graph=retain_graph
    )


def grad(
    heads: Any,
    variables: Any,
    head_grads: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> list[Any]:
    """Return gradients of `heads` with respect to `variables`, without touching their `grad`.

    Parameters
    ----------
    heads, head_grads : as in `backward`
    variables : Tensor or sequence of Tensor
    retain_graph : bool, optional
        Default: the value of `create_graph`.
    create_graph : bool
        Record the gradient computation, so that it can be differentiated again.

    Returns
    -------
    list of Tensor
        One per variable, also for a single one.

    Raises
    ------
    GradError
        If a head does not depend on a variable.
    """
    del train_mode
    wanted = _list(variables)
    found = reverse.gradients(
        _list(heads),
        wanted,
        None if head_grads is None else _list(head_grads),
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
        sparse=True,
    )
    return [_result(g, v) for g, v in zip(found, wanted, strict=True)]


def _result(gradient: Any, variable: Tensor) -> Any:
    if gradient is None:
        raise GradError(
            explain(
                f"no recorded operator leads from an array of shape {variable.shape} to the heads.",
                "variables that the heads depend on.",
            )
        )
    if isinstance(gradient, Tensor):
        return gradient._as(type(variable))
    if is_sparse(gradient):
        return wrap(gradient, variable._device)
    return type(variable)._wrap(gradient, variable._device)


def get_symbol(x: Tensor) -> Any:
    """Return the recorded computation of `x` as a Symbol; arrays become variables."""
    from dlstudio.graph.taped import symbol_of

    return symbol_of(x)


class Function:
    """An operation with a gradient written by hand.

    Subclass it, define ``forward(self, *inputs)`` and ``backward(self, *output_grads)``, and
    call an instance on arrays.

    Examples
    --------
    >>> import dlstudio as mx
    >>> class Double(mx.autograd.Function):
    ...     def forward(self, x):
    ...         return x * 2
    ...     def backward(self, dy):
    ...         return dy * 2
    """

    def __init__(self) -> None:
        self._saved: tuple[Tensor, ...] = ()
        self._used = False

    def save_for_backward(self, *args: Tensor) -> None:
        """Keep arrays for `backward`, which finds them in `saved_tensors`."""
        self._saved = args

    @property
    def saved_tensors(self) -> tuple[Tensor, ...]:
        """What `save_for_backward` kept."""
        return self._saved

    def forward(self, *inputs: Any) -> Any:
        """Compute outputs from inputs; override."""
        raise GradError(f"{type(self).__name__} does not define forward(self, *inputs).")

    def backward(self, *output_grads: Any) -> Any:
        """Compute one gradient per input; override."""
        raise GradError(f"{type(self).__name__} does not define backward(self, *output_grads).")

    def __call__(self, *inputs: Tensor) -> Any:
        """Run `forward`, and record it as one step whose gradient is `backward`."""
        if self.__dict__.get("_used"):
            raise GradError(
                explain(
                    f"one {type(self).__name__} object was called twice.",
                    "one object per call: it keeps what its backward needs.",
                    f"{type(self).__name__}()(x), and again {type(self).__name__}()(y)",
                )
            )
        self._used = True
        with pause(train_mode=tape.state.training):
            outputs = self.forward(*inputs)
        results = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        if tape.state.recording and any(is_late(x) or x._entry is not None for x in inputs):
            avals, first = [aval_of(r) for r in results], results[0]
            run = partial(self._recorded, inputs, results)
            results = put_off(run, [*inputs, *results], avals, type(first), first._device)
        return results if isinstance(outputs, (list, tuple)) else results[0]

    def _recorded(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> list[Tensor]:
        detached = [x.detach() for x in outputs]
        self._put_on_tape(inputs, detached)
        return detached

    def _put_on_tape(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        kinds = [type(x) for x in outputs]
        device = outputs[0]._device
        avals = [(x._data.shape, x._data.dtype) for x in outputs]

        def rule(heads: tuple[Any, ...], create_graph: bool) -> list[Any]:
            dressed = []
            for head, kind, (shape, dtype) in zip(heads, kinds, avals, strict=True):
                value = device.xp.zeros(shape, dtype) if head is None else head
                dressed.append(
                    value._as(kind) if isinstance(value, Tensor) else kind._wrap(value, device)
                )
            with _Scope(recording=create_graph, training=None):
                found = self.backward(*dressed)
            gradients = list(found) if isinstance(found, (list, tuple)) else [found]
            self._check(gradients, inputs)
            dense = [g if g is None else g.tostype("default") for g in gradients]
            return [
                None if g is None else g._as(Tensor) if create_graph else g._data for g in dense
            ]

        tape.record_custom(inputs, outputs, rule, type(self).__name__)

    def _check(self, gradients: list[Any], inputs: Sequence[Tensor]) -> None:
        if len(gradients) != len(inputs):
            raise GradError(
                explain(
                    f"{type(self).__name__}.backward returned {len(gradients)} gradients.",
                    f"one per input of forward, {len(inputs)}.",
                )
            )
