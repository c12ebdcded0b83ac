"""The store of weights: what lies in it is read, the rest comes from a mirror."""

from __future__ import annotations

import hashlib
import zipfile

import numpy as np
import pytest

from dlstudio import config, nd
from dlstudio.errors import DataError, ParamError, ShapeError
from dlstudio.gluon.model_zoo import model_store, vision

NOBODY = "http://127.0.0.1:9/"  # refuses connections at once


@pytest.fixture
def weights(tmp_path):
    """Weights of a small network, and the hash of their file."""
    net = vision.mobilenet0_25(classes=2)
    net.initialize()
    net(nd.zeros((1, 3, 32, 32)))
    path = tmp_path / "trained.params"
    net.save_parameters(str(path))
    return path, hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.fixture
def mirror(tmp_path, weights, monkeypatch):
    """A mirror in a folder, with MXNet's layout, that publishes the weights."""
    path, digest = weights
    monkeypatch.setitem(model_store._model_sha1, "mobilenet0.25", digest)
    folder = tmp_path / "mirror" / "gluon" / "models"
    folder.mkdir(parents=True)
    stem = f"mobilenet0.25-{digest[:8]}"
    with zipfile.ZipFile(folder / f"{stem}.zip", "w") as archive:
        archive.write(path, f"{stem}.params")
    monkeypatch.setenv("MXNET_GLUON_REPO", (tmp_path / "mirror").as_uri())
    return folder / f"{stem}.zip"


def test_a_short_hash_has_eight_digits_and_unknown_networks_are_refused():
    assert model_store.short_hash("vgg16_bn") == "7f01cf05"
    with pytest.raises(ParamError, match="resnet50_v2"):
        model_store.short_hash("resnet51_v2")


def test_weights_in_mxnets_home_are_read_without_any_download(tmp_path, weights, monkeypatch):
    path, digest = weights
    monkeypatch.setenv("MXNET_GLUON_REPO", NOBODY)
    (tmp_path / "models").mkdir()
    stored = tmp_path / "models" / f"mobilenet0.25-{digest[:8]}.params"
    stored.write_bytes(path.read_bytes())

    with config.using(home=tmp_path):
        found = model_store.get_model_file("mobilenet0.25")
        net = vision.get_model("mobilenet0.25", classes=2, pretrained=True)

    assert found == str(stored)
    kept = nd.load(str(path))
    for name, parameter in net._collect_params_with_prefix().items():
        np.testing.assert_array_equal(parameter.data().asnumpy(), kept[name].asnumpy())


def test_weights_are_fetched_from_the_mirror_once(tmp_path, mirror):
    first = model_store.get_model_file("mobilenet0.25", tmp_path / "store")
    mirror.unlink()

    assert model_store.get_model_file("mobilenet0.25", tmp_path / "store") == first
    assert [path.name for path in (tmp_path / "store").iterdir()] == [f"{mirror.stem}.params"]


def test_a_damaged_file_is_fetched_again(tmp_path, mirror, weights):
    (tmp_path / f"{mirror.stem}.params").write_bytes(b"half a file")

    found = model_store.get_model_file("mobilenet0.25", tmp_path)

    assert model_store.check_sha1(found, weights[1])


def test_a_damaged_file_that_cannot_be_replaced_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_GLUON_REPO", NOBODY)
    (tmp_path / "vgg11-dd221b16.params").write_bytes(b"half a file")

    with pytest.raises(DataError, match=r"vgg11-dd221b16\.params is damaged"):
        model_store.get_model_file("vgg11", tmp_path)


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path, mirror, monkeypatch):
    monkeypatch.setitem(model_store._model_sha1, "mobilenet0.25", "00000000")
    mirror.rename(mirror.with_name("mobilenet0.25-00000000.zip"))

    with pytest.raises(DataError, match="could not be downloaded"):
        model_store.get_model_file("mobilenet0.25", tmp_path / "store")

    assert not list((tmp_path / "store").iterdir())


def test_offline_the_message_names_the_folder_the_mirror_and_a_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_GLUON_REPO", NOBODY)

    with pytest.raises(DataError) as caught:
        vision.resnet18_v1(pretrained=True, root=tmp_path)

    for part in (str(tmp_path), "MXNET_GLUON_REPO", "get_model('resnet18_v1')", "a0666292"):
        assert part in str(caught.value)


def test_a_network_without_published_weights_says_so_without_asking_anybody(tmp_path):
    with pytest.raises(DataError, match="MXNet published none"):
        model_store.get_model_file("mobilenetv3_large", tmp_path)


def test_trained_weights_for_other_classes_tell_how_to_replace_the_head(tmp_path, weights):
    weights[0].rename(tmp_path / "mobilenet0.25.params")

    with pytest.raises(ShapeError, match="replace_head"):
        vision.mobilenet0_25(pretrained=True, root=tmp_path, classes=7)


def test_purge_deletes_weights_and_nothing_else(tmp_path, weights):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")

    model_store.purge(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
