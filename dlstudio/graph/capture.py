"""`CachedOp`: a symbol called like a function of arrays. It is what `hybridize()` makes.

One plan is compiled per signature (shapes, dtypes, devices, mode, gradients wanted). Each call
leases a frame, an arena with the plan's functions bound to it, until its backward is over: a
block called twice before one backward has two, and never overwrites itself.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlstudio.core import tape
from dlstudio.core.late import alive, is_late
from dlstudio.core.tensor import Tensor
from dlstudio.errors import ArgumentError, DeviceError, explain
from dlstudio.graph import pipeline
from dlstudio.graph.compose import check_unique, label, topological
from dlstudio.graph.control.subgraph import is_dynamic
from dlstudio.graph.leases import Plan, Source
from dlstudio.graph.on_tape import run_on_arrays, waits_for_others
from dlstudio.graph.options import current
from dlstudio.trace import bus

if TYPE_CHECKING:
    from dlstudio.graph.ir import Graph
    from dlstudio.graph.memory import MemoryPlan
    from dlstudio.graph.program import Program
    from dlstudio.graph.symbol import Symbol

__all__ = ["CachedOp"]

_LIMIT = 64  # plans kept per block; the least recently used goes first


class CachedOp:
    """A compiled symbol, called with one array per variable.

    Parameters
    ----------
    symbol : Symbol
    flags : sequence of pairs or dict
        ``static_alloc``, ``static_shape``, ``inline_limit`` … are accepted: plans are always
        static. ``group2ctx`` places the nodes made under ``AttrScope(ctx_group=…)``; ``without``
        names passes to leave out, ``layout`` is that of convolutional layers ("NCHW", "NHWC"),
        ``memory_budget`` the bytes that a training plan may take.
    title : name of the plan in its text

    Attributes
    ----------
    names : list of str
        The variables, arguments and states, in the order in which arrays are given.
    """

    def __init__(self, symbol: Symbol, flags: Any = (), title: str = "") -> None:
        options = dict(flags)
        nodes = topological(symbol.outputs_)
        check_unique(nodes)
        self.symbol = symbol
        self.names = symbol.list_inputs()
        self.title = title or symbol.name or "block"
        self.group2ctx: Mapping[str, Any] | None = options.get("group2ctx")
        self._wishes = {w: options[w] for w in pipeline.WISHES if options.get(w) is not None}
        with pipeline.wishes(**self._wishes):
            pass  # they are checked now, not at the first call
        self._dynamic = [n for n in nodes if is_dynamic(n)]
        self._waits = any(waits_for_others(n) for n in nodes)
        self._plans: OrderedDict[Any, Plan] = OrderedDict()
        self._last: Plan | None = None
        self._made: Any = None  # the options that the last plan was made under
        self._warned = False

    def __call__(self, *inputs: Tensor, out: Any = None, default_ctx: Any = None) -> Any:
        """Run on arrays in the order of `names`; one array comes back, or a list.

        Raises
        ------
        ArgumentError
            If the number of arrays is wrong.
        DeviceError
            If they lie on several devices and no `group2ctx` was given.
        """
        state = tape.state
        if self._dynamic:
            self._warn()
            return self._run_eagerly(inputs, out)
        if (self._waits and state.recording and state.training) or (
            alive and any(is_late(x) for x in inputs)
        ):
            return self._run_eagerly(inputs, out)
        try:
            arrays = [x._data for x in inputs]
        except AttributeError:
            raise self._wrong_inputs(inputs) from None
        plan = self._last
        if plan is None or self._made is not current() or not plan.fits(inputs, arrays, state):
            plan = self._find(inputs, state)
        if bus.subscribers:
            from dlstudio.core.watch import announce

            announce(inputs)
        outputs = plan.call(inputs, arrays)
        if out is not None:
            return _into(out, outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def _run_eagerly(self, inputs: Sequence[Tensor], out: Any) -> Any:
        """Run operator by operator: a plan waits neither for values nor for other devices."""
        if len(inputs) != len(self.names):
            raise self._wrong_inputs(inputs)
        outputs = run_on_arrays(self.symbol, dict(zip(self.names, inputs, strict=True)))
        if out is not None:
            return _into(out, outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"{self.title} runs operator by operator: the shape that {label(self._dynamic[0])} "
                "gives depends on values.",
                stacklevel=4,
            )

    def _find(self, inputs: Sequence[Tensor], state: Any) -> Plan:
        """The plan of this signature, compiled if it is new."""
        wants = tuple(x._entry is not None for x in inputs) if state.recording else ()
        facts = tuple((x._device, x._data.shape, x._data.dtype.str) for x in inputs)
        key = (state.training, wants if any(wants) else (), facts, current())
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._build(inputs, key[1])
            if len(self._plans) > _LIMIT:
                self._plans.popitem(last=False)
        self._plans.move_to_end(key)
        self._last, self._made = plan, current()
        return plan

    def _build(self, inputs: Sequence[Tensor], wants: tuple[bool, ...]) -> Plan:
        if len(inputs) != len(self.names):
            raise self._wrong_inputs(inputs)
        self._check_devices(inputs)
        source = Source(self.symbol, self.names, self.title, self.group2ctx)
        with pipeline.wishes(**self._wishes):
            return Plan(source, inputs, wants, training=tape.state.training)

    def _wrong_inputs(self, inputs: Sequence[Any]) -> ArgumentError:
        given = ", ".join(type(x).__name__ for x in inputs)
        return ArgumentError(
            explain(
                f"{self.title} was called with {len(inputs)} inputs ({given}).",
                f"{len(self.names)} arrays: {', '.join(self.names)}.",
            )
        )

    def _check_devices(self, inputs: Sequence[Tensor]) -> None:
        places = {str(x._device) for x in inputs}
        if len(places) > 1 and not self.group2ctx:
            shown = ", ".join(
                f"{n} on {x._device}" for n, x in zip(self.names, inputs, strict=True)
            )
            raise DeviceError(
                explain(
                    f"{self.title}: {shown}.",
                    "all arrays on one device.",
                    "data.as_in_context(...), or hybridize(group2ctx={...}) to place parts",
                )
            )

    # ---- looking inside --------------------------------------------------------------------
    @property
    def planned(self) -> bool:
        """Whether there is a plan: a call has been compiled."""
        return bool(self._plans)

    def plan(self, train: bool | None = None) -> Program:
        """Return the last compiled program, or the last one of a mode.

        Raises
        ------
        ArgumentError
            If the block has not run yet.
        """
        for plan in reversed(self._plans.values()):
            if train is None or plan.program.graph.training == train:
                return plan.program
        waits = "; training runs operator by operator, since it waits for other devices"
        raise ArgumentError(
            explain(
                f"{self.title} has no plan yet{waits if self._waits else ''}.",
                "a call with data first.",
                "net(data), then look",
            )
        )

    def graph(self, train: bool | None = None) -> Graph:
        """Return the graph of a mode after all passes."""
        return self.plan(train).graph

    @property
    def source(self) -> str:
        """Generated text of the last compiled plan."""
        return self.plan().source

    @property
    def memory(self) -> MemoryPlan:
        """Memory plan of the last compiled plan."""
        return self.plan().memory


def _into(out: Any, outputs: list[Tensor]) -> Any:
    targets = out if isinstance(out, (list, tuple)) else [out]
    for target, value in zip(targets, outputs, strict=True):
        target._overwrite(value)
    return out
