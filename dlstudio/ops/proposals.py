"""Region proposals: the boxes a region proposal network finds worth a second look.

Boxes are corners in pixels, both ends included: a box from 0 to 15 is 16 wide.

References
----------
Ren, He, Girshick and Sun, "Faster R-CNN", NIPS 2015.
"""

from __future__ import annotations

from math import floor, sqrt
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int, Param
from dlstudio.core.registry import bad, op
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.boxes import PICKS, host, no_slope
from dlstudio.ops.nn_rules import Floats, aval
from dlstudio.ops.rules import contrib

Array = Any

_PARAMS: dict[str, Param] = {
    "rpn_pre_nms_top_n": Int(), "rpn_post_nms_top_n": Int(1), "threshold": Float(),
    "rpn_min_size": Int(0), "scales": Floats(), "ratios": Floats(), "feature_stride": Int(1),
}  # fmt: skip


def _base_anchors(attrs: Any) -> Any:
    """Anchors around the first cell: one per ratio and scale."""
    base = attrs["feature_stride"]
    middle, found = (base - 1) / 2, []
    for ratio in attrs["ratios"]:
        width = floor(sqrt(floor(base * base / ratio)) + 0.5)
        height = floor(width * ratio + 0.5)
        for scale in attrs["scales"]:
            half = np.array([width * scale - 1, height * scale - 1]) / 2
            found.append([*(middle - half), *(middle + half)])
    return np.array(found)


def _anchors(attrs: Any, H: int, W: int) -> Any:
    """All anchors, (H * W * A, 4), cell by cell."""
    y, x = np.meshgrid(np.arange(H), np.arange(W), indexing="ij")
    shift = np.stack([x, y, x, y], axis=-1)[:, :, None] * attrs["feature_stride"]
    return (shift + _base_anchors(attrs)).reshape(-1, 4)


def _moved(anchors: Any, deltas: Any, *, corners: bool) -> Any:
    """Boxes that the network predicts: anchors moved by `deltas`."""
    if corners:
        return anchors + deltas
    size = anchors[:, 2:] - anchors[:, :2] + 1
    centre = anchors[:, :2] + (size - 1) / 2 + deltas[:, :2] * size
    half = (np.exp(deltas[:, 2:]) * size - 1) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _surviving(boxes: Any, threshold: float, most: int) -> list[int]:
    """Numbers of the boxes, best first, that no better one covers by more than `threshold`."""
    areas = np.prod(boxes[:, 2:] - boxes[:, :2] + 1, axis=1)
    alive, kept = np.ones(len(boxes), bool), []
    for i in range(len(boxes)):
        if not alive[i]:
            continue
        kept.append(i)
        if len(kept) == most:
            break
        low = np.maximum(boxes[i, :2], boxes[i + 1 :, :2])
        high = np.minimum(boxes[i, 2:], boxes[i + 1 :, 2:])
        common = np.prod(np.maximum(high - low + 1, 0), axis=1)
        alive[i + 1 :] &= common / (areas[i] + areas[i + 1 :] - common) <= threshold
    return kept


def _proposed(scores: Any, deltas: Any, info: Any, attrs: Any) -> tuple[Any, Any]:
    """Boxes (N, 4) and scores (N,) of one picture; the kept ones repeat to fill N."""
    A, H, W = scores.shape
    scores = scores.transpose(1, 2, 0).ravel().copy()
    deltas = deltas.reshape(A, 4, H, W).transpose(2, 3, 0, 1).reshape(-1, 4)
    boxes = _moved(_anchors(attrs, H, W), deltas, corners=attrs["iou_loss"])
    limits = np.array([info[1], info[0], info[1], info[0]]) - 1
    boxes = np.clip(boxes, 0, limits)
    y, x = np.divmod(np.arange(H * W).repeat(A), W)
    rows, columns = (int(n / attrs["feature_stride"]) for n in info[:2])
    scores[(y >= rows) | (x >= columns)] = -1  # cells beyond the picture
    least = attrs["rpn_min_size"] * info[2]
    small = (boxes[:, 2:] - boxes[:, :2] + 1 < least).any(axis=1)
    boxes[small] += np.array([-1, -1, 1, 1]) * least / 2
    scores[small] = -1
    order = np.argsort(-scores, kind="stable")
    if attrs["rpn_pre_nms_top_n"] > 0:
        order = order[: attrs["rpn_pre_nms_top_n"]]
    kept = order[_surviving(boxes[order], attrs["threshold"], attrs["rpn_post_nms_top_n"])]
    kept = np.resize(kept, attrs["rpn_post_nms_top_n"])
    return boxes[kept], scores[kept]


