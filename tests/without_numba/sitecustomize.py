"""Put this folder on PYTHONPATH and numba is not installed, for this process and its children.

``PYTHONPATH=tests/without_numba pytest tests/unit`` runs the unit tests as on a machine for which
numba has no wheel. The finders themselves are wrapped, so ``import numba`` fails and
``importlib.util.find_spec("numba")`` finds nothing, exactly as where it was never installed.
"""

import sys

HIDDEN = ("numba", "llvmlite")


class _Hiding:
    """A finder that knows everything the wrapped one knows, except the hidden packages."""

    def __init__(self, finder):
        self._finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            return None
        return self._finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self._finder, name)


sys.meta_path[:] = [_Hiding(finder) for finder in sys.meta_path]
