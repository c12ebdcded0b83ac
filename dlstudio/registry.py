"""Classes known by name: optimizers, initializers and metrics are made from strings."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from dlstudio.errors import ArgumentError, ParamError, explain

__all__ = ["Registry", "get_alias_func", "get_create_func", "get_register_func", "get_registry"]

C = TypeVar("C", bound=type)


class Registry:
    """Names of the classes of one kind.

    Parameters
    ----------
    kind : str
        What the classes are, for messages: "optimizer".
    base : type
        Instances of it are passed through by `create`.
    where : str, optional
        The module whose ``register`` adds to them; ``mx.KIND`` by default.
    """

    def __init__(self, kind: str, base: type, where: str = "") -> None:
        self.kind, self.base, self.where = kind, base, where or f"mx.{kind}"
        self.classes: dict[str, type] = {}

    def register(self, klass: C, name: str | None = None) -> C:
        """Make `klass` known by `name`, or by its own in lower case; a later class wins."""
        self.classes[(name or klass.__name__).lower()] = klass
        return klass

    def alias(self, *names: str) -> Callable[[C], C]:
        """Decorate a class to be known by further `names`."""

        def decorate(klass: C) -> C:
            for name in names:
                self.register(klass, name)
            return klass

        return decorate

    def create(self, what: Any, *args: Any, **kwargs: Any) -> Any:
        """Make an instance from a name, from ``'["name", {"argument": 1}]'``, or pass one through.

        Raises
        ------
        ParamError
            If the name is unknown.
        ArgumentError
            If an instance is given together with arguments.
        """
        if isinstance(what, self.base) or (callable(what) and not isinstance(what, (str, type))):
            if args or kwargs:
                raise ArgumentError(
                    f"{self.kind} {type(what).__name__} is made already: its arguments cannot be"
                    " given now."
                )
            return what
        if not isinstance(what, str):
            fix = f"{what.__name__}(): an instance" if isinstance(what, type) else ""
            if self.kind == "initializer" and hasattr(what, "shape"):
                fix = "mx.init.Constant(values)"
            raise ParamError(
                explain(f"the {self.kind} must be a name or an instance. Got {what!r}.", fix=fix)
            )
        if what.startswith("["):
            what, kwargs = json.loads(what)
        return self.find(what)(*args, **kwargs)

    def find(self, name: str) -> type:
        """Class called `name`, in any case.

        Raises
        ------
        ParamError
            If there is none; the message lists the names near to it.
        """
        klass = self.classes.get(name.lower())
        if klass is None:
            near = difflib.get_close_matches(name.lower(), self.classes, n=3) or sorted(
                self.classes
            )
            raise ParamError(
                explain(
                    f"there is no {self.kind} {name!r}.",
                    f"a registered name, such as {', '.join(near)}.",
                    f"register your own class with {self.where}.register",
                )
            )
        return klass


_REGISTRIES: dict[tuple[type, str], Registry] = {}


def _registry(base_class: type, nickname: str) -> Registry:
    return _REGISTRIES.setdefault((base_class, nickname), Registry(nickname, base_class))


def get_registry(base_class: type) -> dict[str, type]:
    """Classes derived from `base_class` that have been registered, by name."""
    found: dict[str, type] = {}
    for (base, _), registry in _REGISTRIES.items():
        if base is base_class:
            found.update(registry.classes)
    return found


def get_register_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """Return a decorator that makes classes known by name; `get_create_func` makes them.

    Parameters
    ----------
    base_class : type
    nickname : str
        What the classes are, for messages: "optimizer".
    """
    return _registry(base_class, nickname).register


def get_alias_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """Return a function ``alias("name", ...)`` that makes such decorators."""
    return _registry(base_class, nickname).alias


def get_create_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """Return a function that makes an instance from a registered name and its arguments."""
    registry = _registry(base_class, nickname)

    def create(*args: Any, **kwargs: Any) -> Any:
        what, rest = (args[0], args[1:]) if args else (kwargs.pop(nickname), ())
        if isinstance(what, str) and what.startswith("{"):
            what = json.loads(what)
        return create(**what) if isinstance(what, dict) else registry.create(what, *rest, **kwargs)

    return create
