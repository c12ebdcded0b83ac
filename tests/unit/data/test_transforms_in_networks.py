"""Image transforms as layers of networks: compiled, exported, differentiated."""

from __future__ import annotations

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.vision import transforms

COMPILED = [
    transforms.Resize((8, 6)),
    transforms.Resize(7, keep_ratio=True),
    transforms.CropResize(2, 1, 9, 8, size=(4, 5)),
    transforms.ToTensor(),
    transforms.Cast("float32"),
    transforms.RandomFlipLeftRight(p=1.0),
    transforms.RandomFlipTopBottom(p=0.0),
    transforms.RandomBrightness(0.0),
    transforms.RandomColorJitter(0.0, 0.0, 0.0, 0.0),
    transforms.RandomLighting(0.0),
]


@pytest.mark.parametrize("transform", COMPILED, ids=lambda t: type(t).__name__)
def test_a_transform_is_a_layer_of_a_hybridized_network(photo, transform):
    image = to_tensors(photo)
    net = mx.gluon.nn.HybridSequential()
    net.add(transform)
    net.hybridize()

    result = net(image)

    assert net.plan() is not None
    assert result.dtype == transform(image).dtype
    np.testing.assert_allclose(result.asnumpy(), transform(image).asnumpy(), atol=1)


def test_preparing_images_is_exported_with_the_network(photo, tmp_path):
    image = to_tensors(photo)
    net = transforms.HybridCompose(
        [transforms.Resize(8), transforms.ToTensor(), transforms.Normalize((0.4,), (0.2,))]
    )
    net.hybridize()
    expected = net(image)

    symbol, params = net.export(tmp_path / "prepare")
    loaded = mx.gluon.SymbolBlock.imports(symbol, ["data"], params)

    assert np.array_equal(loaded(image).asnumpy(), expected.asnumpy())


def test_a_traced_network_does_not_remember_the_image_it_was_traced_on(photo):
    class Net(mx.gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.prepare = transforms.ToTensor()

        def forward(self, x):
            return self.prepare(x) * 2

    net, image = Net(), to_tensors(photo)
    net.hybridize()
    net(image)

    assert (net(mx.nd.zeros_like(image)).asnumpy() == 0).all()


def test_gradients_flow_through_normalize():
    image = mx.nd.ones((3, 2, 2))
    image.attach_grad()
    with mx.autograd.record():
        result = transforms.Normalize(0.5, (0.1, 0.2, 0.5))(image)
    result.backward()

    assert image.grad[:, 0, 0].asnumpy() == pytest.approx([10, 5, 2])


def test_a_transform_that_decides_in_python_leaves_its_network_uncompiled(photo):
    image = to_tensors(photo)
    net = mx.gluon.nn.HybridSequential()
    net.add(transforms.RandomCrop(4))
    net.hybridize()

    with pytest.warns(UserWarning, match="RandomCrop decides in Python"):
        crops = [net(image).asnumpy() for _ in range(20)]

    assert len({crop.tobytes() for crop in crops}) > 1
