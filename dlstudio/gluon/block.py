"""`Block`: a piece of a network with parameters and children."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from dlstudio.core import tape
from dlstudio.core.node import scope
from dlstudio.core.sparse import stored
from dlstudio.errors import ArgumentError, MXNetError, explain, knows_its_names
from dlstudio.gluon.naming import BlockScope
from dlstudio.gluon.parameter import Parameter
from dlstudio.gluon.parameter_dict import (
    ParameterDict,
    assign,
    read_named,
    refuse_extra,
    refuse_missing,
)
from dlstudio.gluon.utils import HookHandle
from dlstudio.graph.symbol import Symbol
from dlstudio.trace import bus

__all__ = ["Block"]


class Block:
    """Base class of all layers and networks.

    Assign children and parameters to attributes in ``__init__`` and define ``forward(*args)``.

    Parameters
    ----------
    prefix : str, optional
        Put before the names of parameters and children; default: class name and a counter.
    params : ParameterDict, optional
        Parameters to share: those of the same name are taken from there.

    Examples
    --------
    >>> import dlstudio as mx
    >>> class Twice(mx.gluon.Block):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.layer = mx.gluon.nn.Dense(3, in_units=3)
    ...     def forward(self, x):
    ...         return self.layer(self.layer(x))
    >>> net = Twice()
    >>> net.initialize()
    >>> net(mx.nd.ones((2, 3))).shape
    (2, 3)
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = knows_its_names(cls.__init__)

    @knows_its_names
    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        self._empty_prefix = prefix == ""
        self._prefix, self._params, self._local_name = BlockScope.create(
            prefix, params, self._alias()
        )
        self._name = self._prefix[:-1] if self._prefix.endswith("_") else self._prefix
        self._scope = BlockScope(self)
        self._children: OrderedDict[str, Block] = OrderedDict()
        self._reg_params: dict[str, Parameter] = {}
        self._forward_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()
        self._forward_pre_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()

    def _alias(self) -> str:
        return type(self).__name__.lower()

    def __repr__(self) -> str:
        members = [(k, v) for k, v in vars(self).items() if isinstance(v, Block)]
        return _listing(self, members)

    def __setattr__(self, name: str, value: Any) -> None:
        members = vars(self)
        existing = members.get(name)
        if isinstance(existing, (Parameter, Block)) and not isinstance(value, type(existing)):
            raise ArgumentError(
                f"Changing attribute type for {name} from {type(existing)} to {type(value)} is not"
                " allowed."
            )
        if "_children" not in members and isinstance(value, (Parameter, Block)):
            raise ArgumentError(
                explain(
                    f"{type(self).__name__}.{name} was assigned before Block.__init__() has run.",
                    fix=f"call super().__init__() first in {type(self).__name__}.__init__",
                )
            )
        if isinstance(value, Block):
            self.register_child(value, name)
        elif isinstance(value, Parameter):
            self._reg_params[name] = value
            if not value._owned:  # made by hand, as in MXNet 2: it gets a name of its own here
                value.name, value._owned = self._prefix + value.name, True
        super().__setattr__(name, value)

    # ---- names and members ---------------------------------------------------------------
    @property
    def prefix(self) -> str:
        """Put before the names of parameters and children, e.g. ``dense0_``."""
        return self._prefix

    @property
    def name(self) -> str:
        """Prefix without the underscore at its end."""
        return self._name

    def name_scope(self) -> BlockScope:
        """``with self.name_scope():`` — children made inside are named after this block."""
        return self._scope

    @property
    def params(self) -> ParameterDict:
        """Parameters of the block itself, without its children's; see `collect_params`."""
        return self._params

    def collect_params(self, select: str | None = None) -> ParameterDict:
        """Parameters of this block and all its children.

        Parameters
        ----------
        select : str, optional
            Regular expression that full names must match at their start: ``".*weight|.*bias"``.

        Returns
        -------
        ParameterDict
        """
        found = ParameterDict(self._params.prefix)
        pattern = re.compile(select) if select else None
        for block in _depth_first(self):
            named = {**block.params._params, **{p.name: p for p in block._reg_params.values()}}
            found.update({n: p for n, p in named.items() if pattern is None or pattern.match(n)})
        return found

    def _collect_params_with_prefix(self, prefix: str = "") -> dict[str, Parameter]:
        """Parameters by structural name, e.g. ``features.0.weight``."""
        start = prefix + "." if prefix else ""
        found = {start + key: value for key, value in self._reg_params.items()}
        for name, child in self._children.items():
            found.update(child._collect_params_with_prefix(start + name))
        return found

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Make `block` a child; assigning it to an attribute does so too."""
        self._children[str(len(self._children)) if name is None else name] = block

    def apply(self, fn: Callable[[Block], Any]) -> Block:
        """Call `fn` on all descendants, children first, and on this block; return this block."""
        for child in self._children.values():
            child.apply(fn)
        fn(self)
        return self

    def register_forward_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Call ``hook(block, inputs, output)`` after forward, until the result is detached."""
        handle = HookHandle()
        handle.attach(self._forward_hooks, hook)
        return handle

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Call ``hook(block, inputs)`` before every forward, until the result is detached."""
        handle = HookHandle()
        handle.attach(self._forward_pre_hooks, hook)
        return handle

    # ---- parameters ----------------------------------------------------------------------
    def initialize(
        self, init: Any = None, ctx: Any = None, verbose: bool = False, force_reinit: bool = False
    ) -> None:
        """Give all parameters their first values.

        Parameters
        ----------
        init : Initializer or str, optional
            For parameters without an initializer of their own; default: ``Uniform(0.07)``.
        ctx : Device or list of Device, optional
            Default: the current context.
        verbose : bool
            Print what was done.
        force_reinit : bool
            Overwrite values that are there.
        """
        self.collect_params().initialize(init, ctx, verbose, force_reinit)

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Compile the hybrid blocks below on their next call; see `HybridBlock.hybridize`."""
        for child in self._children.values():
            child.hybridize(active, **kwargs)

    def cast(self, dtype: Any) -> None:
        """Change the element type of all parameters."""
        for child in self._children.values():
            child.cast(dtype)
        for parameter in self.params.values():
            parameter.cast(dtype)

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        self.collect_params().zero_grad()

    def reset_ctx(self, ctx: Any) -> None:
        """Move all parameters to other devices."""
        self.collect_params().reset_ctx(ctx)

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of all parameters: ``net.setattr("grad_req", "null")``."""
        self.collect_params().setattr(name, value)

    def share_parameters(self, shared: dict[str, Parameter]) -> Block:
        """Use other parameters, by structural name, instead of this block's own.

        Parameters
        ----------
        shared : dict of str to Parameter
            For example ``other._collect_params_with_prefix()``.
        """
        if shared is None:
            return self
        for name, block, key in _places(self):
            if name in shared:
                own = block._reg_params[key]
                block._params._params = {
                    n: shared[name] if p is own else p for n, p in block._params.items()
                }
                setattr(block, key, shared[name])
        return self

    # ---- files ---------------------------------------------------------------------------
    def save_parameters(self, filename: Any, deduplicate: bool = False) -> None:
        """Write all parameters by structural name, atomically.

        Parameters
        ----------
        filename : path
            Ending in ``.npz`` or ``.safetensors`` for these formats, else MXNet's ``.params``.
        deduplicate : bool
            Write a shared parameter once; such a file needs the same sharing to be loaded.
        """
        from dlstudio.interop.weights import save_named

        named = self._collect_params_with_prefix()
        if deduplicate:
            named = {name: p for p, name in {p: n for n, p in reversed(named.items())}.items()}
        save_named(filename, {name: stored(p._reduce()) for name, p in named.items()})

    def load_parameters(
        self,
        filename: Any,
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Read parameters written by `save_parameters`, MXNet's or ours. All are taken, or none.

        Files of MXNet 1 and 2 are told apart by their content, whatever their ending.

        Parameters
        ----------
        filename : path
        ctx : Device or list of Device, optional
            Where parameters go that are not initialized.
        allow_missing : bool
            Leave parameters alone that the file lacks.
        ignore_extra : bool
            Ignore arrays that are no parameters here.
        cast_dtype : bool
            Convert arrays of another dtype.
        dtype_source : {"current", "saved"}
            With `cast_dtype`: convert to the parameter's dtype, or the parameter to the file's.

        Raises
        ------
        FileFormatError
            If the file is damaged.
        ParamError
            If names are missing or unknown.
        ShapeError, DTypeError
            If an array does not fit its parameter.
        """
        loaded = read_named(filename)
        named = self._collect_params_with_prefix()
        if not loaded and not named:
            return
        if not any("." in name for name in loaded) and not set(loaded) <= set(named):
            # names of an older kind: full names without the network's own prefix
            self.collect_params().load_dict(
                loaded,
                ctx,
                allow_missing,
                ignore_extra,
                self.prefix,
                filename,
                cast_dtype,
                dtype_source,
            )
            return
        source = f"file: {filename}"
        if not allow_missing:
            present = {id(named[n]) for n in loaded if n in named}
            missing = [n for n, p in named.items() if id(p) not in present]
            refuse_missing(missing, loaded, source)
        if not ignore_extra:
            refuse_extra([n for n in loaded if n not in named], named, source)
        values = {named[n]: v for n, v in loaded.items() if n in named}
        assign(values, ctx, cast_dtype, dtype_source)

    def save_params(self, filename: Any) -> None:
        """MXNet's old name of `save_parameters`, with full names."""
        self.collect_params().save(filename, strip_prefix=self.prefix)

    def load_params(
        self,
        filename: Any,
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
    ) -> None:
        """MXNet's old name of `load_parameters`."""
        self.load_parameters(filename, ctx, allow_missing, ignore_extra)

    # ---- running -------------------------------------------------------------------------
    def __call__(self, *args: Any) -> Any:
        """Run the hooks and `forward`."""
        if tape.state.tracer is not None:
            with scope(self._local_name), self.name_scope():
                return self._run(args)
        if bus.subscribers or _is_traced(args):
            with scope(self._local_name):
                return self._run(args)
        return self._run(args)

    def _run(self, args: tuple[Any, ...]) -> Any:
        for hook in self._forward_pre_hooks.values():
            hook(self, args)
        try:
            out = self._dispatch(args)
        except TypeError as error:
            if _is_wrong_call(error):
                raise _wrong_call(self, args, error) from None
            raise
        for hook in self._forward_hooks.values():
            hook(self, args, out)
        return out

    def _dispatch(self, args: tuple[Any, ...]) -> Any:
        return self.forward(*args)

    def forward(self, *args: Any) -> Any:
        """Compute the output; subclasses define it.

        Parameters
        ----------
        *args : NDArray
        """
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, x, ...).")

    def summary(self, *inputs: Any) -> None:
        """Print a table of layers, output shapes and parameter counts for these inputs.

        Parameters
        ----------
        *inputs : NDArray
            One batch; it is run through the network once.
        """
        from dlstudio.gluon.summary import print_summary

        print_summary(self, inputs)


