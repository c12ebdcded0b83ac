"""FeedForward: arrays in, arrays out."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import InitError, ParamError

DATA = np.random.default_rng(5).normal(size=(90, 4)).astype("float32")
LABEL = DATA[:, :3].argmax(axis=1).astype("float32")


def net():
    x = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc")
    return mx.sym.SoftmaxOutput(x, name="softmax")


@pytest.fixture(scope="module")
def model():
    mx.random.seed(0)
    np.random.seed(0)
    return mx.model.FeedForward.create(
        net(), DATA, LABEL, num_epoch=20, learning_rate=0.5, numpy_batch_size=40,
        eval_data=(DATA, LABEL),
    )  # fmt: skip


def batches():
    return mx.io.NDArrayIter(DATA, LABEL, batch_size=40)


def test_it_learns_from_arrays(model):
    assert model.score(batches()) > 0.9
    guesses = model.predict(DATA)
    assert guesses.shape == (90, 3)
    assert (guesses.argmax(axis=1) == LABEL).mean() > 0.9


def test_predictions_come_with_their_data_if_asked_for(model):
    guesses, data, label = model.predict(batches(), return_data=True)
    np.testing.assert_array_equal(data, DATA)
    np.testing.assert_array_equal(label, LABEL)
    np.testing.assert_allclose(guesses, model.predict(DATA), rtol=1e-5)


def test_it_is_saved_and_trains_on_after_loading(model, tmp_path):
    model.save(str(tmp_path / "net"))
    again = mx.model.FeedForward.load(str(tmp_path / "net"), 20, num_epoch=21, learning_rate=0.1)
    np.testing.assert_array_equal(again.predict(DATA), model.predict(DATA))
    again.fit(batches())
    assert np.abs(again.predict(DATA) - model.predict(DATA)).max() > 0


def test_epochs_have_the_size_asked_for():
    seen = []
    model = mx.model.FeedForward(net(), num_epoch=3, epoch_size=2, numpy_batch_size=30)
    model.fit(DATA, LABEL, batch_end_callback=lambda p: seen.append((p.epoch, p.nbatch)))
    assert seen == [(e, n) for e in range(3) for n in range(2)]


def test_mistakes_are_explained():
    model = mx.model.FeedForward(net(), num_epoch=1)
    with pytest.raises(InitError, match=r"model.fit\(X, y\)"):
        model.predict(DATA)
    with pytest.raises(ParamError, match=r"fit\(X, y\)"):
        model.fit(DATA)
