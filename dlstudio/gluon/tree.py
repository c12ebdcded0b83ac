"""Walking over a block and its children."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlstudio.gluon.block import Block

__all__ = ["depth_first", "listing", "places", "warn_of_hidden"]


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


def warn_of_hidden(blocks: list[Block]) -> None:
    """Warn of lists and dicts of blocks that are nobody's children: they would never be trained."""
    known = {id(block) for block in blocks}
    for block in blocks:
        for name, value in vars(block).items():
            if name == "_children" or not isinstance(value, (list, tuple, dict)):
                continue
            if any(id(b) not in known for b in _contained(value)):
                warnings.warn(
                    f'"{type(block).__name__}.{name}" is an unregistered container with Blocks.'
                    " Note that Blocks inside the list, tuple or dict will not be registered"
                    " automatically. Make sure to register them using register_child() or"
                    " switching to nn.Sequential/nn.HybridSequential instead.",
                    stacklevel=4,
                )


def _contained(value: Any) -> Iterator[Block]:
    from dlstudio.gluon.block import Block

    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, Block):
            yield item
        elif isinstance(item, (list, tuple, dict)):
            yield from _contained(item)


def listing(block: Block, members: Any) -> str:
    """Print a block and its members, one a line."""
    lines = "\n".join(f"  ({key}): {_indent(repr(child))}" for key, child in members)
    return f"{type(block).__name__}(\n{lines}\n)"


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ")
