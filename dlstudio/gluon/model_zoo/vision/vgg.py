"""VGG: small convolutions, many of them.

References
----------
Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR
2015.
"""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.model_zoo.model_store import load_weights
from dlstudio.gluon.model_zoo.vision.variants import takes_device, variant
from dlstudio.initializer import Xavier

__all__ = [
    "VGG", "get_vgg", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19",
    "vgg19_bn", "vgg_spec",
]  # fmt: skip


class VGG(HybridBlock):
    """Stacks of 3×3 convolutions, for images of at least 32 × 32.

    Parameters
    ----------
    layers : list of int
        Convolutions per stage.
    filters : list of int
        Channels per stage.
    classes : int
    batch_norm : bool
        Normalise after every convolution.
    prefix, params : see `Block`
    """

    def __init__(
        self,
        layers: list[int],
        filters: list[int],
        classes: int = 1000,
        batch_norm: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(layers) != len(filters):
            raise ParamError(
                f"VGG: layers and filters must be equally many. Got {layers}, {filters}."
            )
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            for count, channels in zip(layers, filters, strict=True):
                self._add_stage(count, channels, batch_norm)
            for _ in range(2):
                self.features.add(
                    nn.Dense(4096, activation="relu", weight_initializer="normal"), nn.Dropout(0.5)
                )
            self.output = nn.Dense(classes, weight_initializer="normal")

    def _add_stage(self, count: int, channels: int, batch_norm: bool) -> None:
        for _ in range(count):
            init = Xavier(rnd_type="gaussian", factor_type="out", magnitude=2)
            self.features.add(nn.Conv2D(channels, 3, padding=1, weight_initializer=init))
            if batch_norm:
                self.features.add(nn.BatchNorm())
            self.features.add(nn.Activation("relu"))
        self.features.add(nn.MaxPool2D(strides=2))

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores of the classes, (B, classes)."""
        return self.output(self.features(x))


_FILTERS = [64, 128, 256, 512, 512]
vgg_spec = {
    11: ([1, 1, 2, 2, 2], _FILTERS),
    13: ([2, 2, 2, 2, 2], _FILTERS),
    16: ([2, 2, 3, 3, 3], _FILTERS),
    19: ([2, 2, 4, 4, 4], _FILTERS),
}
"""Convolutions and channels per stage, by depth."""


@takes_device
def get_vgg(
    num_layers: int, pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any
) -> VGG:
    """VGG by depth: 11, 13, 16 or 19; `batch_norm` as keyword; see `get_resnet`.

    Raises
    ------
    ParamError
        If there is no such depth.
    """
    if num_layers not in vgg_spec:
        raise ParamError(
            f"get_vgg: parameter num_layers must be one of {list(vgg_spec)}. Got {num_layers}."
        )
    net = VGG(*vgg_spec[num_layers], **kwargs)
    name = f"vgg{num_layers}{'_bn' if kwargs.get('batch_norm') else ''}"
    return load_weights(net, name, ctx, root) if pretrained else net


vgg11 = variant("vgg11", get_vgg, 11)
vgg13 = variant("vgg13", get_vgg, 13)
vgg16 = variant("vgg16", get_vgg, 16)
vgg19 = variant("vgg19", get_vgg, 19)
vgg11_bn = variant("vgg11_bn", get_vgg, 11, batch_norm=True)
vgg13_bn = variant("vgg13_bn", get_vgg, 13, batch_norm=True)
vgg16_bn = variant("vgg16_bn", get_vgg, 16, batch_norm=True)
vgg19_bn = variant("vgg19_bn", get_vgg, 19, batch_norm=True)