def _is_traced(args: tuple[Any, ...]) -> bool:
    """Whether the first argument is a symbol: a graph is being made, so names matter."""
    return bool(args) and args[0].__class__ is Symbol


def _is_wrong_call(error: TypeError) -> bool:
    """Whether Python refused the call of forward itself, not something inside it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    callers = ("dlstudio.gluon.block", "dlstudio.gluon.hybrid")
    ours = trace is not None and trace.tb_frame.f_globals.get("__name__") in callers
    return ours and not isinstance(error, MXNetError) and "argument" in str(error)


def _wrong_call(block: Block, args: tuple[Any, ...], error: TypeError) -> ArgumentError:
    kinds = ", ".join(type(x).__name__ for x in args)
    return ArgumentError(
        explain(
            f"{type(block).__name__} {block.name!r} was called with {len(args)} inputs ({kinds}):"
            f" {error}.",
            "the inputs that its forward() or hybrid_forward() takes.",
            f"see help({type(block).__name__})",
        )
    )


def _depth_first(block: Block) -> list[Block]:
    found = [block]
    for child in block._children.values():
        found += _depth_first(child)
    return found


def _places(block: Block, prefix: str = "") -> list[tuple[str, Block, str]]:
    """Structural name, owner and attribute of every parameter below `block`."""
    found = [(prefix + key, block, key) for key in block._reg_params]
    for name, child in block._children.items():
        found += _places(child, f"{prefix}{name}.")
    return found


def _listing(block: Block, members: Any) -> str:
    lines = "\n".join(f"  ({key}): {_indent(repr(child))}" for key, child in members)
    return f"{type(block).__name__}(\n{lines}\n)"


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ")


def __getattr__(name: str) -> Any:
    """MXNet keeps all block classes in this module."""
    if name in ("HybridBlock", "SymbolBlock"):
        from dlstudio import gluon

        return getattr(gluon, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
