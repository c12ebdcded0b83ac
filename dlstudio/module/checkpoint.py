"""What modules hand to callbacks, and the pair of files they are saved in."""

from __future__ import annotations

from typing import Any, NamedTuple

from dlstudio import nd, sym
from dlstudio.errors import FileFormatError, explain

__all__ = ["BatchEndParam", "load_checkpoint", "load_params", "read_params"]

Params = dict[str, Any]


class BatchEndParam(NamedTuple):
    """What a batch callback is called with.

    Attributes
    ----------
    epoch, nbatch : int
        Numbers from 0.
    eval_metric : EvalMetric
    locals : dict
        Local variables of the training loop.
    """

    epoch: int
    nbatch: int
    eval_metric: Any
    locals: dict[str, Any] | None


def load_params(prefix: str, epoch: int) -> tuple[Params, Params]:
    """Read ``prefix-0000.params``, with the number `epoch`.

    Returns
    -------
    arg_params, aux_params : dict of str to NDArray

    Raises
    ------
    MissingFileError, FileFormatError
        If the file is not there, or holds something else.
    """
    return read_params(f"{prefix}-{epoch:04d}.params")


def load_checkpoint(prefix: str, epoch: int) -> tuple[Any, Params, Params]:
    """Read ``prefix-symbol.json`` and ``prefix-0000.params``.

    Returns
    -------
    symbol : Symbol
    arg_params, aux_params : dict of str to NDArray
    """
    return (sym.load(f"{prefix}-symbol.json"), *load_params(prefix, epoch))


def read_params(fname: Any) -> tuple[Params, Params]:
    """Arguments and auxiliary states of a file whose names begin with ``arg:`` and ``aux:``.

    Raises
    ------
    FileFormatError
        If a name begins otherwise.
    """
    found: dict[str, Params] = {"arg": {}, "aux": {}}
    stored = nd.load(fname)
    for key, value in stored.items() if isinstance(stored, dict) else [("", None)] * bool(stored):
        kind, colon, name = key.partition(":")
        if not colon or kind not in found:
            raise FileFormatError(
                explain(
                    f"{fname}: the name {key!r} is not one that a module saved.",
                    "names that begin with arg: or aux:.",
                    "net.load_parameters(fname), if a Gluon block saved the file",
                )
            )
        found[kind][name] = value
    return found["arg"], found["aux"]
