"""Optimizer steps for many weights in one call (multi_*), and measures of many arrays.

Arrays come interleaved, ``w0, g0, (state0,) w1, g1, …``; one call updates a whole network.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int, Param
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ArgumentError, explain
from dlstudio.ops.nn_rules import Floats, aval
from dlstudio.ops.optimizer import STEP, check_states, clipped, lamb_direction, trust_ratio
from dlstudio.ops.optimizer_belief import adabelief
from dlstudio.ops.optimizer_mixed import adamw, sgd, usable

Array = Any


def _chunks(name: str, arrays: Any, num_weights: int, each: int) -> list[Any]:
    """Cut interleaved arrays into one tuple per weight."""
    if num_weights < 1 or len(arrays) != num_weights * each:
        raise ArgumentError(
            explain(
                f"{name}: {len(arrays)} arrays for num_weights={num_weights}.",
                f"{each} per weight, interleaved: {num_weights * each}.",
            )
        )
    return [arrays[i : i + each] for i in range(0, len(arrays), each)]


def _expect_count(name: str, num_weights: int, **numbers: tuple[float, ...]) -> None:
    for given, values in numbers.items():
        if len(values) != num_weights:
            raise ArgumentError(
                f"{name}: parameter {given} must have num_weights={num_weights} entries. "
                f"Got {len(values)}."
            )


_MULTI_PARAMS: dict[str, Param] = {"lrs": Floats(), "wds": Floats(), "num_weights": Int(1)}


def _multi(name: str, *kinds: str) -> None:
    """Register multi_* and preloaded_multi_*; `kinds` are the arrays after weight and gradient."""
    each, mixed, momentum = 2 + len(kinds), "weight32" in kinds, "mom" in kinds

    def step(xp: Any, chunk: Any, lr: float, wd: float, attrs: dict[str, Any]) -> Array:
        weight, grad = chunk[:2]
        states = dict(zip(kinds, chunk[2:], strict=True))
        check_states(name, weight, grad=grad, **states)
        g = clipped(
            xp,
            attrs["rescale_grad"] * (grad.astype("float32") if mixed else grad),
            attrs["clip_gradient"],
        )
        master = states["weight32"] if mixed else weight.copy()
        sgd(xp, g, states.get("mom"), master, lr, attrs.get("momentum", 0.0), wd)
        return master.astype(weight.dtype)

    def infer(*data: Any, num_weights: int = 1, **_: Any) -> Any:
        found: Any = tuple(
            aval(chunk[0].shape, chunk[0]) for chunk in _chunks(name, data, num_weights, each)
        )
        return found if len(found) > 1 else found[0]

    def run(xp: Any, data: Any, lrs: Any, wds: Any, num_weights: int, attrs: dict[str, Any]) -> Any:
        chunks = _chunks(name, data, num_weights, each)
        _expect_count(name, num_weights, lrs=lrs, wds=wds)
        found: Any = tuple(
            step(xp, chunk, lr, wd, attrs) for chunk, lr, wd in zip(chunks, lrs, wds, strict=True)
        )
        return found if len(found) > 1 else found[0]

    forward, loaded = (_with_momentum if momentum else _without_momentum)(run)
    first = ("float16", "float16") if mixed else ("float32", "float32")

    def arrays(s: Any, n: int) -> list[Any]:
        dtypes = (*first, *("float32",) * len(kinds))
        return [s.uniform(2, i + 1).astype(dtype) for i in range(n) for dtype in dtypes]

    common: dict[str, Any] = dict(
        grad=STEP, outputs=lambda attrs: attrs["num_weights"], params=_MULTI_PARAMS,
    )  # fmt: skip
    forward.__doc__ = f"`{name.removeprefix('multi_')}` for `num_weights` weights at once."
    loaded.__doc__ = f"`{name}` with rates and decays in two arrays, given last."
    op(
        name, infer=infer, names=Names(nd=name), flags=Flags(mutates=_written(each)),
        samples=lambda s: [
            s(*arrays(s, n), lrs=(0.1, 0.2)[:n], wds=(0.01, 0.0)[:n], num_weights=n) for n in (1, 2)
        ],
        errors=lambda s: [
            bad(
                s(*arrays(s, 1), lrs=(0.1,) * 2, wds=(0.0,) * 2, num_weights=2),
                ArgumentError, "interleaved",
            ),
        ],
        **common,
    )(forward)  # fmt: skip
    op(
        f"preloaded_{name}",
        infer=lambda *data, **attrs: infer(*data[:-2], **attrs),
        names=Names(nd=f"preloaded_{name}"), flags=Flags(mutates=_written(each)),
        samples=lambda s: [
            s(*arrays(s, n), *(s.uniform(n).astype("float32") for _ in range(2)), num_weights=n)
            for n in (1, 2)
        ],
        **common,
    )(loaded)  # fmt: skip


_MOST = 64  # weights in one call; MXNet aggregates 60 at most


def _written(each: int) -> tuple[int, ...]:
    """Positions of the states among interleaved arrays."""
    return tuple(i for i in range(each * _MOST) if i % each >= 2)


def _without_momentum(run: Any) -> tuple[Any, Any]:
    def forward(
        xp: Any, *data: Array, lrs: Any, wds: Any, rescale_grad: float = 1.0,
        clip_gradient: float = -1.0, num_weights: int = 1,
    ) -> Any:  # fmt: skip
        attrs = dict(rescale_grad=rescale_grad, clip_gradient=clip_gradient)
        return run(xp, data, lrs, wds, num_weights, attrs)

    def loaded(
        xp: Any, *data: Array, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
        num_weights: int = 1,
    ) -> Any:  # fmt: skip
        attrs = dict(rescale_grad=rescale_grad, clip_gradient=clip_gradient)
        return run(xp, data[:-2], data[-2], data[-1], num_weights, attrs)

    return forward, loaded


def _with_momentum(run: Any) -> tuple[Any, Any]:
    def forward(
        xp: Any, *data: Array, lrs: Any, wds: Any, momentum: float = 0.0, rescale_grad: float = 1.0,
        clip_gradient: float = -1.0, num_weights: int = 1,
    ) -> Any:  # fmt: skip
        attrs = dict(rescale_grad=rescale_grad, clip_gradient=clip_gradient, momentum=momentum)
        return run(xp, data, lrs, wds, num_weights, attrs)

    def loaded(
        xp: Any, *data: Array, momentum: float = 0.0, rescale_grad: float = 1.0,
        clip_gradient: float = -1.0, num_weights: int = 1,
    ) -> Any:  # fmt: skip
        attrs = dict(rescale_grad=rescale_grad, clip_gradient=clip_gradient, momentum=momentum)
        return run(xp, data[:-2], data[-2], data[-1], num_weights, attrs)

    return forward, loaded


_multi("multi_sgd_update")
_multi("multi_sgd_mom_update", "mom")
_multi("multi_mp_sgd_update", "weight32")
_multi("multi_mp_sgd_mom_update", "mom", "weight32")


# ---- AdamW and LAMB --------------------------------------------------------------------------
_COUNTS: dict[str, Param] = {"lrs": Floats(), "wds": Floats()}


def _same(name: str, data: Any, each: int, count: int) -> Any:
    found = [aval(chunk[0].shape, chunk[0]) for chunk in _chunks(name, data, count, each)]
    return tuple(found) if len(found) > 1 else found[0]


def _arrays(s: Any, n: int, each: int, *, mixed: bool) -> list[Any]:
    dtypes = ("float16",) * 2 + ("float32",) * (each - 2) if mixed else ("float32",) * each
    return [s.uniform(2, i + 1).astype(dtype) for i in range(n) for dtype in dtypes]


def _stepped(chunk: Any, mixed: bool, new: Array) -> Array:
    """Store a new float32 weight; answer it in the weight's dtype."""
    if mixed:
        chunk[4][...] = new
    return new.astype(chunk[0].dtype)


