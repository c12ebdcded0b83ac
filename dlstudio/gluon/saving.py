"""Files of a block: its parameters, and an outline of the blocks that they belong to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlstudio.core.sparse import stored
from dlstudio.errors import FileFormatError, ParamError, explain
from dlstudio.gluon.parameter_dict import assign, read_named, refuse_extra, refuse_missing
from dlstudio.interop.files import read_file, write_atomically

if TYPE_CHECKING:
    from dlstudio.gluon.block import Block

__all__ = ["load", "load_parameters", "save", "save_parameters", "take"]


def save_parameters(block: Block, filename: Any, deduplicate: bool = False) -> None:
    """Write all parameters; see `Block.save_parameters`."""
    from dlstudio.interop.weights import save_named

    named = block._collect_params_with_prefix()
    if deduplicate:
        named = {name: p for p, name in {p: n for n, p in reversed(named.items())}.items()}
    save_named(filename, {name: stored(p._reduce()) for name, p in named.items()})


def load_parameters(block: Block, filename: Any, ctx: Any = None, **how: Any) -> None:
    """Read parameters; see `Block.load_parameters`."""
    take(block, read_named(filename), f"file: {filename}", ctx, filename=filename, **how)


def take(
    block: Block,
    loaded: dict[str, Any],
    source: str,
    ctx: Any = None,
    *,
    allow_missing: bool,
    ignore_extra: bool,
    cast_dtype: bool,
    dtype_source: str,
    filename: Any = None,
) -> None:
    """Give the parameters of `block` these values; `source` is where they are from."""
    named = block._collect_params_with_prefix()
    if not loaded and not named:
        return
    if not any("." in name for name in loaded) and not set(loaded) <= set(named):
        # names of an older kind
        values, prefix = _local(loaded, block)
        block.collect_params().load_dict(
            values, ctx, allow_missing, ignore_extra, prefix, filename, cast_dtype, dtype_source
        )
        return
    if not allow_missing:
        present = {id(named[n]) for n in loaded if n in named}
        missing = [n for n, p in named.items() if id(p) not in present]
        refuse_missing(missing, loaded, source)
    if not ignore_extra:
        refuse_extra([n for n in loaded if n not in named], named, source)
    values = {named[n]: v for n, v in loaded.items() if n in named}
    assign(values, ctx, cast_dtype, dtype_source)


def _local(loaded: dict[str, Any], block: Block) -> tuple[dict[str, Any], str]:
    """Values by older names, and the prefix that makes these the names of `block`.

    `save_params` leaves the network's prefix out. `export` and ``collect_params().save`` write it,
    and the network has another one in every program that makes several.
    """
    names = list(block.collect_params())
    if not names or set(loaded) <= set(names):
        return loaded, ""
    first = names[0][len(block.prefix) :]
    for name in loaded:
        prefix = name.removesuffix(first)
        if prefix and name.endswith(first) and all(n.startswith(prefix) for n in loaded):
            return {n[len(prefix) :]: value for n, value in loaded.items()}, block.prefix
    return loaded, block.prefix


# ---- outline and parameters --------------------------------------------------------------------
def save(block: Block, prefix: Any) -> None:
    """Write both files; see `Block.save`."""
    text = json.dumps(_outline(block), indent=2)
    write_atomically(f"{prefix}-model.json", text.encode("utf-8"))
    save_parameters(block, f"{prefix}-model.params")


def load(block: Block, prefix: Any) -> None:
    """Read both files; see `Block.load`."""
    file = Path(f"{prefix}-model.json")
    try:
        outline = json.loads(read_file(file).decode("utf-8"))
        _check(block, outline, type(block).__name__, file)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        if isinstance(error, ParamError):
            raise
        raise FileFormatError(
            explain(f"{file} is no outline of a network: {error}.", "what Block.save wrote.")
        ) from None
    load_parameters(
        block, f"{prefix}-model.params", allow_missing=False, ignore_extra=False,
        cast_dtype=False, dtype_source="current",
    )  # fmt: skip
    _compile_again(block, outline)


def _outline(block: Block) -> dict[str, Any]:
    flags = {k: v for k, v in getattr(block, "_flags", {}).items() if _is_plain(v)}
    return {
        "class": type(block).__name__,
        "hybridized": bool(getattr(block, "_active", False)),
        "flags": flags,
        "params": {key: parameter.name for key, parameter in block._reg_params.items()},
        "children": {name: _outline(child) for name, child in block._children.items()},
    }


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _check(block: Block, outline: dict[str, Any], path: str, file: Path) -> None:
    """Compare a network with an outline, block by block."""
    kind, children = outline["class"], outline["children"]
    ours = (type(block).__name__, list(block._reg_params), list(block._children))
    theirs = (kind, list(outline["params"]), list(children))
    if ours != theirs:
        raise ParamError(
            explain(
                f"{path} is {_described(*ours)} here and {_described(*theirs)} in {file}.",
                "a network made by the same code as the saved one.",
                "make the same network first; load() fills it and cannot make it",
            )
        )
    for name, child in block._children.items():
        _check(child, children[name], f"{path}.{name}", file)


def _described(kind: str, params: list[str], children: list[str]) -> str:
    return f"a {kind} with parameters {params} and children {children}"


def _compile_again(block: Block, outline: dict[str, Any]) -> None:
    if outline["hybridized"]:
        block.hybridize(True, **outline["flags"])
        return
    for name, child in block._children.items():
        _compile_again(child, outline["children"][name])
