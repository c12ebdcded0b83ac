"""`Updater`: an optimizer together with the states of all its weights."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.core.tensor import NDArray, ndarray
from dlstudio.errors import FileFormatError, explain
from dlstudio.interop import params
from dlstudio.optimizer.many import ManyWeights
from dlstudio.optimizer.optimizer import Optimizer, State

__all__ = ["Updater", "get_updater"]

_META = "__optimizer__"
_DENSE = frozenset({NDArray, ndarray})


class Updater:
    """Called with (index, gradient, weight), it updates the weight; it makes states as needed.

    Parameters
    ----------
    optimizer : Optimizer

    Attributes
    ----------
    states : dict of index to state
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.states: dict[Any, State] = {}
        self.states_synced: dict[Any, bool] = {}
        self.aggregate_updates = False
        self.many = ManyWeights()

    def __call__(self, index: Any, grad: Any, weight: Any) -> None:
        """Update one weight, or lists of them, in place."""
        if not isinstance(index, (list, tuple)):
            index, grad, weight = [index], [grad], [weight]
        states = [self.state(i, w) for i, w in zip(index, weight, strict=True)]
        if not (_DENSE.issuperset(map(type, grad)) and _DENSE.issuperset(map(type, weight))):
            index, grad, weight, states = self._sparse_first(index, grad, weight, states)
        if not index or self.many.update(self.optimizer, index, grad, weight, states):
            return
        for i, g, w, s in zip(index, grad, weight, states, strict=True):
            self.optimizer.update_multi_precision(i, w, g, s)

    def _sparse_first(self, *columns: Any) -> list[list[Any]]:
        """Update the weights that are sparse or have sparse gradients; return the others."""
        dense: list[Any] = []
        for row in zip(*columns, strict=True):
            index, grad, weight, state = row
            if grad.stype == weight.stype == "default":
                dense.append(row)
            else:
                self.optimizer.update_multi_precision(index, weight, grad, state)
        return [list(column) for column in zip(*dense, strict=True)] or [[], [], [], []]

    def state(self, index: Any, weight: Any) -> State:
        """State of weight `index`, made now if need be, on the weight's device."""
        if index not in self.states:
            self.states[index] = self.optimizer.create_state_multi_precision(index, weight)
        elif not self.states_synced[index]:
            self.states[index] = self.sync_state_context(self.states[index], weight.context)
        self.states_synced[index] = True
        return self.states[index]

    def sync_state_context(self, state: State, context: Any) -> State:
        """Copy a state to `context`."""
        if isinstance(state, (tuple, list)):
            return type(state)(self.sync_state_context(s, context) for s in state)
        return None if state is None else state.as_in_context(context)

    def get_states(self, dump_optimizer: bool = False) -> bytes:
        """All states as bytes, with the optimizer's own numbers if asked for.

        The bytes are a ``.params`` file; nothing in them is ever executed when they are read.
        """
        arrays: dict[str, np.ndarray[Any, Any]] = {}
        shape = {str(i): _pack(state, f"{i}", arrays) for i, state in self.states.items()}
        keys = {str(i): isinstance(i, int) for i in self.states}
        meta: dict[str, Any] = {"structure": shape, "whole_numbers": keys}
        if dump_optimizer:
            meta["optimizer"] = _describe(self.optimizer)
        arrays[_META] = np.frombuffer(json.dumps(meta).encode("utf-8"), np.uint8)
        return params.dumps(arrays)

    def set_states(self, states: bytes, shapes: dict[Any, tuple[int, ...]] | None = None) -> None:
        """Take back what `get_states` gave. Nothing changes if the bytes cannot be read.

        Parameters
        ----------
        states : bytes
        shapes : dict of index to tuple of int, optional
            Shapes of the weights, where known; states of other shapes are refused.

        Raises
        ------
        FileFormatError
            If the bytes are something else, or belong to another optimizer or other weights.
        """
        arrays = params.loads(states)
        if not isinstance(arrays, dict) or _META not in arrays:
            raise FileFormatError(
                explain(
                    "these bytes are not optimizer states.",
                    "what Updater.get_states() or Trainer.save_states() wrote.",
                )
            )
        meta = _read_meta(arrays.pop(_META))
        restored = {
            int(key) if meta["whole_numbers"][key] else key: _unpack(tree, arrays)
            for key, tree in meta["structure"].items()
        }
        for key, state in restored.items():
            _check_fit(key, state, (shapes or {}).get(key))
        if "optimizer" in meta:
            _restore(self.optimizer, meta["optimizer"])
        self.states = restored
        self.states_synced = dict.fromkeys(restored, False)


