"""Functions of `mx.image` on pictures (H, W, C): reading, resizing, cropping, borders.

Results have the class of their argument, so that they serve `mx.image` and `npx.image`.
"""

from __future__ import annotations

import io
import os
from math import exp, log, sqrt
from typing import Any

import numpy as np

from dlstudio.core.device import current_context
from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.random import host_generator
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import NDArray, Tensor, ndarray
from dlstudio.dialects.rotation import imrotate, random_rotate
from dlstudio.dialects.switches import is_np_array
from dlstudio.errors import DataError, ParamError, ShapeError, explain, missing_extra

__all__ = [
    "FUNCTIONS",
    "as_seen",
    "as_tensor",
    "center_crop",
    "color_normalize",
    "copyMakeBorder",
    "decode_pixels",
    "fixed_crop",
    "imdecode",
    "imread",
    "imresize",
    "imrotate",
    "random_crop",
    "random_resized_crop",
    "random_rotate",
    "random_size_crop",
    "resize_short",
    "scale_down",
]

_EXPECTED = "a whole picture file, such as JPEG or PNG."


# ---- reading ---------------------------------------------------------------------------------
def decode_pixels(source: Any, name: str, flag: int = 1, to_rgb: int = 1) -> Any:
    """Decode a file (a path or its bytes) as a NumPy array (H, W, C); `name` is for messages."""
    try:
        from PIL import Image
    except ImportError:
        raise missing_extra("Pillow", "lab", "reading picture files") from None
    source = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with Image.open(source) as picture:
            values = np.array(as_seen(picture, "RGB" if flag else "L"))
    # what Pillow raises for damaged files, and for small ones that claim to be huge
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(explain(f"{name} cannot be read: {error}", _EXPECTED)) from error
    if not flag:
        return values[:, :, None]
    return values if to_rgb else np.ascontiguousarray(values[:, :, ::-1])


_ORIENTATION = 0x0112  # the entry of EXIF that says how the camera was held
_TURNS = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
    6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90",
}  # fmt: skip


def as_seen(picture: Any, mode: str) -> Any:
    """Convert a picture of Pillow's to `mode`, "RGB" or "L", as OpenCV does for MXNet.

    It stands upright, however the camera was held, and of numbers of 16 bits the upper 8 count:
    Pillow alone would make white of all but the darkest.
    """
    from PIL import Image

    try:
        turn = _TURNS.get(picture.getexif().get(_ORIENTATION))
    except Exception:  # a damaged note about the camera is no damage to the picture
        turn = None
    if turn is not None:
        picture = picture.transpose(Image.Transpose[turn])
    if picture.mode.startswith("I"):
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return picture.convert(mode)


def as_tensor(values: Any, cls: type[Tensor]) -> Any:
    """Put a NumPy array on the current device."""
    device = current_context()
    return cls._wrap(device.backend.from_numpy(values), device)


def _dialect() -> type[Tensor]:
    return ndarray if is_np_array() else NDArray


def imread(
    filename: str | os.PathLike[str], flag: int = 1, to_rgb: int = 1, out: Any = None
) -> Any:
    """Read a picture file as an array (H, W, 3), uint8.

    Parameters
    ----------
    flag : 1 for colours, 0 for grey, (H, W, 1)
    to_rgb : 1 for RGB order, 0 for BGR

    Raises
    ------
    DataError
        If the file is missing or cannot be decoded.
    """
    return _into(as_tensor(decode_pixels(filename, str(filename), flag, to_rgb), _dialect()), out)


def imdecode(buf: Any, flag: int = 1, to_rgb: int = 1, out: Any = None) -> Any:
    """Decode the bytes of a picture file, given as bytes or as a uint8 array; see `imread`."""
    if not isinstance(buf, (Tensor, np.ndarray, bytes, bytearray, memoryview)):
        raise ParamError(
            explain(
                f"imdecode: got a {type(buf).__name__}.",
                "the bytes of a picture file.",
                "mx.image.imread(path)",
            )
        )
    data = buf.asnumpy().tobytes() if isinstance(buf, Tensor) else bytes(buf)
    values = decode_pixels(data, f"a buffer of {len(data)} bytes", flag, to_rgb)
    return _into(as_tensor(values, _dialect()), out)


