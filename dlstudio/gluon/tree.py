"""Walking over a block and its children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlstudio.gluon.block import Block

__all__ = ["depth_first", "listing", "places"]


def depth_first(block: Block) -> list[Block]:
    """Return `block` and all below it, parents first."""
    found = [block]
    for child in block._children.values():
        found += depth_first(child)
    return found


def places(block: Block, prefix: str = "") -> list[tuple[str, Block, str]]:
    """Structural name, owner and attribute of every parameter below `block`."""
    found = [(prefix + key, block, key) for key in block._reg_params]
    for name, child in block._children.items():
        found += places(child, f"{prefix}{name}.")
    return found


def listing(block: Block, members: Any) -> str:
    """Print a block and its members, one a line."""
    lines = "\n".join(f"  ({key}): {_indent(repr(child))}" for key, child in members)
    return f"{type(block).__name__}(\n{lines}\n)"


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ")
