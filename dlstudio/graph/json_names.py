"""What symbol files call operators and attributes."""

from __future__ import annotations

from dlstudio.core.registry import OPS, Op

__all__ = ["RENAMED", "json_name", "operator_called"]

# what files call an attribute that has another name here
RENAMED: dict[str, dict[str, str]] = {"full": {"value": "fill_value"}}


def json_name(op: Op) -> str:
    """Name of an operator in symbol files."""
    return op.names.json or (op.names.nd or op.name).split()[0]


# what files of MXNet before 1.0 call operators that have another name since
_OLD_NAMES = {
    "_plus": "elemwise_add", "_Plus": "elemwise_add", "_minus": "elemwise_sub",
    "_Minus": "elemwise_sub", "_sub": "elemwise_sub", "_mul": "elemwise_mul",
    "_Mul": "elemwise_mul", "_div": "elemwise_div", "_Div": "elemwise_div",
    "_PlusScalar": "_plus_scalar",
    "_MinusScalar": "_minus_scalar", "_RMinusScalar": "_rminus_scalar", "_MulScalar": "_mul_scalar",
    "_DivScalar": "_div_scalar", "_RDivScalar": "_rdiv_scalar", "_PowerScalar": "_power_scalar",
    "_RPowerScalar": "_rpower_scalar", "_Power": "_power", "_Maximum": "_maximum",
    "_Minimum": "_minimum",
}  # fmt: skip
_index: dict[str, Op] = {}


# Two operators may claim one name: these are asked in turn, and the first to answer wins.
def _stated_names(op: Op) -> list[str]:
    return [op.names.json] if op.names.json else []


def _own_names(op: Op) -> list[str]:
    return [op.name]


def _legacy_names(op: Op) -> list[str]:
    return op.names.nd.split()


def _internal_names(op: Op) -> list[str]:
    return [f"_{name.replace('.', '_')}" for name in op.names.nd.split()]  # contrib.x: _contrib_x


def operator_called(name: str) -> Op | None:
    """The operator that files call `name`, under any of its legacy names."""
    if len(_index) == 0 or name not in _index:
        _index.clear()
        for names in (_stated_names, _own_names, _legacy_names, _internal_names):
            for op in OPS.values():
                for key in names(op):
                    _index.setdefault(key, op)
    return _index.get(_OLD_NAMES.get(name, name))
