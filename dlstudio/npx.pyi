"""`mx.npx`: neural-network operators for the NumPy dialect, and its switches."""

# Written by `python -m dlstudio.dialects.stubs`; change the table instead.
from collections.abc import Sequence
from typing import Any

from dlstudio.core.tensor import NDArray as NDArray
from dlstudio.core.tensor import ndarray as ndarray
from dlstudio.graph.symbol import Symbol as Symbol

def __getattr__(name: str) -> Any: ...

def activation(data: Any, act_type: str | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.activation(mx.np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]), act_type='relu').shape
    (2, 3)"""
def add_n(args: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Sum of several arrays of one shape.

    Parameters
    ----------
    *args : arrays

    Examples
    --------
    >>> mx.npx.add_n([mx.np.ones((2, 3))]).shape
    (2, 3)"""
def arange_like(data: Any, start: float = 0.0, step: float = 1.0, repeat: int = 1, ctx: Any = None, axis: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.arange_like(mx.np.ones((2, 3))).shape
    (2, 3)"""
def batch_dot(lhs: Any, rhs: Any, transpose_a: bool = False, transpose_b: bool = False, forward_stype: str | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.batch_dot(mx.np.ones((2, 2, 3)), mx.np.ones((2, 3, 4))).shape
    (2, 2, 4)"""
def batch_flatten(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Keep the first axis and merge all others: (B, ...) becomes (B, D).

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.batch_flatten(mx.np.ones((2, 3, 4))).shape
    (2, 12)"""
def batch_norm(data: Any, gamma: Any, beta: Any, moving_mean: Any, moving_var: Any, eps: float = 0.001, momentum: float = 0.9, fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1, cudnn_off: bool = False, min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, **kwargs: Any) -> Any:
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
    >>> mx.npx.batch_norm(mx.np.ones((3, 2, 2, 2)), mx.np.ones(2), mx.np.ones(2), mx.np.ones(2), mx.np.ones(2)).shape
    (3, 2, 2, 2)

    References
    ----------
    Ioffe and Szegedy, "Batch normalization", ICML 2015."""
def batch_norm_with_relu(data: Any, gamma: Any, beta: Any, moving_mean: Any, moving_var: Any, eps: float = 0.001, momentum: float = 0.9, fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1, cudnn_off: bool = False, min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, **kwargs: Any) -> Any:
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
    >>> mx.npx.batch_norm_with_relu(mx.np.ones((3, 2, 2)), mx.np.ones(2), mx.np.ones(2), mx.np.ones(2), mx.np.ones(2)).shape
    (3, 2, 2)"""
def bipartite_matching(data: Any, is_ascend: bool = False, threshold: float | None = None, topk: int = -1, out: Any = None, **kwargs: Any) -> Any:
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
    >>> [out.shape for out in mx.npx.bipartite_matching(mx.np.ones((3, 2)), threshold=0.1)]
    [(3,), (2,)]"""
def boolean_mask(data: Any, index: Any, axis: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Slices of `data` along `axis` where `index` is not zero; how many depends on the values.

    Parameters
    ----------
    data : array
    index : array
    axis : an integer, default 0"""
def box_decode(data: Any, anchors: Any, std0: float = 1.0, std1: float = 1.0, std2: float = 1.0, std3: float = 1.0, clip: float = -1.0, format: str = 'center', out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.box_decode(mx.np.ones((2, 3, 4)), mx.np.array([[[0.1, 0.1, 0.4, 0.4], [0.5, 0.5, 0.9, 0.8], [0.3, 0.6, 0.5, 0.9]]]), std0=0.1, std2=0.2, clip=0.5, format='corner').shape
    (2, 3, 4)"""
def box_encode(samples: Any, matches: Any, anchors: Any, refs: Any, means: Any, stds: Any, out: Any = None, **kwargs: Any) -> Any:
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
def box_iou(lhs: Any, rhs: Any, format: str = 'corner', out: Any = None, **kwargs: Any) -> ndarray:
    """Intersection over union of all pairs: lhs.shape[:-1] + rhs.shape[:-1].

    Parameters
    ----------
    lhs : array
    rhs : array
    format : one of 'corner', 'center', default 'corner'

    Examples
    --------
    >>> mx.npx.box_iou(mx.np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0], [5.0, 5.0, 6.0, 6.0]]), mx.np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0]])).shape
    (3, 2)"""
def box_nms(data: Any, overlap_thresh: float = 0.5, valid_thresh: float = 0.0, topk: int = -1, coord_start: int = 2, score_index: int = 1, id_index: int = -1, background_id: int = -1, force_suppress: bool = False, in_format: str = 'corner', out_format: str = 'corner', out: Any = None, **kwargs: Any) -> ndarray:
    """Non-maximum suppression: keep the best of boxes that overlap, best first, then rows of -1.

    Parameters
    ----------
    data : (..., N, width), rows with a score, four coordinates, and perhaps a class number
    overlap_thresh : intersection over union from which the weaker box goes
    valid_thresh : boxes with lower scores do not take part
    topk : how many of the best take part, all if not positive
    force_suppress : boxes of different classes suppress each other, too"""
def broadcast_greater(x: Any, y: Any, out: Any = None, **kwargs: Any) -> Any:
    """Whether ``x > y``.

    Parameters
    ----------
    x : array
    y : array

    Examples
    --------
    >>> mx.npx.broadcast_greater(mx.np.array([[0, 0, 0], [0, 0, 0]], dtype="int64"), mx.np.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (2, 3)"""
def broadcast_like(lhs: Any, rhs: Any, lhs_axes: Any = None, rhs_axes: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Repeat axes of `lhs` of length one up to the shape of `rhs`, or only `lhs_axes`.

    Parameters
    ----------
    lhs : array
    rhs : array
    lhs_axes : an axis, a tuple of axes, or None, default None
    rhs_axes : an axis, a tuple of axes, or None, default None

    Examples
    --------
    >>> mx.npx.broadcast_like(mx.np.ones((1, 3)), mx.np.ones((2, 3))).shape
    (2, 3)"""
def cast(data: Any, dtype: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Copy of `data` as another dtype; floats become integers by dropping the fraction.

    Parameters
    ----------
    data : array
    dtype : a dtype such as 'float32'

    Examples
    --------
    >>> mx.npx.cast(mx.np.ones((2, 3)), dtype='float64').shape
    (2, 3)"""
def col2im(data: Any, output_size: int | Sequence[int] | None = None, kernel: int | Sequence[int] | None = None, stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.col2im(mx.np.ones((1, 8, 4)), output_size=(3, 3), kernel=(2, 2)).shape
    (1, 2, 3, 3)"""
def cond(pred: Any, then_func: Any, else_func: Any, inputs: Any, name: Any = 'cond') -> Any:
    """Return ``then_func(*inputs)`` if ``pred(*inputs)`` is true, else ``else_func(*inputs)``.

    Parameters
    ----------
    pred : callable, or ndarray of one element
    then_func, else_func : callable
        Only one of them runs.
    inputs : ndarray, or list of them
    name : str
        Name of the graphs inside, when a block is captured.

    Examples
    --------
    >>> from dlstudio import np, npx
    >>> x = np.array([3.0])
    >>> npx.cond(lambda x: x.sum() > 2, lambda x: x, lambda x: -x, [x]).tolist()
    [3.0]"""
def constraint_check(x: Any, msg: Any = '') -> Any:
    """Say whether all elements are true; raise a ParamError with `msg` if not."""
def contrib_calibrate_entropy(hist: Any, hist_edges: Any, num_quantized_bins: int = 255, out: Any = None, **kwargs: Any) -> Any:
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
def contrib_dequantize(data: Any, min_range: Any, max_range: Any, out_type: str = 'float32', out: Any = None, **kwargs: Any) -> ndarray:
    """Floats that 8-bit numbers stand for, given their range.

    Parameters
    ----------
    data : array
    min_range : array
    max_range : array
    out_type : one of 'float32', default 'float32'

    Examples
    --------
    >>> mx.npx.contrib_dequantize(mx.np.array([[-127, -127, -127], [-127, -127, -127]], dtype="int8"), mx.np.array([-2.0]), mx.np.array([2.0])).shape
    (2, 3)

    Notes
    -----
    No gradient flows through: rounding to whole numbers has no useful derivative."""
def contrib_quantize(data: Any, min_range: Any, max_range: Any, out_type: str = 'uint8', out: Any = None, **kwargs: Any) -> Any:
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
    >>> [out.shape for out in mx.npx.contrib_quantize(mx.np.ones((2, 3)), mx.np.array([-2.0]), mx.np.array([2.0]))]
    [(2, 3), (1,), (1,)]

    Notes
    -----
    No gradient flows through: rounding to whole numbers has no useful derivative."""
def contrib_quantize_v2(data: Any, out_type: str = 'int8', min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, **kwargs: Any) -> Any:
    """Round data to 8 bits, with its own range or a calibrated one; "auto" chooses the dtype.

    Parameters
    ----------
    data : array
    out_type : one of 'int8', 'uint8', 'auto', default 'int8'
    min_calib_range : a number or None, default None
    max_calib_range : a number or None, default None

    Examples
    --------
    >>> [out.shape for out in mx.npx.contrib_quantize_v2(mx.np.ones((2, 3)))]
    [(2, 3), (1,), (1,)]

    Notes
    -----
    No gradient flows through: rounding to whole numbers has no useful derivative."""
def convolution(data: Any, weight: Any, bias: Any = None, kernel: int | Sequence[int] = ..., stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., num_filter: int = 0, num_group: int = 1, workspace: int = 1024, no_bias: bool = False, cudnn_tune: str | None = None, cudnn_off: bool = False, layout: str | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.convolution(mx.np.ones((1, 2, 3, 4)), mx.np.ones((2, 2, 2, 2)), mx.np.ones(2), kernel=(2, 2), num_filter=2).shape
    (1, 2, 2, 3)

    References
    ----------
    LeCun et al., "Gradient-based learning applied to document recognition", 1998."""
def ctc_loss(data: Any, label: Any, data_lengths: Any = None, label_lengths: Any = None, use_data_lengths: bool = False, use_label_lengths: bool = False, blank_label: str = 'first', out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.ctc_loss(mx.np.ones((5, 3, 4)), mx.np.array([[1.0, 2.0], [2.0, 2.0], [3.0, 0.0]])).shape
    (3,)"""
def deconvolution(data: Any, weight: Any, bias: Any = None, kernel: int | Sequence[int] = ..., stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., adj: int | Sequence[int] = ..., target_shape: int | Sequence[int] = ..., num_filter: int = 0, num_group: int = 1, workspace: int = 512, no_bias: bool = True, cudnn_tune: str | None = None, cudnn_off: bool = False, layout: str | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.deconvolution(mx.np.ones((1, 3, 2, 3)), mx.np.ones((3, 2, 2, 2)), kernel=(2, 2), num_filter=2).shape
    (1, 2, 3, 4)

    References
    ----------
    Zeiler et al., "Deconvolutional networks", CVPR 2010."""
def deformable_convolution(data: Any, offset: Any, weight: Any, bias: Any = None, kernel: int | Sequence[int] | None = None, stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., num_filter: int | None = None, num_group: int = 1, num_deformable_group: int = 1, workspace: int = 1024, no_bias: bool = False, layout: str | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """`Convolution` whose filter positions are moved by `offset`, read bilinearly.

    Parameters
    ----------
    data : (B, C, H, W)
    offset : (B, 2 * num_deformable_group * prod(kernel), h, w), y before x, in cells
    weight, bias : as for `Convolution`
    num_deformable_group : channels are cut into that many groups with offsets of their own

    Examples
    --------
    >>> mx.npx.deformable_convolution(mx.np.ones((1, 2, 3, 3)), mx.np.ones((1, 8, 2, 2)), mx.np.ones((2, 2, 2, 2)), mx.np.ones(2), kernel=(2, 2), num_filter=2).shape
    (1, 2, 2, 2)"""
def digamma(data: Any, order: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Digamma function ψ = (log Γ)′ for `order` 0, its derivatives above.

    Parameters
    ----------
    data : array
    order : an integer >= 0, default 0

    Examples
    --------
    >>> mx.npx.digamma(mx.np.ones((2, 3))).shape
    (2, 3)"""
def div_sqrt_dim(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Divide by the square root of the length of the last axis.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.div_sqrt_dim(mx.np.ones((2, 4))).shape
    (2, 4)"""
def dropout(data: Any, p: float = 0.5, mode: str = 'training', axes: int | Sequence[int] = ..., cudnn_off: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.dropout(mx.np.ones((4, 5)), p=0.5).shape
    (4, 5)

    References
    ----------
    Srivastava et al., "Dropout", JMLR 15 (2014)."""
def embedding(data: Any, weight: Any, input_dim: int | None = None, output_dim: int | None = None, dtype: Any = 'float32', sparse_grad: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.embedding(mx.np.array([0, 0, 0], dtype="int64"), mx.np.ones((4, 3)), input_dim=4, output_dim=3).shape
    (3, 3)"""
def erf(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Error function: ``2/√π ∫₀ˣ e⁻ᵗ² dt``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.erf(mx.np.ones((2, 3))).shape
    (2, 3)"""
def erfinv(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Inverse of the error function, on (-1, 1).

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.erfinv(mx.np.ones((2, 3))).shape
    (2, 3)"""
def explain(given: Any, expected: Any = '', fix: Any = '') -> Any:
    """Compose the one message form: what was given, what was expected and why, how to fix it."""
def foreach(body: Any, data: Any, init_states: Any) -> Any:
    """Run `body` over the first axis of `data`; see `mx.nd.contrib.foreach`.

    A row of a vector has no axis.

    Examples
    --------
    >>> from dlstudio import np, npx
    >>> total = lambda x, s: (x + s, x + s)
    >>> outputs, state = npx.foreach(total, np.array([1, 2, 3]), np.array(0.0))
    >>> outputs.tolist(), state.item()
    ([1.0, 3.0, 6.0], 6.0)"""
def from_dlpack(dlpack: Any) -> Any:
    """Look at DLPack memory as an np array; see `mx.nd.from_dlpack`."""
def from_numpy(ndarray: Any, zero_copy: Any = True) -> Any:
    """Look at a NumPy array's memory as an np array; see `mx.nd.from_numpy`."""
def fully_connected(data: Any, weight: Any, bias: Any = None, num_hidden: int | None = None, no_bias: bool = False, flatten: bool = True, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.fully_connected(mx.np.ones((2, 3)), mx.np.ones((4, 3)), mx.np.ones(4), num_hidden=4).shape
    (2, 4)"""
def gamma(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Gamma function: ``Γ(n) = (n-1)!`` for whole n.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.gamma(mx.np.ones((2, 3))).shape
    (2, 3)"""
def gammaln(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Logarithm of the absolute value of the gamma function.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.gammaln(mx.np.ones((2, 3))).shape
    (2, 3)"""
def gather_nd(data: Any, indices: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Elements at the positions in the columns of `indices`: ``data[indices[0, i], …]``.

    Parameters
    ----------
    data : array
    indices : array

    Examples
    --------
    >>> mx.npx.gather_nd(mx.np.ones((3, 4)), mx.np.array([[0, 0, 0], [0, 0, 0]], dtype="int64")).shape
    (3,)"""
def group_norm(data: Any, gamma: Any, beta: Any, num_groups: int = 1, eps: float = 1e-05, output_mean_var: bool = False, out: Any = None, **kwargs: Any) -> Any:
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
    >>> mx.npx.group_norm(mx.np.ones((2, 4, 3)), mx.np.ones(2), mx.np.ones(2), num_groups=2).shape
    (2, 4, 3)

    References
    ----------
    Wu and He, "Group normalization", ECCV 2018."""
def im2col(data: Any, kernel: int | Sequence[int] | None = None, stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.im2col(mx.np.ones((1, 2, 3, 3)), kernel=(2, 2)).shape
    (1, 8, 4)"""
def index_add(a: Any, ind: Any, val: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Copy of `a` with `val` added at the positions in the columns of `ind`; repeats add up.

    Parameters
    ----------
    a : array
    ind : array
    val : array

    Examples
    --------
    >>> mx.npx.index_add(mx.np.ones((4, 3)), mx.np.array([[0, 0]], dtype="int64"), mx.np.ones((2, 3))).shape
    (4, 3)"""
def index_array(data: Any, axes: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Coordinates of every element, on a new last axis; only those of `axes` if given.

    Parameters
    ----------
    data : array
    axes : an axis, a tuple of axes, or None, default None

    Examples
    --------
    >>> mx.npx.index_array(mx.np.ones((2, 3))).shape
    (2, 3, 2)

    Notes
    -----
    No gradient flows through: its result is a position, a whole number."""
def index_copy(old_tensor: Any, index_vector: Any, new_tensor: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Copy of `old_tensor` with the rows `index_vector` replaced by those of `new_tensor`.

    Parameters
    ----------
    old_tensor : array
    index_vector : array
    new_tensor : array

    Examples
    --------
    >>> mx.npx.index_copy(mx.np.ones((4, 3)), mx.np.array([2, 0], dtype="int64"), mx.np.ones((2, 3))).shape
    (4, 3)"""
def index_update(a: Any, ind: Any, val: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Copy of `a` with `val` written at the positions in the columns of `ind`.

    Parameters
    ----------
    a : array
    ind : array
    val : array

    Examples
    --------
    >>> mx.npx.index_update(mx.np.ones((4, 3)), mx.np.array([[2, 0]], dtype="int64"), mx.np.ones((2, 3))).shape
    (4, 3)"""
def instance_norm(data: Any, gamma: Any, beta: Any, eps: float = 0.001, out: Any = None, **kwargs: Any) -> ndarray:
    """Normalize each channel of each example over space: :math:`y = \\gamma \\hat x + \\beta`.

    Parameters
    ----------
    data : (B, C, ...) with at least one axis of space
    gamma, beta : (C,)

    Examples
    --------
    >>> mx.npx.instance_norm(mx.np.ones((2, 2, 3)), mx.np.ones(2), mx.np.ones(2)).shape
    (2, 2, 3)

    References
    ----------
    Ulyanov, Vedaldi and Lempitsky, "Instance normalization", arXiv 1607.08022."""
def interleaved_matmul_encdec_qk(queries: Any, keys_values: Any, heads: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.interleaved_matmul_encdec_qk(mx.np.ones((3, 2, 4)), mx.np.ones((4, 2, 8)), heads=2).shape
    (4, 3, 4)"""
def interleaved_matmul_encdec_valatt(keys_values: Any, attention: Any, heads: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Weigh an encoder's values with attention (B * heads, Tq, Tk): (Tq, B, heads * D).

    Parameters
    ----------
    keys_values : array
    attention : array
    heads : an integer >= 1

    Examples
    --------
    >>> mx.npx.interleaved_matmul_encdec_valatt(mx.np.ones((4, 2, 8)), mx.np.ones((4, 3, 4)), heads=2).shape
    (3, 2, 4)"""
def interleaved_matmul_selfatt_qk(queries_keys_values: Any, heads: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Scores of self-attention, :math:`Q K^T / \\sqrt{D}`.

    Parameters
    ----------
    queries_keys_values : (T, B, heads * 3 * D), interleaved by head

    Returns
    -------
    (B * heads, T, T)

    Examples
    --------
    >>> mx.npx.interleaved_matmul_selfatt_qk(mx.np.ones((3, 2, 12)), heads=2).shape
    (4, 3, 3)

    References
    ----------
    Vaswani et al., "Attention is all you need", NIPS 2017."""
def interleaved_matmul_selfatt_valatt(queries_keys_values: Any, attention: Any, heads: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Weigh the values of self-attention with attention (B * heads, T, T): (T, B, heads * D).

    Parameters
    ----------
    queries_keys_values : array
    attention : array
    heads : an integer >= 1

    Examples
    --------
    >>> mx.npx.interleaved_matmul_selfatt_valatt(mx.np.ones((3, 2, 12)), mx.np.ones((4, 3, 3)), heads=2).shape
    (3, 2, 4)"""
def is_np_array() -> Any:
    """Whether Gluon hands out `mx.np` arrays."""
def is_np_default_dtype() -> Any:
    """Whether arrays made without a dtype are float64, as in NumPy: never, they are float32."""
def is_np_shape() -> Any:
    """Whether an unknown dimension is -1 and zero-size arrays are allowed (always allowed here)."""
def layer_norm(data: Any, gamma: Any, beta: Any, axis: int = -1, eps: float = 1e-05, output_mean_var: bool = False, out: Any = None, **kwargs: Any) -> Any:
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
    >>> mx.npx.layer_norm(mx.np.ones((2, 3)), mx.np.ones(3), mx.np.ones(3)).shape
    (2, 3)

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization", arXiv 1607.06450."""
def leaky_relu(data: Any, gamma: Any = None, act_type: str = 'leaky', slope: float = 0.25, lower_bound: float = 0.125, upper_bound: float = 0.334, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.leaky_relu(mx.np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]), act_type='leaky', slope=0.3).shape
    (2, 3)

    References
    ----------
    He et al. 2015 (prelu), Clevert et al. 2016 (elu), Klambauer et al. 2017 (selu),
    Xu et al. 2015 (rrelu), Hendrycks and Gimpel 2016 (gelu)."""
def load(file: Any) -> Any:
    """Read arrays saved with `save` as np arrays; see `mx.nd.load`.

    A file that NumPy saved (``.npy``) gives its array, as in MXNet 2."""
def log_sigmoid(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Log of the logistic function, :math:`-\\log(1 + e^{-x})`.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.log_sigmoid(mx.np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
    (2, 3)"""
def log_softmax(data: Any, axis: int = -1, temperature: float | None = None, dtype: Any = None, use_length: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.log_softmax(mx.np.ones((2, 3))).shape
    (2, 3)"""
def masked_log_softmax(data: Any, mask: Any, axis: int = -1, temperature: float = 1.0, normalize: bool = True, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.masked_log_softmax(mx.np.ones((2, 3)), mx.np.array([[True, True, True], [True, True, True]], dtype="bool")).shape
    (2, 3)"""
def masked_softmax(data: Any, mask: Any, axis: int = -1, temperature: float = 1.0, normalize: bool = True, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.masked_softmax(mx.np.ones((2, 3)), mx.np.array([[True, False, True], [True, True, True]], dtype="bool")).shape
    (2, 3)"""
def mish(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Mish :math:`x \\tanh(\\log(1 + e^x))`.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.mish(mx.np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
    (2, 3)

    References
    ----------
    Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020."""
def modulated_deformable_convolution(data: Any, offset: Any, mask: Any, weight: Any, bias: Any = None, kernel: int | Sequence[int] | None = None, stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., num_filter: int | None = None, num_group: int = 1, num_deformable_group: int = 1, workspace: int = 1024, no_bias: bool = False, im2col_step: int = 64, layout: str | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.modulated_deformable_convolution(mx.np.ones((1, 2, 3, 3)), mx.np.ones((1, 8, 2, 2)), mx.np.ones((1, 4, 2, 2)), mx.np.ones((2, 2, 2, 2)), mx.np.ones(2), kernel=(2, 2), num_filter=2).shape
    (1, 2, 2, 2)"""
def multibox_detection(cls_prob: Any, loc_pred: Any, anchor: Any, clip: bool = True, threshold: float = 0.01, background_id: int = 0, nms_threshold: float = 0.5, force_suppress: bool = False, variances: Any = ..., nms_topk: int = -1, out: Any = None, **kwargs: Any) -> ndarray:
    """Detections (B, N, 6), rows (class, score, x1, y1, x2, y2), best first; class -1 for none.

    Parameters
    ----------
    cls_prob : (B, classes + 1, N) probabilities
    loc_pred : (B, N * 4) predicted offsets from the anchors
    anchor : (1, N, 4)

    Examples
    --------
    >>> mx.npx.multibox_detection(mx.np.ones((1, 3, 3)), mx.np.ones((1, 12)), mx.np.array([[[0.1, 0.1, 0.4, 0.4], [0.5, 0.5, 0.9, 0.8], [0.3, 0.6, 0.5, 0.9]]])).shape
    (1, 3, 6)"""
def multibox_prior(data: Any, sizes: Any = ..., ratios: Any = ..., clip: bool = False, steps: Any = ..., offsets: Any = ..., out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.multibox_prior(mx.np.ones((1, 2, 2, 3))).shape
    (1, 6, 4)"""
def multibox_target(anchor: Any, label: Any, cls_pred: Any, overlap_threshold: float = 0.5, ignore_label: float = -1.0, negative_mining_ratio: float = -1.0, negative_mining_thresh: float = 0.5, minimum_negative_samples: int = 0, variances: Any = ..., out: Any = None, **kwargs: Any) -> Any:
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
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Replace NaN by `nan`, infinities by `posinf`, `neginf` or the dtype's largest numbers.

    Parameters
    ----------
    x : array
    nan : a number, default 0.0
    posinf : a number or None, default None
    neginf : a number or None, default None

    Examples
    --------
    >>> mx.npx.nan_to_num(mx.np.ones((2, 3))).shape
    (2, 3)"""
def nonzero(a: Any) -> Any:
    """Positions of the elements that are not zero, one row each."""
def norm(data: Any, ord: int = 2, axis: Any = None, out_dtype: Any = None, keepdims: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.norm(mx.np.ones((2, 3))).shape
    (1,)"""
def one_hot(indices: Any, depth: int | None = None, on_value: float = 1.0, off_value: float = 0.0, dtype: Any = 'float32', out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.one_hot(mx.np.array([0, 0, 0, 0], dtype="int64"), depth=3).shape
    (4, 3)"""
def pad(data: Any, mode: str = 'constant', pad_width: int | Sequence[int] | None = None, constant_value: float = 0.0, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.pad(mx.np.ones((1, 2, 3, 3)), mode='constant', pad_width=(0, 0, 0, 0, 1, 1, 2, 0), constant_value=1.5).shape
    (1, 2, 5, 5)"""
def pick(data: Any, index: Any, axis: int | None = -1, keepdims: bool = False, mode: str = 'clip', out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.pick(mx.np.ones((3, 4)), mx.np.array([0, 0, 0], dtype="int64")).shape
    (3,)"""
def polygamma(data: Any, order: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Digamma function ψ = (log Γ)′ for `order` 0, its derivatives above.

    Parameters
    ----------
    data : array
    order : an integer >= 0, default 0

    Examples
    --------
    >>> mx.npx.polygamma(mx.np.ones((2, 3))).shape
    (2, 3)"""
def pooling(data: Any, kernel: int | Sequence[int] = ..., pool_type: str = 'max', global_pool: bool = False, cudnn_off: bool = False, pooling_convention: str = 'valid', stride: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., p_value: int | None = None, count_include_pad: bool = True, layout: str | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
def quantized_act(data: Any, min_data: Any, max_data: Any, act_type: str = 'relu', out: Any = None, **kwargs: Any) -> Any:
    """`relu` of quantized numbers; the range stays.

    Parameters
    ----------
    data : array
    min_data : array
    max_data : array
    act_type : one of 'relu', default 'relu'

    Examples
    --------
    >>> [out.shape for out in mx.npx.quantized_act(mx.np.array([[-127, -127, -127], [-127, -127, -127]], dtype="int8"), mx.np.array([-2.0]), mx.np.array([2.0]))]
    [(2, 3), (1,), (1,)]

    Notes
    -----
    No gradient flows through: rounding to whole numbers has no useful derivative."""
def quantized_batch_norm(data: Any, gamma: Any, beta: Any, moving_mean: Any, moving_var: Any, min_data: Any, max_data: Any, eps: float = 0.001, momentum: float = 0.9, fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1, cudnn_off: bool = False, min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, **kwargs: Any) -> Any:
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
def quantized_concat(data: Any, dim: int = 1, num_args: int | None = None, out: Any = None, **kwargs: Any) -> Any:
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
def quantized_conv(data: Any, weight: Any, bias: Any = None, min_data: Any = None, max_data: Any = None, min_weight: Any = None, max_weight: Any = None, min_bias: Any = None, max_bias: Any = None, kernel: int | Sequence[int] = ..., stride: int | Sequence[int] = ..., dilate: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., num_filter: int = 0, num_group: int = 1, workspace: int = 1024, no_bias: bool = False, cudnn_tune: str | None = None, cudnn_off: bool = False, layout: str | None = None, out: Any = None, **kwargs: Any) -> Any:
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
def quantized_elemwise_add(lhs: Any, rhs: Any, lhs_min: Any, lhs_max: Any, rhs_min: Any, rhs_max: Any, min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, **kwargs: Any) -> Any:
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
def quantized_elemwise_mul(lhs: Any, rhs: Any, lhs_min: Any, lhs_max: Any, rhs_min: Any, rhs_max: Any, min_calib_range: float | None = None, max_calib_range: float | None = None, enable_float_output: bool = False, out: Any = None, **kwargs: Any) -> Any:
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
def quantized_embedding(data: Any, weight: Any, min_weight: Any, max_weight: Any, input_dim: int | None = None, output_dim: int | None = None, dtype: Any = 'float32', sparse_grad: bool = False, out: Any = None, **kwargs: Any) -> Any:
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
def quantized_flatten(data: Any, min_data: Any, max_data: Any, out: Any = None, **kwargs: Any) -> Any:
    """`Flatten` of quantized numbers.

    Parameters
    ----------
    data : array
    min_data : array
    max_data : array

    Examples
    --------
    >>> [out.shape for out in mx.npx.quantized_flatten(mx.np.array([[[-127, -127], [-127, -127], [-127, -127]], [[-127, -127], [-127, -127], [-127, -127]]], dtype="int8"), mx.np.array([-2.0]), mx.np.array([2.0]))]
    [(2, 6), (1,), (1,)]

    Notes
    -----
    No gradient flows through: rounding to whole numbers has no useful derivative."""
def quantized_fully_connected(data: Any, weight: Any, bias: Any = None, min_data: Any = None, max_data: Any = None, min_weight: Any = None, max_weight: Any = None, min_bias: Any = None, max_bias: Any = None, num_hidden: int | None = None, no_bias: bool = False, flatten: bool = True, out: Any = None, **kwargs: Any) -> Any:
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
def quantized_pooling(data: Any, min_data: Any, max_data: Any, kernel: int | Sequence[int] = ..., pool_type: str = 'max', global_pool: bool = False, cudnn_off: bool = False, pooling_convention: str = 'valid', stride: int | Sequence[int] = ..., pad: int | Sequence[int] = ..., p_value: int | None = None, count_include_pad: bool = True, layout: str | None = None, out: Any = None, **kwargs: Any) -> Any:
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
def quantized_reshape(data: Any, min_data: Any, max_data: Any, newshape: int | Sequence[int] | None = None, reverse: bool = False, order: str = 'C', out: Any = None, **kwargs: Any) -> Any:
    """Reshape quantized numbers, which keep their range.

    Parameters
    ----------
    data : array
    min_data : array
    max_data : array
    newshape : a tuple of integers
    reverse : True or False, default False
    order : one of 'C', default 'C'

    Examples
    --------
    >>> [out.shape for out in mx.npx.quantized_reshape(mx.np.array([[-127, -127, -127], [-127, -127, -127]], dtype="int8"), mx.np.array([-2.0]), mx.np.array([2.0]), newshape=(3, -1))]
    [(3, 2), (1,), (1,)]

    Notes
    -----
    No gradient flows through: rounding to whole numbers has no useful derivative."""
def quantized_transpose(data: Any, min_data: Any, max_data: Any, axes: int | Sequence[int] | None = None, out: Any = None, **kwargs: Any) -> Any:
    """Permute the axes of quantized numbers, which keep their range.

    Parameters
    ----------
    data : array
    min_data : array
    max_data : array
    axes : a tuple of integers or None, default None

    Examples
    --------
    >>> [out.shape for out in mx.npx.quantized_transpose(mx.np.array([[-127, -127, -127], [-127, -127, -127]], dtype="int8"), mx.np.array([-2.0]), mx.np.array([2.0]))]
    [(3, 2), (1,), (1,)]

    Notes
    -----
    No gradient flows through: rounding to whole numbers has no useful derivative."""
def rcbrt(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Reciprocal cube root: ``1/∛x``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.npx.rcbrt(mx.np.ones((2, 3))).shape
    (2, 3)"""
def relu(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Rectified linear unit: ``max(data, 0)``.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.relu(mx.np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
    (2, 3)"""
def requantize(data: Any, min_range: Any, max_range: Any, out_type: str = 'int8', min_calib_range: float | None = None, max_calib_range: float | None = None, out: Any = None, **kwargs: Any) -> Any:
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
    >>> [out.shape for out in mx.npx.requantize(mx.np.array([[-9999, -9999, -9999], [-9999, -9999, -9999]], dtype="int32"), mx.np.array([-9.0]), mx.np.array([9.0]))]
    [(2, 3), (1,), (1,)]

    Notes
    -----
    No gradient flows through: rounding to whole numbers has no useful derivative."""
def reset_np() -> Any:
    """Let Gluon hand out `mx.nd` arrays again."""
def reshape(a: Any, newshape: int | Sequence[int] | None = None, reverse: bool = False, order: Any = 'C', out: Any = None, **kwargs: Any) -> ndarray:
    """Same elements in another shape.

    Besides lengths, `newshape` may contain codes: -1 is computed, -2 keeps a length, -3 drops an
    axis of length one, -4 keeps all remaining lengths, -5 multiplies two, -6 splits one into the
    two numbers that follow.

    Parameters
    ----------
    a : array
    newshape : a tuple of integers
    reverse : True or False, default False
    order : a string, default 'C'

    Examples
    --------
    >>> mx.npx.reshape(mx.np.ones((2, 3, 4)), newshape=(-2, -1)).shape
    (2, 12)"""
def reshape_like(lhs: Any, rhs: Any, lhs_begin: int | None = None, lhs_end: int | None = None, rhs_begin: int | None = None, rhs_end: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.reshape_like(mx.np.ones((2, 3)), mx.np.ones((3, 2))).shape
    (3, 2)"""
def rnn(data: Any, parameters: Any, state: Any, state_cell: Any = None, sequence_length: Any = None, state_size: int | None = None, num_layers: int | None = None, bidirectional: bool = False, mode: str | None = None, p: float = 0.0, state_outputs: bool = False, projection_size: int | None = None, lstm_state_clip_min: float | None = None, lstm_state_clip_max: float | None = None, lstm_state_clip_nan: bool = False, use_sequence_length: bool = False, out: Any = None, **kwargs: Any) -> Any:
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
    >>> mx.npx.rnn(mx.np.ones((3, 2, 2)), mx.np.ones(48), mx.np.ones((1, 2, 2)), mx.np.ones((1, 2, 2)), state_size=2, num_layers=1, mode='lstm').shape
    (3, 2, 2)"""
def roi_align(data: Any, rois: Any, pooled_size: int | Sequence[int] | None = None, spatial_scale: float | None = None, sample_ratio: int = -1, position_sensitive: bool = False, aligned: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
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
def roi_pooling(data: Any, rois: Any, pooled_size: int | Sequence[int] | None = None, spatial_scale: float | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
def round(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Nearest integer; a half goes away from zero.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.npx.round(mx.np.ones((2, 3))).shape
    (2, 3)"""
def round_ste(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Round half away from zero; the gradient passes unchanged.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.round_ste(mx.np.ones((2, 3))).shape
    (2, 3)

    References
    ----------
    Bengio, Léonard and Courville, "Estimating or propagating gradients", arXiv 1308.3432."""
def rsqrt(x: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Reciprocal square root: ``1/√x``.

    Parameters
    ----------
    x : array

    Examples
    --------
    >>> mx.npx.rsqrt(mx.np.ones((2, 3))).shape
    (2, 3)"""
def save(fname: Any, data: Any) -> Any:
    """Write arrays to a file in MXNet's ``.params`` format.

    Parameters
    ----------
    fname : path
    data : NDArray, list of NDArray, or dict of str to NDArray"""
def savez(file: Any, *args: Any, **kwds: Any) -> Any:
    """Write arrays to an ``.npz`` archive, atomically.

    Parameters
    ----------
    file : path
    *args : ndarray
        Named ``arr_0``, ``arr_1`` …
    **kwds : ndarray
        By name."""
def sequence_last(data: Any, sequence_length: Any = None, use_sequence_length: bool = False, axis: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Take the last step of each sequence: (T, B, ...) becomes (B, ...).

    Parameters
    ----------
    data : array
    sequence_length : array, optional
    use_sequence_length : True or False, default False
    axis : an integer, default 0

    Examples
    --------
    >>> mx.npx.sequence_last(mx.np.ones((4, 3, 2))).shape
    (3, 2)"""
def sequence_mask(data: Any, sequence_length: Any = None, use_sequence_length: bool = False, value: float = 0.0, axis: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Set all steps after the end of each sequence to `value`.

    Parameters
    ----------
    data : (T, B, ...), or (B, T, ...) with ``axis=1``
    sequence_length : (B,), used with ``use_sequence_length=True``

    Examples
    --------
    >>> mx.npx.sequence_mask(mx.np.ones((4, 3, 2)), value=-1.5).shape
    (4, 3, 2)"""
def sequence_reverse(data: Any, sequence_length: Any = None, use_sequence_length: bool = False, axis: int = 0, out: Any = None, **kwargs: Any) -> ndarray:
    """Reverse each sequence of data (T, B, ...) and leave what lies after its end.

    Parameters
    ----------
    data : array
    sequence_length : array, optional
    use_sequence_length : True or False, default False
    axis : an integer, default 0

    Examples
    --------
    >>> mx.npx.sequence_reverse(mx.np.ones((4, 3, 2))).shape
    (4, 3, 2)"""
def set_np(shape: Any = True, array: Any = True, dtype: Any = False) -> Any:
    """Let Gluon hand out `mx.np` arrays from now on."""
def set_np_default_dtype(is_np_default_dtype: Any = True) -> Any:
    """Refuse float64 as the default of `np`, which one table of departures from NumPy fixes.

    Returns
    -------
    bool
        What it was: False.

    Raises
    ------
    ParamError
        If asked for it; `dlstudio.array_api` has the standard's defaults."""
def shape_array(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Lengths of the axes, as an int64 array.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.shape_array(mx.np.ones((2, 3))).shape
    (2,)

    Notes
    -----
    No gradient flows through: its result is a position, a whole number."""
def sigmoid(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Logistic function :math:`1 / (1 + e^{-x})`.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.sigmoid(mx.np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
    (2, 3)"""
def sign_ste(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Sign of each element; the gradient passes unchanged.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.sign_ste(mx.np.ones((2, 3))).shape
    (2, 3)"""
def sldwin_atten_context(score: Any, value: Any, dilation: Any, w: int | None = None, symmetric: bool = True, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.sldwin_atten_context(mx.np.ones((1, 4, 2, 3)), mx.np.ones((1, 4, 2, 2)), mx.np.array([1, 2], dtype="int64"), w=1).shape
    (1, 4, 2, 2)"""
def sldwin_atten_mask_like(score: Any, dilation: Any, valid_length: Any, w: int | None = None, symmetric: bool = True, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.sldwin_atten_mask_like(mx.np.ones((2, 4, 2, 3)), mx.np.array([1, 2], dtype="int64"), mx.np.array([4, 2], dtype="int64"), w=1).shape
    (2, 4, 2, 3)"""
def sldwin_atten_score(query: Any, key: Any, dilation: Any, w: int | None = None, symmetric: bool = True, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.sldwin_atten_score(mx.np.ones((1, 4, 2, 2)), mx.np.ones((1, 4, 2, 2)), mx.np.array([1, 2], dtype="int64"), w=1).shape
    (1, 4, 2, 3)"""
def slice(data: Any, begin: int | Sequence[int] | None = None, end: int | Sequence[int] | None = None, step: int | Sequence[int] | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Take ``data[begin:end:step]`` on the leading axes; None leaves a bound open.

    Parameters
    ----------
    data : array
    begin : a tuple of integers
    end : a tuple of integers
    step : a tuple of integers or None, default None

    Examples
    --------
    >>> mx.npx.slice(mx.np.ones((4, 5)), begin=(1, 2), end=(3, 5)).shape
    (2, 3)"""
def slice_axis(data: Any, axis: int | None = None, begin: int | None = None, end: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
    """Take positions `begin` to `end` along `axis`.

    Parameters
    ----------
    data : array
    axis : an integer
    begin : an integer
    end : an integer or None, default None

    Examples
    --------
    >>> mx.npx.slice_axis(mx.np.ones((4, 5)), axis=1, begin=1, end=3).shape
    (4, 2)"""
def slice_channel(data: Any, num_outputs: int | None = None, axis: int = 1, squeeze_axis: bool = False, out: Any = None, **kwargs: Any) -> Any:
    """Cut into `num_outputs` equal parts along `axis`.

    Parameters
    ----------
    data : array
    num_outputs : an integer >= 1
    axis : an integer, default 1
    squeeze_axis : True or False, default False

    Examples
    --------
    >>> [out.shape for out in mx.npx.slice_channel(mx.np.ones((4, 6)), num_outputs=2)]
    [(4, 3), (4, 3)]"""
def slice_like(data: Any, shape_like: Any, axes: Any = ..., out: Any = None, **kwargs: Any) -> ndarray:
    """Cut `data` to the lengths of `shape_like`, on all axes or on `axes`.

    Parameters
    ----------
    data : array
    shape_like : array
    axes : an axis, a tuple of axes, or None, default ()

    Examples
    --------
    >>> mx.npx.slice_like(mx.np.ones((4, 5)), mx.np.ones((2, 3))).shape
    (2, 3)"""
def smooth_l1(data: Any, scalar: float = 1.0, out: Any = None, **kwargs: Any) -> ndarray:
    """Quadratic near zero, linear beyond.

    :math:`(\\sigma x)^2 / 2` for :math:`|x| < 1 / \\sigma^2`, else :math:`|x| - 0.5 / \\sigma^2`,
    with σ = `scalar`.

    Parameters
    ----------
    data : array
    scalar : a number, default 1.0

    Examples
    --------
    >>> mx.npx.smooth_l1(mx.np.array([[-2.0, -0.3, 0.4], [0.7, 1.6, -0.9]])).shape
    (2, 3)

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015, equation 3."""
def softmax(data: Any, length: Any = None, axis: int = -1, temperature: float | None = None, dtype: Any = None, use_length: bool = False, out: Any = None, **kwargs: Any) -> ndarray:
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
    >>> mx.npx.softmax(mx.np.ones((2, 3))).shape
    (2, 3)"""
def softsign(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Softsign :math:`x / (1 + |x|)`.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.softsign(mx.np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])).shape
    (2, 3)"""
def stop_gradient(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
    """Copy of `data` that lets no gradient through.

    Parameters
    ----------
    data : array

    Examples
    --------
    >>> mx.npx.stop_gradient(mx.np.ones((2, 3))).shape
    (2, 3)"""
def sync_batch_norm(data: Any, gamma: Any, beta: Any, moving_mean: Any, moving_var: Any, eps: float = 0.001, momentum: float = 0.9, fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, ndev: int = 1, key: Any = '', out: Any = None, **kwargs: Any) -> Any:
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
    >>> mx.npx.sync_batch_norm(mx.np.ones((3, 2, 2)), mx.np.ones(2), mx.np.ones(2), mx.np.ones(2), mx.np.ones(2)).shape
    (3, 2, 2)"""
def to_dlpack_for_read(data: Any) -> Any:
    """Return a DLPack capsule that shares the memory of `data`."""
def to_dlpack_for_write(data: Any) -> Any:
    """Return a DLPack capsule that shares the memory of `data`."""
def topk(data: Any, axis: int | None = -1, k: int = 1, ret_typ: str = 'indices', is_ascend: bool = False, dtype: Any = 'float32', out: Any = None, **kwargs: Any) -> Any:
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
    >>> mx.npx.topk(mx.np.array([[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]]), k=2).shape
    (3, 2)"""
def use_np(func: Any) -> Any:
    """Decorate a function or a class so that it runs with NumPy semantics."""
def waitall() -> Any:
    """Return when all devices have finished."""
def while_loop(cond: Any, func: Any, loop_vars: Any, max_iterations: Any = None) -> Any:
    """Run `func` as long as `cond` says so; see `mx.nd.contrib.while_loop`.

    Examples
    --------
    >>> from dlstudio import np, npx
    >>> double = lambda x: (x, 2 * x)
    >>> outputs, x = npx.while_loop(lambda x: x < 8, double, np.array(3.0), 4)
    >>> outputs.tolist(), x.item()
    ([3.0, 6.0, 0.0, 0.0], 12.0)"""

class image:
    @staticmethod
    def adjust_lighting(data: Any, alpha: Any = None, out: Any = None, **kwargs: Any) -> ndarray:
        """Add light along the principal components of ImageNet's colours, by `alpha` (3 numbers).

        Parameters
        ----------
        data : array
        alpha : a number or a sequence of numbers

        Examples
        --------
        >>> mx.npx.image.adjust_lighting(mx.np.ones((2, 3, 3)), alpha=(0.1, -0.2, 0.05)).shape
        (2, 3, 3)

        References
        ----------
        Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep CNNs", 2012."""
    @staticmethod
    def as_seen(picture: Any, mode: Any) -> Any:
        """Convert a picture of Pillow's to `mode`, "RGB" or "L", as OpenCV does for MXNet.

        It stands upright, however the camera was held, and of numbers of 16 bits the upper 8 count:
        Pillow alone would make white of all but the darkest."""
    @staticmethod
    def center_crop(src: Any, size: Any, interp: Any = 2) -> Any:
        """Cut out `size` (width, height) in the middle; see `random_crop`."""
    @staticmethod
    def color_normalize(src: Any, mean: Any, std: Any = None) -> Any:
        """Subtract `mean` and divide by `std`, one number per channel; `src` itself changes."""
    @staticmethod
    def copyMakeBorder(src: Any, top: Any, bot: Any, left: Any, right: Any, type: Any = 0, value: Any = 0.0, values: Any = ..., out: Any = None) -> Any:
        """Put a border around a picture.

        `type`: 0 constant (`value`, or `values` per channel), 1 the edge repeated, 2 mirrored with the
        edge, 3 wrapped around, 4 mirrored without the edge."""
    @staticmethod
    def crop(data: Any, x: int | None = None, y: int | None = None, width: int | None = None, height: int | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
        >>> mx.npx.image.crop(mx.np.ones((4, 5, 2)), x=1, y=0, width=3, height=2).shape
        (2, 3, 2)"""
    @staticmethod
    def fixed_crop(src: Any, x0: Any, y0: Any, w: Any, h: Any, size: Any = None, interp: Any = 2) -> Any:
        """Cut out `w` x `h` at (x0, y0), and resize it to `size` (width, height) if given."""
    @staticmethod
    def flip_left_right(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """Mirror a picture (H, W, C) left to right.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.npx.image.flip_left_right(mx.np.ones((2, 3, 2))).shape
        (2, 3, 2)"""
    @staticmethod
    def flip_top_bottom(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """Mirror a picture (H, W, C) top to bottom.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.npx.image.flip_top_bottom(mx.np.ones((2, 3, 2))).shape
        (2, 3, 2)"""
    @staticmethod
    def imdecode(buf: Any, flag: Any = 1, to_rgb: Any = 1, out: Any = None) -> Any:
        """Decode the bytes of a picture file, given as bytes or as a uint8 array; see `imread`."""
    @staticmethod
    def imread(filename: Any, flag: Any = 1, to_rgb: Any = 1, out: Any = None) -> Any:
        """Read a picture file as an array (H, W, 3), uint8.

        Parameters
        ----------
        flag : 1 for colours, 0 for grey, (H, W, 1)
        to_rgb : 1 for RGB order, 0 for BGR

        Raises
        ------
        DataError
            If the file is missing or cannot be decoded."""
    @staticmethod
    def imresize(src: Any, w: Any, h: Any, interp: Any = 1, out: Any = None) -> Any:
        """Resize to `w` columns and `h` rows.

        Parameters
        ----------
        interp : 0 nearest, 1 bilinear, 2 bicubic, 3 area, 4 Lanczos, 9 by size, 10 at random"""
    @staticmethod
    def imrotate(src: Any, rotation_degrees: Any, zoom_in: Any = False, zoom_out: Any = False) -> Any:
        """Turn a picture, or each of a batch, counter-clockwise.

        Parameters
        ----------
        src : NDArray, (C, H, W) or (B, C, H, W), float32
        rotation_degrees : float, or for a batch also an array of B numbers
        zoom_in : bool
            Enlarge so far that no black corner is seen.
        zoom_out : bool
            Shrink so far that every corner is seen.

        Returns
        -------
        NDArray, like `src`

        Raises
        ------
        DTypeError, ShapeError, ParamError
            If `src` is no floating picture, or the angles do not fit it."""
    @staticmethod
    def normalize(data: Any, mean: Any = ..., std: Any = ..., out: Any = None, **kwargs: Any) -> ndarray:
        """Subtract `mean` and divide by `std`, one number per channel of (C, H, W) or (B, C, H, W).

        Parameters
        ----------
        data : array
        mean : a number or a sequence of numbers, default (0.0,)
        std : a number or a sequence of numbers, default (1.0,)

        Examples
        --------
        >>> mx.npx.image.normalize(mx.np.ones((3, 2, 2)), mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7)).shape
        (3, 2, 2)"""
    @staticmethod
    def random_brightness(data: Any, min_factor: float | None = None, max_factor: float | None = None, out: Any = None, **kwargs: Any) -> ndarray:
        """Multiply by a random factor.

        Parameters
        ----------
        data : array
        min_factor : a number >= 0
        max_factor : a number >= 0

        Examples
        --------
        >>> mx.npx.image.random_brightness(mx.np.ones((2, 3, 3)), min_factor=1.2, max_factor=1.2).shape
        (2, 3, 3)"""
    @staticmethod
    def random_color_jitter(data: Any, brightness: float | None = None, contrast: float | None = None, saturation: float | None = None, hue: float | None = None, out: Any = None, **kwargs: Any) -> ndarray:
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
        >>> mx.npx.image.random_color_jitter(mx.np.ones((2, 3, 3)), brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1).shape
        (2, 3, 3)"""
    @staticmethod
    def random_contrast(data: Any, min_factor: float | None = None, max_factor: float | None = None, out: Any = None, **kwargs: Any) -> ndarray:
        """Move away from, or towards, the mean gray of the picture.

        Parameters
        ----------
        data : array
        min_factor : a number >= 0
        max_factor : a number >= 0

        Examples
        --------
        >>> mx.npx.image.random_contrast(mx.np.ones((2, 3, 3)), min_factor=1.2, max_factor=1.2).shape
        (2, 3, 3)"""
    @staticmethod
    def random_crop(src: Any, size: Any, interp: Any = 2) -> Any:
        """Cut out `size` (width, height) at random; answer it and (x0, y0, w, h).

        A picture that is too small gives a smaller part, which is then resized."""
    @staticmethod
    def random_flip_left_right(data: Any, p: float = 0.5, out: Any = None, **kwargs: Any) -> ndarray:
        """`flip_left_right` with probability `p`.

        Parameters
        ----------
        data : array
        p : a number >= 0 and <= 1, default 0.5

        Examples
        --------
        >>> mx.npx.image.random_flip_left_right(mx.np.ones((2, 3, 2))).shape
        (2, 3, 2)

        Notes
        -----
        No gradient flows through: it prepares pictures; its choice is random."""
    @staticmethod
    def random_flip_top_bottom(data: Any, p: float = 0.5, out: Any = None, **kwargs: Any) -> ndarray:
        """`flip_top_bottom` with probability `p`.

        Parameters
        ----------
        data : array
        p : a number >= 0 and <= 1, default 0.5

        Examples
        --------
        >>> mx.npx.image.random_flip_top_bottom(mx.np.ones((2, 3, 2))).shape
        (2, 3, 2)

        Notes
        -----
        No gradient flows through: it prepares pictures; its choice is random."""
    @staticmethod
    def random_hue(data: Any, min_factor: float | None = None, max_factor: float | None = None, out: Any = None, **kwargs: Any) -> ndarray:
        """Turn the hue by a random share of the circle of colours.

        Parameters
        ----------
        data : array
        min_factor : a number >= 0
        max_factor : a number >= 0

        Examples
        --------
        >>> mx.npx.image.random_hue(mx.np.ones((2, 3, 3)), min_factor=1.2, max_factor=1.2).shape
        (2, 3, 3)"""
    @staticmethod
    def random_lighting(data: Any, alpha_std: float = 0.05, out: Any = None, **kwargs: Any) -> ndarray:
        """`adjust_lighting` with normal random numbers of standard deviation `alpha_std`.

        Parameters
        ----------
        data : array
        alpha_std : a number >= 0, default 0.05

        Examples
        --------
        >>> mx.npx.image.random_lighting(mx.np.ones((2, 3, 3))).shape
        (2, 3, 3)"""
    @staticmethod
    def random_resized_crop(data: Any, xrange: Any = ..., yrange: Any = ..., width: Any = 0, height: Any = 0, interp: Any = 1, area: Any = ..., ratio: Any = ..., max_trial: Any = 10, out: Any = None) -> Any:
        """Cut out a part of random area, aspect ratio and place, resized to `width` and `height`.

        Parameters
        ----------
        xrange, yrange : (float, float)
            Where the part may lie, as shares of the room that is left beside it.
        width, height : int
        interp : as of `imresize`
        area, ratio : (float, float)
            Ranges of the share of the picture, and of width / height.
        max_trial : int
            After so many parts that did not fit, the middle is taken.

        Raises
        ------
        ParamError
            If the size is not positive."""
    @staticmethod
    def random_rotate(src: Any, angle_limits: Any, zoom_in: Any = False, zoom_out: Any = False) -> Any:
        """Turn each picture by an angle drawn from `angle_limits`, in degrees; see `imrotate`."""
    @staticmethod
    def random_saturation(data: Any, min_factor: float | None = None, max_factor: float | None = None, out: Any = None, **kwargs: Any) -> ndarray:
        """Move each cell away from, or towards, its gray.

        Parameters
        ----------
        data : array
        min_factor : a number >= 0
        max_factor : a number >= 0

        Examples
        --------
        >>> mx.npx.image.random_saturation(mx.np.ones((2, 3, 3)), min_factor=1.2, max_factor=1.2).shape
        (2, 3, 3)"""
    @staticmethod
    def random_size_crop(src: Any, size: Any, area: Any, ratio: Any, interp: Any = 2, **_: Any) -> Any:
        """Cut out a part of random area (share of the picture) and aspect ratio, resized to `size`.

        References
        ----------
        Szegedy et al., "Going deeper with convolutions", CVPR 2015."""
    @staticmethod
    def resize(data: Any, size: int | Sequence[int] | None = None, keep_ratio: bool = False, interp: int = 1, out: Any = None, **kwargs: Any) -> ndarray:
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
        >>> mx.npx.image.resize(mx.np.ones((4, 3, 2)), size=(2, 5), interp=0).shape
        (5, 2, 2)"""
    @staticmethod
    def resize_short(src: Any, size: Any, interp: Any = 2) -> Any:
        """Resize so that the shorter edge is `size` long."""
    @staticmethod
    def scale_down(src_size: Any, size: Any) -> Any:
        """Shrink `size` (width, height) in proportion until it fits into `src_size`."""
    @staticmethod
    def to_tensor(data: Any, out: Any = None, **kwargs: Any) -> ndarray:
        """Turn a picture (H, W, C), 0 … 255, into (C, H, W), 0 … 1; also in batches.

        Whole numbers become float32; floating dtypes stay.

        Parameters
        ----------
        data : array

        Examples
        --------
        >>> mx.npx.image.to_tensor(mx.np.ones((2, 3, 3))).shape
        (3, 2, 3)"""

class random:
    @staticmethod
    def bernoulli(prob: Any = None, logit: Any = None, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
        """Draw 1 with probability `prob`, or with log-odds `logit`, else 0."""
    @staticmethod
    def categorical(data: Any, shape: Any = None, get_prob: Any = False, dtype: Any = 'int32') -> Any:
        """Draw from the classes of each row of probabilities (…, K); see `mx.nd.random.multinomial`."""
    @staticmethod
    def multinomial(n: Any, p: Any, shape: Any = None, ctx: Any = None, dtype: Any = None) -> Any:
        """Count how often each of the classes with probabilities `p` (K,) comes in `n` draws."""
    @staticmethod
    def normal_n(loc: Any = 0.0, scale: Any = 1.0, batch_shape: Any = None, dtype: Any = None, ctx: Any = None) -> Any:
        """Draw `batch_shape` normal numbers for each element of the parameters."""
    @staticmethod
    def uniform_n(low: Any = 0.0, high: Any = 1.0, batch_shape: Any = None, dtype: Any = None, ctx: Any = None) -> Any:
        """Draw `batch_shape` uniform numbers for each element of the parameters."""
