"""Record files: MXNet's bytes, any content, damage, other processes."""

import io
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlstudio import recordio
from dlstudio.errors import (
    ArgumentError,
    DTypeError,
    FileFormatError,
    MissingFileError,
    ParamError,
    UnknownKeyError,
)
from dlstudio.recordio import IRHeader, MXIndexedRecordIO, MXRecordIO

MARK = struct.pack("<I", 0xCED7230A)


def written(path, *records):
    with MXRecordIO(path, "w") as file:
        for record in records:
            file.write(record)
    return path.read_bytes()


def test_a_record_is_mark_length_content_and_padding(tmp_path):
    got = written(tmp_path / "a.rec", b"hello", b"", b"1234")
    assert got == (
        MARK + struct.pack("<I", 5) + b"hello\0\0\0" + MARK + struct.pack("<I", 0)
        + MARK + struct.pack("<I", 4) + b"1234"
    )  # fmt: skip


def test_content_that_holds_the_mark_is_cut_there(tmp_path):
    got = written(tmp_path / "a.rec", b"abcd" + MARK + b"ef" + MARK + b"gh")
    # the second mark lies at no multiple of 4 and stays
    rest = b"ef" + MARK + b"gh"
    assert got == (
        MARK + struct.pack("<I", 1 << 29 | 4) + b"abcd"
        + MARK + struct.pack("<I", 3 << 29 | len(rest)) + rest
    )  # fmt: skip


@given(records=st.lists(st.one_of(
    st.binary(max_size=40), st.lists(st.sampled_from([MARK, b"a", b"bcd"])).map(b"".join)
)))  # fmt: skip
def test_what_is_written_is_read(tmp_path_factory, records):
    path = tmp_path_factory.mktemp("rec") / "a.rec"
    written(path, *records)
    with MXRecordIO(path, "r") as file:
        assert [file.read() for _ in records] == records
        assert file.read() is None


def test_reset_begins_again(tmp_path):
    written(tmp_path / "a.rec", b"one", b"two")
    file = MXRecordIO(str(tmp_path / "a.rec"), "r")
    assert file.read() == b"one"
    file.reset()
    assert file.read() == b"one"


def test_records_by_key(tmp_path):
    with MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w") as file:
        for i in range(5):
            file.write_idx(i, b"record %d" % i)
    assert (tmp_path / "a.idx").read_text() == "0\t0\n1\t16\n2\t32\n3\t48\n4\t64\n"
    file = MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "r")
    assert file.keys == [0, 1, 2, 3, 4]
    assert [file.read_idx(i) for i in (3, 0, 4)] == [b"record 3", b"record 0", b"record 4"]
    with pytest.raises(UnknownKeyError, match=r"no record 9.*5 keys"):
        file.read_idx(9)


def test_a_reader_travels_to_other_processes(tmp_path):
    with MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w") as file:
        file.write_idx(7, b"seven")
        with pytest.raises(ArgumentError, match="being written"):
            pickle.loads(pickle.dumps(file))
    file = MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "r")
    assert pickle.loads(pickle.dumps(file)).read_idx(7) == b"seven"


def test_headers_with_one_and_with_several_labels():
    assert (
        recordio.pack(IRHeader(5, 2.0, 3, 4), b"xy") == struct.pack("<IfQQ", 0, 2.0, 3, 4) + b"xy"
    )
    header, content = recordio.unpack(recordio.pack(IRHeader(0, [1, 2.5], 3, 4), b"xy"))
    assert (header.flag, header.id, header.id2, content) == (2, 3, 4, b"xy")
    np.testing.assert_array_equal(header.label, np.float32([1, 2.5]))
    with pytest.raises(FileFormatError, match="no header of 24 bytes"):
        recordio.unpack(b"short")
    with pytest.raises(FileFormatError, match="claims 9 labels"):
        recordio.unpack(struct.pack("<IfQQ", 9, 0, 0, 0))


def test_pictures_keep_their_channels():
    picture = np.zeros((6, 5, 3), np.uint8)
    picture[..., 0] = 200  # blue
    packed = recordio.pack_img(IRHeader(0, 1.0, 0, 0), picture, quality=9, img_fmt=".png")
    header, again = recordio.unpack_img(packed)
    assert header.label == 1.0
    np.testing.assert_array_equal(again, picture)
    _, grey = recordio.unpack_img(packed, iscolor=0)
    assert grey.shape == (6, 5)
    _, lossy = recordio.unpack_img(recordio.pack_img(IRHeader(0, 1.0, 0, 0), picture))
    assert abs(lossy.astype(int) - picture).max() < 12
    with pytest.raises(FileFormatError, match="no readable picture"):
        recordio.unpack_img(recordio.pack(IRHeader(0, 1.0, 0, 0), b"no picture"))
    with pytest.raises(ParamError, match="img_fmt"):
        recordio.pack_img(IRHeader(0, 1.0, 0, 0), picture, img_fmt=".gif")


@pytest.mark.parametrize(
    "content",
    [b"abc", b"not a record file", MARK, MARK + struct.pack("<I", 100) + b"short",
     MARK + struct.pack("<I", 1 << 29 | 4) + b"abcd",
     MARK + struct.pack("<I", 7 << 29)],
)  # fmt: skip
def test_damaged_files_teach(tmp_path, content):
    (tmp_path / "a.rec").write_bytes(content)
    with pytest.raises(FileFormatError, match="damaged"):
        MXRecordIO(tmp_path / "a.rec", "r").read()


def test_misuse_teaches(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        MXRecordIO(tmp_path / "none.rec", "r")
    with pytest.raises(ParamError, match="'a'"):
        MXRecordIO(tmp_path / "a.rec", "a")
    file = MXRecordIO(tmp_path / "a.rec", "w")
    with pytest.raises(ArgumentError, match="cannot be read"):
        file.read()
    file.close()
    with pytest.raises(ArgumentError, match="closed"):
        file.write(b"x")
    (tmp_path / "a.idx").write_text("1\t2\nnonsense\n")
    with pytest.raises(FileFormatError, match=r"a\.idx, line 2"):
        MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "r")


@pytest.mark.parametrize("content", ["text", 5, None])
def test_only_bytes_are_records(tmp_path, content):
    with (
        recordio.MXRecordIO(str(tmp_path / "a.rec"), "w") as records,
        pytest.raises(DTypeError, match="encode"),
    ):
        records.write(content)
    with pytest.raises(DTypeError, match="given for a record"):
        recordio.pack(recordio.IRHeader(0, 1, 0, 0), content)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([[[1, 2, 3, 4]]], np.uint8), [[[3, 2, 1, 4]]]),
        (np.array([[1000]], np.uint16), [[1000]]),
        (np.array([[7]], np.uint8), [[7]]),
    ],
)
def test_pictures_are_unpacked_as_they_are_unless_colour_is_asked_for(pixels, expected):
    pillow = pytest.importorskip("PIL.Image")
    buffer = io.BytesIO()
    pillow.fromarray(pixels).save(buffer, "PNG")
    record = recordio.pack(IRHeader(0, 0, 0, 0), buffer.getvalue())

    assert recordio.unpack_img(record)[1].tolist() == expected
    assert recordio.unpack_img(record, 1)[1].shape == (1, 1, 3)
    assert recordio.unpack_img(record, 0)[1].shape == (1, 1)
