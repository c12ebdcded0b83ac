"""Writes the type stubs of the generated namespaces: ``python -m dlstudio.dialects.stubs``.

Editors and type checkers cannot see functions that are generated when they are asked for; the
stubs spell out the signatures and docstrings that ``help`` shows. A test compares them with the
table, so that they cannot go stale.
"""

from __future__ import annotations

import importlib
import inspect
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dlstudio.core.params import Bool, Choice, Float, Int, Param, Scalar, Shape
from dlstudio.core.registry import Op
from dlstudio.dialects.bind import index

__all__ = ["NAMESPACES", "stub", "write"]

NAMESPACES = ("nd", "np", "npx", "sym")
_RESULT = {"nd": "NDArray", "np": "ndarray", "npx": "ndarray", "sym": "Any"}
_HEAD = '''"""{doc}"""

# Written by `python -m dlstudio.dialects.stubs`; change the table instead.
from collections.abc import Sequence
from typing import Any

from dlstudio.core.tensor import NDArray as NDArray
from dlstudio.core.tensor import ndarray as ndarray
from dlstudio.graph.symbol import Symbol as Symbol

def __getattr__(name: str) -> Any: ...
'''


def stub(dialect: str) -> str:
    """Compose the stub of `mx.nd`, `mx.np`, `mx.npx` or `mx.sym`."""
    module = importlib.import_module(f"dlstudio.{dialect}")
    doc = (module.__doc__ or "").strip().split("\n", maxsplit=1)[0]
    lines = [_HEAD.format(doc=doc), *_members(module, dialect, "")]
    for name, inner in sorted(vars(module).items()):
        own = isinstance(inner, types.ModuleType) and inner.__name__ == f"{module.__name__}.{name}"
        if own and name != "op" and not name.startswith("_"):  # those repeat what is above
            lines += ["", f"class {name}:"]
            members = list(_members(inner, dialect, f"{name}."))
            lines += [f"    {line}".rstrip() for line in members] or ["    pass"]
    return "\n".join(lines).rstrip() + "\n"


def _members(module: types.ModuleType, dialect: str, prefix: str) -> Iterator[str]:
    table = index(dialect)
    for name in sorted(dir(module)):
        value = getattr(module, name, None)
        if name.startswith("_") or not isinstance(value, types.FunctionType):
            continue
        if value.__module__.startswith(("dlstudio.core.", "dlstudio.dialects.bind")):
            continue  # what the module itself imports
        op = table.get(prefix + name)
        if prefix:
            yield "@staticmethod"
        yield f"def {name}({_signature(value, op)}) -> {_returned(op, dialect)}:"
        yield from (f"    {line}".rstrip() for line in _docstring(value))


def _returned(op: Op | None, dialect: str) -> str:
    single = op is not None and (op.visible or op.outputs) == 1
    return _RESULT[dialect] if single else "Any"


def _docstring(function: Callable[..., Any]) -> list[str]:
    text = inspect.getdoc(function) or ""
    if not text:
        return ["..."]
    quoted = text.replace("\\", "\\\\").replace('"""', r"\"\"\"")
    tail = " " if quoted.endswith('"') else ""
    return f'"""{quoted}{tail}"""'.split("\n")


def _signature(function: Callable[..., Any], op: Op | None) -> str:
    parts: list[str] = []
    starred = False
    for p in inspect.signature(function).parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            starred = True
            parts.append(f"*{p.name}: Any")
        elif p.kind is p.VAR_KEYWORD:
            parts.append(f"**{p.name}: Any")
        else:
            if p.kind is p.KEYWORD_ONLY and not starred:
                starred = True
                parts.append("*")
            parts.append(f"{p.name}: {_type(p, op)}{_default(p.default)}")
    return ", ".join(parts)


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return ""
    plain = isinstance(value, (bool, int, float, str, type(None)))
    return f" = {value!r}" if plain and value == value else " = ..."  # noqa: PLR0124  not nan


def _type(parameter: inspect.Parameter, op: Op | None) -> str:
    name = parameter.name
    found = "Any" if op is None or name not in op.params else _domain(op.params[name])
    if found == "Any" or op is None:
        return "Any"
    left_out = parameter.default is None or op.attrs[name] is inspect.Parameter.empty
    return f"{found} | None" if op.params[name].optional or left_out else found


def _domain(param: Param) -> str:
    for kind, text in (
        (Choice, "str"),
        (Choice, "str"), (Bool, "bool"), (Int, "int"), (Float, "float"), (Scalar, "float"),
        (Shape, "int | Sequence[int]"),
    ):  # fmt: skip
        if isinstance(param, kind):
            return text
    return "Any"


def write(folder: Path) -> None:
    """Write all stubs into `folder`."""
    for dialect in NAMESPACES:
        (folder / f"{dialect}.pyi").write_text(stub(dialect), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(__file__).parents[1])
