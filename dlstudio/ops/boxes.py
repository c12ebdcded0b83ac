"""Boxes of object detectors: overlap, non-maximum suppression, matching, encoding.

A box is (x1, y1, x2, y2), format "corner", or (x, y, width, height) with its centre, "center".

Selections (suppression, matching) run on the host in NumPy: they are sequential by nature, and
their results only pick among boxes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Float, Int
from dlstudio.core.registry import Names, NotDifferentiable, bad, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import aval
from dlstudio.ops.rules import contrib

__all__ = ["FORMAT", "PICKS", "host", "no_slope", "overlaps", "suppress", "to_center", "to_corner"]

Array = Any

FORMAT = Choice("corner", "center")
PICKS = "it selects and matches boxes: its gradient is defined to be zero, as in MXNet"


def no_slope(F: Any, g: Any, out: Any, *inputs: Any, **_: Any) -> tuple[Any, ...]:
    """Gradient rule of operators that only select: zero for every input."""
    return tuple(F.zeros(shape=tuple(x.shape), dtype=np.dtype(x.dtype).name) for x in inputs)


def host(x: Array) -> Any:
    """NumPy array of any array."""
    return x.get() if hasattr(x, "get") else np.asarray(x)


def to_corner(boxes: Any) -> Any:
    """Corners of boxes given by centre and size."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=-1)


