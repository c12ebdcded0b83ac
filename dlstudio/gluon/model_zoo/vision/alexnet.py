"""AlexNet, the network that began it.

References
----------
Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
"""

from __future__ import annotations

from typing import Any

from dlstudio.gluon import nn
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.model_zoo.model_store import load_weights
from dlstudio.gluon.model_zoo.vision.variants import takes_device

__all__ = ["AlexNet", "alexnet"]


class AlexNet(HybridBlock):
    """The one-column AlexNet, for images of at least 63 × 63.

    Parameters
    ----------
    classes : int
    prefix, params : see `Block`
    """

    def __init__(self, classes: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            with self.features.name_scope():
                self.features.add(
                    nn.Conv2D(64, 11, 4, 2, activation="relu"), nn.MaxPool2D(3, 2),
                    nn.Conv2D(192, 5, padding=2, activation="relu"), nn.MaxPool2D(3, 2),
                    nn.Conv2D(384, 3, padding=1, activation="relu"),
                    nn.Conv2D(256, 3, padding=1, activation="relu"),
                    nn.Conv2D(256, 3, padding=1, activation="relu"), nn.MaxPool2D(3, 2),
                    nn.Flatten(),
                    nn.Dense(4096, activation="relu"), nn.Dropout(0.5),
                    nn.Dense(4096, activation="relu"), nn.Dropout(0.5),
                )  # fmt: skip
            self.output = nn.Dense(classes)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores of the classes, (B, classes)."""
        return self.output(self.features(x))


@takes_device
def alexnet(pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any) -> AlexNet:
    """Make AlexNet, with weights from `root` if `pretrained`; see `get_resnet`."""
    net = AlexNet(**kwargs)
    return load_weights(net, "alexnet", ctx, root) if pretrained else net
