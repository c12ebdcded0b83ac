"""Kullback-Leibler divergences: a table by pairs of classes, and an estimate from draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.probability.distributions.distribution import Distribution

__all__ = ["empirical_kl", "kl_divergence", "register_kl"]

Rule = Callable[[Any, Any], Any]
_RULES: dict[tuple[type, type], Rule] = {}


def register_kl(typeP: type, typeQ: type) -> Callable[[Rule], Rule]:
    """Decorate ``f(p, q)`` as the divergence of a `typeP` from a `typeQ`.

    Parameters
    ----------
    typeP, typeQ : class
        Of the first and second argument of `kl_divergence`; holds for their subclasses too.

    Raises
    ------
    ParamError
        If one is no class of distributions.
    """
    for kind in (typeP, typeQ):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise ParamError(
                explain(
                    f"register_kl: {kind!r} was given.",
                    "subclasses of Distribution.",
                    "@register_kl(Normal, Normal)",
                )
            )

    def register(rule: Rule) -> Rule:
        _RULES[typeP, typeQ] = rule
        return rule

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    r"""Kullback-Leibler divergence :math:`KL(p \| q) = E_p[\log p(x) - \log q(x)]`.

    Parameters
    ----------
    p, q : Distribution

    Returns
    -------
    ndarray
        One number for each distribution of the batch of both.

    Raises
    ------
    NotImplementedError
        If no formula is registered for their classes.

    Examples
    --------
    >>> from dlstudio.gluon import probability as mgp
    >>> float(mgp.kl_divergence(mgp.Normal(1.0, 1.0), mgp.Normal(0.0, 1.0)))
    0.5
    """
    for kind_p in type(p).__mro__:
        for kind_q in type(q).__mro__:
            rule = _RULES.get((kind_p, kind_q))
            if rule is not None:
                return p._array(rule(p, q))
    names = type(p).__name__, type(q).__name__
    raise NotImplementedError(
        explain(
            f"kl_divergence: there is no formula for {names[0]} and {names[1]}.",
            f"one of {', '.join(sorted(f'({a.__name__}, {b.__name__})' for a, b in _RULES))}.",
            f"empirical_kl(p, q, n_samples=1000), or @register_kl({names[0]}, {names[1]})",
        )
    )


def empirical_kl(p: Distribution, q: Distribution, n_samples: int = 1) -> Any:
    """Estimate the divergence of `p` from `q` as the mean of ``log p - log q`` over draws of p.

    Parameters
    ----------
    p, q : Distribution
    n_samples : int or tuple of int
        How many draws.

    Returns
    -------
    ndarray
        One number for each distribution of the batch.
    """
    shape = (n_samples,) if isinstance(n_samples, int) else tuple(n_samples)
    drawn = p.sample_n(shape)
    return (p.log_prob(drawn) - q.log_prob(drawn)).mean(tuple(range(len(shape))))
