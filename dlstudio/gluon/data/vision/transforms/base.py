"""What all image transforms share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlstudio.core import tape
from dlstudio.core.random import host_generator
from dlstudio.core.tensor import Tensor
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.block import Block
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.nn import HybridSequential, Sequential
from dlstudio.graph.symbol import Symbol
from dlstudio.graph.tracing import is_tracing

__all__ = [
    "ArrayTransform",
    "Compose",
    "HybridCompose",
    "HybridRandomApply",
    "RandomApply",
    "chance",
    "probability",
    "uniform",
]

Array = Any


class ArrayTransform(HybridBlock):
    """A transform written for NumPy arrays: subclasses define `compute`.

    Images that are only read, in a data set, take this way, since it costs least. Inside a
    hybridized network, and where a gradient must flow, the operators of ``hybrid_forward`` run
    instead, if the transform has any.
    """

    def forward(self, x: Any, *args: Any) -> Any:
        """Transform an image.

        Parameters
        ----------
        x : NDArray, numpy.ndarray or Symbol
        *args
            What stands beside an image in a sample, such as its label.

        Returns
        -------
        NDArray or Symbol; with `args` a tuple of it and them
        """
        return beside(self._transformed(x), args)

    def _transformed(self, x: Any) -> Any:
        if isinstance(x, Symbol):
            return super().forward(x)
        if isinstance(x, Tensor) and (is_tracing() or x._entry is not None):
            if type(self).hybrid_forward is not HybridBlock.hybrid_forward:
                return self._run_operators(x)
            _stop_tracing(self)
        return self._on_arrays(x)

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image; must not change it in place."""
        raise ParamError(explain(f"{type(self).__name__} does not define compute(self, image)."))

    def _on_arrays(self, x: Any) -> Any:
        result = _own(self.compute(np.asarray(x)))
        if not isinstance(x, Tensor):
            return to_tensors(result)
        on_cpu = x.context.device_type == "cpu"
        return type(x)._wrap(result if on_cpu else x.context.backend.from_numpy(result), x.context)

    def _dispatch(self, args: tuple[Any, ...]) -> Any:
        """Run at once also when hybridized: a plan for every size of image would cost more."""
        return self.forward(*args)


def beside(image: Any, rest: tuple[Any, ...]) -> Any:
    """Put a transformed image back beside the rest of its sample."""
    return (image, *rest) if rest else image


def _stop_tracing(block: Block) -> None:
    if tape.state.tracer is not None:
        tape.state.tracer.stop(f"{type(block).__name__} decides in Python, anew for each image")


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

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Hybridize the blocks among the transforms; those of this module run the same way."""
        Block.hybridize(self, active, **kwargs)


class HybridCompose(HybridSequential):
    """Several transforms in a row, each of which can be part of a hybridized network.

    Parameters
    ----------
    transforms : list of HybridBlock
    """

    def __init__(self, transforms: Sequence[HybridBlock]) -> None:
        super().__init__()
        self.add(*transforms)


class _Function(Block):
    """A plain function among blocks."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self._function = function

    def forward(self, x: Any, *args: Any) -> Any:
        return beside(self._function(x), args)


class RandomApply(Block):
    """Apply a transform with probability `p`, or leave the image as it is.

    Parameters
    ----------
    transforms : callable, or list of callable
        One transform, or several that are applied in a row.
    p : float in [0, 1], default 0.5
    """

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        several = isinstance(transforms, (list, tuple))
        self.transforms = Compose(transforms) if several else transforms
        self.p = probability(p, "RandomApply")

    def forward(self, x: Any, *args: Any) -> Any:
        """Transform an image, or not."""
        return beside(self.transforms(x) if chance(self.p) else x, args)


class HybridRandomApply(HybridBlock):
    """Apply a transform with probability `p`; a hybridized network around it runs uncompiled.

    Parameters
    ----------
    transforms : HybridBlock, or list of HybridBlock
        One transform, or several that are applied in a row.
    p : float in [0, 1], default 0.5
    """

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        several = isinstance(transforms, (list, tuple))
        self.transforms = HybridCompose(transforms) if several else transforms
        self.p = probability(p, "HybridRandomApply")

    def forward(self, x: Any, *args: Any) -> Any:
        """Transform an image, or not."""
        _stop_tracing(self)
        return beside(self.transforms(x) if chance(self.p) else x, args)

    def _dispatch(self, args: tuple[Any, ...]) -> Any:
        return self.forward(*args)


# Augmentation draws from the stream that mx.random.seed starts, and that loader workers start anew
# for each batch.
def chance(p: float) -> bool:
    """Return True with probability `p`."""
    return bool(host_generator().random() < p)


def uniform(low: float, high: float) -> float:
    """Draw a number in [low, high)."""
    return float(host_generator().uniform(low, high))


def probability(p: float, owner: str) -> float:
    """Return `p` if it is a probability.

    Raises
    ------
    ParamError
        If it is not.
    """
    if not 0 <= p <= 1:
        raise ParamError(explain(f"{owner}: got p={p}.", "a probability from 0 to 1."))
    return p
