"""Statistical checks of random numbers; SciPy is needed for the tests of whole distributions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlstudio.errors import missing_extra

__all__ = [
    "chi_square_check",
    "gen_buckets_probs_with_ppf",
    "mean_check",
    "var_check",
    "verify_generator",
]

Generator = Callable[[int], Any]


def gen_buckets_probs_with_ppf(
    ppf: Callable[[float], float], nbuckets: int
) -> tuple[list[tuple[float, float]], list[float]]:
    """Intervals of equal probability, from the inverse of a distribution function.

    Returns
    -------
    list of (low, high), and list of their probabilities
    """
    edges = [ppf(i / nbuckets) for i in range(nbuckets + 1)]
    return list(itertools.pairwise(edges)), [1.0 / nbuckets] * nbuckets


def mean_check(generator: Generator, mu: float, sigma: float, nsamples: int = 1000000) -> bool:
    """Whether the sample mean lies within three standard errors of `mu`."""
    samples = _samples(generator, nsamples)
    return bool(abs(samples.mean() - mu) < 3 * sigma / math.sqrt(nsamples))


def var_check(generator: Generator, sigma: float, nsamples: int = 1000000) -> bool:
    """Whether the sample variance of a normal variable lies within three standard errors."""
    variance = _samples(generator, nsamples).var(ddof=1)
    return bool(abs(variance / sigma**2 - 1) < 3 * math.sqrt(2 / (nsamples - 1)))


def chi_square_check(
    generator: Generator, buckets: Sequence[Any], probs: Sequence[float], nsamples: int = 1000000
) -> tuple[float, Any, Any]:
    """Compare how often samples fall into buckets with what is expected (chi-square test).

    Parameters
    ----------
    generator : function of a count -> that many samples
    buckets : list of (low, high) for continuous, or of values for discrete variables
    probs : list of float
        Probability of each bucket.

    Returns
    -------
    float, array, array
        The p-value, the counts observed, and those expected.

    Raises
    ------
    MissingExtraError
        If SciPy is not installed.
    """
    try:
        from scipy import stats
    except ImportError:
        raise missing_extra("scipy", "test", "chi_square_check") from None
    samples = _samples(generator, nsamples)
    if isinstance(buckets[0], (list, tuple)):
        observed = np.array([np.sum((samples >= a) & (samples < b)) for a, b in buckets])
    else:
        observed = np.array([np.sum(samples == value) for value in buckets])
    chances = np.asarray(probs, np.float64)
    # SciPy wants equal sums: the expected counts are those of the samples inside the buckets
    expected = observed.sum() * chances / chances.sum()
    return float(stats.chisquare(observed, expected).pvalue), observed, expected


def verify_generator(
    generator: Generator,
    buckets: Sequence[Any],
    probs: Sequence[float],
    nsamples: int = 1000000,
    nrepeat: int = 5,
    success_rate: float = 0.2,
    alpha: float = 0.05,
) -> list[float]:
    """Raise AssertionError unless enough of several chi-square tests pass.

    Parameters
    ----------
    generator, buckets, probs, nsamples
        As in `chi_square_check`.
    nrepeat : int
        How many tests.
    success_rate : float
        Share of them that must have a p-value above `alpha`.

    Returns
    -------
    list of float
        The p-values.
    """
    checks = [chi_square_check(generator, buckets, probs, nsamples) for _ in range(nrepeat)]
    found = [p for p, _, _ in checks]
    passed = sum(p > alpha for p in found)
    if passed < nrepeat * success_rate:
        _, observed, expected = checks[-1]
        raise AssertionError(
            f"the generator passes {passed} of {nrepeat} tests, p-values {found}; "
            f"buckets {buckets}, expected {expected}, observed {observed}."
        )
    return found


def _samples(generator: Generator, nsamples: int) -> Any:
    drawn = generator(nsamples)
    values = drawn.asnumpy() if hasattr(drawn, "asnumpy") else np.asarray(drawn)
    return values.reshape(-1)
