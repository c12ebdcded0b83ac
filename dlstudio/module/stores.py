"""Steps of a training loop of one's own over several devices, with a key-value store or without.

`mx.model` has them under MXNet's names, ``_create_kvstore`` and so on, which programs import.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.kvstore import KVStoreBase, create

__all__ = ["create_kvstore", "initialize_kvstore", "update_params", "update_params_on_kvstore"]

_LARGE = 16 * 2**20  # above so many numbers "local" leaves the update to the devices, as in MXNet


def create_kvstore(
    kvstore: Any, num_device: int, arg_params: Mapping[str, Any]
) -> tuple[Any, bool]:
    """Make the store that so many devices need.

    Parameters
    ----------
    kvstore : str, KVStore or None
    num_device : int
    arg_params : dict of str to NDArray

    Returns
    -------
    store : KVStore or None
        None where one device needs none.
    update_on_kvstore : bool
        Whether the optimizer runs in the store.

    Raises
    ------
    ParamError
        If `kvstore` is something else.
    """
    if kvstore is None or isinstance(kvstore, KVStoreBase):
        return kvstore, kvstore is not None
    if not isinstance(kvstore, str):
        raise ParamError(
            explain(f"kvstore is {kvstore!r}.", "a name, a KVStore or None.", 'kvstore="local"')
        )
    if num_device == 1 and "dist" not in kvstore:
        return None, False
    largest = max((math.prod(x.shape) for x in arg_params.values()), default=0)
    return create(kvstore), kvstore != "local" or largest <= _LARGE


def initialize_kvstore(
    kvstore: Any, param_arrays: Sequence[Any], arg_params: Mapping[str, Any],
    param_names: Sequence[str], update_on_kvstore: bool,
) -> None:  # fmt: skip
    """Put the parameters into a store, and from there on all devices if it will update them."""
    for name, arrays in zip(param_names, param_arrays, strict=True):
        kvstore.init(name, arg_params[name])
        if update_on_kvstore:
            kvstore.pull(name, arrays)


def update_params_on_kvstore(
    param_arrays: Sequence[Any], grad_arrays: Sequence[Any], kvstore: Any,
    param_names: Sequence[str],
) -> None:  # fmt: skip
    """Let the store sum gradients, update, and hand out new parameters: a list of devices each."""
    for name, weights, gradients in zip(param_names, param_arrays, grad_arrays, strict=True):
        if gradients[0] is not None:
            kvstore.push(name, gradients)
            kvstore.pull(name, weights)


def update_params(
    param_arrays: Sequence[Any], grad_arrays: Sequence[Any], updater: Any, num_device: int,
    kvstore: Any = None, param_names: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """Update on every device by itself, after a store has summed the gradients, if there is one."""
    for i, (weights, gradients) in enumerate(zip(param_arrays, grad_arrays, strict=True)):
        if gradients[0] is None:
            continue
        if kvstore is not None:
            name = i if param_names is None else param_names[i]
            kvstore.push(name, gradients)
            kvstore.pull(name, gradients)
        for k, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
            updater(i * num_device + k, gradient, weight)
