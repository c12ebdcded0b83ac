"""`mx.sym`: symbolic functions, made from the operator table; each adds a node to a graph."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dlstudio.dialects import custom as _custom
from dlstudio.dialects import random as _samplers
from dlstudio.dialects import symbol_creation as _creation
from dlstudio.dialects import symbolic as _symbolic
from dlstudio.dialects.bind import Namespace, submodules
from dlstudio.dialects.legacy import functions as _functions
from dlstudio.dialects.numpy import control as _control
from dlstudio.graph import derivative as _derivative  # noqa: F401  registers _gradient
from dlstudio.graph.symbol import Group, Symbol, Variable, load, load_json, var

__all__ = ["Group", "Symbol", "Variable", "load", "load_json", "var"]

if TYPE_CHECKING:  # what `Namespace.attach` and `submodules` add, for type checkers

    def __getattr__(name: str) -> Any: ...


_module = sys.modules[__name__]
Namespace("sym").attach(_module)
submodules(_module, "sym", ("random", "contrib", "linalg", "image", "sparse", "op", "_internal"))
vars(_module)["Custom"] = vars(_module)["op"].Custom = _custom.sym_custom
vars(sys.modules[f"{__name__}.random"]).update(_samplers.sym_functions())
vars(sys.modules[f"{__name__}.contrib"]).update(_functions.SYM_CONTRIB)
_symbolic.install()
np, npx = _symbolic.SymbolicNamespace("np"), _symbolic.SymbolicNamespace("npx")
vars(npx).update(_control.SYMBOLIC)
vars(_module).update(_symbolic.number_functions() | _functions.SYM_FUNCTIONS | _creation.CREATION)
fromjson = load_json  # its name in early versions
# programs also write mx.sym.symbol.Symbol, and import mxnet.symbol.symbol
symbol = sys.modules[f"{__name__}.symbol"] = _module
