"""Values that must belong to a set, checked when they are computed: in plans too."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Text
from dlstudio.core.registry import Flags, op
from dlstudio.errors import ParamError, explain


def _first_outside(data: Any, holds: Any) -> tuple[Any, tuple[int, ...]]:
    """The first event (element, row or matrix) that is outside, and its position."""
    wanted = data.shape[: holds.ndim]
    outside = np.argwhere(
        ~np.broadcast_to(np.asarray(holds), np.broadcast_shapes(wanted, holds.shape))
    )
    index = tuple(int(i) for i in outside[0])
    return data[index] if wanted == holds.shape else data, index


def _infer(data: Any, holds: Any, *, name: str, expected: str) -> Any:
    return data


@op(
    "_constrained",
    infer=_infer,
    grad=lambda F, g, out, data, holds, **_: (g, None),
    params={"name": Text(), "expected": Text()},
    flags=Flags(),
    constant=("holds",),
    samples=lambda s: [
        s((2, 3), np.ones((2, 3), bool), name="x", expected="anything"),
        s((2, 3), np.ones(2, bool), name="x", expected="rows"),
        s((), np.ones((), bool)),
        s((0, 3), np.ones((0, 3), bool)),
    ],
)
def _(xp, data, holds, *, name="", expected=""):
    """`data` itself, where `holds` is true everywhere; else a ParamError with the first outside."""
    if not bool(xp.all(holds)):
        value, index = _first_outside(data, holds)
        where = f" at index {index}" if index else ""
        raise ParamError(explain(f"{name} is {value}{where}.", f"{expected}."))
    return data.copy()