def _into(result: Any, out: Any) -> Any:
    if out is None:
        return result
    out[:] = result
    return out


# ---- resizing --------------------------------------------------------------------------------
def _apply(name: str, src: Any, **attrs: Any) -> Any:
    op = OPS[name]
    cls = type(src) if isinstance(src, (NDArray, ndarray)) else NDArray
    return invoke(op, [src], attributes(op, attrs), cls)


def _method(interp: int, old: tuple[int, int], new: tuple[int, int]) -> int:
    """Interpolation method: 9 chooses by the change of size, 10 at random."""
    if interp == 9:
        if all(n > m for n, m in zip(new, old, strict=True)):
            return 2
        return 3 if all(n < m for n, m in zip(new, old, strict=True)) else 1
    if interp == 10:
        return int(host_generator().integers(5))
    if interp not in range(5):
        raise ParamError(f"image: parameter interp must be 0 to 4, 9 or 10. Got {interp}.")
    return interp


def imresize(src: Any, w: int, h: int, interp: int = 1, out: Any = None) -> Any:
    """Resize to `w` columns and `h` rows.

    Parameters
    ----------
    interp : 0 nearest, 1 bilinear, 2 bicubic, 3 area, 4 Lanczos, 9 by size, 10 at random
    """
    method = _method(interp, tuple(src.shape[:2]), (h, w))
    return _into(_apply("image_resize", src, size=(w, h), interp=method), out)


