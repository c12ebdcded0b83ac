"""Blocks that draw random numbers and have losses of their own."""

from __future__ import annotations

from dlstudio.gluon.probability.block.stochastic_block import StochasticBlock, StochasticSequential

__all__ = ["StochasticBlock", "StochasticSequential"]
