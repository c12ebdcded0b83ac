"""Functions that NumPy itself computes: the arrays go to the host, the result comes back.

MXNet does the same for these names. They have no gradient: to go backward through one is an error
(MXNet refuses to compute it while recording).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.avals import is_floating
from dlstudio.core.device import current_context
from dlstudio.core.tape import record_custom, state, values_decide
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.dialects.explaining import explaining
from dlstudio.dialects.standard.protocols import tensors_in
from dlstudio.errors import GradError, explain

__all__ = ["NAMES", "functions"]

NAMES = [
    "min_scalar_type",
    "promote_types",
    "set_printoptions",
    "genfromtxt",
    "apply_along_axis",
    "apply_over_axes",
    "argpartition",
    "array_equiv",
    "bincount",
    "choose",
    "compress",
    "correlate",
    "convolve",
    "diag_indices_from",
    "digitize",
    "divmod",
    "extract",
    "float_power",
    "frexp",
    "heaviside",
    "histogram",
    "histogram2d",
    "histogram_bin_edges",
    "histogramdd",
    "i0",
    "interp",
    "intersect1d",
    "isclose",
    "iscomplex",
    "isreal",
    "isin",
    "ix_",
    "lexsort",
    "logaddexp2",
    "modf",
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmedian",
    "nanpercentile",
    "nanquantile",
    "packbits",
    "partition",
    "piecewise",
    "poly",
    "polyadd",
    "polydiv",
    "polyfit",
    "polyint",
    "polymul",
    "polysub",
    "polyder",
    "roots",
    "searchsorted",
    "setdiff1d",
    "setxor1d",
    "sinc",
    "spacing",
    "tril_indices",
    "tril_indices_from",
    "triu_indices",
    "triu_indices_from",
    "trim_zeros",
    "union1d",
    "unique",
    "unpackbits",
    "unravel_index",
    "unwrap",
    "vander",
    "ravel_multi_index",
]


# what the user's own function raises stays what it is
_CALLING_BACK = ("apply_along_axis", "apply_over_axes", "piecewise")


def _host(x: Any) -> Any:
    if isinstance(x, Tensor):
        return x.asnumpy()
    if isinstance(x, (list, tuple)):
        return type(x)(_host(v) for v in x)
    return x


def _dressed(x: Any, device: Any) -> Any:
    """Results as arrays on `device`; NumPy's scalars stay what they are."""
    if isinstance(x, np.ndarray):
        return ndarray._wrap(device.backend.from_numpy(x.copy()), device)
    if isinstance(x, (list, tuple)):
        parts = [_dressed(v, device) for v in x]
        return tuple(parts) if isinstance(x, tuple) else parts
    return x


def _refuse_gradients(name: str, values: Any, results: Any) -> None:
    """Let backward say where it cannot go on, where results that vary hang on recorded values."""
    recorded = [x for x in tensors_in(values) if x._entry is not None]
    varying = [x for x in tensors_in([results]) if is_floating(x._data.dtype)]
    if not recorded or not varying or state.tracer is not None:
        return

    def refuse(heads: Any, create_graph: bool) -> Any:
        raise GradError(
            explain(
                f"np.{name} has no gradient, and backward came to it.",
                "functions of mx.np that are differentiable.",
                f"np.{name}(x.detach()) if it is meant to be constant",
            )
        )

    record_custom(recorded, varying, refuse, name)


def through_host(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap one of NumPy's functions."""

    def call(*args: Any, **kwargs: Any) -> Any:
        values_decide(f"np.{name}")
        first = next(tensors_in([*args, *kwargs.values()]), None)
        device = current_context() if first is None else first._device
        out = kwargs.pop("out", None)
        result = function(*_host(args), **{key: _host(value) for key, value in kwargs.items()})
        if out is not None:
            out[...] = result
            return out
        dressed = _dressed(result, device)
        if state.recording:
            _refuse_gradients(name, [*args, *kwargs.values()], dressed)
        return dressed

    call.__name__ = call.__qualname__ = name
    call.__wrapped__ = function  # type: ignore[attr-defined]  # whose signature help() shows
    call.__module__ = "dlstudio.np"
    call.__doc__ = f"NumPy's `{name}`, computed on the host; it has no gradient."
    told = call if name in _CALLING_BACK else explaining(call)
    told.on_host = True  # type: ignore[attr-defined]  # for NumPy's protocols
    return told


def _in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    return np.isin(np.ravel(ar1), ar2, assume_unique, invert)


def functions() -> dict[str, Callable[..., Any]]:
    """All names of `NAMES` that this NumPy has."""
    made = {name: through_host(name, getattr(np, name)) for name in NAMES if hasattr(np, name)}
    made["msort"] = through_host("msort", lambda a: np.sort(a, axis=0))
    made["in1d"] = through_host("in1d", _in1d)
    return made


LINALG = ["cond", "eig", "eigvals", "lstsq", "matrix_rank"]


def linalg_functions() -> dict[str, Callable[..., Any]]:
    """Functions of `np.linalg` that NumPy itself computes."""
    return {name: through_host(name, getattr(np.linalg, name)) for name in LINALG}
