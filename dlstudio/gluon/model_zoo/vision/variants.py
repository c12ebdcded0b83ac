"""Functions that make one network of a family each, and the name that MXNet 2 gives to `ctx`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = ["takes_device", "variant"]


def takes_device(make: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function with a parameter `ctx` be called with MXNet 2's ``device=`` as well."""

    @wraps(make)
    def made(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        if device is not None:
            kwargs["ctx"] = device
        return make(*args, **kwargs)

    return made


def variant(name: str, make: Callable[..., Any], *chosen: Any, **fixed: Any) -> Callable[..., Any]:
    """Make the function `name` of the module of `make`: ``make(*chosen, …, **fixed)``."""

    def network(pretrained: bool = False, ctx: Any = None, root: Any = None, **kwargs: Any) -> Any:
        return make(*chosen, pretrained=pretrained, ctx=ctx, root=root, **fixed, **kwargs)

    network.__name__ = network.__qualname__ = name
    network.__module__ = make.__module__
    network.__doc__ = f"""Make {name}, with its weights from `root` if `pretrained`.

    Parameters
    ----------
    pretrained : bool
    ctx, device : Device, optional
        MXNet 1's and 2's name of where the loaded weights go.
    root : path, optional
        Default: ``$MXNET_HOME/models``.
    **kwargs
        Further arguments of the network: ``classes``, …
    """
    return network
