"""`gluon.contrib.nn`: layers of `gluon.nn` under the names of MXNet 1.9."""

import sys

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.gluon.nn.extra_layers import (
    Concurrent,
    HybridConcurrent,
    Identity,
    PixelShuffle1D,
    PixelShuffle2D,
    PixelShuffle3D,
    SparseEmbedding,
)
from dlstudio.gluon.nn.norm_layers import SyncBatchNorm

__all__ = [
    "Concurrent",
    "HybridConcurrent",
    "Identity",
    "PixelShuffle1D",
    "PixelShuffle2D",
    "PixelShuffle3D",
    "SparseEmbedding",
    "SyncBatchNorm",
]

# MXNet's modules inside this one
basic_layers = sys.modules[__name__]

__getattr__ = held_elsewhere(__name__, {}, "gluon.nn")
