"""What a checkpoint keeps besides weights: random numbers, counters and metrics, as one file.

The file is a ``.params`` file of arrays; a JSON text among them says how they belong together.
Reading it executes nothing.
"""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np

from dlstudio.core import random as streams
from dlstudio.errors import FileFormatError, explain
from dlstudio.interop import params

__all__ = ["dumps", "loads", "put_back", "random_state", "set_random_state", "state_of"]

_META = "__progress__"
_PLAIN = (bool, int, float, str, type(None))


def dumps(tree: dict[str, Any]) -> bytes:
    """Bytes of a tree of dicts, lists, numbers, texts, None and arrays."""
    arrays: dict[str, Any] = {}
    text = json.dumps(_pack(tree, arrays)).encode("utf-8")
    arrays[_META] = np.frombuffer(text, np.uint8)
    return params.dumps(arrays)


def loads(content: bytes) -> dict[str, Any]:
    """Inverse of `dumps`.

    Raises
    ------
    FileFormatError
        If the bytes are something else.
    """
    arrays = params.loads(content)
    try:
        if isinstance(arrays, dict):
            tree = json.loads(np.asarray(arrays[_META]).astype(np.uint8).tobytes())
            return _unpack(tree, arrays)
    except (KeyError, ValueError, TypeError):
        pass
    raise FileFormatError(
        explain("this is not the progress of a training.", "what CheckpointHandler wrote.")
    )


def _pack(value: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return {"dict": {key: _pack(part, arrays) for key, part in value.items()}}
    if isinstance(value, (list, tuple)):
        return [_pack(part, arrays) for part in value]
    array = np.asarray(value)
    name = str(len(arrays))
    # bytes with shape and dtype beside them: every dtype, 0-d and empty arrays come back as given
    arrays[name] = np.frombuffer(array.tobytes(), np.uint8)
    return {"array": [name, array.dtype.str, list(array.shape)]}


def _unpack(tree: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(tree, list):
        return [_unpack(part, arrays) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if "dict" in tree:
        return {key: _unpack(part, arrays) for key, part in tree["dict"].items()}
    name, dtype, shape = tree["array"]
    raw = np.asarray(arrays[name]).astype(np.uint8).tobytes()
    array = np.frombuffer(raw, np.dtype(dtype)).reshape(shape).copy()
    return array if array.ndim else array[()]


def state_of(thing: Any, fields: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return the attributes of `thing` that are data, nested objects of dlstudio included."""
    found: dict[str, Any] = {}
    for name in vars(thing) if fields is None else fields:
        value = getattr(thing, name)
        if isinstance(value, (*_PLAIN, np.ndarray, np.generic, list, tuple, dict)):
            if fields is not None or _is_data(value):
                found[name] = value
        elif type(value).__module__.startswith("dlstudio.metric"):
            found[name] = {"object": state_of(value)}
    return found


def _is_data(value: Any) -> bool:
    return isinstance(value, (bool, int, float, np.ndarray, np.generic))


def put_back(thing: Any, state: dict[str, Any]) -> None:
    """Give `thing` the attributes that `state_of` took."""
    for name, value in state.items():
        if isinstance(value, dict) and set(value) == {"object"}:
            put_back(getattr(thing, name), value["object"])
        elif name in vars(thing):
            setattr(thing, name, value)


def random_state() -> dict[str, Any]:
    """State of every generator that a training draws from: dlstudio's, NumPy's and Python's."""
    _, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002  the global one
    return {
        "streams": streams.get_state(),
        "numpy": [np.array(keys), int(position), int(has_gauss), float(gauss)],
        "python": random.getstate(),
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Draw on from where `random_state` was called."""
    streams.set_state(state["streams"])
    keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state(("MT19937", keys, position, has_gauss, gauss))  # noqa: NPY002
    version, words, gauss_next = state["python"]
    random.setstate((version, tuple(words), gauss_next))
