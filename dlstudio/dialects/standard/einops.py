"""`einops.rearrange`, `reduce`, `repeat`, `einsum`, … on our arrays.

einops asks the subclasses of its `AbstractBackend` which of them knows an array. It can be
imported before or after us: a finder waits for its module and adds our subclass to it. Nothing
of einops is changed, and nothing is loaded before einops itself is.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from typing import Any

from dlstudio.core.avals import is_floating
from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import NDArray

__all__ = ["install"]

_MODULE = "einops._backends"
_defined: list[type] = []  # a class does not keep its subclasses alive


def _run(name: str, *inputs: Any, **attrs: Any) -> Any:
    """Run an operator; the result has the dialect of the first input."""
    op = OPS[name]
    return invoke(op, inputs, attributes(op, attrs), type(inputs[0]))


class Backend:
    """What einops asks of a backend, for `mx.np` and `mx.nd` arrays, by recorded operators."""

    framework_name = "dlstudio"

    def is_appropriate_type(self, tensor: Any) -> bool:
        """Say whether this is an array of ours."""
        return isinstance(tensor, NDArray)

    def from_numpy(self, x: Any) -> Any:
        """Make an np array."""
        from dlstudio import np as mx_np

        return mx_np.array(x)

    def to_numpy(self, x: Any) -> Any:
        """Copy to NumPy."""
        return x.asnumpy()

    def arange(self, start: int, stop: int) -> Any:
        """Make the numbers from `start` up to, not including, `stop`."""
        from dlstudio import array_api

        return array_api.arange(start, stop)

    def reshape(self, x: Any, shape: Any) -> Any:
        """Same elements in another shape."""
        return _run("reshape", x, shape=tuple(shape))

    def transpose(self, x: Any, axes: Any) -> Any:
        """Axes in another order."""
        return _run("transpose", x, axes=tuple(axes))

    def reduce(self, x: Any, operation: str, axes: Any) -> Any:
        """Fold axes by "min", "max", "sum", "mean", "prod", "any" or "all"."""
        return _run(operation, x, axis=tuple(axes))

    def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
        """Join along a new first axis."""
        return _run("stack", *tensors, axis=0)

    def add_axis(self, x: Any, new_position: int) -> Any:
        """Insert an axis of length one."""
        return _run("expand_dims", x, axis=new_position)

    def tile(self, x: Any, repeats: Any) -> Any:
        """Repeat the whole array along each axis."""
        return _run("tile", x, reps=tuple(repeats))

    def concat(self, tensors: Any, axis: int) -> Any:
        """Join along an axis."""
        return _run("concatenate", *tensors, axis=axis)

    def is_float_type(self, x: Any) -> bool:
        """Say whether means can be taken."""
        return is_floating(x._data.dtype)

    def einsum(self, pattern: str, *x: Any) -> Any:
        """Sum products over named indices."""
        return _run("einsum_of", *x, subscripts=pattern)


def _define(backends: Any) -> None:
    """Add our subclass to einops' backends."""
    _defined.append(type("DlstudioBackend", (Backend, backends.AbstractBackend), {}))


class _Finder(importlib.abc.MetaPathFinder):
    """Waits for einops, and steps back when it has been loaded."""

    _asking = False  # while the other finders are asked

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Find einops' backends as they would be found without us, and add ours once loaded."""
        del path, target
        if fullname != _MODULE or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                _define(module)
                sys.meta_path.remove(self)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # of this loader
        return spec


def install() -> None:
    """Be known to einops, now or when it is imported."""
    if _MODULE in sys.modules:
        _define(sys.modules[_MODULE])
    else:
        sys.meta_path.insert(0, _Finder())
