"""Numbers and shapes as people read them: ``1.3 MiB``, ``11.7 M``, ``64×112×112``."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

__all__ = ["bytes_text", "count_text", "shape_text", "shorten", "text_width", "time_text"]


def shape_text(shape: Sequence[int] | None) -> str:
    """Write a shape as ``32×1×28×28``; unknown dimensions as ``?``, a scalar as ``scalar``."""
    if shape is None:
        return ""
    if len(shape) == 0:
        return "scalar"
    return "×".join("?" if size in (None, -1) else str(size) for size in shape)


def bytes_text(nbytes: float) -> str:
    """Write a number of bytes in binary units, as the widgets do: ``1.3 MiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(nbytes) < 1024:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.3g} {unit}"
        nbytes /= 1024
    return f"{nbytes:.3g} TiB"


def count_text(count: float) -> str:
    """Write a count shortly: ``520``, ``431 k``, ``11.7 M``."""
    if count < 10_000:
        return f"{count:,.0f}"
    for unit in ("k", "M", "G"):
        count /= 1000
        if count < 1000:
            return f"{count:.3g} {unit}"
    return f"{count / 1000:.3g} T"


def time_text(nanoseconds: float) -> str:
    """Write a duration: ``850 ns``, ``12 µs``, ``3.4 ms``, ``1.2 s``."""
    for unit in ("ns", "µs", "ms"):
        if nanoseconds < 1000:
            return f"{nanoseconds:.3g} {unit}"
        nanoseconds /= 1000
    return f"{nanoseconds:.3g} s"


def text_width(text: str, size: float) -> float:
    """Estimate the width of a line set in a sans-serif font of `size` points.

    Layout must not depend on the fonts of the machine that runs it, or the same network would be
    drawn differently with and without a system Graphviz; so widths are estimated here, generously.
    """
    ems = 0.0
    for char in text:
        if unicodedata.east_asian_width(char) in "WF":
            ems += 1.0
        elif char in "ijlt.,:;|!'()[] ":
            ems += 0.36
        elif char.isupper() or char in "mwMW@%×…":
            ems += 0.74
        else:
            ems += 0.58
    return ems * size


def shorten(text: str, limit: int = 30) -> str:
    """Cut the middle out of a text longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"
