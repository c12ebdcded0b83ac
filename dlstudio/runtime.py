"""`mx.runtime`: what this installation can do, asked as programs for MXNet ask.

Features are found when they are asked for: nothing optional is imported by asking.
"""

from __future__ import annotations

import importlib.util
import os
from collections import OrderedDict
from typing import NamedTuple

from dlstudio.errors import ParamError

__all__ = ["Feature", "Features", "feature_list"]

# MXNet's names; features that no installation here has are listed as absent
_ABSENT = (
    "CUDNN NCCL CUDA_RTC TENSORRT CPU_SSE CPU_SSE2 CPU_SSE3 CPU_SSE4_1 CPU_SSE4_2 CPU_SSE4A CPU_AVX"
    " CPU_AVX2 OPENMP SSE F16C JEMALLOC BLAS_MKL BLAS_ATLAS BLAS_APPLE LAPACK ONEDNN MKLDNN CAFFE"
    " PROFILER_NVTX DIST_KVSTORE CXX14 SIGNAL_HANDLER DEBUG TVM_OP"
)


class Feature(NamedTuple):
    """A feature and whether it is there."""

    name: str
    enabled: bool

    def __repr__(self) -> str:
        return f"{'✔' if self.enabled else '✖'} {self.name}"


def _present() -> dict[str, bool]:
    def installed(library: str) -> bool:
        return importlib.util.find_spec(library) is not None

    return {
        "CUDA": installed("cupy"),
        "BLAS_OPEN": True,  # NumPy's own
        "OPENCV": installed("PIL"),  # pictures are read by Pillow
        "INT64_TENSOR_SIZE": True,
        "PROFILER": True,
        "NUMBA": installed("numba"),
        "THREADS": (os.cpu_count() or 1) > 1,
    }


def feature_list() -> list[Feature]:
    """All features, MXNet's names among them."""
    found = {**dict.fromkeys(_ABSENT.split(), False), **_present()}
    return [Feature(name, enabled) for name, enabled in found.items()]


class Features(OrderedDict[str, Feature]):
    """Features by name.

    Examples
    --------
    >>> Features().is_enabled("BLAS_OPEN")
    True
    """

    def __init__(self) -> None:
        super().__init__((feature.name, feature) for feature in feature_list())

    def __repr__(self) -> str:
        return str(list(self.values()))

    def is_enabled(self, feature_name: str) -> bool:
        """Tell whether a feature is there.

        Raises
        ------
        ParamError
            If there is no feature of this name.
        """
        name = feature_name.upper()
        if name not in self:
            raise ParamError(
                f"Feature {feature_name!r} is unknown, known features are {list(self)}"
            )
        return self[name].enabled
