"""`mx.util`: the NumPy switches, and a few helpers of MXNet programs."""

from __future__ import annotations

from pathlib import Path

from dlstudio.core.device import gpu_memory_info as get_gpu_memory
from dlstudio.core.device import num_gpus as get_gpu_count
from dlstudio.dialects.switches import (
    is_np_array,
    is_np_shape,
    np_array,
    np_shape,
    reset_np,
    set_np,
    set_np_shape,
    use_np,
)

__all__ = [
    "get_gpu_count",
    "get_gpu_memory",
    "is_np_array",
    "is_np_shape",
    "makedirs",
    "np_array",
    "np_shape",
    "reset_np",
    "set_np",
    "set_np_shape",
    "use_np",
    "use_np_array",
    "use_np_shape",
]

use_np_array = use_np
use_np_shape = use_np


def makedirs(d: str) -> None:
    """Make a folder and its parents; nothing happens if it is there."""
    Path(d).expanduser().mkdir(parents=True, exist_ok=True)
