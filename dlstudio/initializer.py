"""First values of parameters, chosen by a parameter's name.

An initializer is called with a name and an array: names ending in ``weight`` get the
initializer's own values, ``bias`` and ``beta`` zeros, ``gamma`` ones, and so on. A parameter that
asks for an initializer of its own (``nn.Dense(3, bias_initializer="ones")``) gets exactly that.

References
----------
Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
AISTATS 2010. He et al., "Delving Deep into Rectifiers", ICCV 2015. Saxe et al., "Exact solutions
to the nonlinear dynamics of learning in deep linear neural networks", ICLR 2014.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from math import ceil, prod, sqrt
from typing import Any

import numpy as np

from dlstudio import registry
from dlstudio.core import random
from dlstudio.core.device import cpu
from dlstudio.errors import ParamError, explain

__all__ = [
    "Bilinear", "Constant", "FusedRNN", "InitDesc", "Initializer", "LSTMBias", "Load", "MSRAPrelu",
    "Mixed", "Normal", "One", "Orthogonal", "Uniform", "Xavier", "Zero", "alias", "create",
    "register",
]  # fmt: skip

Array = Any


class InitDesc(str):
    """A parameter's name together with what is known about how it wants to be filled.

    Parameters
    ----------
    name : str
    attrs : dict of str to str, optional
        ``__init__`` holds the parameter's own initializer as `Initializer.dumps` spells it.
    global_init : Initializer, optional
        Used where `attrs` ask for nothing.
    """

    __slots__ = ("attrs", "global_init")

    attrs: dict[str, str]
    global_init: Initializer | None

    def __new__(
        cls,
        name: str,
        attrs: dict[str, str] | None = None,
        global_init: Initializer | None = None,
    ) -> InitDesc:
        """Make the name and hang the description on it."""
        described = super().__new__(cls, name)
        described.attrs = attrs or {}
        described.global_init = global_init
        return described


class Initializer:
    """Base class: decides by name what an array gets. Subclasses define ``_init_weight``.

    Parameters
    ----------
    **kwargs
        What `dumps` writes, so that an initializer can be made again from text.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs
        self._verbose = False
        self._print_func: Callable[[Array], str] | None = None

    def set_verbosity(
        self, verbose: bool = False, print_func: Callable[[Array], str] | None = None
    ) -> Initializer:
        """Print name and `print_func` (default: norm / sqrt(size)) of every array filled."""
        self._verbose = verbose
        self._print_func = print_func or _norm
        return self

    def dumps(self) -> str:
        """Spell this initializer as JSON: ``'["xavier", {"magnitude": 3}]'``."""
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __call__(self, desc: str, arr: Any) -> None:
        """Fill `arr` as its name, or its own request in `desc.attrs`, asks.

        Parameters
        ----------
        desc : InitDesc or str
        arr : NDArray
            Changed in place.

        Raises
        ------
        ParamError
            If the name ends in nothing known and asks for no initializer.
        """
        if not isinstance(desc, str):
            raise TypeError(f"an initializer needs the parameter's name. Got {desc!r}.")
        own = desc.attrs.get("__init__", "") if isinstance(desc, InitDesc) else ""
        if own:
            create(own)._init_weight(desc, arr)
        else:
            self._by_name(desc, arr)
        if self._verbose and self._print_func is not None:
            print(f"Initialized {desc}: {self._print_func(arr)}")

    def _by_name(self, name: str, arr: Any) -> None:
        for endings, method in _ENDINGS:
            if name.endswith(endings):
                getattr(self, method)(name, arr)
                return
        self._init_default(name, arr)

    def _init_zero(self, _: str, arr: Any) -> None:
        arr[:] = 0.0

    def _init_one(self, _: str, arr: Any) -> None:
        arr[:] = 1.0

    _init_bias = _init_beta = _init_zero
    _init_gamma = _init_one

    def _init_weight(self, name: str, arr: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__} must define _init_weight({name!r}, arr).")

    def _init_default(self, name: str, _: Any) -> None:
        raise ParamError(
            explain(
                f"no rule says how to initialize a parameter named {str(name)!r}.",
                "a name that ends in weight, bias, gamma (ones) or beta (zeros), or a parameter with"
                " an initializer of its own.",
                f"self.params.get({str(name)!r}, init=mx.init.Xavier(), ...)",
            )
        )

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._kwargs == other._kwargs  # type: ignore[attr-defined]

    __hash__ = object.__hash__


