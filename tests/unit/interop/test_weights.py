"""Weight files of other libraries: real ones are read, hostile ones are refused."""

import contextlib
import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlstudio import gluon, nd
from dlstudio.errors import ArgumentError, FileFormatError, MissingExtraError, MXNetError
from dlstudio.interop import weights
from dlstudio.interop.weights import load_weights, save_weights

# written by PyTorch 2.13 and Keras 3.15 (tensors of a few elements)
FILES = Path(__file__).parent / "files"
REAL = ["linear.pt", "nested.pth", "keras3.keras", "keras3.weights.h5", "keras_legacy.h5"]


# ---- files that others wrote -----------------------------------------------------------------
def test_a_state_dict_of_pytorch_is_read():
    arrays = load_weights(FILES / "linear.pt")
    assert list(arrays) == ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean",
                            "1.running_var", "1.num_batches_tracked"]  # fmt: skip
    np.testing.assert_allclose(
        arrays["0.weight"],
        [[-0.0043225177, 0.30971584, -0.47518533], [-0.4248946, -0.22236897, 0.15482073]],
        rtol=1e-6,
    )
    assert arrays["1.num_batches_tracked"].dtype == np.int64


def test_nested_checkpoints_give_dotted_names_and_every_kind_of_tensor():
    arrays = load_weights(FILES / "nested.pth")
    x = np.arange(12, dtype="float32").reshape(3, 4)
    want = {
        "model.w": x.T, "model.half": x[1:].astype("float16"), "model.bf": x,
        "model.i": np.array([1, 2]), "model.e": np.zeros((0, 3), "float32"),
        "model.s": np.float32(2.5),
    }  # fmt: skip
    assert list(arrays) == list(want)
    for name, value in want.items():
        np.testing.assert_array_equal(arrays[name], value)
        assert arrays[name].dtype == value.dtype


@pytest.mark.parametrize(
    ("file", "kernel"),
    [
        ("keras3.keras", "layers/dense/vars/0"),
        ("keras3.weights.h5", "layers/dense/vars/0"),
        ("keras_legacy.h5", "model_weights/first/sequential/first/kernel"),
    ],
)
def test_keras_weights_are_read(file, kernel):
    arrays = load_weights(FILES / file)
    assert len(arrays) == 8
    np.testing.assert_array_equal(arrays[kernel], [[0, 1], [2, 3], [4, 5]])


# ---- our own ---------------------------------------------------------------------------------
@pytest.mark.parametrize("ending", [".params", ".npz", ".safetensors"])
def test_what_is_written_is_read_again_views_included(tmp_path, ending):
    x = np.arange(12, dtype="float32").reshape(3, 4)
    arrays = {"a": x.T, "b": x[::2, 1:], "c": nd.ones((2, 2)), "d": np.float64([1.5])}
    save_weights(tmp_path / f"net{ending}", arrays)
    again = load_weights(tmp_path / f"net{ending}")
    assert set(again) == set(arrays)
    for name, given_value in arrays.items():
        value = given_value.asnumpy() if name == "c" else given_value
        np.testing.assert_array_equal(again[name], value)
        assert again[name].dtype == value.dtype


def test_unknown_endings_teach(tmp_path):
    with pytest.raises(ArgumentError, match=r"'\.pkl'.*\n.*\.safetensors"):
        load_weights(tmp_path / "net.pkl")
    with pytest.raises(ArgumentError, match=r"no writer for files ending in '\.pt'"):
        save_weights(tmp_path / "net.pt", {})


def test_a_missing_library_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"dlstudio\[files\]"):
        load_weights(FILES / "keras3.keras")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "net.safetensors"
    save_weights(file, {"a": np.ones(3)})
    before = file.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_weights(file, {"a": np.zeros(300)})
    assert file.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]


@pytest.mark.parametrize("ending", [".params", ".npz", ".safetensors"])
def test_networks_are_saved_and_loaded_in_every_format(tmp_path, ending):
    net, again = (gluon.nn.Dense(2, in_units=3) for _ in range(2))
    net.initialize()
    net.save_parameters(tmp_path / f"net{ending}")
    again.load_parameters(tmp_path / f"net{ending}")
    np.testing.assert_array_equal(again.weight.data().asnumpy(), net.weight.data().asnumpy())


def test_parameter_files_of_mxnet_2_are_read_whatever_their_ending(tmp_path):
    np.savez(tmp_path / "net", weight=np.ones((2, 3), "float32"), bias=np.zeros(2, "float32"))
    (tmp_path / "net.npz").rename(tmp_path / "net.params")
    net = gluon.nn.Dense(2, in_units=3)
    net.load_parameters(tmp_path / "net.params")
    assert net.weight.data().asnumpy().sum() == 6
    assert set(nd.load(str(tmp_path / "net.params"))) == {"weight", "bias"}


# ---- hostile files ---------------------------------------------------------------------------
class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/dlstudio-was-here",)


