"""What a block refuses: members that do not belong, calls that its `forward` does not take."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.dialects.switches import is_np_array
from dlstudio.errors import ArgumentError, MXNetError, ParamError, explain
from dlstudio.graph.pipeline import WISHES

if TYPE_CHECKING:
    from dlstudio.gluon.block import Block

__all__ = [
    "by_keyword", "check_member", "is_wrong_call", "no_array", "strange", "wrong_call",
]  # fmt: skip


def check_member(block: Block, name: str, value: Any, kinds: tuple[type, ...]) -> None:
    """Refuse an attribute that changes its kind, or comes before the block is one.

    Parameters
    ----------
    kinds : classes of members
    """
    members = vars(block)
    existing = members.get(name)
    if isinstance(existing, kinds) and not isinstance(value, type(existing)):
        raise ArgumentError(
            f"Changing attribute type for {name} from {type(existing)} to {type(value)} is not"
            " allowed."
        )
    if "_children" not in members and isinstance(value, kinds):
        raise ArgumentError(
            explain(
                f"{type(block).__name__}.{name} was assigned before Block.__init__() has run.",
                fix=f"call super().__init__() first in {type(block).__name__}.__init__",
            )
        )


def is_wrong_call(error: TypeError) -> bool:
    """Whether Python refused the call of forward itself, not something inside it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    callers = ("dlstudio.gluon.block", "dlstudio.gluon.hybrid")
    ours = trace is not None and trace.tb_frame.f_globals.get("__name__") in callers
    return ours and not isinstance(error, MXNetError) and "argument" in str(error)


def wrong_call(block: Block, args: tuple[Any, ...], error: TypeError) -> ArgumentError:
    """Compose the error for such a call."""
    kinds = ", ".join(type(x).__name__ for x in args)
    return ArgumentError(
        explain(
            f"{type(block).__name__} {block.name!r} was called with {len(args)} inputs ({kinds}):"
            f" {error}.",
            "the inputs that its forward() or hybrid_forward() takes.",
            _repair(block, error),
        )
    )


def by_keyword(block: Block, args: tuple[Any, ...], given: dict[str, Any]) -> ArgumentError:
    """Compose the error for inputs with names, which hooks and compiled plans know nothing of."""
    names = ", ".join(given)
    return ArgumentError(
        explain(
            f"{type(block).__name__} {block.name!r} was called with keywords: {names}.",
            "inputs by their position, in the order of forward().",
            f"net({'..., ' if args else ''}{names})",
        )
    )


def _repair(block: Block, error: TypeError) -> str:
    """How the definition of `forward` or `hybrid_forward` must change, if that is to blame."""
    own = ", ".join(block._reg_params)
    if own and "unexpected keyword" in str(error):
        return f"def hybrid_forward(self, F, x, {own}): the block's own parameters are handed in"
    if "hybrid_forward()" in str(error) and _second_parameter(block, "hybrid_forward") != "F":
        return "def hybrid_forward(self, F, x, ...): F is mx.nd or mx.sym"
    if "forward()" in str(error) and _second_parameter(block, "forward") == "F":
        return "def hybrid_forward(self, F, x, ...), or def forward(self, x, ...) without F"
    return f"see help({type(block).__name__})"


def _second_parameter(block: Block, method: str) -> str:
    names = getattr(type(block), method).__code__.co_varnames
    return names[1] if len(names) > 1 else ""


def no_array(block: Block, x: Any) -> ParamError:
    """Compose the error for an input that is no array of ours."""
    kind = "numpy.ndarray" if isinstance(x, np.ndarray) else type(x).__name__
    return ParamError(
        explain(
            f"{type(block).__name__} {block.name!r} was called with a {kind}.",
            "In HybridBlock, there must be one NDArray or one Symbol in the input.",
            "net(mx.np.array(x))" if is_np_array() else "net(mx.nd.array(x))",
        )
    )


def strange(args: tuple[Any, ...]) -> Any:
    """Find what cannot be part of a key among the arguments of a block, or in lists of them."""
    for x in args:
        inner = strange(tuple(x)) if isinstance(x, (list, tuple)) else x
        if inner is not None and getattr(type(inner), "__hash__", None) is None:
            return inner
    return None


_OPTIONS = (*WISHES, "group2ctx", "backend_opts", "is_dynamic", "partition_if_dynamic", "flags")


def check_options(hybridize: Callable[..., None], given: Mapping[str, Any]) -> None:
    """Raise ArgumentError if `hybridize` has no option of a name given, which may be misspelt."""
    known = [*inspect.signature(hybridize).parameters, *_OPTIONS]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ArgumentError(
                explain(
                    f"hybridize has no option {name!r}.",
                    f"some of {', '.join(n for n in known if n not in ('self', 'kwargs'))}.",
                    f"did you mean {near[0]!r}?" if near else "leave it out",
                )
            )
