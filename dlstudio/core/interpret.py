"""The `F` of gradient rules and composites: one text, several readers.

`raw(xp)` computes on bare arrays, `Avals` on shapes and dtypes, `Uses` only notes which values a
rule reads. The tape adds `Recorded` (tensors) and the graph adds a builder; all answer
``F.name(*inputs, **attrs)`` for every operator of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dlstudio.core.avals import Aval
from dlstudio.core.registry import OPS, Op

__all__ = ["Avals", "Interpreter", "Lazy", "Placeholder", "Uses", "made", "raw"]


class Lazy(NamedTuple):
    """A gradient that takes long: its rule says how it is computed, for those who want it.

    Nobody wants that of the pictures a network is given, say.
    """

    make: Callable[[], Any]


def made(gradient: Any) -> Any:
    """What a rule has answered for one input, computed."""
    return gradient.make() if gradient.__class__ is Lazy else gradient


class Interpreter:
    """Answers ``F.operator_name`` with a function made once and kept."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        op = OPS[name]
        function = self.reader(op.covered or op)
        setattr(self, name, function)
        return function

    def reader(self, op: Op) -> Callable[..., Any]:
        """The function that interprets one operator."""
        raise NotImplementedError


class Raw(Interpreter):
    """F over bare arrays: no tape, no wrapping."""

    def __init__(self, xp: Any) -> None:
        self.xp = xp

    def reader(self, op: Op) -> Callable[..., Any]:
        """Call what eager calls run."""
        call, xp = op.run, self.xp

        def run(*arrays: Any, **attrs: Any) -> Any:
            return call(xp, *arrays, **attrs)

        return run


_raws: dict[str, Raw] = {}


def raw(xp: Any) -> Raw:
    """F over arrays of module `xp` (numpy or cupy)."""
    try:
        return _raws[xp.__name__]
    except KeyError:
        return _raws.setdefault(xp.__name__, Raw(xp))


class _Avals(Interpreter):
    """F over shapes and dtypes."""

    def reader(self, op: Op) -> Callable[..., Any]:
        """Call the inference rule, with the attributes' defaults filled in."""
        infer, defaults = op.infer, op.attrs

        def run(*avals: Any, **attrs: Any) -> Any:
            return infer(*avals, **{**defaults, **attrs})

        return run


Avals = _Avals()


class Placeholder:
    """Stands for an array a rule may or may not read; asking for its shape is not reading it."""

    __slots__ = ("dtype", "ndim", "shape", "size")

    def __init__(self, aval: Aval) -> None:
        self.shape, self.dtype = aval.shape, aval.dtype
        self.ndim, self.size = aval.ndim, aval.size


class Uses(Interpreter):
    """F that computes nothing and notes which placeholders are read."""

    def __init__(self) -> None:
        self.read: set[int] = set()

    def reader(self, op: Op) -> Callable[..., Any]:
        """Note the operands, answer with placeholders of the inferred shapes."""
        infer, defaults = op.infer, op.attrs

        def run(*operands: Any, **attrs: Any) -> Any:
            self.read.update(id(x) for x in operands)
            avals = [Aval(tuple(x.shape), x.dtype) if x is not None else None for x in operands]
            out = infer(*avals, **{**defaults, **attrs})
            if isinstance(out, Aval):
                return Placeholder(out)
            return tuple(Placeholder(a) for a in out)

        return run
