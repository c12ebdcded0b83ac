"""Layers that give activations a common scale."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from dlstudio.core.device import num_gpus
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.hybrid import HybridBlock

__all__ = ["BatchNorm", "BatchNormReLU", "GroupNorm", "InstanceNorm", "LayerNorm", "SyncBatchNorm"]

_layers = itertools.count()  # of SyncBatchNorm


def _facts(values: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in values.items())


def _gain_and_offset(
    block: HybridBlock, size: int, scale: bool, center: bool, gamma_init: Any, beta_init: Any
) -> None:
    """Make the parameters gamma and beta, learned only where asked for."""
    block.gamma = block.params.get(
        "gamma", grad_req="write" if scale else "null", shape=(size,), init=gamma_init,
        allow_deferred_init=True, differentiable=scale,
    )  # fmt: skip
    block.beta = block.params.get(
        "beta", grad_req="write" if center else "null", shape=(size,), init=beta_init,
        allow_deferred_init=True, differentiable=center,
    )  # fmt: skip


def _check_axis(owner: str, axis: Any) -> None:
    """Catch ``BatchNorm(64)``: the first parameter is the axis, not the number of channels."""
    if not isinstance(axis, int) or not -8 < axis < 8:
        raise ParamError(
            explain(
                f"{owner}({axis!r}) sets axis={axis!r}, the axis of the channels.",
                "a small number: 1 for NCHW data, -1 for data with channels last.",
                f"{owner}(in_channels={axis!r}), or {owner}() to let the first batch decide",
            )
        )


class BatchNorm(HybridBlock):
    r"""Normalise each channel over the batch, then scale and shift.

    .. math:: y = \gamma \frac{x - mean}{\sqrt{var + \epsilon}} + \beta

    In training, mean and variance are those of the batch, and running averages of them are kept;
    in prediction the running averages are used.

    Parameters
    ----------
    axis : int
        Axis of the channels.
    momentum : float
        Weight of the old running average.
    epsilon : float
    center, scale : bool
        Whether beta and gamma are learned.
    use_global_stats : bool
        Use the running averages in training too.
    beta_initializer, gamma_initializer, running_mean_initializer, running_variance_initializer
        Initializers or names.
    in_channels : int
        0 lets the first batch decide.
    prefix, params : see `Block`

    Raises
    ------
    ParamError
        If `axis` is not a small number, as in ``BatchNorm(64)``.

    References
    ----------
    Ioffe and Szegedy, "Batch Normalization", ICML 2015.
    """

    _relu = False
    gamma: Any
    beta: Any

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        running_mean_initializer: Any = "zeros",
        running_variance_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        _check_axis(type(self).__name__, axis)
        super().__init__(**kwargs)
        self._kwargs: dict[str, Any] = {
            "axis": axis, "eps": epsilon, "momentum": momentum, "fix_gamma": not scale,
            "use_global_stats": use_global_stats,
        }  # fmt: skip
        _gain_and_offset(self, in_channels, scale, center, gamma_initializer, beta_initializer)
        self.running_mean = self._state("running_mean", in_channels, running_mean_initializer)
        self.running_var = self._state("running_var", in_channels, running_variance_initializer)

    def _state(self, name: str, size: int, init: Any) -> Any:
        return self.params.get(
            name, grad_req="null", shape=(size,), init=init, allow_deferred_init=True,
            differentiable=False,
        )  # fmt: skip

    def cast(self, dtype: Any) -> None:
        """Change the element type; statistics of float16 data stay float32."""
        super().cast("float32" if np.dtype(dtype).name == "float16" else dtype)

    def hybrid_forward(
        self, F: Any, x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any
    ) -> Any:
        """See the class."""
        out = F.BatchNorm(x, gamma, beta, running_mean, running_var, name="fwd", **self._kwargs)
        return F.relu(out) if self._relu else out

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({_facts(self._kwargs)},"
            f" in_channels={self.gamma.shape[0] or None})"
        )


class BatchNormReLU(BatchNorm):
    """BatchNorm followed by ReLU; the parameters are those of `BatchNorm`."""

    _relu = True


class SyncBatchNorm(BatchNorm):
    """BatchNorm of a batch that lies in parts on several devices.

    While training is recorded, all parts are normalised with the mean and variance of the whole
    batch: ``outputs = [net(x) for x in split_and_load(data, devices)]``. The outputs of the first
    calls have no values until the last call has been made; what is computed from them waits as
    well, ``backward`` of one device's loss included, and to read them is an error (MXNet waits for
    ever). Networks with this layer run operator by operator in training, also if hybridized.

    Parameters
    ----------
    in_channels : int
    num_devices : int, optional
        How many devices share a batch; one call on each of them. Default: all GPUs, 1 without.
    momentum, epsilon, center, scale, use_global_stats : see `BatchNorm`
    beta_initializer, gamma_initializer, running_mean_initializer, running_variance_initializer
        Initializers or names.
    prefix, params : see `Block`

    Raises
    ------
    ParamError
        If `num_devices` is not positive.
    """

    def __init__(
        self,
        in_channels: int = 0,
        num_devices: int | None = None,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        running_mean_initializer: Any = "zeros",
        running_variance_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        if num_devices is None:
            num_devices = max(1, num_gpus())
        if num_devices < 1:
            raise ParamError(
                f"SyncBatchNorm: parameter num_devices must be at least 1. Got {num_devices}."
            )
        super().__init__(
            1, momentum, epsilon, center, scale, use_global_stats, beta_initializer,
            gamma_initializer, running_mean_initializer, running_variance_initializer, in_channels,
            **kwargs,
        )  # fmt: skip
        del self._kwargs["axis"]
        self._kwargs.update(ndev=num_devices, key=self.prefix)
        self._new_key()

    def _new_key(self) -> None:
        # prefixes are unique in one thread only, but networks of several ones may train at a time
        self._key = f"{self.prefix}{next(_layers)}"

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._new_key()  # a copy meets copies of itself

    def hybrid_forward(
        self, F: Any, x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any
    ) -> Any:
        """See the class."""
        options = {**self._kwargs, "key": self._key}
        return F.contrib.SyncBatchNorm(
            x, gamma, beta, running_mean, running_var, name="fwd", **options
        )


class _Norm(HybridBlock):
    """What the layers without running statistics share."""

    _kwargs: dict[str, Any]
    gamma: Any
    beta: Any

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_facts(self._kwargs)}, in_channels={self.gamma.shape[0]})"


class LayerNorm(_Norm):
    """Normalise each sample over one axis, then scale and shift.

    Parameters
    ----------
    axis : int
    epsilon : float
    center, scale : bool
        Whether beta and gamma are learned.
    beta_initializer, gamma_initializer : Initializer or str
    in_channels : int
        0 lets the first batch decide.
    prefix, params : see `Block`

    References
    ----------
    Ba et al., "Layer Normalization", 2016.
    """

    def __init__(
        self,
        axis: int = -1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        _check_axis("LayerNorm", axis)
        super().__init__(prefix=prefix, params=params)
        self._kwargs = {"eps": epsilon, "axis": axis, "center": center, "scale": scale}
        _gain_and_offset(self, in_channels, scale, center, gamma_initializer, beta_initializer)

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any) -> Any:
        """See the class."""
        return F.LayerNorm(x, gamma, beta, axis=self._kwargs["axis"], eps=self._kwargs["eps"])


class GroupNorm(HybridBlock):
    """Normalise groups of channels of each sample, then scale and shift each group.

    Parameters
    ----------
    num_groups : int
        Must divide the number of channels.
    epsilon : float
    center, scale : bool
        Whether beta and gamma are learned.
    beta_initializer, gamma_initializer : Initializer or str
    prefix, params : see `Block`
    in_channels : int
        MXNet 2's: where it is given, every channel has a gain and an offset, not every group.

    References
    ----------
    Wu and He, "Group Normalization", ECCV 2018.
    """

    def __init__(
        self,
        num_groups: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        prefix: str | None = None,
        params: Any = None,
        in_channels: int = 0,
    ) -> None:
        if in_channels % num_groups:
            raise ParamError(
                f"GroupNorm: {in_channels} channels cannot be cut into {num_groups} groups."
            )
        super().__init__(prefix=prefix, params=params)
        self._kwargs = {"eps": epsilon, "num_groups": num_groups, "center": center, "scale": scale}
        self._of_channels, size = in_channels > 0, in_channels or num_groups
        _gain_and_offset(self, size, scale, center, gamma_initializer, beta_initializer)

    def hybrid_forward(self, F: Any, data: Any, gamma: Any, beta: Any) -> Any:
        """See the class."""
        options = {name: self._kwargs[name] for name in ("num_groups", "eps")}
        if not self._of_channels:
            return F.GroupNorm(data, gamma=gamma, beta=beta, **options)
        groups = options["num_groups"]
        ones, zeros = (make(shape=(groups,), dtype="float32") for make in (F.ones, F.zeros))
        plain = F.reshape(F.GroupNorm(data, gamma=ones, beta=zeros, **options), shape=(0, 0, -1))
        gain, offset = (F.reshape(x, shape=(1, -1, 1)) for x in (gamma, beta))
        return F.reshape_like(F.broadcast_add(F.broadcast_mul(plain, gain), offset), data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_facts(self._kwargs)})"


class InstanceNorm(_Norm):
    """Normalise each channel of each sample over its positions, then scale and shift.

    Parameters
    ----------
    axis : int
        Axis of the channels.
    epsilon : float
    center, scale : bool
        Whether beta and gamma are learned.
    beta_initializer, gamma_initializer : Initializer or str
    in_channels : int
        0 lets the first batch decide.
    prefix, params : see `Block`

    References
    ----------
    Ulyanov et al., "Instance Normalization", 2016.
    """

    def __init__(
        self,
        axis: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        _check_axis("InstanceNorm", axis)
        super().__init__(**kwargs)
        self._kwargs = {"eps": epsilon, "axis": axis, "center": center, "scale": scale}
        _gain_and_offset(self, in_channels, scale, center, gamma_initializer, beta_initializer)

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any) -> Any:
        """See the class."""
        axis, eps = self._kwargs["axis"], self._kwargs["eps"]
        if axis == 1:
            return F.InstanceNorm(x, gamma, beta, name="fwd", eps=eps)
        swapped = F.InstanceNorm(x.swapaxes(1, axis), gamma, beta, name="fwd", eps=eps)
        return swapped.swapaxes(1, axis)
