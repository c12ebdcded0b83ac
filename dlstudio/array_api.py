"""The Python array API standard, revision 2024.12, on our arrays.

`x.__array_namespace__()` of an np array returns this module. Every function comes from the
operator table, so results are recorded by autograd like those of `mx.np`; gradients are of real
functions, complex numbers carry none. Where the standard leaves a dtype open, it is NumPy's:
functions with real-valued results turn integers into float64. Arrays are those of `mx.np`; their
`T` reverses all axes, however many there are, and their methods are MXNet's.

>>> import dlstudio as mx
>>> x = mx.np.array([[1.0, 2.0], [3.0, 4.0]])
>>> xp = x.__array_namespace__()
>>> float(xp.linalg.det(x)), xp.asarray([1, 2]).dtype == xp.int64
(-2.0, True)

References
----------
https://data-apis.org/array-api/2024.12/
"""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as _np

from dlstudio.dialects.standard import creation as _creation
from dlstudio.dialects.standard import departures as _departures
from dlstudio.dialects.standard import functions as _functions
from dlstudio.dialects.standard import linalg as _linalg
from dlstudio.dialects.standard import signatures as _signatures
from dlstudio.dialects.standard import spectrum as _spectrum
from dlstudio.dialects.standard.build import functions as _built
from dlstudio.dialects.standard.dtypes import DTYPES as _DTYPES
from dlstudio.dialects.standard.dtypes import can_cast, finfo, iinfo, isdtype, result_type
from dlstudio.dialects.standard.info import __array_namespace_info__

if TYPE_CHECKING:  # what is made below, for type checkers

    def __getattr__(name: str) -> Any: ...


__array_api_version__ = "2024.12"
e, inf, nan, newaxis, pi = _np.e, _np.inf, _np.nan, None, _np.pi

_MAIN = {
    **_DTYPES,
    **_built(_signatures.MAIN, "array_api"),
    **_creation.FUNCTIONS,
    **_functions.FUNCTIONS,
}
_EXTENSIONS = {
    "linalg": {**_built(_signatures.LINALG, "array_api.linalg"), **_linalg.FUNCTIONS},
    "fft": {**_built(_signatures.FFT, "array_api.fft"), **_spectrum.FUNCTIONS},
}


def _extension(name: str, members: dict[str, Any]) -> types.ModuleType:
    """Make ``dlstudio.array_api.<name>`` an importable module."""
    full = f"{__name__}.{name}"
    module = types.ModuleType(full, f"The extension `{name}` of the array API standard.")
    vars(module).update(members, __all__=sorted(members))
    sys.modules[full] = module
    return module


__doc__ = f"{__doc__}\n\n{_departures.text()}\n"
vars(sys.modules[__name__]).update(_MAIN)
linalg = _extension("linalg", _EXTENSIONS["linalg"])
fft = _extension("fft", _EXTENSIONS["fft"])

__all__ = [  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]
    *sorted(_MAIN),
    "__array_api_version__",
    "__array_namespace_info__",
    "can_cast",
    "e",
    "fft",
    "finfo",
    "iinfo",
    "inf",
    "isdtype",
    "linalg",
    "nan",
    "newaxis",
    "pi",
    "result_type",
]
