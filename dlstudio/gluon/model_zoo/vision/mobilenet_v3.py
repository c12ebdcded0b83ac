"""MobileNet, version 3, large and small.

References
----------
Howard et al., "Searching for MobileNetV3", ICCV 2019, tables 1 and 2.
"""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.model_zoo.model_store import load_weights
from dlstudio.gluon.model_zoo.vision.variants import takes_device, variant

__all__ = ["MobileNetV3", "get_mobilenet_v3", "mobilenet_v3_large", "mobilenet_v3_small"]

# kernel, expanded channels, channels, squeeze-and-excite, hard swish, stride
Row = tuple[int, int, int, bool, bool, int]
_LARGE: list[Row] = [
    (3, 16, 16, False, False, 1), (3, 64, 24, False, False, 2), (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2), (5, 120, 40, True, False, 1), (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2), (3, 200, 80, False, True, 1), (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1), (3, 480, 112, True, True, 1), (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2), (5, 960, 160, True, True, 1), (5, 960, 160, True, True, 1),
]  # fmt: skip
_SMALL: list[Row] = [
    (3, 16, 16, True, False, 2), (3, 72, 24, False, False, 2), (3, 88, 24, False, False, 1),
    (5, 96, 40, True, True, 2), (5, 240, 40, True, True, 1), (5, 240, 40, True, True, 1),
    (5, 120, 48, True, True, 1), (5, 144, 48, True, True, 1), (5, 288, 96, True, True, 2),
    (5, 576, 96, True, True, 1), (5, 576, 96, True, True, 1),
]  # fmt: skip
_KINDS: dict[str, tuple[list[Row], int]] = {"large": (_LARGE, 1280), "small": (_SMALL, 1024)}


def _eighths(channels: float) -> int:
    """Round to a multiple of 8, at least 8 and never more than a tenth below."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _gate(F: Any, x: Any) -> Any:
    """Hard sigmoid: ``min(max(x + 3, 0), 6) / 6``."""
    return F.hard_sigmoid(x, alpha=1 / 6, beta=0.5)


class HardSwish(HybridBlock):
    """``x * min(max(x + 3, 0), 6) / 6``."""

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return x * _gate(F, x)


class SqueezeExcite(HybridBlock):
    """Weigh the channels by what all pixels together say.

    Parameters
    ----------
    channels, squeezed : int
    prefix, params : see `Block`
    """

    def __init__(self, channels: int, squeezed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.weights = nn.HybridSequential(prefix="")
            self.weights.add(
                nn.GlobalAvgPool2D(), nn.Conv2D(squeezed, 1), nn.Activation("relu"),
                nn.Conv2D(channels, 1),
            )  # fmt: skip

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return F.broadcast_mul(x, _gate(F, self.weights(x)))


def _add_conv(
    out: nn.HybridSequential, channels: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> None:
    out.add(
        nn.Conv2D(channels, kernel, stride, kernel // 2, groups=groups, use_bias=False),
        nn.BatchNorm(epsilon=0.001),
    )


def _activation(swish: bool) -> HybridBlock:
    return HardSwish() if swish else nn.Activation("relu")


class InvertedResidual(HybridBlock):
    """Expand, convolve depthwise, weigh channels, project; a shortcut where shapes allow.

    Parameters
    ----------
    width : int
        Channels of the input.
    kernel, expanded, channels, excite, swish, stride : see the tables of the paper
    prefix, params : see `Block`
    """

    def __init__(
        self, width: int, kernel: int, expanded: int, channels: int, excite: bool, swish: bool,
        stride: int, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.use_shortcut = stride == 1 and width == channels
        with self.name_scope():
            self.out = nn.HybridSequential(prefix="")
            if expanded != width:
                _add_conv(self.out, expanded)
                self.out.add(_activation(swish))
            _add_conv(self.out, expanded, kernel, stride, groups=expanded)
            self.out.add(_activation(swish))
            if excite:
                self.out.add(SqueezeExcite(expanded, _eighths(expanded / 4)))
            _add_conv(self.out, channels)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        out = self.out(x)
        return F.elemwise_add(out, x) if self.use_shortcut else out


class MobileNetV3(HybridBlock):
    """Inverted residuals with squeeze-and-excite and hard activations, found by search.

    Parameters
    ----------
    kind : {"large", "small"}
    multiplier : float
        Of all numbers of channels but the last.
    classes : int
    dropout : float
    prefix, params : see `Block`
    """

    def __init__(
        self, kind: str = "large", multiplier: float = 1.0, classes: int = 1000,
        dropout: float = 0.2, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if kind not in _KINDS:
            raise ParamError(
                f"MobileNetV3: parameter kind must be 'large' or 'small'. Got {kind!r}."
            )
        rows, last = _KINDS[kind]
        width = _eighths(16 * multiplier)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="features_")
            with self.features.name_scope():
                _add_conv(self.features, width, 3, 2)
                self.features.add(HardSwish())
                for kernel, expanded, channels, excite, swish, stride in rows:
                    wide = _eighths(expanded * multiplier)
                    out = _eighths(channels * multiplier)
                    self.features.add(
                        InvertedResidual(width, kernel, wide, out, excite, swish, stride)
                    )
                    width = out
                _add_conv(self.features, 6 * width)
                self.features.add(HardSwish(), nn.GlobalAvgPool2D(), nn.Flatten())
            self.output = nn.HybridSequential(prefix="output_")
            with self.output.name_scope():
                self.output.add(nn.Dense(last), HardSwish(), nn.Dropout(dropout), nn.Dense(classes))

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores of the classes, (B, classes)."""
        return self.output(self.features(x))


@takes_device
def get_mobilenet_v3(
    kind: str, multiplier: float = 1.0, pretrained: bool = False, ctx: Any = None, root: Any = None,
    **kwargs: Any,
) -> MobileNetV3:  # fmt: skip
    """MobileNetV3 by kind and width; see `get_resnet` for the other parameters."""
    net = MobileNetV3(kind, multiplier, **kwargs)
    name = f"mobilenetv3_{kind}"
    return load_weights(net, name, ctx, root) if pretrained else net


mobilenet_v3_large = variant("mobilenet_v3_large", get_mobilenet_v3, "large")
mobilenet_v3_small = variant("mobilenet_v3_small", get_mobilenet_v3, "small")
