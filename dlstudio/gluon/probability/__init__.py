"""Probability: distributions, divergences, transformations, and blocks with random variables."""

from __future__ import annotations

from dlstudio.gluon.probability import block, distributions, transformation
from dlstudio.gluon.probability.block import *  # noqa: F403
from dlstudio.gluon.probability.distributions import *  # noqa: F403
from dlstudio.gluon.probability.transformation import *  # noqa: F403

__all__ = ["block", "distributions", "transformation"]
__all__ += block.__all__
__all__ += distributions.__all__
__all__ += transformation.__all__

vars().update(dict.fromkeys(distributions.FILES, distributions))
