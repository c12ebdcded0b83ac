"""Anchors of single-shot detectors: priors, training targets, decoding of predictions.

Boxes are corners (x1, y1, x2, y2) in units of the picture. Predictions are offsets from anchors:
centres in units of the anchor's size, sizes as logarithms, both divided by `variances`.

References
----------
Liu et al., "SSD: single shot multibox detector", ECCV 2016.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int
from dlstudio.core.registry import bad, composite, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.boxes import (
    FORMAT,
    PICKS,
    host,
    no_slope,
    overlaps,
    suppress,
    to_center,
    to_corner,
)
from dlstudio.ops.nn_rules import Floats, aval
from dlstudio.ops.rules import contrib

Array = Any

_VARIANCES = (0.1, 0.1, 0.2, 0.2)


# ---- MultiBoxPrior ---------------------------------------------------------------------------
def _prior_shape(data: Any, sizes: Any, ratios: Any) -> tuple[int, ...]:
    if data.ndim != 4:
        raise ShapeError(
            explain(f"MultiBoxPrior: data has shape {tuple(data.shape)}.", "maps (B, C, H, W).")
        )
    if not sizes or not ratios:
        raise ParamError("MultiBoxPrior: parameters sizes and ratios must not be empty. Got ().")
    return (1, data.shape[2] * data.shape[3] * (len(sizes) + len(ratios) - 1), 4)


@op(
    "MultiBoxPrior",
    infer=lambda data, *, sizes, ratios, **_: aval(_prior_shape(data, sizes, ratios), data),
    grad=no_slope,
    custom_gradient="anchors depend on the size of data alone: the gradient is zero",
    params={"sizes": Floats(), "ratios": Floats(), "steps": Floats(), "offsets": Floats()},
    names=contrib("MultiBoxPrior", "multibox_prior"),
    samples=lambda s: [
        s(1, 2, 2, 3),
        s(1, 1, 2, 2, sizes=(0.9, 0.5), ratios=(1, 3), clip=True, steps=(0.4, 0.3)),
    ],
    errors=lambda s: [bad(s(2, 3), ShapeError, r"\(B, C, H, W\)")],
)
def _(
    xp: Any, data: Array, *, sizes: tuple[float, ...] = (1.0,), ratios: tuple[float, ...] = (1.0,),
    clip: bool = False, steps: tuple[float, ...] = (-1.0, -1.0),
    offsets: tuple[float, ...] = (0.5, 0.5),
) -> Array:  # fmt: skip
    """Anchors around each cell of maps (B, C, H, W): (1, H * W * A, 4).

    One anchor for each size with the first ratio, and one for each further ratio with the first
    size; `ratios` are width over height, `sizes` shares of the picture.
    """
    _prior_shape(data, sizes, ratios)
    H, W = data.shape[2:]
    step_y, step_x = (s if s > 0 else 1 / n for s, n in zip(steps, (H, W), strict=True))
    pairs = [(size, ratios[0]) for size in sizes] + [(sizes[0], r) for r in ratios[1:]]
    size, root = np.array([p[0] for p in pairs]), np.sqrt([p[1] for p in pairs])
    half = np.stack([size * (H / W) * root, size / root], axis=1) / 2
    y, x = np.meshgrid((np.arange(H) + offsets[0]) * step_y, (np.arange(W) + offsets[1]) * step_x,
                       indexing="ij")  # fmt: skip
    centre = np.stack([x, y], axis=-1)[:, :, None]
    anchors = np.concatenate([centre - half, centre + half], axis=-1).reshape(1, -1, 4)
    return xp.asarray((np.clip(anchors, 0, 1) if clip else anchors).astype(data.dtype))


# ---- MultiBoxTarget --------------------------------------------------------------------------
def _match(iou: Any, threshold: float) -> Any:
    """Number of the box each anchor stands for, or -1: first the best anchor of each box."""
    N, M = iou.shape
    match, free = np.full(N, -1), np.array(iou)
    for _ in range(M):
        i, j = np.unravel_index(free.argmax(), free.shape)
        if free[i, j] <= 1e-6:
            break
        match[i] = j
        free[i], free[:, j] = -1, -1
    best = iou.argmax(axis=1)
    more = (match < 0) & (iou[np.arange(N), best] > threshold)
    match[more] = best[more]
    return match


def _negatives(match: Any, iou: Any, scores: Any, attrs: Any) -> Any:
    """Anchors to train as background: all others, or the hardest ones."""
    rest = match < 0
    ratio = attrs["negative_mining_ratio"]
    if ratio <= 0:
        return rest
    positive = int((~rest).sum())
    count = min(int(positive * ratio), len(match) - positive)
    count = max(count, attrs["minimum_negative_samples"])
    rest = np.flatnonzero(rest & (iou.max(axis=1) < attrs["negative_mining_thresh"]))
    shifted = np.exp(scores - scores.max(axis=0))
    background = (shifted[0] / shifted.sum(axis=0))[rest]
    chosen = np.zeros(len(match), bool)
    chosen[rest[np.argsort(background, kind="stable")[:count]]] = True
    return chosen


def _encoded(boxes: Any, anchors: Any, variances: Any) -> Any:
    b, a = to_center(boxes), to_center(anchors)
    shift = (b[..., :2] - a[..., :2]) / a[..., 2:]
    return np.concatenate([shift, np.log(b[..., 2:] / a[..., 2:])], axis=-1) / variances


def _targets(anchors: Any, label: Any, scores: Any, attrs: Any) -> tuple[Any, Any, Any]:
    N = len(anchors)
    offsets, mask = np.zeros((N, 4)), np.zeros((N, 4))
    classes = np.full(N, attrs["ignore_label"])
    ends = np.flatnonzero(label[:, 0] == -1)
    label = label[: ends[0]] if len(ends) else label
    if not len(label):
        return offsets, mask, classes
    iou = overlaps(anchors[:, None], label[None, :, 1:5])
    match = _match(iou, attrs["overlap_threshold"])
    found = match >= 0
    classes[_negatives(match, iou, scores, attrs)] = 0
    classes[found] = label[match[found], 0] + 1
    offsets[found] = _encoded(label[match[found], 1:5], anchors[found], attrs["variances"])
    mask[found] = 1
    return offsets, mask, classes


def _infer_target(anchor: Any, label: Any, cls_pred: Any, **_: Any) -> tuple[Aval, Aval, Aval]:
    if anchor.ndim != 3 or label.ndim != 3 or cls_pred.ndim != 3 or label.shape[2] < 5:
        raise ShapeError(
            explain(
                f"MultiBoxTarget: anchor {tuple(anchor.shape)}, label {tuple(label.shape)}, "
                f"cls_pred {tuple(cls_pred.shape)}.",
                "(1, N, 4), (B, M, 5) with class and corners, and (B, classes + 1, N).",
            )
        )
    B, N = label.shape[0], anchor.shape[1]
    return aval((B, N * 4), anchor), aval((B, N * 4), anchor), aval((B, N), anchor)


_ANCHORS = np.array([[[0.1, 0.1, 0.4, 0.4], [0.5, 0.5, 0.9, 0.8], [0.3, 0.6, 0.5, 0.9]]])
_LABELS = np.array([[[1.0, 0.12, 0.1, 0.42, 0.38], [-1, -1, -1, -1, -1]]])


@op(
    "MultiBoxTarget",
    infer=_infer_target,
    grad=no_slope,
    custom_gradient=PICKS,
    outputs=3,
    params={
        "overlap_threshold": Float(), "ignore_label": Float(), "negative_mining_ratio": Float(),
        "negative_mining_thresh": Float(), "minimum_negative_samples": Int(0),
        "variances": Floats(),
    },
    names=contrib("MultiBoxTarget", "multibox_target"),
    samples=lambda s: [
        s(_ANCHORS, _LABELS, s.normal(1, 3, 3)),
        s(_ANCHORS, _LABELS, s.normal(1, 3, 3), negative_mining_ratio=1.0),
        s(_ANCHORS, -np.ones((2, 1, 5)), s.normal(2, 3, 3)),
    ],
    errors=lambda s: [bad(s((3, 4), (1, 2, 5), (1, 3, 3)), ShapeError, r"\(B, M, 5\)")],
)  # fmt: skip
def _(
    xp: Any, anchor: Array, label: Array, cls_pred: Array, *, overlap_threshold: float = 0.5,
    ignore_label: float = -1.0, negative_mining_ratio: float = -1.0,
    negative_mining_thresh: float = 0.5, minimum_negative_samples: int = 0,
    variances: tuple[float, ...] = _VARIANCES,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Training targets of anchors (1, N, 4) for labelled boxes (B, M, 5), -1 marking the end.

    Each box gets the anchor that overlaps it most; further anchors that overlap a box by more than
    `overlap_threshold` stand for it, too. With `negative_mining_ratio` only that many background
    anchors per positive one are trained, those that look least like background in `cls_pred`.

    Returns
    -------
    offsets (B, N * 4), their mask, and classes (B, N): 0 background, `ignore_label` not trained
    """
    _infer_target(anchor, label, cls_pred)
    attrs = dict(
        overlap_threshold=overlap_threshold, ignore_label=ignore_label, variances=variances,
        negative_mining_ratio=negative_mining_ratio, negative_mining_thresh=negative_mining_thresh,
        minimum_negative_samples=minimum_negative_samples,
    )  # fmt: skip
    boxes = host(anchor)[0]
    found = [_targets(boxes, y, p, attrs) for y, p in zip(host(label), host(cls_pred), strict=True)]
    return tuple(
        xp.asarray(np.array([f[k] for f in found]).reshape(len(found), -1).astype(anchor.dtype))
        for k in range(3)
    )


