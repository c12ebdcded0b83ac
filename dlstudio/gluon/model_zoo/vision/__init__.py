"""Image classifiers: ``get_model("resnet18_v1", classes=10)`` or ``resnet18_v1(classes=10)``.

Every function takes the arguments of its network and ``pretrained``, ``ctx`` and ``root``; see
`get_resnet`.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.model_zoo.model_store import load_weights
from dlstudio.gluon.model_zoo.vision.densenet import DenseNet, get_densenet
from dlstudio.gluon.model_zoo.vision.inception import Inception3, inception_v3
from dlstudio.gluon.model_zoo.vision.mobilenet_v3 import MobileNetV3, get_mobilenet_v3
from dlstudio.gluon.model_zoo.vision.plain import VGG, AlexNet, alexnet, get_vgg
from dlstudio.gluon.model_zoo.vision.resnet import (
    BasicBlockV1,
    BasicBlockV2,
    BottleneckV1,
    BottleneckV2,
    ResNetV1,
    ResNetV2,
    get_resnet,
)
from dlstudio.gluon.model_zoo.vision.small import (
    MobileNet,
    MobileNetV2,
    SqueezeNet,
    get_mobilenet,
    get_mobilenet_v2,
)

__all__ = [
    "VGG", "AlexNet", "BasicBlockV1", "BasicBlockV2", "BottleneckV1", "BottleneckV2", "DenseNet",
    "Inception3", "MobileNet", "MobileNetV2", "MobileNetV3", "ResNetV1", "ResNetV2", "SqueezeNet",
    "alexnet", "get_densenet", "get_mobilenet", "get_mobilenet_v2", "get_mobilenet_v3", "get_model",
    "get_resnet", "get_vgg", "inception_v3",
]  # fmt: skip


def _squeezenet(
    version: str, pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any
) -> SqueezeNet:
    net = SqueezeNet(version, **kwargs)
    return load_weights(net, f"squeezenet{version}", ctx, root) if pretrained else net


_WIDTHS = {"1_0": 1.0, "0_75": 0.75, "0_5": 0.5, "0_25": 0.25}
_MAKERS: dict[str, Callable[..., Any]] = {
    "alexnet": alexnet,
    "inception_v3": inception_v3,
    "squeezenet1_0": partial(_squeezenet, "1.0"),
    "squeezenet1_1": partial(_squeezenet, "1.1"),
    **{
        f"resnet{n}_v{v}": partial(get_resnet, v, n) for v in (1, 2) for n in (18, 34, 50, 101, 152)
    },
    **{f"vgg{n}": partial(get_vgg, n) for n in (11, 13, 16, 19)},
    **{f"vgg{n}_bn": partial(get_vgg, n, batch_norm=True) for n in (11, 13, 16, 19)},
    **{f"densenet{n}": partial(get_densenet, n) for n in (121, 161, 169, 201)},
    **{f"mobilenet{text}": partial(get_mobilenet, w) for text, w in _WIDTHS.items()},
    **{f"mobilenet_v2_{text}": partial(get_mobilenet_v2, w) for text, w in _WIDTHS.items()},
    **{f"mobilenet_v3_{kind}": partial(get_mobilenet_v3, kind) for kind in ("large", "small")},
}
globals().update(_MAKERS)
__all__ += list(_MAKERS)


def get_model(name: str, **kwargs: Any) -> Any:
    """Network by name.

    Parameters
    ----------
    name : str
        In any case; "mobilenet1.0" and "mobilenetv2_1.0", "inceptionv3" name the same
        networks as ``mobilenet1_0``, ``mobilenet_v2_1_0``, ``inception_v3``.
    **kwargs
        Arguments of the network: ``classes``, ``pretrained``, ``ctx``, ``root``, …

    Raises
    ------
    ParamError
        If there is no such network; the message lists those near to it.

    Examples
    --------
    >>> get_model("resnet18_v1", classes=10).output
    Dense(512 -> 10, linear)
    """
    plain = name.lower().replace(".", "_")
    plain = re.sub("^(mobilenet|inception)(v[23])", r"\1_\2", plain)
    if plain not in _MAKERS:
        near = difflib.get_close_matches(plain, _MAKERS, n=3) or sorted(_MAKERS)
        raise ParamError(
            explain(
                f"Model {name!r} is not in the zoo.",
                f"one of its names, such as {', '.join(near[:6])}.",
                "gluon.model_zoo.vision.get_model('resnet18_v1')",
            )
        )
    return _MAKERS[plain](**kwargs)


# MXNet's modules inside this one, which also hold the functions that make the networks
densenet = inception = mobilenet = resnet = squeezenet = vgg = sys.modules[__name__]