_ENDINGS = (
    ("weight", "_init_weight"),
    ("bias", "_init_bias"),
    ("gamma", "_init_gamma"),
    ("beta", "_init_beta"),
    ("min", "_init_zero"),
    ("max", "_init_one"),
)


def _norm(arr: Any) -> str:
    values = arr.asnumpy()
    return str(np.linalg.norm(values) / sqrt(values.size))


_REGISTRY = registry.Registry("initializer", Initializer)


def register(klass: type[Initializer]) -> type[Initializer]:
    """Make `klass` known by its lower-case name, for ``initialize(init="myinit")``."""
    return _REGISTRY.register(klass)


def alias(*aliases: str) -> Callable[[type[Initializer]], type[Initializer]]:
    """Give a registered class further names."""
    return _REGISTRY.alias(*aliases)


def create(init: Any, **kwargs: Any) -> Initializer:
    """Initializer from a name, from the text of `Initializer.dumps`, or as given.

    Raises
    ------
    ParamError
        If the name is not registered; the message lists those near to it.

    Examples
    --------
    >>> create("xavier", magnitude=2).dumps()
    '["xavier", {"rnd_type": "uniform", "factor_type": "avg", "magnitude": 2}]'
    """
    return _REGISTRY.create(init, **kwargs)


def _fill(arr: Any, values: Array) -> None:
    arr[:] = np.asarray(values, dtype=arr.dtype)


def _generator() -> np.random.Generator:
    """Random numbers for initial values are drawn on the CPU, so that every device gets the same."""
    return random.next_generator(cpu())


@register
@alias("zeros")
class Zero(Initializer):
    """All zeros."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, name: str, arr: Any) -> None:
        self._init_zero(name, arr)


@register
@alias("ones")
class One(Initializer):
    """All ones."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, name: str, arr: Any) -> None:
        self._init_one(name, arr)


@register
class Constant(Initializer):
    """One value everywhere, or a copy of an array of the parameter's shape.

    Parameters
    ----------
    value : float or array
    """

    def __init__(self, value: Any) -> None:
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, _: str, arr: Any) -> None:
        arr[:] = self.value

    def dumps(self) -> str:
        """As JSON; an array is written as nested lists."""
        value = self.value.asnumpy() if hasattr(self.value, "asnumpy") else self.value
        plain = value.tolist() if isinstance(value, np.ndarray) else value
        return json.dumps(["constant", {"value": plain}])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and np.array_equal(
            np.asarray(self.value), np.asarray(other.value)
        )

    __hash__ = object.__hash__


@register
class Uniform(Initializer):
    """Uniformly random in [-scale, scale].

    Parameters
    ----------
    scale : float > 0
    """

    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, _: str, arr: Any) -> None:
        _fill(arr, _generator().uniform(-self.scale, self.scale, arr.shape))


@register
class Normal(Initializer):
    """Normally distributed with mean 0 and standard deviation `sigma`."""

    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, _: str, arr: Any) -> None:
        _fill(arr, _generator().normal(0.0, self.sigma, arr.shape))


@register
class Orthogonal(Initializer):
    """Rows (or columns) that are orthonormal, times `scale`.

    Parameters
    ----------
    scale : float
    rand_type : {"uniform", "normal"}
        Distribution of the random matrix whose singular vectors are taken.
    """

    def __init__(self, scale: float = 1.414, rand_type: str = "uniform") -> None:
        super().__init__(scale=scale, rand_type=rand_type)
        if rand_type not in ("uniform", "normal"):
            raise ParamError(
                f"Orthogonal: parameter rand_type must be 'uniform' or 'normal'. Got {rand_type!r}."
            )
        self.scale = scale
        self.rand_type = rand_type

    def _init_weight(self, name: str, arr: Any) -> None:
        _at_least_2d(self, name, arr)
        rows, columns = arr.shape[0], prod(arr.shape[1:])
        draw = _generator().uniform if self.rand_type == "uniform" else _generator().normal
        # uniform(-1, 1) or normal(0, 1): numpy's arguments mean (low, high) and (mean, deviation)
        start = draw(-1.0 if self.rand_type == "uniform" else 0.0, 1.0, (rows, columns))
        u, _, v = np.linalg.svd(start, full_matrices=False)
        basis = u if u.shape == start.shape else v
        _fill(arr, self.scale * basis.reshape(arr.shape))


def _at_least_2d(initializer: Initializer, name: str, arr: Any) -> None:
    if len(arr.shape) < 2:
        raise ParamError(
            explain(
                f"{type(initializer).__name__} cannot fill {str(name)!r} of shape {tuple(arr.shape)}.",
                "at least 2 dimensions, since it counts what goes in and out of a unit.",
                "mx.init.Normal() or mx.init.Uniform() for vectors",
            )
        )


