"""Image classifiers: ``get_model("resnet18_v1", classes=10)`` or ``resnet18_v1(classes=10)``.

Every function takes the arguments of its network and ``pretrained``, ``ctx`` and ``root``; see
`get_resnet`.
"""

from __future__ import annotations

import difflib
import re
from typing import Any

from dlstudio import errors
from dlstudio.gluon.model_zoo.vision.alexnet import AlexNet, alexnet
from dlstudio.gluon.model_zoo.vision.densenet import (
    DenseNet,
    densenet121,
    densenet161,
    densenet169,
    densenet201,
    get_densenet,
)  # fmt: skip
from dlstudio.gluon.model_zoo.vision.inception import Inception3, inception_v3
from dlstudio.gluon.model_zoo.vision.mobilenet import (
    MobileNet,
    MobileNetV2,
    get_mobilenet,
    get_mobilenet_v2,
    mobilenet0_5,
    mobilenet0_25,
    mobilenet0_75,
    mobilenet1_0,
    mobilenet_v2_0_5,
    mobilenet_v2_0_25,
    mobilenet_v2_0_75,
    mobilenet_v2_1_0,
)  # fmt: skip
from dlstudio.gluon.model_zoo.vision.mobilenet_v3 import (
    MobileNetV3,
    get_mobilenet_v3,
    mobilenet_v3_large,
    mobilenet_v3_small,
)  # fmt: skip
from dlstudio.gluon.model_zoo.vision.resnet import (
    BasicBlockV1,
    BasicBlockV2,
    BottleneckV1,
    BottleneckV2,
    ResNetV1,
    ResNetV2,
    get_resnet,
    resnet18_v1,
    resnet18_v2,
    resnet34_v1,
    resnet34_v2,
    resnet50_v1,
    resnet50_v2,
    resnet101_v1,
    resnet101_v2,
    resnet152_v1,
    resnet152_v2,
)  # fmt: skip
from dlstudio.gluon.model_zoo.vision.squeezenet import (
    SqueezeNet,
    get_squeezenet,
    squeezenet1_0,
    squeezenet1_1,
)  # fmt: skip
from dlstudio.gluon.model_zoo.vision.vgg import (
    VGG,
    get_vgg,
    vgg11,
    vgg11_bn,
    vgg13,
    vgg13_bn,
    vgg16,
    vgg16_bn,
    vgg19,
    vgg19_bn,
)  # fmt: skip

_MAKERS = {
    made.__name__: made
    for made in (
        alexnet, densenet121, densenet161, densenet169, densenet201, inception_v3, mobilenet0_5,
        mobilenet0_25, mobilenet0_75, mobilenet1_0, mobilenet_v2_0_5, mobilenet_v2_0_25,
        mobilenet_v2_0_75, mobilenet_v2_1_0, mobilenet_v3_large, mobilenet_v3_small, resnet18_v1,
        resnet18_v2, resnet34_v1, resnet34_v2, resnet50_v1, resnet50_v2, resnet101_v1, resnet101_v2,
        resnet152_v1, resnet152_v2, squeezenet1_0, squeezenet1_1, vgg11, vgg11_bn, vgg13, vgg13_bn,
        vgg16, vgg16_bn, vgg19, vgg19_bn,
    )
}  # fmt: skip

__all__ = [
    "VGG", "AlexNet", "BasicBlockV1", "BasicBlockV2", "BottleneckV1", "BottleneckV2", "DenseNet",
    "Inception3", "MobileNet", "MobileNetV2", "MobileNetV3", "ResNetV1", "ResNetV2", "SqueezeNet",
    "alexnet", "densenet121", "densenet161", "densenet169", "densenet201", "get_densenet",
    "get_mobilenet", "get_mobilenet_v2", "get_mobilenet_v3", "get_model", "get_resnet",
    "get_squeezenet", "get_vgg", "inception_v3", "mobilenet0_5", "mobilenet0_25", "mobilenet0_75",
    "mobilenet1_0", "mobilenet_v2_0_5", "mobilenet_v2_0_25", "mobilenet_v2_0_75",
    "mobilenet_v2_1_0", "mobilenet_v3_large", "mobilenet_v3_small", "resnet18_v1", "resnet18_v2",
    "resnet34_v1", "resnet34_v2", "resnet50_v1", "resnet50_v2", "resnet101_v1", "resnet101_v2",
    "resnet152_v1", "resnet152_v2", "squeezenet1_0", "squeezenet1_1", "vgg11", "vgg11_bn", "vgg13",
    "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
]  # fmt: skip


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
    plain = str(name).lower().replace(".", "_")
    plain = re.sub("^(mobilenet|inception)(v[23])", r"\1_\2", plain)
    if plain not in _MAKERS:
        near = difflib.get_close_matches(plain, _MAKERS, n=3) or sorted(_MAKERS)
        raise errors.ParamError(
            errors.explain(
                f"Model {name!r} is not in the zoo.",
                f"one of its names, such as {', '.join(near[:6])}.",
                "gluon.model_zoo.vision.get_model('resnet18_v1')",
            )
        )
    return _MAKERS[plain](**kwargs)
