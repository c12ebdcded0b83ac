"""What a loader's worker process does: read samples, stack them in shared memory, hand them over.

A worker lives as long as its loader. It ends when its request pipe closes, which happens when the
loader is gone, and also when the whole parent process was killed: no orphans stay behind.
"""

from __future__ import annotations

import pickle
import random
import signal
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from dlstudio.compat import install_as_mxnet, is_installed_as_mxnet
from dlstudio.core import random as streams
from dlstudio.dialects.switches import is_np_array, is_np_shape, set_np
from dlstudio.gluon.data import shared

__all__ = ["Failure", "Request", "Surroundings", "serve"]


@dataclass(frozen=True)
class Request:
    """One batch to make.

    Attributes
    ----------
    ticket : int
        Comes back with the answer.
    indices : sequence
        The samples, in order.
    seed : int
        For Python's and NumPy's generators: which worker makes a batch does not matter.
    stream : int
        For the generator of `mx.random`, likewise.
    """

    ticket: int
    indices: Sequence[Any]
    seed: int
    stream: int


@dataclass(frozen=True)
class Surroundings:
    """What a program has switched in its process and a worker must switch likewise.

    Reading the pickle of one switches; so it comes before the data set, which may need it.

    Attributes
    ----------
    mxnet : bool
        Whether ``import mxnet`` imports dlstudio.
    array, shape : bool
        See `npx.set_np`.
    """

    mxnet: bool
    array: bool
    shape: bool

    @classmethod
    def here(cls) -> Surroundings:
        """Those of this process."""
        return cls(is_installed_as_mxnet(), is_np_array(), is_np_shape())

    def __reduce__(self) -> tuple[Any, ...]:
        return _switch, (self.mxnet, self.array, self.shape)


def _switch(mxnet: bool, array: bool, shape: bool) -> Surroundings:
    if mxnet:
        install_as_mxnet()
    set_np(shape, array)
    return Surroundings(mxnet, array, shape)


@dataclass(frozen=True)
class Failure:
    """What went wrong in a worker, in a form that can always be sent.

    Attributes
    ----------
    where : str
        "sample 17", or "the batch of samples …" if they could not be put together.
    summary : str
        "ValueError: …"
    trace : str
        The worker's own traceback.
    error : Exception or None
        The exception itself, if it can be pickled.
    """

    where: str
    summary: str
    trace: str
    error: Exception | None

    @classmethod
    def of(cls, where: str, error: Exception) -> Failure:
        """Describe an exception that is being handled."""
        summary = traceback.format_exception_only(error)[-1].strip()
        frames = error.__traceback__
        inner = frames.tb_next if frames else None  # the outermost frame is this module's
        trace = "".join(traceback.format_exception(type(error), error, inner or frames))
        return cls(where, summary, trace, error if _survives(error) else None)


def _survives(error: Exception) -> bool:
    try:
        message = _packed(error, [])
        message.close()
        pickle.loads(message.body)
    except Exception:
        return False
    return True


def serve(requests: Connection, results: Connection, parent: int) -> None:
    """Answer requests until the pipe closes. This is the main function of the process.

    Parameters
    ----------
    requests : Connection
        First the packed (`Surroundings`, data set, batchify function), then one `Request` at a
        time.
    results : Connection
        Takes (ticket, batch or `Failure`).
    parent : int
        Process id of the reader of `results`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it closes our pipe
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        make = _receive_task(requests)
        while True:
            request: Request = requests.recv()
            _answer(request, make, results, parent)


def _receive_task(requests: Connection) -> Callable[[Request], Any]:
    try:
        _, dataset, batchify = shared.receive(requests, private=True)
    except (EOFError, ConnectionResetError):
        raise
    except Exception as error:
        failure = Failure.of("the data set could not be rebuilt in the worker", error)
        return lambda _: failure
    return lambda request: _make_batch(dataset, batchify, request)


def _answer(
    request: Request, make: Callable[[Request], Any], results: Connection, parent: int
) -> None:
    with shared.collecting() as blocks:
        batch = make(request)
        try:
            message = _packed((request.ticket, batch), blocks)
        except Exception as error:
            failure = Failure.of(f"the batch of samples {_listed(request.indices)}", error)
            message = _packed((request.ticket, failure), blocks)
    try:
        message.send(results, parent)
    finally:
        message.close()


def _packed(answer: Any, blocks: list[shared.Block]) -> shared.Message:
    """Pickle an answer; classes of the user's script or notebook go home as cloudpickle does it.

    They came here by value: plain pickle does not find them by name.
    """
    try:
        return shared.pack(answer, blocks)
    except Exception:  # objects refuse to be pickled in many ways
        if not find_spec("cloudpickle"):
            raise
        import cloudpickle

        return shared.pack(answer, blocks, cloudpickle.Pickler)


def _make_batch(dataset: Any, batchify: Callable[[list[Any]], Any], request: Request) -> Any:
    _seed(request)
    samples: list[Any] = []
    where = ""
    try:
        for index in request.indices:
            where = f"sample {index}"
            samples.append(dataset[index])
        where = f"the batch of samples {_listed(request.indices)}"
        return batchify(samples)
    except Exception as error:
        return Failure.of(where, error)


def _seed(request: Request) -> None:
    random.seed(request.seed)
    np.random.seed(request.seed)  # noqa: NPY002  what many data sets of programs draw from
    streams.seed(request.stream)


def _listed(indices: Sequence[Any]) -> str:
    shown = ", ".join(str(index) for index in list(indices)[:8])
    return f"{shown}, …" if len(indices) > 8 else shown