def archive(description, **storages):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("net/data.pkl", description)
        for name, content in storages.items():
            file.writestr(f"net/data/{name}", content)
    return buffer.getvalue()


def described(stride=1, count=4, shape=4, offset=0):
    """Spell the pickle of ``{"w": tensor}`` as PyTorch does, with numbers of our choice."""
    numbers = [pickle.dumps(n, 2)[2:-1] for n in (offset, shape, stride, count)]
    offset, shape, stride, count = numbers
    storage = (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
        + count + b"tQ"
    )  # fmt: skip
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset
    tensor += b"(" + shape + b"t(" + stride + b"t\x89ccollections\nOrderedDict\n)RtR"
    return b"\x80\x02}X\x01\x00\x00\x00w" + tensor + b"s."


def test_the_spelled_file_is_what_pytorch_writes(tmp_path):
    file = tmp_path / "net.pt"
    file.write_bytes(archive(described(), **{"0": np.arange(4, dtype="float32").tobytes()}))
    np.testing.assert_array_equal(load_weights(file)["w"], [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"stride": 2}, "does not fit its storage"),
        ({"offset": 1}, "does not fit its storage"),
        ({"offset": -1}, "described wrongly"),
        ({"stride": -1}, "described wrongly"),
        ({"shape": 1 << 40, "stride": 0}, "does not fit its storage"),
        ({"shape": 1 << 62}, "described wrongly"),
        ({"count": 5}, "fewer than 5"),
        ({"count": -1}, "fewer than -1"),
    ],
)
def test_tensors_that_reach_beyond_their_bytes_are_refused(tmp_path, numbers, message):
    file = tmp_path / "net.pt"
    content = np.arange(4, dtype="float32").tobytes()
    file.write_bytes(archive(described(**numbers), **{"0": content}))
    with pytest.raises(FileFormatError, match=message):
        load_weights(file)


def test_nothing_in_a_file_is_executed(tmp_path):
    trace = Path("/tmp/dlstudio-was-here")
    for protocol in range(6):
        (tmp_path / "net.pt").write_bytes(archive(pickle.dumps(Evil(), protocol)))
        with pytest.raises(FileFormatError, match=r"asks to run|no tensors"):
            load_weights(tmp_path / "net.pt")
    with (tmp_path / "net.npz").open("wb") as file:
        np.savez(file, a=np.array([Evil()], dtype=object))
    with pytest.raises(FileFormatError, match="plain arrays"):
        load_weights(tmp_path / "net.npz")
    assert not trace.exists()


@pytest.mark.parametrize(
    "description",
    [
        b"\x80\x02r\xff\xff\xff\xff.",  # a memo of 2³² places
        b"\x80\x02]q\x00h\x00a.",  # a list that contains itself
        b"\x80\x02X\xff\xff\xff\xff.",
        b"\x80\x02c__builtin__\neval\n(X\x01\x00\x00\x001tR.",
        b"(i__builtin__\neval\np0\n.",
        b"\x80\x02\x82\x01.",
        b"",
        b".",
    ],
)
def test_hostile_descriptions_are_refused(tmp_path, description):
    (tmp_path / "net.pt").write_bytes(archive(description))
    with pytest.raises(FileFormatError):
        load_weights(tmp_path / "net.pt")


def test_lists_of_lists_do_not_explode(tmp_path):
    value = []
    for _ in range(60):
        value = [value, value]
    (tmp_path / "net.pt").write_bytes(archive(pickle.dumps(value, 2)))
    with pytest.raises(FileFormatError, match="far too large"):
        load_weights(tmp_path / "net.pt")


def test_archives_that_would_explode_are_refused(tmp_path):
    for name, inside in (("net.npz", "a.npy"), ("net.keras", "model.weights.h5")):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(inside, b"\0" * 300_000_000)
        with pytest.raises(FileFormatError, match="claim to unpack"):
            load_weights(tmp_path / name)


def test_bfloat16_is_read_from_safetensors(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([1.5, -2, 3], ml_dtypes.bfloat16)

    save_weights(tmp_path / "net.safetensors", {"a": array})
    (found,) = load_weights(tmp_path / "net.safetensors").values()

    assert found.dtype == array.dtype
    assert found.tolist() == [1.5, -2, 3]
    found[0] = 4  # what was loaded belongs to the caller


def test_dtypes_that_the_engine_lacks_are_named(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    save_file = pytest.importorskip("safetensors.numpy").save_file
    save_file({"small": np.zeros(2, ml_dtypes.float8_e5m2)}, tmp_path / "net.safetensors")

    with pytest.raises(FileFormatError, match="'small' is of dtype F8_E5M2"):
        load_weights(tmp_path / "net.safetensors")


@pytest.mark.parametrize("name", REAL)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_damaged_files_raise_our_errors_only(name, data):
    content = bytearray((FILES / name).read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    for _ in range(data.draw(st.integers(0, 3))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MXNetError):
        weights._READERS[Path(name).suffix](bytes(content))
