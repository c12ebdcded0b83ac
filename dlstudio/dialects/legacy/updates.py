"""Optimizer steps that take lists of arrays: ``nd.contrib.multi_adamw_update`` and its like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import NDArray
from dlstudio.errors import ArgumentError

__all__ = ["UPDATES"]


def _interleaved(name: str, *lists: Sequence[Any]) -> list[Any]:
    """W0, g0, m0, v0, w1, …: the order the operators take."""
    if len({len(items) for items in lists}) != 1:
        counts = ", ".join(str(len(items)) for items in lists)
        raise ArgumentError(f"{name}: lists of equal length are needed. Got {counts} arrays.")
    return [x for row in zip(*lists, strict=True) for x in row]


def _run(name: str, arrays: list[Any], out: Any, attrs: dict[str, Any]) -> Any:
    op = OPS[name]
    found = invoke(op, arrays, attributes(op, attrs), NDArray, out)
    return found if isinstance(found, (list, tuple)) else [found]


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _rates(count: int, lrs: Any, wds: Any, etas: Any) -> dict[str, Any]:
    rates = dict(lrs=_numbers(lrs), wds=_numbers(wds), etas=_numbers(etas))
    return {**rates, "num_weights": count}


def multi_adamw_update(
    weights: Any, grads: Any, mean: Any, var: Any, rescale_grad: Any, lrs: Any, wds: Any,
    etas: Any, out: Any = None, name: str | None = None, size: int = 0, **kwargs: Any,
) -> Any:  # fmt: skip
    """AdamW for a list of weights; see `adamw_update`."""
    arrays = _interleaved("multi_adamw_update", weights, grads, mean, var)
    attrs = dict(
        lrs=_numbers(lrs), wds=_numbers(wds), etas=_numbers(etas), num_weights=len(weights)
    )
    return _run("_multi_adamw_update", [*arrays, rescale_grad], out, {**attrs, **kwargs})


def multi_mp_adamw_update(
    weights: Any, grads: Any, mean: Any, var: Any, weights32: Any, rescale_grad: Any, lrs: Any,
    wds: Any, etas: Any, out: Any = None, name: str | None = None, size: int = 0, **kwargs: Any,
) -> Any:  # fmt: skip
    """AdamW for a list of half-precision weights with float32 copies."""
    arrays = _interleaved("multi_mp_adamw_update", weights, grads, mean, var, weights32)
    attrs = dict(
        lrs=_numbers(lrs), wds=_numbers(wds), etas=_numbers(etas), num_weights=len(weights)
    )
    return _run("_multi_mp_adamw_update", [*arrays, rescale_grad], out, {**attrs, **kwargs})


def _lamb(
    name: str, lists: tuple[Any, ...], steps: Any, lrs: Any, wds: Any, out: Any, more: Any
) -> Any:
    attrs: dict[str, Any] = dict(step_count=_numbers(steps), learning_rates=_numbers(lrs))
    attrs |= {"wds": _numbers(wds), "num_tensors": len(lists[0])}
    return _run(f"_{name}", _interleaved(name, *lists), out, {**attrs, **more})


def multi_lamb_update(
    weights: Any, grads: Any, mean: Any, var: Any, step_count: Any, lrs: Any, wds: Any,
    out: Any = None, num_tensors: int = 0, **kwargs: Any,
) -> Any:  # fmt: skip
    """LAMB for a list of weights; see `lamb_update_phase1`."""
    lists = (weights, grads, mean, var)
    return _lamb("multi_lamb_update", lists, step_count, lrs, wds, out, kwargs)


def multi_mp_lamb_update(
    weights: Any, grads: Any, mean: Any, var: Any, weights32: Any, step_count: Any, lrs: Any,
    wds: Any, out: Any = None, num_tensors: int = 0, **kwargs: Any,
) -> Any:  # fmt: skip
    """LAMB for a list of half-precision weights with float32 copies."""
    lists = (weights, grads, mean, var, weights32)
    return _lamb("multi_mp_lamb_update", lists, step_count, lrs, wds, out, kwargs)


UPDATES = {
    function.__name__: function
    for function in (
        multi_adamw_update,
        multi_mp_adamw_update,
        multi_lamb_update,
        multi_mp_lamb_update,
    )
}