def _multi_adam(family: str, rule: Any, mixed: bool) -> None:
    name = f"_multi_{'mp_' if mixed else ''}{family}_update"
    each = 5 if mixed else 4

    def forward(
        xp: Any, *data: Array, lrs: Any, wds: Any, etas: Any, beta1: float = 0.9,
        beta2: float = 0.999, epsilon: float = 1e-8, clip_gradient: float = -1.0,
        num_weights: int = 1,
    ) -> Any:  # fmt: skip
        chunks = _chunks(name, data[:-1], num_weights, each)
        _expect_count(name, num_weights, lrs=lrs, wds=wds, etas=etas)
        scale, found = usable(data[-1]), []
        for chunk, lr, wd, eta in zip(chunks, lrs, wds, etas, strict=True):
            if scale is None:
                found.append(chunk[0].copy())
                continue
            g = chunk[1].astype("float32") if mixed else chunk[1]
            new = rule(
                xp, chunk[4] if mixed else chunk[0], clipped(xp, scale * g, clip_gradient),
                *chunk[2:4], lr=lr, eta=eta, beta1=beta1, beta2=beta2, epsilon=epsilon, wd=wd,
            )  # fmt: skip
            found.append(_stepped(chunk, mixed, new))
        return tuple(found) if len(found) > 1 else found[0]

    forward.__doc__ = (
        f"`{'mp_' if mixed else ''}{family}_update` for `num_weights` weights; the last array is "
        "`rescale_grad`."
    )
    op(
        name,
        infer=lambda *data, num_weights=1, **_: _same(name, data[:-1], each, num_weights),
        grad=STEP,
        outputs=lambda attrs: attrs["num_weights"],
        params={**_COUNTS, "etas": Floats(), "num_weights": Int(1)},
        names=Names(json=name),
        flags=Flags(mutates=_written(each)),
        samples=lambda s: [
            s(
                *_arrays(s, n, each, mixed=mixed), s.uniform(1).astype("float32"),
                lrs=(0.1,) * n, wds=(0.01,) * n, etas=(1.0,) * n, num_weights=n,
            )
            for n in (1, 2)
        ],
    )(forward)  # fmt: skip


