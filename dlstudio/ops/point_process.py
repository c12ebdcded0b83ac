"""Self-exciting point processes.

References
----------
Hawkes, "Spectra of some self-exciting and mutually exciting point processes", Biometrika 1971.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.registry import bad, composite
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.rules import contrib


def _check(**arrays: Any) -> None:
    N, K = arrays["lda"].shape
    T = arrays["lags"].shape[-1]
    want = {
        "alpha": (K,), "beta": (K,), "state": (N, K), "lags": (N, T), "marks": (N, T),
        "valid_length": (N,), "max_time": (N,),
    }  # fmt: skip
    for name, shape in want.items():
        if tuple(arrays[name].shape) != shape:
            raise ShapeError(
                explain(
                    f"hawkesll: {name} has shape {tuple(arrays[name].shape)}.",
                    f"{shape}: lda is (N, K) = ({N}, {K}), lags (N, T).",
                )
            )


@composite(
    "hawkesll",
    outputs=2,
    names=contrib("hawkesll"),
    constant=("marks", "valid_length"),
    samples=lambda s: [
        s((2, 3), (3,), (3,), (2, 3), (2, 4), np.array([[0, 1, 2, 0], [1, 1, 0, 2]]),
          np.array([3.0, 4.0]), np.array([9.0, 9.5])),
        s((1, 1), (1,), (1,), (1, 1), (1, 2), np.array([[0, 0]]), np.array([0.0]), (1,)),
    ],
    errors=lambda s: [
        bad(
            s((2, 3), (2,), (3,), (2, 3), (2, 4), s.ints(2, 4, high=3), (2,), (2,)),
            ShapeError, r"alpha has shape \(2,\)",
        ),
    ],
)  # fmt: skip
def _(
    F: Any, lda: Any, alpha: Any, beta: Any, state: Any, lags: Any, marks: Any, valid_length: Any,
    max_time: Any,
) -> tuple[Any, Any]:  # fmt: skip
    r"""Log-likelihood of observed events under Hawkes processes, and their state at the end.

    Events of mark k raise the intensity of k: :math:`\lambda_k(t) = \mu_k + \alpha_k \beta_k
    \sum_{t_i < t, y_i = k} e^{-\beta_k (t - t_i)}`.

    Parameters
    ----------
    lda : array, shape (N, K)
        Intensity without events, of each of K marks.
    alpha, beta : array, shape (K,)
        Branching ratio and decay of the excitement.
    state : array, shape (N, K)
        Excitement left from before.
    lags, marks : array, shape (N, T)
        Time since the event before, and mark of each event.
    valid_length, max_time : array, shape (N,)
        Number of events that count, and length of the observation.

    Returns
    -------
    tuple of array
        Log-likelihood (N,), excitement at `max_time` (N, K).
    """
    _check(lda=lda, alpha=alpha, beta=beta, state=state, lags=lags, marks=marks,
           valid_length=valid_length, max_time=max_time)  # fmt: skip
    (N, K), T = lda.shape, lags.shape[1]
    dtype = np.dtype(lda.dtype).name
    alpha, beta = F.reshape(alpha, shape=(1, K)), F.reshape(beta, shape=(1, K))
    counts = F.reshape(F.cast(valid_length, dtype=dtype), shape=(N, 1))
    zeros = F.zeros(shape=(N, 1), dtype=dtype)
    now, last, total = zeros, F.zeros(shape=(N, K), dtype=dtype), F.zeros(shape=(N,), dtype=dtype)

    def elapsed(since: Any) -> tuple[Any, Any]:
        """Excitement, and integral of the intensity, after the time `since` of each mark."""
        left = F.exp(F.negative(F.multiply(beta, since)))
        area = F.multiply(
            F.multiply(alpha, state), F.subtract_scalar(left, scalar=1.0, reverse=True)
        )
        return F.multiply(state, left), F.add(F.multiply(lda, since), area)

    for t in range(T):
        hot = F.one_hot(F.slice(marks, begin=(0, t), end=(N, t + 1)), depth=K, dtype=dtype)
        counted = F.cast(F.greater_scalar(counts, scalar=float(t)), dtype=dtype)
        hot = F.multiply(F.reshape(hot, shape=(N, K)), counted)
        lag = F.slice(lags, begin=(0, t), end=(N, t + 1))
        now = F.add(now, F.multiply(lag, counted))
        kept, area = elapsed(F.subtract(now, last))
        intensity = F.add(lda, F.multiply(F.multiply(alpha, beta), kept))
        gain = F.subtract(F.log(intensity), area)
        total = F.add(total, F.sum(F.multiply(hot, gain), axis=1))
        rest = F.subtract_scalar(hot, scalar=1.0, reverse=True)
        state = F.add(F.multiply(rest, state), F.multiply(hot, F.add_scalar(kept, scalar=1.0)))
        last = F.add(F.multiply(rest, last), F.multiply(hot, now))
    end = F.reshape(F.cast(max_time, dtype=dtype), shape=(N, 1))
    kept, area = elapsed(F.subtract(end, last))
    return F.subtract(total, F.sum(area, axis=1)), kept
