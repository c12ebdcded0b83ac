"""Containers and the layers every network has: Dense, Dropout, Embedding, Flatten, Lambda."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import ParamError, explain, taught_class
from dlstudio.gluon.block import Block
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.nn.activations import Activation
from dlstudio.gluon.nn.norm_layers import (
    BatchNorm,
    BatchNormReLU,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
)
from dlstudio.gluon.tree import listing

__all__ = [
    "BatchNorm",
    "BatchNormReLU",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GroupNorm",
    "HybridLambda",
    "HybridSequential",
    "InstanceNorm",
    "Lambda",
    "LayerNorm",
    "Sequential",
]


class _Chain:
    """What Sequential and HybridSequential share: a list of blocks, each fed by the one before."""

    _children: Any
    _prefix: str

    def add(self, *blocks: Block) -> None:
        """Append blocks.

        Raises
        ------
        ParamError
            If one is no block.
        """
        for block in blocks:
            if not isinstance(block, Block):
                raise _no_block(self, block)
            self.register_child(block)  # type: ignore[attr-defined]

    def _chain(self, x: Any, args: tuple[Any, ...]) -> Any:
        for block in self._children.values():
            x = block(x, *args)
            args = ()
            if isinstance(x, (tuple, list)):
                x, args = x[0], tuple(x[1:])
        return (x, *args) if args else x

    def __repr__(self) -> str:
        return listing(self, self._children.items())  # type: ignore[arg-type]

    def __getitem__(self, key: int | slice) -> Any:
        layers = list(self._children.values())
        try:
            found = layers[key]
        except (IndexError, TypeError) as error:
            raise taught_class(error)(
                explain(
                    f"{type(self).__name__} has {len(layers)} layers; {key!r} is none of them.",
                    "a number from 0, or from -1 backwards, or a slice.",
                )
            ) from None
        if not isinstance(found, list):
            return found
        part = type(self)(prefix=self._prefix)  # type: ignore[call-arg]
        with part.name_scope():  # type: ignore[attr-defined]
            part.add(*found)
        return part

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[Block]:
        return iter(self._children.values())


def _no_block(owner: Any, given: Any) -> ParamError:
    kind = "HybridBlock" if isinstance(owner, HybridBlock) else "Block"
    if isinstance(given, type):
        fix = f"{given.__name__}(...): an instance instead of the class"
    elif isinstance(given, (list, tuple)):
        fix = "net.add(*blocks)"
    else:
        fix = "nn.Lambda(function), or nn.HybridLambda(lambda F, x: ...), makes a block of one"
    found = f"Children of {kind} must also be {kind}, but {given!r} has type {type(given)}."
    return ParamError(explain(found, fix=fix))


class Sequential(_Chain, Block):
    """Blocks in a row, run one by one.

    Parameters
    ----------
    prefix : str, optional
    params : ParameterDict, optional
        See `Block`.

    Examples
    --------
    >>> import dlstudio as mx
    >>> net = mx.gluon.nn.Sequential()
    >>> net.add(mx.gluon.nn.Dense(4, activation="relu"), mx.gluon.nn.Dense(2))
    >>> net.initialize()
    >>> net(mx.nd.ones((3, 5))).shape
    (3, 2)
    """

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def forward(self, x: Any, *args: Any) -> Any:
        """Feed `x` through all blocks."""
        return self._chain(x, args)

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Compile the blocks one by one; HybridSequential compiles them together."""
        if self._children and all(isinstance(c, HybridBlock) for c in self._children.values()):
            warnings.warn(
                f"All children of this Sequential layer '{self.prefix}' are HybridBlocks. Consider"
                " using HybridSequential for the best performance.",
                stacklevel=2,
            )
        super().hybridize(active, **kwargs)


class HybridSequential(_Chain, HybridBlock):
    """Hybrid blocks in a row; `hybridize` compiles them into one plan.

    Parameters
    ----------
    prefix : str, optional
    params : ParameterDict, optional
        See `Block`.
    """

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def hybrid_forward(self, F: Any, x: Any, *args: Any) -> Any:
        """Feed `x` through all blocks."""
        return self._chain(x, args)


