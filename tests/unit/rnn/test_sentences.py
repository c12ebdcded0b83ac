"""Sentences in, a trained language model out: the old way to train on sequences."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import DataError, ParamError

WORDS = "abcdefgh"


def counting_sentences(count=96, seed=0):
    """Sentences of 4 to 9 letters in which each letter follows its forerunner in the alphabet."""
    rng = np.random.default_rng(seed)
    lengths, starts = rng.integers(4, 10, count), rng.integers(0, len(WORDS), count)
    return [
        [WORDS[(s + i) % len(WORDS)] for i in range(n)]
        for s, n in zip(starts, lengths, strict=True)
    ]


def test_words_get_numbers_in_order_of_appearance():
    coded, vocab = mx.rnn.encode_sentences([["to", "be"], ["be", "to"]], invalid_label=0)
    assert coded == [[1, 2], [2, 1]]
    assert vocab == {"\n": 0, "to": 1, "be": 2}
    again, _ = mx.rnn.encode_sentences([["be"]], vocab)
    assert again == [[2]]


def test_unknown_words_need_a_token():
    _, vocab = mx.rnn.encode_sentences([["to", "<unk>"]], start_label=1)
    with pytest.raises(DataError, match="no word 'be'"):
        mx.rnn.encode_sentences([["be"]], vocab)
    coded, _ = mx.rnn.encode_sentences([["be", "to"]], vocab, unknown_token="<unk>")
    assert coded == [[2, 1]]


@pytest.mark.parametrize("layout", ["NT", "TN"])
def test_batches_have_the_length_of_their_bucket_and_labels_one_word_ahead(layout):
    np.random.seed(0)
    sentences = [[1, 2, 3]] * 4 + [[4, 5, 6, 7, 8]] * 2 + [[9] * 20]
    batches = mx.rnn.BucketSentenceIter(sentences, 2, [4, 6], 0, layout=layout)
    assert batches.default_bucket_key == 6
    assert batches.provide_data[0].shape == ((2, 6) if layout == "NT" else (6, 2))
    found = list(batches)
    assert sorted(batch.bucket_key for batch in found) == [4, 4, 6]
    for batch in found:
        data, label = batch.data[0].asnumpy(), batch.label[0].asnumpy()
        if layout == "TN":
            data, label = data.T, label.T
        assert data.shape == (2, batch.bucket_key)
        np.testing.assert_array_equal(label[:, :-1], data[:, 1:])
        assert (label[:, -1] == 0).all()
        assert batch.provide_data[0].shape == batch.data[0].shape
    batches.reset()
    assert len(list(batches)) == 3


def test_common_lengths_are_buckets():
    batches = mx.rnn.BucketSentenceIter([[1] * 3] * 2 + [[1] * 5] * 2 + [[1] * 7], 2)
    assert batches.buckets == [3, 5]
    with pytest.raises(ParamError, match="buckets="):
        mx.rnn.BucketSentenceIter([[1]], 2)
    with pytest.raises(ParamError, match="layout"):
        mx.rnn.BucketSentenceIter([[1]], 1, layout="TNC")


def language_model(make_cell, vocabulary):
    """Networks for every length, and the cell whose weights they share."""
    cell = make_cell()

    def sym_gen(length):
        data, label = mx.sym.Variable("data"), mx.sym.Variable("softmax_label")
        embedded = mx.sym.Embedding(data, input_dim=vocabulary, output_dim=8, name="embed")
        cell.reset()
        outputs, _ = cell.unroll(length, embedded, merge_outputs=True)
        scores = mx.sym.FullyConnected(
            mx.sym.Reshape(outputs, shape=(-1, 16)), num_hidden=vocabulary, name="pred"
        )
        net = mx.sym.SoftmaxOutput(
            scores, mx.sym.Reshape(label, shape=(-1,)), use_ignore=True, ignore_label=0,
            name="softmax",
        )  # fmt: skip
        return net, ("data",), ("softmax_label",)

    return cell, sym_gen


def stacked():
    stack = mx.rnn.SequentialRNNCell()
    stack.add(mx.rnn.LSTMCell(16, prefix="lstm_l0_"))
    return stack


def fused():
    return mx.rnn.FusedRNNCell(16, 1, "lstm", prefix="lstm_")


@pytest.mark.parametrize("make_cell", [stacked, fused])
def test_a_language_model_learns_by_buckets_and_goes_on_from_its_checkpoint(make_cell, tmp_path):
    np.random.seed(1)
    mx.random.seed(1)
    coded, vocab = mx.rnn.encode_sentences(counting_sentences(), invalid_label=0, start_label=1)
    batches = mx.rnn.BucketSentenceIter(coded, 8, [6, 9], 0)
    cell, sym_gen = language_model(make_cell, len(vocab))
    module = mx.mod.BucketingModule(sym_gen, default_bucket_key=batches.default_bucket_key)
    prefix = str(tmp_path / "model")
    module.fit(
        batches, eval_metric=mx.metric.Perplexity(0), num_epoch=8, optimizer="adam",
        optimizer_params={"learning_rate": 0.03}, initializer=mx.init.Xavier(),
        epoch_end_callback=mx.rnn.do_rnn_checkpoint(cell, prefix, 4),
    )  # fmt: skip
    ((_, perplexity),) = module.score(batches, mx.metric.Perplexity(0))
    assert perplexity < 1.6, "the next letter is certain"
    _, arg_params, aux_params = mx.rnn.load_rnn_checkpoint(cell, prefix, 8)
    again = mx.mod.BucketingModule(sym_gen, default_bucket_key=batches.default_bucket_key)
    again.bind(batches.provide_data, batches.provide_label, for_training=False)
    again.set_params(arg_params, aux_params)
    batches.reset()
    assert again.score(batches, mx.metric.Perplexity(0))[0][1] == pytest.approx(
        perplexity, rel=1e-4
    )


def test_a_fused_checkpoint_is_read_by_single_cells(tmp_path):
    cell, sym_gen = language_model(fused, 9)
    net = sym_gen(5)[0]
    executor = net.simple_bind(mx.cpu(), data=(2, 5), softmax_label=(2, 5))
    rng = np.random.default_rng(0)
    values = {n: mx.nd.array(rng.uniform(-1, 1, a.shape)) for n, a in executor.arg_dict.items()}
    executor.copy_params_from(values)
    prefix = str(tmp_path / "fused")
    weights = {n: v for n, v in values.items() if n not in ("data", "softmax_label")}
    mx.rnn.save_rnn_checkpoint(cell, prefix, 1, net, weights, {})
    single = cell.unfuse()
    _, arg_params, _ = mx.rnn.load_rnn_checkpoint(single, prefix, 1)
    net = language_model(lambda: single, 9)[1](5)[0]
    other = net.simple_bind(mx.cpu(), data=(2, 5), softmax_label=(2, 5))
    other.copy_params_from({**arg_params, "data": values["data"]}, allow_extra_params=True)
    np.testing.assert_allclose(
        other.forward()[0].asnumpy(), executor.forward()[0].asnumpy(), atol=1e-5
    )
