"""One self-contained HTML page from a view: the same bundle, its data in the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlstudio.viz.html import compose

if TYPE_CHECKING:
    from dlstudio.widgets.view import View

__all__ = ["page"]

# What Jupyter adds to the state; the page needs none of it.
_SKIPPED = {"layout", "tooltip", "tabbable", "_esm", "_css"}


def page(view: View) -> str:
    """Return the page's text; it needs no network and no kernel."""
    state = view.get_state()
    return compose(
        title=view.summary(),
        style=str(view._css),
        script=str(view._esm),
        traits={name: value for name, value in state.items() if name not in _SKIPPED},
        language=view.text.language,
    )
