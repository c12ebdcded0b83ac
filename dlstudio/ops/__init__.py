"""The operators. Importing this package fills the table `dlstudio.core.registry.OPS`."""

from dlstudio.ops import (
    arithmetic,
    compare,
    create,
    elementwise,
    indexing,
    linalg,
    reduce,
    shape,
)

__all__ = [
    "arithmetic",
    "compare",
    "create",
    "elementwise",
    "indexing",
    "linalg",
    "reduce",
    "shape",
]
