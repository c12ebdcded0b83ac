"""`mx.npx`: neural-network operators for the NumPy dialect, and its switches."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from dlstudio.core.device import cpu, cpu_pinned, current_context, gpu, gpu_memory_info, num_gpus
from dlstudio.core.random import seed
from dlstudio.core.registry import OPS
from dlstudio.dialects import pictures as _pictures
from dlstudio.dialects.bind import Namespace, build_function, submodules
from dlstudio.dialects.numpy import control as _control
from dlstudio.dialects.numpy import functions as _functions
from dlstudio.dialects.numpy import random as _samplers
from dlstudio.dialects.switches import is_np_array, is_np_shape, reset_np, set_np, use_np
from dlstudio.errors import ParamError, explain
from dlstudio.nd import from_dlpack as _from_dlpack
from dlstudio.nd import from_numpy as _from_numpy
from dlstudio.nd import load as _load
from dlstudio.nd import save, to_dlpack_for_read, to_dlpack_for_write, waitall

__all__ = [
    "cpu",
    "cpu_pinned",
    "current_context",
    "from_dlpack",
    "from_numpy",
    "gpu",
    "gpu_memory_info",
    "is_np_array",
    "is_np_default_dtype",
    "is_np_shape",
    "load",
    "num_gpus",
    "reset_np",
    "save",
    "savez",
    "seed",
    "set_np",
    "set_np_default_dtype",
    "to_dlpack_for_read",
    "to_dlpack_for_write",
    "use_np",
    "waitall",
]

current_device = current_context


def from_numpy(ndarray: Any, zero_copy: bool = True) -> Any:
    """Look at a NumPy array's memory as an np array; see `mx.nd.from_numpy`."""
    return _from_numpy(ndarray, zero_copy).as_np_ndarray()


def from_dlpack(dlpack: Any) -> Any:
    """Look at DLPack memory as an np array; see `mx.nd.from_dlpack`."""
    return _from_dlpack(dlpack).as_np_ndarray()


def load(file: Any) -> Any:
    """Read arrays saved with `save` as np arrays; see `mx.nd.load`.

    A file that NumPy saved (``.npy``) gives its array, as in MXNet 2.
    """
    found = _load(file)
    from dlstudio.interop import npz

    if isinstance(found, list) and npz.is_npy(file):
        return found[0].as_np_ndarray()
    if isinstance(found, dict):
        return {name: x.as_np_ndarray() for name, x in found.items()}
    return [x.as_np_ndarray() for x in found]


def savez(file: Any, *args: Any, **kwds: Any) -> None:
    """Write arrays to an ``.npz`` archive, atomically.

    Parameters
    ----------
    file : path
    *args : ndarray
        Named ``arr_0``, ``arr_1`` …
    **kwds : ndarray
        By name.
    """
    from dlstudio.interop import files, npz

    named = {**{f"arr_{i}": x for i, x in enumerate(args)}, **kwds}
    files.write_atomically(file, npz.dumps({name: x.asnumpy() for name, x in named.items()}))


def is_np_default_dtype() -> bool:
    """Whether arrays made without a dtype are float64, as in NumPy: never, they are float32."""
    return False


def set_np_default_dtype(is_np_default_dtype: bool = True) -> bool:
    """Refuse float64 as the default of `np`, which one table of departures from NumPy fixes.

    Returns
    -------
    bool
        What it was: False.

    Raises
    ------
    ParamError
        If asked for it; `dlstudio.array_api` has the standard's defaults.
    """
    if is_np_default_dtype:
        raise ParamError(
            explain(
                "set_np_default_dtype(True): the default of np stays float32.",
                "a dtype where float64 is wanted.",
                'np.zeros(3, dtype="float64"), or dlstudio.array_api',
            )
        )
    return False


_module = sys.modules[__name__]
vars(_module).update(_functions.NPX_FUNCTIONS | _control.CONTROL_FLOW)
vars(_module)["broadcast_greater"] = build_function(
    OPS["broadcast_greater"], "broadcast_greater", "npx"
)
control_flow, utils = _control, _module
Namespace("npx").attach(_module)
submodules(_module, "npx", ("random", "image"))
vars(sys.modules[f"{__name__}.image"]).update(_pictures.FUNCTIONS)


def _augmenter(name: str) -> Any:
    """`npx.image` also has the augmenters of `mx.image`, which stands above this module."""
    above = importlib.import_module("dlstudio.image")
    return getattr(above, name) if name in above.__all__ else _operator_on_pictures(name)


_operator_on_pictures = vars(sys.modules[f"{__name__}.image"])["__getattr__"]
vars(sys.modules[f"{__name__}.image"])["__getattr__"] = _augmenter
vars(sys.modules[f"{__name__}.random"]).update(_samplers.npx_functions())