# ---- MultiBoxDetection -----------------------------------------------------------------------
def _decoded(offsets: Any, anchors: Any, variances: Any) -> Any:
    a = to_center(anchors)
    offsets = offsets * variances
    centre = offsets[..., :2] * a[..., 2:] + a[..., :2]
    return to_corner(np.concatenate([centre, np.exp(offsets[..., 2:]) * a[..., 2:]], axis=-1))


def _detections(scores: Any, boxes: Any, attrs: Any) -> Any:
    """Rows (class, score, box) of one picture, best first; class -1 marks what was dropped."""
    out = np.full((len(boxes), 6), -1.0)
    kinds = np.delete(np.arange(len(scores)), attrs["background_id"])
    best = scores[kinds].argmax(axis=0)
    score = scores[kinds].max(axis=0)
    valid = np.flatnonzero(score >= attrs["threshold"])
    rows = np.column_stack([best[valid], score[valid], boxes[valid]])
    out[: len(rows)] = rows
    if not len(rows) or not 0 < attrs["nms_threshold"] <= 1:
        return out
    count = min(attrs["nms_topk"], len(rows)) if attrs["nms_topk"] > 0 else len(rows)
    order = np.argsort(-rows[:, 1], kind="stable")
    out[:count] = rows[order[:count]]
    out[count : len(rows), 0] = -1
    classes = None if attrs["force_suppress"] else out[:count, 0]
    threshold = attrs["nms_threshold"]
    alive = suppress(out[:count, 2:], classes, lambda overlap: overlap >= threshold)
    out[:count, 0][~alive] = -1
    return out


