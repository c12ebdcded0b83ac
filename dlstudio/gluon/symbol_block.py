"""`SymbolBlock`: a symbol, for example one read from a file, as a block."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from dlstudio import sym
from dlstudio.errors import ArgumentError, ParamError, explain
from dlstudio.gluon.compiled import Traced, grouped
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.structure import flatten, leaves, regroup
from dlstudio.graph.symbol import Symbol

__all__ = ["SymbolBlock"]


class SymbolBlock(HybridBlock):
    """A block that computes a symbol.

    Parameters
    ----------
    outputs : Symbol or list of Symbol
    inputs : Symbol or list of Symbol
        Variables that are fed; all others become parameters.
    params : ParameterDict, optional
        Parameters to share.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.sym.var("data")
    >>> y = mx.sym.FullyConnected(x, num_hidden=2, name="fc")
    >>> block = mx.gluon.SymbolBlock(y, x)
    >>> block.initialize()
    >>> block(mx.nd.ones((1, 3))).shape
    (1, 2)
    """

    _own_forward = False
    _traced: Traced

    def __init__(self, outputs: Any, inputs: Any, params: Any = None) -> None:
        super().__init__(prefix=None, params=None)
        self._prefix, self._params._prefix = "", ""
        if params is not None:
            self._params._shared = params
        symbol, nesting = grouped(self, outputs)
        names = [_variable_name(s) for s in leaves(inputs)]
        vars(self)["_traced"] = Traced(names, symbol, nesting)
        self._make_parameters(set(names))

    @staticmethod
    def imports(
        symbol_file: Any,
        input_names: Any,
        param_file: Any = None,
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        *,
        device: Any = None,
    ) -> SymbolBlock:
        """Read a network that `HybridBlock.export` (or MXNet) wrote.

        Parameters
        ----------
        symbol_file : path of ``net-symbol.json``
        input_names : str or list of str
            Usually "data".
        param_file : path of ``net-0000.params``, optional
        ctx, device : Device or list of Device, optional
            MXNet 1's and 2's name.
        allow_missing, ignore_extra : bool
            See `Block.load_parameters`.

        Returns
        -------
        SymbolBlock

        Raises
        ------
        FileFormatError, GraphError
            If a file cannot be read.
        """
        symbol = sym.load(symbol_file)
        names = [input_names] if isinstance(input_names, str) else list(input_names)
        known = symbol.list_inputs()
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ParamError(
                explain(
                    f"{symbol_file} has no variable called {unknown[0]!r}.",
                    f"one of {known[:8]}.",
                    f"SymbolBlock.imports(..., input_names={known[0]!r})",
                )
            )
        block = SymbolBlock(symbol, [sym.var(name) for name in names])
        if param_file is not None:
            block.collect_params().load(
                param_file, ctx if device is None else device, allow_missing, ignore_extra,
                cast_dtype=True, dtype_source="saved",
            )  # fmt: skip
        return block

    def __repr__(self) -> str:
        traced = self._traced
        outputs = len(traced.symbol.list_outputs())
        return f"{type(self).__name__}(\n{traced.symbol!r} : {len(traced.names)} -> {outputs}\n)"

    def _make_parameters(self, fed: set[str]) -> None:
        symbol = self._traced.symbol
        notes = symbol.attr_dict()
        states = set(symbol.list_auxiliary_states())
        names = [n for n in symbol.list_arguments() if n not in fed]
        for name in [*names, *(n for n in symbol.list_inputs() if n in states and n not in fed)]:
            own = notes.get(name, {})
            extra = {"grad_req": "null", "differentiable": False} if name in states else {}
            self.params.get(
                name, allow_deferred_init=True, shape=_shape(own), dtype=_dtype(own), **extra
            )
        start = len(_common_start(list(self.params.keys())))
        for name, parameter in self.params.items():
            self._reg_params[name[start:]] = parameter

    def _graph(self, args: tuple[Any, ...]) -> Traced:
        arrays, structure = flatten(args)
        if len(arrays) != len(self._traced.names):
            raise ArgumentError(
                f"this block takes {len(self._traced.names)} inputs"
                f" ({', '.join(self._traced.names)}). Got {len(arrays)}."
            )
        self._graphs[structure] = self._traced
        vars(self)["_last_structure"] = structure
        return self._traced

    def forward(self, x: Any, *args: Any) -> Any:
        """Compute the symbol on arrays, or put symbols in place of its inputs."""
        values = leaves((x, *args))
        if values and isinstance(values[0], Symbol):
            return self._traced.symbol(**dict(zip(self._traced.names, values, strict=True)))
        return self._call_compiled((x, *args))

    def _run_operators(self, x: Any, *args: Any) -> Any:
        from dlstudio.graph.on_tape import run_on_arrays

        arrays = leaves((x, *args))
        if any(p._deferred is not None for p in self.params.values()):
            self._infer_and_finish((x, *args))
        device = arrays[0].context
        bound = {p.name: p._on(device) for p in self.params.values()}
        bound.update(zip(self._traced.names, arrays, strict=True))
        outputs = run_on_arrays(self._traced.symbol, bound, lambda _: device)
        return regroup(outputs, self._traced.structure)

    def _infer_and_finish(self, args: tuple[Any, ...]) -> None:
        self.infer_shape(*args)
        for parameter in self.params.values():
            parameter._finish_deferred_init()

    def reset_ctx(self, ctx: Any) -> None:
        """Move all parameters to other devices."""
        self.params.reset_ctx(ctx)


def _variable_name(symbol: Symbol) -> str:
    names = symbol.list_inputs()
    if len(names) != 1 or symbol.list_outputs() != names:
        raise ParamError(
            explain(
                f"Input symbols must be variable, but {symbol.name} is an output of operators.",
                "variables made by mx.sym.var.",
                "SymbolBlock(outputs, mx.sym.var('data'))",
            )
        )
    return names[0]


def _shape(notes: dict[str, str]) -> Any:
    text = notes.get("__shape__")
    return tuple(ast.literal_eval(text)) if text else None


_DTYPES = ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool")


def _dtype(notes: dict[str, str]) -> Any:
    text = notes.get("__dtype__", "0")
    code = int(text) if text.lstrip("-").isdigit() else 0
    return np.dtype(_DTYPES[code] if 0 <= code < len(_DTYPES) else "float32").type


def _common_start(names: list[str]) -> str:
    """What all names start with, up to and including an underscore; "" for a single name."""
    if len(names) < 2:
        return ""
    first, last = min(names), max(names)
    same = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    return first[: first.rfind("_", 0, same) + 1]
