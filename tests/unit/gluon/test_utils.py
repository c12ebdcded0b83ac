"""Splitting batches, clipping gradients, files from the network."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import gluon, nd
from dlstudio.errors import DataError, ParamError, ShapeError
from dlstudio.gluon import fetching


def test_a_split_of_rows_moves_no_bytes():
    data = nd.arange(6).reshape((3, 2))
    first = gluon.utils.split_data(data, 3)[0]
    first[:] = 9
    assert data.asnumpy()[0].tolist() == [9, 9]


def test_more_slices_than_samples_are_refused_with_what_helps():
    with pytest.raises(ShapeError, match=r"it has only 1[\s\S]*discard"):
        gluon.utils.split_data(nd.ones((1, 2)), 2, even_split=False)


def test_split_and_load_on_one_device_returns_the_batch_itself():
    data = nd.ones((4, 2))
    assert gluon.utils.split_and_load(data, [mx.cpu(0)])[0] is data


def test_split_and_load_puts_slices_on_their_devices():
    parts = gluon.utils.split_and_load(np.arange(5), [mx.cpu(0), mx.cpu(1)], even_split=False)
    assert [(str(p.context), p.shape) for p in parts] == [("cpu(0)", (3,)), ("cpu(1)", (2,))]


def test_small_gradients_are_not_clipped():
    arrays = [nd.array([0.3]), nd.array([0.4])]
    assert gluon.utils.clip_global_norm(arrays, 1.0) == pytest.approx(0.5)
    assert arrays[0].asscalar() == pytest.approx(0.3)


def test_gradients_that_are_not_finite_warn():
    with pytest.warns(UserWarning, match="nan or inf"):
        gluon.utils.clip_global_norm([nd.array([np.nan])], 1.0)


def test_clipping_nothing_is_refused():
    with pytest.raises(ParamError):
        gluon.utils.clip_global_norm([], 1.0)


def test_download_checks_and_keeps_files(tmp_path):
    source = tmp_path / "source.bin"
    source.write_bytes(b"weights")
    digest = hashlib.sha1(b"weights").hexdigest()
    target = gluon.utils.download(source.as_uri(), str(tmp_path / "copy.bin"), sha1_hash=digest)
    assert gluon.utils.check_sha1(target, digest)
    assert gluon.utils.check_sha1(target, digest[:8])
    source.write_bytes(b"other")
    gluon.utils.download(source.as_uri(), target, sha1_hash=digest)
    assert gluon.utils.check_sha1(target, digest)


def test_download_of_a_wrong_file_teaches_and_leaves_nothing(tmp_path):
    source = tmp_path / "source.bin"
    source.write_bytes(b"weights")
    with pytest.raises(DataError, match="checksum is wrong"):
        gluon.utils.download(source.as_uri(), str(tmp_path / "copy.bin"), sha1_hash="00", retries=0)
    assert not (tmp_path / "copy.bin").exists()


def test_download_keeps_a_good_file_replaces_a_wrong_one_and_overwrites_when_asked(tmp_path):
    source, target = tmp_path / "weights.bin", tmp_path / "copy.bin"
    source.write_bytes(b"new")
    target.write_bytes(b"old")
    digest = hashlib.sha1(b"new", usedforsecurity=False).hexdigest()

    gluon.utils.download(source.as_uri(), str(target))
    assert target.read_bytes() == b"old"
    gluon.utils.download(source.as_uri(), str(target), sha1_hash=digest)
    assert target.read_bytes() == b"new"
    source.write_bytes(b"newer")
    gluon.utils.download(source.as_uri(), str(target), overwrite=True)
    assert target.read_bytes() == b"newer"


def test_download_tries_again_after_a_failure(tmp_path, monkeypatch):
    answers = [OSError("no route"), DataError("the connection broke"), None]

    def pieces(url, verify_ssl):
        yield b"some"
        answer = answers.pop(0)
        if answer:
            raise answer
        yield b"thing"

    monkeypatch.setattr(fetching, "_pieces", pieces)
    target = gluon.utils.download("https://example.org/file", str(tmp_path), retries=2)

    assert Path(target).read_bytes() == b"something"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]  # no partial file is left


def test_a_download_that_fails_leaves_the_old_file_whole(tmp_path):
    old = tmp_path / "file"
    old.write_bytes(b"old")

    with pytest.raises(DataError, match="could not be downloaded"):
        gluon.utils.download("http://127.0.0.1:9/file", str(old), overwrite=True, retries=1)

    assert old.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_download_refuses_other_addresses_and_negative_retries(tmp_path):
    with pytest.raises(ParamError, match="ftp"):
        gluon.utils.download("ftp://example.org/x", str(tmp_path))
    with pytest.raises(ParamError, match="retries"):
        gluon.utils.download("https://example.org/x", str(tmp_path), retries=-1)


def test_one_device_needs_no_list_and_arguments_of_another_kind_teach():
    (all_of_it,) = gluon.utils.split_and_load(nd.ones((2, 2)), mx.cpu(1))
    assert all_of_it.context == mx.cpu(1)
    with pytest.raises(ParamError, match="list of devices"):
        gluon.utils.split_and_load(nd.ones((2, 2)), None)
    with pytest.raises(ParamError, match="arrays is a NDArray"):
        gluon.utils.clip_global_norm(nd.ones(2), 1)
