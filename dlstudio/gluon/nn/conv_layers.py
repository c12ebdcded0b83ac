"""Convolutions, their transposes, and padding."""

from __future__ import annotations

from typing import Any

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.nn.activations import Activation
from dlstudio.gluon.nn.pool_layers import (
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    spread,
)

__all__ = [
    "AvgPool1D", "AvgPool2D", "AvgPool3D", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose",
    "Conv3D", "Conv3DTranspose", "GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalAvgPool3D",
    "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D", "MaxPool1D", "MaxPool2D", "MaxPool3D",
    "ReflectionPad2D",
]  # fmt: skip


def _check_groups(owner: str, groups: int, **channels: Any) -> None:
    if not isinstance(groups, int) or groups < 1:
        raise ParamError(f"{owner}: parameter groups must be a whole number > 0. Got {groups!r}.")
    for name, count in channels.items():
        if isinstance(count, int) and count % groups:
            raise ParamError(
                explain(
                    f"{owner}: {name}={count} cannot be shared out among groups={groups}.",
                    "a multiple of groups: each group has its own channels and filters.",
                    "groups=1",
                )
            )


class _Conv(HybridBlock):
    """What all convolutions share; `_spatial` is the number of spatial axes.

    Parameters
    ----------
    channels : int
        Number of output channels (filters).
    kernel_size, strides, padding, dilation : int or tuple
    groups : int
        Connect inputs and outputs in this many separate groups.
    layout : str
        ``N`` batch, ``C`` channel, ``D H W`` space: "NCHW" or "NHWC" and the like.
    activation : str, optional
    use_bias : bool
    weight_initializer, bias_initializer : Initializer or str
    in_channels : int
        0 lets the first batch decide.
    prefix, params : see `Block`
    """

    _spatial = 2
    _op_name = "Convolution"

    def __init__(
        self,
        channels: int,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        dilation: Any,
        groups: int,
        layout: str,
        in_channels: int,
        activation: str | None,
        use_bias: bool,
        weight_initializer: Any,
        bias_initializer: Any,
        output_padding: Any = None,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        n, owner = self._spatial, type(self).__name__
        if (
            not isinstance(layout, str)
            or len(layout) != n + 2
            or set(layout) != set("NC" + "DHW"[-n:])
        ):
            raise ParamError(
                f"{owner}: parameter layout must be made of NC{'DHW'[-n:]}. Got {layout!r}."
            )
        _check_groups(owner, groups, channels=channels, in_channels=in_channels)
        self._channels, self._in_channels = channels, in_channels
        self._kwargs: dict[str, Any] = {
            "kernel": spread(kernel_size, n, owner, "kernel_size"),
            "stride": spread(strides, n, owner, "strides"),
            "dilate": spread(dilation, n, owner, "dilation"),
            "pad": spread(padding, n, owner, "padding"),
            "num_filter": channels, "num_group": groups, "no_bias": not use_bias, "layout": layout,
        }  # fmt: skip
        if output_padding is not None:
            self._kwargs["adj"] = spread(output_padding, n, owner, "output_padding")
        with self.name_scope():
            self.weight = self.params.get(
                "weight", shape=self._weight_shape(), init=weight_initializer,
                allow_deferred_init=True,
            )  # fmt: skip
            self.bias = None
            if use_bias:
                self.bias = self.params.get(
                    "bias", shape=(channels,), init=bias_initializer, allow_deferred_init=True
                )
            self.act = (
                None if activation is None else Activation(activation, prefix=f"{activation}_")
            )

    def _alias(self) -> str:
        return "conv"

    def _weight_shape(self) -> tuple[int, ...]:
        """Filters first, then the input channels of one group, in the layout's order."""
        facts = self._kwargs
        sizes = dict(zip("DHW"[-self._spatial :], facts["kernel"], strict=True))
        sizes["N"] = self._channels
        sizes["C"] = self._in_channels // facts["num_group"]
        return tuple(sizes[letter] for letter in facts["layout"])

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        """See the class."""
        out = getattr(F, self._op_name)(x, weight, bias, name="fwd", **self._kwargs)
        return out if self.act is None else self.act(out)

    def __repr__(self) -> str:
        facts, n, shape = self._kwargs, self._spatial, self.weight.shape
        text = f"{shape[1] or None} -> {shape[0]}, kernel_size={facts['kernel']}"
        text += f", stride={facts['stride']}"
        if facts["pad"] != (0,) * n:
            text += f", padding={facts['pad']}"
        if facts["dilate"] != (1,) * n:
            text += f", dilation={facts['dilate']}"
        if facts["num_group"] != 1:
            text += f", groups={facts['num_group']}"
        if self.bias is None:
            text += ", bias=False"
        return f"{type(self).__name__}({text}{f', {self.act}' if self.act else ''})"


class _ConvTranspose(_Conv):
    """Transposed convolutions: the weight has input channels first."""

    _op_name = "Deconvolution"

    def _weight_shape(self) -> tuple[int, ...]:
        facts = self._kwargs
        sizes = dict(zip("DHW"[-self._spatial :], facts["kernel"], strict=True))
        sizes["N"] = self._in_channels
        sizes["C"] = self._channels // facts["num_group"]
        return tuple(sizes[letter] for letter in facts["layout"])


def _convolution(n: int) -> type:
    ones, zeros = (1, (1, 1), (1, 1, 1))[n - 1], (0, (0, 0), (0, 0, 0))[n - 1]
    layout_ = ("NCW", "NCHW", "NCDHW")[n - 1]

    def __init__(  # noqa: N807
        self: Any,
        channels: int,
        kernel_size: Any,
        strides: Any = ones,
        padding: Any = zeros,
        dilation: Any = ones,
        groups: int = 1,
        layout: str = layout_,
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        _Conv.__init__(
            self, channels, kernel_size, strides, padding, dilation, groups, layout, in_channels,
            activation, use_bias, weight_initializer, bias_initializer, **kwargs,
        )  # fmt: skip

    return _named(f"Conv{n}D", _Conv, n, __init__, f"{n}-D convolution.")


def _transposed(n: int) -> type:
    ones, zeros = (1, (1, 1), (1, 1, 1))[n - 1], (0, (0, 0), (0, 0, 0))[n - 1]
    layout_ = ("NCW", "NCHW", "NCDHW")[n - 1]

    def __init__(  # noqa: N807
        self: Any,
        channels: int,
        kernel_size: Any,
        strides: Any = ones,
        padding: Any = zeros,
        output_padding: Any = zeros,
        dilation: Any = ones,
        groups: int = 1,
        layout: str = layout_,
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        _Conv.__init__(
            self, channels, kernel_size, strides, padding, dilation, groups, layout, in_channels,
            activation, use_bias, weight_initializer, bias_initializer, output_padding, **kwargs,
        )  # fmt: skip

    return _named(
        f"Conv{n}DTranspose", _ConvTranspose, n, __init__,
        f"Transposed {n}-D convolution (the gradient of a convolution); `output_padding` adds to"
        " one side of the output.",
    )  # fmt: skip


def _named(name: str, base: type, n: int, init: Any, summary: str) -> type:
    """Make one class of the family; its document is the base's with its own summary."""
    init.__qualname__ = f"{name}.__init__"
    details = (_Conv.__doc__ or "").split("\n", 1)[1]
    return type(
        name, (base,),
        {
            "__init__": init, "_spatial": n, "__doc__": summary + "\n" + details,
            "__module__": __name__,
        },
    )  # fmt: skip


Conv1D, Conv2D, Conv3D = (_convolution(n) for n in (1, 2, 3))
Conv1DTranspose, Conv2DTranspose, Conv3DTranspose = (_transposed(n) for n in (1, 2, 3))


class ReflectionPad2D(HybridBlock):
    """Pad images by mirroring them at their borders.

    Parameters
    ----------
    padding : int, or tuple of 8 int
        Width on all sides, or (before, after) for each of the axes N, C, H, W.
    prefix, params : see `Block`
    """

    def __init__(self, padding: Any = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(padding, int):
            padding = (0, 0, 0, 0, padding, padding, padding, padding)
        if len(padding) != 8:
            raise ParamError(
                "ReflectionPad2D: parameter padding must be a number or 8 numbers."
                f" Got {padding!r}."
            )
        self._padding = tuple(padding)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return F.pad(x, mode="reflect", pad_width=self._padding)


__getattr__ = held_elsewhere(__name__, {}, "gluon.nn")  # MXNet keeps them in fewer files
