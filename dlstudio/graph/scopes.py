"""Names and attributes that nodes get from the ``with`` blocks around them.

MXNet programs know them as `mx.name` and `mx.attribute`.
"""

from __future__ import annotations

import threading
from typing import Any, Self

from dlstudio.errors import ParamError, explain

__all__ = ["HIDDEN_KEYS", "AttrScope", "NameManager", "Prefix", "annotation", "hidden"]

# MXNet keeps these between double underscores and answers to both spellings
HIDDEN_KEYS = frozenset(
    ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage", "profiler_scope")
)


def hidden(key: str) -> str:
    """Spell an attribute key as files hold it: ``ctx_group`` becomes ``__ctx_group__``."""
    return f"__{key}__" if key in HIDDEN_KEYS else key


def annotation(key: str) -> str:
    """Spell a free attribute of an operator so that no reader takes it for a parameter."""
    return key if key.startswith("__") and key.endswith("__") else f"__{key}__"


class _Stack(threading.local):
    """The managers of this thread, innermost last."""

    def __init__(self) -> None:
        self.names: list[NameManager] = [NameManager()]
        self.attrs: list[AttrScope] = [AttrScope()]


class _Current:
    """Class property: the innermost manager of this thread."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return getattr(_stack, self.kind)[-1]


class NameManager:
    """Give nodes without a name one made of the operator's name and a counter.

    Examples
    --------
    >>> NameManager().get(None, "convolution")
    'convolution0'
    """

    current = _Current("names")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def get(self, name: str | None, hint: str) -> str:
        """Return `name`, or the next free ``hint0, hint1, …`` when it is None or empty."""
        if name:
            return name
        number = self._counts.get(hint, 0)
        self._counts[hint] = number + 1
        return f"{hint}{number}"

    def __enter__(self) -> Self:
        _stack.names.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _stack.names.pop()


class Prefix(NameManager):
    """Put `prefix` before every name given inside.

    Examples
    --------
    >>> with Prefix("stage1_") as names:
    ...     names.get("conv", "convolution")
    'stage1_conv'
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def get(self, name: str | None, hint: str) -> str:
        """Return the prefixed name."""
        return self._prefix + super().get(name, hint)


class AttrScope:
    """Attributes for all nodes made inside, e.g. ``AttrScope(ctx_group="stage1")``.

    Raises
    ------
    ParamError
        If a value is not a string.
    """

    current = _Current("attrs")

    def __init__(self, **kwargs: str) -> None:
        for key, value in kwargs.items():
            if not isinstance(value, str):
                raise ParamError(
                    explain(
                        f"AttrScope: attribute {key}={value!r} is a {type(value).__name__}.",
                        "strings, because attributes are written into symbol files.",
                        f"AttrScope({key}={str(value)!r})",
                    )
                )
        self._attr = kwargs

    def get(self, attr: dict[str, str] | None = None) -> dict[str, str]:
        """Merge `attr` over the attributes of this scope."""
        return {**self._attr, **(attr or {})}

    def __enter__(self) -> Self:
        outer = _stack.attrs[-1]
        self._own = self._attr
        self._attr = {**outer._attr, **self._attr}
        _stack.attrs.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _stack.attrs.pop()
        self._attr = self._own


_stack = _Stack()
