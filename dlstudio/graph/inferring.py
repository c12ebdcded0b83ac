"""The part of `Symbol` that tells shapes and dtypes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlstudio.core.params import DType, Shape
from dlstudio.core.unknown import is_np_shape, shown, stated
from dlstudio.errors import ArgumentError, explain
from dlstudio.graph.compose import Output, auxiliary, topological
from dlstudio.graph.passes.infer import Facts, infer_dtypes, infer_nodes, known

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Inferring"]

_SHAPE, _DTYPE = Shape(-1), DType()


class Inferring:
    """What a symbol's variables and outputs look like, as far as those given tell."""

    __slots__ = ()
    outputs_: tuple[Output, ...]
    list_arguments: Callable[[], list[str]]
    list_auxiliary_states: Callable[[], list[str]]

    def infer_shape(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """Shapes of arguments, outputs and auxiliary states; three None if not all can be inferred.

        Parameters
        ----------
        *args : tuple or None
            Shapes of the arguments in order, or
        **kwargs : tuple
            by name; a dimension of 0 is unknown (of -1 under `mx.util.np_shape`).

        Raises
        ------
        ShapeError
            If shapes contradict each other; the message names the node.
        """
        facts = self._infer_shape(args, kwargs)
        missing = [
            n.name
            for n in topological(self.outputs_)
            if n.is_variable and not known(facts.shape((n, 0)))
        ]
        if missing or not all(known(facts.shape(edge)) for edge in self.outputs_):
            warnings.warn(
                f"Cannot decide shapes of the arguments {missing} "
                f"({-1 if is_np_shape() else 0} means unknown). "
                "Give more shapes to infer_shape.",
                stacklevel=2,
            )
            return None, None, None
        return self._collect(facts.shape)

    def infer_shape_partial(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """As `infer_shape`, with () for shapes and 0 for dimensions that stay unknown.

        Under NumPy shape semantics (`mx.util.np_shape`) these are None and -1.
        """
        facts = self._infer_shape(args, kwargs)
        unknown = None if is_np_shape() else ()

        def fact(edge: Output) -> tuple[int, ...] | None:
            shape = facts.shape(edge)
            return unknown if shape is None else shown(shape)

        return self._collect(fact)

    def _infer_shape(self, args: Any, kwargs: Any) -> Facts:
        given = {k: v for k, v in self._by_name(args, kwargs).items() if v is not None}
        shapes = {
            k: stated(_SHAPE.parse(v, f"infer_shape: shape of {k!r}")) for k, v in given.items()
        }
        return infer_nodes(self.outputs_, shapes, typed=False)

    def infer_type(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """Dtypes of arguments, outputs and auxiliary states, as NumPy scalar types.

        Parameters
        ----------
        *args, **kwargs : dtype or None
            Dtypes of the arguments, in order or by name; variables that nothing tells the dtype of
            are float32.

        Raises
        ------
        DTypeError
            If dtypes contradict each other; the message names the node.
        """
        return self._infer_type(args, kwargs, assume=True)

    def infer_type_partial(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """As `infer_type`, with None for dtypes that nothing tells, instead of float32."""
        return self._infer_type(args, kwargs, assume=False)

    def _infer_type(self, args: Any, kwargs: Any, *, assume: bool) -> tuple[Any, Any, Any]:
        given = {
            k: _DTYPE.parse(v, f"infer_type: dtype of {k!r}")
            for k, v in self._by_name(args, kwargs).items()
            if v is not None
        }
        facts = infer_dtypes(self.outputs_, given, assume=assume)
        return self._collect(lambda edge: getattr(facts.dtype(edge), "type", None))

    def _by_name(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], what: str = "shapes or dtypes"
    ) -> dict[str, Any]:
        names = self.list_arguments()
        if args and kwargs:
            raise ArgumentError(f"give {what} by position or by name, not both.")
        if len(args) > len(names):
            raise ArgumentError(
                f"{len(args)} values were given for {len(names)} arguments: {names}."
            )
        if args:
            return dict(zip(names, args, strict=False))
        unknown = set(kwargs) - set(names) - set(self.list_auxiliary_states())
        if unknown:
            raise ArgumentError(
                explain(f"the symbol has no argument {sorted(unknown)[0]!r}.", f"one of {names}.")
            )
        return dict(kwargs)

    def _collect(self, fact: Any) -> tuple[list[Any], list[Any], list[Any]]:
        nodes = topological(self.outputs_)
        aux = auxiliary(nodes)
        variables = [n for n in nodes if n.is_variable]
        return (
            [fact((n, 0)) for n in variables if id(n) not in aux],
            [fact(edge) for edge in self.outputs_],
            [fact((n, 0)) for n in variables if id(n) in aux],
        )
