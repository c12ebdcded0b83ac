"""Making symbols: programs that are composed first and run later, as in MXNet 1.9.

A symbol is a tuple of node outputs. Nodes never change; composing makes new ones. Python operators
and methods are hung onto the class `Symbol` by `dlstudio.dialects`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.unknown import shown
from dlstudio.errors import ArgumentError, ParamError, explain
from dlstudio.graph.compose import Output, apply, topological, variable
from dlstudio.graph.scopes import HIDDEN_KEYS, AttrScope, hidden
from dlstudio.graph.symbol_class import Symbol

if TYPE_CHECKING:
    from dlstudio.core.registry import Op

__all__ = ["Group", "Symbol", "Variable", "create", "load", "load_json", "topological", "var"]

_CODES = {
    n: i
    for i, n in enumerate(
        ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool")
    )
}
_STORAGE = {"default": 0, "row_sparse": 1, "csr": 2}


def create(
    op: Op,
    args: Sequence[Symbol | None],
    attrs: Mapping[str, Any],
    name: str | None = None,
    attr: Mapping[str, str] | None = None,
    hint: str = "",
) -> Symbol:
    """Apply `op` to symbols; missing inputs become variables called ``NAME_weight`` and so on.

    Parameters
    ----------
    op : Op
    args : sequence of Symbol or None, in the operator's order
    attrs : attributes given by the user; keys between double underscores are free annotations
    name, attr, hint : see `dlstudio.graph.compose.apply`

    Returns
    -------
    Symbol
        With the operator's visible outputs.
    """
    notes = {k: str(v) for k, v in attrs.items() if _is_note(op, k)}
    attrs = {
        k: v for k, v in attrs.items() if k not in notes and (k != "num_args" or k in op.attrs)
    }
    edges = [edge for arg in args for edge in _edges_of(op, arg)]
    return Symbol._of(apply(op, edges, attrs, name, {**(attr or {}), **notes}, hint))


def _is_note(op: Op, key: str) -> bool:
    """Whether a keyword is an annotation: ``__mood__``, ``lr_mult``, ``weight_wd_mult``."""
    if key in op.attrs:
        return False
    hidden_key = any(key == tail or key.endswith(f"_{tail}") for tail in HIDDEN_KEYS)
    return hidden_key or (key.startswith("__") and key.endswith("__"))


def _edges_of(op: Op, arg: Any) -> Sequence[Output | None]:
    if arg is None:
        return (None,)
    if not isinstance(arg, Symbol):
        raise ArgumentError(
            explain(
                f"{op.name} was given a {type(arg).__name__} where a Symbol is expected.",
                "symbols only: arrays enter a symbolic graph through variables.",
                f'mx.sym.var("x"), or mx.nd.{op.name}(...) on arrays; to hybrid_forward parameters'
                ' are handed as arguments, and arrays as self.params.get_constant("name", array)',
            )
        )
    if len(arg.outputs_) > 1 and not op.variadic:
        raise ArgumentError(
            explain(
                f"{op.name} was given {arg!r} as one input; it has {len(arg.outputs_)} outputs.",
                fix="pick one output, for example x[0]",
            )
        )
    return arg.outputs_


def var(
    name: str, attr: Mapping[str, str] | None = None, shape: Any = None,
    lr_mult: float | None = None, wd_mult: float | None = None, dtype: Any = None,
    init: Any = None, stype: str | None = None, **kwargs: Any,
) -> Symbol:  # fmt: skip
    """Make a variable: a named input of the graph.

    Parameters
    ----------
    name : str
    attr : dict of str, optional
        Free attributes, e.g. ``{"ctx_group": "stage1"}``.
    shape : tuple of int, optional
        0 stands for an unknown dimension.
    lr_mult, wd_mult : float, optional
        What the optimizer multiplies its rates with.
    dtype, init, stype : optional
        Element type, initializer, storage type.

    Raises
    ------
    ParamError
        If the name is not a string or a further keyword is not written ``__like_this__``.
    """
    if not isinstance(name, str):
        raise ParamError(
            explain(
                f"var: parameter name must be a string. Got {name!r}.", fix='mx.sym.var("data")'
            )
        )
    raw = {hidden(k): v for k, v in AttrScope.current.get(dict(attr or {})).items()}
    raw.update(_facts(shape, lr_mult, wd_mult, dtype, init, stype))
    for key, value in kwargs.items():
        if not (key.startswith("__") and key.endswith("__")):
            raise ParamError(
                explain(
                    f"var: unknown keyword {key!r}.",
                    "free attributes written with double underscores.",
                    f"var({name!r}, __{key}__=...)",
                )
            )
        raw[key] = str(value)
    return Symbol._of(variable(name, raw))


Variable = var


def _facts(
    shape: Any, lr_mult: Any, wd_mult: Any, dtype: Any, init: Any, stype: Any
) -> dict[str, str]:
    """Spell a variable's facts as MXNet's files hold them."""
    raw: dict[str, str] = {}
    if shape is not None:
        sizes = (shape,) if isinstance(shape, int) else shape
        raw["__shape__"] = str(shown(tuple(max(-1, int(n)) for n in sizes)))
    if lr_mult is not None:
        raw["__lr_mult__"] = str(lr_mult)
    if wd_mult is not None:
        raw["__wd_mult__"] = str(wd_mult)
    if dtype is not None:
        name = np.dtype(dtype).name
        raw["__dtype__"] = str(_CODES.get(name, name))
    if init is not None:
        raw["__init__"] = init if isinstance(init, str) else init.dumps()
    if stype is not None:
        if stype not in _STORAGE:
            raise ParamError(
                f"var: parameter stype must be one of {', '.join(map(repr, _STORAGE))}."
                f" Got {stype!r}."
            )
        raw["__storage_type__"] = str(_STORAGE[stype])
    return raw


def Group(symbols: Sequence[Symbol], create_fn: Any = Symbol) -> Symbol:  # noqa: N802  MXNet's
    """Join several symbols into one with all their outputs.

    Parameters
    ----------
    symbols : list of Symbol
    create_fn : class
        Symbols have one class for both dialects; another one is made of the outputs.

    Raises
    ------
    ArgumentError
        If the list is empty or holds something else.
    """
    symbols = list(symbols)
    if not symbols or any(not isinstance(s, Symbol) for s in symbols):
        raise ArgumentError(
            explain(f"Group was given {symbols!r}.", "a list of symbols.", "mx.sym.Group([a, b])")
        )
    return create_fn([edge for s in symbols for edge in s.outputs_])


def load(fname: str | Path) -> Symbol:
    """Read a symbol file such as ``net-symbol.json``.

    Raises
    ------
    FileFormatError
        If the text is not a symbol file.
    GraphError
        If the graph in it is malformed or has unknown operators.
    """
    from dlstudio.graph.json import loads, read_text

    return loads(read_text(Path(fname)), str(fname))


def load_json(json_str: str) -> Symbol:
    """Read a symbol from its JSON text; raise as `load` does."""
    from dlstudio.graph.json import loads

    return loads(json_str)
