"""Transfer learning: freeze parts of a trained network, replace its head, train parts slowly.

Parameters are chosen by regular expressions over their structural names, those of
`save_parameters`: ``"features"`` takes everything below ``net.features``.

>>> from dlstudio import gluon
>>> from dlstudio.gluon import transfer
>>> net = gluon.model_zoo.vision.mobilenet0_25(classes=1000)
>>> net.initialize()
>>> head = transfer.replace_head(net, classes=5)
>>> len(transfer.freeze(net, "features")) > 0
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dlstudio.errors import ParamError, explain
from dlstudio.gluon import nn
from dlstudio.gluon.block import Block
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.parameter import Parameter

__all__ = [
    "GradualUnfreezing", "freeze", "learning_rates", "replace_head", "select", "unfreeze",
]  # fmt: skip


_WHOLE = r"(?!\d)"  # no digit follows


def select(net: Block, pattern: str) -> dict[str, Parameter]:
    """Find parameters by structural name.

    Parameters
    ----------
    net : Block
    pattern : str
        Regular expression that matches the beginning of the name; a number at its end is a whole
        one: ``"features.1"`` leaves ``features.10`` alone. If no structural name matches, those of
        `collect_params` are tried: ``".*batchnorm"``.

    Raises
    ------
    ParamError
        If nothing matches: a pattern with a mistake must not silently do nothing.
    """
    named = net._collect_params_with_prefix()
    wanted = _compiled(pattern)
    found = {name: p for name, p in named.items() if wanted.match(name)}
    found = found or {name: p for name, p in named.items() if wanted.match(p.name)}
    if not found:
        raise ParamError(
            explain(
                f"no parameter's name begins with {pattern!r}.",
                f"the beginning of names such as {', '.join(list(named)[:3])}.",
                'transfer.freeze(net, "features")',
            )
        )
    return found


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(f"(?:{pattern}){_WHOLE if pattern[-1:].isdigit() else ''}")
    except (re.error, TypeError) as error:
        raise ParamError(
            explain(
                f"{pattern!r} is no regular expression: {error}.",
                "the beginning of the names of parameters.",
                'transfer.freeze(net, "features")',
            )
        ) from None


def freeze(net: Block, pattern: str = "", *, statistics: bool = True) -> list[str]:
    """Keep parameters as they are: no gradient is computed for them.

    Parameters
    ----------
    net : Block
    pattern : str
        See `select`.
    statistics : bool
        Batch normalisations whose parameters are all frozen also use their moving statistics
        and leave them alone.

    Returns
    -------
    list of str
        Names of the parameters frozen.
    """
    return _set(net, pattern, frozen=True, statistics=statistics)


def unfreeze(net: Block, pattern: str = "", *, statistics: bool = True) -> list[str]:
    """Train parameters again, gradients written or added up as before; see `freeze`."""
    return _set(net, pattern, frozen=False, statistics=statistics)


def _set(net: Block, pattern: str, *, frozen: bool, statistics: bool) -> list[str]:
    found = select(net, pattern)
    for parameter in found.values():
        _set_one(parameter, frozen)
    if statistics:
        chosen = set(found.values())
        net.apply(lambda block: _use_statistics(block, chosen, frozen))
    net.apply(_forget_plans)
    return list(found)


def _set_one(parameter: Parameter, frozen: bool) -> None:
    if frozen and parameter.grad_req != "null":
        vars(parameter)["_req_if_trained"] = parameter.grad_req
        parameter.grad_req = "null"
    elif not frozen and parameter.grad_req == "null":
        parameter.grad_req = vars(parameter).get("_req_if_trained", "write")


def _use_statistics(block: Block, chosen: set[Parameter], frozen: bool) -> None:
    own = set(block._reg_params.values())
    facts = getattr(block, "_kwargs", None)
    if isinstance(facts, dict) and "use_global_stats" in facts and own and own <= chosen:
        facts["use_global_stats"] = frozen


def _forget_plans(block: Block) -> None:
    """Hybridized blocks trace their parts anew."""
    if isinstance(block, HybridBlock):
        block._clear_cached_op()


def replace_head(
    net: Block, head: Block | None = None, *, classes: int | None = None, name: str = "output"
) -> Block:
    """Put a new head in place of the old one, initialized if `net` is.

    Parameters
    ----------
    net : Block
    head : Block, optional
        By default a dense layer of `classes` outputs.
    classes : int, optional
    name : str
        Structural name of the head; networks of the model zoo call it ``output``, and the third
        part of a Sequential is ``"2"``.

    Returns
    -------
    Block
        The new head.

    Raises
    ------
    ParamError
        If `net` has no such part, or neither `head` nor `classes` is given.
    """
    *path, last = name.split(".")
    owner = net
    for part in path:
        owner = _part(owner, part)
    _part(owner, last)
    if head is None:
        if classes is None:
            raise ParamError("replace_head: give classes=10 or a block as the new head.")
        with owner.name_scope():
            head = nn.Dense(classes, prefix=f"{last}_new_")
    if last in vars(owner):
        object.__setattr__(owner, last, head)  # may be of another type than the old one
    owner.register_child(head, last)
    net.apply(_forget_plans)
    first = next(iter(net.collect_params().values()))
    if first._data is not None or first._deferred is not None:
        head.initialize(ctx=first.list_ctx())
    return head


def _part(block: Block, name: str) -> Block:
    if name not in block._children:
        parts = ", ".join(block._children)
        raise ParamError(
            explain(f"{type(block).__name__} has no part {name!r}.", f"one of its parts: {parts}.")
        )
    return block._children[name]


def learning_rates(net: Block, rates: Mapping[str, float]) -> None:
    """Discriminative learning rates: give parameters factors of the Trainer's learning rate.

    Parameters
    ----------
    net : Block
    rates : mapping of pattern to float
        Later patterns win: ``{"": 1.0, "features": 0.1, "features.0": 0.01}``.
    """
    chosen = [(select(net, pattern), rate) for pattern, rate in rates.items()]
    for found, rate in chosen:
        for parameter in found.values():
            parameter.lr_mult = rate


class GradualUnfreezing:
    """Begins with the head alone and unfreezes further parts, one at a time.

    Parameters
    ----------
    net : Block
    stages : sequence of str
        Patterns of the parts, from the head towards the input: everything else stays frozen.
    epochs : int
        Epochs until the next part joins.

    Examples
    --------
    >>> from dlstudio.gluon import nn
    >>> net = nn.HybridSequential()
    >>> net.add(nn.Dense(4, in_units=2), nn.Dense(1, in_units=4))
    >>> stages = GradualUnfreezing(net, ["1", "0"])
    >>> stages(epoch=0), stages(epoch=1)
    (['1.weight', '1.bias'], ['1.weight', '1.bias', '0.weight', '0.bias'])
    """

    def __init__(self, net: Block, stages: Sequence[str], epochs: int = 1) -> None:
        if isinstance(stages, str) or not len(stages) or epochs < 1:
            raise ParamError(
                explain(
                    f"GradualUnfreezing: stages={stages!r}, epochs={epochs}.",
                    "a list of patterns, and at least one epoch for each.",
                    'GradualUnfreezing(net, ["output", "features"], epochs=2)',
                )
            )
        for pattern in stages:
            select(net, pattern)
        self._net, self._stages, self._epochs = net, list(stages), epochs

    def __call__(self, epoch: int) -> list[str]:
        """Set what is trained in this epoch, counted from 0; return the names of it."""
        freeze(self._net)
        joined = self._stages[: 1 + epoch // self._epochs]
        return [name for pattern in joined for name in unfreeze(self._net, pattern)]
