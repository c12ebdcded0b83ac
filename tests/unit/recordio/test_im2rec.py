"""im2rec: folders of pictures become lists and records, and records the same pictures again."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import cli, im2rec, recordio
from dlstudio.gluon.data.vision import ImageListDataset, ImageRecordDataset

pillow = pytest.importorskip("PIL.Image")


def picture(number, shape=(12, 16)):
    return np.random.default_rng(number).integers(0, 256, (*shape, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "pictures and more"
    for number, name in enumerate(
        ("cat/a.png", "cat/b.PNG", "dog/c.png", "dog/sub/d.png", "e.png")
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pillow.fromarray(picture(number)).save(path)
    (root / "notes.txt").write_text("no picture", encoding="utf-8")
    return root


def run(*arguments):
    assert im2rec.main([str(a) for a in arguments]) == 0


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_a_list_has_number_label_and_path(folder, tmp_path, capsys):
    run("--list", "--recursive", "--no-shuffle", tmp_path / "all", folder)
    assert lines(tmp_path / "all.lst") == [
        "0\t0.000000\te.png",
        "1\t1.000000\tcat/a.png",
        "2\t1.000000\tcat/b.PNG",
        "3\t2.000000\tdog/c.png",
        "4\t3.000000\tdog/sub/d.png",
    ]
    assert capsys.readouterr().out.splitlines()[:4] == [". 0", "cat 1", "dog 2", "dog/sub 3"]
    run("--list", tmp_path / "flat", folder)
    assert lines(tmp_path / "flat.lst") == ["0\t0.000000\te.png"]
    run("--list", "--recursive", "--exts", ".PNG", "--no-shuffle", tmp_path / "png", folder)
    assert len(lines(tmp_path / "png.lst")) == 5


def test_shuffling_is_mxnets(folder, tmp_path):
    run("--list", "--recursive", tmp_path / "all", folder)
    order = list(range(5))
    random.Random(100).shuffle(order)
    assert [int(line.split("\t")[0]) for line in lines(tmp_path / "all.lst")] == order


def test_lists_are_cut_for_training_validation_and_testing(folder, tmp_path):
    run("--list", "--recursive", "--train-ratio", 0.4, "--test-ratio", 0.2, tmp_path / "a", folder)
    counts = {part: len(lines(tmp_path / f"a_{part}.lst")) for part in ("train", "val", "test")}
    assert counts == {"train": 2, "val": 2, "test": 1}
    run("--list", "--recursive", "--chunks", 2, tmp_path / "c", folder)
    assert [len(lines(tmp_path / f"c_{i}.lst")) for i in range(2)] == [3, 2]


@pytest.mark.parametrize("options", [(), ("--num-thread", 3), ("--pass-through",)])
def test_from_a_folder_to_the_same_pictures(folder, tmp_path, options):
    prefix = tmp_path / "all"
    run("--list", "--recursive", prefix, folder)
    run("--encoding", ".png", "--quality", 3, *options, prefix, folder)
    listed = [line.split("\t") for line in lines(tmp_path / "all.lst")]
    records = ImageRecordDataset(tmp_path / "all.rec")
    assert len(records) == 5
    named = ImageListDataset(folder, str(tmp_path / "all.lst"))
    batches = mx.io.ImageRecordIter(
        path_imgrec=tmp_path / "all.rec", path_imgidx=tmp_path / "all.idx",
        data_shape=(3, 12, 16), batch_size=5,
    )  # fmt: skip
    batch = batches.next()
    for place, (number, label, name) in enumerate(listed):
        expected = np.asarray(pillow.open(folder / name))
        image, found = records[place]
        np.testing.assert_array_equal(image.asnumpy(), expected)
        assert found == float(label)
        np.testing.assert_array_equal(named[place][0].asnumpy(), expected)
        assert named[place][1].tolist() == [float(label)]
        np.testing.assert_array_equal(np.moveaxis(batch.data[0].asnumpy()[place], 0, 2), expected)
        header, _ = recordio.unpack(recordio_at(tmp_path, int(number)))
        assert header.id == int(number)


def recordio_at(tmp_path, key):
    reader = recordio.MXIndexedRecordIO(tmp_path / "all.idx", tmp_path / "all.rec", "r")
    return reader.read_idx(key)


def test_pictures_are_cut_resized_and_made_grey(folder, tmp_path):
    prefix = tmp_path / "small"
    run("--list", "--recursive", prefix, folder)
    run("--resize", 6, "--encoding", ".png", prefix, folder)
    assert ImageRecordDataset(tmp_path / "small.rec")[0][0].shape == (6, 8, 3)
    run("--center-crop", "--color", 0, "--quality", 80, prefix, folder)
    assert ImageRecordDataset(tmp_path / "small.rec", flag=0)[0][0].shape == (12, 12, 1)
    header, content = recordio.unpack(recordio.MXRecordIO(tmp_path / "small.rec", "r").read())
    assert content[:2] == b"\xff\xd8"  # JPEG
    assert header.flag == 0


def test_all_labels_of_a_line_are_packed(folder, tmp_path):
    (tmp_path / "m.lst").write_text("7\t1.5\t2.5\tcat/a.png\n", encoding="utf-8")
    run("--pack-label", tmp_path / "m", folder)
    _, label = ImageRecordDataset(tmp_path / "m.rec")[0]
    assert label.tolist() == [1.5, 2.5]
    run(tmp_path / "m", folder)
    assert ImageRecordDataset(tmp_path / "m.rec")[0][1] == 1.5


def test_damaged_pictures_are_told_and_left_out(folder, tmp_path, capsys):
    (folder / "cat" / "a.png").write_bytes(b"no picture")
    run("--list", "--recursive", tmp_path / "all", folder)
    (folder / "dog" / "c.png").unlink()
    run(tmp_path / "all", folder)
    errors = capsys.readouterr().err
    assert "cat/a.png is left out" in errors
    assert "dog/c.png is left out" in errors
    assert len(ImageRecordDataset(tmp_path / "all.rec")) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--list", "x", "nowhere"), "no folder"),
        (("--list", "x", "{folder}/dog/sub/none"), "no folder"),
        (("{folder}/none", "{folder}"), "--list"),
        (
            ("--list", "--train-ratio", "0.9", "--test-ratio", "0.2", "x", "{folder}"),
            "--train-ratio",
        ),
        (("--list", "--exts", ".gif", "--", "x", "{folder}"), "no picture"),
    ],
)
def test_misuse_teaches(folder, capsys, arguments, message):
    assert im2rec.main([text.format(folder=folder) for text in arguments]) == 1
    assert message in capsys.readouterr().err


def test_it_is_a_command_and_a_module(folder, tmp_path):
    prefix = str(tmp_path / "all")
    assert cli.main(["im2rec", "--list", "--recursive", prefix, str(folder)]) == 0
    command = [sys.executable, "-m", "dlstudio.im2rec", prefix, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "5 of 5 pictures" in done.stdout


def test_scripts_run_the_program_by_its_path(folder, tmp_path):
    program = mx.test_utils.get_im2rec_path()
    command = [sys.executable, program, "--list", "--recursive", str(tmp_path / "all"), str(folder)]

    subprocess.run(command, check=True, timeout=60)

    assert len(lines(tmp_path / "all.lst")) == 5
