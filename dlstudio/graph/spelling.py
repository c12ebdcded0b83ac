"""How the parts of a generated program are spelled: identifiers, literals, sizes, comments."""

from __future__ import annotations

import keyword
import math
import re
from typing import Any

__all__ = ["RESERVED", "Names", "has_literal", "human_bytes", "remark"]


def human_bytes(n: int) -> str:
    """Spell a size: 512 B, 1.3 kB, 2.0 MB."""
    if n < 1000:
        return f"{n} B"
    for unit, scale in (("kB", 1e3), ("MB", 1e6)):
        if n < 1000 * scale:
            return f"{n / scale:.1f} {unit}"
    return f"{n / 1e9:.2f} GB"


class Names:
    """Python identifiers, each given once."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self._last: dict[str, int] = {}  # number given last, by stem

    def fresh(self, wanted: str) -> str:
        """An unused identifier like `wanted`."""
        name = re.sub(r"\W", "_", wanted, flags=re.ASCII) or "x"
        if name[0].isdigit() or keyword.iskeyword(name) or keyword.issoftkeyword(name):
            name = f"_{name}"
        stem = name
        while name in self.taken:
            self._last[stem] = self._last.get(stem, 1) + 1
            name = f"{stem}_{self._last[stem]}"
        self.taken.add(name)
        return name


RESERVED = {
    "np",
    "cp",
    "arena",
    "signal",
    "watch",
    "now",
    "draw",
    "replay",
    "cross",
    "build",
    "wait",
    "ready",
    "_",
}


def remark(text: str) -> str:
    """A comment that stays one: names come from files, and a line break would end it."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def has_literal(value: Any) -> bool:
    """Whether `repr` gives Python text for exactly this value (inf and NumPy numbers have none)."""
    if value is None or value.__class__ in (bool, int, str):
        return True
    if value.__class__ is float:
        return math.isfinite(value)
    return value.__class__ is tuple and all(has_literal(v) for v in value)
