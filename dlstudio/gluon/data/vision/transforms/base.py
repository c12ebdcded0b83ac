"""What all image transforms share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlstudio.core.random import host_generator
from dlstudio.core.tensor import Tensor
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.block import Block
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.nn import Sequential

__all__ = [
    "ArrayTransform",
    "Compose",
    "HybridCompose",
    "HybridRandomApply",
    "RandomApply",
    "chance",
    "uniform",
]

Array = Any


class ArrayTransform(Block):
    """A transform written for NumPy arrays: subclasses define `compute`.

    Tensors go in and come out as such; no gradient flows through.
    """

    def forward(self, x: Any) -> Any:
        """Transform an image.

        Parameters
        ----------
        x : NDArray or numpy.ndarray

        Returns
        -------
        NDArray
        """
        result = _own(self.compute(np.asarray(x)))
        if not isinstance(x, Tensor):
            return to_tensors(result)
        on_cpu = x.context.device_type == "cpu"
        return type(x)._wrap(result if on_cpu else x.context.backend.from_numpy(result), x.context)

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image; must not change it in place."""
        raise ParamError(explain(f"{type(self).__name__} does not define compute(self, image)."))


def _own(image: Array) -> Array:
    """Copy an image that is a view of another: a crop or mirror image must not change with it."""
    return image if image.base is None and image.flags.c_contiguous else np.array(image, order="C")


class Compose(Sequential):
    """Several transforms in a row.

    Parameters
    ----------
    transforms : list of callable
        Blocks, or any functions from image to image.
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        super().__init__()
        for transform in transforms:
            self.add(transform if isinstance(transform, Block) else _Function(transform))


class HybridCompose(Compose):
    """Several transforms in a row, under the name that MXNet 2.0 gives to those it can compile.

    Parameters
    ----------
    transforms : list of callable
        Blocks, or any functions from image to image.
    """


class _Function(Block):
    """A plain function among blocks."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self._function = function

    def forward(self, x: Any) -> Any:
        return self._function(x)


class RandomApply(Block):
    """Apply a transform with probability `p`, or leave the image as it is.

    Parameters
    ----------
    transforms : callable
        One transform; a `Compose` for several.
    p : float in [0, 1], default 0.5
    """

    def __init__(self, transforms: Callable[[Any], Any], p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, x: Any) -> Any:
        """Transform an image, or not."""
        return self.transforms(x) if chance(self.p) else x


class HybridRandomApply(RandomApply):
    """Apply a transform with probability `p`; MXNet 2.0's name for transforms it can compile.

    Parameters
    ----------
    transforms : callable
        One transform; a `Compose` for several.
    p : float in [0, 1], default 0.5
    """


# Augmentation draws from the stream that mx.random.seed starts, and that loader workers start anew
# for each batch.
def chance(probability: float) -> bool:
    """Return True with the given probability."""
    return bool(host_generator().random() < probability)


def uniform(low: float, high: float) -> float:
    """Draw a number in [low, high)."""
    return float(host_generator().uniform(low, high))
