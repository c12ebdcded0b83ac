"""Deformable convolutions as layers."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import ParamError
from dlstudio.gluon import nn

KINDS = [nn.DeformableConvolution, nn.ModulatedDeformableConvolution]


@pytest.mark.parametrize("kind", KINDS)
def test_without_offsets_it_is_a_convolution(kind):
    mx.random.seed(1)
    plain = nn.Conv2D(4, 3, strides=2, padding=1, groups=2, activation="relu")
    layer = kind(4, (3, 3), (2, 2), (1, 1), groups=2, num_deformable_group=2, activation="relu")
    for block in (plain, layer):
        block.initialize(mx.init.Normal(0.5))
    x = nd.random.normal(shape=(2, 4, 7, 6))
    want = plain(x)
    layer(x)  # offsets and their bias begin at zero
    layer.deformable_conv_weight.set_data(plain.weight.data())
    layer.deformable_conv_bias.set_data(plain.bias.data())
    np.testing.assert_allclose(layer(x).asnumpy(), want.asnumpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_offsets_are_learned_eagerly_and_compiled_alike(kind):
    mx.random.seed(2)
    layer = kind(3, 3, padding=1, offset_weight_initializer=mx.init.Normal(0.3))
    layer.initialize(mx.init.Normal(0.5))
    x = nd.random.normal(shape=(1, 2, 5, 5))
    gradients = []
    for hybridize in (False, True):
        layer.hybridize(hybridize)
        with autograd.record():
            loss = (layer(x) ** 2).sum()
        loss.backward()
        gradients.append(layer.offset_weight.grad().asnumpy())
    assert np.abs(gradients[0]).max() > 0
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-3, atol=1e-4)


def test_shapes_names_and_text():
    layer = nn.ModulatedDeformableConvolution(4, 3, in_channels=2, use_bias=False, prefix="d_")
    shapes = {name: p.shape for name, p in layer.collect_params().items()}
    assert shapes == {
        "d_offset_weight": (27, 2, 3, 3),
        "d_offset_bias": (27,),
        "d_deformable_conv_weight": (4, 2, 3, 3),
    }
    assert repr(layer) == (
        "ModulatedDeformableConvolution(2 -> 4, kernel_size=(3, 3), stride=(1, 1), bias=False)"
    )
    with pytest.raises(ParamError, match="NCHW"):
        nn.DeformableConvolution(4, 3, layout="NHWC")


def test_mxnet_keeps_them_in_contrib():
    assert gluon.contrib.cnn.DeformableConvolution is nn.DeformableConvolution
    assert gluon.contrib.cnn.conv_layers.ModulatedDeformableConvolution is KINDS[1]