def to_center(boxes: Any) -> Any:
    """Centre and size of boxes given by corners."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return np.concatenate([(low + high) / 2, high - low], axis=-1)


def overlaps(a: Any, b: Any) -> Any:
    """Intersection over union of corner boxes that broadcast against each other."""
    low = np.maximum(a[..., :2], b[..., :2])
    common = _areas(np.minimum(a[..., 2:], b[..., 2:]) - low)
    union = _areas(a[..., 2:] - a[..., :2]) + _areas(b[..., 2:] - b[..., :2]) - common
    return np.where(union > 0, common / np.where(union > 0, union, 1), 0)


def _areas(sides: Any) -> Any:
    sides = np.maximum(sides, 0)
    return sides[..., 0] * sides[..., 1]


def suppress(boxes: Any, classes: Any, beats: Callable[[Any], Any]) -> Any:
    """Which of the boxes, best first, survive: each removes later ones of its class.

    Parameters
    ----------
    boxes : (N, 4), corners
    classes : (N,) or None, if boxes of all classes compete
    beats : function of overlaps
        Which of them are large enough to remove the later box.
    """
    alive = np.ones(len(boxes), bool)
    kinds = [None] if classes is None else np.unique(classes)
    for kind in kinds:  # boxes of different classes never meet
        waiting = np.arange(len(boxes)) if kind is None else np.flatnonzero(classes == kind)
        rivals = boxes[waiting]
        while len(waiting):
            best, waiting, rivals = rivals[0], waiting[1:], rivals[1:]
            beaten = beats(overlaps(best, rivals))
            if beaten.any():
                alive[waiting[beaten]] = False
                waiting, rivals = waiting[~beaten], rivals[~beaten]
    return alive


# ---- box_iou ---------------------------------------------------------------------------------
def _expect_boxes(name: str, **arrays: Any) -> None:
    for given, x in arrays.items():
        if x.ndim < 1 or x.shape[-1] != 4:
            raise ShapeError(
                explain(f"{name}: {given} has shape {tuple(x.shape)}.", "boxes, (..., 4).")
            )


def _infer_iou(lhs: Any, rhs: Any, **_: Any) -> Aval:
    _expect_boxes("box_iou", lhs=lhs, rhs=rhs)
    return aval((*lhs.shape[:-1], *rhs.shape[:-1]), lhs)


_PAIR = np.array([[0.0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6]])


@op(
    "box_iou",
    infer=_infer_iou,
    grad=no_slope,
    custom_gradient=PICKS,
    params={"format": FORMAT},
    names=contrib("box_iou", "box_iou"),
    samples=lambda s: [s(_PAIR, _PAIR[:2]), s(_PAIR[None], _PAIR[0], format="center")],
    errors=lambda s: [bad(s((3, 5), (4, 4)), ShapeError, r"boxes, \(..., 4\)")],
)
def _(xp: Any, lhs: Array, rhs: Array, *, format: str = "corner") -> Array:
    """Intersection over union of all pairs: lhs.shape[:-1] + rhs.shape[:-1]."""
    _expect_boxes("box_iou", lhs=lhs, rhs=rhs)
    a, b = host(lhs), host(rhs)
    if format == "center":
        a, b = to_corner(a), to_corner(b)
    rows = a.reshape(*a.shape[:-1], *(1,) * (b.ndim - 1), 4)
    return xp.asarray(overlaps(rows, b).astype(lhs.dtype))


# ---- box_nms ---------------------------------------------------------------------------------
_NMS_PARAMS = {
    "overlap_thresh": Float(), "valid_thresh": Float(), "topk": Int(), "coord_start": Int(0),
    "score_index": Int(0), "id_index": Int(-1), "background_id": Int(-1), "in_format": FORMAT,
    "out_format": FORMAT,
}  # fmt: skip


def _check_nms(data: Any, attrs: Any) -> None:
    if data.ndim < 2:
        raise ShapeError(
            explain(f"box_nms: data has shape {tuple(data.shape)}.", "(..., N, width): N boxes.")
        )
    width = data.shape[-1]
    for name, index, size in (
        ("coord_start", attrs["coord_start"], 4),
        ("score_index", attrs["score_index"], 1),
        ("id_index", attrs["id_index"], 1),
    ):
        if index + size > width:
            raise ParamError(
                f"box_nms: parameter {name} must leave room in boxes of {width} numbers. "
                f"Got {index}."
            )


def _order(boxes: Any, attrs: Any) -> Any:
    """Numbers of the boxes that take part, best first."""
    scores = boxes[:, attrs["score_index"]]
    valid = scores > attrs["valid_thresh"]
    if attrs["id_index"] >= 0 and attrs["background_id"] >= 0:
        valid &= boxes[:, attrs["id_index"]] != attrs["background_id"]
    order = np.flatnonzero(valid)
    order = order[np.argsort(-scores[order], kind="stable")]
    return order[: attrs["topk"]] if attrs["topk"] > 0 else order


def _suppressed(boxes: Any, attrs: Any) -> tuple[Any, Any]:
    """Rows after suppression and the number each came from; -1 fills the rest."""
    start = attrs["coord_start"]
    corners = boxes[:, start : start + 4]
    if attrs["in_format"] == "center":
        corners = to_corner(corners)
    order = _order(boxes, attrs)
    single = attrs["force_suppress"] or attrs["id_index"] < 0
    classes = None if single else boxes[order, attrs["id_index"]]
    threshold = attrs["overlap_thresh"]
    kept = order[suppress(corners[order], classes, lambda overlap: overlap > threshold)]
    out, source = np.full_like(boxes, -1), np.full(len(boxes), -1)
    out[: len(kept)], source[: len(kept)] = boxes[kept], kept
    if attrs["in_format"] != attrs["out_format"]:
        convert = to_center if attrs["out_format"] == "center" else to_corner
        rows = out[: len(kept), start : start + 4]
        out[: len(kept), start : start + 4] = convert(rows)
    return out, source


def _infer_nms(data: Any, **attrs: Any) -> tuple[Aval, Aval]:
    _check_nms(data, attrs)
    return aval(data.shape, data), Aval(tuple(data.shape[:-1]), np.dtype("int32"))


_SCORED = np.array(
    [[0, 0.5, 0.1, 0.1, 0.2, 0.2], [1, 0.4, 0.1, 0.1, 0.2, 0.2], [0, 0.3, 0.1, 0.1, 0.14, 0.14],
     [2, 0.6, 0.5, 0.5, 0.7, 0.8]],
)  # fmt: skip


@op(
    "box_nms",
    infer=_infer_nms,
    grad=lambda F, g, out, data, **_: (
        None if g[0] is None else F.box_nms_grad(g[0], out[1]),
    ),
    outputs=2,
    visible=1,
    params=_NMS_PARAMS,
    names=Names(
        nd="contrib.box_nms contrib.box_non_maximum_suppression", npx="box_nms",
        json="_contrib_box_nms",
    ),
    custom_gradient="gradients go back to the rows the boxes came from, as MXNet's do",
    samples=lambda s: [
        s(_SCORED, id_index=0, score_index=1, coord_start=2),
        s(_SCORED, score_index=1, coord_start=2, force_suppress=True, topk=2),
        s(_SCORED[None], score_index=1, coord_start=2, id_index=0, background_id=0),
        s(_SCORED, in_format="center", out_format="corner", valid_thresh=0.35, score_index=1),
    ],
    errors=lambda s: [
        bad(s((6, 5)), ParamError, "coord_start must leave room"),
        bad(s(6), ShapeError, "N boxes"),
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, *, overlap_thresh: float = 0.5, valid_thresh: float = 0.0,
    topk: int = -1, coord_start: int = 2, score_index: int = 1, id_index: int = -1,
    background_id: int = -1, force_suppress: bool = False, in_format: str = "corner",
    out_format: str = "corner",
) -> tuple[Array, Array]:  # fmt: skip
    """Non-maximum suppression: keep the best of boxes that overlap, best first, then rows of -1.

    Parameters
    ----------
    data : (..., N, width), rows with a score, four coordinates, and perhaps a class number
    overlap_thresh : intersection over union from which the weaker box goes
    valid_thresh : boxes with lower scores do not take part
    topk : how many of the best take part, all if not positive
    force_suppress : boxes of different classes suppress each other, too
    """
    attrs = dict(
        overlap_thresh=overlap_thresh, valid_thresh=valid_thresh, topk=topk,
        coord_start=coord_start, score_index=score_index, id_index=id_index,
        background_id=background_id, force_suppress=force_suppress, in_format=in_format,
        out_format=out_format,
    )  # fmt: skip
    _check_nms(data, attrs)
    rows = host(data).reshape(-1, *data.shape[-2:])
    found = [_suppressed(boxes, attrs) for boxes in rows]
    out = np.array([f[0] for f in found], rows.dtype).reshape(data.shape)
    source = np.array([f[1] for f in found], "int32").reshape(data.shape[:-1])
    return xp.asarray(out), xp.asarray(source)


@op(
    "box_nms_grad",
    infer=lambda g, source: aval(g.shape, g),
    grad=NotDifferentiable("it moves rows to where they came from"),
    samples=lambda s: [s((3, 6), np.array([2, 0, -1]))],
)
def _(xp: Any, g: Array, source: Array) -> Array:
    """Gradient of `box_nms`: rows go back to where they came from."""
    rows, places = g.reshape(-1, *g.shape[-2:]), source.reshape(-1, g.shape[-2])
    dx = xp.zeros_like(rows)
    batch = xp.arange(len(rows))[:, None]
    kept = (places >= 0)[:, :, None]
    xp.add.at(dx, (batch, xp.maximum(places, 0)), rows * kept)
    return dx.reshape(g.shape)


# ---- bipartite_matching ----------------------------------------------------------------------
def _matched(scores: Any, attrs: Any) -> tuple[Any, Any]:
    """Greedy matching, best score first; -1 marks what stays alone."""
    rows, columns = np.full(scores.shape[0], -1.0), np.full(scores.shape[1], -1.0)
    flat = scores.ravel()
    order = np.argsort(flat if attrs["is_ascend"] else -flat, kind="stable")
    count = 0
    for k in order:
        worse = flat[k] > attrs["threshold"] if attrs["is_ascend"] else flat[k] < attrs["threshold"]
        if worse or 0 < attrs["topk"] < count:  # one more than topk, as in MXNet
            break
        i, j = divmod(int(k), scores.shape[1])
        if rows[i] < 0 and columns[j] < 0:
            rows[i], columns[j] = j, i
            count += 1
    return rows, columns


@op(
    "bipartite_matching",
    infer=lambda data, **_: (
        aval(data.shape[:-1], data),
        aval((*data.shape[:-2], data.shape[-1]), data),
    ),
    grad=no_slope,
    custom_gradient=PICKS,
    outputs=2,
    params={"threshold": Float(), "topk": Int()},
    names=Names(
        nd="contrib.bipartite_matching", npx="bipartite_matching",
        json="_contrib_bipartite_matching",
    ),
    samples=lambda s: [
        s(3, 2, threshold=0.1),
        s(2, 3, 3, threshold=2.0, is_ascend=True, topk=2),
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, *, is_ascend: bool = False, threshold: float, topk: int = -1
) -> tuple[Array, Array]:
    """Pair rows and columns of a score matrix (..., N, M) greedily, best score first.

    Returns
    -------
    (..., N) the column of each row, and (..., M) the row of each column; -1 for none
    """
    attrs = dict(threshold=threshold, is_ascend=is_ascend, topk=topk)
    found = [_matched(scores, attrs) for scores in host(data).reshape(-1, *data.shape[-2:])]
    rows = np.array([f[0] for f in found], data.dtype).reshape(data.shape[:-1])
    columns = np.array([f[1] for f in found], data.dtype)
    return xp.asarray(rows), xp.asarray(columns.reshape(*data.shape[:-2], data.shape[-1]))
