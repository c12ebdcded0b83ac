"""The .params codec against files the real MXNet 1.9.1 wrote, and against damage."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import ArgumentError, DTypeError, FileFormatError
from dlstudio.interop import files, params

PACK = Path(__file__).parents[2] / "reference" / "pack" / "symbols" / "open" / "params"
FILES = sorted(PACK.glob("*.params"))
needs_pack = pytest.mark.skipif(not FILES, reason="the recorded reference pack is not in tests/")


def expected(name):
    records = json.loads((PACK / "contents.json").read_text(encoding="utf-8"))
    content = next(r["content"] for r in records if r.get("file") == name)
    with np.load(PACK / "contents.npz", allow_pickle=False) as buffers:
        return decode(content, buffers)


def decode(value, buffers):
    if isinstance(value, list):
        return [decode(v, buffers) for v in value]
    if "$a" in value:
        dtype, offset, shape = value["$a"]
        count = int(np.prod(shape, dtype=np.int64))
        return buffers[dtype][offset : offset + count].reshape(shape)
    if "$rsp" in value:
        parts = {k: decode(v, buffers) for k, v in value["$rsp"].items() if k != "shape"}
        return params.RowSparseArray(shape=tuple(value["$rsp"]["shape"]), **parts)
    if "$csr" in value:
        parts = {k: decode(v, buffers) for k, v in value["$csr"].items() if k != "shape"}
        return params.CsrArray(shape=tuple(value["$csr"]["shape"]), **parts)
    return {k: decode(v, buffers) for k, v in value.items()}


def assert_same(got, want):
    if isinstance(got, (params.RowSparseArray, params.CsrArray)):
        assert got.shape == want.shape
        got, want = got.todense(), want.todense()
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


@needs_pack
@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_reads_what_mxnet_wrote(file):
    got, want = params.load(file), expected(file.name)
    assert type(got) is type(want)
    pairs = (
        zip(got.values(), want.values(), strict=True)
        if isinstance(got, dict)
        else zip(got, want, strict=True)
    )
    if isinstance(got, dict):
        assert list(got) == list(want)
    for a, b in pairs:
        assert_same(a, b)


@needs_pack
@pytest.mark.parametrize(
    "file", [f for f in FILES if "sparse" not in f.stem and f.stem != "csr"], ids=lambda f: f.stem
)
def test_writes_the_same_bytes_as_mxnet(file):
    numpy_shapes = file.stem == "npx_dict"
    assert params.dumps(params.load(file), numpy_shapes=numpy_shapes) == file.read_bytes()


def arrays():
    return {
        "arg:w": np.arange(6, dtype="float32").reshape(2, 3),
        "aux:m": np.array([1, 2], "int64"),
        "rows": params.RowSparseArray(np.ones((2, 3), "float32"), np.array([0, 3]), (4, 3)),
        "csr": params.CsrArray(
            np.array([1.0, 2.0]), np.array([2, 0]), np.array([0, 1, 1, 2]), (3, 3)
        ),
    }


@pytest.mark.parametrize("numpy_shapes", [False, True])
def test_round_trip_keeps_names_order_and_values(numpy_shapes):
    got = params.loads(params.dumps(arrays(), numpy_shapes=numpy_shapes))
    assert list(got) == list(arrays())
    for name, want in arrays().items():
        assert_same(got[name], want)


def test_zero_dimensional_and_empty_arrays_round_trip():
    scalar, empty = params.loads(params.dumps([np.float32(3).reshape(()), np.zeros((0, 3))]))
    assert scalar.shape == ()
    assert scalar == 3
    assert empty.shape == (0, 3)


def test_loaded_arrays_are_writable_and_own_their_memory():
    (array,) = params.loads(params.dumps([np.ones(3)]))
    array[:] = 2
    assert array.base is None


def test_legacy_format_without_header_is_read():
    array = np.array([1.5, 2.5], "<f4")
    body = (
        np.array([1, 2], "<u4").tobytes() + np.array([1, 0, 0], "<i4").tobytes() + array.tobytes()
    )
    content = np.array([0x112, 0, 1], "<u8").tobytes() + body + np.array([0], "<u8").tobytes()
    assert_same(params.loads(content)[0], array)


def bfloat16_file():
    content = bytearray(params.dumps([np.array([0x3FC0], "uint16")]))
    content[52:56] = (12).to_bytes(4, "little")  # 24 header + 20 magic … shape + 8 device
    return bytes(content)


def test_bfloat16_is_read_and_written():
    (array,) = params.loads(bfloat16_file())
    assert (array.dtype.name, float(array[0])) == ("bfloat16", 1.5)
    assert params.dumps([array]) == bfloat16_file()


def test_bfloat16_is_widened_where_numpy_does_not_know_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    (array,) = params.loads(bfloat16_file())
    assert (array.dtype.name, float(array[0])) == ("float32", 1.5)


@pytest.mark.parametrize("keep", [0, 8, 23, 30, 60, -1])
def test_truncated_file_is_refused_with_its_name(tmp_path, keep):
    file = tmp_path / "cut.params"
    file.write_bytes(params.dumps(arrays())[:keep])
    with pytest.raises(FileFormatError, match=r"cut\.params.*not a readable"):
        params.load(file)


def test_random_damage_raises_only_our_error():
    rng = np.random.default_rng(7)
    good = params.dumps(arrays())
    for _ in range(2000):
        damaged = bytearray(good)
        for position in rng.integers(0, len(good), 3):
            damaged[position] = rng.integers(256)
        try:
            content = params.loads(bytes(damaged[: rng.integers(1, len(good) + 1)]))
        except FileFormatError:
            continue
        values = content.values() if isinstance(content, dict) else content
        for value in values:
            if hasattr(value, "todense") and np.prod(value.shape) < 1e6:
                value.todense()


def test_a_file_that_claims_a_huge_array_allocates_nothing():
    content = bytearray(params.dumps([np.ones((2, 3), "float32")]))
    content[36:44] = (2**50).to_bytes(8, "little")  # the first size of the shape
    with pytest.raises(FileFormatError, match="more are due"):
        params.loads(bytes(content))


def test_unsupported_dtype_teaches():
    with pytest.raises(DTypeError, match="complex64 cannot be saved"):
        params.dumps([np.ones(2, "complex64")])


def test_a_failed_write_leaves_the_old_file_whole(tmp_path, monkeypatch):
    file = tmp_path / "net.params"
    params.save(file, [np.ones(2)])
    before = file.read_bytes()

    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        params.save(file, [np.zeros(1000)])
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_is_not_written_over(tmp_path):
    with pytest.raises(ArgumentError, match="is a folder"):
        files.write_atomically(tmp_path, b"content")
    assert not [file for file in tmp_path.parent.iterdir() if file.name.startswith(".")]


def test_numpys_file_of_one_array_is_read(tmp_path):
    np.save(tmp_path / "one.npy", np.arange(3, dtype=np.float32))

    assert isinstance(mx.nd.load(tmp_path / "one.npy"), list)
    assert mx.npx.load(str(tmp_path / "one.npy")).tolist() == [0, 1, 2]


def test_a_damaged_numpy_file_is_refused(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    content = (tmp_path / "objects.npy").read_bytes()

    for damaged in (content, content[:9], content[:20]):
        with pytest.raises(FileFormatError, match=r"\.npy"):
            params.loads(damaged)
