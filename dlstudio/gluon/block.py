"""`Block`: a piece of a network with parameters and children."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from dlstudio.core import tape
from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.core.node import scope
from dlstudio.errors import ParamError, explain, knows_its_names
from dlstudio.gluon import saving
from dlstudio.gluon.calls import by_keyword, check_member, is_wrong_call, wrong_call
from dlstudio.gluon.naming import BlockScope
from dlstudio.gluon.parameter import Parameter
from dlstudio.gluon.parameter_dict import ParameterDict
from dlstudio.gluon.tree import depth_first, listing, places, warn_of_hidden
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
        return listing(self, members)

    def __setattr__(self, name: str, value: Any) -> None:
        check_member(self, name, value, (Parameter, Block))
        if isinstance(value, Block):
            self.register_child(value, name)
        elif isinstance(value, Parameter):
            self._reg_params[name] = value
            if not value._owned:  # made by hand, as in MXNet 2: it gets a name of its own here
                value.name, value._owned = self._prefix + (value.name or name), True
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
            Regular expression that names must match at their start: ``".*weight|.*bias"``. Full
            names are looked at, and if none matches structural ones, as in MXNet 2.

        Returns
        -------
        ParameterDict
            By full name; structural names such as "features.0.weight" find parameters too.
        """
        if select is not None and not isinstance(select, (str, re.Pattern)):
            raise ParamError(
                explain(
                    f"collect_params: parameter select is a {type(select).__name__}.",
                    "a regular expression for the start of names.",
                    "net.collect_params('.*weight|.*bias')",
                )
            )
        found = self._collected(select)
        warn_of_hidden(depth_first(self))
        if select and not found:
            pattern = re.compile(select)
            named = self._collect_params_with_prefix().items()
            found.update({p.name: p for n, p in named if pattern.match(n)})
        found._block = self
        return found

    def _collected(self, select: str | None) -> ParameterDict:
        found = ParameterDict(self._params.prefix)
        pattern = re.compile(select) if select else None
        for block in depth_first(self):
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

    def register_op_hook(
        self, callback: Callable[[str, str, Any], Any], monitor_all: bool = False
    ) -> None:
        """Call a function with what every operator of the hybridized blocks below gives.

        Hooked blocks run operator by operator; ``hybridize()`` again takes the hooks off.

        Parameters
        ----------
        callback : function of (name, operator, array)
            For example ``("dense0_fwd_output", "FullyConnected", array)``.
        monitor_all : bool
            Also with every operator's inputs: ``dense0_fwd_data``, ``dense0_fwd_weight``.
        """
        for child in self._children.values():
            child.register_op_hook(callback, monitor_all)

    # ---- parameters ----------------------------------------------------------------------
    def initialize(
        self,
        init: Any = None,
        ctx: Any = None,
        verbose: bool = False,
        force_reinit: bool = False,
        *,
        device: Any = None,
    ) -> None:
        """Give all parameters their first values.

        Parameters
        ----------
        init : Initializer or str, optional
            For parameters without an initializer of their own; default: ``Uniform(0.07)``.
        ctx, device : Device or list of Device, optional
            MXNet 1's and 2's name; default: the current context.
        verbose : bool
            Print what was done.
        force_reinit : bool
            Overwrite values that are there.
        """
        chosen = ctx if device is None else device
        self.collect_params().initialize(init, chosen, verbose, force_reinit)

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

    def reset_device(self, device: Any) -> None:
        """MXNet 2's name of `reset_ctx`."""
        self.reset_ctx(device)

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of all parameters: ``net.setattr("grad_req", "null")``."""
        self.collect_params().setattr(name, value)

    def share_parameters(self, shared: dict[str, Parameter]) -> Block:
        """Use other parameters, by structural name, instead of this block's own.

        Parameters
        ----------
        shared : dict of str to Parameter
            By structural name, or ``other.collect_params()``.
        """
        if shared is None:
            return self
        owner = getattr(shared, "_block", None)
        shared = shared if owner is None else owner._collect_params_with_prefix()
        for name, block, key in places(self):
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
        saving.save_parameters(self, filename, deduplicate)

    def load_parameters(
        self,
        filename: Any,
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: str = "current",
        *,
        device: Any = None,
    ) -> None:
        """Read parameters written by `save_parameters`, MXNet's or ours. All are taken, or none.

        Files of MXNet 1 and 2 are told apart by their content, whatever their ending.

        Parameters
        ----------
        filename : path
        ctx, device : Device or list of Device, optional
            MXNet 1's and 2's name of where parameters go that are not initialized.
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
        saving.load_parameters(
            self, filename, ctx if device is None else device, allow_missing=allow_missing,
            ignore_extra=ignore_extra, cast_dtype=cast_dtype, dtype_source=dtype_source,
        )  # fmt: skip

    def load_dict(
        self,
        param_dict: dict[str, Any],
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: str = "current",
        *,
        device: Any = None,
    ) -> None:
        """Take parameters from a dict of arrays by structural name; see `load_parameters`."""
        saving.take(
            self, dict(param_dict), "param_dict", ctx if device is None else device,
            allow_missing=allow_missing, ignore_extra=ignore_extra, cast_dtype=cast_dtype,
            dtype_source=dtype_source,
        )  # fmt: skip

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

    def save(self, prefix: Any) -> None:
        """Write ``prefix-model.json``, an outline of the blocks, and ``prefix-model.params``.

        Parameters
        ----------
        prefix : path
            Start of both file names.
        """
        saving.save(self, prefix)

    def load(self, prefix: Any) -> None:
        """Read what `save` wrote into a network made by the same code.

        Blocks that were hybridized are so again.

        Parameters
        ----------
        prefix : path

        Raises
        ------
        ParamError
            If the files are those of another network; nothing changes then.
        FileFormatError
            If a file is damaged.
        """
        saving.load(self, prefix)

    # ---- running -------------------------------------------------------------------------
    def __call__(self, *args: Any, **unknown: Any) -> Any:
        """Run the hooks and `forward`."""
        if unknown:
            raise by_keyword(self, args, unknown)
        if tape.state.tracer is not None:
            with scope(self._local_name), self.name_scope():
                return self._run(args)
        if bus.subscribers or (args and args[0].__class__ is Symbol):  # names matter in graphs
            with scope(self._local_name):
                return self._run(args)
        return self._run(args)

    def _run(self, args: tuple[Any, ...]) -> Any:
        for hook in self._forward_pre_hooks.values():
            hook(self, args)
        try:
            out = self._dispatch(args)
        except TypeError as error:
            if is_wrong_call(error):
                raise wrong_call(self, args, error) from None
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
        fix = ""
        if hasattr(self, "hybrid_forward"):
            fix = f"class {type(self).__name__}(gluon.HybridBlock), which calls hybrid_forward()"
        name = type(self).__name__
        raise NotImplementedError(explain(f"{name} must define forward(self, x, ...).", fix=fix))

    def summary(self, *inputs: Any) -> None:
        """Print a table of layers, output shapes and parameter counts for these inputs.

        Parameters
        ----------
        *inputs : NDArray
            One batch; it is run through the network once.
        """
        from dlstudio.gluon.summary import print_summary

        print_summary(self, inputs)


__getattr__ = held_elsewhere(  # what MXNet's module of blocks holds besides
    __name__,
    {
        "HybridBlock": "gluon.hybrid", "SymbolBlock": "gluon.symbol_block",
        "DeferredInitializationError": "errors", "load_json": "graph.symbol",
        "shape_is_known": "gluon.utils", "ParameterDict": "gluon.parameter_dict",
        **dict.fromkeys(("np_array", "np_shape"), "util"),
    },
)  # fmt: skip