@register
class Xavier(Initializer):
    r"""Keeps the scale of activations and gradients alike through layers (Glorot).

    Values have variance `magnitude` / 3 / fan for "uniform" and `magnitude` / fan for "gaussian",
    where fan is the number of inputs ("in"), of outputs ("out") or their mean ("avg").

    Parameters
    ----------
    rnd_type : {"uniform", "gaussian"}
    factor_type : {"avg", "in", "out"}
    magnitude : float > 0
    """

    def __init__(
        self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3
    ) -> None:
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        self.rnd_type = rnd_type
        self.factor_type = factor_type
        self.magnitude = float(magnitude)

    def _init_weight(self, name: str, arr: Any) -> None:
        _at_least_2d(self, name, arr)
        scale = sqrt(self.magnitude / self._fan(arr.shape))
        if self.rnd_type == "uniform":
            _fill(arr, _generator().uniform(-scale, scale, arr.shape))
        elif self.rnd_type == "gaussian":
            _fill(arr, _generator().normal(0.0, scale, arr.shape))
        else:
            raise ParamError(
                f"Xavier: parameter rnd_type must be 'uniform' or 'gaussian'. Got {self.rnd_type!r}."
            )

    def _fan(self, shape: tuple[int, ...]) -> float:
        receptive_field = prod(shape[2:])
        fan_in, fan_out = shape[1] * receptive_field, shape[0] * receptive_field
        fans = {"avg": (fan_in + fan_out) / 2.0, "in": fan_in, "out": fan_out}
        if self.factor_type not in fans:
            raise ParamError(
                f"Xavier: parameter factor_type must be one of {', '.join(fans)}."
                f" Got {self.factor_type!r}."
            )
        return fans[self.factor_type]


@register
class MSRAPrelu(Xavier):
    """Normal with variance 2 / ((1 + slope²) fan), made for (P)ReLU networks (He).

    Parameters
    ----------
    factor_type : {"avg", "in", "out"}
    slope : float
        Slope of the negative side; 0 for plain ReLU.
    """

    def __init__(self, factor_type: str = "avg", slope: float = 0.25) -> None:
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope**2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}


