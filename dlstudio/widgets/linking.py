"""One selection for several views."""

from __future__ import annotations

import uuid
from typing import Protocol

__all__ = ["Linkable", "link", "unlink"]


class Linkable(Protocol):
    """A view with a selection."""

    _group: str


def link(*views: Linkable) -> None:
    """Let views share one selection: a node, its buffers and its bars light up together.

    The sharing happens in the browser, so that it works while the kernel is busy. Linking a view
    that is linked already joins the two groups' members named here, not those left out.

    Parameters
    ----------
    *views : View

    Examples
    --------
    >>> widgets.link(graph_view, memory_view, device_view)  # doctest: +SKIP
    """
    group = uuid.uuid4().hex
    for view in views:
        view._group = group


def unlink(*views: Linkable) -> None:
    """Give every view its own selection again."""
    for view in views:
        view._group = ""
