"""`gluon.contrib.cnn`: deformable convolutions under the names of MXNet 1.9."""

import sys

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.gluon.nn.deform_layers import DeformableConvolution, ModulatedDeformableConvolution

__all__ = ["DeformableConvolution", "ModulatedDeformableConvolution"]

# MXNet's module inside this one
conv_layers = sys.modules[__name__]

__getattr__ = held_elsewhere(__name__, {}, "gluon.nn")
