"""`mx.nd`: MXNet's classic array functions, from the operator table, and how arrays are made."""

# Written by `python -m dlstudio.dialects.stubs`; change the table instead.
from collections.abc import Sequence
from typing import Any

from dlstudio.core.tensor import NDArray as NDArray
from dlstudio.core.tensor import ndarray as ndarray
from dlstudio.graph.symbol import Symbol as Symbol

def __getattr__(name: str) -> Any: ...

def Activation(data: Any = None, act_type: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Apply an activation elementwise.

    ========  ===========================
    relu      :math:`\\max(x, 0)`
    sigmoid   :math:`1 / (1 + e^{-x})`
    tanh      :math:`\\tanh x`
    softrelu  :math:`\\log(1 + e^x)`
    softsign  :math:`x / (1 + |x|)`
    ========  ===========================

    Parameters
    ----------
    data : array
    act_type : one of 'relu', 'sigmoid', 'tanh', 'softrelu', 'softsign'

    Examples
    --------
    >>> mx.nd.Activation(mx.nd.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]), act_type='relu').shape
    (2, 3)"""
def BatchNorm(data: Any = None, gamma: Any = None, beta: Any = None, moving_mean: Any = None, moving_var: Any = None, eps: float = 0.001, momentum: float = 0.9, fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1, cudnn_off: bool = False, min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Normalize each channel over the batch: :math:`y = \\gamma (x - m) / \\sqrt{v + eps} + \\beta`.

    In training, m and v are mean and variance of the batch, and the backward pass moves
    `moving_mean` and `moving_var` towards them: ``moving = momentum * moving + (1 - momentum) *
    batch``. In prediction, or with `use_global_stats`, m and v are the moving ones.

    Parameters
    ----------
    data : any shape; `axis` counts channels (C)
    gamma, beta : (C,), scale and shift; ``fix_gamma=True`` takes gamma as 1
    moving_mean, moving_var : (C,), auxiliary states

    Returns
    -------
    like data; with `output_mean_var` also mean and 1 / sqrt(variance + eps), both (C,)

    Examples
    --------
    >>> mx.nd.BatchNorm(mx.nd.ones((3, 2, 2, 2)), mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones(2)).shape
    (3, 2, 2, 2)

    References
    ----------
    Ioffe and Szegedy, "Batch normalization", ICML 2015."""
