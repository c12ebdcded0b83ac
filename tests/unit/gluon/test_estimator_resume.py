"""CheckpointHandler: files, the best, and going on after a kill as if nothing had happened."""

import contextlib
import logging
import os
import subprocess
import sys

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import gluon, nd
from dlstudio.errors import FileFormatError, ParamError
from dlstudio.gluon.contrib import estimator as es
from dlstudio.gluon.contrib.estimator import saved
from tests.unit.gluon import estimator_training
from tests.unit.gluon.test_estimator import Script, classifier, heard, loader, weights


# Processes ------------------------------------------------------------------------------------
def start(repository, folder, result, where):
    # kernels compiled in the background would replace NumPy's at some moment, which rounds
    # differently; an uninterrupted run has that moment too, but elsewhere
    settings = {
        "DLSTUDIO_KERNELS": "numpy", "PYTHONPATH": str(repository), "PYTHONUTF8": "1",
        "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, estimator_training.__file__, str(folder), str(result), where],
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_to_the_end(repository, folder, result):
    process = start(repository, folder, result, "never")
    text, _ = process.communicate(timeout=400)
    assert process.returncode == 0, text
    return text


def kill(repository, folder, result, where):
    with start(repository, folder, result, where) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line == "held\n":
                break
        process.kill()  # SIGKILL; on Windows TerminateProcess: nothing of the program runs on
    assert lines[-1] == "held\n", "".join(lines)


def assert_same(one, other):
    one, other = nd.load(str(one)), nd.load(str(other))
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name].asnumpy(), other[name].asnumpy(), err_msg=name)


def kill_at_any_moment(repository, folder, result, seconds):
    process = start(repository, folder, result, "never")
    for line in process.stdout:
        if line.startswith("Training begin"):
            break
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.communicate()


@pytest.mark.timeout(600)  # eight processes in a row: a loaded machine is slow, not wrong
def test_a_training_killed_five_times_ends_as_an_uninterrupted_one(repository, tmp_path):
    seed = int.from_bytes(os.urandom(4), "little")
    chance = np.random.default_rng(seed)
    print(f"seed {seed}")
    whole, killed, folder = tmp_path / "whole.params", tmp_path / "killed.params", tmp_path / "b"
    run_to_the_end(repository, tmp_path / "a", whole)
    kill(repository, folder, killed, f"batch:{chance.integers(1, 16)}")
    kill(repository, folder, killed, f"write:{chance.integers(1, 6)}")
    for _ in range(3):
        kill_at_any_moment(repository, folder, killed, chance.uniform(0, 0.2))
    run_to_the_end(repository, folder, killed)
    assert_same(whole, killed)


# Files ----------------------------------------------------------------------------------------
def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_checkpoints_are_named_as_mxnet_names_them_and_old_ones_go(tmp_path):
    handler = es.CheckpointHandler(tmp_path, "net", epoch_period=1, max_checkpoints=2)
    classifier().fit(loader(), epochs=3, event_handlers=[handler])
    assert names(tmp_path) == [
        "net-epoch1batch10.params", "net-epoch1batch10.progress", "net-epoch1batch10.states",
        "net-epoch2batch15.params", "net-epoch2batch15.progress", "net-epoch2batch15.states",
    ]  # fmt: skip


def test_batch_periods_count_over_epochs(tmp_path):
    handler = es.CheckpointHandler(tmp_path, epoch_period=None, batch_period=4)
    classifier().fit(loader(), batches=9, event_handlers=[handler])
    assert [name for name in names(tmp_path) if name.endswith("params")] == [
        "model-epoch0batch3.params", "model-epoch1batch7.params",
    ]  # fmt: skip


def test_the_symbol_of_a_hybridized_network_is_saved(tmp_path):
    estimator = classifier()
    estimator.net.hybridize()
    estimator.fit(loader(), epochs=1, event_handlers=[es.CheckpointHandler(tmp_path)])
    symbol = mx.sym.load(str(tmp_path / "model-symbol.json"))
    assert len(symbol.list_arguments()) == 5


