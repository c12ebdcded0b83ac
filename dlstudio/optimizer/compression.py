"""Gradient compression: two bits per number, and what is lost is kept for the next step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlstudio.errors import ParamError, explain

__all__ = ["TwoBitCompression", "compression_of"]


class TwoBitCompression:
    r"""Each number becomes ``-threshold``, 0 or ``threshold``; the rest waits for the next step.

    .. math:: r = r + g,\quad q = \pm t \text{ if } |r| \ge t \text{ else } 0,\quad r = r - q

    Parameters
    ----------
    threshold : float > 0
        In the unit of the gradients.

    References
    ----------
    Seide et al., "1-bit stochastic gradient descent", Interspeech 2014 (error feedback).
    """

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold
        self._rest: dict[Any, Any] = {}

    def __call__(self, key: Any, grad: Any) -> Any:
        """Return what is sent of a gradient.

        Parameters
        ----------
        key : hashable
            Which gradient on which device: each has its own rest.
        grad : NDArray, dense

        Returns
        -------
        NDArray

        Raises
        ------
        ParamError
            If the gradient is sparse.
        """
        if grad.stype != "default":
            raise ParamError(
                explain(
                    f"gradient compression: the gradient of {key!r} is {grad.stype}.",
                    "dense gradients.",
                    "leave compression_params out, or use grad_stype='default'",
                )
            )
        xp, values = grad.context.xp, grad._data
        rest = self._rest.get(key)
        rest = values.copy() if rest is None else rest + values
        sent = xp.where(xp.abs(rest) >= self.threshold, xp.copysign(self.threshold, rest), 0)
        sent = sent.astype(values.dtype)
        self._rest[key] = rest - sent
        return type(grad)._wrap(sent, grad.context)


def compression_of(params: Any, store: str) -> TwoBitCompression | None:
    """Make the compression that ``{"type": "2bit", "threshold": 0.5}`` asks for.

    Parameters
    ----------
    params : dict, or None for no compression
    store : str
        Name of the store: "local" ones do not compress, as in MXNet.

    Raises
    ------
    ParamError
        If the store cannot compress, or an argument is unknown.
    """
    if not params:
        return None
    if not isinstance(params, Mapping) or set(params) - {"type", "threshold"}:
        raise ParamError(_explained(params, "a dict of type and threshold."))
    if "device" not in store:
        raise ParamError(
            explain(
                f"kvstore {store!r} does not compress gradients. Got {params!r}.",
                "a store on the devices.",
                'kvstore="device"',
            )
        )
    threshold = params.get("threshold", 0.5)
    if params.get("type") != "2bit":
        raise ParamError(_explained(params, 'the type "2bit".'))
    if not isinstance(threshold, (int, float)) or not threshold > 0:
        raise ParamError(_explained(params, "a threshold > 0."))
    return TwoBitCompression(float(threshold))


def _explained(params: Any, expected: str) -> str:
    return explain(
        f"compression_params={params!r}.", expected, '{"type": "2bit", "threshold": 0.5}'
    )