def resize_short(src: Any, size: int, interp: int = 2) -> Any:
    """Resize so that the shorter edge is `size` long."""
    h, w = src.shape[:2]
    new_h, new_w = (size * h // w, size) if h > w else (size, size * w // h)
    return imresize(src, new_w, new_h, interp)


def scale_down(src_size: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Shrink `size` (width, height) in proportion until it fits into `src_size`."""
    (w, h), (limit_w, limit_h) = size, src_size
    w, h = float(w), float(h)
    if limit_h < h:
        w, h = w * limit_h / h, float(limit_h)
    if limit_w < w:
        w, h = float(limit_w), h * limit_w / w
    return int(w), int(h)


# ---- cropping --------------------------------------------------------------------------------
def fixed_crop(
    src: Any, x0: int, y0: int, w: int, h: int, size: tuple[int, int] | None = None, interp: int = 2
) -> Any:
    """Cut out `w` x `h` at (x0, y0), and resize it to `size` (width, height) if given."""
    out = _apply("image_crop", src, x=x0, y=y0, width=w, height=h)
    if size is None or (w, h) == tuple(size):
        return out
    return imresize(out, *size, interp=interp)


def _placed(src: Any, size: tuple[int, int], interp: int, place: Any) -> tuple[Any, Any]:
    h, w = src.shape[:2]
    new_w, new_h = scale_down((w, h), size)
    x0, y0 = place(w - new_w), place(h - new_h)
    return fixed_crop(src, x0, y0, new_w, new_h, size, interp), (x0, y0, new_w, new_h)


def random_crop(src: Any, size: tuple[int, int], interp: int = 2) -> tuple[Any, Any]:
    """Cut out `size` (width, height) at random; answer it and (x0, y0, w, h).

    A picture that is too small gives a smaller part, which is then resized.
    """
    return _placed(src, size, interp, lambda room: int(host_generator().integers(room + 1)))


def center_crop(src: Any, size: tuple[int, int], interp: int = 2) -> tuple[Any, Any]:
    """Cut out `size` (width, height) in the middle; see `random_crop`."""
    return _placed(src, size, interp, lambda room: room // 2)


def random_size_crop(
    src: Any, size: tuple[int, int], area: Any, ratio: tuple[float, float], interp: int = 2,
    **_: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """Cut out a part of random area (share of the picture) and aspect ratio, resized to `size`.

    References
    ----------
    Szegedy et al., "Going deeper with convolutions", CVPR 2015.
    """
    part = _random_part(src, area, ratio, 10)
    if part is None:
        return center_crop(src, size, interp)
    return fixed_crop(src, *part, size, interp), part


def random_resized_crop(
    data: Any, xrange: tuple[float, float] = (0.0, 1.0), yrange: tuple[float, float] = (0.0, 1.0),
    width: int = 0, height: int = 0, interp: int = 1, area: Any = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3), max_trial: int = 10, out: Any = None,
) -> Any:  # fmt: skip
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
        If the size is not positive.
    """
    if width < 1 or height < 1:
        raise ParamError(
            f"random_resized_crop: width and height must be positive. Got {width}, {height}."
        )
    part = _random_part(data, area, ratio, max_trial, xrange, yrange)
    if part is None:
        return _into(center_crop(data, (width, height), interp)[0], out)
    return _into(fixed_crop(data, *part, (width, height), interp), out)


def _random_part(
    src: Any, area: Any, ratio: Any, attempts: int,
    xrange: tuple[float, float] = (0.0, 1.0), yrange: tuple[float, float] = (0.0, 1.0),
) -> tuple[int, int, int, int] | None:  # fmt: skip
    """Draw a part (x, y, width, height) of a picture; None if none fits."""
    h, w = src.shape[:2]
    low, high = (area, 1.0) if isinstance(area, (int, float)) else area
    draw = host_generator()
    for _attempt in range(attempts):
        wanted = draw.uniform(low, high) * h * w
        shape = exp(draw.uniform(log(ratio[0]), log(ratio[1])))
        new_w, new_h = round(sqrt(wanted * shape)), round(sqrt(wanted / shape))
        if 0 < new_w <= w and 0 < new_h <= h:
            x0, y0 = draw.uniform(*xrange), draw.uniform(*yrange)
            x0, y0 = int(x0 * (w - new_w + 1)), int(y0 * (h - new_h + 1))
            return min(x0, w - new_w), min(y0, h - new_h), new_w, new_h
    return None


# ---- values and borders ----------------------------------------------------------------------
def color_normalize(src: Any, mean: Any, std: Any = None) -> Any:
    """Subtract `mean` and divide by `std`, one number per channel; `src` itself changes."""
    if mean is not None:
        src -= mean
    if std is not None:
        src /= std
    return src


_BORDERS = {0: "constant", 1: "edge", 2: "symmetric", 3: "wrap", 4: "reflect"}


def copyMakeBorder(  # noqa: N802  OpenCV's name
    src: Any, top: int, bot: int, left: int, right: int, type: int = 0,  # noqa: A002
    value: float = 0.0, values: Any = (), out: Any = None,
) -> Any:  # fmt: skip
    """Put a border around a picture.

    `type`: 0 constant (`value`, or `values` per channel), 1 the edge repeated, 2 mirrored with the
    edge, 3 wrapped around, 4 mirrored without the edge.
    """
    if type not in _BORDERS:
        raise ParamError(f"copyMakeBorder: parameter type must be 0 to 4. Got {type}.")
    if src.ndim != 3:
        raise ShapeError(
            explain(f"copyMakeBorder: src has shape {tuple(src.shape)}.", "a picture (H, W, C).")
        )
    picture, widths = src.asnumpy(), ((top, bot), (left, right), (0, 0))
    if type:
        padded = np.pad(picture, widths, mode=_BORDERS[type])  # type: ignore[call-overload]
    else:
        padded = np.empty((picture.shape[0] + top + bot, picture.shape[1] + left + right,
                           picture.shape[2]), picture.dtype)  # fmt: skip
        padded[...] = values if len(values) else value
        padded[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return _into(as_tensor(padded, src.__class__), out)


_PARTS = {"FUNCTIONS", "as_tensor", "decode_pixels"}
FUNCTIONS = {name: globals()[name] for name in __all__ if name not in _PARTS}
