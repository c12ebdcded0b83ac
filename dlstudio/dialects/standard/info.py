"""What the namespace says about itself: `__array_namespace_info__`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.device import Device, cpu, current_context, gpu, num_gpus
from dlstudio.dialects.standard.dtypes import DTYPES, KINDS
from dlstudio.errors import ParamError

__all__ = ["__array_namespace_info__"]


class __array_namespace_info__:  # noqa: N801  the standard's name
    """Capabilities, devices and dtypes of the namespace."""

    def capabilities(self) -> dict[str, Any]:
        """Say which optional features there are; `max dimensions` is NumPy's."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Device:
        """Return the device that new arrays go to."""
        return current_context()

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype[Any]]:
        """Return the dtypes that creation functions choose; the same on every device."""
        del device
        return {
            "real floating": DTYPES["float64"],
            "complex floating": DTYPES["complex128"],
            "integral": DTYPES["int64"],
            "indexing": DTYPES["int64"],
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype[Any]]:
        """Return the dtypes by name, all or those of a kind (see `isdtype`) or a tuple of kinds."""
        del device
        if kind is None:
            return dict(DTYPES)
        kinds = kind if isinstance(kind, tuple) else (kind,)
        unknown = [k for k in kinds if k not in KINDS]
        if unknown:
            raise ParamError(
                f"dtypes: parameter kind must be one of {', '.join(map(repr, KINDS))}. "
                f"Got {unknown[0]!r}."
            )
        return {n: d for n, d in DTYPES.items() if any(n in KINDS[k] for k in kinds)}

    def devices(self) -> list[Device]:
        """Return the devices: ``cpu(0)``, ``cpu(1)`` (any number may be used) and all GPUs."""
        return [cpu(0), cpu(1), *(gpu(i) for i in range(num_gpus()))]
