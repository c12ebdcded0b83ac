"""`HybridBlock`: a block that runs operator by operator, or is traced once and compiled."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dlstudio import nd, sym
from dlstudio.core.late import alive, is_late
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.errors import (
    DeferredInitializationError,
    ParamError,
    explain,
)
from dlstudio.gluon.block import Block
from dlstudio.gluon.calls import check_options, no_array, strange
from dlstudio.gluon.compiled import (
    Compiled,
    Traced,
    Uncompiled,
    compiling_allowed,
    forget_oldest,
    key_of,
    not_inferred,
    plan_of,
    run_eagerly,
    runs_to_infer,
    stepped,
    trace,
    traced_on_arrays,
    warn_dynamic,
    works_sparsely,
)
from dlstudio.gluon.exporting import export, exported
from dlstudio.gluon.op_hooks import OpHook, run_hooked
from dlstudio.gluon.parameter import Parameter
from dlstudio.gluon.parameter_dict import ParameterDict
from dlstudio.gluon.shapes import infer_and_finish, infer_attributes
from dlstudio.gluon.structure import as_numpy_dialect, flatten, leaves
from dlstudio.graph.symbol import Symbol

if TYPE_CHECKING:
    from dlstudio.graph.program import Program

__all__ = ["HybridBlock"]


class HybridBlock(Block):
    """A block whose computation can be compiled: ``net.hybridize()``.

    Define either ``hybrid_forward(self, F, x, *args, **params)``, where F is `mx.nd` or `mx.sym`
    and this block's own parameters come in by their attribute names, or ``forward(self, x, *args)``
    with ordinary array code.

    Parameters
    ----------
    prefix : str, optional
    params : ParameterDict, optional
        See `Block`.

    Examples
    --------
    >>> import dlstudio as mx
    >>> class Scale(mx.gluon.HybridBlock):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.weight = self.params.get("weight", shape=(1,), init="ones")
    ...     def hybrid_forward(self, F, x, weight):
    ...         return F.broadcast_mul(x, weight)
    >>> net = Scale()
    >>> net.initialize()
    >>> net.hybridize()
    >>> net(mx.nd.ones((2, 3))).shape
    (2, 3)
    """

    _op_hook: OpHook | None = None
    _own_forward = False  # whether the class defines forward() and no hybrid_forward()
    _graphs: dict[Any, Traced]  # by what they hold for, see `key_of`
    _compiled: dict[Any, Compiled | Uncompiled]
    _last_structure: Any  # the key used last
    _users_code = False  # whether its class is a user's, with code in a hybrid_forward()
    _by_arrays: bool | None  # whether it is traced on arrays; None: not looked at yet
    _users: bool | None  # whether it or a descendant has a user's code; likewise
    _dynamic: str  # why it runs operator by operator, or ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_own_forward" not in vars(cls):
            cls._own_forward = (
                cls.forward is not HybridBlock.forward
                and cls.hybrid_forward is HybridBlock.hybrid_forward
            )
        if "_users_code" not in vars(cls):
            cls._users_code = not cls.hybrid_forward.__module__.startswith("dlstudio.")

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix, params)
        self._active = False
        self._flags: dict[str, Any] = {}
        self._clear_cached_op()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if isinstance(value, (HybridBlock, Parameter)):
            self._clear_cached_op()

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Make `block` a child.

        Raises
        ------
        ParamError
            If it is not a HybridBlock: the whole tree is compiled together.
        """
        if not isinstance(block, HybridBlock):
            raise ParamError(
                explain(
                    f"Children of HybridBlock must also be HybridBlock, but {block} has type"
                    f" {type(block)}.",
                    "blocks that can be compiled.",
                    "If you are using Sequential, please try HybridSequential instead;"
                    " or derive this block from gluon.Block",
                )
            )
        super().register_child(block, name)
        self._clear_cached_op()

    def hybridize(
        self,
        active: bool = True,
        backend: str | None = None,
        clear: bool = True,
        static_alloc: bool = False,
        static_shape: bool = False,
        inline_limit: int = 2,
        forward_bulk_size: int | None = None,
        backward_bulk_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Trace and compile this block at its next call, once per input signature.

        Parameters
        ----------
        active : bool
            False goes back to running operator by operator.
        backend, clear, static_alloc, static_shape, inline_limit, forward_bulk_size, \
backward_bulk_size
            Accepted for MXNet programs: plans always have static memory here.
        **kwargs
            ``without``: names of passes to leave out. ``layout``: "NCHW" or "NHWC", what
            convolutions compute in. ``memory_budget``: bytes that the arena of a training plan
            may take; values are computed a second time in the backward half to stay below it.
            ``group2ctx``: where nodes made under ``AttrScope(ctx_group=...)`` run. Others are
            options of a `backend`, and MXNet's.

        Raises
        ------
        ArgumentError
            For an option that is none of these.
        """
        if backend is None:
            check_options(HybridBlock.hybridize, kwargs)
        if active and (self._forward_hooks or self._forward_pre_hooks):
            warnings.warn(
                f'"{self}" is being hybridized while still having forward hook/pre-hook. If'
                f' "{self}" is a child of HybridBlock, the hooks will not take effect.',
                stacklevel=2,
            )
        self._active = active
        self._flags = {
            "static_alloc": static_alloc, "static_shape": static_shape,
            "inline_limit": inline_limit, **kwargs,
        }  # fmt: skip
        vars(self).pop("_op_hook", None)
        if clear or not active:
            self._clear_cached_op()
        super().hybridize(
            active, backend=backend, clear=clear, static_alloc=static_alloc,
            static_shape=static_shape, inline_limit=inline_limit,
            forward_bulk_size=forward_bulk_size, backward_bulk_size=backward_bulk_size, **kwargs,
        )  # fmt: skip

    def register_op_hook(
        self, callback: Callable[[str, str, Any], Any], monitor_all: bool = False
    ) -> None:
        """See `Block.register_op_hook`."""
        self._op_hook = OpHook(callback, monitor_all)
        super().register_op_hook(callback, monitor_all)

    def cast(self, dtype: Any) -> None:
        """Change the element type of all parameters; compiled plans are dropped."""
        self._clear_cached_op()
        super().cast(dtype)

    def _forget_steps(self) -> None:
        """Forget what calls before this one left behind: nothing, but see recurrent cells."""

    def _clear_cached_op(self) -> None:
        vars(self).update(_nothing_traced())

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles are compiled anew: plans belong to the process and the arrays."""
        return {**vars(self), **_nothing_traced()}

    # ---- running -------------------------------------------------------------------------
    def _dispatch(self, args: tuple[Any, ...]) -> Any:
        if not self._own_forward:
            return self.forward(*args)
        if self._active and compiling_allowed() and not _symbolic(args):
            return self._call_compiled(args)
        if any(p._deferred is not None for p in self._reg_params.values()):
            self._infer_and_finish(args)
        return self.forward(*args)

    def forward(self, x: Any, *args: Any) -> Any:
        """Run `hybrid_forward` on arrays or symbols, compiled if hybridized.

        Parameters
        ----------
        x : NDArray or Symbol, or nested lists of them
        *args
            Further inputs.

        Raises
        ------
        InitError
            If a parameter was not initialized.
        ParamError
            If no argument is an NDArray or a Symbol.
        """
        first = x if isinstance(x, (Tensor, Symbol)) else next(iter(leaves((x, args))), None)
        if isinstance(first, Symbol):
            return self._forward_symbol(x, args)
        if first is None:
            raise no_array(self, x)
        if self._active and compiling_allowed():
            return self._call_compiled((x, *args))
        return self._run_operators(x, *args)

    def _run_operators(self, x: Any, *args: Any) -> Any:
        """Run on arrays, operator by operator."""
        if self._own_forward:
            if any(p._deferred is not None for p in self._reg_params.values()):
                self._infer_and_finish((x, *args))
            return self.forward(x, *args)
        first = x if isinstance(x, Tensor) else next(iter(leaves((x, args))))
        try:
            values = {name: p._on(first._device) for name, p in self._reg_params.items()}
        except DeferredInitializationError:
            self._infer_and_finish((x, *args))
            values = {name: p._on(first._device) for name, p in self._reg_params.items()}
        out = self.hybrid_forward(nd, x, *args, **values)
        return as_numpy_dialect(out) if type(first) is ndarray else out

    def _forward_symbol(self, x: Any, args: tuple[Any, ...]) -> Any:
        variables = {name: p.var() for name, p in self._reg_params.items()}
        with self.name_scope():
            return self.hybrid_forward(sym, x, *args, **variables)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the output with the functions of F; subclasses define it.

        Parameters
        ----------
        F : module
            `mx.nd` on arrays, `mx.sym` while the block is traced.
        x, *args : NDArray or Symbol
        **kwargs : NDArray or Symbol
            This block's own parameters, by attribute name.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define hybrid_forward(self, F, x, ...) or"
            " forward(self, x, ...)."
        )

    # ---- shapes --------------------------------------------------------------------------
    def infer_shape(self, *args: Any) -> None:
        """Complete the shapes of all parameters for inputs like these; nothing is computed.

        Parameters
        ----------
        *args : NDArray

        Raises
        ------
        ShapeError
            If the inputs do not fit the parameters.
        """
        self._infer_attrs("infer_shape", args)

    def infer_type(self, *args: Any) -> None:
        """Set the dtypes of all parameters to fit inputs like these; nothing is computed."""
        self._infer_attrs("infer_type", args)

    def _infer_attrs(self, which: str, args: tuple[Any, ...]) -> None:
        infer_attributes(self, which, args)

    def _infer_and_finish(self, args: tuple[Any, ...]) -> None:
        """Make the parameters that waited for their shapes."""
        infer_and_finish(self, args)

    # ---- tracing and compiling -----------------------------------------------------------
    def _graph(self, args: tuple[Any, ...]) -> Traced:
        """Return the symbol of this block for arguments like these; traced once."""
        arrays, structure = flatten(args)
        key = key_of(self, arrays, structure)
        found = self._look_up(self._graphs, key, args)
        if found is None:
            found = self._graphs[key] = trace(self, args, arrays, structure)
            forget_oldest(self._graphs)
        vars(self)["_last_structure"] = key
        return found

    def _look_up(self, table: dict[Any, Any], key: Any, args: tuple[Any, ...]) -> Any:
        try:
            return table.get(key)
        except TypeError:  # unhashable: something mutable that is no array of ours
            raise no_array(self, strange(args)) from None

    def _call_compiled(self, args: tuple[Any, ...]) -> Any:
        if self._op_hook is not None:
            return run_hooked(self, self._op_hook, args)
        arrays, structure = flatten(args)
        if alive and any(is_late(x) for x in arrays):
            return self._run_operators(*args)
        key = key_of(self, arrays, structure)
        compiled = self._look_up(self._compiled, key, args)
        if compiled is None:
            if not arrays:
                raise no_array(self, args[0] if args else None)
            compiled = self._compile(args, structure)
        elif key != self._last_structure:
            self._keep(key, self._compiled.pop(key))  # the least recently used goes first
        return compiled(arrays)

    def _for_debugger(self, args: tuple[Any, ...]) -> tuple[Any, list[Any], Any]:
        """Return what `mx.graph.debug` steps through; see `stepped`."""
        return stepped(self, args)

    def _compile(self, args: tuple[Any, ...], structure: Any) -> Compiled | Uncompiled:
        parameters = self.collect_params()
        if works_sparsely(parameters, structure):
            key = key_of(self, flatten(args)[0], structure)
            return self._keep(key, Uncompiled(self, structure))
        if any(p._deferred is not None for p in parameters.values()):
            if runs_to_infer(self):
                run_eagerly(self, args)
            elif not traced_on_arrays(self, flatten(args)[0]):
                self._infer_and_finish(args)
        graph = self._graph(args)
        if graph.dynamic:
            vars(self)["_dynamic"] = graph.dynamic
            warn_dynamic(self, graph.dynamic)
            return self._keep(structure, Uncompiled(self, structure))
        found = Compiled(graph, parameters, self)
        for source in found.sources:
            if isinstance(source, Parameter) and source._deferred is not None:
                raise not_inferred(self, source, args)
        return self._keep(self._last_structure, found)

    def _keep(self, key: Any, found: Any) -> Any:
        vars(self)["_last_structure"] = key
        self._compiled[key] = found
        forget_oldest(self._compiled)
        return found

    @property
    def _cached_op(self) -> Any:
        """The compiled function of the last call, for those who want to look inside; or None."""
        compiled = self._compiled.get(self._last_structure)
        return None if compiled is None else compiled.op

    def plan(self, train: bool | None = None) -> Program:
        """Return the compiled plan of the last call: its `source`, `memory` and `graph`.

        Parameters
        ----------
        train : bool, optional
            The last plan for training or for inference; default: the last of either.

        Raises
        ------
        ArgumentError
            If the block is not hybridized or has not been called.
        """
        return plan_of(self, train)

    def optimize_for(
        self,
        x: Any,
        *args: Any,
        backend: str | None = None,
        clear: bool = False,
        static_alloc: bool = False,
        static_shape: bool = False,
        inline_limit: int = 2,
        forward_bulk_size: int | None = None,
        backward_bulk_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Hybridize and run once, so that the plan for inputs like `x` is ready.

        The arguments are those of `hybridize`; backends of MXNet are accepted and change nothing.
        """
        self.hybridize(
            True, backend, clear, static_alloc, static_shape, inline_limit,
            forward_bulk_size, backward_bulk_size, **kwargs,
        )  # fmt: skip
        self(x, *args)

    def export(self, path: Any, epoch: int = 0, remove_amp_cast: bool = True) -> tuple[str, str]:
        """Write ``path-symbol.json`` and ``path-0000.params``, which need no Python code to run.

        Parameters
        ----------
        path : path
            Start of both file names.
        epoch : int
            Number in the second one.
        remove_amp_cast : bool
            Leave out casts of automatic mixed precision.

        Returns
        -------
        symbol_file, params_file : str

        Raises
        ------
        InitError
            If the block has not run yet, so that its inputs are not known.
        """
        return export(self, path, epoch, remove_amp_cast=remove_amp_cast)

    def _exported(self) -> tuple[list[str], Symbol, dict[str, Any]]:
        """Names of the inputs, the symbol, and the values of all its other variables."""
        return exported(self)


def _nothing_traced() -> dict[str, Any]:
    return dict(
        _graphs={}, _compiled={}, _last_structure=None, _dynamic="", _by_arrays=None, _users=None
    )


def _symbolic(args: tuple[Any, ...]) -> bool:
    return any(isinstance(x, Symbol) for x in leaves(args))