def test_the_best_is_kept(tmp_path):
    estimator = classifier()
    watched = estimator.val_metrics[0]
    handler = es.CheckpointHandler(tmp_path, monitor=watched, save_best=True)
    seen = []

    class Note(es.EpochEnd):
        def epoch_end(self, estimator, *args, **kwargs):
            seen.append(weights(estimator))

    handlers = [Script(watched, [0.3, 0.8, 0.5]), handler, Note()]
    estimator.fit(loader(), epochs=3, event_handlers=handlers)
    assert handler.best == 0.8
    assert (tmp_path / "model-best.states").is_file()
    estimator.net.load_parameters(tmp_path / "model-best.params")
    for key, value in weights(estimator).items():
        np.testing.assert_array_equal(value, seen[1][key])


def test_a_best_without_a_metric_and_bad_periods_are_refused(tmp_path):
    with pytest.raises(ParamError, match="monitor is a NoneType"):
        es.CheckpointHandler(tmp_path, save_best=True)
    with pytest.raises(ParamError, match="batch_period=0"):
        es.CheckpointHandler(tmp_path, batch_period=0)


# Resuming -------------------------------------------------------------------------------------
def resume(folder, **keywords):
    estimator = classifier()
    lines = heard(estimator)
    handler = es.CheckpointHandler(folder, resume_from_checkpoint=True)
    estimator.fit(loader(), event_handlers=[handler], **keywords)
    return estimator, handler, lines


def test_a_longer_training_goes_on_where_the_shorter_ended(tmp_path):
    resume(tmp_path, epochs=2)
    estimator, handler, lines = resume(tmp_path, epochs=5)
    assert (handler.trained_epoch, handler.trained_batch) == (1, 10)
    assert [line[:9] for line in lines if "Finished" in line] == [
        "[Epoch 2]", "[Epoch 3]", "[Epoch 4]",
    ]  # fmt: skip
    whole = classifier()
    whole.fit(loader(), epochs=5)
    for key, value in weights(whole).items():
        np.testing.assert_array_equal(weights(estimator)[key], value)


def test_batches_go_on_inside_an_epoch(tmp_path):
    resume(tmp_path, batches=7)
    estimator, _, lines = resume(tmp_path, batches=13)
    assert any("resuming from epoch 1, batch 2" in line for line in lines)
    whole = classifier()
    whole.fit(loader(), batches=13)
    for key, value in weights(whole).items():
        np.testing.assert_array_equal(weights(estimator)[key], value)
    assert estimator.train_metrics[0].get() == whole.train_metrics[0].get()


def shuffled(folder, batches, ctx=None, **keywords):
    np.random.seed(4)
    estimator = classifier(ctx=ctx)
    handler = es.CheckpointHandler(folder, resume_from_checkpoint=True)
    data = loader(shuffle=True, **keywords)
    estimator.fit(data, batches=batches, event_handlers=[handler])
    return weights(estimator) if ctx is None else estimator.net[0].weight.list_data()


@pytest.mark.parametrize("keywords", [{"thread_pool": True}, {}])
def test_batches_made_ahead_by_workers_come_in_the_same_order(tmp_path, keywords):
    keywords = {**keywords, "num_workers": 1, "last_batch": "rollover"}
    whole = shuffled(tmp_path / "whole", 13, **keywords)
    shuffled(tmp_path / "cut", 7, **keywords)
    for key, value in shuffled(tmp_path / "cut", 13, **keywords).items():
        np.testing.assert_array_equal(value, whole[key])


def test_a_training_on_two_devices_goes_on_too(tmp_path):
    devices = [mx.cpu(0), mx.cpu(1)]
    whole = shuffled(tmp_path / "whole", 13, devices)
    shuffled(tmp_path / "cut", 7, devices)
    for one, other in zip(shuffled(tmp_path / "cut", 13, devices), whole, strict=True):
        np.testing.assert_array_equal(one.asnumpy(), other.asnumpy())