def _check(name: str, cls_prob: Any, bbox_pred: Any, im_info: Any, *, batch: bool) -> None:
    B = cls_prob.shape[0] if cls_prob.ndim == 4 else -1
    fits = (
        cls_prob.ndim == bbox_pred.ndim == 4
        and cls_prob.shape[1] * 2 == bbox_pred.shape[1]
        and im_info.shape == (B, 3)
        and (batch or B == 1)
    )
    if not fits:
        raise ShapeError(
            explain(
                f"{name}: cls_prob {tuple(cls_prob.shape)}, bbox_pred {tuple(bbox_pred.shape)}, "
                f"im_info {tuple(im_info.shape)}.",
                "(B, 2 A, H, W), (B, 4 A, H, W) and (B, 3): height, width and scale"
                + ("." if batch else ", with B = 1: MultiProposal takes more pictures."),
            )
        )


def _register(name: str, doc: str, *, batch: bool) -> None:
    def infer(
        cls_prob: Any, bbox_pred: Any, im_info: Any, *, rpn_post_nms_top_n: int, **_: Any
    ) -> tuple[Aval, Aval]:
        _check(name, cls_prob, bbox_pred, im_info, batch=batch)
        rows = cls_prob.shape[0] * rpn_post_nms_top_n
        return aval((rows, 5), cls_prob), aval((rows, 1), cls_prob)

    def forward(
        xp: Any, cls_prob: Array, bbox_pred: Array, im_info: Array, *,
        rpn_pre_nms_top_n: int = 6000, rpn_post_nms_top_n: int = 300, threshold: float = 0.7,
        rpn_min_size: int = 16, scales: tuple[float, ...] = (4.0, 8.0, 16.0, 32.0),
        ratios: tuple[float, ...] = (0.5, 1.0, 2.0), feature_stride: int = 16,
        output_score: bool = False, iou_loss: bool = False,
    ) -> tuple[Array, Array]:  # fmt: skip
        _check(name, cls_prob, bbox_pred, im_info, batch=batch)
        attrs = dict(
            rpn_pre_nms_top_n=rpn_pre_nms_top_n, rpn_post_nms_top_n=rpn_post_nms_top_n,
            threshold=threshold, rpn_min_size=rpn_min_size, scales=scales, ratios=ratios,
            feature_stride=feature_stride, iou_loss=iou_loss,
        )  # fmt: skip
        A = cls_prob.shape[1] // 2
        pictures = zip(host(cls_prob)[:, A:], host(bbox_pred), host(im_info), strict=True)
        rows, values = [], []
        for number, (scores, deltas, info) in enumerate(pictures):
            boxes, found = _proposed(scores, deltas, info, attrs)
            rows.append(np.column_stack([np.full(len(boxes), number), boxes]))
            values.append(found[:, None])
        kinds = (np.concatenate(x).astype(cls_prob.dtype) for x in (rows, values))
        return tuple(xp.asarray(x) for x in kinds)  # type: ignore[return-value]

    forward.__doc__ = doc
    few = dict(rpn_pre_nms_top_n=8, rpn_post_nms_top_n=3, scales=(1.0,), ratios=(0.5, 1.0),
               rpn_min_size=4)  # fmt: skip
    info = np.array([[32.0, 32.0, 1.0]])
    op(
        name,
        infer=infer,
        grad=no_slope,
        custom_gradient=PICKS,
        outputs=2,
        visible=lambda attrs: 2 if attrs["output_score"] else 1,
        params=_PARAMS,
        names=contrib(name, output="output score"),
        samples=lambda s: [
            s((1, 4, 2, 2), s.normal(1, 8, 2, 2) * 0.1, info, **few),
            s((1, 4, 2, 2), s.normal(1, 8, 2, 2), info, output_score=True, iou_loss=True, **few),
        ],
        errors=lambda s: [bad(s((1, 4, 2, 2), (1, 4, 2, 2), info), ShapeError, r"4 A, H, W")],
    )(forward)


_register(
    "Proposal",
    "Best boxes (N, 5), rows (0, x1, y1, x2, y2), of one picture after non-maximum suppression.",
    batch=False,
)
_register(
    "MultiProposal",
    "Best boxes (B * N, 5), rows (picture, x1, y1, x2, y2), of each picture of a batch.",
    batch=True,
)
