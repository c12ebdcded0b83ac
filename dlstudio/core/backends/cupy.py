"""GPU arrays by CuPy. Imported only when a GPU device is used."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.errors import DeviceError, explain, missing_extra
from dlstudio.trace import bus, copies

__all__ = ["CupyBackend"]


def _import_cupy() -> Any:
    try:
        import cupy
    except ImportError:
        raise missing_extra("cupy", "cuda13", "a gpu() device") from None
    return cupy


class CupyBackend:
    """One CUDA device."""

    def __init__(self, device_id: int) -> None:
        self.xp = _import_cupy()
        self.device_id = device_id
        try:
            count = self.xp.cuda.runtime.getDeviceCount()
        except self.xp.cuda.runtime.CUDARuntimeError as error:
            count, reason = 0, f" ({error})"
        else:
            reason = ""
        if device_id >= count:
            raise DeviceError(
                explain(
                    f"gpu({device_id}) was asked for; CUDA shows {count} devices{reason}.",
                    fix="use mx.cpu(), or mx.gpu(i) with i < mx.num_gpus()",
                )
            )

    def _here(self) -> Any:
        return self.xp.cuda.Device(self.device_id)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Make an uninitialised array; CuPy's pool aligns to 512 bytes."""
        with self._here():
            return self.xp.empty(shape, dtype)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Make zeros."""
        with self._here():
            return self.xp.zeros(shape, dtype)

    def from_numpy(self, array: np.ndarray[Any, Any], reason: str = "from NumPy") -> Any:
        """Copy host to device; the ledger notes it, unless `reason` is empty."""
        if bus.subscribers and reason:
            copies.count("numpy", f"gpu({self.device_id})", array.nbytes, reason)
        with self._here():
            return self.xp.asarray(array)

    def to_numpy(self, array: Any) -> np.ndarray[Any, Any]:
        """Copy device to host, and wait for it; the ledger notes it."""
        if bus.subscribers:
            copies.count(f"gpu({self.device_id})", "numpy", array.nbytes, "to NumPy")
        return self.xp.asnumpy(array)

    def synchronize(self) -> None:
        """Wait until the device has finished."""
        self._here().synchronize()

    def generator(self, seed: int, counter: int) -> Any:
        """Philox generator number `counter` of the stream `seed`."""
        with self._here():
            stream = np.random.SeedSequence((seed & (2**64 - 1), self.device_id, counter))
            return self.xp.random.Generator(
                self.xp.random.Philox4x3210(int(stream.generate_state(1)[0]))
            )

    def memory(self) -> tuple[int, int]:
        """Free and total bytes of the GPU."""
        with self._here():
            free, total = self.xp.cuda.runtime.memGetInfo()
        return int(free), int(total)
