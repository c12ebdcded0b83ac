"""MobileNet, versions 1 and 2: depthwise convolutions instead of full ones.

References
----------
Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
2017. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
"""

from __future__ import annotations

from typing import Any

from dlstudio.gluon import nn
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.model_zoo.model_store import load_weights
from dlstudio.gluon.model_zoo.vision.variants import takes_device, variant

__all__ = [
    "RELU6", "LinearBottleneck", "MobileNet", "MobileNetV2", "get_mobilenet", "get_mobilenet_v2",
    "mobilenet0_5", "mobilenet0_25", "mobilenet0_75", "mobilenet1_0", "mobilenet_v2_0_5",
    "mobilenet_v2_0_25", "mobilenet_v2_0_75", "mobilenet_v2_1_0",
]  # fmt: skip


class RELU6(HybridBlock):
    """``min(max(x, 0), 6)``."""

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return F.clip(x, 0, 6, name="relu6")


def _add_conv(
    out: nn.HybridSequential,
    channels: int,
    kernel: int = 1,
    stride: int = 1,
    pad: int = 0,
    groups: int = 1,
    active: bool = True,
    relu6: bool = False,
) -> None:
    out.add(
        nn.Conv2D(channels, kernel, stride, pad, groups=groups, use_bias=False),
        nn.BatchNorm(scale=True),
    )
    if active:
        out.add(RELU6() if relu6 else nn.Activation("relu"))


class MobileNet(HybridBlock):
    """Depthwise and pointwise convolutions in turn.

    Parameters
    ----------
    multiplier : float
        Of all numbers of channels.
    classes : int
    prefix, params : see `Block`
    """

    def __init__(self, multiplier: float = 1.0, classes: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        widths = [32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
        strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
        channels = [int(w * multiplier) for w in widths]
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            with self.features.name_scope():
                _add_conv(self.features, channels[0], 3, 2, 1)
                for narrow, wide, stride in zip(channels, channels[1:], strides, strict=False):
                    _add_conv(self.features, narrow, 3, stride, 1, groups=narrow)
                    _add_conv(self.features, wide)
                self.features.add(nn.GlobalAvgPool2D(), nn.Flatten())
            self.output = nn.Dense(classes)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores of the classes, (B, classes)."""
        return self.output(self.features(x))


class LinearBottleneck(HybridBlock):
    """Expand, convolve depthwise, project without activation; a shortcut where shapes allow.

    Parameters
    ----------
    in_channels, channels : int
    t : int
        Factor of expansion.
    stride : int
    prefix, params : see `Block`
    """

    def __init__(self, in_channels: int, channels: int, t: int, stride: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_shortcut = stride == 1 and in_channels == channels
        with self.name_scope():
            self.out = nn.HybridSequential()
            _add_conv(self.out, in_channels * t, relu6=True)
            _add_conv(self.out, in_channels * t, 3, stride, 1, groups=in_channels * t, relu6=True)
            _add_conv(self.out, channels, active=False)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        out = self.out(x)
        return F.elemwise_add(out, x) if self.use_shortcut else out


# expansion, channels, repeats, first stride: table 2 of the paper
_V2 = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
       (6, 320, 1, 1)]  # fmt: skip


class MobileNetV2(HybridBlock):
    """Inverted residuals with linear bottlenecks.

    Parameters
    ----------
    multiplier : float
        Of all numbers of channels.
    classes : int
    prefix, params : see `Block`
    """

    def __init__(self, multiplier: float = 1.0, classes: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="features_")
            with self.features.name_scope():
                width = int(32 * multiplier)
                _add_conv(self.features, width, 3, 2, 1, relu6=True)
                for t, channels, repeats, first in _V2:
                    for i in range(repeats):
                        wide = int(channels * multiplier)
                        stride = first if i == 0 else 1
                        self.features.add(LinearBottleneck(width, wide, t, stride))
                        width = wide
                last = int(1280 * multiplier) if multiplier > 1.0 else 1280
                _add_conv(self.features, last, relu6=True)
                self.features.add(nn.GlobalAvgPool2D())
            self.output = nn.HybridSequential(prefix="output_")
            with self.output.name_scope():
                self.output.add(nn.Conv2D(classes, 1, use_bias=False, prefix="pred_"), nn.Flatten())

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores of the classes, (B, classes)."""
        return self.output(self.features(x))


def _suffix(multiplier: float) -> str:
    """Spell 1.0, 0.75, 0.5, 0.25 as files do."""
    text = f"{multiplier:.2f}"
    return text[:-1] if text.endswith("0") else text


@takes_device
def get_mobilenet(
    multiplier: float, pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any
) -> MobileNet:
    """MobileNet by width; see `get_resnet` for the other parameters."""
    net = MobileNet(multiplier, **kwargs)
    name = f"mobilenet{_suffix(multiplier)}"
    return load_weights(net, name, ctx, root) if pretrained else net


@takes_device
def get_mobilenet_v2(
    multiplier: float, pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any
) -> MobileNetV2:
    """MobileNetV2 by width; see `get_resnet` for the other parameters."""
    net = MobileNetV2(multiplier, **kwargs)
    name = f"mobilenetv2_{_suffix(multiplier)}"
    return load_weights(net, name, ctx, root) if pretrained else net


mobilenet1_0 = variant("mobilenet1_0", get_mobilenet, 1.0)
mobilenet0_75 = variant("mobilenet0_75", get_mobilenet, 0.75)
mobilenet0_5 = variant("mobilenet0_5", get_mobilenet, 0.5)
mobilenet0_25 = variant("mobilenet0_25", get_mobilenet, 0.25)
mobilenet_v2_1_0 = variant("mobilenet_v2_1_0", get_mobilenet_v2, 1.0)
mobilenet_v2_0_75 = variant("mobilenet_v2_0_75", get_mobilenet_v2, 0.75)
mobilenet_v2_0_5 = variant("mobilenet_v2_0_5", get_mobilenet_v2, 0.5)
mobilenet_v2_0_25 = variant("mobilenet_v2_0_25", get_mobilenet_v2, 0.25)
