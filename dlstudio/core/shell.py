"""Who runs us: a plain Python process, IPython in a terminal, or the kernel of a notebook."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["in_kernel", "shell"]


def shell() -> Any:
    """Return IPython's interactive shell, or None in a plain Python process."""
    # Nobody can be in IPython without having imported it; importing it here would cost 0.3 s.
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def in_kernel() -> bool:
    """Return whether this is a Jupyter kernel (not IPython in a terminal)."""
    return getattr(shell(), "kernel", None) is not None
