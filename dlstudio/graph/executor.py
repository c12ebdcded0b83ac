"""`Executor`: a symbol bound to arrays, as made by `Symbol.bind` and `Symbol.simple_bind`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.device import Device
from dlstudio.core.tensor import NDArray
from dlstudio.errors import ArgumentError, OutOfMemoryError, ShapeError, explain
from dlstudio.graph import options, pipeline
from dlstudio.graph.arenas import Arenas
from dlstudio.graph.executor_run import Run, new_array
from dlstudio.graph.lower import input_avals
from dlstudio.graph.on_tape import head_gradients, nothing_recorded

if TYPE_CHECKING:
    from dlstudio.graph.ir import Graph
    from dlstudio.graph.memory import MemoryPlan
    from dlstudio.graph.options import Options
    from dlstudio.graph.program import Program
    from dlstudio.graph.symbol import Symbol

__all__ = ["Executor"]


# a monitor wants to see every node's output: nothing is joined or left out for it
_HIDING = ("layout", "fold_constants", "simplify", "merge_repeated", "fuse", "fuse_pointwise")


class Executor:
    """A symbol with memory for its arguments, gradients and states, ready to run.

    Attributes
    ----------
    arg_arrays, grad_arrays, aux_arrays : list of NDArray
        In the order of `list_arguments` and `list_auxiliary_states`; a gradient not asked for
        is None.
    outputs : list of NDArray
        Overwritten by every `forward`.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.sym.var("x")
    >>> executor = (x * x).bind(mx.cpu(), {"x": mx.nd.array([3.0])}, {"x": mx.nd.zeros(1)})
    >>> float(executor.forward(is_train=True)[0].asscalar())
    9.0
    >>> executor.backward()
    >>> float(executor.grad_dict["x"].asscalar())
    6.0
    """

    def __init__(
        self, symbol: Symbol, ctx: Device, args: list[NDArray], grads: list[NDArray | None],
        aux: list[NDArray], grad_req: dict[str, str], group2ctx: Mapping[str, Any] | None,
        compiling: Options | None = None, arenas: Arenas | None = None,
    ) -> None:  # fmt: skip
        self._arenas = arenas or Arenas()
        self._compiling = compiling or options.current()  # plans are made at the first forward
        self._symbol, self._ctx, self._group2ctx = symbol, ctx, group2ctx
        self.arg_arrays, self.grad_arrays, self.aux_arrays = args, grads, aux
        self._arg_names, self._aux_names = symbol.list_arguments(), symbol.list_auxiliary_states()
        self._grad_req = grad_req
        self._runs: dict[tuple[bool, bool], Run] = {}  # by mode, and whether it is monitored
        self._last: Run | None = None
        self._monitor: tuple[Callable[[str, NDArray], None], bool] | None = None
        self._outputs: list[NDArray] | None = None

    # ---- arrays by name --------------------------------------------------------------------
    @property
    def arg_dict(self) -> dict[str, NDArray]:
        """Arguments by name."""
        return dict(zip(self._arg_names, self.arg_arrays, strict=True))

    @property
    def grad_dict(self) -> dict[str, NDArray | None]:
        """Gradients by argument name."""
        return dict(zip(self._arg_names, self.grad_arrays, strict=True))

    @property
    def aux_dict(self) -> dict[str, NDArray]:
        """Auxiliary states by name."""
        return dict(zip(self._aux_names, self.aux_arrays, strict=True))

    @property
    def output_dict(self) -> dict[str, NDArray]:
        """Outputs by name."""
        return dict(zip(self._symbol.list_outputs(), self.outputs, strict=True))

    @property
    def outputs(self) -> list[NDArray]:
        """Results of the last `forward` (zeros before the first)."""
        if self._outputs is None:
            run = next(iter(self._runs.values()), None) or self._run(train=self._learns)
            names = self._symbol.list_outputs()
            self._outputs = [_output(n, *h) for n, h in zip(names, run.heads, strict=True)]
        return self._outputs

    # ---- running ---------------------------------------------------------------------------
    def forward(self, is_train: bool = False, **kwargs: Any) -> list[NDArray]:
        """Compute the outputs.

        Parameters
        ----------
        is_train : bool
            Training mode, and keep what `backward` needs.
        **kwargs : NDArray
            New values of arguments, copied into the bound arrays.

        Raises
        ------
        ArgumentError, ShapeError
            If a name or a shape does not fit.
        """
        if kwargs:
            self._set_arguments(kwargs)
        run = self._run(train=bool(is_train))
        run.forward()
        self._last = run if is_train else None
        return self.outputs

    def backward(self, out_grads: Any = None, is_train: bool = True) -> None:
        """Write the gradients of the outputs, weighted by `out_grads`, into `grad_arrays`.

        Parameters
        ----------
        out_grads : NDArray or list of NDArray, optional
            One per output; ones if not given. Output operators such as SoftmaxOutput ignore it.

        Raises
        ------
        GradError
            If no `forward(is_train=True)` came before, or `out_grads` are no arrays.
        """
        run = self._last
        if run is None:
            raise nothing_recorded()
        run.backward(head_gradients(out_grads))

    def _set_arguments(self, values: Mapping[str, Any]) -> None:
        arguments = self.arg_dict
        # all are checked before the first is written: a refused call changes nothing
        checked = {n: self._checked(n, arguments.get(n), v) for n, v in values.items()}
        for name, value in checked.items():
            if value is not arguments[name]:
                arguments[name]._overwrite(value)

    def _checked(self, name: str, target: NDArray | None, value: Any) -> NDArray:
        """Return `value` as an array that fits the argument `name`, which holds `target`."""
        if target is None:
            raise ArgumentError(
                explain(f"the executor has no argument {name!r}.", f"one of {self._arg_names}.")
            )
        if not isinstance(value, NDArray):
            value = NDArray(np.asarray(value), target.context, np.dtype(target.dtype))
        if value.shape != target.shape:
            raise ShapeError(
                explain(
                    f"argument {name!r} was bound with shape {target.shape}, "
                    f"and given {value.shape}.",
                    "the bound shape.",
                    f"executor.reshape({name}={value.shape})",
                )
            )
        return value

    def _run(self, *, train: bool) -> Run:
        key = (train, self._monitor is not None)
        run = self._runs.get(key)
        if run is None:
            with options.using(self._compiling), pipeline.without(*(_HIDING if key[1] else ())):
                run = self._runs[key] = Run(self, train=train)
        return run

    # ---- parameters ------------------------------------------------------------------------
    def copy_params_from(
        self, arg_params: Mapping[str, Any], aux_params: Mapping[str, Any] | None = None,
        allow_extra_params: bool = False,
    ) -> None:  # fmt: skip
        """Copy values into arguments and auxiliary states by name.

        Raises
        ------
        ArgumentError
            If a name is not there, unless `allow_extra_params`.
        """
        for given, mine, what in (
            (arg_params, self.arg_dict, "argument"),
            (aux_params or {}, self.aux_dict, "auxiliary state"),
        ):
            for name, value in given.items():
                if name in mine:
                    mine[name]._overwrite(value.astype(mine[name].dtype))
                elif not allow_extra_params:
                    raise ArgumentError(
                        explain(
                            f"the executor has no {what} {name!r}.",
                            f"one of {list(mine)}.",
                            "copy_params_from(..., allow_extra_params=True)",
                        )
                    )

    def reshape(
        self, partial_shaping: bool = False, allow_up_sizing: bool = False, **kwargs: Any
    ) -> Executor:
        """Return an executor for new input shapes that shares all arrays whose shape stays.

        Both run in the same arenas, one at a time: backward comes right after its own forward.

        Raises
        ------
        ShapeError
            If an array not named in `kwargs` would change its shape (allowed by
            `partial_shaping`), or an array would grow (allowed by `allow_up_sizing`).
        """
        shapes = {n: tuple(s) for n, s in kwargs.items()}
        avals = input_avals(
            self._symbol, shapes, {n: np.dtype(a.dtype) for n, a in self.arg_dict.items()}
        )

        def fitted(name: str, old: NDArray, *, may_change: bool) -> NDArray:
            aval = avals[name]
            if old.shape == aval.shape:
                return old
            grows = aval.size > prod(old.shape)
            if not may_change or (grows and not allow_up_sizing):
                option = "allow_up_sizing" if may_change else "partial_shaping"
                raise ShapeError(
                    explain(
                        f"reshape changes {name!r} from {old.shape} to {aval.shape}.",
                        fix=f"executor.reshape({option}=True, ...)",
                    )
                )
            return self._zeros_like(old, aval.shape)

        args = [
            fitted(n, a, may_change=n in shapes or partial_shaping)
            for n, a in self.arg_dict.items()
        ]
        grads = [
            g if g is None or g.shape == a.shape else self._zeros_like(g, a.shape)
            for g, a in zip(self.grad_arrays, args, strict=True)
        ]
        aux = [fitted(n, a, may_change=partial_shaping) for n, a in self.aux_dict.items()]
        kind = type(self)
        return kind(
            self._symbol, self._ctx, args, grads, aux, self._grad_req, self._group2ctx,
            self._compiling, self._arenas,
        )  # fmt: skip

    def _zeros_like(self, old: NDArray, shape: tuple[int, ...]) -> NDArray:
        """Zeros of another shape."""
        return new_array(Aval(shape, np.dtype(old.dtype)), old.context)

    # ---- looking inside --------------------------------------------------------------------
    def plan(self, train: bool = True) -> Program:
        """The compiled program of a mode, with `.source`, `.memory` and `.graph`."""
        return self._run(train=train).program

    @property
    def _shown(self) -> Program:
        return self.plan(train=self._learns)

    @property
    def _learns(self) -> bool:
        """Whether anybody asked for gradients."""
        return any(req != "null" for req in self._grad_req.values())

    @property
    def source(self) -> str:
        """The generated Python text that runs (training, if gradients were asked for)."""
        return self._shown.source

    @property
    def memory(self) -> MemoryPlan:
        """The memory plan."""
        return self._shown.memory

    @property
    def graph(self) -> Graph:
        """The graph after all passes."""
        return self._shown.graph

    def debug_str(self) -> str:
        """List the symbol's nodes and the memory that the plan allocates."""
        mega = self.memory.arena_bytes >> 20
        return f"{self._symbol.debug_str()}Total {mega} MB allocated\n"

    def get_optimized_symbol(self) -> Symbol:
        """Return the symbol; passes work on `graph`, not on symbols."""
        return self._symbol

    def set_monitor_callback(
        self, callback: Callable[[str, NDArray], None] | None, monitor_all: bool = False
    ) -> None:
        """Call ``callback(name, array)`` with every operator's output at each step.

        Parameters
        ----------
        callback : function, or None to stop
        monitor_all : bool
            Also with every operator's inputs.
        """
        self._monitor = None if callback is None else (callback, monitor_all)
        for run in self._runs.values():
            run.monitored = None


def _output(name: str, aval: Aval, device: Device) -> NDArray:
    try:
        return new_array(aval, device)
    except OutOfMemoryError as error:
        raise OutOfMemoryError(f"the output {name!r} is {error}") from None
