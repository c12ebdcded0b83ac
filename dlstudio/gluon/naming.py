"""Names of blocks: MXNet's prefixes and counters, ``hybridsequential0_dense1_``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.parameter_dict import ParameterDict
from dlstudio.graph.scopes import NameManager, Prefix

if TYPE_CHECKING:
    from dlstudio.gluon.block import Block

__all__ = ["BlockScope"]


class _State(threading.local):
    scope: BlockScope | None = None


_state = _State()


class BlockScope:
    """``with net.name_scope():`` — blocks made inside get the net's prefix and its counters."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._counters: dict[str, int] = {}
        self._entered: list[tuple[BlockScope | None, Prefix]] = []

    @staticmethod
    def create(
        prefix: str | None, params: ParameterDict | None, hint: str
    ) -> tuple[str, ParameterDict, str]:
        """Full prefix, parameters and name inside its parent for a new block.

        Parameters
        ----------
        prefix : str, optional
            Given by the user; default: `hint` and a counter.
        params : ParameterDict, optional
            To share parameters with.
        hint : str
            The class name in lower case.
        """
        if params is not None and not isinstance(params, ParameterDict):
            raise ParamError(
                explain(
                    f"{hint}: parameter params must be a ParameterDict, to share parameters with."
                    f" Got {params!r}.",
                    fix="params=other.params, where other is a layer of the same kind",
                )
            )
        scope = _state.scope
        if scope is None:
            own = NameManager.current.get(None, hint) + "_" if prefix is None else prefix
            made = ParameterDict(own) if params is None else ParameterDict(params.prefix, params)
            return own, made, own.rstrip("_") or hint
        own = scope._counted(hint) if prefix is None else prefix
        if params is None:
            parent = scope._block.params
            made = ParameterDict(parent.prefix + own, parent._shared)
        else:
            made = ParameterDict(params.prefix, params)
        return scope._block.prefix + own, made, own.rstrip("_") or hint

    def _counted(self, hint: str) -> str:
        number = self._counters.get(hint, 0)
        self._counters[hint] = number + 1
        return f"{hint}{number}_"

    def __enter__(self) -> Any:
        if self._block._empty_prefix:
            return self
        names = Prefix(self._block.prefix)
        self._entered.append((_state.scope, names))
        _state.scope = self
        names.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._block._empty_prefix:
            return
        before, names = self._entered.pop()
        names.__exit__(*exc)
        _state.scope = before
