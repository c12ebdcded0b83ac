"""What differs between NumPy and CuPy arrays, behind one small interface."""

from __future__ import annotations

from dlstudio.core.backends.base import Backend
from dlstudio.core.backends.numpy import NumpyBackend

__all__ = ["Backend", "NumpyBackend", "backend_for"]


def backend_for(device_type: str, device_id: int) -> Backend:
    """Make the backend of a device; a GPU backend imports CuPy, and says so if it is missing."""
    if device_type == "gpu":
        from dlstudio.core.backends.cupy import CupyBackend

        return CupyBackend(device_id)
    return NumpyBackend(device_id)
