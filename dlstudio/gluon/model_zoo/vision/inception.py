"""Inception, version 3.

References
----------
Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
"""

from __future__ import annotations

from typing import Any

from dlstudio.gluon import nn
from dlstudio.gluon.contrib.nn import HybridConcurrent
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.model_zoo.model_store import load_weights
from dlstudio.gluon.model_zoo.vision.variants import takes_device

__all__ = ["Inception3", "inception_v3", "make_aux"]

# a convolution: channels, kernel, stride, padding
Conv = tuple[int, Any, int, Any]


def _conv(channels: int, kernel: Any, stride: int = 1, pad: Any = 0) -> nn.HybridSequential:
    part = nn.HybridSequential(prefix="")
    part.add(
        nn.Conv2D(channels, kernel, stride, pad, use_bias=False),
        nn.BatchNorm(epsilon=0.001),
        nn.Activation("relu"),
    )
    return part


def _path(*convs: Conv, pool: HybridBlock | None = None) -> nn.HybridSequential:
    """Convolutions one after the other, behind a pooling layer if given."""
    part = nn.HybridSequential(prefix="")
    if pool is not None:
        part.add(pool)
    for conv in convs:
        part.add(_conv(*conv))
    return part


def _square(channels: int, size: int = 1, stride: int = 1, pad: int = 0) -> Conv:
    return channels, size, stride, pad


def _wide(channels: int, size: int = 7) -> Conv:
    return channels, (1, size), 1, (0, size // 2)


def _tall(channels: int, size: int = 7) -> Conv:
    return channels, (size, 1), 1, (size // 2, 0)


def _stage_a(pooled: int, prefix: str) -> HybridConcurrent:
    out = HybridConcurrent(axis=1, prefix=prefix)
    with out.name_scope():
        out.add(
            _path(_square(64)),
            _path(_square(48), _square(64, 5, 1, 2)),
            _path(_square(64), _square(96, 3, 1, 1), _square(96, 3, 1, 1)),
            _path(_square(pooled), pool=nn.AvgPool2D(3, 1, 1)),
        )
    return out


def _stage_b(prefix: str) -> HybridConcurrent:
    out = HybridConcurrent(axis=1, prefix=prefix)
    with out.name_scope():
        out.add(
            _path(_square(384, 3, 2)),
            _path(_square(64), _square(96, 3, 1, 1), _square(96, 3, 2)),
            _path(pool=nn.MaxPool2D(3, 2)),
        )
    return out


def _stage_c(n: int, prefix: str) -> HybridConcurrent:
    out = HybridConcurrent(axis=1, prefix=prefix)
    with out.name_scope():
        out.add(
            _path(_square(192)),
            _path(_square(n), _wide(n), _tall(192)),
            _path(_square(n), _tall(n), _wide(n), _tall(n), _wide(192)),
            _path(_square(192), pool=nn.AvgPool2D(3, 1, 1)),
        )
    return out


def _stage_d(prefix: str) -> HybridConcurrent:
    out = HybridConcurrent(axis=1, prefix=prefix)
    with out.name_scope():
        out.add(
            _path(_square(192), _square(320, 3, 2)),
            _path(_square(192), _wide(192), _tall(192), _square(192, 3, 2)),
            _path(pool=nn.MaxPool2D(3, 2)),
        )
    return out


def _forked(*convs: Conv) -> nn.HybridSequential:
    """A path that ends in a wide and a tall convolution side by side."""
    part = nn.HybridSequential(prefix="")
    part.add(_path(*convs))
    ends = HybridConcurrent(axis=1, prefix="")
    ends.add(_path(_wide(384, 3)), _path(_tall(384, 3)))
    part.add(ends)
    return part


def _stage_e(prefix: str) -> HybridConcurrent:
    out = HybridConcurrent(axis=1, prefix=prefix)
    with out.name_scope():
        out.add(
            _path(_square(320)),
            _forked(_square(384)),
            _forked(_square(448), _square(384, 3, 1, 1)),
            _path(_square(192), pool=nn.AvgPool2D(3, 1, 1)),
        )
    return out


def make_aux(classes: int) -> nn.HybridSequential:
    """Make a second classifier, for the output of the last stage C, that only helps training.

    Parameters
    ----------
    classes : int
    """
    out = nn.HybridSequential(prefix="")
    out.add(nn.AvgPool2D(5, 3), _conv(128, 1), _conv(768, 5), nn.Flatten(), nn.Dense(classes))
    return out


class Inception3(HybridBlock):
    """Paths of several widths side by side; images are at least 299 × 299.

    Parameters
    ----------
    classes : int
    prefix, params : see `Block`
    """

    def __init__(self, classes: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            self.features.add(
                _conv(32, 3, 2), _conv(32, 3), _conv(64, 3, 1, 1), nn.MaxPool2D(3, 2),
                _conv(80, 1), _conv(192, 3), nn.MaxPool2D(3, 2),
                _stage_a(32, "A1_"), _stage_a(64, "A2_"), _stage_a(64, "A3_"), _stage_b("B_"),
                _stage_c(128, "C1_"), _stage_c(160, "C2_"), _stage_c(160, "C3_"),
                _stage_c(192, "C4_"), _stage_d("D_"), _stage_e("E1_"), _stage_e("E2_"),
                nn.AvgPool2D(8), nn.Dropout(0.5),
            )  # fmt: skip
            self.output = nn.Dense(classes)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores of the classes, (B, classes)."""
        return self.output(self.features(x))


@takes_device
def inception_v3(
    pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any
) -> Inception3:
    """Inception v3; see `get_resnet` for the parameters."""
    net = Inception3(**kwargs)
    return load_weights(net, "inceptionv3", ctx, root) if pretrained else net
