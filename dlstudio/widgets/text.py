"""Strings of the views, in English and Chinese: the very JSON files that the browser uses."""

from __future__ import annotations

import json
import locale as system_locale
import os
from functools import cache
from pathlib import Path
from typing import Literal

from dlstudio.errors import ParamError, explain

__all__ = ["Text", "format_bytes", "format_seconds", "resolve"]

Language = Literal["en", "zh"]
_FOLDER = Path(__file__).parent / "static" / "i18n"


@cache
def _table(language: Language) -> dict[str, str]:
    return json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))


def resolve(locale: str) -> Language:
    """Return the language that `locale` (``"auto" | "en" | "zh"``) means on this machine."""
    if locale not in {"auto", "en", "zh"}:
        raise ParamError(
            explain(f"locale={locale!r}.", "one of 'auto', 'en', 'zh'.", "locale='auto'")
        )
    if locale == "auto":
        given = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
        locale = given or system_locale.getlocale()[0] or "en"
    return "zh" if locale.lower().startswith(("zh", "chinese")) else "en"


class Text:
    """Look strings up in one language.

    Examples
    --------
    >>> Text("en")("common.fit")
    'Fit'
    >>> Text("zh")("common.dropped", count=3)
    '有 3 个事件未保留（缓冲区已满）'
    """

    def __init__(self, locale: str = "auto") -> None:
        self.language: Language = resolve(locale)

    def __call__(self, key: str, **values: object) -> str:
        """Return the string of `key` with its ``{placeholders}`` filled in."""
        text = _table(self.language)[key]
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text


def format_bytes(count: float) -> str:
    """``1536`` -> ``'1.5 KiB'``."""
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    size = float(count)
    for unit in units[:-1]:
        if abs(size) < 1024:
            return f"{size:.3g} {unit}" if abs(size) < 1000 else f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.3g} {units[-1]}"


def format_seconds(seconds: float) -> str:
    """``65`` -> ``'1:05'``; below a minute ``'7 s'``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
