"""SqueezeNet: few weights, by squeezing channels before convolving.

References
----------
Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016.
"""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.gluon.contrib.nn import HybridConcurrent
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.model_zoo.model_store import load_weights
from dlstudio.gluon.model_zoo.vision.variants import takes_device, variant

__all__ = ["SqueezeNet", "get_squeezenet", "squeezenet1_0", "squeezenet1_1"]


def _fire_conv(channels: int, kernel: int, padding: int = 0) -> nn.HybridSequential:
    part = nn.HybridSequential(prefix="")
    part.add(nn.Conv2D(channels, kernel, padding=padding), nn.Activation("relu"))
    return part


def _fire(squeeze: int, expand: int) -> nn.HybridSequential:
    """Squeeze to few channels, then expand by 1×1 and 3×3 convolutions side by side."""
    part = nn.HybridSequential(prefix="")
    part.add(_fire_conv(squeeze, 1))
    paths = HybridConcurrent(axis=1, prefix="")
    paths.add(_fire_conv(expand, 1), _fire_conv(expand, 3, 1))
    part.add(paths)
    return part


_POOL = 0  # stands for a pooling layer among the squeeze widths below; a fire expands fourfold
_FIRES = {
    "1.0": (96, 7, [16, 16, 32, _POOL, 32, 48, 48, 64, _POOL, 64]),
    "1.1": (64, 3, [16, 16, _POOL, 32, 32, _POOL, 48, 48, 64, 64]),
}


class SqueezeNet(HybridBlock):
    """SqueezeNet, for images of at least 213 × 213, of version 1.1 209 × 209.

    Parameters
    ----------
    version : {"1.0", "1.1"}
    classes : int
    prefix, params : see `Block`
    """

    def __init__(self, version: str, classes: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if version not in _FIRES:
            raise ParamError(
                f"SqueezeNet: parameter version must be '1.0' or '1.1'. Got {version!r}."
            )
        channels, kernel, widths = _FIRES[version]
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            self.features.add(
                nn.Conv2D(channels, kernel, 2), nn.Activation("relu"),
                nn.MaxPool2D(3, 2, ceil_mode=True),
            )  # fmt: skip
            for width in widths:
                self.features.add(
                    nn.MaxPool2D(3, 2, ceil_mode=True)
                    if width == _POOL
                    else _fire(width, 4 * width)
                )
            self.features.add(nn.Dropout(0.5))
            self.output = nn.HybridSequential(prefix="")
            self.output.add(
                nn.Conv2D(classes, 1), nn.Activation("relu"), nn.AvgPool2D(13), nn.Flatten()
            )

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores of the classes, (B, classes)."""
        return self.output(self.features(x))


@takes_device
def get_squeezenet(
    version: str, pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any
) -> SqueezeNet:
    """SqueezeNet by version: "1.0" or "1.1"; see `get_resnet` for the other parameters."""
    net = SqueezeNet(version, **kwargs)
    return load_weights(net, f"squeezenet{version}", ctx, root) if pretrained else net


squeezenet1_0 = variant("squeezenet1_0", get_squeezenet, "1.0")
squeezenet1_1 = variant("squeezenet1_1", get_squeezenet, "1.1")
