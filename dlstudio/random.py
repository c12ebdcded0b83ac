"""`mx.random`: the seed, and the samplers of `mx.nd.random`."""

from __future__ import annotations

from typing import Any

from dlstudio.core.random import seed

__all__ = ["seed"]


def __getattr__(name: str) -> Any:
    from dlstudio import nd

    return getattr(nd.random, name)


def __dir__() -> list[str]:
    from dlstudio import nd

    return sorted({"seed", *dir(nd.random)})