def _infer_detection(cls_prob: Any, loc_pred: Any, anchor: Any, **_: Any) -> Aval:
    N = anchor.shape[1] if anchor.ndim == 3 else -1
    if cls_prob.ndim != 3 or cls_prob.shape[2] != N or loc_pred.shape != (cls_prob.shape[0], N * 4):
        raise ShapeError(
            explain(
                f"MultiBoxDetection: cls_prob {tuple(cls_prob.shape)}, loc_pred "
                f"{tuple(loc_pred.shape)}, anchor {tuple(anchor.shape)}.",
                "(B, classes + 1, N), (B, N * 4) and (1, N, 4).",
            )
        )
    return aval((cls_prob.shape[0], N, 6), cls_prob)


@op(
    "MultiBoxDetection",
    infer=_infer_detection,
    grad=no_slope,
    custom_gradient=PICKS,
    params={
        "threshold": Float(), "background_id": Int(0), "nms_threshold": Float(),
        "variances": Floats(), "nms_topk": Int(),
    },
    names=contrib("MultiBoxDetection", "multibox_detection"),
    samples=lambda s: [
        s((1, 3, 3), s.normal(1, 12), _ANCHORS),
        s((1, 3, 3), s.normal(1, 12), _ANCHORS, threshold=0.8, force_suppress=True, nms_topk=2),
    ],
    errors=lambda s: [bad(s((1, 3, 3), (1, 8), (1, 3, 4)), ShapeError, r"\(B, N \* 4\)")],
)  # fmt: skip
def _(
    xp: Any, cls_prob: Array, loc_pred: Array, anchor: Array, *, clip: bool = True,
    threshold: float = 0.01, background_id: int = 0, nms_threshold: float = 0.5,
    force_suppress: bool = False, variances: tuple[float, ...] = _VARIANCES, nms_topk: int = -1,
) -> Array:  # fmt: skip
    """Detections (B, N, 6), rows (class, score, x1, y1, x2, y2), best first; class -1 for none.

    Parameters
    ----------
    cls_prob : (B, classes + 1, N) probabilities
    loc_pred : (B, N * 4) predicted offsets from the anchors
    anchor : (1, N, 4)
    """
    _infer_detection(cls_prob, loc_pred, anchor)
    attrs = dict(threshold=threshold, background_id=background_id, nms_threshold=nms_threshold,
                 force_suppress=force_suppress, nms_topk=nms_topk)  # fmt: skip
    offsets = host(loc_pred).reshape(len(loc_pred), -1, 4)
    boxes = _decoded(offsets, host(anchor), np.array(variances))
    boxes = np.clip(boxes, 0, 1) if clip else boxes
    found = [_detections(p, b, attrs) for p, b in zip(host(cls_prob), boxes, strict=True)]
    return xp.asarray(np.array(found).astype(cls_prob.dtype))


