"""First values of parameters, chosen by a parameter's name.

An initializer is called with a name and an array: names ending in ``weight`` get the
initializer's own values, ``bias`` and ``beta`` zeros, ``gamma`` ones, and so on. A parameter that
asks for an initializer of its own (``nn.Dense(3, bias_initializer="ones")``) gets exactly that.

References
----------
Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
AISTATS 2010. He et al., "Delving Deep into Rectifiers", ICCV 2015. Saxe et al., "Exact solutions
to the nonlinear dynamics of learning in deep linear neural networks", ICLR 2014.
"""

from typing import Any

from dlstudio.errors import unknown_name
from dlstudio.initializer.base import InitDesc, Initializer, alias, create, register
from dlstudio.initializer.recurrent import RNNFused
from dlstudio.initializer.special import Bilinear, FusedRNN, Load, LSTMBias, Mixed
from dlstudio.initializer.values import (
    Constant,
    MSRAPrelu,
    Normal,
    One,
    Orthogonal,
    Uniform,
    Xavier,
    Zero,
)

__all__ = [
    "Bilinear", "Constant", "FusedRNN", "InitDesc", "Initializer", "LSTMBias", "Load", "MSRAPrelu",
    "Mixed", "Normal", "One", "Orthogonal", "RNNFused", "Uniform", "Xavier", "Zero", "alias",
    "create", "register",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """MXNet's module of initializers reads files of arrays too."""
    if name == "load":
        from dlstudio.nd import load

        return load
    raise unknown_name("mx.init", __all__, name)
