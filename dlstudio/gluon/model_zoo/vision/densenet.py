"""Densely connected networks.

References
----------
Huang et al., "Densely Connected Convolutional Networks", CVPR 2017.
"""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.gluon.contrib.nn import HybridConcurrent, Identity
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.model_zoo.model_store import load_weights
from dlstudio.gluon.model_zoo.vision.variants import takes_device, variant

__all__ = [
    "DenseNet", "densenet121", "densenet161", "densenet169", "densenet201", "densenet_spec",
    "get_densenet",
]  # fmt: skip


def _dense_layer(growth_rate: int, bn_size: int, dropout: float) -> HybridConcurrent:
    """The input and `growth_rate` new channels side by side."""
    new = nn.HybridSequential(prefix="")
    new.add(
        nn.BatchNorm(), nn.Activation("relu"), nn.Conv2D(bn_size * growth_rate, 1, use_bias=False),
        nn.BatchNorm(), nn.Activation("relu"),
        nn.Conv2D(growth_rate, 3, padding=1, use_bias=False),
    )  # fmt: skip
    if dropout:
        new.add(nn.Dropout(dropout))
    both = HybridConcurrent(axis=1, prefix="")
    both.add(Identity(), new)
    return both


def _transition(channels: int) -> nn.HybridSequential:
    part = nn.HybridSequential(prefix="")
    part.add(
        nn.BatchNorm(), nn.Activation("relu"), nn.Conv2D(channels, 1, use_bias=False),
        nn.AvgPool2D(2, 2),
    )  # fmt: skip
    return part


class DenseNet(HybridBlock):
    """Every layer sees the outputs of all before it in its stage; images are at least 221 × 221.

    Parameters
    ----------
    num_init_features : int
        Channels of the stem.
    growth_rate : int
        New channels per layer.
    block_config : list of int
        Layers per stage.
    bn_size : int
        Width of the 1×1 convolution in units of `growth_rate`.
    dropout : float
    classes : int
    prefix, params : see `Block`
    """

    def __init__(
        self,
        num_init_features: int,
        growth_rate: int,
        block_config: list[int],
        bn_size: int = 4,
        dropout: float = 0,
        classes: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            self.features.add(
                nn.Conv2D(num_init_features, 7, 2, 3, use_bias=False), nn.BatchNorm(),
                nn.Activation("relu"), nn.MaxPool2D(3, 2, 1),
            )  # fmt: skip
            channels = num_init_features
            for i, count in enumerate(block_config):
                stage = nn.HybridSequential(prefix=f"stage{i + 1}_")
                with stage.name_scope():
                    for _ in range(count):
                        stage.add(_dense_layer(growth_rate, bn_size, dropout))
                self.features.add(stage)
                channels += count * growth_rate
                if i < len(block_config) - 1:
                    channels //= 2
                    self.features.add(_transition(channels))
            self.features.add(nn.BatchNorm(), nn.Activation("relu"), nn.AvgPool2D(7), nn.Flatten())
            self.output = nn.Dense(classes)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores of the classes, (B, classes)."""
        return self.output(self.features(x))


densenet_spec = {
    121: (64, 32, [6, 12, 24, 16]),
    161: (96, 48, [6, 12, 36, 24]),
    169: (64, 32, [6, 12, 32, 32]),
    201: (64, 32, [6, 12, 48, 32]),
}
"""Channels of the stem, new channels per layer, and layers per stage, by depth."""


@takes_device
def get_densenet(
    num_layers: int, pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any
) -> DenseNet:
    """DenseNet by depth: 121, 161, 169 or 201; see `get_resnet` for the other parameters.

    Raises
    ------
    ParamError
        If there is no such depth.
    """
    if num_layers not in densenet_spec:
        raise ParamError(
            f"get_densenet: parameter num_layers must be one of {list(densenet_spec)}."
            f" Got {num_layers}."
        )
    net = DenseNet(*densenet_spec[num_layers], **kwargs)
    return load_weights(net, f"densenet{num_layers}", ctx, root) if pretrained else net


densenet121 = variant("densenet121", get_densenet, 121)
densenet161 = variant("densenet161", get_densenet, 161)
densenet169 = variant("densenet169", get_densenet, 169)
densenet201 = variant("densenet201", get_densenet, 201)
