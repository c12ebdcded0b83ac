"""Records that hold a label and, mostly, a picture: `recordio.pack` and its kin."""

from __future__ import annotations

import io
import struct
from collections import namedtuple
from numbers import Number
from typing import Any

import numpy as np

from dlstudio.errors import DTypeError, FileFormatError, ParamError, explain, missing_extra

__all__ = ["IRHeader", "as_bytes", "pack", "pack_img", "pillow", "unpack", "unpack_img"]

IRHeader = namedtuple("IRHeader", ["flag", "label", "id", "id2"])
IRHeader.__doc__ = (
    """Head of an image record: flag (0, or the number of labels), label, two numbers."""
)
_HEADER = struct.Struct("<IfQQ")


def as_bytes(content: Any) -> bytes:
    """Return what a record shall hold as bytes; numbers and texts are not taken for them."""
    try:
        return bytes(memoryview(content))
    except TypeError as error:
        raise DTypeError(
            explain(
                f"a {type(content).__name__} was given for a record.",
                "bytes.",
                'text.encode("utf-8")',
            )
        ) from error


def pack(header: Any, s: bytes) -> bytes:
    """Put a header before the bytes of a record.

    Parameters
    ----------
    header : IRHeader
        `label` is a number, or a sequence of numbers that are kept as float32.
    s : bytes

    Examples
    --------
    >>> unpack(pack(IRHeader(0, 4.0, 2574, 0), b"bytes"))
    (IRHeader(flag=0, label=4.0, id=2574, id2=0), b'bytes')
    """
    header, s = IRHeader(*header), as_bytes(s)
    if isinstance(header.label, Number):
        header = header._replace(flag=0)
    else:
        label = np.asarray(header.label, dtype=np.float32)
        header = header._replace(flag=label.size, label=0)
        s = label.tobytes() + s
    return _HEADER.pack(*header) + s


def unpack(s: bytes) -> tuple[Any, bytes]:
    """Part a record into its header and the rest; the inverse of `pack`.

    Raises
    ------
    FileFormatError
        If the record is too short for its header.
    """
    if len(s) < _HEADER.size:
        raise FileFormatError(f"a record of {len(s)} bytes has no header of {_HEADER.size} bytes.")
    header = IRHeader(*_HEADER.unpack(s[: _HEADER.size]))
    s = s[_HEADER.size :]
    if header.flag > 0:
        if len(s) < 4 * header.flag:
            raise FileFormatError(f"a record claims {header.flag} labels and holds fewer.")
        header = header._replace(label=np.frombuffer(s, np.float32, header.flag))
        s = s[4 * header.flag :]
    return header, s


def pack_img(header: Any, img: Any, quality: int = 95, img_fmt: str = ".jpg") -> bytes:
    """Encode a picture as a record.

    Parameters
    ----------
    header : IRHeader
    img : numpy.ndarray, (H, W, 3) or (H, W), uint8
        Channels in the order blue, green, red, as MXNet (and OpenCV) have them.
    quality : int
        1 to 100 of JPEG; 0 to 9, how hard PNG is compressed.
    img_fmt : {".jpg", ".jpeg", ".png"}
    """
    picture = pillow().fromarray(_swapped(np.asarray(img, dtype=np.uint8)))
    kinds = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}
    kind = kinds.get(img_fmt.lower())
    if kind is None:
        raise ParamError(f"pack_img: parameter img_fmt must be .jpg or .png. Got {img_fmt!r}.")
    buffer = io.BytesIO()
    options = {"quality": quality} if kind == "JPEG" else {"compress_level": min(9, quality)}
    picture.save(buffer, kind, **options)
    return pack(header, buffer.getvalue())


def unpack_img(s: bytes, iscolor: int = -1) -> tuple[Any, Any]:
    """Part a record into its header and the picture, (H, W, 3) blue, green, red, or (H, W).

    Parameters
    ----------
    s : bytes
    iscolor : {-1, 0, 1}
        0 for grey and 1 for colours, both upright; -1 as it is: lying if the camera was held so,
        with transparency as a fourth channel, in 16 bits.

    Raises
    ------
    FileFormatError
        If the bytes are no picture.
    """
    header, content = unpack(s)
    try:
        pixels = _decoded(pillow().open(io.BytesIO(content)), iscolor)
    except (OSError, ValueError, SyntaxError, pillow().DecompressionBombError) as error:
        raise FileFormatError(f"a record holds no readable picture: {error}") from error
    return header, _swapped(pixels)


def _decoded(picture: Any, iscolor: int) -> Any:
    from dlstudio.dialects.pictures import as_seen

    if iscolor >= 0:
        return np.asarray(as_seen(picture, "RGB" if iscolor else "L"))
    if picture.mode.startswith("I"):
        return np.asarray(picture).astype(np.uint16)
    kinds = {"1": "L", "L": "L", "LA": "RGBA", "PA": "RGBA", "RGBA": "RGBA"}
    return np.asarray(picture.convert(kinds.get(picture.mode, "RGB")))


def _swapped(pixels: Any) -> Any:
    """Turn blue, green, red into red, green, blue, or back; transparency stays the last."""
    if pixels.ndim < 3:
        return pixels
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


def pillow() -> Any:
    """Import Pillow's module `Image`.

    Raises
    ------
    MissingExtraError
        If Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise missing_extra("Pillow", "lab", "reading and writing pictures") from error
    return Image
