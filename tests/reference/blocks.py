"""Blocks that the record of layers describes in words instead of code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio import nd
from dlstudio.gluon import HybridBlock, contrib, nn, rnn

__all__ = ["DESCRIBED", "heads_for", "unrolled"]


def _flat(value: Any) -> list[Any]:
    return [x for v in value for x in _flat(v)] if isinstance(value, (list, tuple)) else [value]


def heads_for(outputs: Any, heads: Any) -> list[Any]:
    """Head gradients as MXNet used them, a flat list.

    A cell answers (h, [h, c]) with one array h twice: MXNet's backward then takes the last head of
    that array alone, where ours adds them up. The heads that MXNet dropped become zero.
    """
    given = list(heads)
    flat = _flat(outputs)[: len(given)]  # states of unroll have no heads
    return [
        head * 0 if any(x is later for later in flat[i + 1 :]) else head
        for i, (x, head) in enumerate(zip(flat, given, strict=True))
    ]


def _filled(net: Any, *layers: Any) -> Any:
    with net.name_scope():
        net.add(*(make() for make in layers))
    return net


def _hybrid() -> Any:
    return _filled(
        nn.HybridSequential(), lambda: nn.Dense(4, activation="relu"), nn.BatchNorm,
        lambda: nn.Dense(2),
    )  # fmt: skip


def _pictures() -> Any:
    return _filled(
        nn.Sequential(), lambda: nn.Conv2D(3, 3, activation="relu"), nn.MaxPool2D, nn.Flatten,
        lambda: nn.Dense(2),
    )  # fmt: skip


def _without_scope() -> Any:
    net = nn.HybridSequential()
    net.add(nn.Dense(4), nn.Dense(2))
    return net


def _concurrent() -> Any:
    net = contrib.nn.HybridConcurrent(axis=1)
    return _filled(net, lambda: nn.Dense(2), lambda: nn.Dense(3))


class Net(HybridBlock):
    """Two layers and a constant, which the recorded output does not depend on."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.scale = self.params.get("scale", shape=(1, 3), init="ones")
            self.c = self.params.get_constant("shift", [[1.0, 2.0, 3.0]])
            self.a = nn.Dense(3)
            self.b = nn.Dense(3, activation="tanh")

    def hybrid_forward(self, F: Any, x: Any, scale: Any, c: Any) -> Any:
        """Leave the constant alone."""
        return F.broadcast_mul(self.a(x) + self.b(x), scale)


class Net2(HybridBlock):
    """Two layers with one pair of parameters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.scale = self.params.get("scale", shape=(1, 3), init="ones")
            self.a = nn.Dense(3)
            self.b = nn.Dense(3, activation="tanh", params=self.a.params)

    def hybrid_forward(self, F: Any, x: Any, scale: Any) -> Any:
        """Scale the sum."""
        return F.broadcast_mul(self.a(x) + self.b(x), scale)


def _stack() -> Any:
    net = rnn.SequentialRNNCell()
    with net.name_scope():
        net.add(rnn.LSTMCell(3))
        net.add(rnn.DropoutCell(0.0))
        net.add(rnn.ResidualCell(rnn.GRUCell(3)))
    return net


def _both_ways() -> Any:
    return rnn.BidirectionalCell(rnn.LSTMCell(2, prefix="l_"), rnn.GRUCell(2, prefix="r_"))


DESCRIBED: dict[str, Callable[[], Any]] = {
    "HybridSequential of Dense+BatchNorm+Dense": _hybrid,
    "Sequential of Conv+Pool+Flatten+Dense": _pictures,
    "HybridSequential without name_scope": _without_scope,
    "contrib HybridConcurrent": _concurrent,
    "custom HybridBlock with constant it takes as c": Net,
    "custom HybridBlock sharing parameters": Net2,
    "unroll SequentialRNNCell": _stack,
    "unroll BidirectionalCell": _both_ways,
    "unroll wrong length": lambda: rnn.LSTMCell(3),
    **{
        f"unroll {cell} {how}": lambda cell=cell: getattr(rnn, cell)(3)
        for cell in ("LSTMCell", "GRUCell", "RNNCell")
        for how in ("NTC merge", "TNC list", "valid_length")
    },
}


def unrolled(block: Any, case: Any) -> Callable[[Any], tuple[Any, Any]]:
    """Return what runs `block` over the recorded number of steps."""
    arguments = dict(case.unroll)
    length = arguments.pop("length")
    if "valid_length" in arguments:
        arguments["valid_length"] = nd.array(arguments["valid_length"])
    return lambda data: block.unroll(length, data, **arguments)
