"""The passes in their order, each of which can be switched off by name to see what it does.

    with mx.graph.without("fuse", "order"):
        executor = net.simple_bind(mx.cpu(), data=(32, 1, 28, 28))

    executor = net.simple_bind(mx.cpu(), data=(32, 1, 28, 28), without="fuse")
    block.hybridize(without=("fuse", "order"))
    print(executor.graph.explain())

    budget = executor.memory.arena_bytes // 3  # bytes; what does not fit is computed twice
    executor = net.simple_bind(mx.cpu(), data=(32, 1, 28, 28), memory_budget=budget)
    print(executor.graph.explain("recompute"))

The numbers stay, whichever are off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from dlstudio import config
from dlstudio.errors import ParamError, explain
from dlstudio.graph import options
from dlstudio.graph.control.bodies import compile_bodies, everywhere
from dlstudio.graph.ir import Change, Graph
from dlstudio.graph.options import Options
from dlstudio.graph.passes.algebra import simplify
from dlstudio.graph.passes.amp import amp
from dlstudio.graph.passes.fuse import fuse
from dlstudio.graph.passes.fuse_pointwise import fuse_pointwise
from dlstudio.graph.passes.gradient import gradient
from dlstudio.graph.passes.infer import infer
from dlstudio.graph.passes.layout import layout
from dlstudio.graph.passes.notes import notes
from dlstudio.graph.passes.order import order
from dlstudio.graph.passes.place import place, place_together
from dlstudio.graph.passes.recompute import recompute
from dlstudio.graph.passes.simplify import dead_code, fold_constants, merge_repeated
from dlstudio.graph.storage import separate_outputs

__all__ = [
    "NAMES",
    "WISHES",
    "canonical",
    "compile_graph",
    "memory_budget",
    "options_without",
    "passes",
    "wishes",
    "without",
]

Pass = Callable[[Graph], Graph]
_LOWERING: dict[str, Callable[..., Graph]] = {  # they write what is left as a plan can run it
    "compile_bodies": compile_bodies,
    "separate_outputs": separate_outputs,
}
_PASSES: dict[str, Callable[..., Graph]] = {
    "infer": infer,
    "amp": amp,
    "layout": layout,
    "gradient": gradient,
    "fold_constants": fold_constants,
    "simplify": simplify,
    "merge_repeated": merge_repeated,
    "dead_code": dead_code,
    "place": place,
    "fuse": fuse,
    "fuse_pointwise": fuse_pointwise,
    "order": order,
    "recompute": recompute,
}
_INSTEAD = {  # what happens without a pass that something else must stand in for
    "infer": "shapes were found by running each operator once, on zeros",
    "gradient": "backward runs the operators again, one by one, and follows the tape",
    "place": "everything runs on the default device",
}
NAMES = tuple(_PASSES)
WISHES = ("without", "layout", "memory_budget")  # what `bind` and `hybridize` take
# what textbooks call them
_ALIASES = {
    "algebra": "simplify",
    "algebraic_simplification": "simplify",
    "amp_casts": "amp",
    "common_subexpression_elimination": "merge_repeated",
    "common_subexpressions": "merge_repeated",
    "constant_folding": "fold_constants",
    "cse": "merge_repeated",
    "dce": "dead_code",
    "dead_code_elimination": "dead_code",
    "device_placement": "place",
    "fold": "fold_constants",
    "inference": "infer",
    "memory_aware_order": "order",
    "mirror": "recompute",
    "pointwise_fusion": "fuse_pointwise",
    "recomputation": "recompute",
    "placement": "place",
    "remove_identities": "simplify",
    "shape_inference": "infer",
    "symbolic_gradient": "gradient",
}


def passes() -> dict[str, str]:
    """Name of every pass that can be switched off, and what it does in one line."""
    return {name: (f.__doc__ or "").strip().splitlines()[0] for name, f in _PASSES.items()}


def options_without(names: str | Iterable[str], **changes: Any) -> Options:
    """The options in force, with passes switched off and other changes.

    Raises
    ------
    ParamError
        If there is no such pass, or no plan can be written without it.
    """
    now = options.current()
    wanted = (names,) if isinstance(names, str) else tuple(names)
    off = frozenset(_known(name) for name in wanted)
    return replace(now, off=now.off | off, **changes) if off or changes else now


def canonical(name: str) -> str:
    """Name of a pass as `explain` spells it, from one that textbooks use."""
    plain = str(name).strip().lower().replace(" ", "_").replace("-", "_")
    return _ALIASES.get(plain, plain)


def _known(name: str) -> str:
    name = canonical(name)
    if name in NAMES:
        return name
    reason = "no plan can be written without it" if name in _LOWERING else "there is no such pass"
    raise ParamError(explain(f"without: {name!r}: {reason}.", f"one of {', '.join(NAMES)}."))


@contextmanager
def wishes(
    without: str | Iterable[str] = (), layout: str | None = None, memory_budget: int | None = None
) -> Iterator[None]:
    """Compile what is bound inside with the options that `bind` and `hybridize` were given."""
    given = {"layout": layout, "memory_budget": memory_budget}
    changes = {name: value for name, value in given.items() if value is not None}
    with options.using(options_without(without, **changes)):
        yield


def memory_budget(nbytes: int | None) -> AbstractContextManager[None]:
    """Let training plans made inside the block take at most `nbytes`: see `passes.recompute`.

    For what has no such parameter of its own: ``with mx.graph.memory_budget(n): module.bind(...)``.

    Parameters
    ----------
    nbytes : int or None
        What the arenas of one plan may take together; None for no limit.

    Raises
    ------
    ParamError
        If it is not a whole number above 0.
    """
    return options.using(replace(options.current(), memory_budget=nbytes))


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Switch passes off for what is bound, or compiled by its first call, inside the block.

    Parameters
    ----------
    *names : str
        See `passes`.

    Raises
    ------
    ParamError
        If there is no such pass, or no plan can be written without it.
    """
    with options.using(options_without(names)):
        yield


