"""Environment variables, retries, downloads and iterators of test programs."""

import bz2
import gzip
import os
import struct
import sys
import zipfile

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd, test_utils
from dlstudio.errors import DataError, ParamError, ShapeError


def test_an_expected_exception_must_come():
    test_utils.assert_exception(nd.dot, ShapeError, nd.ones((2, 3)), nd.ones((2, 3)))
    with pytest.raises(AssertionError, match="did not raise ValueError"):
        test_utils.assert_exception(nd.exp, ValueError, nd.ones(1))


def test_a_flaky_test_may_fail_before_it_passes():
    tries = []

    @test_utils.retry(3)
    def flaky(least):
        tries.append(1)
        assert len(tries) >= least
        return "passed"

    assert flaky(3) == "passed"
    tries.clear()
    with pytest.raises(AssertionError):
        flaky(4)
    assert len(tries) == 3
    with pytest.raises(ParamError):
        test_utils.retry(0)


def test_environment_variables_come_back(monkeypatch):
    monkeypatch.setenv("DLSTUDIO_TEST_A", "before")
    monkeypatch.delenv("DLSTUDIO_TEST_B", raising=False)
    with test_utils.environment({"DLSTUDIO_TEST_A": None, "DLSTUDIO_TEST_B": "1"}):
        assert test_utils.getenv("DLSTUDIO_TEST_A") is None
        with test_utils.environment("DLSTUDIO_TEST_B", "2"):
            assert test_utils.getenv("DLSTUDIO_TEST_B") == "2"
        with test_utils.EnvManager("DLSTUDIO_TEST_B", "3"):
            assert test_utils.getenv("DLSTUDIO_TEST_B") == "3"
        assert test_utils.getenv("DLSTUDIO_TEST_B") == "1"
    assert os.environ["DLSTUDIO_TEST_A"] == "before"
    assert "DLSTUDIO_TEST_B" not in os.environ
    with pytest.raises(ParamError, match="a name and a value"), test_utils.environment("A"):
        pass


def test_standard_error_is_silent_inside_the_block(capfd):
    with test_utils.discard_stderr():
        os.write(2, b"hidden")
    print("shown", file=sys.stderr, flush=True)
    assert capfd.readouterr().err == "shown\n"


def test_download_puts_a_file_into_a_folder(tmp_path):
    source = tmp_path / "source.txt"
    source.write_text("data", encoding="utf-8")
    found = test_utils.download(source.as_uri(), dirname=str(tmp_path / "made" / "here"))
    assert found == str(tmp_path / "made" / "here" / "source.txt")
    assert test_utils.download(source.as_uri(), "other.txt", str(tmp_path)).endswith("other.txt")
    with pytest.raises(DataError):
        test_utils.download((tmp_path / "none").as_uri(), "n", str(tmp_path), retries=0)


def test_a_dummy_iterator_gives_one_batch_for_ever():
    real = mx.io.NDArrayIter(np.arange(6.0).reshape(6, 1), np.zeros(6), batch_size=2)
    dummy = test_utils.DummyIter(real)
    batches = [dummy.next() for _ in range(5)]
    assert all(b is batches[0] for b in batches)
    assert dummy.provide_data == real.provide_data
    assert next(iter(dummy)) is batches[0]


def test_mnist_is_read_from_the_cache_and_cut_into_parts(monkeypatch):
    from dlstudio.gluon.data import vision

    class Cached:
        def __init__(self, train):
            n = 6 if train else 2
            self._data = np.full((n, 28, 28, 1), 255, np.uint8)
            self._label = np.arange(n, dtype=np.int32)

    monkeypatch.setattr(vision, "MNIST", Cached)
    mnist = test_utils.get_mnist()
    assert mnist["train_data"].shape == (6, 1, 28, 28)
    assert mnist["test_data"].max() == 1
    train, test = test_utils.get_mnist_iterator(1, (784,), num_parts=2, part_index=1)
    assert sorted(int(b.label[0].asscalar()) for b in train) == [1, 3, 5]
    assert [b.data[0].shape for b in test] == [(1, 784)]


def test_files_of_classic_data_sets_are_laid_where_examples_look(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "home" / "datasets"
    (folder / "mnist").mkdir(parents=True)
    (folder / "cifar10").mkdir()
    for part, count in (("train", 7), ("t10k", 3)):
        images = struct.pack(">4I", 2051, count, 28, 28) + bytes(range(count)) * 784
        labels = struct.pack(">2I", 2049, count) + bytes(range(count))
        for kind, content in (("images-idx3", images), ("labels-idx1", labels)):
            packed = folder / "mnist" / f"{part}-{kind}-ubyte.gz"
            packed.write_bytes(gzip.compress(content))
    for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
        (folder / "cifar10" / name).write_bytes(b"\x04" + bytes(1024) + b"\x07" * 2048)
    with mx.config.using(home=tmp_path / "home"):
        test_utils.get_mnist_ubyte()
        test_utils.get_cifar10()

    digits = mx.io.MNISTIter(
        image="data/train-images-idx3-ubyte", label="data/train-labels-idx1-ubyte", batch_size=7
    )
    pictures = mx.io.ImageRecordIter(
        path_imgrec="data/cifar/train.rec", data_shape=(3, 32, 32), batch_size=5
    )
    assert sorted(next(digits).label[0].asnumpy()) == list(range(7))
    batch = next(pictures)
    assert batch.label[0].asnumpy().tolist() == [4] * 5
    assert batch.data[0][0, :, 0, 0].asnumpy().tolist() == [0, 7, 7]


def test_packed_files_are_unpacked_once(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("inside.txt", "unpacked")
    (tmp_path / "b.bz2").write_bytes(bz2.compress(b"unpacked too"))

    test_utils.get_zip_data(tmp_path, "http://localhost:9/a.zip", "a.zip")
    for _ in range(2):
        test_utils.get_bz2_data(tmp_path, "b.txt", "http://localhost:9/b.bz2", "b.bz2")

    assert (tmp_path / "inside.txt").read_text(encoding="utf-8") == "unpacked"
    assert (tmp_path / "b.txt").read_text(encoding="utf-8") == "unpacked too"


def test_names_of_mxnet_are_there():
    for name in test_utils.__all__:
        assert hasattr(test_utils, name)
    assert mx.test_utils is test_utils
    assert test_utils.use_np is mx.util.use_np
    assert list(test_utils.list_gpus()) == list(range(mx.num_gpus()))


def test_questions_about_the_machine(monkeypatch):
    monkeypatch.setenv("CD_JOB", "1")
    assert test_utils.is_cd_run()
    assert test_utils.is_op_runnable()
    assert not test_utils.has_tvm_ops()
    assert test_utils.is_aarch64_run() in (True, False)
