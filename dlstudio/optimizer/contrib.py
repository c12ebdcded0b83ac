"""`mx.optimizer.contrib`: optimizers MXNet keeps apart as contributed."""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ParamError
from dlstudio.optimizer.optimizer import Optimizer, State, register

__all__ = ["GroupAdaGrad"]

Array = Any


@register
class GroupAdaGrad(Optimizer):
    r"""AdaGrad with one sum of squares per row, for embeddings.

    .. math:: h = h + mean(g^2, axis=1),\quad w = w - lr \cdot g / \sqrt{h + \epsilon}

    Parameters
    ----------
    eps, epsilon : float
        1.9's name and 2.0's.
    **kwargs
        See `Optimizer`.

    Raises
    ------
    ParamError
        If weights are not matrices, or decay is asked for.
    """

    lazy_update = True

    def __init__(self, eps: float = 1e-5, *, epsilon: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps if epsilon is None else epsilon

    def create_state(self, index: Any, weight: Any) -> State:
        """Return one sum per row, zero."""
        if len(weight.shape) != 2:
            raise ParamError(
                f"GroupAdaGrad updates matrices. Got a weight of shape {weight.shape}."
            )
        array = weight.context.xp.zeros((weight.shape[0], 1), weight.dtype)
        return type(weight)._wrap(array, weight.context)

    def rule(
        self,
        xp: Any,
        weight: Array,
        grad: Array,
        states: tuple[Array, ...],
        lr: float,
        wd: float,
        t: int,
    ) -> None:
        """See the class."""
        if wd:
            raise ParamError("Weight decay is not supported for GroupAdaGrad. Fix: wd=0")
        (history,) = states
        g = self.prepared(xp, grad, weight, 0.0)
        history += (g * g).mean(axis=1, keepdims=True)
        weight -= lr * g / xp.sqrt(history + self.float_stable_eps)