def compile_graph(
    graph: Graph,
    requests: Mapping[str, str] | None = None,
    *,
    device: str = "cpu(0)",
    pinned: Mapping[str, str] | None = None,
    without: str | Iterable[str] = (),
) -> Graph:
    """Run all passes.

    Parameters
    ----------
    graph : Graph
        Forward graph with avals.
    requests : gradients wanted, "write" or "add" by argument name
    device : where everything runs that nothing else places
    pinned : devices of inputs by name
    without : passes to leave out, besides those switched off by the context

    Returns
    -------
    Graph
        Placed and ordered; `history` says what each pass did.
    """
    with options.using(options_without(without)):
        return _compiled(graph, requests or {}, device, pinned)


def _compiled(
    graph: Graph, requests: Mapping[str, str], device: str, pinned: Mapping[str, str] | None
) -> Graph:
    chosen = options.current()

    def apply(name: str, function: Pass, instead: Pass = lambda g: g) -> None:
        nonlocal graph
        graph = _apply(graph, name, instead if name in chosen.off else function)

    policy = chosen.amp
    apply("infer", lambda g: g)  # `lower` has done it
    if policy is None:
        apply("amp", lambda g: g)
    else:
        apply("amp", lambda g: everywhere(g, lambda inner: amp(inner, policy)))
    apply("layout", lambda g: layout(g, chosen.layout, device))
    if requests:
        apply("gradient", lambda g: gradient(g, requests))
    for function in (fold_constants, simplify, merge_repeated, dead_code):
        apply(function.__name__, function)
    apply("place", lambda g: place(g, device, pinned), lambda g: place_together(g, device, pinned))
    for function in (fuse, fuse_pointwise, compile_bodies, separate_outputs):
        apply(function.__name__, function)
    budget, mirror, unordered = chosen.memory_budget, config.mirrors(), graph
    apply("order", order)
    apply("recompute", lambda g: recompute(g, budget, mirror=mirror, unordered=unordered))
    return graph


def _apply(graph: Graph, name: str, function: Pass) -> Graph:
    """Run a pass, or what stands in for one that is switched off, and note what it did."""
    after = function(graph)
    if name in options.current().off:
        told = ": ".join(["switched off", *([_INSTEAD[name]] if name in _INSTEAD else [])])
        sentences = (told, *notes(name, graph, after))
    else:
        sentences = tuple(notes(name, graph, after))
    change = Change(name, len(graph.eqns), len(after.eqns), sentences)
    return replace(after, history=(*after.history, change))