def test_files_that_a_killed_process_left_half_written_are_removed(tmp_path):
    resume(tmp_path, epochs=1)
    (tmp_path / ".model-epoch1batch10.params.abc").write_bytes(b"half")
    (tmp_path / ".other-epoch1batch10.params.abc").write_bytes(b"not ours")
    resume(tmp_path, epochs=2)
    assert [name for name in names(tmp_path) if name.startswith(".")] == [
        ".other-epoch1batch10.params.abc"
    ]


def test_a_finished_training_does_nothing_more(tmp_path):
    first, _, _ = resume(tmp_path, epochs=2)
    second, _, lines = resume(tmp_path, epochs=2)
    assert not any("Begin," in line for line in lines)
    for key, value in weights(first).items():
        np.testing.assert_array_equal(weights(second)[key], value)


@pytest.mark.parametrize("part", ["params", "states", "progress"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path, part):
    resume(tmp_path, epochs=3)
    damaged = tmp_path / f"model-epoch2batch15.{part}"
    content = damaged.read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    _, handler, _ = resume(tmp_path, epochs=4)
    assert handler.trained_epoch == 1


def test_an_empty_folder_begins_anew(tmp_path):
    _, handler, lines = resume(tmp_path / "new", epochs=1)
    assert handler.trained_epoch == -1
    assert any("training begins anew" in line for line in lines)


def test_a_folder_without_a_whole_checkpoint_begins_anew_and_says_so(tmp_path):
    resume(tmp_path, epochs=1)
    next(tmp_path.glob("*.progress")).unlink()
    estimator = classifier()
    estimator.logger.setLevel(logging.WARNING)
    lines = heard(estimator)
    handler = es.CheckpointHandler(tmp_path, resume_from_checkpoint=True)
    estimator.fit(loader(), epochs=1, event_handlers=[handler])
    assert any("is whole: training begins anew" in line for line in lines)


def test_a_failed_write_leaves_the_checkpoint_before_it(tmp_path, monkeypatch):
    resume(tmp_path, epochs=1)

    def full(path, content):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(es.checkpoint, "write_atomically", full)
        with pytest.raises(OSError, match="No space left"):
            resume(tmp_path, epochs=2)
    _, handler, _ = resume(tmp_path, epochs=2)
    assert handler.trained_epoch == 0


# The file format ------------------------------------------------------------------------------
def test_progress_keeps_numbers_texts_and_arrays():
    tree = {
        "a": [1, 2.5, float("inf"), None, True, "text"],
        "b": {"c": np.arange(6, dtype="uint32").reshape(2, 3), "d": np.zeros((0, 2))},
        "e": np.float32(0.1),
    }
    back = saved.loads(saved.dumps(tree))
    assert back["a"] == tree["a"]
    for one, other in [(back["b"][k], tree["b"][k]) for k in "cd"]:
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_array_equal(one, other)
    assert back["e"] == tree["e"]
    assert back["e"].dtype == np.float32


def test_foreign_bytes_are_no_progress(tmp_path):
    nd.save(str(tmp_path / "x.params"), {"x": nd.ones(2)})
    with pytest.raises(FileFormatError, match="not the progress of a training"):
        saved.loads((tmp_path / "x.params").read_bytes())
    with pytest.raises(FileFormatError):
        saved.loads(b"nonsense")


def test_metrics_with_tables_are_saved_and_put_back():
    label, pred = nd.array([0, 1, 1]), nd.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    for name in ("f1", "pcc", "pearsonr", "mcc", "confusionmatrix", "precision"):
        one, other = gluon.metric.create(name), gluon.metric.create(name)
        target = pred[:, 1] if name == "pearsonr" else pred
        one.update([label], [target])
        saved.put_back(other, saved.loads(saved.dumps(saved.state_of(one))))
        np.testing.assert_equal(other.get(), one.get())
        one.update([label], [target])
        other.update([label], [target])
        np.testing.assert_equal(other.get(), one.get())
