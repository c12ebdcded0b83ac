"""Which initializer fills an array, by name and by request; the registry."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod, sqrt
from typing import Any, TypeVar

import numpy as np

from dlstudio.core import random
from dlstudio.core.device import cpu
from dlstudio.errors import ParamError, explain, knows_its_names
from dlstudio.registry import Registry

Array = Any
C = TypeVar("C", bound=type)

__all__ = [
    "InitDesc",
    "Initializer",
    "alias",
    "create",
    "draw_into",
    "fill",
    "generator",
    "register",
]


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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = knows_its_names(cls.__init__)

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
        known = _ENDINGS if isinstance(name, InitDesc) else _ENDINGS + _STATISTICS
        for endings, method in known:
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
                "a name that ends in weight, bias, gamma (ones) or beta (zeros), or a parameter"
                " with an initializer of its own.",
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
# what MXNet knows of plain names, as programs that fill executors by hand give them
_STATISTICS = (
    (("moving_mean", "running_mean", "moving_inv_var", "moving_avg"), "_init_zero"),
    (("moving_var", "running_var"), "_init_one"),
)


def _norm(arr: Any) -> str:
    values = arr.asnumpy()
    return str(np.linalg.norm(values) / sqrt(values.size))


_REGISTRY = Registry("initializer", Initializer)


def register(klass: C) -> C:
    """Make `klass` known by its lower-case name, for ``initialize(init="myinit")``."""
    return _REGISTRY.register(klass)


def alias(*aliases: str) -> Callable[[C], C]:
    """Give a registered class further names."""
    return _REGISTRY.alias(*aliases)


def create(initializer: Any, *args: Any, **kwargs: Any) -> Initializer:
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
    return _REGISTRY.create(initializer, *args, **kwargs)


_BLOCK = 1 << 16  # numbers that fit into the cache


def draw_into(arr: Any, draw: Callable[[Any], Array]) -> None:
    """Overwrite `arr` by what `draw(shape)` answers, asked for some rows at a time.

    The 100 million weights of a layer of VGG would take 800 MB if drawn at once, in float64.
    """
    if not arr.shape:
        fill(arr, draw(()))
        return
    rows, rest = arr.shape[0], tuple(arr.shape[1:])
    step = max(1, _BLOCK // max(1, prod(rest)))
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        arr[start:stop] = draw((stop - start, *rest))


def fill(arr: Any, values: Array) -> None:
    """Overwrite `arr` by `values`, in the dtype of `arr`."""
    arr[:] = np.asarray(values, dtype=arr.dtype)


def generator() -> np.random.Generator:
    """Draw initial values on the CPU, so that every device gets the same."""
    return random.next_generator(cpu())
