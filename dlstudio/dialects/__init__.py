"""Names and manners: the namespaces and methods MXNet programs call, made from the table."""

from __future__ import annotations

from dlstudio import ops as ops
from dlstudio.core.tensor import NDArray, ndarray
from dlstudio.dialects import (
    indexing,
    legacy,
    methods,
    numpy,
    operators,
    printing,
    shaping,
    standard,
)
from dlstudio.dialects.bind import method_functions
from dlstudio.dialects.standard import einops, members, protocols
from dlstudio.kernels import eager

__all__ = [
    "indexing",
    "legacy",
    "methods",
    "numpy",
    "operators",
    "printing",
    "shaping",
    "standard",
]


def _install() -> None:
    for name, function in method_functions("nd").items():
        if name not in NDArray.__dict__:
            setattr(NDArray, name, function)
    for name, function in method_functions("np").items():
        setattr(ndarray, name, function)
    methods.install()
    shaping.install()
    operators.install()
    members.install()
    protocols.install()
    einops.install()
    printing.install()
    eager.attach()


_install()
