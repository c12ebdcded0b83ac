"""Convolutions whose filter positions are moved by a convolution of the same input."""

from __future__ import annotations

from math import prod
from typing import Any

from dlstudio.errors import ParamError
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.nn.activations import Activation
from dlstudio.gluon.nn.pool_layers import spread

__all__ = ["DeformableConvolution", "ModulatedDeformableConvolution"]


class DeformableConvolution(HybridBlock):
    """2-D convolution that reads where learned offsets point.

    Parameters
    ----------
    channels : int
        Number of output channels (filters).
    kernel_size, strides, padding, dilation : int or tuple of 2 int
    groups : int
        Connect inputs and outputs in this many separate groups.
    num_deformable_group : int
        Channels are cut into that many groups with offsets of their own.
    layout : "NCHW"
    use_bias, offset_use_bias : bool
    in_channels : int
        0 lets the first batch decide.
    activation : str, optional
    weight_initializer, bias_initializer : Initializer or str
    offset_weight_initializer, offset_bias_initializer : Initializer or str
        Zeros by default: training begins with an ordinary convolution.
    op_name, adj
        Accepted for MXNet programs.
    prefix, params : see `Block`

    Raises
    ------
    ParamError
        If `layout` is another one.

    References
    ----------
    Dai et al., "Deformable Convolutional Networks", ICCV 2017.
    """

    _numbers = 2  # that the offset convolution gives for each filter position: y and x
    act: Any
    offset_weight: Any
    offset_bias: Any
    deformable_conv_weight: Any
    deformable_conv_bias: Any

    def __init__(
        self,
        channels: int,
        kernel_size: Any = (1, 1),
        strides: Any = (1, 1),
        padding: Any = (0, 0),
        dilation: Any = (1, 1),
        groups: int = 1,
        num_deformable_group: int = 1,
        layout: str = "NCHW",
        use_bias: bool = True,
        in_channels: int = 0,
        activation: str | None = None,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        offset_weight_initializer: Any = "zeros",
        offset_bias_initializer: Any = "zeros",
        offset_use_bias: bool = True,
        op_name: str | None = None,
        adj: Any = None,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        owner = type(self).__name__
        if layout != "NCHW":
            raise ParamError(f"{owner}: parameter layout must be 'NCHW'. Got {layout!r}.")
        window = {
            "kernel": spread(kernel_size, 2, owner, "kernel_size"),
            "stride": spread(strides, 2, owner, "strides"),
            "dilate": spread(dilation, 2, owner, "dilation"),
            "pad": spread(padding, 2, owner, "padding"), "num_group": groups,
        }  # fmt: skip
        self._cells = num_deformable_group * prod(window["kernel"])
        self._offset = {
            **window, "num_filter": self._numbers * self._cells, "no_bias": not offset_use_bias,
        }  # fmt: skip
        self._kwargs = {
            **window, "num_filter": channels, "num_deformable_group": num_deformable_group,
            "no_bias": not use_bias,
        }  # fmt: skip
        inits = (offset_weight_initializer, offset_bias_initializer)
        self._make("offset", self._offset, in_channels, inits)
        inits = (weight_initializer, bias_initializer)
        self._make("deformable_conv", self._kwargs, in_channels, inits)
        with self.name_scope():
            made = None if activation is None else Activation(activation, prefix=f"{activation}_")
            self.act = made

    def _make(self, name: str, facts: dict[str, Any], in_channels: int, inits: Any) -> None:
        """Make weight and bias of one of the two convolutions."""
        shape = (facts["num_filter"], in_channels // facts["num_group"], *facts["kernel"])
        weight = self.params.get(
            f"{name}_weight", shape=shape, init=inits[0], allow_deferred_init=True
        )
        bias = None
        if not facts["no_bias"]:
            bias = self.params.get(
                f"{name}_bias", shape=shape[:1], init=inits[1], allow_deferred_init=True
            )
        setattr(self, f"{name}_weight", weight)
        setattr(self, f"{name}_bias", bias)

    def hybrid_forward(
        self,
        F: Any,
        x: Any,
        offset_weight: Any,
        deformable_conv_weight: Any,
        offset_bias: Any = None,
        deformable_conv_bias: Any = None,
    ) -> Any:
        """See the class."""
        offset = F.Convolution(x, offset_weight, offset_bias, name="offset", **self._offset)
        out = self._deformed(F, x, offset, deformable_conv_weight, deformable_conv_bias)
        return out if self.act is None else self.act(out)

    def _deformed(self, F: Any, x: Any, offset: Any, weight: Any, bias: Any) -> Any:
        return F.contrib.DeformableConvolution(x, offset, weight, bias, name="fwd", **self._kwargs)

    def __repr__(self) -> str:
        facts, shape = self._kwargs, self.deformable_conv_weight.shape
        text = f"{shape[1] or None} -> {shape[0]}, kernel_size={facts['kernel']}"
        text += f", stride={facts['stride']}"
        if facts["pad"] != (0, 0):
            text += f", padding={facts['pad']}"
        if facts["dilate"] != (1, 1):
            text += f", dilation={facts['dilate']}"
        if facts["num_group"] != 1:
            text += f", groups={facts['num_group']}"
        if facts["no_bias"]:
            text += ", bias=False"
        return f"{type(self).__name__}({text}{f', {self.act}' if self.act else ''})"


class ModulatedDeformableConvolution(DeformableConvolution):
    """`DeformableConvolution` that also weighs what each filter position reads.

    The weights are ``2 * sigmoid`` of a third number per position, so 1 in the beginning.

    References
    ----------
    Zhu et al., "Deformable ConvNets v2", CVPR 2019.
    """

    _numbers = 3

    def _deformed(self, F: Any, x: Any, offset: Any, weight: Any, bias: Any) -> Any:
        places = F.slice_axis(offset, axis=1, begin=0, end=2 * self._cells)
        mask = F.sigmoid(F.slice_axis(offset, axis=1, begin=2 * self._cells, end=None)) * 2
        return F.contrib.ModulatedDeformableConvolution(
            x, places, mask, weight, bias, name="fwd", **self._kwargs
        )
