"""Layers."""

from typing import TYPE_CHECKING

from dlstudio.errors import lookup_that_teaches
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

_ELSEWHERE = {  # names in other libraries
    "AdaptiveAvgPool2d": "GlobalAvgPool2D() averages over all of an image",
    "CrossEntropyLoss": "gluon.loss.SoftmaxCrossEntropyLoss()",
    "Linear": "Dense(units): the length of the input follows from the first batch",
    "MSELoss": "gluon.loss.L2Loss()",
    "Module": "Block, or HybridBlock for what can be compiled",
    "ModuleList": "Sequential, or a list with self.register_child(block) for each",
    "Parameter": "gluon.Parameter(name, shape=...)",
    "ReLU": 'Activation("relu")',
    "Sigmoid": 'Activation("sigmoid")',
    "Softmax": "HybridLambda(lambda F, x: F.softmax(x)); losses take scores without it",
    "Tanh": 'Activation("tanh")',
}

if not TYPE_CHECKING:  # a type checker shall know which names there are
    __getattr__ = lookup_that_teaches("mx.gluon.nn", globals(), _ELSEWHERE)
