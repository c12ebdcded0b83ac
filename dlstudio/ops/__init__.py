"""The operators. Importing this package fills the table `dlstudio.core.registry.OPS`."""

from dlstudio.ops import (
    arithmetic,
    compare,
    create,
    elementwise,
    indexing,
    linalg,
    nn_act,
    nn_conv,
    nn_dense,
    nn_loss,
    nn_norm,
    nn_pool,
    nn_softmax,
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
    "nn_act",
    "nn_conv",
    "nn_dense",
    "nn_loss",
    "nn_norm",
    "nn_pool",
    "nn_softmax",
    "reduce",
    "shape",
]
