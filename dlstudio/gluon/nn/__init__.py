"""Layers."""

from dlstudio.gluon.block import Block
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.nn.activations import *  # noqa: F403
from dlstudio.gluon.nn.activations import __all__ as _activations
from dlstudio.gluon.nn.basic_layers import *  # noqa: F403
from dlstudio.gluon.nn.basic_layers import __all__ as _basic
from dlstudio.gluon.nn.conv_layers import *  # noqa: F403
from dlstudio.gluon.nn.conv_layers import __all__ as _conv
from dlstudio.gluon.nn.deform_layers import (
    DeformableConvolution,
    ModulatedDeformableConvolution,
)
from dlstudio.gluon.nn.extra_layers import (
    Concatenate,
    HybridConcatenate,
    Identity,
    PixelShuffle1D,
    PixelShuffle2D,
    PixelShuffle3D,
)
from dlstudio.gluon.nn.norm_layers import SyncBatchNorm
from dlstudio.gluon.symbol_block import SymbolBlock

__all__ = [  # noqa: PLE0604  lists of strings
    "Block", "Concatenate", "DeformableConvolution", "HybridBlock", "HybridConcatenate",
    "Identity", "ModulatedDeformableConvolution", "PixelShuffle1D", "PixelShuffle2D",
    "PixelShuffle3D", "SymbolBlock", "SyncBatchNorm",
    *_activations, *_basic, *_conv,
]  # fmt: skip  # pyright: ignore[reportUnsupportedDunderAll]
