"""Networks made small: SqueezeNet, and MobileNet versions 1 and 2.

References
----------
Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016. Howard et al.,
"MobileNets", 2017. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
CVPR 2018.
"""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.gluon.contrib.nn import HybridConcurrent
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.model_zoo.model_store import load_weights

__all__ = ["MobileNet", "MobileNetV2", "SqueezeNet", "get_mobilenet", "get_mobilenet_v2"]


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
    """SqueezeNet.

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


class _ReLU6(HybridBlock):
    """``min(max(x, 0), 6)``."""

    def hybrid_forward(self, F: Any, x: Any) -> Any:
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
        out.add(_ReLU6() if relu6 else nn.Activation("relu"))


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


def get_mobilenet(
    multiplier: float, pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any
) -> MobileNet:
    """MobileNet by width; see `get_resnet` for the other parameters."""
    net = MobileNet(multiplier, **kwargs)
    name = f"mobilenet{_suffix(multiplier)}"
    return load_weights(net, name, ctx, root) if pretrained else net


def get_mobilenet_v2(
    multiplier: float, pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any
) -> MobileNetV2:
    """MobileNetV2 by width; see `get_resnet` for the other parameters."""
    net = MobileNetV2(multiplier, **kwargs)
    name = f"mobilenetv2_{_suffix(multiplier)}"
    return load_weights(net, name, ctx, root) if pretrained else net