@register
class Bilinear(Initializer):
    """Bilinear interpolation weights for up-sampling by a transposed convolution (4-d weights)."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, name: str, arr: Any) -> None:
        if len(arr.shape) != 4:
            raise ParamError(
                f"Bilinear fills 4-d convolution weights. Got shape {tuple(arr.shape)} for {name!r}."
            )
        half = ceil(arr.shape[3] / 2.0)
        center = (2 * half - 1 - half % 2) / (2.0 * half)
        tent = 1 - abs(np.arange(max(arr.shape[2:])) / half - center)
        kernel = np.outer(tent[: arr.shape[2]], tent[: arr.shape[3]])
        _fill(arr, np.broadcast_to(kernel, arr.shape))


@register
class LSTMBias(Initializer):
    """Zeros, with `forget_bias` for the forget gate (gates are stored i, f, c, o).

    Parameters
    ----------
    forget_bias : float
        A positive value lets a new LSTM remember.
    """

    def __init__(self, forget_bias: float = 1.0) -> None:
        super().__init__(forget_bias=forget_bias)
        self.forget_bias = forget_bias

    def _init_weight(self, _: str, arr: Any) -> None:
        arr[:] = 0.0
        hidden = arr.shape[0] // 4
        arr[hidden : 2 * hidden] = self.forget_bias


@register
class Mixed:
    """The first initializer whose regular expression matches the name.

    Parameters
    ----------
    patterns : list of str
        Regular expressions, matched at the start of the name.
    initializers : list of Initializer
        One per pattern.
    """

    def __init__(self, patterns: list[str], initializers: list[Any]) -> None:
        if len(patterns) != len(initializers):
            raise ParamError(
                f"Mixed: one initializer per pattern is needed. Got {len(patterns)} patterns and"
                f" {len(initializers)} initializers."
            )
        self.map = [(re.compile(p), i) for p, i in zip(patterns, initializers, strict=True)]

    def __call__(self, name: str, arr: Any) -> None:
        """Fill `arr` by the first matching initializer."""
        for pattern, initializer in self.map:
            if pattern.match(name):
                initializer(name, arr)
                return
        raise ParamError(
            explain(
                f"Mixed: no pattern matches the parameter {str(name)!r}.",
                "a match for every name.",
                'add ".*" as the last pattern, with the initializer for the rest',
            )
        )


@register
class Load:
    """Values from a dictionary or ``.params`` file, by name.

    Parameters
    ----------
    param : dict of str to array, or path
        ``arg:`` and ``aux:`` prefixes are dropped.
    default_init : Initializer, optional
        For names that are missing.
    verbose : bool
        Log where each value came from.
    """

    def __init__(
        self, param: Any, default_init: Callable[..., None] | None = None, verbose: bool = False
    ) -> None:
        if not isinstance(param, Mapping):
            from dlstudio.nd import load

            param = load(param)
        self.param = {re.sub(r"^(arg|aux):", "", name): value for name, value in param.items()}
        self.default_init = default_init
        self.verbose = verbose

    def __call__(self, name: str, arr: Any) -> None:
        """Fill `arr` with the stored value."""
        value = self.param.get(str(name))
        if value is None:
            self._by_default(name, arr)
            return
        if tuple(value.shape) != tuple(arr.shape):
            raise ParamError(
                f"Load: parameter {str(name)!r} has shape {tuple(arr.shape)}, the stored value"
                f" {tuple(value.shape)}."
            )
        arr[:] = value
        self._log("%s: from the stored values", name)

    def _by_default(self, name: str, arr: Any) -> None:
        if self.default_init is None:
            raise ParamError(
                f"Load: parameter {str(name)!r} is not stored and there is no default_init."
            )
        self.default_init(name, arr)
        self._log("%s: by the default initializer", name)

    def _log(self, message: str, name: str) -> None:
        if self.verbose:
            import logging

            logging.info(message, name)


@register
class FusedRNN(Initializer):
    """Fills the packed weights of a fused RNN operator by another initializer, gate by gate.

    Parameters
    ----------
    init : Initializer or str or None
        None uses the global initializer.
    num_hidden, num_layers : int
    mode : {"lstm", "gru", "rnn_relu", "rnn_tanh"}
    bidirectional : bool
    forget_bias : float
        Bias of the LSTM forget gate.
    """

    _GATES = {"lstm": "ifco", "gru": "rzo", "rnn_relu": "h", "rnn_tanh": "h"}  # noqa: RUF012

    def __init__(
        self,
        init: Any,
        num_hidden: int,
        num_layers: int,
        mode: str,
        bidirectional: bool = False,
        forget_bias: float = 1.0,
    ) -> None:
        init = create(init) if isinstance(init, str) else init
        super().__init__(
            init=init.dumps() if init is not None else None,
            num_hidden=num_hidden, num_layers=num_layers, mode=mode,
            bidirectional=bidirectional, forget_bias=forget_bias,
        )  # fmt: skip
        if mode not in self._GATES:
            raise ParamError(
                f"FusedRNN: parameter mode must be one of {', '.join(self._GATES)}. Got {mode!r}."
            )
        self._init = init
        self._hidden, self._layers, self._mode = num_hidden, num_layers, mode
        self._directions = 2 if bidirectional else 1
        self._forget_bias = forget_bias

    def _init_weight(self, desc: str, arr: Any) -> None:
        values = np.zeros(arr.shape, arr.dtype)
        inner = self._init or getattr(desc, "global_init", None) or Uniform()
        for piece, is_weight in self._pieces(values):
            if is_weight:
                holder = _Holder(piece)
                inner._init_weight("weight", holder)
            elif self._mode == "lstm":
                piece[self._hidden : 2 * self._hidden] = self._forget_bias
        _fill(arr, values)

    def _pieces(self, flat: Array) -> Any:
        """Views of `flat`: first all weight matrices, layer by layer, then all biases."""
        gates, hidden = len(self._GATES[self._mode]), self._hidden
        position = 0
        for layer in range(self._layers):
            inputs = hidden * self._directions if layer else self._first_inputs(flat.size)
            for columns in (inputs, hidden) * self._directions:
                count = gates * hidden * columns
                yield flat[position : position + count].reshape(gates * hidden, columns), True
                position += count
        for _ in range(self._layers * self._directions * 2):
            yield flat[position : position + gates * hidden], False
            position += gates * hidden

    def _first_inputs(self, size: int) -> int:
        """Solve the packed size for the number of inputs of the first layer."""
        rows = len(self._GATES[self._mode]) * self._hidden * self._directions
        later = (self._layers - 1) * (self._hidden * (self._directions + 1) + 2)
        return size // rows - later - self._hidden - 2


class _Holder:
    """Lets an initializer fill a NumPy view."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype

    def __setitem__(self, key: Any, value: Any) -> None:
        self.array[key] = value
