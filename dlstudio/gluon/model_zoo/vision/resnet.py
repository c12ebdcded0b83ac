"""Residual networks, version 1 (normalise after convolving) and 2 (before).

References
----------
He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, and "Identity Mappings in Deep
Residual Networks", ECCV 2016.
"""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.model_zoo.model_store import load_weights
from dlstudio.gluon.model_zoo.vision.variants import takes_device, variant

__all__ = [
    "BasicBlockV1", "BasicBlockV2", "BottleneckV1", "BottleneckV2", "ResNetV1", "ResNetV2",
    "get_resnet", "resnet18_v1", "resnet18_v2", "resnet34_v1", "resnet34_v2", "resnet50_v1",
    "resnet50_v2", "resnet101_v1", "resnet101_v2", "resnet152_v1", "resnet152_v2",
    "resnet_block_versions", "resnet_net_versions", "resnet_spec",
]  # fmt: skip


def _conv3x3(channels: int, stride: int, in_channels: int) -> HybridBlock:
    return nn.Conv2D(channels, 3, stride, 1, use_bias=False, in_channels=in_channels)


class _BlockV1(HybridBlock):
    """``relu(shortcut(x) + body(x))``.

    Parameters
    ----------
    channels : int
        Of the output.
    stride : int
    downsample : bool
        Convolve the shortcut, so that its shape fits.
    in_channels : int
    prefix, params : see `Block`
    """

    def __init__(
        self,
        channels: int,
        stride: int,
        downsample: bool = False,
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.body = nn.HybridSequential(prefix="")
        self._fill(channels, stride, in_channels)
        self.downsample = None
        if downsample:
            self.downsample = nn.HybridSequential(prefix="")
            self.downsample.add(
                nn.Conv2D(channels, 1, stride, use_bias=False, in_channels=in_channels),
                nn.BatchNorm(),
            )

    def _fill(self, channels: int, stride: int, in_channels: int) -> None:
        raise NotImplementedError

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        residual = x if self.downsample is None else self.downsample(x)
        return F.Activation(residual + self.body(x), act_type="relu")


class BasicBlockV1(_BlockV1):
    """Two 3×3 convolutions; the parameters are those of every residual block."""

    def _fill(self, channels: int, stride: int, in_channels: int) -> None:
        self.body.add(
            _conv3x3(channels, stride, in_channels), nn.BatchNorm(), nn.Activation("relu"),
            _conv3x3(channels, 1, channels), nn.BatchNorm(),
        )  # fmt: skip


class BottleneckV1(_BlockV1):
    """1×1, 3×3 and 1×1 convolutions; the parameters are those of every residual block."""

    def _fill(self, channels: int, stride: int, in_channels: int) -> None:
        narrow = channels // 4
        self.body.add(
            nn.Conv2D(narrow, 1, stride), nn.BatchNorm(), nn.Activation("relu"),
            _conv3x3(narrow, 1, narrow), nn.BatchNorm(), nn.Activation("relu"),
            nn.Conv2D(channels, 1), nn.BatchNorm(),
        )  # fmt: skip


class _BlockV2(HybridBlock):
    """``shortcut(a) + body(a)`` with ``a = relu(norm(x))``; a plain shortcut takes x itself.

    Parameters
    ----------
    channels : int
        Of the output.
    stride : int
    downsample : bool
        Convolve the shortcut, so that its shape fits.
    in_channels : int
    prefix, params : see `Block`
    """

    _depth = 2

    def __init__(
        self,
        channels: int,
        stride: int,
        downsample: bool = False,
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for i, conv in enumerate(self._convolutions(channels, stride, in_channels), 1):
            setattr(self, f"bn{i}", nn.BatchNorm())
            setattr(self, f"conv{i}", conv())
        self.downsample = None
        if downsample:
            self.downsample = nn.Conv2D(
                channels, 1, stride, use_bias=False, in_channels=in_channels
            )

    def _convolutions(self, channels: int, stride: int, in_channels: int) -> list[Any]:
        """Makers of the convolutions, called in order so that names are counted in order."""
        raise NotImplementedError

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        residual = x
        for i in range(1, self._depth + 1):
            x = F.Activation(getattr(self, f"bn{i}")(x), act_type="relu")
            if i == 1 and self.downsample is not None:
                residual = self.downsample(x)
            x = getattr(self, f"conv{i}")(x)
        return x + residual


class BasicBlockV2(_BlockV2):
    """Two 3×3 convolutions; the parameters are those of every residual block."""

    def _convolutions(self, channels: int, stride: int, in_channels: int) -> list[Any]:
        return [
            lambda: _conv3x3(channels, stride, in_channels),
            lambda: _conv3x3(channels, 1, channels),
        ]


class BottleneckV2(_BlockV2):
    """1×1, 3×3 and 1×1 convolutions; the parameters are those of every residual block."""

    _depth = 3

    def _convolutions(self, channels: int, stride: int, in_channels: int) -> list[Any]:
        narrow = channels // 4
        return [
            lambda: nn.Conv2D(narrow, 1, use_bias=False),
            lambda: _conv3x3(narrow, stride, narrow),
            lambda: nn.Conv2D(channels, 1, use_bias=False),
        ]


class _ResNet(HybridBlock):
    """What both versions share.

    Parameters
    ----------
    block : class of the residual blocks
    layers : list of int
        Blocks per stage.
    channels : list of int
        Channels of the stem and of each stage.
    classes : int
    thumbnail : bool
        Keep the resolution at the start, for small images.
    prefix, params : see `Block`
    """

    def __init__(
        self,
        block: type,
        layers: list[int],
        channels: list[int],
        classes: int = 1000,
        thumbnail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(layers) != len(channels) - 1:
            raise ParamError(
                f"{type(self).__name__}: {len(layers)} stages need {len(layers) + 1} channels."
                f" Got {channels}."
            )
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            self._start(channels[0], thumbnail)
            for i, count in enumerate(layers):
                stride = 1 if i == 0 else 2
                self.features.add(_stage(block, count, channels[i + 1], stride, i + 1, channels[i]))
            self._end()
            self.output = nn.Dense(classes, in_units=channels[-1])

    def _start(self, channels: int, thumbnail: bool) -> None:
        if thumbnail:
            self.features.add(_conv3x3(channels, 1, 0))
        else:
            self.features.add(
                nn.Conv2D(channels, 7, 2, 3, use_bias=False), nn.BatchNorm(), nn.Activation("relu"),
                nn.MaxPool2D(3, 2, 1),
            )  # fmt: skip

    def _end(self) -> None:
        self.features.add(nn.GlobalAvgPool2D())

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores of the classes, (B, classes)."""
        return self.output(self.features(x))


def _stage(
    block: type, count: int, channels: int, stride: int, number: int, in_channels: int
) -> nn.HybridSequential:
    stage = nn.HybridSequential(prefix=f"stage{number}_")
    with stage.name_scope():
        stage.add(
            block(channels, stride, channels != in_channels, in_channels=in_channels, prefix="")
        )
        for _ in range(count - 1):
            stage.add(block(channels, 1, False, in_channels=channels, prefix=""))
    return stage


class ResNetV1(_ResNet):
    """Residual network, version 1; the parameters are those of both versions."""


class ResNetV2(_ResNet):
    """Residual network, version 2; the parameters are those of both versions."""

    def _start(self, channels: int, thumbnail: bool) -> None:
        self.features.add(nn.BatchNorm(scale=False, center=False))
        super()._start(channels, thumbnail)

    def _end(self) -> None:
        self.features.add(nn.BatchNorm(), nn.Activation("relu"), nn.GlobalAvgPool2D(), nn.Flatten())


_WIDE, _NARROW = [64, 256, 512, 1024, 2048], [64, 64, 128, 256, 512]
resnet_spec = {
    18: ("basic_block", [2, 2, 2, 2], _NARROW),
    34: ("basic_block", [3, 4, 6, 3], _NARROW),
    50: ("bottle_neck", [3, 4, 6, 3], _WIDE),
    101: ("bottle_neck", [3, 4, 23, 3], _WIDE),
    152: ("bottle_neck", [3, 8, 36, 3], _WIDE),
}
"""Kind of block, blocks per stage, and channels of the stem and of each stage, by depth."""
resnet_net_versions = [ResNetV1, ResNetV2]
resnet_block_versions = [
    {"basic_block": BasicBlockV1, "bottle_neck": BottleneckV1},
    {"basic_block": BasicBlockV2, "bottle_neck": BottleneckV2},
]


@takes_device
def get_resnet(
    version: int,
    num_layers: int,
    pretrained: bool = False,
    ctx: Any = None,
    root: Any = None,
    **kwargs: Any,
) -> Any:
    """Residual network by version and depth.

    Parameters
    ----------
    version : {1, 2}
    num_layers : {18, 34, 50, 101, 152}
    pretrained : bool
        Load weights from `root`.
    ctx, device : Device, optional
        MXNet 1's and 2's name of where the loaded weights go.
    root : path, optional
        Default: ``$MXNET_HOME/models``.
    **kwargs
        Further arguments of the network: ``classes``, ``thumbnail``.

    Raises
    ------
    ParamError
        If there is no such version or depth.
    DataError
        If the weights are not there.
    """
    if num_layers not in resnet_spec or version not in (1, 2):
        depths = ", ".join(map(str, resnet_spec))
        raise ParamError(
            f"get_resnet: version must be 1 or 2, num_layers one of {depths}."
            f" Got {version} and {num_layers}."
        )
    kind, layers, channels = resnet_spec[num_layers]
    block = resnet_block_versions[version - 1][kind]
    net = resnet_net_versions[version - 1](block, layers, channels, **kwargs)
    return load_weights(net, f"resnet{num_layers}_v{version}", ctx, root) if pretrained else net


resnet18_v1 = variant("resnet18_v1", get_resnet, 1, 18)
resnet34_v1 = variant("resnet34_v1", get_resnet, 1, 34)
resnet50_v1 = variant("resnet50_v1", get_resnet, 1, 50)
resnet101_v1 = variant("resnet101_v1", get_resnet, 1, 101)
resnet152_v1 = variant("resnet152_v1", get_resnet, 1, 152)
resnet18_v2 = variant("resnet18_v2", get_resnet, 2, 18)
resnet34_v2 = variant("resnet34_v2", get_resnet, 2, 34)
resnet50_v2 = variant("resnet50_v2", get_resnet, 2, 50)
resnet101_v2 = variant("resnet101_v2", get_resnet, 2, 101)
resnet152_v2 = variant("resnet152_v2", get_resnet, 2, 152)
