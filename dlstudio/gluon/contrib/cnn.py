"""`gluon.contrib.cnn`: deformable convolutions under the names of MXNet 1.9."""

import sys

from dlstudio.gluon.nn.deform_layers import DeformableConvolution, ModulatedDeformableConvolution

__all__ = ["DeformableConvolution", "ModulatedDeformableConvolution"]

# MXNet's module inside this one
conv_layers = sys.modules[__name__]
