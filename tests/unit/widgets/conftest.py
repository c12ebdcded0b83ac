"""Views without a browser: what they would send is kept in `sent`."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

if importlib.util.find_spec("anywidget") is None:
    collect_ignore_glob = ["test_*.py"]


class Wire:
    """Everything a view sent, decoded as the browser does it."""

    def __init__(self, view: Any) -> None:
        self.messages: list[dict[str, Any]] = []
        self.strings: list[str] = []
        self.rows: dict[str, list[dict[str, Any]]] = {}
        view.send = self.receive

    def receive(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self.messages.append(content)
        if content["type"] != "frame":
            return
        if content["reset"]:
            self.rows = {}
        start, added = content["strings"]["start"], content["strings"]["added"]
        assert start <= len(self.strings), "strings were skipped"
        self.strings[start:] = added
        self._decode(content["tables"], np.frombuffer((buffers or [b""])[0], "<f8"))

    def _decode(self, tables: list[dict[str, Any]], numbers: Any) -> None:
        from dlstudio.widgets.schema import STRING_COLUMNS

        for table in tables:
            size = len(table["columns"]) * table["rows"]
            block, numbers = numbers[:size].reshape(len(table["columns"]), -1).T, numbers[size:]
            for row in block:
                named = dict(zip(table["columns"], row.tolist(), strict=True))
                for column in STRING_COLUMNS:
                    if column in named:
                        named[column] = self.strings[int(named[column])]
                self.rows.setdefault(table["name"], []).append(named)
        assert numbers.size == 0

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]


@pytest.fixture
def wired() -> Iterator[Callable[[Any], Wire]]:
    """`wired(view)` listens to what a view sends; the view is closed after the test."""
    views: list[Any] = []

    def listen(view: Any) -> Wire:
        views.append(view)
        return Wire(view)

    yield listen
    for view in views:
        view.close()


@pytest.fixture(autouse=True)
def no_pump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests flush by hand: nothing depends on when a thread gets its turn."""
    from dlstudio.widgets import feed

    monkeypatch.setattr(feed.pump, "add", lambda _source: None)
