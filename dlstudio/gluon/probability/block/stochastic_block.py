"""Blocks with losses that arise inside: divergences of latent variables, penalties."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.tree import listing

__all__ = ["StochasticBlock", "StochasticSequential"]


class StochasticBlock(HybridBlock):
    """A hybrid block that adds to the loss: a divergence of its latent variables, for example.

    ``forward`` is decorated with `StochasticBlock.collectLoss` and calls `add_loss`; after each
    call of the block `losses` holds what was added, eager and hybridized alike.

    Examples
    --------
    >>> from dlstudio import np
    >>> from dlstudio.gluon import probability as mgp
    >>> class Latent(mgp.StochasticBlock):
    ...     @mgp.StochasticBlock.collectLoss
    ...     def forward(self, loc, scale):
    ...         posterior = mgp.Normal(loc, scale)
    ...         self.add_loss(mgp.kl_divergence(posterior, mgp.Normal(0.0, 1.0)))
    ...         return posterior.sample()
    >>> latent = Latent()
    >>> latent.hybridize()
    >>> latent(np.zeros(2), np.ones(2)).shape, latent.losses
    ((2,), [array([0., 0.])])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._losses: list[Any] = []
        self._losscache: list[Any] = []

    def add_loss(self, loss: Any) -> None:
        """Add a loss, an array; call it inside `forward`."""
        self._losscache.append(loss)

    @staticmethod
    def collectLoss(func: Callable[..., Any]) -> Callable[..., Any]:  # noqa: N802  MXNet's name
        """Decorate `forward`: what it adds to the losses leaves the block beside its output."""

        @wraps(func)
        def inner(self: Any, *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
            self._losscache = []
            out = func(self, *args, **kwargs)
            collected, self._losscache = self._losscache, []
            return out, collected

        inner._collects = True  # type: ignore[attr-defined]  # looked up by __call__
        return inner

    def __call__(self, *args: Any) -> Any:
        """Run, keep the losses, and return the output.

        Raises
        ------
        ParamError
            If `forward` is not decorated.
        """
        method = type(self).forward if self._own_forward else type(self).hybrid_forward
        if not hasattr(method, "_collects"):
            raise ParamError(
                explain(
                    f"{type(self).__name__}: {method.__name__} does not collect losses.",
                    "a decorated method.",
                    f"@StochasticBlock.collectLoss\ndef {method.__name__}(self, ...):",
                )
            )
        out, self._losses = super().__call__(*args)
        return out

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` was given in the last call."""
        return self._losses


class StochasticSequential(StochasticBlock):
    """Blocks in a row; `losses` are those of all stochastic blocks among them.

    Examples
    --------
    >>> from dlstudio.gluon import nn, probability as mgp
    >>> net = mgp.StochasticSequential()
    >>> net.add(nn.Dense(4), nn.Dense(2))
    >>> len(net)
    2
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._layers: list[Any] = []

    def add(self, *blocks: Any) -> None:
        """Append blocks; each is given what the one before returned."""
        for block in blocks:
            self._layers.append(block)
            self.register_child(block)

    @StochasticBlock.collectLoss
    def forward(self, x: Any, *args: Any) -> Any:
        """Feed `x` through all blocks; a tuple is spread over the next block's arguments."""
        for block in self._layers:
            out = block(x, *args)
            for loss in getattr(block, "losses", ()):
                self.add_loss(loss)
            x, args = (out[0], tuple(out[1:])) if isinstance(out, (tuple, list)) else (out, ())
        return (x, *args) if args else x

    def __getitem__(self, key: int | slice) -> Any:
        """The block at a position, or a new row of some blocks."""
        found = self._layers[key]
        if not isinstance(found, list):
            return found
        row = type(self)(prefix=self._prefix)
        row.add(*found)
        return row

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        return listing(self, self._children.items())