def _read_meta(raw: np.ndarray[Any, Any]) -> dict[str, Any]:
    try:
        meta = json.loads(raw.astype(np.uint8).tobytes())
        if set(meta["structure"]) == set(meta["whole_numbers"]):
            return meta
    except (ValueError, KeyError, TypeError):
        pass
    raise FileFormatError("the description of these optimizer states is damaged.")


def _pack(state: State, name: str, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    """Put the arrays of a state into `arrays`; return its shape as lists, names and None."""
    if isinstance(state, (tuple, list)):
        return [_pack(s, f"{name}/{k}", arrays) for k, s in enumerate(state)]
    if state is None:
        return None
    arrays[name] = state.asnumpy()
    return name


def _unpack(tree: Any, arrays: dict[str, Any]) -> State:
    if isinstance(tree, list):
        return tuple(_unpack(branch, arrays) for branch in tree)
    if tree is None:
        return None
    if tree not in arrays:
        raise FileFormatError(f"the optimizer state {tree!r} is missing.")
    return NDArray(arrays[tree])


def _check_fit(key: Any, state: State, shape: tuple[int, ...] | None) -> None:
    """Refuse states that cannot belong to a weight of `shape`: equal sizes, or 1 where shared."""
    if isinstance(state, (tuple, list)):
        for part in state:
            _check_fit(key, part, shape)
    elif state is not None and shape is not None:
        if len(state.shape) == len(shape) and all(
            n in (1, m) for n, m in zip(state.shape, shape, strict=True)
        ):
            return
        raise FileFormatError(
            explain(
                f"the saved state of parameter {key} has shape {state.shape}, the parameter has"
                f" {shape}.",
                "the states of the same network, its parameters in the same order.",
                "make the Trainer from the network whose states were saved",
            )
        )


def _numbers(thing: Any) -> dict[str, Any]:
    """Plain attributes: numbers, flags, texts, None and lists of those."""
    plain = (int, float, bool, str, type(None))
    return {
        name: value
        for name, value in vars(thing).items()
        if isinstance(value, plain)
        or (isinstance(value, list) and all(isinstance(v, plain) for v in value))
    }


def _describe(optimizer: Optimizer) -> dict[str, Any]:
    schedule = optimizer.lr_scheduler
    return {
        "class": type(optimizer).__name__,
        "numbers": _numbers(optimizer),
        "counts": [
            [device, [[i, n] for i, n in counts.items()]]
            for device, counts in optimizer._all_index_update_counts.items()
        ],
        "schedule": None if schedule is None else [type(schedule).__name__, _numbers(schedule)],
    }


def _restore(optimizer: Optimizer, saved: dict[str, Any]) -> None:
    if saved["class"] != type(optimizer).__name__:
        raise FileFormatError(
            explain(
                f"these are states of {saved['class']}, the optimizer here is"
                f" {type(optimizer).__name__}.",
                "the same optimizer.",
                f"gluon.Trainer(params, {saved['class'].lower()!r}, ...)",
            )
        )
    known = vars(optimizer)
    known.update({k: v for k, v in saved["numbers"].items() if k in known})
    counts = {device: dict(pairs) for device, pairs in saved["counts"]}
    optimizer._all_index_update_counts = counts or {0: {}}
    optimizer._index_update_count = next(iter(optimizer._all_index_update_counts.values()))
    schedule = optimizer.lr_scheduler
    if (
        schedule is not None
        and saved["schedule"]
        and saved["schedule"][0] == type(schedule).__name__
    ):
        vars(schedule).update(
            {k: v for k, v in saved["schedule"][1].items() if k in vars(schedule)}
        )


def get_updater(optimizer: Optimizer) -> Updater:
    """Make an `Updater`, the function MXNet's key-value store calls."""
    return Updater(optimizer)


__getattr__ = held_elsewhere(__name__)  # what MXNet's module of this name has besides