# ---- box_encode, box_decode ------------------------------------------------------------------
@op(
    "box_encode",
    infer=lambda samples, matches, anchors, *_: (aval(anchors.shape, anchors),) * 2,
    grad=no_slope,
    custom_gradient=PICKS,
    outputs=2,
    names=contrib("box_encode", "box_encode"),
    samples=lambda s: [
        s(
            np.array([[1.0, 0.0, 1.0]]), np.array([[0.0, 1.0, 1.0]]), _ANCHORS, _ANCHORS[:, :2],
            np.zeros(4), np.array([0.1, 0.1, 0.2, 0.2]),
        )
    ],
)  # fmt: skip
def _(
    xp: Any, samples: Array, matches: Array, anchors: Array, refs: Array, means: Array, stds: Array
) -> tuple[Array, Array]:
    """Offsets of matched boxes `refs` (B, M, 4) from `anchors` (B, N, 4), and their mask.

    `samples` (B, N) is 1 where an anchor is positive, `matches` (B, N) the number of its box.
    """
    match = host(matches).astype(int)
    chosen = np.take_along_axis(host(refs), match[..., None], axis=1)
    mask = (host(samples) > 0.5)[..., None]
    with np.errstate(all="ignore"):  # boxes that are masked out may be degenerate
        offsets = (_encoded(chosen, host(anchors), 1.0) - host(means)) / host(stds)
    targets = np.where(mask, offsets, 0).astype(anchors.dtype)
    whole = np.broadcast_to(mask, targets.shape).astype(anchors.dtype)
    return xp.asarray(targets), xp.asarray(np.array(whole))


def _halves(F: Any, boxes: Any) -> tuple[Any, Any]:
    axis = boxes.ndim - 1
    return tuple(F.slice_axis(boxes, axis=axis, begin=i, end=i + 2) for i in (0, 2))  # type: ignore[return-value]


@composite(
    "box_decode",
    params={**{f"std{i}": Float() for i in range(4)}, "clip": Float(), "format": FORMAT},
    names=contrib("box_decode", "box_decode"),
    samples=lambda s: [
        s(s.normal(2, 3, 4), _ANCHORS, std0=0.1, std2=0.2, clip=0.5, format="corner"),
        s(s.normal(1, 3, 4), _ANCHORS),
    ],
    errors=lambda s: [bad(s((1, 3, 5), (1, 3, 4)), ShapeError, r"\(B, N, 4\)")],
)
def _(
    F: Any, data: Any, anchors: Any, *, std0: float = 1.0, std1: float = 1.0, std2: float = 1.0,
    std3: float = 1.0, clip: float = -1.0, format: str = "center",
) -> Any:  # fmt: skip
    """Corner boxes (B, N, 4) of predicted offsets `data` from anchors (1, N, 4).

    `format` is that of the anchors; `clip` bounds the logarithms of sizes if positive.
    """
    if data.ndim != 3 or data.shape[2] != 4:
        raise ShapeError(
            explain(f"box_decode: data has shape {tuple(data.shape)}.", "offsets (B, N, 4).")
        )
    first, second = _halves(F, anchors)
    if format == "corner":
        centre = F.multiply_scalar(F.add(first, second), scalar=0.5)
        size = F.subtract(second, first)
    else:
        centre, size = first, second
    parts = [F.slice_axis(data, axis=2, begin=i, end=i + 1) for i in range(4)]
    scaled = [
        F.multiply_scalar(p, scalar=s) for p, s in zip(parts, (std0, std1, std2, std3), strict=True)
    ]
    logs = F.concatenate(*scaled[2:], axis=2)
    if clip > 0:
        logs = F.minimum_scalar(logs, scalar=clip)
    middle = F.add(F.multiply(F.concatenate(*scaled[:2], axis=2), size), centre)
    half = F.multiply_scalar(F.multiply(F.exp(logs), size), scalar=0.5)
    return F.concatenate(F.subtract(middle, half), F.add(middle, half), axis=2)