def _multi_lamb(mixed: bool) -> None:
    name = "_multi_mp_lamb_update" if mixed else "_multi_lamb_update"
    each = 5 if mixed else 4

    def forward(
        xp: Any, *data: Array, learning_rates: Any, wds: Any, step_count: Any, beta1: float = 0.9,
        beta2: float = 0.999, epsilon: float = 1e-6, rescale_grad: float = 1.0,
        lower_bound: float = -1.0, upper_bound: float = -1.0, clip_gradient: float = -1.0,
        bias_correction: bool = True, num_tensors: int = 1,
    ) -> Any:  # fmt: skip
        chunks, found = _chunks(name, data, num_tensors, each), []
        _expect_count(
            name, num_tensors, learning_rates=learning_rates, wds=wds, step_count=step_count
        )
        for chunk, lr, wd, t in zip(chunks, learning_rates, wds, step_count, strict=True):
            weight = chunk[4] if mixed else chunk[0]
            g = clipped(xp, rescale_grad * chunk[1].astype(weight.dtype), clip_gradient)
            way = lamb_direction(
                xp, weight, g, *chunk[2:4], beta1=beta1, beta2=beta2, epsilon=epsilon, t=t,
                bias_correction=bias_correction, wd=wd,
            )  # fmt: skip
            seen = chunk[0].astype(weight.dtype)  # the norm is that of the weight in use
            r1, r2 = xp.sqrt((seen * seen).sum()), xp.sqrt((way * way).sum())
            step = lr * trust_ratio(xp, r1, r2, lower_bound, upper_bound)
            found.append(_stepped(chunk, mixed, (weight - step * way).astype(weight.dtype)))
        return tuple(found) if len(found) > 1 else found[0]

    forward.__doc__ = "Both phases of LAMB for `num_tensors` weights" + (
        ", kept in float32 beside half precision." if mixed else "."
    )
    op(
        name,
        infer=lambda *data, num_tensors=1, **_: _same(name, data, each, num_tensors),
        grad=STEP,
        outputs=lambda attrs: attrs["num_tensors"],
        params={
            "learning_rates": Floats(), "wds": Floats(), "step_count": Floats(),
            "num_tensors": Int(1),
        },
        names=Names(json=name),
        flags=Flags(mutates=_written(each)),
        samples=lambda s: [
            s(
                *_arrays(s, n, each, mixed=mixed), learning_rates=(0.1,) * n, wds=(0.01,) * n,
                step_count=(2,) * n, num_tensors=n, **more,
            )
            for n, more in ((1, {}), (2, dict(lower_bound=0.1, upper_bound=0.5)))
        ],
    )(forward)  # fmt: skip