def BatchNorm_v1(data: Any = None, gamma: Any = None, beta: Any = None, moving_mean: Any = None, moving_var: Any = None, eps: float = 0.001, momentum: float = 0.9, fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1, cudnn_off: bool = False, min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Normalize each channel over the batch: :math:`y = \\gamma (x - m) / \\sqrt{v + eps} + \\beta`.

    In training, m and v are mean and variance of the batch, and the backward pass moves
    `moving_mean` and `moving_var` towards them: ``moving = momentum * moving + (1 - momentum) *
    batch``. In prediction, or with `use_global_stats`, m and v are the moving ones.

    Parameters
    ----------
    data : any shape; `axis` counts channels (C)
    gamma, beta : (C,), scale and shift; ``fix_gamma=True`` takes gamma as 1
    moving_mean, moving_var : (C,), auxiliary states

    Returns
    -------
    like data; with `output_mean_var` also mean and 1 / sqrt(variance + eps), both (C,)

    Examples
    --------
    >>> mx.nd.BatchNorm_v1(mx.nd.ones((3, 2, 2, 2)), mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones(2)).shape
    (3, 2, 2, 2)

    References
    ----------
    Ioffe and Szegedy, "Batch normalization", ICML 2015."""
def BilinearSampler(data: Any = None, grid: Any = None, cudnn_off: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Read maps (B, C, H, W) at the places of a grid (B, 2, h, w), bilinearly; zero outside.

    Parameters
    ----------
    data : array
    grid : array
    cudnn_off : a value or None, default None

    Examples
    --------
    >>> mx.nd.BilinearSampler(mx.nd.ones((2, 2, 3, 4)), mx.nd.ones((2, 2, 2, 2))).shape
    (2, 2, 2, 2)"""
def BlockGrad(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Copy of `data` that lets no gradient through.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.BlockGrad(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def CTCLoss(data: Any = None, label: Any = None, data_lengths: Any = None, label_lengths: Any = None, use_data_lengths: bool = False, use_label_lengths: bool = False, blank_label: str = 'first', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Negative log-probability of a label sequence, summed over all its alignments.

    Parameters
    ----------
    data : (T, B, C) scores before softmax
    label : (B, L) class numbers. With ``blank_label="first"`` 0 is the blank and the padding;
        with "last" C - 1 is the blank and -1 the padding
    data_lengths, label_lengths : (B,), used with `use_data_lengths`, `use_label_lengths`

    Returns
    -------
    (B,)

    Examples
    --------
    >>> mx.nd.CTCLoss(mx.nd.ones((5, 3, 4)), mx.nd.array([[1.0, 2.0], [2.0, 2.0], [3.0, 0.0]])).shape
    (3,)"""
def Cast(data: Any = None, dtype: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Copy of `data` as another dtype; floats become integers by dropping the fraction.

    Parameters
    ----------
    data : array
    dtype : a dtype such as 'float32'

    Examples
    --------
    >>> mx.nd.Cast(mx.nd.ones((2, 3)), dtype='float64').shape
    (2, 3)"""
def Concat(*data: Any, dim: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Join arrays of one dtype along axis `dim`.

    Parameters
    ----------
    *data : arrays
    dim : an integer, default 1

    Examples
    --------
    >>> mx.nd.Concat(mx.nd.ones((2, 3)), mx.nd.ones((2, 1))).shape
    (2, 4)"""
def Convolution(data: Any = None, weight: Any = None, bias: Any = None, kernel: int | Sequence[int] = ..., stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., num_filter: int = 0, num_group: int = 1, workspace: int = 1024, no_bias: bool = False, cudnn_tune: str | None = None, cudnn_off: bool = False, layout: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Slide filters over data and sum the products (a cross-correlation, not flipped).

    .. math:: out[b, o, p] = bias[o] + \\sum_{c, k} weight[o, c, k] \\cdot
        data[b, c, p \\cdot stride + k \\cdot dilate - pad]

    Parameters
    ----------
    data : (B, C, W), (B, C, H, W) or (B, C, D, H, W); channels last with layout NHWC, NDHWC
    weight : (num_filter, C / num_group, *kernel), or (num_filter, *kernel, C / num_group)
    bias : (num_filter,), absent with ``no_bias=True``
    kernel, stride, dilate, pad : one entry per space axis
    num_group : channels and filters are cut into that many independent groups

    Returns
    -------
    (B, num_filter, *space) with
    ``space = floor((size + 2 * pad - dilate * (kernel - 1) - 1) / stride) + 1``

    Examples
    --------
    >>> mx.nd.Convolution(mx.nd.ones((1, 2, 3, 4)), mx.nd.ones((2, 2, 2, 2)), mx.nd.ones(2), kernel=(2, 2), num_filter=2).shape
    (1, 2, 2, 3)

    References
    ----------
    LeCun et al., "Gradient-based learning applied to document recognition", 1998."""
def Convolution_v1(data: Any = None, weight: Any = None, bias: Any = None, kernel: int | Sequence[int] = ..., stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., num_filter: int = 0, num_group: int = 1, workspace: int = 1024, no_bias: bool = False, cudnn_tune: str | None = None, cudnn_off: bool = False, layout: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Slide filters over data and sum the products (a cross-correlation, not flipped).

    .. math:: out[b, o, p] = bias[o] + \\sum_{c, k} weight[o, c, k] \\cdot
        data[b, c, p \\cdot stride + k \\cdot dilate - pad]

    Parameters
    ----------
    data : (B, C, W), (B, C, H, W) or (B, C, D, H, W); channels last with layout NHWC, NDHWC
    weight : (num_filter, C / num_group, *kernel), or (num_filter, *kernel, C / num_group)
    bias : (num_filter,), absent with ``no_bias=True``
    kernel, stride, dilate, pad : one entry per space axis
    num_group : channels and filters are cut into that many independent groups

    Returns
    -------
    (B, num_filter, *space) with
    ``space = floor((size + 2 * pad - dilate * (kernel - 1) - 1) / stride) + 1``

    Examples
    --------
    >>> mx.nd.Convolution_v1(mx.nd.ones((1, 2, 3, 4)), mx.nd.ones((2, 2, 2, 2)), mx.nd.ones(2), kernel=(2, 2), num_filter=2).shape
    (1, 2, 2, 3)

    References
    ----------
    LeCun et al., "Gradient-based learning applied to document recognition", 1998."""
def Correlation(data1: Any = None, data2: Any = None, kernel_size: int = 1, max_displacement: int = 1, stride1: int = 1, stride2: int = 1, pad_size: int = 0, is_multiply: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Mean product of patches of data1 with displaced patches of data2: one channel per step.

    Parameters
    ----------
    data1, data2 : (B, C, H, W)
    kernel_size : edge of the patches, odd
    max_displacement, stride2 : displacements reach that far each way, in steps of `stride2`
    stride1 : distance between patches
    is_multiply : False takes mean absolute differences instead

    Returns
    -------
    (B, D * D, h, w) with ``D = 2 * (max_displacement // stride2) + 1``

    Examples
    --------
    >>> mx.nd.Correlation(mx.nd.ones((1, 2, 3, 4)), mx.nd.ones((1, 2, 3, 4)), max_displacement=1).shape
    (1, 9, 1, 2)"""
def Crop(*data: Any, offset: int | Sequence[int] = ..., h_w: int | Sequence[int] = ..., center_crop: bool = False, num_args: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Cut maps (B, C, H, W) to `h_w` or the size of a second array, at `offset` or centred.

    Parameters
    ----------
    *data : arrays
    offset : a tuple of integers >= 0, default (0, 0)
    h_w : a tuple of integers >= 0, default (0, 0)
    center_crop : True or False, default False
    num_args : an integer >= 1, default 1

    Examples
    --------
    >>> mx.nd.Crop(mx.nd.ones((1, 2, 4, 5)), h_w=(2, 3), center_crop=True).shape
    (1, 2, 2, 3)"""
def Custom(*data: Any, op_type: Any = '', **kwargs: Any) -> Any:
    """Call the operator registered as `op_type`; see `mx.operator`.

    Parameters
    ----------
    *data : NDArray
        Inputs, then auxiliary states, in the order they are listed; or by name.
    **kwargs
        Handed to the `CustomOpProp` as strings."""
def Deconvolution(data: Any = None, weight: Any = None, bias: Any = None, kernel: int | Sequence[int] = ..., stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., adj: int | Sequence[int] = ..., target_shape: int | Sequence[int] = ..., num_filter: int = 0, num_group: int = 1, workspace: int = 512, no_bias: bool = True, cudnn_tune: str | None = None, cudnn_off: bool = False, layout: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Transposed convolution: the adjoint of `Convolution`, which enlarges space by the stride.

    Parameters
    ----------
    data : (B, C, *space), or (B, *space, C) with layout NHWC, NDHWC
    weight : (C, num_filter / num_group, *kernel), or (C, *kernel, num_filter / num_group)
    bias : (num_filter,), given with ``no_bias=False``
    adj : added to the size of the result, less than the stride
    target_shape : size of the result; `pad` and `adj` follow from it

    Returns
    -------
    (B, num_filter, *space) with
    ``space = stride * (size - 1) + dilate * (kernel - 1) + 1 - 2 * pad + adj``

    Examples
    --------
    >>> mx.nd.Deconvolution(mx.nd.ones((1, 3, 2, 3)), mx.nd.ones((3, 2, 2, 2)), kernel=(2, 2), num_filter=2).shape
    (1, 2, 3, 4)

    References
    ----------
    Zeiler et al., "Deconvolutional networks", CVPR 2010."""
def Dropout(data: Any = None, p: float = 0.5, mode: str = 'training', axes: int | Sequence[int] = ..., cudnn_off: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Zero each element with probability `p` and scale the others by :math:`1 / (1 - p)`.

    Acts while training, or always with ``mode="always"``; otherwise the output is the input.
    Along `axes` one draw is shared ("spatial dropout"). A second, hidden output is the mask.

    Parameters
    ----------
    data : array
    p : a number >= 0 and <= 1, default 0.5
    mode : one of 'training', 'always', default 'training'
    axes : a tuple of integers, default ()
    cudnn_off : True or False, default False

    Examples
    --------
    >>> mx.nd.Dropout(mx.nd.ones((4, 5)), p=0.5).shape
    (4, 5)

    References
    ----------
    Srivastava et al., "Dropout", JMLR 15 (2014)."""
def ElementWiseSum(*args: Any, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum of several arrays of one shape.

    Parameters
    ----------
    *args : arrays

    Examples
    --------
    >>> mx.nd.ElementWiseSum(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def Embedding(data: Any = None, weight: Any = None, input_dim: int | None = None, output_dim: int | None = None, dtype: Any = 'float32', sparse_grad: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Look up rows: ``out[i, ...] = weight[data[i], ...]``; indices out of range are clipped.

    Parameters
    ----------
    data : any shape, integers (floats are cut off)
    weight : (input_dim, output_dim)

    Returns
    -------
    data.shape + (output_dim,)

    Examples
    --------
    >>> mx.nd.Embedding(mx.nd.array([0, 0, 0], dtype="int64"), mx.nd.ones((4, 3)), input_dim=4, output_dim=3).shape
    (3, 3)"""
def Flatten(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Keep the first axis and merge all others: (B, ...) becomes (B, D).

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.Flatten(mx.nd.ones((2, 3, 4))).shape
    (2, 12)"""
def FullyConnected(data: Any = None, weight: Any = None, bias: Any = None, num_hidden: int | None = None, no_bias: bool = False, flatten: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Apply a linear map to each row: :math:`y = x W^T + b`.

    Parameters
    ----------
    data : (B, ...), read as (B, D) with D the product of the other axes; with ``flatten=False``
        (..., D), and the map acts on the last axis
    weight : (num_hidden, D)
    bias : (num_hidden,), absent with ``no_bias=True``

    Returns
    -------
    (B, num_hidden), or (..., num_hidden) with ``flatten=False``

    Examples
    --------
    >>> mx.nd.FullyConnected(mx.nd.ones((2, 3)), mx.nd.ones((4, 3)), mx.nd.ones(4), num_hidden=4).shape
    (2, 4)"""
def GridGenerator(data: Any = None, transform_type: str | None = None, target_shape: int | Sequence[int] = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Make a sampling grid (B, 2, h, w): of an affine matrix (B, 6), or of a flow (B, 2, h, w).

    Parameters
    ----------
    data : array
    transform_type : one of 'affine', 'warp'
    target_shape : a tuple of integers >= 0, default (0, 0)

    Examples
    --------
    >>> mx.nd.GridGenerator(mx.nd.ones((2, 6)), transform_type='affine', target_shape=(2, 3)).shape
    (2, 2, 2, 3)"""
def GroupNorm(data: Any = None, gamma: Any = None, beta: Any = None, num_groups: int = 1, eps: float = 1e-05, output_mean_var: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Normalize each group of channels of each example: :math:`y = \\gamma \\hat x + \\beta`.

    Parameters
    ----------
    data : (B, C, ...), C divisible by num_groups (G)
    gamma, beta : (G,), one scale and shift per group, as in MXNet 1.9

    Returns
    -------
    like data; with `output_mean_var` also mean and standard deviation, (B, G)

    Examples
    --------
    >>> mx.nd.GroupNorm(mx.nd.ones((2, 4, 3)), mx.nd.ones(2), mx.nd.ones(2), num_groups=2).shape
    (2, 4, 3)

    References
    ----------
    Wu and He, "Group normalization", ECCV 2018."""
def IdentityAttachKLSparseReg(data: Any = None, moving_avg: Any = None, sparseness_target: float = 0.1, penalty: float = 0.001, momentum: float = 0.9, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Pass activations (B, D) in (0, 1) through; the gradient pulls each unit's mean to a target.

    The penalty is the Kullback-Leibler divergence of `sparseness_target` and the moving average
    of each unit's activation.

    Parameters
    ----------
    data : array
    moving_avg : array
    sparseness_target : a number >= 0 and <= 1, default 0.1
    penalty : a number, default 0.001
    momentum : a number >= 0 and <= 1, default 0.9

    References
    ----------
    Hinton, "A practical guide to training restricted Boltzmann machines", section 11."""
def InstanceNorm(data: Any = None, gamma: Any = None, beta: Any = None, eps: float = 0.001, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Normalize each channel of each example over space: :math:`y = \\gamma \\hat x + \\beta`.

    Parameters
    ----------
    data : (B, C, ...) with at least one axis of space
    gamma, beta : (C,)

    Examples
    --------
    >>> mx.nd.InstanceNorm(mx.nd.ones((2, 2, 3)), mx.nd.ones(2), mx.nd.ones(2)).shape
    (2, 2, 3)

    References
    ----------
    Ulyanov, Vedaldi and Lempitsky, "Instance normalization", arXiv 1607.08022."""
def L2Normalization(data: Any = None, eps: float = 1e-10, mode: str = 'instance', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Divide by the Euclidean norm :math:`\\sqrt{\\sum x^2 + eps}`.

    `mode` says over what: "instance" all of an example, "channel" axis 1, "spatial" the axes
    after it.

    Parameters
    ----------
    data : array
    eps : a number >= 0, default 1e-10
    mode : one of 'instance', 'channel', 'spatial', default 'instance'

    Examples
    --------
    >>> mx.nd.L2Normalization(mx.nd.ones((2, 3, 2)), mode='instance').shape
    (2, 3, 2)"""
def LRN(data: Any = None, alpha: float = 0.0001, beta: float = 0.75, knorm: float = 2.0, nsize: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Local response normalization across channels.

    .. math:: y_c = x_c \\left(k + \\frac{\\alpha}{n} \\sum_{|i - c| \\le n / 2} x_i^2\\right)^{-\\beta}

    Parameters
    ----------
    data : (B, C, H, W)
    nsize : n, odd: how many neighbouring channels count

    Examples
    --------
    >>> mx.nd.LRN(mx.nd.ones((1, 4, 2, 2)), nsize=3).shape
    (1, 4, 2, 2)

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep CNNs", 2012."""
def LayerNorm(data: Any = None, gamma: Any = None, beta: Any = None, axis: int = -1, eps: float = 1e-05, output_mean_var: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Normalize each example along `axis`: :math:`y = \\gamma (x - m) / \\sqrt{v + eps} + \\beta`.

    Parameters
    ----------
    data : any shape, D elements along `axis`
    gamma, beta : (D,)

    Returns
    -------
    like data; with `output_mean_var` also mean and standard deviation, of length 1 along `axis`

    Examples
    --------
    >>> mx.nd.LayerNorm(mx.nd.ones((2, 3)), mx.nd.ones(3), mx.nd.ones(3)).shape
    (2, 3)

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization", arXiv 1607.06450."""
def LeakyReLU(data: Any = None, gamma: Any = None, act_type: str = 'leaky', slope: float = 0.25, lower_bound: float = 0.125, upper_bound: float = 0.334, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Activations that let negative values through, attenuated.

    ======  ==============================================================================
    leaky   :math:`x` if :math:`x > 0` else :math:`slope \\cdot x`
    prelu   as leaky, with a learned slope per channel, `gamma` (C,) or (1,)
    rrelu   as leaky, with slopes drawn from [lower_bound, upper_bound] in training and
            their mean in prediction
    elu     :math:`slope (e^x - 1)` below zero
    selu    elu with the slope and scale that keep mean 0 and variance 1
    gelu    :math:`x \\Phi(x)`, with the normal distribution function
    ======  ==============================================================================

    Parameters
    ----------
    data : array
    gamma : array, optional
    act_type : one of 'rrelu', 'leaky', 'prelu', 'elu', 'selu', 'gelu', default 'leaky'
    slope : a number, default 0.25
    lower_bound : a number, default 0.125
    upper_bound : a number, default 0.334

    Examples
    --------
    >>> mx.nd.LeakyReLU(mx.nd.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]), act_type='leaky', slope=0.3).shape
    (2, 3)

    References
    ----------
    He et al. 2015 (prelu), Clevert et al. 2016 (elu), Klambauer et al. 2017 (selu),
    Xu et al. 2015 (rrelu), Hendrycks and Gimpel 2016 (gelu)."""
def LinearRegressionOutput(data: Any = None, label: Any = None, grad_scale: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Pass data through; the gradient is that of half the squared error, ``data - label``.

    Parameters
    ----------
    data : array
    label : array
    grad_scale : a number, default 1.0

    Examples
    --------
    >>> mx.nd.LinearRegressionOutput(mx.nd.ones((3, 2)), mx.nd.ones((3, 2))).shape
    (3, 2)"""
def LogisticRegressionOutput(data: Any = None, label: Any = None, grad_scale: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sigmoid of data; the gradient is that of binary cross-entropy, ``sigmoid(data) - label``.

    Parameters
    ----------
    data : array
    label : array
    grad_scale : a number, default 1.0

    Examples
    --------
    >>> mx.nd.LogisticRegressionOutput(mx.nd.ones((3, 2)), mx.nd.ones((3, 2))).shape
    (3, 2)"""
def MAERegressionOutput(data: Any = None, label: Any = None, grad_scale: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Pass data through; the gradient is that of the absolute error, ``sign(data - label)``.

    Parameters
    ----------
    data : array
    label : array
    grad_scale : a number, default 1.0

    Examples
    --------
    >>> mx.nd.MAERegressionOutput(mx.nd.ones((3, 2)), mx.nd.ones((3, 2))).shape
    (3, 2)"""
def MakeLoss(data: Any = None, grad_scale: float = 1.0, valid_thresh: float = 0.0, normalization: str = 'null', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Declare `data` a loss: passed through, its gradient is `grad_scale`, normalized.

    `normalization` divides by 1 ("null"), by the batch size ("batch"), or by the count of elements
    above `valid_thresh` ("valid").

    Parameters
    ----------
    data : array
    grad_scale : a number, default 1.0
    valid_thresh : a number, default 0.0
    normalization : one of 'null', 'batch', 'valid', default 'null'

    Examples
    --------
    >>> mx.nd.MakeLoss(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def Pad(data: Any = None, mode: str = 'constant', pad_width: int | Sequence[int] | None = None, constant_value: float = 0.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Pad images (B, C, H, W) or volumes (B, C, D, H, W) in space.

    `pad_width` is flat: (before, after) for every axis, zero for the first two.

    Parameters
    ----------
    data : array
    mode : one of 'constant', 'edge', 'reflect', default 'constant'
    pad_width : a tuple of integers >= 0
    constant_value : a number, default 0.0

    Examples
    --------
    >>> mx.nd.Pad(mx.nd.ones((1, 2, 3, 3)), mode='constant', pad_width=(0, 0, 0, 0, 1, 1, 2, 0), constant_value=1.5).shape
    (1, 2, 5, 5)"""
def Pooling(data: Any = None, kernel: int | Sequence[int] = ..., pool_type: str = 'max', global_pool: bool = False, cudnn_off: bool = False, pooling_convention: str = 'valid', stride: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., p_value: int | None = None, count_include_pad: bool = True, layout: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Reduce each window of space to its maximum, average, sum or lp norm.

    Parameters
    ----------
    data : (B, C, W), (B, C, H, W) or (B, C, D, H, W); channels last with layout NWC, NHWC, NDHWC
    kernel, stride, pad : one entry per space axis; `stride` defaults to 1
    global_pool : one window over all of space; kernel, stride and pad are ignored
    pooling_convention : how many windows: "valid" rounds :math:`(size + 2 pad - kernel) / stride`
        down, "full" up, "same" gives :math:`\\lceil size / stride \\rceil`
    count_include_pad : whether "avg" divides by the padding cells, too
    p_value : p of :math:`(\\sum x^p)^{1/p}`, 1, 2 or 3; no absolute values are taken

    Returns
    -------
    data's shape with space reduced"""
def Pooling_v1(data: Any = None, kernel: int | Sequence[int] = ..., pool_type: str = 'max', global_pool: bool = False, pooling_convention: str = 'valid', stride: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Pool as MXNet did before 1.0: "avg" divides by the whole kernel, at the border, too.

    Parameters
    ----------
    data : array
    kernel : a tuple of integers >= 1, default ()
    pool_type : one of 'max', 'avg', 'sum', default 'max'
    global_pool : True or False, default False
    pooling_convention : one of 'valid', 'full', default 'valid'
    stride : a tuple of integers >= 1, default ()
    pad : a tuple of integers >= 0, default ()"""
def RNN(data: Any = None, parameters: Any = None, state: Any = None, state_cell: Any = None, sequence_length: Any = None, state_size: int | None = None, num_layers: int | None = None, bidirectional: bool = False, mode: str | None = None, p: float = 0.0, state_outputs: bool = False, projection_size: int | None = None, lstm_state_clip_min: float | None = None, lstm_state_clip_max: float | None = None, lstm_state_clip_nan: bool = False, use_sequence_length: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Run stacked recurrent layers over a sequence.

    ========  =====================================================================================
    rnn_relu  :math:`h = \\max(0, W x + b + U h + b')`; rnn_tanh with tanh
    lstm      :math:`i, f, o = \\sigma(\\cdot)`, :math:`g = \\tanh(\\cdot)`, :math:`c = f c + i g`,
              :math:`h = o \\tanh c`
    gru       :math:`r, z = \\sigma(\\cdot)`, :math:`n = \\tanh(W x + b + r (U h + b'))`,
              :math:`h = (1 - z) n + z h`
    ========  =====================================================================================

    Parameters
    ----------
    data : (T, B, I)
    parameters : all weights W, U of each layer and direction, then all biases b, b', flattened;
        gate order i f g o and r z n
    state, state_cell : (layers * directions, B, state_size); the cell for lstm only
    sequence_length : (B,), with ``use_sequence_length=True``
    p : dropout between layers, in training

    Returns
    -------
    (T, B, directions * state_size); with `state_outputs` also the last state (and cell)

    Examples
    --------
    >>> mx.nd.RNN(mx.nd.ones((3, 2, 2)), mx.nd.ones(48), mx.nd.ones((1, 2, 2)), mx.nd.ones((1, 2, 2)), state_size=2, num_layers=1, mode='lstm').shape
    (3, 2, 2)"""
def ROIPooling(data: Any = None, rois: Any = None, pooled_size: int | Sequence[int] | None = None, spatial_scale: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Maximum of each of h x w bins of each region: (R, C, h, w); empty bins give 0.

    Parameters
    ----------
    data : array
    rois : array
    pooled_size : a tuple of integers >= 1
    spatial_scale : a number

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015."""
def Reshape(data: Any = None, shape: int | Sequence[int] = ..., reverse: bool = False, target_shape: int | Sequence[int] | None = None, keep_highest: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Same elements in another shape.

    Besides lengths, `shape` may contain codes: 0 keeps a length, -1 is computed, -2 keeps all
    remaining lengths, -3 multiplies two, -4 splits one into the two numbers that follow. With
    `reverse` the codes are matched from the last axis.

    Parameters
    ----------
    data : array
    shape : a tuple of integers, default ()
    reverse : True or False, default False
    target_shape : a tuple of integers or None, default None
    keep_highest : True or False, default False

    Examples
    --------
    >>> mx.nd.Reshape(mx.nd.ones((2, 3, 4)), shape=(6, 4)).shape
    (6, 4)"""
def SVMOutput(data: Any = None, label: Any = None, margin: float = 1.0, regularization_coefficient: float = 1.0, use_linear: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Pass scores (B, K) through; the gradient is that of the one-against-all hinge loss.

    Squared hinge, or the plain one with ``use_linear=True``; `label` (B,) holds class numbers.

    Parameters
    ----------
    data : array
    label : array
    margin : a number, default 1.0
    regularization_coefficient : a number, default 1.0
    use_linear : True or False, default False

    Examples
    --------
    >>> mx.nd.SVMOutput(mx.nd.ones((3, 4)), mx.nd.array([0.0, 2.0, 1.0])).shape
    (3, 4)"""
def SequenceLast(data: Any = None, sequence_length: Any = None, use_sequence_length: bool = False, axis: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Take the last step of each sequence: (T, B, ...) becomes (B, ...).

    Parameters
    ----------
    data : array
    sequence_length : array, optional
    use_sequence_length : True or False, default False
    axis : an integer, default 0

    Examples
    --------
    >>> mx.nd.SequenceLast(mx.nd.ones((4, 3, 2))).shape
    (3, 2)"""
def SequenceMask(data: Any = None, sequence_length: Any = None, use_sequence_length: bool = False, value: float = 0.0, axis: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Set all steps after the end of each sequence to `value`.

    Parameters
    ----------
    data : (T, B, ...), or (B, T, ...) with ``axis=1``
    sequence_length : (B,), used with ``use_sequence_length=True``

    Examples
    --------
    >>> mx.nd.SequenceMask(mx.nd.ones((4, 3, 2)), value=-1.5).shape
    (4, 3, 2)"""
def SequenceReverse(data: Any = None, sequence_length: Any = None, use_sequence_length: bool = False, axis: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Reverse each sequence of data (T, B, ...) and leave what lies after its end.

    Parameters
    ----------
    data : array
    sequence_length : array, optional
    use_sequence_length : True or False, default False
    axis : an integer, default 0

    Examples
    --------
    >>> mx.nd.SequenceReverse(mx.nd.ones((4, 3, 2))).shape
    (4, 3, 2)"""
def SliceChannel(data: Any = None, num_outputs: int | None = None, axis: int = 1, squeeze_axis: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Cut into `num_outputs` equal parts along `axis`.

    Parameters
    ----------
    data : array
    num_outputs : an integer >= 1
    axis : an integer, default 1
    squeeze_axis : True or False, default False

    Examples
    --------
    >>> [out.shape for out in mx.nd.SliceChannel(mx.nd.ones((4, 6)), num_outputs=2)]
    [(4, 3), (4, 3)]"""
def Softmax(data: Any = None, label: Any = None, grad_scale: float = 1.0, ignore_label: float = -1.0, multi_output: bool = False, use_ignore: bool = False, preserve_shape: bool = False, normalization: str = 'null', out_grad: bool = False, smooth_alpha: float = 0.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Softmax whose backward is the gradient of the cross-entropy with `label`.

    .. math:: \\partial / \\partial x = (softmax(x) - onehot(label)) \\cdot grad\\_scale / norm

    Parameters
    ----------
    data : (B, K) scores; (B, K, ...) with ``multi_output=True``, (..., K) with
        ``preserve_shape=True``, otherwise all axes but the first are classes
    label : class numbers, data's shape without the classes; or probabilities, data's shape
    use_ignore, ignore_label : examples with this label get no gradient
    normalization : divide by 1 ("null"), by B ("batch") or by the labels not ignored ("valid")
    out_grad : multiply by the head gradient, which otherwise is ignored
    smooth_alpha : take that much probability from the label and share it among the other classes

    Examples
    --------
    >>> mx.nd.Softmax(mx.nd.ones((3, 4)), mx.nd.array([0.0, 2.0, 1.0])).shape
    (3, 4)"""
def SoftmaxActivation(data: Any = None, mode: str = 'instance', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Softmax over all features of an example, or over axis 1 with ``mode="channel"``.

    Parameters
    ----------
    data : array
    mode : one of 'instance', 'channel', default 'instance'

    Examples
    --------
    >>> mx.nd.SoftmaxActivation(mx.nd.ones((2, 3, 2))).shape
    (2, 3, 2)"""
def SoftmaxOutput(data: Any = None, label: Any = None, grad_scale: float = 1.0, ignore_label: float = -1.0, multi_output: bool = False, use_ignore: bool = False, preserve_shape: bool = False, normalization: str = 'null', out_grad: bool = False, smooth_alpha: float = 0.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Softmax whose backward is the gradient of the cross-entropy with `label`.

    .. math:: \\partial / \\partial x = (softmax(x) - onehot(label)) \\cdot grad\\_scale / norm

    Parameters
    ----------
    data : (B, K) scores; (B, K, ...) with ``multi_output=True``, (..., K) with
        ``preserve_shape=True``, otherwise all axes but the first are classes
    label : class numbers, data's shape without the classes; or probabilities, data's shape
    use_ignore, ignore_label : examples with this label get no gradient
    normalization : divide by 1 ("null"), by B ("batch") or by the labels not ignored ("valid")
    out_grad : multiply by the head gradient, which otherwise is ignored
    smooth_alpha : take that much probability from the label and share it among the other classes

    Examples
    --------
    >>> mx.nd.SoftmaxOutput(mx.nd.ones((3, 4)), mx.nd.array([0.0, 2.0, 1.0])).shape
    (3, 4)"""
def SpatialTransformer(data: Any = None, loc: Any = None, target_shape: int | Sequence[int] = ..., transform_type: str | None = None, sampler_type: str | None = None, cudnn_off: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Read maps (B, C, H, W) through the affine transformations `loc` (B, 6).

    The result has `target_shape`, or the size of data if that is (0, 0).

    Parameters
    ----------
    data : array
    loc : array
    target_shape : a tuple of integers >= 0, default (0, 0)
    transform_type : one of 'affine'
    sampler_type : one of 'bilinear'
    cudnn_off : a value or None, default None

    Examples
    --------
    >>> mx.nd.SpatialTransformer(mx.nd.ones((2, 1, 3, 4)), mx.nd.ones((2, 6)), target_shape=(2, 3), transform_type='affine', sampler_type='bilinear').shape
    (2, 1, 2, 3)"""
def SwapAxis(data: Any = None, dim1: int = 0, dim2: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Exchange two axes.

    Parameters
    ----------
    data : array
    dim1 : an integer, default 0
    dim2 : an integer, default 0

    Examples
    --------
    >>> mx.nd.SwapAxis(mx.nd.ones((2, 3, 4)), dim1=0, dim2=2).shape
    (4, 3, 2)"""
def UpSampling(*data: Any, scale: int | None = None, sample_type: str | None = None, num_filter: int = 0, multi_input_mode: str = 'concat', num_args: int = 1, workspace: int = 512, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Enlarge maps (B, C, H, W) by `scale`, by repetition or with learned bilinear weights.

    "nearest" takes any number of maps, brings all to the size of the first times `scale`, and
    concatenates their channels or sums them. "bilinear" takes one map and the weight of a
    `Deconvolution`, (C, 1, K, K) with ``K = 2 * scale - scale % 2``, initialised by
    ``init.Bilinear``.

    Parameters
    ----------
    *data : arrays
    scale : an integer >= 1
    sample_type : one of 'nearest', 'bilinear'
    num_filter : an integer >= 0, default 0
    multi_input_mode : one of 'concat', 'sum', default 'concat'
    num_args : an integer >= 1, default 1
    workspace : an integer >= 0, default 512

    Examples
    --------
    >>> mx.nd.UpSampling(mx.nd.ones((1, 2, 2, 3)), scale=2, sample_type='nearest').shape
    (1, 2, 4, 6)"""
def abs(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Absolute value: ``|x|``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.abs(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def adam_update(weight: Any = None, grad: Any = None, mean: Any = None, var: Any = None, lr: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Adam without bias correction, which the caller folds into `lr`.

    With ``g = rescale_grad * grad + wd * weight``, then cut,
    ``mean = beta1 * mean + (1 - beta1) * g; var = beta2 * var + (1 - beta2) * g**2``,
    ``weight = weight - lr * mean / (sqrt(var) + epsilon)``.

    Parameters
    ----------
    weight : array
    grad : array
    mean : array
    var : array
    lr : a number
    beta1 : a number, default 0.9
    beta2 : a number, default 0.999
    epsilon : a number, default 1e-08
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    lazy_update : True or False, default True

    Examples
    --------
    >>> mx.nd.adam_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def add(lhs: Any, rhs: Any) -> NDArray:
    """Sum: ``x + y``.

    Either operand may be a number."""
def add_n(*args: Any, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum of several arrays of one shape.

    Parameters
    ----------
    *args : arrays

    Examples
    --------
    >>> mx.nd.add_n(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def all_finite(data: Any = None, init_output: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """1 if every element is finite, else 0: shape (1,), float32.

    Parameters
    ----------
    data : array
    init_output : True or False, default True

    Examples
    --------
    >>> mx.nd.all_finite(mx.nd.ones((2, 3))).shape
    (1,)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def amp_cast(data: Any = None, dtype: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Cast floats to `dtype` for mixed precision; integers stay as they are.

    Parameters
    ----------
    data : array
    dtype : a dtype such as 'float32'

    Examples
    --------
    >>> mx.nd.amp_cast(mx.nd.ones((2, 3)), dtype='float64').shape
    (2, 3)"""
def amp_multicast(*data: Any, num_outputs: int | None = None, cast_narrow: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Cast floating arrays to the widest (or narrowest) dtype among them.

    Parameters
    ----------
    *data : arrays
    num_outputs : an integer >= 1
    cast_narrow : True or False, default False

    Examples
    --------
    >>> [out.shape for out in mx.nd.amp_multicast(mx.nd.ones((2, 3)), mx.nd.ones(2), num_outputs=2)]
    [(2, 3), (2,)]"""
def arange(start: float | None, stop: float | None = None, step: float = 1.0, repeat: int = 1, infer_range: bool | None = None, ctx: Any = None, dtype: Any = None) -> NDArray:
    """Evenly spaced numbers from `start` (0 if only one bound is given) up to but not `stop`."""
def arccos(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Inverse cosine, in radians.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.arccos(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def arccosh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Inverse hyperbolic cosine, for x ≥ 1.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.arccosh(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def arcsin(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Inverse sine, in radians.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.arcsin(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def arcsinh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Inverse hyperbolic sine.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.arcsinh(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def arctan(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Inverse tangent, in radians.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.arctan(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def arctanh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Inverse hyperbolic tangent.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.arctanh(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def argmax(data: Any = None, axis: int | None = None, keepdims: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Position of the largest element, in the dtype of the input; the first of equal ones.

    Parameters
    ----------
    data : array
    axis : an integer or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.nd.argmax(mx.nd.ones((2, 3))).shape
    (1,)"""
def argmax_channel(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Position of the largest element along axis 1, in the dtype of the input.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.argmax_channel(mx.nd.ones((2, 3))).shape
    (2,)"""
def argmin(data: Any = None, axis: int | None = None, keepdims: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Position of the smallest element, in the dtype of the input; the first of equal ones.

    Parameters
    ----------
    data : array
    axis : an integer or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.nd.argmin(mx.nd.ones((2, 3))).shape
    (1,)"""
def argsort(data: Any = None, axis: int | None = -1, is_ascend: bool = True, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Positions that put the elements in order along `axis`, as `dtype`.

    Parameters
    ----------
    data : array
    axis : an integer or None, default -1
    is_ascend : True or False, default True
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.argsort(mx.nd.array([[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]])).shape
    (3, 4)"""
def array(source_array: Any, ctx: Any = None, dtype: Any = None) -> Any:
    """Make an array from anything NumPy can read; always a copy.

    Parameters
    ----------
    source_array : array-like
    ctx : Device, optional
        Default: the current context.
    dtype : optional
        Default: that of an NDArray source, else float32, whatever the source holds."""
def batch_dot(lhs: Any = None, rhs: Any = None, transpose_a: bool = False, transpose_b: bool = False, forward_stype: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Matrix products of two batches: ``lhs[i] @ rhs[i]``, each operand transposed at will.

    The result is dense: `forward_stype` is there for MXNet programs.

    Parameters
    ----------
    lhs : array
    rhs : array
    transpose_a : True or False, default False
    transpose_b : True or False, default False
    forward_stype : one of 'default', 'csr', 'row_sparse' or None, default None

    Examples
    --------
    >>> mx.nd.batch_dot(mx.nd.ones((2, 2, 3)), mx.nd.ones((2, 3, 4))).shape
    (2, 2, 4)"""
def batch_take(a: Any = None, indices: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """One entry per row: ``out[i] = a[i, indices[i]]``.

    Parameters
    ----------
    a : array
    indices : array

    Examples
    --------
    >>> mx.nd.batch_take(mx.nd.ones((3, 4)), mx.nd.array([0, 0, 0], dtype="int64")).shape
    (3,)"""
def broadcast_add(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum: ``x + y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_add(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_axes(data: Any = None, axis: Any = ..., size: Any = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Repeat axes of length one: `axis` names them, `size` their new lengths.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default ()
    size : an axis, a tuple of axes, or None, default ()

    Examples
    --------
    >>> mx.nd.broadcast_axes(mx.nd.ones((1, 3)), axis=0, size=2).shape
    (2, 3)"""
def broadcast_axis(data: Any = None, axis: Any = ..., size: Any = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Repeat axes of length one: `axis` names them, `size` their new lengths.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default ()
    size : an axis, a tuple of axes, or None, default ()

    Examples
    --------
    >>> mx.nd.broadcast_axis(mx.nd.ones((1, 3)), axis=0, size=2).shape
    (2, 3)"""
def broadcast_div(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Quotient: ``x / y``; in np, integers give float32.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_div(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_equal(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Whether ``x = y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_equal(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)"""
def broadcast_greater(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Whether ``x > y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_greater(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)"""
def broadcast_greater_equal(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Whether ``x ≥ y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_greater_equal(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)"""
def broadcast_hypot(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Hypotenuse: ``√(x² + y²)``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_hypot(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_lesser(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Whether ``x < y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_lesser(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)"""
def broadcast_lesser_equal(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Whether ``x ≤ y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_lesser_equal(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)"""
def broadcast_like(lhs: Any = None, rhs: Any = None, lhs_axes: Any = None, rhs_axes: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Repeat axes of `lhs` of length one up to the shape of `rhs`, or only `lhs_axes`.

    Parameters
    ----------
    lhs : array
    rhs : array
    lhs_axes : an axis, a tuple of axes, or None, default None
    rhs_axes : an axis, a tuple of axes, or None, default None

    Examples
    --------
    >>> mx.nd.broadcast_like(mx.nd.ones((1, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_logical_and(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Whether both x and y are non-zero.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_logical_and(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)"""
def broadcast_logical_or(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Whether x or y is non-zero.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_logical_or(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)"""
def broadcast_logical_xor(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Whether exactly one of x and y is non-zero.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_logical_xor(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)"""
def broadcast_maximum(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """The larger of x and y.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_maximum(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_minimum(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """The smaller of x and y.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_minimum(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_minus(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Difference: ``x - y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_minus(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_mod(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Remainder with the sign of the divisor; 0 where an integer divisor is 0.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_mod(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_mul(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Product: ``x × y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_mul(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_not_equal(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Whether ``x ≠ y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_not_equal(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)"""
def broadcast_plus(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum: ``x + y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_plus(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_power(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Power: ``lhs`` to the ``rhs``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_power(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_sub(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Difference: ``x - y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.broadcast_sub(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def broadcast_to(data: Any = None, shape: int | Sequence[int] = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Repeat axes of length one up to `shape`, where 0 keeps a length.

    Parameters
    ----------
    data : array
    shape : a tuple of integers, default ()

    Examples
    --------
    >>> mx.nd.broadcast_to(mx.nd.ones((1, 3)), shape=(2, 3)).shape
    (2, 3)"""
def cast(data: Any = None, dtype: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Copy of `data` as another dtype; floats become integers by dropping the fraction.

    Parameters
    ----------
    data : array
    dtype : a dtype such as 'float32'

    Examples
    --------
    >>> mx.nd.cast(mx.nd.ones((2, 3)), dtype='float64').shape
    (2, 3)"""
def cast_storage(data: Any = None, stype: str | None = None, out: Any = None, **kwargs: Any) -> NDArray:
    """Convert to a storage type; the values stay. Recorded, so gradients flow through.

    Parameters
    ----------
    data : NDArray; a matrix for ``stype="csr"``
    stype : {"default", "csr", "row_sparse"}
        csr and row_sparse do not convert into each other directly.

    Raises
    ------
    ParamError
        For an unknown storage, or between the two sparse ones."""
def cbrt(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Cube root: ``∛x``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.cbrt(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def ceil(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Smallest integer not below x.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.ceil(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def choose_element_0index(data: Any = None, index: Any = None, axis: int | None = -1, keepdims: bool = False, mode: str = 'clip', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """One entry per row: ``out[i] = data[i, index[i]]`` along `axis`.

    Parameters
    ----------
    data : array
    index : array
    axis : an integer or None, default -1
    keepdims : True or False, default False
    mode : one of 'clip', 'wrap', 'raise', default 'clip'

    Examples
    --------
    >>> mx.nd.choose_element_0index(mx.nd.ones((3, 4)), mx.nd.array([0, 0, 0], dtype="int64")).shape
    (3,)"""
def clip(data: Any = None, a_min: float | None = None, a_max: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Limit the elements to `a_min` … `a_max`; outside no gradient flows.

    Parameters
    ----------
    data : array
    a_min : a number
    a_max : a number

    Examples
    --------
    >>> mx.nd.clip(mx.nd.ones((2, 3)), a_min=-0.5, a_max=0.5).shape
    (2, 3)"""
def col2im(data: Any = None, output_size: int | Sequence[int] | None = None, kernel: int | Sequence[int] | None = None, stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Add columns back to the cells they came from: the adjoint of `im2col`.

    Parameters
    ----------
    data : array
    output_size : a tuple of integers >= 1
    kernel : a tuple of integers >= 1
    stride : a tuple of integers >= 1, default ()
    dilate : a tuple of integers >= 1, default ()
    pad : a tuple of integers >= 0, default ()

    Examples
    --------
    >>> mx.nd.col2im(mx.nd.ones((1, 8, 4)), output_size=(3, 3), kernel=(2, 2)).shape
    (1, 2, 3, 3)"""
def concat(*data: Any, dim: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Join arrays of one dtype along axis `dim`.

    Parameters
    ----------
    *data : arrays
    dim : an integer, default 1

    Examples
    --------
    >>> mx.nd.concat(mx.nd.ones((2, 3)), mx.nd.ones((2, 1))).shape
    (2, 4)"""
def concatenate(arrays: Any, axis: Any = 0, always_copy: Any = True) -> Any:
    """Join arrays along an axis."""
def cos(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Cosine of an angle in radians.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.cos(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def cosh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Hyperbolic cosine: ``(eˣ + e⁻ˣ)/2``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.cosh(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def crop(data: Any = None, begin: int | Sequence[int] | None = None, end: int | Sequence[int] | None = None, step: int | Sequence[int] | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Take ``data[begin:end:step]`` on the leading axes; None leaves a bound open.

    Parameters
    ----------
    data : array
    begin : a tuple of integers
    end : a tuple of integers
    step : a tuple of integers or None, default None

    Examples
    --------
    >>> mx.nd.crop(mx.nd.ones((4, 5)), begin=(1, 2), end=(3, 5)).shape
    (2, 3)"""
def ctc_loss(data: Any = None, label: Any = None, data_lengths: Any = None, label_lengths: Any = None, use_data_lengths: bool = False, use_label_lengths: bool = False, blank_label: str = 'first', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Negative log-probability of a label sequence, summed over all its alignments.

    Parameters
    ----------
    data : (T, B, C) scores before softmax
    label : (B, L) class numbers. With ``blank_label="first"`` 0 is the blank and the padding;
        with "last" C - 1 is the blank and -1 the padding
    data_lengths, label_lengths : (B,), used with `use_data_lengths`, `use_label_lengths`

    Returns
    -------
    (B,)

    Examples
    --------
    >>> mx.nd.ctc_loss(mx.nd.ones((5, 3, 4)), mx.nd.array([[1.0, 2.0], [2.0, 2.0], [3.0, 0.0]])).shape
    (3,)"""
def cumsum(a: Any = None, axis: int | None = None, dtype: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Running sum along `axis`, or of the flattened array.

    Parameters
    ----------
    a : array
    axis : an integer or None, default None
    dtype : a dtype such as 'float32' or None, default None

    Examples
    --------
    >>> mx.nd.cumsum(mx.nd.ones((2, 3))).shape
    (6,)"""
def degrees(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Radians to degrees: ``180 x/π``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.degrees(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def depth_to_space(data: Any = None, block_size: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Spread channels over blocks of pixels: (B, C b², H, W) becomes (B, C, H b, W b).

    Parameters
    ----------
    data : array
    block_size : an integer >= 1

    Examples
    --------
    >>> mx.nd.depth_to_space(mx.nd.ones((1, 8, 2, 3)), block_size=2).shape
    (1, 2, 4, 6)"""
def diag(data: Any = None, k: int = 0, axis1: int = 0, axis2: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Diagonal `k` of a matrix (or of matrices along two axes); a matrix with a vector on it.

    Parameters
    ----------
    data : array
    k : an integer, default 0
    axis1 : an integer, default 0
    axis2 : an integer, default 1

    Examples
    --------
    >>> mx.nd.diag(mx.nd.ones((3, 4))).shape
    (3,)"""
def divide(lhs: Any, rhs: Any) -> NDArray:
    """Quotient: ``x / y``; in np, integers give float32.

    Either operand may be a number."""
def dot(lhs: Any = None, rhs: Any = None, transpose_a: bool = False, transpose_b: bool = False, forward_stype: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum over the last axis of `lhs` and the first of `rhs`; two vectors give shape (1,).

    With `transpose_a` the first axis of `lhs` is summed and its others keep their order, with
    `transpose_b` the last axis of `rhs`. `forward_stype` asks for the storage of the result where
    an operand is sparse: csr times dense is dense, csr transposed times dense is row_sparse.

    Parameters
    ----------
    lhs : array
    rhs : array
    transpose_a : True or False, default False
    transpose_b : True or False, default False
    forward_stype : one of 'default', 'csr', 'row_sparse' or None, default None

    Examples
    --------
    >>> mx.nd.dot(mx.nd.ones((2, 3)), mx.nd.ones((3, 4))).shape
    (2, 4)"""
def elemwise_add(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum: ``x + y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.elemwise_add(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def elemwise_div(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Quotient: ``x / y``; in np, integers give float32.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.elemwise_div(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def elemwise_mul(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Product: ``x × y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.elemwise_mul(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def elemwise_sub(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Difference: ``x - y``.

    Parameters
    ----------
    lhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.elemwise_sub(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def empty(shape: Any, ctx: Any = None, dtype: Any = None, stype: Any = None) -> Any:
    """Array with arbitrary contents, for a caller that overwrites it."""
def equal(lhs: Any, rhs: Any) -> NDArray:
    """Whether ``x = y``.

    Either operand may be a number."""
def erf(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Error function: ``2/√π ∫₀ˣ e⁻ᵗ² dt``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.erf(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def erfinv(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Inverse of the error function, on (-1, 1).

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.erfinv(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def exp(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Exponential: ``eˣ``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.exp(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def expand_dims(data: Any = None, axis: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Insert axes of length one, so that they stand at the positions `axis`.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None

    Examples
    --------
    >>> mx.nd.expand_dims(mx.nd.ones((2, 3)), axis=0).shape
    (1, 2, 3)"""
def explain(given: Any, expected: Any = '', fix: Any = '') -> Any:
    """Compose the one message form: what was given, what was expected and why, how to fix it."""
def expm1(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """``eˣ - 1``, exact for small x.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.expm1(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def eye(N: int | None, M: int | None = 0, k: int = 0, ctx: Any = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """Matrix with ones on diagonal `k`."""
def fill_element_0index(lhs: Any = None, mhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Copy of `lhs` with ``lhs[i, rhs[i]]`` replaced by ``mhs[i]``.

    Parameters
    ----------
    lhs : array
    mhs : array
    rhs : array

    Examples
    --------
    >>> mx.nd.fill_element_0index(mx.nd.ones((3, 4)), mx.nd.ones(3), mx.nd.array([0, 0, 0], dtype="int64")).shape
    (3, 4)"""
def fix(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Nearest integer towards zero.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.fix(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def flatten(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Keep the first axis and merge all others: (B, ...) becomes (B, D).

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.flatten(mx.nd.ones((2, 3, 4))).shape
    (2, 12)"""
def flip(data: Any = None, axis: int | Sequence[int] | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Reverse the order along `axis`.

    Parameters
    ----------
    data : array
    axis : a tuple of integers

    Examples
    --------
    >>> mx.nd.flip(mx.nd.ones((2, 3)), axis=1).shape
    (2, 3)"""
def floor(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Largest integer not above x.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.floor(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def from_dlpack(dlpack: Any) -> Any:
    """Look at memory handed over by DLPack (torch, CuPy, NumPy …); no bytes move."""
def from_numpy(ndarray: Any, zero_copy: Any = True, array_cls: Any = ...) -> Any:
    """Look at a NumPy array's memory as an array on ``cpu(0)``; no bytes move.

    Parameters
    ----------
    ndarray : C-contiguous array
        It is made read-only, since both sides see every change.
    zero_copy : bool
        With False the memory is copied.
    array_cls : class of the result: `NDArray`, or the `ndarray` of mx.np

    Raises
    ------
    DTypeError
        If the array is not contiguous."""
def ftml_update(weight: Any = None, grad: Any = None, d: Any = None, v: Any = None, z: Any = None, lr: Any = None, beta1: float = 0.6000000238418579, beta2: float = 0.9990000128746033, epsilon: float = 1e-08, t: int | None = None, wd: float = 0.0, rescale_grad: float = 1.0, clip_grad: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Follow the moving leader at step `t` (from 1).

    Parameters
    ----------
    weight : array
    grad : array
    d : array
    v : array
    z : array
    lr : a value or None
    beta1 : a number, default 0.6000000238418579
    beta2 : a number, default 0.9990000128746033
    epsilon : a number, default 1e-08
    t : an integer >= 1
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_grad : a number, default -1.0

    Examples
    --------
    >>> mx.nd.ftml_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1, t=2).shape
    (2, 3)

    References
    ----------
    Zheng and Kwok, "Follow the moving leader in deep learning", ICML 2017.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def ftrl_update(weight: Any = None, grad: Any = None, z: Any = None, n: Any = None, lr: float | None = None, lamda1: float = 0.009999999776482582, beta: float = 1.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Follow the regularized leader: weights become exactly zero where \\|z\\| <= lamda1.

    Parameters
    ----------
    weight : array
    grad : array
    z : array
    n : array
    lr : a number
    lamda1 : a number, default 0.009999999776482582
    beta : a number, default 1.0
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0

    Examples
    --------
    >>> mx.nd.ftrl_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    References
    ----------
    McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def full(shape: int | Sequence[int] | None, val: Any, ctx: Any = None, dtype: Any = None, out: Any = None) -> NDArray:
    """Array of the number `val`; float32 unless `dtype` says otherwise."""
def gamma(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Gamma function: ``Γ(n) = (n-1)!`` for whole n.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.gamma(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def gammaln(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Logarithm of the absolute value of the gamma function.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.gammaln(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def gather_nd(data: Any = None, indices: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Elements at the positions in the columns of `indices`: ``data[indices[0, i], …]``.

    Parameters
    ----------
    data : array
    indices : array

    Examples
    --------
    >>> mx.nd.gather_nd(mx.nd.ones((3, 4)), mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (3,)"""
def greater(lhs: Any, rhs: Any) -> NDArray:
    """Whether ``x > y``.

    Either operand may be a number."""
def greater_equal(lhs: Any, rhs: Any) -> NDArray:
    """Whether ``x ≥ y``.

    Either operand may be a number."""
def hard_sigmoid(data: Any = None, alpha: float = 0.2, beta: float = 0.5, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Piecewise linear sigmoid: ``clip(alpha * data + beta, 0, 1)``.

    Parameters
    ----------
    data : array
    alpha : a number, default 0.2
    beta : a number, default 0.5

    Examples
    --------
    >>> mx.nd.hard_sigmoid(mx.nd.array([[-4.0, -1.0, 0.3], [1.0, 4.0, 0.0]])).shape
    (2, 3)"""
def histogram(a: Any, bins: Any = 10, range: Any = None) -> Any:
    """Count elements in bins.

    Parameters
    ----------
    a : NDArray
    bins : int or NDArray
        Number of equal bins, or their edges in increasing order.
    range : tuple of two numbers, optional
        Outer edges; default: the smallest and largest element.

    Returns
    -------
    list of two NDArrays
        Counts, and edges."""
def identity(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Copy of `data`, which gradients pass unchanged.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.identity(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def im2col(data: Any = None, kernel: int | Sequence[int] | None = None, stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Lay the windows of data (B, C, *space) out as columns (B, C * prod(kernel), windows).

    Parameters
    ----------
    data : array
    kernel : a tuple of integers >= 1
    stride : a tuple of integers >= 1, default ()
    dilate : a tuple of integers >= 1, default ()
    pad : a tuple of integers >= 0, default ()

    Examples
    --------
    >>> mx.nd.im2col(mx.nd.ones((1, 2, 3, 3)), kernel=(2, 2)).shape
    (1, 8, 4)"""
def imdecode(str_img: Any, clip_rect: Any = ..., out: Any = None, index: Any = 0, channels: Any = 3, mean: Any = None) -> Any:
    """Decode a picture to (1, C, H, W), cut out and less a mean; `mx.image.imdecode` is newer.

    Parameters
    ----------
    str_img : bytes
        A JPEG or PNG file.
    clip_rect : tuple of int
        Left, top, right and bottom of the part wanted; zeros take it whole.
    out : NDArray, optional
        A batch, whose picture `index` is written.
    index, channels : int
    mean : NDArray, optional
        Of the same shape as the picture, (C, H, W)."""
def khatri_rao(*args: Any, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Columnwise Kronecker product of matrices with equally many columns.

    Parameters
    ----------
    *args : arrays

    Examples
    --------
    >>> mx.nd.khatri_rao(mx.nd.ones((2, 3)), mx.nd.ones((4, 3))).shape
    (8, 3)"""
def lamb_update_phase1(weight: Any = None, grad: Any = None, mean: Any = None, var: Any = None, beta1: float = 0.8999999761581421, beta2: float = 0.9990000128746033, epsilon: float = 9.999999974752427e-07, t: int | None = None, bias_correction: bool = True, wd: Any = None, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """LAMB, first half: the direction of the step, which `lamb_update_phase2` scales.

    Parameters
    ----------
    weight : array
    grad : array
    mean : array
    var : array
    beta1 : a number, default 0.8999999761581421
    beta2 : a number, default 0.9990000128746033
    epsilon : a number, default 9.999999974752427e-07
    t : an integer >= 1
    bias_correction : True or False, default True
    wd : a value or None
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0

    Examples
    --------
    >>> mx.nd.lamb_update_phase1(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), t=2, wd=0.1).shape
    (2, 3)

    References
    ----------
    You et al., "Large batch optimization for deep learning", ICLR 2020.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def lamb_update_phase2(weight: Any = None, g: Any = None, r1: Any = None, r2: Any = None, lr: float | None = None, lower_bound: float = -1.0, upper_bound: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """LAMB, second half: ``weight -= lr * (r1 / r2) * g``, with norms of weight (r1) and g (r2).

    Parameters
    ----------
    weight : array
    g : array
    r1 : array
    r2 : array
    lr : a number
    lower_bound : a number, default -1.0
    upper_bound : a number, default -1.0

    Examples
    --------
    >>> mx.nd.lamb_update_phase2(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones(1), mx.nd.ones(1), lr=0.1).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def lesser(lhs: Any, rhs: Any) -> NDArray:
    """Whether ``x < y``.

    Either operand may be a number."""
def lesser_equal(lhs: Any, rhs: Any) -> NDArray:
    """Whether ``x ≤ y``.

    Either operand may be a number."""
def linalg_det(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Determinant of the matrices on the last two axes.

    Parameters
    ----------
    A : array

    Examples
    --------
    >>> mx.nd.linalg_det(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]])).shape
    (1,)"""
def linalg_extractdiag(A: Any = None, offset: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Diagonal of the matrices on the last two axes.

    Parameters
    ----------
    A : array
    offset : an integer, default 0

    Examples
    --------
    >>> mx.nd.linalg_extractdiag(mx.nd.ones((3, 3))).shape
    (3,)"""
def linalg_extracttrian(A: Any = None, offset: int = 0, lower: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Triangle of the matrices on the last two axes as a vector.

    Parameters
    ----------
    A : array
    offset : an integer, default 0
    lower : True or False, default True

    Examples
    --------
    >>> mx.nd.linalg_extracttrian(mx.nd.ones((3, 3))).shape
    (6,)"""
def linalg_gelqf(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Factors Q (orthonormal rows) and L (lower triangle) with ``L Q = A``, for wide matrices.

    Parameters
    ----------
    A : array

    Examples
    --------
    >>> [out.shape for out in mx.nd.linalg_gelqf(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0]]))]
    [(2, 3), (2, 2)]"""
def linalg_gemm(A: Any = None, B: Any = None, C: Any = None, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0, beta: float = 1.0, axis: int = -2, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """``alpha op(A) op(B) + beta C`` over the last two axes; `axis` holds the rows.

    Parameters
    ----------
    A : array
    B : array
    C : array
    transpose_a : True or False, default False
    transpose_b : True or False, default False
    alpha : a number, default 1.0
    beta : a number, default 1.0
    axis : an integer, default -2

    Examples
    --------
    >>> mx.nd.linalg_gemm(mx.nd.ones((2, 3)), mx.nd.ones((3, 4)), mx.nd.ones((2, 4)), alpha=2.0, beta=0.5).shape
    (2, 4)"""
def linalg_gemm2(A: Any = None, B: Any = None, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0, axis: int = -2, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """``alpha op(A) op(B)`` over the last two axes; `axis` holds the rows.

    Parameters
    ----------
    A : array
    B : array
    transpose_a : True or False, default False
    transpose_b : True or False, default False
    alpha : a number, default 1.0
    axis : an integer, default -2

    Examples
    --------
    >>> mx.nd.linalg_gemm2(mx.nd.ones((2, 2, 3)), mx.nd.ones((2, 3, 4)), alpha=0.5).shape
    (2, 2, 4)"""
def linalg_inverse(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Inverse of the matrices on the last two axes.

    Parameters
    ----------
    A : array

    Examples
    --------
    >>> mx.nd.linalg_inverse(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]])).shape
    (3, 3)"""
def linalg_makediag(A: Any = None, offset: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Matrices with the vectors on the last axis as a diagonal.

    Parameters
    ----------
    A : array
    offset : an integer, default 0

    Examples
    --------
    >>> mx.nd.linalg_makediag(mx.nd.ones(3)).shape
    (3, 3)"""
def linalg_maketrian(A: Any = None, offset: int = 0, lower: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Matrices with the vectors on the last axis as a triangle, zero elsewhere.

    Parameters
    ----------
    A : array
    offset : an integer, default 0
    lower : True or False, default True

    Examples
    --------
    >>> mx.nd.linalg_maketrian(mx.nd.ones(6)).shape
    (3, 3)"""
def linalg_potrf(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Lower triangle L with ``L Lᵀ = A``, for symmetric positive definite matrices.

    Parameters
    ----------
    A : array

    Examples
    --------
    >>> mx.nd.linalg_potrf(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]])).shape
    (3, 3)"""
def linalg_potri(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Inverse of ``A Aᵀ`` for a lower triangle A, as `potrf` gives it.

    Parameters
    ----------
    A : array

    Examples
    --------
    >>> mx.nd.linalg_potri(mx.nd.array([[2.0, 0.0, 0.0], [1.0, 2.0, 0.0], [1.0, 1.0, 2.0]])).shape
    (3, 3)"""
def linalg_slogdet(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Sign and logarithm of the absolute value of the determinant.

    Parameters
    ----------
    A : array

    Examples
    --------
    >>> [out.shape for out in mx.nd.linalg_slogdet(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]]))]
    [(1,), (1,)]"""
def linalg_sumlogdiag(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum of the logarithms of the diagonal.

    Parameters
    ----------
    A : array

    Examples
    --------
    >>> mx.nd.linalg_sumlogdiag(mx.nd.ones((3, 3))).shape
    (1,)"""
def linalg_syevd(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Eigenvectors (rows of U) and eigenvalues of symmetric matrices: ``A = Uᵀ diag(L) U``.

    Parameters
    ----------
    A : array

    Examples
    --------
    >>> [out.shape for out in mx.nd.linalg_syevd(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]]))]
    [(3, 3), (3,)]"""
def linalg_syrk(A: Any = None, transpose: bool = False, alpha: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """``alpha A Aᵀ``, or ``alpha Aᵀ A``.

    Parameters
    ----------
    A : array
    transpose : True or False, default False
    alpha : a number, default 1.0

    Examples
    --------
    >>> mx.nd.linalg_syrk(mx.nd.ones((2, 3))).shape
    (2, 2)"""
def linalg_trmm(A: Any = None, B: Any = None, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """``alpha op(A) B`` for a triangle A, or ``alpha B op(A)``.

    Parameters
    ----------
    A : array
    B : array
    transpose : True or False, default False
    rightside : True or False, default False
    lower : True or False, default True
    alpha : a number, default 1.0

    Examples
    --------
    >>> mx.nd.linalg_trmm(mx.nd.ones((3, 3)), mx.nd.ones((3, 2))).shape
    (3, 2)"""
def linalg_trsm(A: Any = None, B: Any = None, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Solution X of ``op(A) X = alpha B`` for a triangle A, or of ``X op(A) = alpha B``.

    Parameters
    ----------
    A : array
    B : array
    transpose : True or False, default False
    rightside : True or False, default False
    lower : True or False, default True
    alpha : a number, default 1.0

    Examples
    --------
    >>> mx.nd.linalg_trsm(mx.nd.array([[2.0, 0.0, 0.0], [1.0, 2.0, 0.0], [1.0, 1.0, 2.0]]), mx.nd.ones((3, 2))).shape
    (3, 2)"""
def linspace(start: float | None, stop: float | None, num: int, endpoint: bool = True, ctx: Any = None, dtype: Any = None) -> NDArray:
    """`num` evenly spaced numbers from `start` to `stop`."""
def load(fname: Any) -> Any:
    """Read arrays from a ``.params`` file: a list, or a dict if they were saved with names.

    Raises
    ------
    FileFormatError
        If the file is truncated, corrupt or of another kind."""
def load_frombuffer(buf: Any) -> Any:
    """Read arrays from the bytes of a ``.params`` file."""
def log(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Natural logarithm.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.log(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def log10(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Logarithm to base 10.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.log10(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def log1p(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """``log(1 + x)``, exact for small x.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.log1p(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def log2(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Logarithm to base 2.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.log2(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def log_sigmoid(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Log of the logistic function, :math:`-\\log(1 + e^{-x})`.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.log_sigmoid(mx.nd.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
    (2, 3)"""
def log_softmax(data: Any = None, axis: int = -1, temperature: float | None = None, dtype: Any = None, use_length: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Logarithm of `softmax`, :math:`x_i / T - \\log \\sum_j e^{x_j / T}`.

    More exact than ``log(softmax(x))``, which loses small probabilities.

    Parameters
    ----------
    data : array
    axis : an integer, default -1
    temperature : a number or None, default None
    dtype : a dtype such as 'float32' or None, default None
    use_length : True or False, default False

    Examples
    --------
    >>> mx.nd.log_softmax(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def logical_and(lhs: Any, rhs: Any) -> NDArray:
    """Whether both x and y are non-zero.

    Either operand may be a number."""
def logical_not(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """1 where x is zero, else 0.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.logical_not(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def logical_or(lhs: Any, rhs: Any) -> NDArray:
    """Whether x or y is non-zero.

    Either operand may be a number."""
def logical_xor(lhs: Any, rhs: Any) -> NDArray:
    """Whether exactly one of x and y is non-zero.

    Either operand may be a number."""
def make_loss(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Declare `data` a loss: passed through, its gradient is one, whatever arrives from above.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.make_loss(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def masked_log_softmax(data: Any = None, mask: Any = None, axis: int = -1, temperature: float = 1.0, normalize: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Logarithm of the masked softmax; -inf where `mask` is 0.

    Parameters
    ----------
    data : array
    mask : array
    axis : an integer, default -1
    temperature : a number, default 1.0
    normalize : True or False, default True

    Examples
    --------
    >>> mx.nd.masked_log_softmax(mx.nd.ones((2, 3)), mx.nd.array([[True, True, True], [True, True, True]], dtype="bool")).shape
    (2, 3)"""
def masked_softmax(data: Any = None, mask: Any = None, axis: int = -1, temperature: float = 1.0, normalize: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Softmax over the elements where `mask` is not 0; the others get probability 0.

    Parameters
    ----------
    data : array
    mask : array
    axis : an integer, default -1
    temperature : a number, default 1.0
    normalize : True or False, default True

    Examples
    --------
    >>> mx.nd.masked_softmax(mx.nd.ones((2, 3)), mx.nd.array([[True, False, True], [True, True, True]], dtype="bool")).shape
    (2, 3)"""
def max(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Largest element. `axis` may be one or several; `exclude` reduces all other axes instead.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False
    exclude : True or False, default False

    Examples
    --------
    >>> mx.nd.max(mx.nd.ones((2, 3))).shape
    (1,)"""
def max_axis(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Largest element. `axis` may be one or several; `exclude` reduces all other axes instead.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False
    exclude : True or False, default False

    Examples
    --------
    >>> mx.nd.max_axis(mx.nd.ones((2, 3))).shape
    (1,)"""
def maximum(lhs: Any, rhs: Any) -> NDArray:
    """The larger of x and y.

    Either operand may be a number."""
def mean(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Mean of the elements. `axis` may be one or several; `exclude` reduces all other axes instead.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False
    exclude : True or False, default False

    Examples
    --------
    >>> mx.nd.mean(mx.nd.ones((2, 3))).shape
    (1,)"""
def min(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Smallest element. `axis` may be one or several; `exclude` reduces all other axes instead.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False
    exclude : True or False, default False

    Examples
    --------
    >>> mx.nd.min(mx.nd.ones((2, 3))).shape
    (1,)"""
def min_axis(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Smallest element. `axis` may be one or several; `exclude` reduces all other axes instead.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False
    exclude : True or False, default False

    Examples
    --------
    >>> mx.nd.min_axis(mx.nd.ones((2, 3))).shape
    (1,)"""
def minimum(lhs: Any, rhs: Any) -> NDArray:
    """The smaller of x and y.

    Either operand may be a number."""
def mish(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Mish :math:`x \\tanh(\\log(1 + e^x))`.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.mish(mx.nd.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
    (2, 3)

    References
    ----------
    Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020."""
def modulo(lhs: Any, rhs: Any) -> NDArray:
    """Remainder with the sign of the divisor; 0 where an integer divisor is 0.

    Either operand may be a number."""
def moments(data: Any = None, axes: Any = None, keepdims: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Mean and variance over `axes`.

    Parameters
    ----------
    data : array
    axes : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> [out.shape for out in mx.nd.moments(mx.nd.ones((2, 3)))]
    [(1,), (1,)]"""
def moveaxis(tensor: Any = None, source: Any = None, destination: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Move axes to other positions; the others keep their order.

    Parameters
    ----------
    tensor : array
    source : an axis, a tuple of axes, or None
    destination : an axis, a tuple of axes, or None

    Examples
    --------
    >>> mx.nd.moveaxis(mx.nd.ones((2, 3, 4)), source=-1, destination=0).shape
    (4, 2, 3)"""
def mp_lamb_update_phase1(weight: Any = None, grad: Any = None, mean: Any = None, var: Any = None, weight32: Any = None, beta1: float = 0.8999999761581421, beta2: float = 0.9990000128746033, epsilon: float = 9.999999974752427e-07, t: int | None = None, bias_correction: bool = True, wd: Any = None, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """`lamb_update_phase1` for a half-precision weight: the direction, in float32.

    Parameters
    ----------
    weight : array
    grad : array
    mean : array
    var : array
    weight32 : array
    beta1 : a number, default 0.8999999761581421
    beta2 : a number, default 0.9990000128746033
    epsilon : a number, default 9.999999974752427e-07
    t : an integer >= 1
    bias_correction : True or False, default True
    wd : a value or None
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0

    Examples
    --------
    >>> mx.nd.mp_lamb_update_phase1(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), t=2, wd=0.1).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def mp_lamb_update_phase2(weight: Any = None, g: Any = None, r1: Any = None, r2: Any = None, weight32: Any = None, lr: float | None = None, lower_bound: float = -1.0, upper_bound: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """`lamb_update_phase2` on the master copy; the result is that copy, rounded.

    Parameters
    ----------
    weight : array
    g : array
    r1 : array
    r2 : array
    weight32 : array
    lr : a number
    lower_bound : a number, default -1.0
    upper_bound : a number, default -1.0

    Examples
    --------
    >>> mx.nd.mp_lamb_update_phase2(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones(1), mx.nd.ones(1), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def mp_nag_mom_update(weight: Any = None, grad: Any = None, mom: Any = None, weight32: Any = None, lr: float | None = None, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """`nag_mom_update` on the master copy; the result is that copy, rounded.

    Parameters
    ----------
    weight : array
    grad : array
    mom : array
    weight32 : array
    lr : a number
    momentum : a number, default 0.0
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0

    Examples
    --------
    >>> mx.nd.mp_nag_mom_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def mp_sgd_mom_update(weight: Any = None, grad: Any = None, mom: Any = None, weight32: Any = None, lr: float | None = None, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """`sgd_mom_update` on the master copy; the result is that copy, rounded.

    Parameters
    ----------
    weight : array
    grad : array
    mom : array
    weight32 : array
    lr : a number
    momentum : a number, default 0.0
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    lazy_update : True or False, default True

    Examples
    --------
    >>> mx.nd.mp_sgd_mom_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def mp_sgd_update(weight: Any = None, grad: Any = None, weight32: Any = None, lr: float | None = None, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """`sgd_update` on the master copy; the result is that copy, rounded.

    Parameters
    ----------
    weight : array
    grad : array
    weight32 : array
    lr : a number
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    lazy_update : True or False, default True

    Examples
    --------
    >>> mx.nd.mp_sgd_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def multi_all_finite(*data: Any, num_arrays: int = 1, init_output: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """1 if every element of every array is finite, else 0: shape (1,), float32.

    Parameters
    ----------
    *data : arrays
    num_arrays : an integer >= 1, default 1
    init_output : True or False, default True

    Examples
    --------
    >>> mx.nd.multi_all_finite(mx.nd.ones((2, 3)), mx.nd.ones(4), num_arrays=2).shape
    (1,)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def multi_lars(lrs: Any = None, weights_sum_sq: Any = None, grads_sum_sq: Any = None, wds: Any = None, eta: float | None = None, eps: float | None = None, rescale_grad: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Layer-wise adaptive rates: ``lr * eta * |w| / (rescale * |g| + wd * |w| + eps)``.

    Parameters
    ----------
    lrs : array
    weights_sum_sq : array
    grads_sum_sq : array
    wds : array
    eta : a number
    eps : a number
    rescale_grad : a number, default 1.0

    Examples
    --------
    >>> mx.nd.multi_lars(mx.nd.ones(3), mx.nd.ones(3), mx.nd.ones(3), mx.nd.ones(3), eta=0.001, eps=1e-06).shape
    (3,)

    References
    ----------
    You, Gitman and Ginsburg, "Large batch training of convolutional networks", 2017.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def multi_mp_sgd_mom_update(*data: Any, lrs: Any = None, wds: Any = None, momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """`mp_sgd_mom_update` for `num_weights` weights at once.

    Parameters
    ----------
    *data : arrays
    lrs : a number or a sequence of numbers
    wds : a number or a sequence of numbers
    momentum : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    num_weights : an integer >= 1, default 1

    Examples
    --------
    >>> mx.nd.multi_mp_sgd_mom_update(mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), lrs=(0.1,), wds=(0.01,), num_weights=1).shape
    (2, 1)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def multi_mp_sgd_update(*data: Any, lrs: Any = None, wds: Any = None, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """`mp_sgd_update` for `num_weights` weights at once.

    Parameters
    ----------
    *data : arrays
    lrs : a number or a sequence of numbers
    wds : a number or a sequence of numbers
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    num_weights : an integer >= 1, default 1

    Examples
    --------
    >>> mx.nd.multi_mp_sgd_update(mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), lrs=(0.1,), wds=(0.01,), num_weights=1).shape
    (2, 1)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def multi_sgd_mom_update(*data: Any, lrs: Any = None, wds: Any = None, momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """`sgd_mom_update` for `num_weights` weights at once.

    Parameters
    ----------
    *data : arrays
    lrs : a number or a sequence of numbers
    wds : a number or a sequence of numbers
    momentum : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    num_weights : an integer >= 1, default 1

    Examples
    --------
    >>> mx.nd.multi_sgd_mom_update(mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), lrs=(0.1,), wds=(0.01,), num_weights=1).shape
    (2, 1)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def multi_sgd_update(*data: Any, lrs: Any = None, wds: Any = None, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """`sgd_update` for `num_weights` weights at once.

    Parameters
    ----------
    *data : arrays
    lrs : a number or a sequence of numbers
    wds : a number or a sequence of numbers
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    num_weights : an integer >= 1, default 1

    Examples
    --------
    >>> mx.nd.multi_sgd_update(mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), lrs=(0.1,), wds=(0.01,), num_weights=1).shape
    (2, 1)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def multi_sum_sq(*data: Any, num_arrays: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum of squares of each array: (num_arrays,), float32.

    Parameters
    ----------
    *data : arrays
    num_arrays : an integer >= 1, default 1

    Examples
    --------
    >>> mx.nd.multi_sum_sq(mx.nd.ones((2, 3)), mx.nd.ones(4), num_arrays=2).shape
    (2,)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def multiply(lhs: Any, rhs: Any) -> NDArray:
    """Product: ``x × y``.

    Either operand may be a number."""
def nag_mom_update(weight: Any = None, grad: Any = None, mom: Any = None, lr: float | None = None, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Step with Nesterov's momentum, which looks one step ahead.

    ``g += wd * weight; mom = momentum * mom - lr * g; weight += momentum * mom - lr * g``

    Parameters
    ----------
    weight : array
    grad : array
    mom : array
    lr : a number
    momentum : a number, default 0.0
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0

    Examples
    --------
    >>> mx.nd.nag_mom_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    References
    ----------
    Sutskever et al., "On the importance of initialization and momentum", ICML 2013.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def nanprod(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Product of the elements that are not NaN. `axis` may be one or several; `exclude` reduces all other axes instead.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False
    exclude : True or False, default False

    Examples
    --------
    >>> mx.nd.nanprod(mx.nd.ones((2, 3))).shape
    (1,)"""
def nansum(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum of the elements that are not NaN. `axis` may be one or several; `exclude` reduces all other axes instead.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False
    exclude : True or False, default False

    Examples
    --------
    >>> mx.nd.nansum(mx.nd.ones((2, 3))).shape
    (1,)"""
def negative(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Negation: ``-x``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.negative(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def norm(data: Any = None, ord: int = 2, axis: Any = None, out_dtype: Any = None, keepdims: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Norm over `axis` (all axes if None): ``Σ|x|`` for `ord` 1, ``√Σx²`` for `ord` 2.

    Parameters
    ----------
    data : array
    ord : an integer, default 2
    axis : an axis, a tuple of axes, or None, default None
    out_dtype : a dtype such as 'float32' or None, default None
    keepdims : True or False, default False

    Examples
    --------
    >>> mx.nd.norm(mx.nd.ones((2, 3))).shape
    (1,)"""
def normal(loc: float = 0.0, scale: float = 1.0, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Normal numbers with mean `loc` and standard deviation `scale`.

    Parameters
    ----------
    loc : a number, default 0.0
    scale : a number, default 1.0
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.normal(shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def not_equal(lhs: Any, rhs: Any) -> NDArray:
    """Whether ``x ≠ y``.

    Either operand may be a number."""
def number_functions(dialect: Any) -> Any:
    """``nd.add``, ``nd.maximum`` …, ``np.add`` …, which take numbers as well as arrays."""
def one_hot(indices: Any = None, depth: int | None = None, on_value: float = 1.0, off_value: float = 0.0, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """`on_value` at the position each index names on a new last axis, `off_value` elsewhere.

    An index outside 0 … depth - 1 gives a row of `off_value`.

    Parameters
    ----------
    indices : array
    depth : an integer >= 0
    on_value : a number, default 1.0
    off_value : a number, default 0.0
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.one_hot(mx.nd.array([0, 0, 0, 0], dtype="int64"), depth=3).shape
    (4, 3)"""
def onehot_encode(indices: Any, out: Any) -> Any:
    """Write one-hot rows for `indices` into the matrix `out`."""
def ones(shape: int | Sequence[int] | None, ctx: Any = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """Array of ones; float32 unless `dtype` says otherwise."""
def ones_like(data: Any = None, dtype: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Ones of the shape and dtype of `data`.

    Parameters
    ----------
    data : array
    dtype : a dtype such as 'float32' or None, default None

    Examples
    --------
    >>> mx.nd.ones_like(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def pad(data: Any = None, mode: str = 'constant', pad_width: int | Sequence[int] | None = None, constant_value: float = 0.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Pad images (B, C, H, W) or volumes (B, C, D, H, W) in space.

    `pad_width` is flat: (before, after) for every axis, zero for the first two.

    Parameters
    ----------
    data : array
    mode : one of 'constant', 'edge', 'reflect', default 'constant'
    pad_width : a tuple of integers >= 0
    constant_value : a number, default 0.0

    Examples
    --------
    >>> mx.nd.pad(mx.nd.ones((1, 2, 3, 3)), mode='constant', pad_width=(0, 0, 0, 0, 1, 1, 2, 0), constant_value=1.5).shape
    (1, 2, 5, 5)"""
def pick(data: Any = None, index: Any = None, axis: int | None = -1, keepdims: bool = False, mode: str = 'clip', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """One entry per row: ``out[i] = data[i, index[i]]`` along `axis`.

    Parameters
    ----------
    data : array
    index : array
    axis : an integer or None, default -1
    keepdims : True or False, default False
    mode : one of 'clip', 'wrap', 'raise', default 'clip'

    Examples
    --------
    >>> mx.nd.pick(mx.nd.ones((3, 4)), mx.nd.array([0, 0, 0], dtype="int64")).shape
    (3,)"""
def power(base: Any, exp: Any) -> NDArray:
    """Power: ``x`` to the ``y``.

    Either operand may be a number."""
def preloaded_multi_mp_sgd_mom_update(*data: Any, momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """`multi_mp_sgd_mom_update` with rates and decays in two arrays, given last.

    Parameters
    ----------
    *data : arrays
    momentum : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    num_weights : an integer >= 1, default 1

    Examples
    --------
    >>> mx.nd.preloaded_multi_mp_sgd_mom_update(mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones(1), mx.nd.ones(1), num_weights=1).shape
    (2, 1)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def preloaded_multi_mp_sgd_update(*data: Any, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """`multi_mp_sgd_update` with rates and decays in two arrays, given last.

    Parameters
    ----------
    *data : arrays
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    num_weights : an integer >= 1, default 1

    Examples
    --------
    >>> mx.nd.preloaded_multi_mp_sgd_update(mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones(1), mx.nd.ones(1), num_weights=1).shape
    (2, 1)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def preloaded_multi_sgd_mom_update(*data: Any, momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """`multi_sgd_mom_update` with rates and decays in two arrays, given last.

    Parameters
    ----------
    *data : arrays
    momentum : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    num_weights : an integer >= 1, default 1

    Examples
    --------
    >>> mx.nd.preloaded_multi_sgd_mom_update(mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones(1), mx.nd.ones(1), num_weights=1).shape
    (2, 1)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def preloaded_multi_sgd_update(*data: Any, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """`multi_sgd_update` with rates and decays in two arrays, given last.

    Parameters
    ----------
    *data : arrays
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    num_weights : an integer >= 1, default 1

    Examples
    --------
    >>> mx.nd.preloaded_multi_sgd_update(mx.nd.ones((2, 1)), mx.nd.ones((2, 1)), mx.nd.ones(1), mx.nd.ones(1), num_weights=1).shape
    (2, 1)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def prod(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Product of the elements. `axis` may be one or several; `exclude` reduces all other axes instead.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False
    exclude : True or False, default False

    Examples
    --------
    >>> mx.nd.prod(mx.nd.ones((2, 3))).shape
    (1,)"""
def radians(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Degrees to radians: ``π x/180``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.radians(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def random_binomial(n: float = 1.0, p: float = 0.5, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Successes in `n` trials, each with probability `p`.

    Parameters
    ----------
    n : a number, default 1.0
    p : a number, default 0.5
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.random_binomial(shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def random_exponential(lam: float = 1.0, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Exponential numbers with rate `lam` (mean 1/lam).

    Parameters
    ----------
    lam : a number, default 1.0
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.random_exponential(shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def random_gamma(alpha: float = 1.0, beta: float = 1.0, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Gamma numbers with shape `alpha` and scale `beta`.

    Parameters
    ----------
    alpha : a number, default 1.0
    beta : a number, default 1.0
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.random_gamma(shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def random_generalized_negative_binomial(mu: float = 1.0, alpha: float = 1.0, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Negative binomial numbers with mean `mu` and dispersion `alpha`.

    Parameters
    ----------
    mu : a number, default 1.0
    alpha : a number, default 1.0
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.random_generalized_negative_binomial(shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def random_negative_binomial(k: float = 1.0, p: float = 1.0, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Failures before success number `k`, each with probability `p`.

    Parameters
    ----------
    k : a number, default 1.0
    p : a number, default 1.0
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.random_negative_binomial(shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def random_normal(loc: float = 0.0, scale: float = 1.0, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Normal numbers with mean `loc` and standard deviation `scale`.

    Parameters
    ----------
    loc : a number, default 0.0
    scale : a number, default 1.0
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.random_normal(shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def random_pdf_dirichlet(sample: Any = None, alpha: Any = None, is_log: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Density of the Dirichlet distribution, or its logarithm; the last axis adds up to 1.

    Parameters
    ----------
    sample : array
    alpha : array
    is_log : True or False, default False

    Examples
    --------
    >>> mx.nd.random_pdf_dirichlet(mx.nd.ones((2, 2, 3)), mx.nd.ones((2, 3))).shape
    (2, 2)"""
def random_pdf_exponential(sample: Any = None, lam: Any = None, is_log: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Density of the exponential distribution, or its logarithm.

    Parameters
    ----------
    sample : array
    lam : array
    is_log : True or False, default False

    Examples
    --------
    >>> mx.nd.random_pdf_exponential(mx.nd.ones((2, 3)), mx.nd.ones(2)).shape
    (2, 3)"""
def random_pdf_gamma(sample: Any = None, alpha: Any = None, beta: Any = None, is_log: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Density of the gamma distribution with rate `beta`, or its logarithm.

    Parameters
    ----------
    sample : array
    alpha : array
    beta : array
    is_log : True or False, default False

    Examples
    --------
    >>> mx.nd.random_pdf_gamma(mx.nd.ones((2, 3)), mx.nd.ones(2), mx.nd.ones(2)).shape
    (2, 3)"""
def random_pdf_generalized_negative_binomial(sample: Any = None, mu: Any = None, alpha: Any = None, is_log: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Probability of counts with mean `mu` and dispersion `alpha`, or its logarithm.

    Parameters
    ----------
    sample : array
    mu : array
    alpha : array
    is_log : True or False, default False

    Examples
    --------
    >>> mx.nd.random_pdf_generalized_negative_binomial(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.ones(2), mx.nd.ones(2)).shape
    (2, 3)"""
def random_pdf_negative_binomial(sample: Any = None, k: Any = None, p: Any = None, is_log: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Probability of failures before success `k`, or its logarithm.

    Parameters
    ----------
    sample : array
    k : array
    p : array
    is_log : True or False, default False

    Examples
    --------
    >>> mx.nd.random_pdf_negative_binomial(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.ones(2), mx.nd.ones(2)).shape
    (2, 3)"""
def random_pdf_normal(sample: Any = None, mu: Any = None, sigma: Any = None, is_log: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Density of the normal distribution, or its logarithm.

    Parameters
    ----------
    sample : array
    mu : array
    sigma : array
    is_log : True or False, default False

    Examples
    --------
    >>> mx.nd.random_pdf_normal(mx.nd.ones((2, 3)), mx.nd.ones(2), mx.nd.ones(2)).shape
    (2, 3)"""
def random_pdf_poisson(sample: Any = None, lam: Any = None, is_log: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Probability of counts of the Poisson distribution, or its logarithm.

    Parameters
    ----------
    sample : array
    lam : array
    is_log : True or False, default False

    Examples
    --------
    >>> mx.nd.random_pdf_poisson(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.nd.ones(2)).shape
    (2, 3)"""
def random_pdf_uniform(sample: Any = None, low: Any = None, high: Any = None, is_log: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Density of the uniform distribution, or its logarithm.

    Parameters
    ----------
    sample : array
    low : array
    high : array
    is_log : True or False, default False

    Examples
    --------
    >>> mx.nd.random_pdf_uniform(mx.nd.ones((2, 3)), mx.nd.array([-1.0, -0.5]), mx.nd.array([2.0, 3.0])).shape
    (2, 3)"""
def random_poisson(lam: float = 1.0, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Poisson numbers with mean `lam`.

    Parameters
    ----------
    lam : a number, default 1.0
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.random_poisson(shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def random_randint(low: int | None = None, high: int | None = None, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'int32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Draw whole numbers from `low` to ``high - 1``, all equally likely.

    Parameters
    ----------
    low : an integer
    high : an integer
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'int32'

    Examples
    --------
    >>> mx.nd.random_randint(low=0, high=5, shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def random_uniform(low: float = 0.0, high: float = 1.0, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Uniform numbers in [low, high).

    Parameters
    ----------
    low : a number, default 0.0
    high : a number, default 1.0
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.random_uniform(shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def ravel_multi_index(data: Any = None, shape: int | Sequence[int] | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Positions in the flattened array of the coordinates in the rows of `data`.

    Parameters
    ----------
    data : array
    shape : a tuple of integers

    Examples
    --------
    >>> mx.nd.ravel_multi_index(mx.nd.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), shape=(7, 6)).shape
    (3,)"""
def rcbrt(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Reciprocal cube root: ``1/∛x``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.rcbrt(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def reciprocal(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Reciprocal: ``1/x``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.reciprocal(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def relu(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Rectified linear unit: ``max(data, 0)``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.relu(mx.nd.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
    (2, 3)"""
def repeat(data: Any = None, repeats: int | None = None, axis: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Repeat each element `repeats` times along `axis`, or of the flattened array.

    Parameters
    ----------
    data : array
    repeats : an integer >= 0
    axis : an integer or None, default None

    Examples
    --------
    >>> mx.nd.repeat(mx.nd.ones((2, 3)), repeats=2).shape
    (12,)"""
def reset_arrays(*data: Any, num_arrays: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Fill all arrays with zeros, in place.

    Parameters
    ----------
    *data : arrays
    num_arrays : an integer >= 1, default 1

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def reshape(data: Any = None, shape: int | Sequence[int] = ..., reverse: bool = False, target_shape: int | Sequence[int] | None = None, keep_highest: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Same elements in another shape.

    Besides lengths, `shape` may contain codes: 0 keeps a length, -1 is computed, -2 keeps all
    remaining lengths, -3 multiplies two, -4 splits one into the two numbers that follow. With
    `reverse` the codes are matched from the last axis.

    Parameters
    ----------
    data : array
    shape : a tuple of integers, default ()
    reverse : True or False, default False
    target_shape : a tuple of integers or None, default None
    keep_highest : True or False, default False

    Examples
    --------
    >>> mx.nd.reshape(mx.nd.ones((2, 3, 4)), shape=(6, 4)).shape
    (6, 4)"""
def reshape_like(lhs: Any = None, rhs: Any = None, lhs_begin: int | None = None, lhs_end: int | None = None, rhs_begin: int | None = None, rhs_end: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Shape of `rhs` for the elements of `lhs`, or for a range of its axes.

    Parameters
    ----------
    lhs : array
    rhs : array
    lhs_begin : an integer or None, default None
    lhs_end : an integer or None, default None
    rhs_begin : an integer or None, default None
    rhs_end : an integer or None, default None

    Examples
    --------
    >>> mx.nd.reshape_like(mx.nd.ones((2, 3)), mx.nd.ones((3, 2))).shape
    (3, 2)"""
def reverse(data: Any = None, axis: int | Sequence[int] | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Reverse the order along `axis`.

    Parameters
    ----------
    data : array
    axis : a tuple of integers

    Examples
    --------
    >>> mx.nd.reverse(mx.nd.ones((2, 3)), axis=1).shape
    (2, 3)"""
def rint(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Nearest integer; a half goes to the lower one.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.rint(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def rmsprop_update(weight: Any = None, grad: Any = None, n: Any = None, lr: float | None = None, gamma1: float = 0.949999988079071, epsilon: float = 1e-08, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, clip_weights: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """RMSProp: ``n = gamma1 * n + (1 - gamma1) * g**2; weight -= lr * g / sqrt(n + epsilon)``.

    Parameters
    ----------
    weight : array
    grad : array
    n : array
    lr : a number
    gamma1 : a number, default 0.949999988079071
    epsilon : a number, default 1e-08
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    clip_weights : a number, default -1.0

    Examples
    --------
    >>> mx.nd.rmsprop_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    References
    ----------
    Tieleman and Hinton, "Lecture 6.5: RMSProp", Coursera 2012.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def rmspropalex_update(weight: Any = None, grad: Any = None, n: Any = None, g: Any = None, delta: Any = None, lr: float | None = None, gamma1: float = 0.949999988079071, gamma2: float = 0.8999999761581421, epsilon: float = 1e-08, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, clip_weights: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """RMSProp, centred, with momentum: the mean gradient `g` is taken from the second moment `n`.

    ``delta = gamma2 * delta - lr * grad / sqrt(n - g**2 + epsilon); weight = weight + delta``

    Parameters
    ----------
    weight : array
    grad : array
    n : array
    g : array
    delta : array
    lr : a number
    gamma1 : a number, default 0.949999988079071
    gamma2 : a number, default 0.8999999761581421
    epsilon : a number, default 1e-08
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    clip_weights : a number, default -1.0

    Examples
    --------
    >>> mx.nd.rmspropalex_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1, epsilon=2.0).shape
    (2, 3)

    References
    ----------
    Graves, "Generating sequences with recurrent neural networks", arXiv 1308.0850, equation 38.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def round(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Nearest integer; a half goes away from zero.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.round(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def rsqrt(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Reciprocal square root: ``1/√x``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.rsqrt(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def sample_binomial(n: Any = None, p: Any = None, shape: int | Sequence[int] = ..., dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Successes in `n` trials, each with probability `p`. One row of `shape` draws for each element of the parameters.

    Parameters
    ----------
    n : array
    p : array
    shape : a tuple of integers >= 0, default ()
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.sample_binomial(mx.nd.ones(2), mx.nd.ones(2), shape=(3,)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def sample_exponential(lam: Any = None, shape: int | Sequence[int] = ..., dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Exponential numbers with rate `lam` (mean 1/lam). One row of `shape` draws for each element of the parameters.

    Parameters
    ----------
    lam : array
    shape : a tuple of integers >= 0, default ()
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.sample_exponential(mx.nd.ones(2), shape=(3,)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def sample_gamma(alpha: Any = None, beta: Any = None, shape: int | Sequence[int] = ..., dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Gamma numbers with shape `alpha` and scale `beta`. One row of `shape` draws for each element of the parameters.

    Parameters
    ----------
    alpha : array
    beta : array
    shape : a tuple of integers >= 0, default ()
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.sample_gamma(mx.nd.ones(2), mx.nd.ones(2), shape=(3,)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def sample_generalized_negative_binomial(mu: Any = None, alpha: Any = None, shape: int | Sequence[int] = ..., dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Negative binomial numbers with mean `mu` and dispersion `alpha`. One row of `shape` draws for each element of the parameters.

    Parameters
    ----------
    mu : array
    alpha : array
    shape : a tuple of integers >= 0, default ()
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.sample_generalized_negative_binomial(mx.nd.ones(2), mx.nd.ones(2), shape=(3,)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def sample_multinomial(data: Any = None, shape: int | Sequence[int] = ..., get_prob: bool = False, dtype: Any = 'int32', out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Draw categories 0 … K-1 with the probabilities in `data`, (K,) or a batch (B, K).

    With `get_prob` the logarithms of the drawn probabilities are a second output; gradients flow
    through it, as policy gradients (REINFORCE) need it.

    Parameters
    ----------
    data : array
    shape : a tuple of integers >= 0, default ()
    get_prob : True or False, default False
    dtype : a dtype such as 'float32', default 'int32'

    Examples
    --------
    >>> mx.nd.sample_multinomial(mx.nd.array([0.1, 0.2, 0.7]), shape=(2, 3)).shape
    (2, 3)"""
def sample_negative_binomial(k: Any = None, p: Any = None, shape: int | Sequence[int] = ..., dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Failures before success number `k`, each with probability `p`. One row of `shape` draws for each element of the parameters.

    Parameters
    ----------
    k : array
    p : array
    shape : a tuple of integers >= 0, default ()
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.sample_negative_binomial(mx.nd.ones(2), mx.nd.ones(2), shape=(3,)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def sample_normal(mu: Any = None, sigma: Any = None, shape: int | Sequence[int] = ..., dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Normal numbers with mean `mu` and standard deviation `sigma`. One row of `shape` draws for each element of the parameters.

    Parameters
    ----------
    mu : array
    sigma : array
    shape : a tuple of integers >= 0, default ()
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.sample_normal(mx.nd.ones(2), mx.nd.ones(2), shape=(3,)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def sample_poisson(lam: Any = None, shape: int | Sequence[int] = ..., dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Poisson numbers with mean `lam`. One row of `shape` draws for each element of the parameters.

    Parameters
    ----------
    lam : array
    shape : a tuple of integers >= 0, default ()
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.sample_poisson(mx.nd.ones(2), shape=(3,)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def sample_uniform(low: Any = None, high: Any = None, shape: int | Sequence[int] = ..., dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Uniform numbers in [low, high). One row of `shape` draws for each element of the parameters.

    Parameters
    ----------
    low : array
    high : array
    shape : a tuple of integers >= 0, default ()
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.sample_uniform(mx.nd.ones(2), mx.nd.ones(2), shape=(3,)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def save(fname: Any, data: Any) -> Any:
    """Write arrays to a file in MXNet's ``.params`` format.

    Parameters
    ----------
    fname : path
    data : NDArray, list of NDArray, or dict of str to NDArray"""
def scatter_nd(data: Any = None, indices: Any = None, shape: int | Sequence[int] | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Zeros of `shape` with `data` written at the positions in the columns of `indices`.

    Parameters
    ----------
    data : array
    indices : array
    shape : a tuple of integers >= 0

    Examples
    --------
    >>> mx.nd.scatter_nd(mx.nd.ones(3), mx.nd.array([[0, 1, 2], [3, 0, 1]], dtype="int64"), shape=(3, 4)).shape
    (3, 4)"""
def sgd_mom_update(weight: Any = None, grad: Any = None, mom: Any = None, lr: float | None = None, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Step with momentum.

    ``mom = momentum * mom - lr * (g + wd * weight); weight = weight + mom``

    Parameters
    ----------
    weight : array
    grad : array
    mom : array
    lr : a number
    momentum : a number, default 0.0
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    lazy_update : True or False, default True

    Examples
    --------
    >>> mx.nd.sgd_mom_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def sgd_update(weight: Any = None, grad: Any = None, lr: float | None = None, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Step down the gradient: ``weight = (1 - lr * wd) * weight - lr * g``.

    Parameters
    ----------
    weight : array
    grad : array
    lr : a number
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    lazy_update : True or False, default True

    Examples
    --------
    >>> mx.nd.sgd_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def shape_array(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Lengths of the axes, as an int64 array.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.shape_array(mx.nd.ones((2, 3))).shape
    (2,)

    Notes
    -----
    No gradient flows through: its result is a position, a whole number."""
def shuffle(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Put the rows (entries of the first axis) into random order.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.shuffle(mx.nd.ones(6)).shape
    (6,)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def sigmoid(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Logistic function :math:`1 / (1 + e^{-x})`.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.sigmoid(mx.nd.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
    (2, 3)"""
def sign(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sign: -1, 0 or 1.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.sign(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def signsgd_update(weight: Any = None, grad: Any = None, lr: float | None = None, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Step by the sign of the gradient: ``weight = (1 - lr * wd) * weight - lr * sign(g)``.

    Parameters
    ----------
    weight : array
    grad : array
    lr : a number
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0

    Examples
    --------
    >>> mx.nd.signsgd_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    References
    ----------
    Bernstein et al., "signSGD", ICML 2018.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def signum_update(weight: Any = None, grad: Any = None, mom: Any = None, lr: float | None = None, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, wd_lh: float = 0.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Step by the sign of the averaged gradient.

    ``mom = momentum * mom - (1 - momentum) * (g + wd * weight)``,
    ``weight = (1 - lr * wd_lh) * weight + lr * sign(mom)``

    Parameters
    ----------
    weight : array
    grad : array
    mom : array
    lr : a number
    momentum : a number, default 0.0
    wd : a number, default 0.0
    rescale_grad : a number, default 1.0
    clip_gradient : a number, default -1.0
    wd_lh : a number, default 0.0

    Examples
    --------
    >>> mx.nd.signum_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
    (2, 3)

    References
    ----------
    Bernstein et al., "signSGD", ICML 2018.

    Notes
    -----
    No gradient flows through: it is a step of an optimizer: it changes its states."""
def sin(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sine of an angle in radians.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.sin(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def sinh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Hyperbolic sine: ``(eˣ - e⁻ˣ)/2``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.sinh(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def size_array(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Number of elements, as an int64 array of shape (1,).

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.size_array(mx.nd.ones((2, 3))).shape
    (1,)

    Notes
    -----
    No gradient flows through: its result is a position, a whole number."""
def slice(data: Any = None, begin: int | Sequence[int] | None = None, end: int | Sequence[int] | None = None, step: int | Sequence[int] | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Take ``data[begin:end:step]`` on the leading axes; None leaves a bound open.

    Parameters
    ----------
    data : array
    begin : a tuple of integers
    end : a tuple of integers
    step : a tuple of integers or None, default None

    Examples
    --------
    >>> mx.nd.slice(mx.nd.ones((4, 5)), begin=(1, 2), end=(3, 5)).shape
    (2, 3)"""
def slice_axis(data: Any = None, axis: int | None = None, begin: int | None = None, end: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Take positions `begin` to `end` along `axis`.

    Parameters
    ----------
    data : array
    axis : an integer
    begin : an integer
    end : an integer or None, default None

    Examples
    --------
    >>> mx.nd.slice_axis(mx.nd.ones((4, 5)), axis=1, begin=1, end=3).shape
    (4, 2)"""
def slice_like(data: Any = None, shape_like: Any = None, axes: Any = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Cut `data` to the lengths of `shape_like`, on all axes or on `axes`.

    Parameters
    ----------
    data : array
    shape_like : array
    axes : an axis, a tuple of axes, or None, default ()

    Examples
    --------
    >>> mx.nd.slice_like(mx.nd.ones((4, 5)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def smooth_l1(data: Any = None, scalar: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Quadratic near zero, linear beyond.

    :math:`(\\sigma x)^2 / 2` for :math:`|x| < 1 / \\sigma^2`, else :math:`|x| - 0.5 / \\sigma^2`,
    with σ = `scalar`.

    Parameters
    ----------
    data : array
    scalar : a number, default 1.0

    Examples
    --------
    >>> mx.nd.smooth_l1(mx.nd.array([[-2.0, -0.3, 0.4], [0.7, 1.6, -0.9]])).shape
    (2, 3)

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015, equation 3."""
def softmax(data: Any = None, length: Any = None, axis: int = -1, temperature: float | None = None, dtype: Any = None, use_length: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Turn scores into probabilities: :math:`e^{x_i / T} / \\sum_j e^{x_j / T}` along `axis`.

    Parameters
    ----------
    data : any shape, floating
    length : data's shape without `axis`, whole numbers, with ``use_length=True``: how many entries
        count; the others get probability 0
    temperature : T, larger is flatter
    dtype : dtype of the result

    Examples
    --------
    >>> mx.nd.softmax(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def softmax_cross_entropy(data: Any = None, label: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Total cross-entropy of scores `data` (B, K) with class numbers `label` (B,): shape (1,).

    Parameters
    ----------
    data : array
    label : array

    Examples
    --------
    >>> mx.nd.softmax_cross_entropy(mx.nd.ones((3, 4)), mx.nd.array([0, 2, 1], dtype="int64")).shape
    (1,)"""
def softmin(data: Any = None, axis: int = -1, temperature: float | None = None, dtype: Any = None, use_length: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Softmax of the negated scores: the smallest gets the largest probability.

    Parameters
    ----------
    data : array
    axis : an integer, default -1
    temperature : a number or None, default None
    dtype : a dtype such as 'float32' or None, default None
    use_length : True or False, default False

    Examples
    --------
    >>> mx.nd.softmin(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def softsign(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Softsign :math:`x / (1 + |x|)`.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.softsign(mx.nd.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
    (2, 3)"""
def sort(data: Any = None, axis: int | None = -1, is_ascend: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Elements in order along `axis`, or of the flattened array if it is None.

    Parameters
    ----------
    data : array
    axis : an integer or None, default -1
    is_ascend : True or False, default True

    Examples
    --------
    >>> mx.nd.sort(mx.nd.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])).shape
    (2, 3)"""
def space_to_depth(data: Any = None, block_size: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Move blocks of pixels into channels: (B, C, H b, W b) becomes (B, C b², H, W).

    Parameters
    ----------
    data : array
    block_size : an integer >= 1

    Examples
    --------
    >>> mx.nd.space_to_depth(mx.nd.ones((1, 2, 4, 6)), block_size=2).shape
    (1, 8, 2, 3)"""
def split(data: Any = None, num_outputs: int | None = None, axis: int = 1, squeeze_axis: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Cut into `num_outputs` equal parts along `axis`.

    Parameters
    ----------
    data : array
    num_outputs : an integer >= 1
    axis : an integer, default 1
    squeeze_axis : True or False, default False

    Examples
    --------
    >>> [out.shape for out in mx.nd.split(mx.nd.ones((4, 6)), num_outputs=2)]
    [(4, 3), (4, 3)]"""
def split_v2(ary: Any = None, indices_or_sections: Any = None, axis: int = 0, squeeze_axis: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """Cut along `axis` into equal sections (a number), or before each position of a tuple.

    Parameters
    ----------
    ary : array
    indices_or_sections : an axis, a tuple of axes, or None
    axis : an integer, default 0
    squeeze_axis : True or False, default False

    Examples
    --------
    >>> [out.shape for out in mx.nd.split_v2(mx.nd.ones((4, 6)), indices_or_sections=2)]
    [(2, 6), (2, 6)]"""
def sqrt(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Square root: ``√x``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.sqrt(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def square(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Square: ``x²``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.square(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def squeeze(data: Any = None, axis: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Remove axes of length one; one of them stays if nothing else is left.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None

    Examples
    --------
    >>> mx.nd.squeeze(mx.nd.ones((1, 3, 1))).shape
    (3,)"""
def stack(*data: Any, axis: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Join arrays of one shape along a new axis.

    Parameters
    ----------
    *data : arrays
    axis : an integer, default 0

    Examples
    --------
    >>> mx.nd.stack(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 2, 3)"""
def stop_gradient(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Copy of `data` that lets no gradient through.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.stop_gradient(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def subtract(lhs: Any, rhs: Any) -> NDArray:
    """Difference: ``x - y``.

    Either operand may be a number."""
def sum(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum of the elements. `axis` may be one or several; `exclude` reduces all other axes instead.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False
    exclude : True or False, default False

    Examples
    --------
    >>> mx.nd.sum(mx.nd.ones((2, 3))).shape
    (1,)"""
def sum_axis(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Sum of the elements. `axis` may be one or several; `exclude` reduces all other axes instead.

    Parameters
    ----------
    data : array
    axis : an axis, a tuple of axes, or None, default None
    keepdims : True or False, default False
    exclude : True or False, default False

    Examples
    --------
    >>> mx.nd.sum_axis(mx.nd.ones((2, 3))).shape
    (1,)"""
def swapaxes(data: Any = None, dim1: int = 0, dim2: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Exchange two axes.

    Parameters
    ----------
    data : array
    dim1 : an integer, default 0
    dim2 : an integer, default 0

    Examples
    --------
    >>> mx.nd.swapaxes(mx.nd.ones((2, 3, 4)), dim1=0, dim2=2).shape
    (4, 3, 2)"""
def take(a: Any = None, indices: Any = None, axis: int = 0, mode: str = 'clip', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Entries of `a` at the positions `indices` along `axis`.

    Positions outside are clipped, wrapped around, or refused (``mode="raise"``, negative ones
    too, as in MXNet).

    Parameters
    ----------
    a : array
    indices : array
    axis : an integer, default 0
    mode : one of 'clip', 'wrap', 'raise', default 'clip'

    Examples
    --------
    >>> mx.nd.take(mx.nd.ones((4, 3)), mx.nd.array([[0, 0], [0, 0]], dtype="int64")).shape
    (2, 2, 3)"""
def tan(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Tangent of an angle in radians.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.tan(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def tanh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Hyperbolic tangent.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.tanh(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def tile(data: Any = None, reps: int | Sequence[int] | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Lay copies of the array side by side, `reps` times along each axis.

    Parameters
    ----------
    data : array
    reps : a tuple of integers >= 0

    Examples
    --------
    >>> mx.nd.tile(mx.nd.ones((2, 3)), reps=(2, 2)).shape
    (4, 6)"""
def to_dlpack_for_read(data: Any) -> Any:
    """Return a DLPack capsule that shares the memory of `data`."""
def to_dlpack_for_write(data: Any) -> Any:
    """Return a DLPack capsule that shares the memory of `data`."""
def topk(data: Any = None, axis: int | None = -1, k: int = 1, ret_typ: str = 'indices', is_ascend: bool = False, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> Any:
    """The `k` largest elements along `axis` (smallest with `is_ascend`), in order.

    `ret_typ` asks for their values, their indices (as `dtype`), both, or a mask of ones where
    they stand. ``k=0`` means all of them, ``axis=None`` the flattened array.

    Parameters
    ----------
    data : array
    axis : an integer or None, default -1
    k : an integer >= 0, default 1
    ret_typ : one of 'value', 'indices', 'mask', 'both', default 'indices'
    is_ascend : True or False, default False
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.topk(mx.nd.array([[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]]), k=2).shape
    (3, 2)"""
def transpose(data: Any = None, axes: int | Sequence[int] = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Axes in another order; without `axes`, reversed.

    Parameters
    ----------
    data : array
    axes : a tuple of integers, default ()

    Examples
    --------
    >>> mx.nd.transpose(mx.nd.ones((2, 3))).shape
    (3, 2)"""
def true_divide(lhs: Any, rhs: Any) -> NDArray:
    """Quotient: ``x / y``; in np, integers give float32.

    Either operand may be a number."""
def trunc(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Integer part of x.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.nd.trunc(mx.nd.ones((2, 3))).shape
    (2, 3)"""
def uniform(low: float = 0.0, high: float = 1.0, shape: int | Sequence[int] = ..., ctx: Any = None, dtype: Any = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Uniform numbers in [low, high).

    Parameters
    ----------
    low : a number, default 0.0
    high : a number, default 1.0
    shape : a tuple of integers >= 0, default (1,)
    dtype : a dtype such as 'float32', default 'float32'

    Examples
    --------
    >>> mx.nd.uniform(shape=(2, 3)).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: its result is a random draw."""
def unravel_index(data: Any = None, shape: int | Sequence[int] | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Coordinates, one row for each axis of `shape`, of positions in the flattened array.

    Parameters
    ----------
    data : array
    shape : a tuple of integers

    Examples
    --------
    >>> mx.nd.unravel_index(mx.nd.array([0, 0, 0], dtype="int64"), shape=(7, 6)).shape
    (2, 3)"""
def waitall() -> Any:
    """Return when all devices have finished."""
def where(condition: Any = None, x: Any = None, y: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """`x` where `condition` is not zero, else `y`.

    `condition` has the shape of `x` and `y`, or is a vector that chooses whole rows.

    Parameters
    ----------
    condition : array
    x : array
    y : array

    Examples
    --------
    >>> mx.nd.where(mx.nd.array([[True, True, True], [True, True, True]], dtype="bool"), mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
    (2, 3)"""
def zeros(shape: int | Sequence[int] | None, ctx: Any = None, dtype: Any = None, stype: Any = None, **kwargs: Any) -> NDArray:
    """Array of zeros; float32 unless `dtype` says otherwise; `stype` may name sparse storage."""
def zeros_like(data: Any = None, dtype: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
    """Zeros of the shape and dtype of `data`.

    Parameters
    ----------
    data : array
    dtype : a dtype such as 'float32' or None, default None

    Examples
    --------
    >>> mx.nd.zeros_like(mx.nd.ones((2, 3))).shape
    (2, 3)"""

class contrib:
    @staticmethod
    def AdaptiveAvgPooling2D(data: Any = None, output_size: int | Sequence[int] = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Average maps (B, C, H, W) down to `output_size`, (1, 1) if not given, whatever their size.

        Parameters
        ----------
        data : array
        output_size : a tuple of integers >= 1, default ()

        Examples
        --------
        >>> mx.nd.contrib.AdaptiveAvgPooling2D(mx.nd.ones((1, 2, 5, 4)), output_size=(2, 3)).shape
        (1, 2, 2, 3)"""
    @staticmethod
    def BatchNormWithReLU(data: Any = None, gamma: Any = None, beta: Any = None, moving_mean: Any = None, moving_var: Any = None, eps: float = 0.001, momentum: float = 0.9, fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1, cudnn_off: bool = False, min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """`BatchNorm` followed by `relu`, in one operator.

        Parameters
        ----------
        data : array
        gamma : array
        beta : array
        moving_mean : array
        moving_var : array
        eps : a number >= 0, default 0.001
        momentum : a number >= 0 and <= 1, default 0.9
        fix_gamma : True or False, default True
        use_global_stats : True or False, default False
        output_mean_var : True or False, default False
        axis : an integer, default 1
        cudnn_off : True or False, default False
        min_calib_range : a number or None, default None
        max_calib_range : a number or None, default None

        Examples
        --------
        >>> mx.nd.contrib.BatchNormWithReLU(mx.nd.ones((3, 2, 2)), mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones(2)).shape
        (3, 2, 2)"""
    @staticmethod
    def BilinearResize2D(data: Any = None, like: Any = None, height: int = 1, width: int = 1, scale_height: float | None = None, scale_width: float | None = None, mode: str = 'size', align_corners: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Resize maps (B, C, H, W) by bilinear interpolation.

        `mode` "size" goes to (height, width), or by the scales where given; "like" to the size of a
        second array; "odd_scale" keeps odd sizes odd; "to_even_down" and its like round the size.
        `align_corners` puts the corners of both grids together, else the centres of the cells.

        Parameters
        ----------
        data : array
        like : array, optional
        height : an integer >= 1, default 1
        width : an integer >= 1, default 1
        scale_height : a number or None, default None
        scale_width : a number or None, default None
        mode : one of 'size', 'odd_scale', 'like', 'to_even_down', 'to_even_up', 'to_odd_down', 'to_odd_up', default 'size'
        align_corners : True or False, default True

        Examples
        --------
        >>> mx.nd.contrib.BilinearResize2D(mx.nd.ones((1, 2, 2, 3)), height=4, width=5).shape
        (1, 2, 4, 5)"""
    @staticmethod
    def CTCLoss(data: Any = None, label: Any = None, data_lengths: Any = None, label_lengths: Any = None, use_data_lengths: bool = False, use_label_lengths: bool = False, blank_label: str = 'first', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Negative log-probability of a label sequence, summed over all its alignments.

        Parameters
        ----------
        data : (T, B, C) scores before softmax
        label : (B, L) class numbers. With ``blank_label="first"`` 0 is the blank and the padding;
            with "last" C - 1 is the blank and -1 the padding
        data_lengths, label_lengths : (B,), used with `use_data_lengths`, `use_label_lengths`

        Returns
        -------
        (B,)

        Examples
        --------
        >>> mx.nd.contrib.CTCLoss(mx.nd.ones((5, 3, 4)), mx.nd.array([[1.0, 2.0], [2.0, 2.0], [3.0, 0.0]])).shape
        (3,)"""
    @staticmethod
    def DeformableConvolution(data: Any = None, offset: Any = None, weight: Any = None, bias: Any = None, kernel: int | Sequence[int] | None = None, stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., num_filter: int | None = None, num_group: int = 1, num_deformable_group: int = 1, workspace: int = 1024, no_bias: bool = False, layout: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """`Convolution` whose filter positions are moved by `offset`, read bilinearly.

        Parameters
        ----------
        data : (B, C, H, W)
        offset : (B, 2 * num_deformable_group * prod(kernel), h, w), y before x, in cells
        weight, bias : as for `Convolution`
        num_deformable_group : channels are cut into that many groups with offsets of their own

        Examples
        --------
        >>> mx.nd.contrib.DeformableConvolution(mx.nd.ones((1, 2, 3, 3)), mx.nd.ones((1, 8, 2, 2)), mx.nd.ones((2, 2, 2, 2)), mx.nd.ones(2), kernel=(2, 2), num_filter=2).shape
        (1, 2, 2, 2)"""
    @staticmethod
    def DeformablePSROIPooling(data: Any = None, rois: Any = None, trans: Any = None, spatial_scale: float | None = None, output_dim: int | None = None, group_size: int | None = None, pooled_size: int | None = None, part_size: int = 0, sample_per_part: int = 1, trans_std: float = 0.0, no_trans: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """`PSROIPooling` over interpolated samples, whose bins move by learned offsets: (R, D, p, p).

        trans is (R, 2 * kinds, part_size, part_size), the x and y moves of each kind of channels, in
        units of the region times `trans_std`; `no_trans` leaves it out.

        Parameters
        ----------
        data : array
        rois : array
        trans : array, optional
        spatial_scale : a number
        output_dim : an integer >= 1
        group_size : an integer >= 1
        pooled_size : an integer >= 1
        part_size : an integer >= 0, default 0
        sample_per_part : an integer >= 1, default 1
        trans_std : a number, default 0.0
        no_trans : True or False, default False

        Examples
        --------
        >>> mx.nd.contrib.DeformablePSROIPooling(mx.nd.ones((2, 4, 3, 3)), mx.nd.array([[1.0, 1.0, 0.0, 2.0, 3.0]]), no_trans=True, spatial_scale=1.0, output_dim=1, group_size=2, pooled_size=2, sample_per_part=2).shape
        (1, 1, 2, 2)

        References
        ----------
        Dai et al., "Deformable Convolutional Networks", ICCV 2017."""
    @staticmethod
    def ModulatedDeformableConvolution(data: Any = None, offset: Any = None, mask: Any = None, weight: Any = None, bias: Any = None, kernel: int | Sequence[int] | None = None, stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., num_filter: int | None = None, num_group: int = 1, num_deformable_group: int = 1, workspace: int = 1024, no_bias: bool = False, im2col_step: int = 64, layout: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """`DeformableConvolution` whose values are weighed by `mask`, one number per position.

        Parameters
        ----------
        data : array
        offset : array
        mask : array
        weight : array
        bias : array, optional
        kernel : a tuple of integers >= 1
        stride : a tuple of integers >= 1, default ()
        dilate : a tuple of integers >= 1, default ()
        pad : a tuple of integers >= 0, default ()
        num_filter : an integer >= 0
        num_group : an integer >= 1, default 1
        num_deformable_group : an integer >= 1, default 1
        workspace : an integer >= 0, default 1024
        no_bias : True or False, default False
        im2col_step : an integer >= 1, default 64
        layout : one of 'NCW', 'NCHW', 'NCDHW', 'NHWC', 'NDHWC' or None, default None

        Examples
        --------
        >>> mx.nd.contrib.ModulatedDeformableConvolution(mx.nd.ones((1, 2, 3, 3)), mx.nd.ones((1, 8, 2, 2)), mx.nd.ones((1, 4, 2, 2)), mx.nd.ones((2, 2, 2, 2)), mx.nd.ones(2), kernel=(2, 2), num_filter=2).shape
        (1, 2, 2, 2)"""
    @staticmethod
    def MultiBoxDetection(cls_prob: Any = None, loc_pred: Any = None, anchor: Any = None, clip: bool = True, threshold: float = 0.01, background_id: int = 0, nms_threshold: float = 0.5, force_suppress: bool = False, variances: Any = ..., nms_topk: int = -1, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Detections (B, N, 6), rows (class, score, x1, y1, x2, y2), best first; class -1 for none.

        Parameters
        ----------
        cls_prob : (B, classes + 1, N) probabilities
        loc_pred : (B, N * 4) predicted offsets from the anchors
        anchor : (1, N, 4)

        Examples
        --------
        >>> mx.nd.contrib.MultiBoxDetection(mx.nd.ones((1, 3, 3)), mx.nd.ones((1, 12)), mx.nd.array([[[0.1, 0.1, 0.4, 0.4], [0.5, 0.5, 0.9, 0.8], [0.3, 0.6, 0.5, 0.9]]])).shape
        (1, 3, 6)"""
    @staticmethod
    def MultiBoxPrior(data: Any = None, sizes: Any = ..., ratios: Any = ..., clip: bool = False, steps: Any = ..., offsets: Any = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Anchors around each cell of maps (B, C, H, W): (1, H * W * A, 4).

        One anchor for each size with the first ratio, and one for each further ratio with the first
        size; `ratios` are width over height, `sizes` shares of the picture.

        Parameters
        ----------
        data : array
        sizes : a number or a sequence of numbers, default (1.0,)
        ratios : a number or a sequence of numbers, default (1.0,)
        clip : True or False, default False
        steps : a number or a sequence of numbers, default (-1.0, -1.0)
        offsets : a number or a sequence of numbers, default (0.5, 0.5)

        Examples
        --------
        >>> mx.nd.contrib.MultiBoxPrior(mx.nd.ones((1, 2, 2, 3))).shape
        (1, 6, 4)"""
    @staticmethod
    def MultiBoxTarget(anchor: Any = None, label: Any = None, cls_pred: Any = None, overlap_threshold: float = 0.5, ignore_label: float = -1.0, negative_mining_ratio: float = -1.0, negative_mining_thresh: float = 0.5, minimum_negative_samples: int = 0, variances: Any = ..., out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Training targets of anchors (1, N, 4) for labelled boxes (B, M, 5), -1 marking the end.

        Each box gets the anchor that overlaps it most; further anchors that overlap a box by more than
        `overlap_threshold` stand for it, too. With `negative_mining_ratio` only that many background
        anchors per positive one are trained, those that look least like background in `cls_pred`.

        Parameters
        ----------
        anchor : array
        label : array
        cls_pred : array
        overlap_threshold : a number, default 0.5
        ignore_label : a number, default -1.0
        negative_mining_ratio : a number, default -1.0
        negative_mining_thresh : a number, default 0.5
        minimum_negative_samples : an integer >= 0, default 0
        variances : a number or a sequence of numbers, default (0.1, 0.1, 0.2, 0.2)

        Returns
        -------
        offsets (B, N * 4), their mask, and classes (B, N): 0 background, `ignore_label` not trained"""
    @staticmethod
    def MultiProposal(cls_prob: Any = None, bbox_pred: Any = None, im_info: Any = None, rpn_pre_nms_top_n: int = 6000, rpn_post_nms_top_n: int = 300, threshold: float = 0.7, rpn_min_size: int = 16, scales: Any = ..., ratios: Any = ..., feature_stride: int = 16, output_score: bool = False, iou_loss: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Best boxes (B * N, 5), rows (picture, x1, y1, x2, y2), of each picture of a batch.

        Parameters
        ----------
        cls_prob : array
        bbox_pred : array
        im_info : array
        rpn_pre_nms_top_n : an integer, default 6000
        rpn_post_nms_top_n : an integer >= 1, default 300
        threshold : a number, default 0.7
        rpn_min_size : an integer >= 0, default 16
        scales : a number or a sequence of numbers, default (4.0, 8.0, 16.0, 32.0)
        ratios : a number or a sequence of numbers, default (0.5, 1.0, 2.0)
        feature_stride : an integer >= 1, default 16
        output_score : True or False, default False
        iou_loss : True or False, default False"""
    @staticmethod
    def PSROIPooling(data: Any = None, rois: Any = None, spatial_scale: float | None = None, output_dim: int | None = None, pooled_size: int | None = None, group_size: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Mean of each of p x p bins of each region, each bin from its own channels: (R, D, p, p).

        data is (B, output_dim * group_size², H, W); a `group_size` of 0 is that of `pooled_size`.

        Parameters
        ----------
        data : array
        rois : array
        spatial_scale : a number
        output_dim : an integer >= 1
        pooled_size : an integer >= 1
        group_size : an integer >= 0, default 0

        Examples
        --------
        >>> mx.nd.contrib.PSROIPooling(mx.nd.ones((2, 8, 3, 3)), mx.nd.array([[0.0, 0.0, 0.0, 3.0, 3.0], [1.0, 1.0, 0.0, 2.0, 3.0]]), spatial_scale=1.0, output_dim=2, pooled_size=2).shape
        (2, 2, 2, 2)

        References
        ----------
        Dai et al., "R-FCN: Object Detection via Region-based Fully Convolutional Networks", NIPS 2016."""
    @staticmethod
    def Proposal(cls_prob: Any = None, bbox_pred: Any = None, im_info: Any = None, rpn_pre_nms_top_n: int = 6000, rpn_post_nms_top_n: int = 300, threshold: float = 0.7, rpn_min_size: int = 16, scales: Any = ..., ratios: Any = ..., feature_stride: int = 16, output_score: bool = False, iou_loss: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Best boxes (N, 5), rows (0, x1, y1, x2, y2), of one picture after non-maximum suppression.

        Parameters
        ----------
        cls_prob : array
        bbox_pred : array
        im_info : array
        rpn_pre_nms_top_n : an integer, default 6000
        rpn_post_nms_top_n : an integer >= 1, default 300
        threshold : a number, default 0.7
        rpn_min_size : an integer >= 0, default 16
        scales : a number or a sequence of numbers, default (4.0, 8.0, 16.0, 32.0)
        ratios : a number or a sequence of numbers, default (0.5, 1.0, 2.0)
        feature_stride : an integer >= 1, default 16
        output_score : True or False, default False
        iou_loss : True or False, default False"""
    @staticmethod
    def ROIAlign(data: Any = None, rois: Any = None, pooled_size: int | Sequence[int] | None = None, spatial_scale: float | None = None, sample_ratio: int = -1, position_sensitive: bool = False, aligned: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Mean of interpolated points in each of h x w bins of each region: (R, C, h, w).

        `sample_ratio` points per bin and axis, or as many as a bin has cells if not positive; `aligned`
        shifts regions by half a cell; `position_sensitive` gives each bin channels of its own. Regions
        with a negative image number are padding and give 0.

        Parameters
        ----------
        data : array
        rois : array
        pooled_size : a tuple of integers >= 1
        spatial_scale : a number
        sample_ratio : an integer, default -1
        position_sensitive : True or False, default False
        aligned : True or False, default False

        References
        ----------
        He et al., "Mask R-CNN", ICCV 2017; Dai et al., "R-FCN", NIPS 2016 (position sensitive)."""
    @staticmethod
    def RROIAlign(data: Any = None, rois: Any = None, pooled_size: int | Sequence[int] | None = None, spatial_scale: float | None = None, sampling_ratio: int = -1, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Mean of interpolated points in each of h x w bins of turned regions: (R, C, h, w).

        rois is (R, 6): image, centre x and y, width, height and an angle in degrees, turning against
        the clock. `sampling_ratio` points per bin and axis, or as many as a bin has cells.

        Parameters
        ----------
        data : array
        rois : array
        pooled_size : a tuple of integers >= 1
        spatial_scale : a number
        sampling_ratio : an integer, default -1

        Examples
        --------
        >>> mx.nd.contrib.RROIAlign(mx.nd.ones((2, 2, 4, 4)), mx.nd.array([[0.0, 2.0, 2.0, 3.0, 2.0, 30.0], [1.0, 1.5, 2.0, 2.0, 3.0, -45.0]]), pooled_size=(2, 2), spatial_scale=1.0, sampling_ratio=2).shape
        (2, 2, 2, 2)

        References
        ----------
        Ma et al., "Arbitrary-Oriented Scene Text Detection via Rotation Proposals", 2018."""
    @staticmethod
    def SparseEmbedding(data: Any = None, weight: Any = None, input_dim: int | None = None, output_dim: int | None = None, dtype: Any = 'float32', sparse_grad: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Look up rows as `Embedding` does; the gradient of the weight is row_sparse.

        Parameters
        ----------
        data : any shape, integers (floats are cut off)
        weight : (input_dim, output_dim), dense or row_sparse

        Returns
        -------
        data.shape + (output_dim,)

        Examples
        --------
        >>> mx.nd.contrib.SparseEmbedding(mx.nd.array([0, 0, 0], dtype="int64"), mx.nd.ones((4, 3)), input_dim=4, output_dim=3).shape
        (3, 3)"""
    @staticmethod
    def SyncBatchNorm(data: Any = None, gamma: Any = None, beta: Any = None, moving_mean: Any = None, moving_var: Any = None, eps: float = 0.001, momentum: float = 0.9, fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, ndev: int = 1, key: Any = '', out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """`BatchNorm` over axis 1 of a batch that lies in parts on `ndev` devices.

        While training is recorded, calls of the same `key` on that many devices have the statistics of
        all parts, weighted by their sizes; the first calls have no values until the last has been
        made, and what is computed from them waits as well. Otherwise, and on one device, it is
        `BatchNorm`. MXNet takes the mean of the parts' statistics, the same for parts of equal size.

        Parameters
        ----------
        data : array
        gamma : array
        beta : array
        moving_mean : array
        moving_var : array
        eps : a number >= 0, default 0.001
        momentum : a number >= 0 and <= 1, default 0.9
        fix_gamma : True or False, default True
        use_global_stats : True or False, default False
        output_mean_var : True or False, default False
        ndev : an integer >= 1, default 1
        key : a string, default ''

        Examples
        --------
        >>> mx.nd.contrib.SyncBatchNorm(mx.nd.ones((3, 2, 2)), mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones(2)).shape
        (3, 2, 2)"""
    @staticmethod
    def adabelief_update(weight: Any = None, grad: Any = None, mean: Any = None, var: Any = None, rescale_grad: Any = None, lr: float | None = None, eta: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wd: float = 0.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Adam by the belief in gradients: ``var`` is the mean of ``(grad - mean)**2``.

        ``weight -= eta * lr * mean / (sqrt(var) + epsilon)``. `rescale_grad` is an array of one
        number; where it is 0, infinite or nan the step is left out (loss scaling).

        Parameters
        ----------
        weight : array
        grad : array
        mean : array
        var : array
        rescale_grad : array
        lr : a number
        eta : a number
        beta1 : a number, default 0.9
        beta2 : a number, default 0.999
        epsilon : a number, default 1e-08
        wd : a number, default 0.0
        clip_gradient : a number, default -1.0

        Examples
        --------
        >>> mx.nd.contrib.adabelief_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones(1), lr=0.1, eta=1.0).shape
        (2, 3)

        References
        ----------
        Zhuang et al., "AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients",
        NeurIPS 2020.

        Notes
        -----
        No gradient flows through: it is a step of an optimizer: it changes its states."""
    @staticmethod
    def adamw_update(weight: Any = None, grad: Any = None, mean: Any = None, var: Any = None, rescale_grad: Any = None, lr: float | None = None, eta: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wd: float = 0.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Adam with decoupled weight decay.

        ``weight -= eta * (lr * mean / (sqrt(var) + epsilon) + wd * weight)``. `rescale_grad` is an
        array of one number; where it is 0, infinite or nan the step is left out (loss scaling).

        Parameters
        ----------
        weight : array
        grad : array
        mean : array
        var : array
        rescale_grad : array
        lr : a number
        eta : a number
        beta1 : a number, default 0.9
        beta2 : a number, default 0.999
        epsilon : a number, default 1e-08
        wd : a number, default 0.0
        clip_gradient : a number, default -1.0

        Examples
        --------
        >>> mx.nd.contrib.adamw_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones(1), lr=0.1, eta=1.0).shape
        (2, 3)

        References
        ----------
        Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.

        Notes
        -----
        No gradient flows through: it is a step of an optimizer: it changes its states."""
    @staticmethod
    def allclose(a: Any = None, b: Any = None, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """1 if ``|a - b| <= atol + rtol * |b|`` everywhere, else 0: a uint8 scalar.

        Parameters
        ----------
        a : array
        b : array
        rtol : a number, default 1e-05
        atol : a number, default 1e-08
        equal_nan : True or False, default True

        Examples
        --------
        >>> mx.nd.contrib.allclose(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        ()

        Notes
        -----
        No gradient flows through: its result is a truth value."""
    @staticmethod
    def arange_like(data: Any = None, start: float = 0.0, step: float = 1.0, repeat: int = 1, ctx: Any = None, axis: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Numbers start, start + step, …, as many as `data` has along `axis` (or in all).

        They are made beside `data`; `ctx` is accepted and not looked at, as in MXNet.

        Parameters
        ----------
        data : array
        start : a number, default 0.0
        step : a number, default 1.0
        repeat : an integer, default 1
        ctx : a value or None, default None
        axis : an integer or None, default None

        Examples
        --------
        >>> mx.nd.contrib.arange_like(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def bipartite_matching(data: Any = None, is_ascend: bool = False, threshold: float | None = None, topk: int = -1, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Pair rows and columns of a score matrix (..., N, M) greedily, best score first.

        Parameters
        ----------
        data : array
        is_ascend : True or False, default False
        threshold : a number
        topk : an integer, default -1

        Returns
        -------
        (..., N) the column of each row, and (..., M) the row of each column; -1 for none

        Examples
        --------
        >>> [out.shape for out in mx.nd.contrib.bipartite_matching(mx.nd.ones((3, 2)), threshold=0.1)]
        [(3,), (2,)]"""
    @staticmethod
    def boolean_mask(data: Any = None, index: Any = None, axis: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Slices of `data` along `axis` where `index` is not zero; how many depends on the values.

        Parameters
        ----------
        data : array
        index : array
        axis : an integer, default 0"""
    @staticmethod
    def box_decode(data: Any = None, anchors: Any = None, std0: float = 1.0, std1: float = 1.0, std2: float = 1.0, std3: float = 1.0, clip: float = -1.0, format: str = 'center', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Corner boxes (B, N, 4) of predicted offsets `data` from anchors (1, N, 4).

        `format` is that of the anchors; `clip` bounds the logarithms of sizes if positive.

        Parameters
        ----------
        data : array
        anchors : array
        std0 : a number, default 1.0
        std1 : a number, default 1.0
        std2 : a number, default 1.0
        std3 : a number, default 1.0
        clip : a number, default -1.0
        format : one of 'corner', 'center', default 'center'

        Examples
        --------
        >>> mx.nd.contrib.box_decode(mx.nd.ones((2, 3, 4)), mx.nd.array([[[0.1, 0.1, 0.4, 0.4], [0.5, 0.5, 0.9, 0.8], [0.3, 0.6, 0.5, 0.9]]]), std0=0.1, std2=0.2, clip=0.5, format='corner').shape
        (2, 3, 4)"""
    @staticmethod
    def box_encode(samples: Any = None, matches: Any = None, anchors: Any = None, refs: Any = None, means: Any = None, stds: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Offsets of matched boxes `refs` (B, M, 4) from `anchors` (B, N, 4), and their mask.

        `samples` (B, N) is 1 where an anchor is positive, `matches` (B, N) the number of its box.

        Parameters
        ----------
        samples : array
        matches : array
        anchors : array
        refs : array
        means : array
        stds : array"""
    @staticmethod
    def box_iou(lhs: Any = None, rhs: Any = None, format: str = 'corner', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Intersection over union of all pairs: lhs.shape[:-1] + rhs.shape[:-1].

        Parameters
        ----------
        lhs : array
        rhs : array
        format : one of 'corner', 'center', default 'corner'

        Examples
        --------
        >>> mx.nd.contrib.box_iou(mx.nd.array([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0], [5.0, 5.0, 6.0, 6.0]]), mx.nd.array([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0]])).shape
        (3, 2)"""
    @staticmethod
    def box_nms(data: Any = None, overlap_thresh: float = 0.5, valid_thresh: float = 0.0, topk: int = -1, coord_start: int = 2, score_index: int = 1, id_index: int = -1, background_id: int = -1, force_suppress: bool = False, in_format: str = 'corner', out_format: str = 'corner', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Non-maximum suppression: keep the best of boxes that overlap, best first, then rows of -1.

        Parameters
        ----------
        data : (..., N, width), rows with a score, four coordinates, and perhaps a class number
        overlap_thresh : intersection over union from which the weaker box goes
        valid_thresh : boxes with lower scores do not take part
        topk : how many of the best take part, all if not positive
        force_suppress : boxes of different classes suppress each other, too"""
    @staticmethod
    def box_non_maximum_suppression(data: Any = None, overlap_thresh: float = 0.5, valid_thresh: float = 0.0, topk: int = -1, coord_start: int = 2, score_index: int = 1, id_index: int = -1, background_id: int = -1, force_suppress: bool = False, in_format: str = 'corner', out_format: str = 'corner', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Non-maximum suppression: keep the best of boxes that overlap, best first, then rows of -1.

        Parameters
        ----------
        data : (..., N, width), rows with a score, four coordinates, and perhaps a class number
        overlap_thresh : intersection over union from which the weaker box goes
        valid_thresh : boxes with lower scores do not take part
        topk : how many of the best take part, all if not positive
        force_suppress : boxes of different classes suppress each other, too"""
    @staticmethod
    def calibrate_entropy(hist: Any = None, hist_edges: Any = None, num_quantized_bins: int = 255, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Range whose quantized histogram has the least divergence from the true one.

        Parameters
        ----------
        hist : array
        hist_edges : array
        num_quantized_bins : an integer >= 3, default 255

        Returns
        -------
        tuple of array, (1,)
            Threshold: numbers beyond plus or minus it are cut; and the divergence, in nats.

        References
        ----------
        Migacz, "8-bit Inference with TensorRT", GTC 2017.

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def cond(pred: Any, then_func: Any, else_func: Any) -> Any:
        """Return ``then_func()`` if `pred` is true, else ``else_func()``; only one of them runs.

        Parameters
        ----------
        pred : NDArray of one element
        then_func, else_func : callable without arguments

        Raises
        ------
        ShapeError
            If `pred` has more or fewer elements.

        Examples
        --------
        >>> from dlstudio import nd
        >>> x = nd.array([3])
        >>> nd.contrib.cond(x > 2, lambda: x, lambda: -x).asnumpy().tolist()
        [3.0]"""
    @staticmethod
    def count_sketch(data: Any = None, h: Any = None, s: Any = None, out_dim: int | None = None, processing_batch_size: int = 32, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sum the features into `out_dim` buckets `h` with signs `s`, both of shape (1, D).

        Parameters
        ----------
        data : array
        h : array
        s : array
        out_dim : an integer >= 1
        processing_batch_size : an integer, default 32

        Examples
        --------
        >>> mx.nd.contrib.count_sketch(mx.nd.ones((2, 4)), mx.nd.array([[0, 2, 1, 2]], dtype="int64"), mx.nd.array([[1, -1, 1, -1]], dtype="int64"), out_dim=3).shape
        (2, 3)"""
    @staticmethod
    def ctc_loss(data: Any = None, label: Any = None, data_lengths: Any = None, label_lengths: Any = None, use_data_lengths: bool = False, use_label_lengths: bool = False, blank_label: str = 'first', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Negative log-probability of a label sequence, summed over all its alignments.

        Parameters
        ----------
        data : (T, B, C) scores before softmax
        label : (B, L) class numbers. With ``blank_label="first"`` 0 is the blank and the padding;
            with "last" C - 1 is the blank and -1 the padding
        data_lengths, label_lengths : (B,), used with `use_data_lengths`, `use_label_lengths`

        Returns
        -------
        (B,)

        Examples
        --------
        >>> mx.nd.contrib.ctc_loss(mx.nd.ones((5, 3, 4)), mx.nd.array([[1.0, 2.0], [2.0, 2.0], [3.0, 0.0]])).shape
        (3,)"""
    @staticmethod
    def dequantize(data: Any = None, min_range: Any = None, max_range: Any = None, out_type: str = 'float32', out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Floats that 8-bit numbers stand for, given their range.

        Parameters
        ----------
        data : array
        min_range : array
        max_range : array
        out_type : one of 'float32', default 'float32'

        Examples
        --------
        >>> mx.nd.contrib.dequantize(mx.nd.array([[-127, -127, -127], [-127, -127, -127]], dtype="int8"), mx.nd.array([-2.0]), mx.nd.array([2.0])).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def div_sqrt_dim(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Divide by the square root of the length of the last axis.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.contrib.div_sqrt_dim(mx.nd.ones((2, 4))).shape
        (2, 4)"""
    @staticmethod
    def dynamic_reshape(data: Any = None, shape: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Same elements in a shape that another array holds; the codes are those of `reshape`.

        Parameters
        ----------
        data : array
        shape : array"""
    @staticmethod
    def edge_id(data: Any = None, u: Any = None, v: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Value stored for the edge from each `u` to each `v`; -1 where there is none.

        Parameters
        ----------
        data : (N, N), csr where storage is sparse
        u, v : (K,), numbers of nodes

        Examples
        --------
        >>> mx.nd.contrib.edge_id(mx.nd.array([[0.0, 2.0], [1.0, 0.0]]), mx.nd.array([0, 0], dtype="int64"), mx.nd.array([0, 1], dtype="int64")).shape
        (2,)

        Notes
        -----
        No gradient flows through: it looks up numbers of edges."""
    @staticmethod
    def fft(data: Any = None, compute_size: int = 128, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Fourier transform of the last axis; real and imaginary parts alternate in the result.

        Parameters
        ----------
        data : array
        compute_size : an integer, default 128

        Examples
        --------
        >>> mx.nd.contrib.fft(mx.nd.ones((2, 4))).shape
        (2, 8)"""
    @staticmethod
    def foreach(body: Any, data: Any, init_states: Any) -> Any:
        """Run `body` over the first axis of `data`, handing states from step to step.

        Parameters
        ----------
        body : callable
            ``output, states = body(slice, states)``.
        data : NDArray (T, ...), or nested lists of them
        init_states : NDArray, or nested lists of them
            States of the first step.

        Returns
        -------
        outputs, states
            Outputs stacked, (T, ...); states of the last step.

        Raises
        ------
        ShapeError
            If arrays of `data` differ in length, or have none.

        Examples
        --------
        >>> from dlstudio import nd
        >>> total = lambda x, s: (x + s, x + s)
        >>> outputs, state = nd.contrib.foreach(total, nd.array([1, 2, 3]), nd.zeros(1))
        >>> outputs.asnumpy().ravel().tolist(), state.asnumpy().tolist()
        ([1.0, 3.0, 6.0], [6.0])"""
    @staticmethod
    def getnnz(data: Any = None, axis: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Count the stored elements of a csr matrix (of a dense one, those that are not zero).

        Parameters
        ----------
        data : (M, N)
        axis : None for all of them, 1 for those of each row

        Returns
        -------
        (1,), or (M,) with ``axis=1``; int64

        Examples
        --------
        >>> mx.nd.contrib.getnnz(mx.nd.ones((2, 3))).shape
        (1,)

        Notes
        -----
        No gradient flows through: it counts."""
    @staticmethod
    def gradientmultiplier(data: Any = None, scalar: float = 1.0, is_int: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Pass data through and multiply its gradient by `scalar` (-λ reverses it).

        Parameters
        ----------
        data : array
        scalar : a number, default 1.0
        is_int : True or False, default True

        Examples
        --------
        >>> mx.nd.contrib.gradientmultiplier(mx.nd.ones((2, 3)), scalar=-0.5).shape
        (2, 3)

        References
        ----------
        Ganin and Lempitsky, "Unsupervised domain adaptation by backpropagation", ICML 2015."""
    @staticmethod
    def group_adagrad_update(weight: Any = None, grad: Any = None, history: Any = None, lr: float | None = None, rescale_grad: float = 1.0, clip_gradient: float = -1.0, epsilon: float = 1e-05, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """AdaGrad with one rate per row: ``history += mean(g**2, row)``.

        Parameters
        ----------
        weight : array
        grad : array
        history : array
        lr : a number
        rescale_grad : a number, default 1.0
        clip_gradient : a number, default -1.0
        epsilon : a number, default 1e-05

        Examples
        --------
        >>> mx.nd.contrib.group_adagrad_update(mx.nd.ones((3, 2)), mx.nd.ones((3, 2)), mx.nd.ones(3), lr=0.1).shape
        (3, 2)

        Notes
        -----
        No gradient flows through: it is a step of an optimizer: it changes its states."""
    @staticmethod
    def hawkesll(lda: Any = None, alpha: Any = None, beta: Any = None, state: Any = None, lags: Any = None, marks: Any = None, valid_length: Any = None, max_time: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Log-likelihood of observed events under Hawkes processes, and their state at the end.

        Events of mark k raise the intensity of k: :math:`\\lambda_k(t) = \\mu_k + \\alpha_k \\beta_k
        \\sum_{t_i < t, y_i = k} e^{-\\beta_k (t - t_i)}`.

        Parameters
        ----------
        lda : array, shape (N, K)
            Intensity without events, of each of K marks.
        alpha, beta : array, shape (K,)
            Branching ratio and decay of the excitement.
        state : array, shape (N, K)
            Excitement left from before.
        lags, marks : array, shape (N, T)
            Time since the event before, and mark of each event.
        valid_length, max_time : array, shape (N,)
            Number of events that count, and length of the observation.

        Returns
        -------
        tuple of array
            Log-likelihood (N,), excitement at `max_time` (N, K)."""
    @staticmethod
    def ifft(data: Any = None, compute_size: int = 128, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Real part of the inverse Fourier transform, without the factor 1/n, as in MXNet.

        Parameters
        ----------
        data : array
        compute_size : an integer, default 128

        Examples
        --------
        >>> mx.nd.contrib.ifft(mx.nd.ones((2, 4))).shape
        (2, 2)"""
    @staticmethod
    def index_array(data: Any = None, axes: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Coordinates of every element, on a new last axis; only those of `axes` if given.

        Parameters
        ----------
        data : array
        axes : an axis, a tuple of axes, or None, default None

        Examples
        --------
        >>> mx.nd.contrib.index_array(mx.nd.ones((2, 3))).shape
        (2, 3, 2)

        Notes
        -----
        No gradient flows through: its result is a position, a whole number."""
    @staticmethod
    def index_copy(old_tensor: Any = None, index_vector: Any = None, new_tensor: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Copy of `old_tensor` with the rows `index_vector` replaced by those of `new_tensor`.

        Parameters
        ----------
        old_tensor : array
        index_vector : array
        new_tensor : array

        Examples
        --------
        >>> mx.nd.contrib.index_copy(mx.nd.ones((4, 3)), mx.nd.array([2, 0], dtype="int64"), mx.nd.ones((2, 3))).shape
        (4, 3)"""
    @staticmethod
    def interleaved_matmul_encdec_qk(queries: Any = None, keys_values: Any = None, heads: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Scores of attention to an encoder, :math:`Q K^T / \\sqrt{D}`.

        Parameters
        ----------
        queries : (Tq, B, heads * D)
        keys_values : (Tk, B, heads * 2 * D), interleaved by head

        Returns
        -------
        (B * heads, Tq, Tk)

        Examples
        --------
        >>> mx.nd.contrib.interleaved_matmul_encdec_qk(mx.nd.ones((3, 2, 4)), mx.nd.ones((4, 2, 8)), heads=2).shape
        (4, 3, 4)"""
    @staticmethod
    def interleaved_matmul_encdec_valatt(keys_values: Any = None, attention: Any = None, heads: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Weigh an encoder's values with attention (B * heads, Tq, Tk): (Tq, B, heads * D).

        Parameters
        ----------
        keys_values : array
        attention : array
        heads : an integer >= 1

        Examples
        --------
        >>> mx.nd.contrib.interleaved_matmul_encdec_valatt(mx.nd.ones((4, 2, 8)), mx.nd.ones((4, 3, 4)), heads=2).shape
        (3, 2, 4)"""
    @staticmethod
    def interleaved_matmul_selfatt_qk(queries_keys_values: Any = None, heads: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Scores of self-attention, :math:`Q K^T / \\sqrt{D}`.

        Parameters
        ----------
        queries_keys_values : (T, B, heads * 3 * D), interleaved by head

        Returns
        -------
        (B * heads, T, T)

        Examples
        --------
        >>> mx.nd.contrib.interleaved_matmul_selfatt_qk(mx.nd.ones((3, 2, 12)), heads=2).shape
        (4, 3, 3)

        References
        ----------
        Vaswani et al., "Attention is all you need", NIPS 2017."""
    @staticmethod
    def interleaved_matmul_selfatt_valatt(queries_keys_values: Any = None, attention: Any = None, heads: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Weigh the values of self-attention with attention (B * heads, T, T): (T, B, heads * D).

        Parameters
        ----------
        queries_keys_values : array
        attention : array
        heads : an integer >= 1

        Examples
        --------
        >>> mx.nd.contrib.interleaved_matmul_selfatt_valatt(mx.nd.ones((3, 2, 12)), mx.nd.ones((4, 3, 3)), heads=2).shape
        (3, 2, 4)"""
    @staticmethod
    def isfinite(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """1 where data is neither infinite nor NaN, else 0.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.contrib.isfinite(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def isinf(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """1 where data is infinite, else 0.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.contrib.isinf(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def isnan(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """1 where data is not a number, else 0.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.contrib.isnan(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def mp_adabelief_update(weight: Any = None, grad: Any = None, mean: Any = None, var: Any = None, weight32: Any = None, rescale_grad: Any = None, lr: float | None = None, eta: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wd: float = 0.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """`adabelief_update` on the master copy; the result is that copy, rounded.

        Parameters
        ----------
        weight : array
        grad : array
        mean : array
        var : array
        weight32 : array
        rescale_grad : array
        lr : a number
        eta : a number
        beta1 : a number, default 0.9
        beta2 : a number, default 0.999
        epsilon : a number, default 1e-08
        wd : a number, default 0.0
        clip_gradient : a number, default -1.0

        Examples
        --------
        >>> mx.nd.contrib.mp_adabelief_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones(1), lr=0.1, eta=1.0).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: it is a step of an optimizer: it changes its states."""
    @staticmethod
    def mp_adamw_update(weight: Any = None, grad: Any = None, mean: Any = None, var: Any = None, weight32: Any = None, rescale_grad: Any = None, lr: float | None = None, eta: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wd: float = 0.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """`adamw_update` on the master copy; the result is that copy, rounded.

        Parameters
        ----------
        weight : array
        grad : array
        mean : array
        var : array
        weight32 : array
        rescale_grad : array
        lr : a number
        eta : a number
        beta1 : a number, default 0.9
        beta2 : a number, default 0.999
        epsilon : a number, default 1e-08
        wd : a number, default 0.0
        clip_gradient : a number, default -1.0

        Examples
        --------
        >>> mx.nd.contrib.mp_adamw_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones(1), lr=0.1, eta=1.0).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: it is a step of an optimizer: it changes its states."""
    @staticmethod
    def multi_adabelief_update(weights: Any, grads: Any, mean: Any, var: Any, rescale_grad: Any, lrs: Any, wds: Any, etas: Any, out: Any = None, name: Any = None, size: Any = 0, **kwargs: Any) -> Any:
        """AdaBelief for a list of weights; see `adabelief_update`."""
    @staticmethod
    def multi_adamw_update(weights: Any, grads: Any, mean: Any, var: Any, rescale_grad: Any, lrs: Any, wds: Any, etas: Any, out: Any = None, name: Any = None, size: Any = 0, **kwargs: Any) -> Any:
        """AdamW for a list of weights; see `adamw_update`."""
    @staticmethod
    def multi_lamb_update(weights: Any, grads: Any, mean: Any, var: Any, step_count: Any, lrs: Any, wds: Any, out: Any = None, num_tensors: Any = 0, **kwargs: Any) -> Any:
        """LAMB for a list of weights; see `lamb_update_phase1`."""
    @staticmethod
    def multi_mp_adabelief_update(weights: Any, grads: Any, mean: Any, var: Any, weights32: Any, rescale_grad: Any, lrs: Any, wds: Any, etas: Any, out: Any = None, name: Any = None, size: Any = 0, **kwargs: Any) -> Any:
        """AdaBelief for a list of half-precision weights with float32 copies."""
    @staticmethod
    def multi_mp_adamw_update(weights: Any, grads: Any, mean: Any, var: Any, weights32: Any, rescale_grad: Any, lrs: Any, wds: Any, etas: Any, out: Any = None, name: Any = None, size: Any = 0, **kwargs: Any) -> Any:
        """AdamW for a list of half-precision weights with float32 copies."""
    @staticmethod
    def multi_mp_lamb_update(weights: Any, grads: Any, mean: Any, var: Any, weights32: Any, step_count: Any, lrs: Any, wds: Any, out: Any = None, num_tensors: Any = 0, **kwargs: Any) -> Any:
        """LAMB for a list of half-precision weights with float32 copies."""
    @staticmethod
    def quadratic(data: Any = None, a: float = 0.0, b: float = 0.0, c: float = 0.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Polynomial :math:`a x^2 + b x + c`.

        Parameters
        ----------
        data : array
        a : a number, default 0.0
        b : a number, default 0.0
        c : a number, default 0.0

        Examples
        --------
        >>> mx.nd.contrib.quadratic(mx.nd.ones((2, 3)), a=2.0, b=-1.0, c=0.5).shape
        (2, 3)"""
    @staticmethod
    def quantize(data: Any = None, min_range: Any = None, max_range: Any = None, out_type: str = 'uint8', out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Round data to 8 bits, given its range (1,), (1,); what lies outside is cut off.

        Parameters
        ----------
        data : array
        min_range : array
        max_range : array
        out_type : one of 'int8', 'uint8', default 'uint8'

        Returns
        -------
        numbers like data, and the ends of the range they stand for

        Examples
        --------
        >>> [out.shape for out in mx.nd.contrib.quantize(mx.nd.ones((2, 3)), mx.nd.array([-2.0]), mx.nd.array([2.0]))]
        [(2, 3), (1,), (1,)]

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantize_v2(data: Any = None, out_type: str = 'int8', min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Round data to 8 bits, with its own range or a calibrated one; "auto" chooses the dtype.

        Parameters
        ----------
        data : array
        out_type : one of 'int8', 'uint8', 'auto', default 'int8'
        min_calib_range : a number or None, default None
        max_calib_range : a number or None, default None

        Examples
        --------
        >>> [out.shape for out in mx.nd.contrib.quantize_v2(mx.nd.ones((2, 3)))]
        [(2, 3), (1,), (1,)]

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantized_act(data: Any = None, min_data: Any = None, max_data: Any = None, act_type: str = 'relu', out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """`relu` of quantized numbers; the range stays.

        Parameters
        ----------
        data : array
        min_data : array
        max_data : array
        act_type : one of 'relu', default 'relu'

        Examples
        --------
        >>> [out.shape for out in mx.nd.contrib.quantized_act(mx.nd.array([[-127, -127, -127], [-127, -127, -127]], dtype="int8"), mx.nd.array([-2.0]), mx.nd.array([2.0]))]
        [(2, 3), (1,), (1,)]

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantized_batch_norm(data: Any = None, gamma: Any = None, beta: Any = None, moving_mean: Any = None, moving_var: Any = None, min_data: Any = None, max_data: Any = None, eps: float = 0.001, momentum: float = 0.9, fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1, cudnn_off: bool = False, min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """`BatchNorm` in prediction on quantized numbers; the result has the calibrated range.

        Parameters
        ----------
        data : array
        gamma : array
        beta : array
        moving_mean : array
        moving_var : array
        min_data : array
        max_data : array
        eps : a number >= 0, default 0.001
        momentum : a number >= 0 and <= 1, default 0.9
        fix_gamma : True or False, default True
        use_global_stats : True or False, default False
        output_mean_var : True or False, default False
        axis : an integer, default 1
        cudnn_off : True or False, default False
        min_calib_range : a number or None, default None
        max_calib_range : a number or None, default None

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantized_concat(*data: Any, dim: int = 1, num_args: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Join quantized arrays; the arrays are followed by min and max of each.

        All are brought to the widest range.

        Parameters
        ----------
        *data : arrays
        dim : an integer, default 1
        num_args : an integer >= 1

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantized_conv(data: Any = None, weight: Any = None, bias: Any = None, min_data: Any = None, max_data: Any = None, min_weight: Any = None, max_weight: Any = None, min_bias: Any = None, max_bias: Any = None, kernel: int | Sequence[int] = ..., stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., num_filter: int = 0, num_group: int = 1, workspace: int = 1024, no_bias: bool = False, cudnn_tune: str | None = None, cudnn_off: bool = False, layout: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """`Convolution` on quantized arrays: int32 sums and their range.

        Parameters
        ----------
        data : array
        weight : array
        bias : array, optional
        min_data : array, optional
        max_data : array, optional
        min_weight : array, optional
        max_weight : array, optional
        min_bias : array, optional
        max_bias : array, optional
        kernel : a tuple of integers >= 1, default ()
        stride : a tuple of integers >= 1, default ()
        dilate : a tuple of integers >= 1, default ()
        pad : a tuple of integers >= 0, default ()
        num_filter : an integer >= 0, default 0
        num_group : an integer >= 1, default 1
        workspace : an integer >= 0, default 1024
        no_bias : True or False, default False
        cudnn_tune : one of 'off', 'limited_workspace', 'fastest' or None, default None
        cudnn_off : True or False, default False
        layout : one of 'NCW', 'NCHW', 'NCDHW', 'NHWC', 'NDHWC' or None, default None

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantized_elemwise_add(lhs: Any = None, rhs: Any = None, lhs_min: Any = None, lhs_max: Any = None, rhs_min: Any = None, rhs_max: Any = None, min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Sum of quantized arrays: int32 with the sum of their ranges.

        Parameters
        ----------
        lhs : array
        rhs : array
        lhs_min : array
        lhs_max : array
        rhs_min : array
        rhs_max : array
        min_calib_range : a number or None, default None
        max_calib_range : a number or None, default None

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantized_elemwise_mul(lhs: Any = None, rhs: Any = None, lhs_min: Any = None, lhs_max: Any = None, rhs_min: Any = None, rhs_max: Any = None, min_calib_range: float | None = None, max_calib_range: float | None = None, enable_float_output: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Product of quantized arrays: int32, or int8 of the calibrated range, or float32.

        Parameters
        ----------
        lhs : array
        rhs : array
        lhs_min : array
        lhs_max : array
        rhs_min : array
        rhs_max : array
        min_calib_range : a number or None, default None
        max_calib_range : a number or None, default None
        enable_float_output : True or False, default False

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantized_embedding(data: Any = None, weight: Any = None, min_weight: Any = None, max_weight: Any = None, input_dim: int | None = None, output_dim: int | None = None, dtype: Any = 'float32', sparse_grad: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """`Embedding` with quantized rows.

        Parameters
        ----------
        data : array
        weight : array
        min_weight : array
        max_weight : array
        input_dim : an integer >= 1
        output_dim : an integer >= 1
        dtype : a string, default 'float32'
        sparse_grad : True or False, default False

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantized_flatten(data: Any = None, min_data: Any = None, max_data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """`Flatten` of quantized numbers.

        Parameters
        ----------
        data : array
        min_data : array
        max_data : array

        Examples
        --------
        >>> [out.shape for out in mx.nd.contrib.quantized_flatten(mx.nd.array([[[-127, -127], [-127, -127], [-127, -127]], [[-127, -127], [-127, -127], [-127, -127]]], dtype="int8"), mx.nd.array([-2.0]), mx.nd.array([2.0]))]
        [(2, 6), (1,), (1,)]

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantized_fully_connected(data: Any = None, weight: Any = None, bias: Any = None, min_data: Any = None, max_data: Any = None, min_weight: Any = None, max_weight: Any = None, min_bias: Any = None, max_bias: Any = None, num_hidden: int | None = None, no_bias: bool = False, flatten: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """`FullyConnected` on quantized arrays: int32 sums and their range.

        Parameters
        ----------
        data : array
        weight : array
        bias : array, optional
        min_data : array, optional
        max_data : array, optional
        min_weight : array, optional
        max_weight : array, optional
        min_bias : array, optional
        max_bias : array, optional
        num_hidden : an integer >= 1
        no_bias : True or False, default False
        flatten : True or False, default True

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def quantized_pooling(data: Any = None, min_data: Any = None, max_data: Any = None, kernel: int | Sequence[int] = ..., pool_type: str = 'max', global_pool: bool = False, cudnn_off: bool = False, pooling_convention: str = 'valid', stride: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., p_value: int | None = None, count_include_pad: bool = True, layout: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """`Pooling` of quantized numbers; means are rounded.

        Parameters
        ----------
        data : array
        min_data : array
        max_data : array
        kernel : a tuple of integers >= 1, default ()
        pool_type : one of 'max', 'avg', 'sum', 'lp', default 'max'
        global_pool : True or False, default False
        cudnn_off : True or False, default False
        pooling_convention : one of 'valid', 'full', 'same', default 'valid'
        stride : a tuple of integers >= 1, default ()
        pad : a tuple of integers >= 0, default ()
        p_value : an integer >= 1 or None, default None
        count_include_pad : True or False, default True
        layout : one of 'NCW', 'NCHW', 'NCDHW', 'NWC', 'NHWC', 'NDHWC' or None, default None

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def rand_zipfian(true_classes: Any, num_sampled: Any, range_max: Any, ctx: Any = None) -> Any:
        """Draw classes by the log-uniform law of word frequencies, for sampled softmax.

        Parameters
        ----------
        true_classes : NDArray
            Classes whose expected counts are wanted.
        num_sampled, range_max : int
            How many classes are drawn, from 0 … range_max - 1.

        Returns
        -------
        tuple of three NDArrays
            Drawn classes (int64), expected counts of the true classes and of the drawn ones."""
    @staticmethod
    def requantize(data: Any = None, min_range: Any = None, max_range: Any = None, out_type: str = 'int8', min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Round 32-bit sums, such as products of 8-bit numbers give, back to 8 bits.

        Parameters
        ----------
        data : array
        min_range : array
        max_range : array
        out_type : one of 'int8', default 'int8'
        min_calib_range : a number or None, default None
        max_calib_range : a number or None, default None

        Examples
        --------
        >>> [out.shape for out in mx.nd.contrib.requantize(mx.nd.array([[-9999, -9999, -9999], [-9999, -9999, -9999]], dtype="int32"), mx.nd.array([-9.0]), mx.nd.array([9.0]))]
        [(2, 3), (1,), (1,)]

        Notes
        -----
        No gradient flows through: rounding to whole numbers has no useful derivative."""
    @staticmethod
    def round_ste(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Round half away from zero; the gradient passes unchanged.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.contrib.round_ste(mx.nd.ones((2, 3))).shape
        (2, 3)

        References
        ----------
        Bengio, Léonard and Courville, "Estimating or propagating gradients", arXiv 1308.3432."""
    @staticmethod
    def sign_ste(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sign of each element; the gradient passes unchanged.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.contrib.sign_ste(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def sldwin_atten_context(score: Any = None, value: Any = None, dilation: Any = None, w: int | None = None, symmetric: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Values in the windows, weighted by scores: (B, T, heads, D).

        Parameters
        ----------
        score : array
        value : array
        dilation : array
        w : an integer >= 1
        symmetric : True or False, default True

        Examples
        --------
        >>> mx.nd.contrib.sldwin_atten_context(mx.nd.ones((1, 4, 2, 3)), mx.nd.ones((1, 4, 2, 2)), mx.nd.array([1, 2], dtype="int64"), w=1).shape
        (1, 4, 2, 2)"""
    @staticmethod
    def sldwin_atten_mask_like(score: Any = None, dilation: Any = None, valid_length: Any = None, w: int | None = None, symmetric: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """1 where both positions of a score exist and lie below `valid_length` (B,), else 0.

        Parameters
        ----------
        score : array
        dilation : array
        valid_length : array
        w : an integer >= 1
        symmetric : True or False, default True

        Examples
        --------
        >>> mx.nd.contrib.sldwin_atten_mask_like(mx.nd.ones((2, 4, 2, 3)), mx.nd.array([1, 2], dtype="int64"), mx.nd.array([4, 2], dtype="int64"), w=1).shape
        (2, 4, 2, 3)"""
    @staticmethod
    def sldwin_atten_score(query: Any = None, key: Any = None, dilation: Any = None, w: int | None = None, symmetric: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Scores (B, T, heads, 2w + 1) of queries with the keys in their windows; 0 outside.

        Without `symmetric` windows reach to the left only: (B, T, heads, w + 1).

        Parameters
        ----------
        query : array
        key : array
        dilation : array
        w : an integer >= 1
        symmetric : True or False, default True

        Examples
        --------
        >>> mx.nd.contrib.sldwin_atten_score(mx.nd.ones((1, 4, 2, 2)), mx.nd.ones((1, 4, 2, 2)), mx.nd.array([1, 2], dtype="int64"), w=1).shape
        (1, 4, 2, 3)"""
    @staticmethod
    def while_loop(cond: Any, func: Any, loop_vars: Any, max_iterations: Any = None) -> Any:
        """Run `func` as long as `cond` says so, at most `max_iterations` times.

        Parameters
        ----------
        cond : callable
            ``cond(*loop_vars)`` is a number or an array of one element.
        func : callable
            ``output, loop_vars = func(*loop_vars)``; `output` may be None or an empty list.
        loop_vars : NDArray or list of NDArray
        max_iterations : int

        Returns
        -------
        outputs, loop_vars
            Outputs stacked, (max_iterations, ...), rows that were not reached being zero; an empty
            list if there was no step.

        Raises
        ------
        ParamError
            If `max_iterations` is missing or negative, or `loop_vars` is empty.

        Examples
        --------
        >>> from dlstudio import nd
        >>> double = lambda x: (x, 2 * x)
        >>> outputs, x = nd.contrib.while_loop(lambda x: x < 8, double, nd.array([3]), 4)
        >>> outputs.asnumpy().ravel().tolist(), x.asnumpy().tolist()
        ([3.0, 6.0, 0.0, 0.0], [12.0])"""

class image:
    @staticmethod
    def adjust_lighting(data: Any = None, alpha: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Add light along the principal components of ImageNet's colours, by `alpha` (3 numbers).

        Parameters
        ----------
        data : array
        alpha : a number or a sequence of numbers

        Examples
        --------
        >>> mx.nd.image.adjust_lighting(mx.nd.ones((2, 3, 3)), alpha=(0.1, -0.2, 0.05)).shape
        (2, 3, 3)

        References
        ----------
        Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep CNNs", 2012."""
    @staticmethod
    def crop(data: Any = None, x: int | None = None, y: int | None = None, width: int | None = None, height: int | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Cut out the part with the upper left corner (x, y).

        Parameters
        ----------
        data : array
        x : an integer >= 0
        y : an integer >= 0
        width : an integer >= 0
        height : an integer >= 0

        Examples
        --------
        >>> mx.nd.image.crop(mx.nd.ones((4, 5, 2)), x=1, y=0, width=3, height=2).shape
        (2, 3, 2)"""
    @staticmethod
    def flip_left_right(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Mirror a picture (H, W, C) left to right.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.image.flip_left_right(mx.nd.ones((2, 3, 2))).shape
        (2, 3, 2)"""
    @staticmethod
    def flip_top_bottom(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Mirror a picture (H, W, C) top to bottom.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.image.flip_top_bottom(mx.nd.ones((2, 3, 2))).shape
        (2, 3, 2)"""
    @staticmethod
    def normalize(data: Any = None, mean: Any = ..., std: Any = ..., out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Subtract `mean` and divide by `std`, one number per channel of (C, H, W) or (B, C, H, W).

        Parameters
        ----------
        data : array
        mean : a number or a sequence of numbers, default (0.0,)
        std : a number or a sequence of numbers, default (1.0,)

        Examples
        --------
        >>> mx.nd.image.normalize(mx.nd.ones((3, 2, 2)), mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7)).shape
        (3, 2, 2)"""
    @staticmethod
    def random_brightness(data: Any = None, min_factor: float | None = None, max_factor: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Multiply by a random factor.

        Parameters
        ----------
        data : array
        min_factor : a number >= 0
        max_factor : a number >= 0

        Examples
        --------
        >>> mx.nd.image.random_brightness(mx.nd.ones((2, 3, 3)), min_factor=1.2, max_factor=1.2).shape
        (2, 3, 3)"""
    @staticmethod
    def random_color_jitter(data: Any = None, brightness: float | None = None, contrast: float | None = None, saturation: float | None = None, hue: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Change brightness, contrast, saturation and hue in random order, each by up to its share.

        The factor of each is drawn from [max(0, 1 - share), 1 + share]; a share of 0 leaves it alone.

        Parameters
        ----------
        data : array
        brightness : a number >= 0
        contrast : a number >= 0
        saturation : a number >= 0
        hue : a number >= 0

        Examples
        --------
        >>> mx.nd.image.random_color_jitter(mx.nd.ones((2, 3, 3)), brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1).shape
        (2, 3, 3)"""
    @staticmethod
    def random_contrast(data: Any = None, min_factor: float | None = None, max_factor: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Move away from, or towards, the mean gray of the picture.

        Parameters
        ----------
        data : array
        min_factor : a number >= 0
        max_factor : a number >= 0

        Examples
        --------
        >>> mx.nd.image.random_contrast(mx.nd.ones((2, 3, 3)), min_factor=1.2, max_factor=1.2).shape
        (2, 3, 3)"""
    @staticmethod
    def random_flip_left_right(data: Any = None, p: float = 0.5, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """`flip_left_right` with probability `p`.

        Parameters
        ----------
        data : array
        p : a number >= 0 and <= 1, default 0.5

        Examples
        --------
        >>> mx.nd.image.random_flip_left_right(mx.nd.ones((2, 3, 2))).shape
        (2, 3, 2)

        Notes
        -----
        No gradient flows through: it prepares pictures; its choice is random."""
    @staticmethod
    def random_flip_top_bottom(data: Any = None, p: float = 0.5, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """`flip_top_bottom` with probability `p`.

        Parameters
        ----------
        data : array
        p : a number >= 0 and <= 1, default 0.5

        Examples
        --------
        >>> mx.nd.image.random_flip_top_bottom(mx.nd.ones((2, 3, 2))).shape
        (2, 3, 2)

        Notes
        -----
        No gradient flows through: it prepares pictures; its choice is random."""
    @staticmethod
    def random_hue(data: Any = None, min_factor: float | None = None, max_factor: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Turn the hue by a random share of the circle of colours.

        Parameters
        ----------
        data : array
        min_factor : a number >= 0
        max_factor : a number >= 0

        Examples
        --------
        >>> mx.nd.image.random_hue(mx.nd.ones((2, 3, 3)), min_factor=1.2, max_factor=1.2).shape
        (2, 3, 3)"""
    @staticmethod
    def random_lighting(data: Any = None, alpha_std: float = 0.05, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """`adjust_lighting` with normal random numbers of standard deviation `alpha_std`.

        Parameters
        ----------
        data : array
        alpha_std : a number >= 0, default 0.05

        Examples
        --------
        >>> mx.nd.image.random_lighting(mx.nd.ones((2, 3, 3))).shape
        (2, 3, 3)"""
    @staticmethod
    def random_saturation(data: Any = None, min_factor: float | None = None, max_factor: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Move each cell away from, or towards, its gray.

        Parameters
        ----------
        data : array
        min_factor : a number >= 0
        max_factor : a number >= 0

        Examples
        --------
        >>> mx.nd.image.random_saturation(mx.nd.ones((2, 3, 3)), min_factor=1.2, max_factor=1.2).shape
        (2, 3, 3)"""
    @staticmethod
    def resize(data: Any = None, size: int | Sequence[int] | None = None, keep_ratio: bool = False, interp: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Resize pictures to `size`, (width, height) or one number.

        With `keep_ratio` one number is the shorter edge. `interp`: 0 nearest, 1 bilinear, 2 bicubic,
        3 area, 4 Lanczos.

        Parameters
        ----------
        data : array
        size : a tuple of integers >= 1
        keep_ratio : True or False, default False
        interp : an integer >= 0, default 1

        Examples
        --------
        >>> mx.nd.image.resize(mx.nd.ones((4, 3, 2)), size=(2, 5), interp=0).shape
        (5, 2, 2)"""
    @staticmethod
    def to_tensor(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Turn a picture (H, W, C), 0 … 255, into (C, H, W), 0 … 1; also in batches.

        Whole numbers become float32; floating dtypes stay.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.image.to_tensor(mx.nd.ones((2, 3, 3))).shape
        (3, 2, 3)"""

class linalg:
    @staticmethod
    def det(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Determinant of the matrices on the last two axes.

        Parameters
        ----------
        A : array

        Examples
        --------
        >>> mx.nd.linalg.det(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]])).shape
        (1,)"""
    @staticmethod
    def extractdiag(A: Any = None, offset: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Diagonal of the matrices on the last two axes.

        Parameters
        ----------
        A : array
        offset : an integer, default 0

        Examples
        --------
        >>> mx.nd.linalg.extractdiag(mx.nd.ones((3, 3))).shape
        (3,)"""
    @staticmethod
    def extracttrian(A: Any = None, offset: int = 0, lower: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Triangle of the matrices on the last two axes as a vector.

        Parameters
        ----------
        A : array
        offset : an integer, default 0
        lower : True or False, default True

        Examples
        --------
        >>> mx.nd.linalg.extracttrian(mx.nd.ones((3, 3))).shape
        (6,)"""
    @staticmethod
    def gelqf(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Factors Q (orthonormal rows) and L (lower triangle) with ``L Q = A``, for wide matrices.

        Parameters
        ----------
        A : array

        Examples
        --------
        >>> [out.shape for out in mx.nd.linalg.gelqf(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0]]))]
        [(2, 3), (2, 2)]"""
    @staticmethod
    def gemm(A: Any = None, B: Any = None, C: Any = None, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0, beta: float = 1.0, axis: int = -2, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """``alpha op(A) op(B) + beta C`` over the last two axes; `axis` holds the rows.

        Parameters
        ----------
        A : array
        B : array
        C : array
        transpose_a : True or False, default False
        transpose_b : True or False, default False
        alpha : a number, default 1.0
        beta : a number, default 1.0
        axis : an integer, default -2

        Examples
        --------
        >>> mx.nd.linalg.gemm(mx.nd.ones((2, 3)), mx.nd.ones((3, 4)), mx.nd.ones((2, 4)), alpha=2.0, beta=0.5).shape
        (2, 4)"""
    @staticmethod
    def gemm2(A: Any = None, B: Any = None, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0, axis: int = -2, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """``alpha op(A) op(B)`` over the last two axes; `axis` holds the rows.

        Parameters
        ----------
        A : array
        B : array
        transpose_a : True or False, default False
        transpose_b : True or False, default False
        alpha : a number, default 1.0
        axis : an integer, default -2

        Examples
        --------
        >>> mx.nd.linalg.gemm2(mx.nd.ones((2, 2, 3)), mx.nd.ones((2, 3, 4)), alpha=0.5).shape
        (2, 2, 4)"""
    @staticmethod
    def inverse(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Inverse of the matrices on the last two axes.

        Parameters
        ----------
        A : array

        Examples
        --------
        >>> mx.nd.linalg.inverse(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]])).shape
        (3, 3)"""
    @staticmethod
    def makediag(A: Any = None, offset: int = 0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Matrices with the vectors on the last axis as a diagonal.

        Parameters
        ----------
        A : array
        offset : an integer, default 0

        Examples
        --------
        >>> mx.nd.linalg.makediag(mx.nd.ones(3)).shape
        (3, 3)"""
    @staticmethod
    def maketrian(A: Any = None, offset: int = 0, lower: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Matrices with the vectors on the last axis as a triangle, zero elsewhere.

        Parameters
        ----------
        A : array
        offset : an integer, default 0
        lower : True or False, default True

        Examples
        --------
        >>> mx.nd.linalg.maketrian(mx.nd.ones(6)).shape
        (3, 3)"""
    @staticmethod
    def potrf(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Lower triangle L with ``L Lᵀ = A``, for symmetric positive definite matrices.

        Parameters
        ----------
        A : array

        Examples
        --------
        >>> mx.nd.linalg.potrf(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]])).shape
        (3, 3)"""
    @staticmethod
    def potri(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Inverse of ``A Aᵀ`` for a lower triangle A, as `potrf` gives it.

        Parameters
        ----------
        A : array

        Examples
        --------
        >>> mx.nd.linalg.potri(mx.nd.array([[2.0, 0.0, 0.0], [1.0, 2.0, 0.0], [1.0, 1.0, 2.0]])).shape
        (3, 3)"""
    @staticmethod
    def slogdet(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Sign and logarithm of the absolute value of the determinant.

        Parameters
        ----------
        A : array

        Examples
        --------
        >>> [out.shape for out in mx.nd.linalg.slogdet(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]]))]
        [(1,), (1,)]"""
    @staticmethod
    def sumlogdiag(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sum of the logarithms of the diagonal.

        Parameters
        ----------
        A : array

        Examples
        --------
        >>> mx.nd.linalg.sumlogdiag(mx.nd.ones((3, 3))).shape
        (1,)"""
    @staticmethod
    def syevd(A: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        """Eigenvectors (rows of U) and eigenvalues of symmetric matrices: ``A = Uᵀ diag(L) U``.

        Parameters
        ----------
        A : array

        Examples
        --------
        >>> [out.shape for out in mx.nd.linalg.syevd(mx.nd.array([[5.0, 3.0, 3.0], [3.0, 5.0, 3.0], [3.0, 3.0, 5.0]]))]
        [(3, 3), (3,)]"""
    @staticmethod
    def syrk(A: Any = None, transpose: bool = False, alpha: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """``alpha A Aᵀ``, or ``alpha Aᵀ A``.

        Parameters
        ----------
        A : array
        transpose : True or False, default False
        alpha : a number, default 1.0

        Examples
        --------
        >>> mx.nd.linalg.syrk(mx.nd.ones((2, 3))).shape
        (2, 2)"""
    @staticmethod
    def trmm(A: Any = None, B: Any = None, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """``alpha op(A) B`` for a triangle A, or ``alpha B op(A)``.

        Parameters
        ----------
        A : array
        B : array
        transpose : True or False, default False
        rightside : True or False, default False
        lower : True or False, default True
        alpha : a number, default 1.0

        Examples
        --------
        >>> mx.nd.linalg.trmm(mx.nd.ones((3, 3)), mx.nd.ones((3, 2))).shape
        (3, 2)"""
    @staticmethod
    def trsm(A: Any = None, B: Any = None, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Solution X of ``op(A) X = alpha B`` for a triangle A, or of ``X op(A) = alpha B``.

        Parameters
        ----------
        A : array
        B : array
        transpose : True or False, default False
        rightside : True or False, default False
        lower : True or False, default True
        alpha : a number, default 1.0

        Examples
        --------
        >>> mx.nd.linalg.trsm(mx.nd.array([[2.0, 0.0, 0.0], [1.0, 2.0, 0.0], [1.0, 1.0, 2.0]]), mx.nd.ones((3, 2))).shape
        (3, 2)"""

class random:
    @staticmethod
    def binomial(n: Any = 1, p: Any = 0.5, shape: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None, **_: Any) -> Any:
        """Draw successes in `n` trials, each with probability `p`."""
    @staticmethod
    def binomial_like(data: Any = None, n: float = 1.0, p: float = 0.5, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Successes in `n` trials, each with probability `p`. In the shape and dtype of `data`.

        Parameters
        ----------
        data : array
        n : a number, default 1.0
        p : a number, default 0.5

        Examples
        --------
        >>> mx.nd.random.binomial_like(mx.nd.ones((2, 3))).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: its result is a random draw."""
    @staticmethod
    def categorical(data: Any, shape: Any = None, get_prob: Any = False, out: Any = None, dtype: Any = 'int32', **_: Any) -> Any:
        """Draw categories with the probabilities in `data`: `multinomial` as MXNet 2 calls it."""
    @staticmethod
    def exponential(scale: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None, **_: Any) -> Any:
        """Draw exponential numbers with mean `scale`."""
    @staticmethod
    def exponential_like(data: Any = None, lam: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Exponential numbers with rate `lam` (mean 1/lam). In the shape and dtype of `data`.

        Parameters
        ----------
        data : array
        lam : a number, default 1.0

        Examples
        --------
        >>> mx.nd.random.exponential_like(mx.nd.ones((2, 3))).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: its result is a random draw."""
    @staticmethod
    def gamma(alpha: Any = 1, beta: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None, **_: Any) -> Any:
        """Draw gamma numbers with shape `alpha` and scale `beta`."""
    @staticmethod
    def gamma_like(data: Any = None, alpha: float = 1.0, beta: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Gamma numbers with shape `alpha` and scale `beta`. In the shape and dtype of `data`.

        Parameters
        ----------
        data : array
        alpha : a number, default 1.0
        beta : a number, default 1.0

        Examples
        --------
        >>> mx.nd.random.gamma_like(mx.nd.ones((2, 3))).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: its result is a random draw."""
    @staticmethod
    def generalized_negative_binomial(mu: Any = 1, alpha: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None, **_: Any) -> Any:
        """Draw negative binomial numbers with mean `mu` and dispersion `alpha`."""
    @staticmethod
    def generalized_negative_binomial_like(data: Any = None, mu: float = 1.0, alpha: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Negative binomial numbers with mean `mu` and dispersion `alpha`. In the shape and dtype of `data`.

        Parameters
        ----------
        data : array
        mu : a number, default 1.0
        alpha : a number, default 1.0

        Examples
        --------
        >>> mx.nd.random.generalized_negative_binomial_like(mx.nd.ones((2, 3))).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: its result is a random draw."""
    @staticmethod
    def multinomial(data: Any, shape: Any = None, get_prob: Any = False, out: Any = None, dtype: Any = 'int32', **_: Any) -> Any:
        """Draw categories with the probabilities in `data`, (K,) or (B, K)."""
    @staticmethod
    def negative_binomial(k: Any = 1, p: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None, **_: Any) -> Any:
        """Draw failures before success number `k`, each with probability `p`."""
    @staticmethod
    def negative_binomial_like(data: Any = None, k: float = 1.0, p: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Failures before success number `k`, each with probability `p`. In the shape and dtype of `data`.

        Parameters
        ----------
        data : array
        k : a number, default 1.0
        p : a number, default 1.0

        Examples
        --------
        >>> mx.nd.random.negative_binomial_like(mx.nd.ones((2, 3))).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: its result is a random draw."""
    @staticmethod
    def normal(loc: Any = 0, scale: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None, **_: Any) -> Any:
        """Draw normal numbers with mean `loc` and standard deviation `scale`."""
    @staticmethod
    def normal_like(data: Any = None, loc: float = 0.0, scale: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Normal numbers with mean `loc` and standard deviation `scale`. In the shape and dtype of `data`.

        Parameters
        ----------
        data : array
        loc : a number, default 0.0
        scale : a number, default 1.0

        Examples
        --------
        >>> mx.nd.random.normal_like(mx.nd.ones((2, 3))).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: its result is a random draw."""
    @staticmethod
    def poisson(lam: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None, **_: Any) -> Any:
        """Draw Poisson numbers with mean `lam`."""
    @staticmethod
    def poisson_like(data: Any = None, lam: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Poisson numbers with mean `lam`. In the shape and dtype of `data`.

        Parameters
        ----------
        data : array
        lam : a number, default 1.0

        Examples
        --------
        >>> mx.nd.random.poisson_like(mx.nd.ones((2, 3))).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: its result is a random draw."""
    @staticmethod
    def randint(low: Any, high: Any, shape: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None, **_: Any) -> Any:
        """Draw whole numbers from `low` to ``high - 1``."""
    @staticmethod
    def randn(*shape: Any, **kwargs: Any) -> Any:
        """Draw normal numbers of the given lengths: ``randn(2, 3, loc=0, scale=1)``."""
    @staticmethod
    def shuffle(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Put the rows (entries of the first axis) into random order.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.random.shuffle(mx.nd.ones(6)).shape
        (6,)

        Notes
        -----
        No gradient flows through: its result is a random draw."""
    @staticmethod
    def uniform(low: Any = 0, high: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None, **_: Any) -> Any:
        """Draw uniform numbers in [low, high)."""
    @staticmethod
    def uniform_like(data: Any = None, low: float = 0.0, high: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Uniform numbers in [low, high). In the shape and dtype of `data`.

        Parameters
        ----------
        data : array
        low : a number, default 0.0
        high : a number, default 1.0

        Examples
        --------
        >>> mx.nd.random.uniform_like(mx.nd.ones((2, 3))).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: its result is a random draw."""

class sparse:
    @staticmethod
    def ElementWiseSum(*args: Any, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sum of several arrays of one shape.

        Parameters
        ----------
        *args : arrays

        Examples
        --------
        >>> mx.nd.sparse.ElementWiseSum(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def Embedding(data: Any = None, weight: Any = None, input_dim: int | None = None, output_dim: int | None = None, dtype: Any = 'float32', sparse_grad: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Look up rows: ``out[i, ...] = weight[data[i], ...]``; indices out of range are clipped.

        Parameters
        ----------
        data : any shape, integers (floats are cut off)
        weight : (input_dim, output_dim)

        Returns
        -------
        data.shape + (output_dim,)

        Examples
        --------
        >>> mx.nd.sparse.Embedding(mx.nd.array([0, 0, 0], dtype="int64"), mx.nd.ones((4, 3)), input_dim=4, output_dim=3).shape
        (3, 3)"""
    @staticmethod
    def FullyConnected(data: Any = None, weight: Any = None, bias: Any = None, num_hidden: int | None = None, no_bias: bool = False, flatten: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Apply a linear map to each row: :math:`y = x W^T + b`.

        Parameters
        ----------
        data : (B, ...), read as (B, D) with D the product of the other axes; with ``flatten=False``
            (..., D), and the map acts on the last axis
        weight : (num_hidden, D)
        bias : (num_hidden,), absent with ``no_bias=True``

        Returns
        -------
        (B, num_hidden), or (..., num_hidden) with ``flatten=False``

        Examples
        --------
        >>> mx.nd.sparse.FullyConnected(mx.nd.ones((2, 3)), mx.nd.ones((4, 3)), mx.nd.ones(4), num_hidden=4).shape
        (2, 4)"""
    @staticmethod
    def LinearRegressionOutput(data: Any = None, label: Any = None, grad_scale: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Pass data through; the gradient is that of half the squared error, ``data - label``.

        Parameters
        ----------
        data : array
        label : array
        grad_scale : a number, default 1.0

        Examples
        --------
        >>> mx.nd.sparse.LinearRegressionOutput(mx.nd.ones((3, 2)), mx.nd.ones((3, 2))).shape
        (3, 2)"""
    @staticmethod
    def LogisticRegressionOutput(data: Any = None, label: Any = None, grad_scale: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sigmoid of data; the gradient is that of binary cross-entropy, ``sigmoid(data) - label``.

        Parameters
        ----------
        data : array
        label : array
        grad_scale : a number, default 1.0

        Examples
        --------
        >>> mx.nd.sparse.LogisticRegressionOutput(mx.nd.ones((3, 2)), mx.nd.ones((3, 2))).shape
        (3, 2)"""
    @staticmethod
    def MAERegressionOutput(data: Any = None, label: Any = None, grad_scale: float = 1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Pass data through; the gradient is that of the absolute error, ``sign(data - label)``.

        Parameters
        ----------
        data : array
        label : array
        grad_scale : a number, default 1.0

        Examples
        --------
        >>> mx.nd.sparse.MAERegressionOutput(mx.nd.ones((3, 2)), mx.nd.ones((3, 2))).shape
        (3, 2)"""
    @staticmethod
    def abs(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Absolute value: ``|x|``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.abs(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def adagrad_update(weight: Any = None, grad: Any = None, history: Any = None, lr: float | None = None, epsilon: float = 1e-07, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """AdaGrad: ``history += g**2; weight -= lr * (g / sqrt(history + epsilon) + wd * weight)``.

        Parameters
        ----------
        weight : array
        grad : array
        history : array
        lr : a number
        epsilon : a number, default 1e-07
        wd : a number, default 0.0
        rescale_grad : a number, default 1.0
        clip_gradient : a number, default -1.0

        Examples
        --------
        >>> mx.nd.sparse.adagrad_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
        (2, 3)

        References
        ----------
        Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 12 (2011).

        Notes
        -----
        No gradient flows through: it is a step of an optimizer: it changes its states."""
    @staticmethod
    def adam_update(weight: Any = None, grad: Any = None, mean: Any = None, var: Any = None, lr: float | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Adam without bias correction, which the caller folds into `lr`.

        With ``g = rescale_grad * grad + wd * weight``, then cut,
        ``mean = beta1 * mean + (1 - beta1) * g; var = beta2 * var + (1 - beta2) * g**2``,
        ``weight = weight - lr * mean / (sqrt(var) + epsilon)``.

        Parameters
        ----------
        weight : array
        grad : array
        mean : array
        var : array
        lr : a number
        beta1 : a number, default 0.9
        beta2 : a number, default 0.999
        epsilon : a number, default 1e-08
        wd : a number, default 0.0
        rescale_grad : a number, default 1.0
        clip_gradient : a number, default -1.0
        lazy_update : True or False, default True

        Examples
        --------
        >>> mx.nd.sparse.adam_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
        (2, 3)

        References
        ----------
        Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.

        Notes
        -----
        No gradient flows through: it is a step of an optimizer: it changes its states."""
    @staticmethod
    def add(lhs: Any, rhs: Any) -> Any:
        """`nd.add` of arrays in any storage, or of an array and a number."""
    @staticmethod
    def add_n(*args: Any, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sum of several arrays of one shape.

        Parameters
        ----------
        *args : arrays

        Examples
        --------
        >>> mx.nd.sparse.add_n(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def arccos(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Inverse cosine, in radians.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.arccos(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def arccosh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Inverse hyperbolic cosine, for x ≥ 1.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.arccosh(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def arcsin(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Inverse sine, in radians.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.arcsin(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def arcsinh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Inverse hyperbolic sine.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.arcsinh(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def arctan(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Inverse tangent, in radians.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.arctan(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def arctanh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Inverse hyperbolic tangent.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.arctanh(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def array(source_array: Any, ctx: Any = None, dtype: Any = None) -> Any:
        """Copy a sparse array, or take over a SciPy csr matrix.

        Parameters
        ----------
        source_array : CSRNDArray, RowSparseNDArray or scipy.sparse matrix
        ctx : Device, optional
        dtype : optional
            Default: that of the source.

        Raises
        ------
        ParamError
            If the source is dense."""
    @staticmethod
    def broadcast_add(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sum: ``x + y``.

        Parameters
        ----------
        lhs : array
        rhs : array

        Examples
        --------
        >>> mx.nd.sparse.broadcast_add(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def broadcast_div(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Quotient: ``x / y``; in np, integers give float32.

        Parameters
        ----------
        lhs : array
        rhs : array

        Examples
        --------
        >>> mx.nd.sparse.broadcast_div(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def broadcast_minus(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Difference: ``x - y``.

        Parameters
        ----------
        lhs : array
        rhs : array

        Examples
        --------
        >>> mx.nd.sparse.broadcast_minus(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def broadcast_mul(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Product: ``x × y``.

        Parameters
        ----------
        lhs : array
        rhs : array

        Examples
        --------
        >>> mx.nd.sparse.broadcast_mul(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def broadcast_plus(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sum: ``x + y``.

        Parameters
        ----------
        lhs : array
        rhs : array

        Examples
        --------
        >>> mx.nd.sparse.broadcast_plus(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def broadcast_sub(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Difference: ``x - y``.

        Parameters
        ----------
        lhs : array
        rhs : array

        Examples
        --------
        >>> mx.nd.sparse.broadcast_sub(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def cast_storage(data: Any = None, stype: str | None = None, out: Any = None, **kwargs: Any) -> NDArray:
        """Convert to a storage type; the values stay. Recorded, so gradients flow through.

        Parameters
        ----------
        data : NDArray; a matrix for ``stype="csr"``
        stype : {"default", "csr", "row_sparse"}
            csr and row_sparse do not convert into each other directly.

        Raises
        ------
        ParamError
            For an unknown storage, or between the two sparse ones."""
    @staticmethod
    def cbrt(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Cube root: ``∛x``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.cbrt(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def ceil(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Smallest integer not below x.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.ceil(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def clip(data: Any = None, a_min: float | None = None, a_max: float | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Limit the elements to `a_min` … `a_max`; outside no gradient flows.

        Parameters
        ----------
        data : array
        a_min : a number
        a_max : a number

        Examples
        --------
        >>> mx.nd.sparse.clip(mx.nd.ones((2, 3)), a_min=-0.5, a_max=0.5).shape
        (2, 3)"""
    @staticmethod
    def concat(*data: Any, dim: int = 1, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Join arrays of one dtype along axis `dim`.

        Parameters
        ----------
        *data : arrays
        dim : an integer, default 1

        Examples
        --------
        >>> mx.nd.sparse.concat(mx.nd.ones((2, 3)), mx.nd.ones((2, 1))).shape
        (2, 4)"""
    @staticmethod
    def cos(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Cosine of an angle in radians.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.cos(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def cosh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Hyperbolic cosine: ``(eˣ + e⁻ˣ)/2``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.cosh(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def csr_matrix(arg1: Any, shape: Any = None, ctx: Any = None, dtype: Any = None) -> Any:
        """Make a matrix in compressed sparse row storage.

        Parameters
        ----------
        arg1 : one of
            a dense array-like with two axes; a csr array or SciPy matrix; a shape ``(M, N)`` for
            zeros; ``(data, indices, indptr)``; ``(data, (row, col))``, where doubled places add up
        shape : tuple of two int, optional
            Default: what the indices need.
        ctx : Device, optional
        dtype : optional
            Default: that of the source array, else float32.

        Returns
        -------
        CSRNDArray

        Raises
        ------
        ParamError
            If the tuple has another length, or shapes contradict each other.
        ShapeError
            If the indices do not fit the shape or the data.

        Examples
        --------
        >>> import dlstudio as mx
        >>> mx.nd.sparse.csr_matrix(([7, 8], ([0, 1], [2, 0])), shape=(2, 3)).asnumpy().tolist()
        [[0.0, 0.0, 7.0], [8.0, 0.0, 0.0]]"""
    @staticmethod
    def degrees(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Radians to degrees: ``180 x/π``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.degrees(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def divide(lhs: Any, rhs: Any) -> Any:
        """`nd.divide` of arrays in any storage, or of an array and a number."""
    @staticmethod
    def dot(lhs: Any = None, rhs: Any = None, transpose_a: bool = False, transpose_b: bool = False, forward_stype: str | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sum over the last axis of `lhs` and the first of `rhs`; two vectors give shape (1,).

        With `transpose_a` the first axis of `lhs` is summed and its others keep their order, with
        `transpose_b` the last axis of `rhs`. `forward_stype` asks for the storage of the result where
        an operand is sparse: csr times dense is dense, csr transposed times dense is row_sparse.

        Parameters
        ----------
        lhs : array
        rhs : array
        transpose_a : True or False, default False
        transpose_b : True or False, default False
        forward_stype : one of 'default', 'csr', 'row_sparse' or None, default None

        Examples
        --------
        >>> mx.nd.sparse.dot(mx.nd.ones((2, 3)), mx.nd.ones((3, 4))).shape
        (2, 4)"""
    @staticmethod
    def elemwise_add(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sum: ``x + y``.

        Parameters
        ----------
        lhs : array
        rhs : array

        Examples
        --------
        >>> mx.nd.sparse.elemwise_add(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def elemwise_div(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Quotient: ``x / y``; in np, integers give float32.

        Parameters
        ----------
        lhs : array
        rhs : array

        Examples
        --------
        >>> mx.nd.sparse.elemwise_div(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def elemwise_mul(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Product: ``x × y``.

        Parameters
        ----------
        lhs : array
        rhs : array

        Examples
        --------
        >>> mx.nd.sparse.elemwise_mul(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def elemwise_sub(lhs: Any = None, rhs: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Difference: ``x - y``.

        Parameters
        ----------
        lhs : array
        rhs : array

        Examples
        --------
        >>> mx.nd.sparse.elemwise_sub(mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def empty(stype: Any, shape: Any, ctx: Any = None, dtype: Any = None) -> Any:
        """Sparse array to be written; it holds zeros."""
    @staticmethod
    def exp(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Exponential: ``eˣ``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.exp(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def expm1(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """``eˣ - 1``, exact for small x.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.expm1(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def fix(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Nearest integer towards zero.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.fix(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def floor(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Largest integer not above x.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.floor(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def ftrl_update(weight: Any = None, grad: Any = None, z: Any = None, n: Any = None, lr: float | None = None, lamda1: float = 0.009999999776482582, beta: float = 1.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Follow the regularized leader: weights become exactly zero where \\|z\\| <= lamda1.

        Parameters
        ----------
        weight : array
        grad : array
        z : array
        n : array
        lr : a number
        lamda1 : a number, default 0.009999999776482582
        beta : a number, default 1.0
        wd : a number, default 0.0
        rescale_grad : a number, default 1.0
        clip_gradient : a number, default -1.0

        Examples
        --------
        >>> mx.nd.sparse.ftrl_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
        (2, 3)

        References
        ----------
        McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013.

        Notes
        -----
        No gradient flows through: it is a step of an optimizer: it changes its states."""
    @staticmethod
    def gamma(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Gamma function: ``Γ(n) = (n-1)!`` for whole n.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.gamma(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def gammaln(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Logarithm of the absolute value of the gamma function.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.gammaln(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def gs_retain(data: Any = None, indices: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Keep the rows numbered in `indices` and set all others to zero.

        Parameters
        ----------
        data : (N, ...), row_sparse where storage is sparse
        indices : (K,), row numbers

        Examples
        --------
        >>> mx.nd.sparse.gs_retain(mx.nd.ones((4, 3)), mx.nd.array([0, 2], dtype="int64")).shape
        (4, 3)"""
    @staticmethod
    def log(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Natural logarithm.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.log(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def log10(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Logarithm to base 10.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.log10(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def log1p(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """``log(1 + x)``, exact for small x.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.log1p(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def log2(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Logarithm to base 2.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.log2(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def make_loss(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Declare `data` a loss: passed through, its gradient is one, whatever arrives from above.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.make_loss(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def mean(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Mean of the elements. `axis` may be one or several; `exclude` reduces all other axes instead.

        Parameters
        ----------
        data : array
        axis : an axis, a tuple of axes, or None, default None
        keepdims : True or False, default False
        exclude : True or False, default False

        Examples
        --------
        >>> mx.nd.sparse.mean(mx.nd.ones((2, 3))).shape
        (1,)"""
    @staticmethod
    def multiply(lhs: Any, rhs: Any) -> Any:
        """`nd.multiply` of arrays in any storage, or of an array and a number."""
    @staticmethod
    def negative(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Negation: ``-x``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.negative(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def norm(data: Any = None, ord: int = 2, axis: Any = None, out_dtype: Any = None, keepdims: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Norm over `axis` (all axes if None): ``Σ|x|`` for `ord` 1, ``√Σx²`` for `ord` 2.

        Parameters
        ----------
        data : array
        ord : an integer, default 2
        axis : an axis, a tuple of axes, or None, default None
        out_dtype : a dtype such as 'float32' or None, default None
        keepdims : True or False, default False

        Examples
        --------
        >>> mx.nd.sparse.norm(mx.nd.ones((2, 3))).shape
        (1,)"""
    @staticmethod
    def radians(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Degrees to radians: ``π x/180``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.radians(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def relu(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Rectified linear unit: ``max(data, 0)``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.relu(mx.nd.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
        (2, 3)"""
    @staticmethod
    def retain(data: Any = None, indices: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Keep the rows numbered in `indices` and set all others to zero.

        Parameters
        ----------
        data : (N, ...), row_sparse where storage is sparse
        indices : (K,), row numbers

        Examples
        --------
        >>> mx.nd.sparse.retain(mx.nd.ones((4, 3)), mx.nd.array([0, 2], dtype="int64")).shape
        (4, 3)"""
    @staticmethod
    def rint(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Nearest integer; a half goes to the lower one.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.rint(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def round(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Nearest integer; a half goes away from zero.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.round(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def row_sparse_array(arg1: Any, shape: Any = None, ctx: Any = None, dtype: Any = None) -> Any:
        """Make an array that stores only some of its rows.

        Parameters
        ----------
        arg1 : one of
            a dense array-like; a row_sparse array; a shape for zeros; ``(data, indices)``, where
            row ``indices[k]`` is ``data[k]``
        shape : tuple of int, optional
            Default: what the indices need.
        ctx : Device, optional
        dtype : optional
            Default: that of the source array, else float32.

        Returns
        -------
        RowSparseNDArray

        Raises
        ------
        ParamError
            If the tuple has another length, or shapes contradict each other.
        ShapeError
            If the indices do not fit the shape or the data.

        Examples
        --------
        >>> import dlstudio as mx
        >>> mx.nd.sparse.row_sparse_array(([[1, 2]], [1]), shape=(3, 2)).asnumpy().tolist()
        [[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]]"""
    @staticmethod
    def rsqrt(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Reciprocal square root: ``1/√x``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.rsqrt(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def sgd_mom_update(weight: Any = None, grad: Any = None, mom: Any = None, lr: float | None = None, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Step with momentum.

        ``mom = momentum * mom - lr * (g + wd * weight); weight = weight + mom``

        Parameters
        ----------
        weight : array
        grad : array
        mom : array
        lr : a number
        momentum : a number, default 0.0
        wd : a number, default 0.0
        rescale_grad : a number, default 1.0
        clip_gradient : a number, default -1.0
        lazy_update : True or False, default True

        Examples
        --------
        >>> mx.nd.sparse.sgd_mom_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
        (2, 3)

        References
        ----------
        Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

        Notes
        -----
        No gradient flows through: it is a step of an optimizer: it changes its states."""
    @staticmethod
    def sgd_update(weight: Any = None, grad: Any = None, lr: float | None = None, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Step down the gradient: ``weight = (1 - lr * wd) * weight - lr * g``.

        Parameters
        ----------
        weight : array
        grad : array
        lr : a number
        wd : a number, default 0.0
        rescale_grad : a number, default 1.0
        clip_gradient : a number, default -1.0
        lazy_update : True or False, default True

        Examples
        --------
        >>> mx.nd.sparse.sgd_update(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)), lr=0.1).shape
        (2, 3)

        Notes
        -----
        No gradient flows through: it is a step of an optimizer: it changes its states."""
    @staticmethod
    def sigmoid(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Logistic function :math:`1 / (1 + e^{-x})`.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.sigmoid(mx.nd.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
        (2, 3)"""
    @staticmethod
    def sign(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sign: -1, 0 or 1.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.sign(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def sin(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sine of an angle in radians.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.sin(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def sinh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Hyperbolic sine: ``(eˣ - e⁻ˣ)/2``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.sinh(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def slice(data: Any = None, begin: int | Sequence[int] | None = None, end: int | Sequence[int] | None = None, step: int | Sequence[int] | None = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Take ``data[begin:end:step]`` on the leading axes; None leaves a bound open.

        Parameters
        ----------
        data : array
        begin : a tuple of integers
        end : a tuple of integers
        step : a tuple of integers or None, default None

        Examples
        --------
        >>> mx.nd.sparse.slice(mx.nd.ones((4, 5)), begin=(1, 2), end=(3, 5)).shape
        (2, 3)"""
    @staticmethod
    def sqrt(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Square root: ``√x``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.sqrt(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def square(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Square: ``x²``.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.square(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def stop_gradient(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Copy of `data` that lets no gradient through.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.stop_gradient(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def subtract(lhs: Any, rhs: Any) -> Any:
        """`nd.subtract` of arrays in any storage, or of an array and a number."""
    @staticmethod
    def sum(data: Any = None, axis: Any = None, keepdims: bool = False, exclude: bool = False, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Sum of the elements. `axis` may be one or several; `exclude` reduces all other axes instead.

        Parameters
        ----------
        data : array
        axis : an axis, a tuple of axes, or None, default None
        keepdims : True or False, default False
        exclude : True or False, default False

        Examples
        --------
        >>> mx.nd.sparse.sum(mx.nd.ones((2, 3))).shape
        (1,)"""
    @staticmethod
    def tan(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Tangent of an angle in radians.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.tan(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def tanh(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Hyperbolic tangent.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.tanh(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def trunc(data: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Integer part of x.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.nd.sparse.trunc(mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def where(condition: Any = None, x: Any = None, y: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """`x` where `condition` is not zero, else `y`.

        `condition` has the shape of `x` and `y`, or is a vector that chooses whole rows.

        Parameters
        ----------
        condition : array
        x : array
        y : array

        Examples
        --------
        >>> mx.nd.sparse.where(mx.nd.array([[True, True, True], [True, True, True]], dtype="bool"), mx.nd.ones((2, 3)), mx.nd.ones((2, 3))).shape
        (2, 3)"""
    @staticmethod
    def zeros(stype: Any, shape: Any, ctx: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        """Array of zeros in the storage `stype`, "default", "csr" or "row_sparse".

        Raises
        ------
        ParamError
            If the storage type is unknown."""
    @staticmethod
    def zeros_like(data: Any = None, dtype: Any = None, out: Any = None, name: Any = None, **kwargs: Any) -> NDArray:
        """Zeros of the shape and dtype of `data`.

        Parameters
        ----------
        data : array
        dtype : a dtype such as 'float32' or None, default None

        Examples
        --------
        >>> mx.nd.sparse.zeros_like(mx.nd.ones((2, 3))).shape
        (2, 3)"""
