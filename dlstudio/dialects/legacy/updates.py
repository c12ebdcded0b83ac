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


def _adam(family: str, docs: str) -> tuple[Any, Any]:
    """Build ``multi_<family>_update`` and ``multi_mp_<family>_update``."""

    def step(name: str, lists: tuple[Any, ...], scale: Any, rates: Any, out: Any, more: Any) -> Any:
        numbers = dict(zip(("lrs", "wds", "etas"), map(_numbers, rates), strict=True))
        attrs = {**numbers, "num_weights": len(lists[0]), **more}
        return _run(f"_{name}", [*_interleaved(name, *lists), scale], out, attrs)

    def plain(
        weights: Any, grads: Any, mean: Any, var: Any, rescale_grad: Any, lrs: Any, wds: Any,
        etas: Any, out: Any = None, name: str | None = None, size: int = 0, **kwargs: Any,
    ) -> Any:  # fmt: skip
        lists = (weights, grads, mean, var)
        return step(plain.__name__, lists, rescale_grad, (lrs, wds, etas), out, kwargs)

    def mixed(
        weights: Any, grads: Any, mean: Any, var: Any, weights32: Any, rescale_grad: Any, lrs: Any,
        wds: Any, etas: Any, out: Any = None, name: str | None = None, size: int = 0, **kwargs: Any,
    ) -> Any:  # fmt: skip
        lists = (weights, grads, mean, var, weights32)
        return step(mixed.__name__, lists, rescale_grad, (lrs, wds, etas), out, kwargs)

    plain.__name__ = plain.__qualname__ = f"multi_{family}_update"
    plain.__doc__ = f"{docs} for a list of weights; see `{family}_update`."
    mixed.__name__ = mixed.__qualname__ = f"multi_mp_{family}_update"
    mixed.__doc__ = f"{docs} for a list of half-precision weights with float32 copies."
    return plain, mixed


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
        *_adam("adamw", "AdamW"),
        *_adam("adabelief", "AdaBelief"),
        multi_lamb_update,
        multi_mp_lamb_update,
    )
}