for _mixed_precision in (False, True):
    _multi_adam("adamw", adamw, _mixed_precision)
    _multi_adam("adabelief", adabelief, _mixed_precision)
    _multi_lamb(_mixed_precision)


# ---- norms and finiteness of many arrays -----------------------------------------------------
@op(
    "multi_sum_sq",
    infer=lambda *data, **_: Aval((len(data),), np.dtype("float32")),
    grad=STEP,
    params={"num_arrays": Int(1)},
    names=Names(nd="multi_sum_sq"),
    samples=lambda s: [s((2, 3), (4,), num_arrays=2)],
)
def _(xp: Any, *data: Array, num_arrays: int = 1) -> Array:
    """Sum of squares of each array: (num_arrays,), float32."""
    return xp.stack([xp.sum(x.astype("float32") ** 2) for x in data])


@op(
    "multi_lars",
    infer=lambda lrs, *_, **__: aval(lrs.shape, lrs),
    grad=STEP,
    params={"eta": Float(), "eps": Float()},
    names=Names(nd="multi_lars"),
    samples=lambda s: [s((3,), (3,), (3,), (3,), eta=1e-3, eps=1e-6)],
)
def _(
    xp: Any, lrs: Array, weights_sum_sq: Array, grads_sum_sq: Array, wds: Array, *, eta: float,
    eps: float, rescale_grad: float = 1.0,
) -> Array:  # fmt: skip
    """Layer-wise adaptive rates: ``lr * eta * |w| / (rescale * |g| + wd * |w| + eps)``.

    References
    ----------
    You, Gitman and Ginsburg, "Large batch training of convolutional networks", 2017.
    """
    w, g = xp.sqrt(weights_sum_sq), rescale_grad * xp.sqrt(grads_sum_sq)
    scaled = eta * w / (g + wds * w + eps)
    return (lrs * xp.where((w > 0) & (g > 0), scaled, 1)).astype(lrs.dtype)


def _finite(xp: Any, arrays: Any) -> Array:
    answer = all(bool(xp.isfinite(x).all()) for x in arrays)
    return xp.full((1,), 1.0 if answer else 0.0, "float32")


@op(
    "all_finite",
    infer=lambda data, **_: Aval((1,), np.dtype("float32")),
    grad=STEP,
    names=Names(nd="all_finite"),
    samples=lambda s: [s(2, 3), s(np.array([1.0, np.inf]))],
)
def _(xp: Any, data: Array, *, init_output: bool = True) -> Array:
    """1 if every element is finite, else 0: shape (1,), float32."""
    return _finite(xp, [data])


@op(
    "multi_all_finite",
    infer=lambda *data, **_: Aval((1,), np.dtype("float32")),
    grad=STEP,
    params={"num_arrays": Int(1)},
    names=Names(nd="multi_all_finite"),
    samples=lambda s: [s((2, 3), (4,), num_arrays=2), s((2,), np.array([np.nan]), num_arrays=2)],
)
def _(xp: Any, *data: Array, num_arrays: int = 1, init_output: bool = True) -> Array:
    """1 if every element of every array is finite, else 0: shape (1,), float32."""
    return _finite(xp, data)


@op(
    "reset_arrays",
    infer=lambda *data, **_: tuple(aval(x.shape, x) for x in data),
    grad=STEP,
    outputs=lambda attrs: attrs["num_arrays"],
    visible=0,
    params={"num_arrays": Int(1)},
    names=Names(nd="reset_arrays"),
    flags=Flags(mutates=tuple(range(_MOST))),
    samples=lambda s: [s((2, 3), (4,), num_arrays=2)],
)
def _(xp: Any, *data: Array, num_arrays: int = 1) -> tuple[Array, ...]:
    """Fill all arrays with zeros, in place."""
    for x in data:
        x[...] = 0
    return data
