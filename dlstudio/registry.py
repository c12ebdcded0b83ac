"""Classes known by name: optimizers, initializers and metrics are made from strings."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from dlstudio.errors import ArgumentError, ParamError, explain

__all__ = ["Registry"]

C = TypeVar("C", bound=type)


class Registry:
    """Names of the classes of one kind.

    Parameters
    ----------
    kind : str
        What the classes are, for messages: "optimizer".
    base : type
        Instances of it are passed through by `create`.
    """

    def __init__(self, kind: str, base: type) -> None:
        self.kind, self.base = kind, base
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
            raise ParamError(f"the {self.kind} must be a name or an instance. Got {what!r}.")
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
                    f"register your own class with mx.{self.kind}.register",
                )
            )
        return klass
