"""Pooling over windows or over all positions."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from dlstudio.errors import ParamError
from dlstudio.gluon.hybrid import HybridBlock

__all__ = [
    "AvgPool1D", "AvgPool2D", "AvgPool3D", "GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalAvgPool3D",
    "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D", "MaxPool1D", "MaxPool2D", "MaxPool3D",
    "spread",
]  # fmt: skip

_LAYOUTS = ("NCW", "NCHW", "NCDHW")


def spread(value: Any, n: int, owner: str, name: str) -> tuple[int, ...]:
    """Return `value` for each of `n` axes: a number stands for all of them.

    Raises
    ------
    ParamError
        If it is a sequence of another length.
    """
    sizes = (int(value),) * n if isinstance(value, Integral) else value
    fits = isinstance(sizes, (tuple, list)) and len(sizes) == n
    if not fits or not all(isinstance(size, Integral) for size in sizes):
        raise ParamError(f"{owner}: parameter {name} must be a number or {n} ints. Got {value!r}.")
    return tuple(map(int, sizes))


class _Pooling(HybridBlock):
    """What all pooling layers share; `_spatial` is the number of spatial axes."""

    _spatial = 2

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: Any,
        ceil_mode: bool,
        global_pool: bool,
        pool_type: str,
        layout: str,
        count_include_pad: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        n, owner = self._spatial, type(self).__name__
        allowed = {_LAYOUTS[n - 1], "N" + _LAYOUTS[n - 1][2:] + "C"}
        if layout not in allowed:
            raise ParamError(
                f"{owner}: parameter layout must be one of {sorted(allowed)}. Got {layout!r}."
            )
        kernel = spread(pool_size, n, owner, "pool_size")
        self._kwargs = {
            "kernel": kernel,
            "stride": kernel if strides is None else spread(strides, n, owner, "strides"),
            "pad": spread(padding, n, owner, "padding"),
            "global_pool": global_pool, "pool_type": pool_type, "layout": layout,
            "pooling_convention": "full" if ceil_mode else "valid",
        }  # fmt: skip
        if count_include_pad is not None:
            self._kwargs["count_include_pad"] = count_include_pad

    def _alias(self) -> str:
        return "pool"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return F.Pooling(x, name="fwd", **self._kwargs)

    def __repr__(self) -> str:
        facts = self._kwargs
        return (
            f"{type(self).__name__}(size={facts['kernel']}, stride={facts['stride']},"
            f" padding={facts['pad']}, ceil_mode={facts['pooling_convention'] == 'full'},"
            f" global_pool={facts['global_pool']}, pool_type={facts['pool_type']},"
            f" layout={facts['layout']})"
        )


class _MaxPool(_Pooling):
    """Largest element of each window.

    Parameters
    ----------
    pool_size : int or tuple
    strides : int or tuple, optional
        Default: `pool_size`.
    padding : int or tuple
    layout : str
        Channels first, or last as in "NHWC".
    ceil_mode : bool
        Keep windows that reach over the border.
    prefix, params : see `Block`
    """


class _AvgPool(_Pooling):
    """Mean of each window.

    Parameters
    ----------
    pool_size : int or tuple
    strides : int or tuple, optional
        Default: `pool_size`.
    padding : int or tuple
    ceil_mode : bool
        Keep windows that reach over the border.
    layout : str
        Channels first, or last as in "NHWC".
    count_include_pad : bool
        Whether padded zeros count in the mean.
    prefix, params : see `Block`
    """


class MaxPool1D(_MaxPool):
    """Largest element of each window of 1-D data; the parameters are those of the family."""

    _spatial = 1

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = 0,
        layout: str = "NCW",
        ceil_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, False, "max", layout, **kwargs)


class MaxPool2D(_MaxPool):
    """Largest element of each window of 2-D data; the parameters are those of the family."""

    _spatial = 2

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: Any = 0,
        layout: str = "NCHW",
        ceil_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, False, "max", layout, **kwargs)


class MaxPool3D(_MaxPool):
    """Largest element of each window of 3-D data; the parameters are those of the family."""

    _spatial = 3

    def __init__(
        self,
        pool_size: Any = (2, 2, 2),
        strides: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        layout: str = "NCDHW",
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, False, "max", layout, **kwargs)


class AvgPool1D(_AvgPool):
    """Mean of each window of 1-D data; the parameters are those of the family."""

    _spatial = 1

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = 0,
        layout: str = "NCW",
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            pool_size,
            strides,
            padding,
            ceil_mode,
            False,
            "avg",
            layout,
            count_include_pad,
            **kwargs,
        )


class AvgPool2D(_AvgPool):
    """Mean of each window of 2-D data; the parameters are those of the family."""

    _spatial = 2

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        layout: str = "NCHW",
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            pool_size,
            strides,
            padding,
            ceil_mode,
            False,
            "avg",
            layout,
            count_include_pad,
            **kwargs,
        )


class AvgPool3D(_AvgPool):
    """Mean of each window of 3-D data; the parameters are those of the family."""

    _spatial = 3

    def __init__(
        self,
        pool_size: Any = (2, 2, 2),
        strides: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        layout: str = "NCDHW",
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            pool_size,
            strides,
            padding,
            ceil_mode,
            False,
            "avg",
            layout,
            count_include_pad,
            **kwargs,
        )


def _global(kind: str, n: int) -> type:
    """Make the class that pools over all positions of `n` axes."""
    layout_ = _LAYOUTS[n - 1]
    name = f"Global{kind.capitalize()}Pool{n}D"
    what = "Largest element" if kind == "max" else "Mean"

    def __init__(self: Any, layout: str = layout_, **kwargs: Any) -> None:  # noqa: N807
        _Pooling.__init__(self, (1,) * n, None, 0, True, True, kind, layout, **kwargs)

    __init__.__qualname__ = f"{name}.__init__"
    document = f"""{what} of every channel, over all positions.

    Parameters
    ----------
    layout : str
        Channels first, or last.
    prefix, params : see `Block`
    """
    body = {"__init__": __init__, "_spatial": n, "__doc__": document, "__module__": __name__}
    return type(name, (_Pooling,), body)


GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = (_global("max", n) for n in (1, 2, 3))
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (_global("avg", n) for n in (1, 2, 3))