class Dense(HybridBlock):
    r"""Fully connected layer, ``activation(x · weightᵀ + bias)``.

    Parameters
    ----------
    units : int
        Length of the output.
    activation : str, optional
        "relu", "sigmoid", "tanh", "softrelu" or "softsign".
    use_bias : bool
    flatten : bool
        Take all axes but the first as one; otherwise only the last axis is transformed.
    dtype : dtype
    weight_initializer, bias_initializer : Initializer or str
    in_units : int
        Length of the input; 0 lets the first batch decide.
    prefix, params : see `Block`

    Notes
    -----
    Input (B, ...) becomes (B, units); with ``flatten=False`` (..., in_units) becomes (..., units).
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        flatten: bool = True,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_units: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._flatten = flatten
        self._units = units
        self._in_units = in_units
        with self.name_scope():
            self.weight = self.params.get(
                "weight", shape=(units, in_units), init=weight_initializer, dtype=dtype,
                allow_deferred_init=True,
            )  # fmt: skip
            self.bias = None
            if use_bias:
                self.bias = self.params.get(
                    "bias", shape=(units,), init=bias_initializer, dtype=dtype,
                    allow_deferred_init=True,
                )  # fmt: skip
            self.act = (
                None if activation is None else Activation(activation, prefix=f"{activation}_")
            )

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        """See the class."""
        out = F.FullyConnected(
            x, weight, bias, no_bias=bias is None, num_hidden=self._units, flatten=self._flatten,
            name="fwd",
        )  # fmt: skip
        return out if self.act is None else self.act(out)

    def __repr__(self) -> str:
        out, inputs = self.weight.shape
        return f"{type(self).__name__}({inputs or None} -> {out}, {self.act or 'linear'})"


class Dropout(HybridBlock):
    """Set a share of elements to zero in training and scale the others up.

    Parameters
    ----------
    rate : float in [0, 1)
        Share of zeros.
    axes : tuple of int
        Axes along which one decision is shared.
    prefix, params : see `Block`

    References
    ----------
    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
    JMLR 2014.
    """

    def __init__(self, rate: float, axes: Any = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._rate = rate
        self._axes = axes

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        if self._rate > 0:
            return F.Dropout(x, p=self._rate, axes=self._axes, name="fwd", cudnn_off=False)
        return F.identity(x)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p = {self._rate}, axes={self._axes})"


class Embedding(HybridBlock):
    """Rows of a table, picked by index.

    Parameters
    ----------
    input_dim : int
        Number of rows (the vocabulary).
    output_dim : int
        Length of a row.
    dtype : dtype
    weight_initializer : Initializer or str
    sparse_grad : bool
        Keep the gradient of the weight in row_sparse storage: only the rows looked up, so that
        optimizers with `lazy_update` touch those alone. Such a layer is not compiled by
        ``hybridize()``; it runs operator by operator inside the compiled rest.
    prefix, params : see `Block`

    Notes
    -----
    Input of any shape (...) becomes (..., output_dim).
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        sparse_grad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kwargs = {
            "input_dim": input_dim, "output_dim": output_dim, "dtype": dtype,
            "sparse_grad": sparse_grad,
        }  # fmt: skip
        self.weight = self.params.get(
            "weight", shape=(input_dim, output_dim), init=weight_initializer, dtype=dtype,
            allow_deferred_init=True, grad_stype="row_sparse" if sparse_grad else "default",
        )  # fmt: skip

    def hybrid_forward(self, F: Any, x: Any, weight: Any) -> Any:
        """See the class."""
        return F.Embedding(x, weight, name="fwd", **self._kwargs)

    def __repr__(self) -> str:
        facts = self._kwargs
        sizes = f"{facts['input_dim']} -> {facts['output_dim']}"
        return f"{type(self).__name__}({sizes}, {facts['dtype']})"


class Flatten(HybridBlock):
    """All axes but the first become one: (B, ...) to (B, D).

    Parameters
    ----------
    prefix, params : see `Block`
    """

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return F.Flatten(x)

    def __repr__(self) -> str:
        return type(self).__name__


def _operator(owner: str, namespaces: tuple[Any, ...], name: str) -> None:
    if not all(hasattr(n, name) for n in namespaces):
        raise ParamError(
            explain(
                f"{owner}: there is no function named {name!r} in mx.nd"
                f"{' and mx.sym' if len(namespaces) > 1 else ''}.",
                fix=f"{owner}(lambda F, x: ...)"
                if len(namespaces) > 1
                else f"{owner}(lambda x: ...)",
            )
        )


class Lambda(Block):
    """A function as a block.

    Parameters
    ----------
    function : callable or str
        ``lambda x: ...`` or the name of a function of `mx.nd`.
    prefix : str, optional
    """

    def __init__(self, function: Callable[..., Any] | str, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        if isinstance(function, str):
            from dlstudio import nd

            _operator("Lambda", (nd,), function)
            self._func_impl, self._func_name = getattr(nd, function), function
        elif callable(function):
            self._func_impl = function
            self._func_name = getattr(function, "__name__", type(function).__name__)
        else:
            raise ParamError(
                f"Lambda: parameter function must be callable or a name. Got {function!r}."
            )

    def forward(self, *args: Any) -> Any:
        """Call the function."""
        return self._func_impl(*args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._func_name})"


def _takes_one(function: Callable[..., Any]) -> bool:
    """Whether a function needs one argument, which can only be the input."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # of some functions written in C
        return False
    needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return len(needed) == 1 and needed[0].kind is not needed[0].VAR_POSITIONAL


class HybridLambda(HybridBlock):
    """A function as a hybrid block.

    Parameters
    ----------
    function : callable or str
        ``lambda F, x: ...`` or the name of a function of both `mx.nd` and `mx.sym`; with one
        parameter, as in MXNet 2, ``lambda x: ...``.
    prefix : str, optional
    """

    _own_forward = False
    _users_code = True  # the function

    def __init__(self, function: Callable[..., Any] | str, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        if isinstance(function, str):
            from dlstudio import nd, sym

            _operator("HybridLambda", (nd, sym), function)
            name = function
            self._func: Callable[..., Any] = lambda F, *args: getattr(F, name)(*args)
            self._func_name = function
        elif callable(function):
            self._func = function
            vars(self)["_own_forward"] = _takes_one(function)
            self._func_name = getattr(function, "__name__", type(function).__name__)
        else:
            raise ParamError(
                f"HybridLambda: parameter function must be callable or a name. Got {function!r}."
            )

    def forward(self, x: Any, *args: Any) -> Any:
        """Call the function, with the module of operators if it wants it."""
        return self._func(x) if self._own_forward else super().forward(x, *args)

    def hybrid_forward(self, F: Any, x: Any, *args: Any) -> Any:
        """Call the function."""
        return self._func(F, x, *args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._func_name})"


__getattr__ = held_elsewhere(__name__, {}, "gluon.nn")  # MXNet keeps them in fewer files
