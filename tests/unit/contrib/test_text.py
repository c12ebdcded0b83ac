"""Counting and numbering tokens, vectors for them, and batches of sentences."""

from __future__ import annotations

import zipfile
from collections import Counter

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import config, gluon, nd
from dlstudio.contrib import text
from dlstudio.contrib.text.embedding import (
    CompositeEmbedding,
    CustomEmbedding,
    TokenEmbedding,
    create,
    get_pretrained_file_names,
    register,
)
from dlstudio.contrib.text.utils import count_tokens_from_str
from dlstudio.contrib.text.vocab import Vocabulary
from dlstudio.errors import (
    DataError,
    FileFormatError,
    MissingFileError,
    ParamError,
    ShapeError,
)
from dlstudio.gluon.contrib.data.text import WikiText2, WikiText103
from dlstudio.gluon.data import BucketSampler, DataLoader, SimpleDataset, batchify


@pytest.fixture
def letters():
    return Counter(["a", "b", "b", "c", "c", "c", "some_word$"])


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("a 0.1 0.2 0.3\nb 1 2 3\nc -1 -2 -3\na 9 9 9\n", encoding="utf-8")
    return path


def test_text_is_found_where_mxnet_has_it():
    assert mx.contrib.text.vocab.Vocabulary is Vocabulary
    assert text.utils.count_tokens_from_str is count_tokens_from_str
    assert text.embedding._TokenEmbedding is TokenEmbedding


def test_tokens_are_counted_between_delimiters_of_either_kind():
    counter = count_tokens_from_str(" Life is great ! \n life is good . \n")

    assert counter == {"is": 2, "Life": 1, "great": 1, "!": 1, "life": 1, "good": 1, ".": 1}
    assert count_tokens_from_str("A*b//a", "\\*", "//", to_lower=True) == {"a": 2, "b": 1}


def test_counting_goes_on_in_a_given_counter():
    counter = Counter({"life": 2})

    assert count_tokens_from_str("life goes", counter_to_update=counter) is counter
    assert counter == {"life": 3, "goes": 1}


def test_the_most_frequent_tokens_come_first_and_ties_in_alphabetical_order(letters):
    vocabulary = Vocabulary(letters)

    assert vocabulary.idx_to_token == ["<unk>", "c", "b", "a", "some_word$"]
    assert vocabulary.token_to_idx["b"] == 2
    assert len(vocabulary) == 5
    assert vocabulary.reserved_tokens is None
    assert vocabulary.unknown_token == "<unk>"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (dict(min_freq=2), ["<unk>", "c", "b"]),
        (dict(most_freq_count=1), ["<unk>", "c"]),
        (dict(most_freq_count=None, min_freq=100), ["<unk>"]),
        (dict(reserved_tokens=["b", "<pad>"]), ["<unk>", "b", "<pad>", "c", "a", "some_word$"]),
        (dict(unknown_token="c", most_freq_count=2), ["c", "b", "a"]),
    ],
)
def test_a_vocabulary_is_cut_and_keeps_its_special_tokens(letters, arguments, expected):
    assert Vocabulary(letters, **arguments).idx_to_token == expected


def test_indices_and_tokens_translate_both_ways_and_unknown_ones_are_0(letters):
    vocabulary = Vocabulary(letters)

    assert vocabulary.to_indices("c") == 1
    assert vocabulary.to_indices(["a", "never", "b"]) == [3, 0, 2]
    assert vocabulary.to_tokens(1) == "c"
    assert vocabulary.to_tokens([0, 4]) == ["<unk>", "some_word$"]
    assert "c" in vocabulary
    for wrong in (5, -1, [0, 5]):
        with pytest.raises(ParamError, match="0 to 4"):
            vocabulary.to_tokens(wrong)


@pytest.mark.parametrize(
    "arguments",
    [dict(min_freq=0), dict(reserved_tokens=["a", "a"]), dict(reserved_tokens=["<unk>"])],
)
def test_a_vocabulary_refuses_what_makes_no_sense(letters, arguments):
    with pytest.raises(ParamError, match="Vocabulary: got"):
        Vocabulary(letters, **arguments)


def test_vectors_are_read_and_looked_up(vectors):
    embedding = CustomEmbedding(vectors)

    assert embedding.idx_to_token == ["<unk>", "a", "b", "c"]
    assert embedding.vec_len == 3
    assert embedding.idx_to_vec.shape == (4, 3)
    np.testing.assert_allclose(embedding.get_vecs_by_tokens("a").asnumpy(), [0.1, 0.2, 0.3])
    found = embedding.get_vecs_by_tokens(["B", "c"], lower_case_backup=True)
    assert found.asnumpy().tolist() == [[1, 2, 3], [-1, -2, -3]]
    assert embedding.get_vecs_by_tokens(["B"]).asnumpy().tolist() == [[0, 0, 0]]


def test_the_vector_of_unknown_tokens_can_be_made_or_lies_in_the_file(vectors):
    ones = CustomEmbedding(vectors, init_unknown_vec=nd.ones)
    named = CustomEmbedding(vectors, unknown_token="c", reserved_tokens=["<pad>"])

    assert ones.get_vecs_by_tokens("z").asnumpy().tolist() == [1, 1, 1]
    assert named.idx_to_token == ["c", "<pad>", "a", "b"]
    assert named.get_vecs_by_tokens("z").asnumpy().tolist() == [-1, -2, -3]


def test_a_vocabulary_chooses_and_orders_the_vectors(vectors, letters):
    vocabulary = Vocabulary(letters)
    embedding = CustomEmbedding(vectors, vocabulary=vocabulary, init_unknown_vec=nd.ones)

    assert embedding.idx_to_token == vocabulary.idx_to_token
    assert embedding.idx_to_vec[1].asnumpy().tolist() == [-1, -2, -3]
    assert embedding.idx_to_vec[4].asnumpy().tolist() == [1, 1, 1]  # some_word$ has no vector


def test_vectors_are_replaced_for_known_tokens_only(vectors):
    embedding = CustomEmbedding(vectors)

    embedding.update_token_vectors(["a", "b"], nd.array([[1, 1, 1], [2, 2, 2]]))
    embedding.update_token_vectors("<unk>", nd.array([7, 7, 7]))

    assert embedding.idx_to_vec.asnumpy()[:3].tolist() == [[7, 7, 7], [1, 1, 1], [2, 2, 2]]
    with pytest.raises(ParamError, match="'z' is unknown"):
        embedding.update_token_vectors("z", nd.zeros(3))
    with pytest.raises(ShapeError, match=r"\(1, 3\)"):
        embedding.update_token_vectors("a", nd.zeros(4))


def test_the_vectors_of_a_composite_stand_behind_one_another(vectors, tmp_path, letters):
    other = tmp_path / "other.txt"
    other.write_text("b,5,6\n", encoding="utf-8")
    parts = [CustomEmbedding(vectors), CustomEmbedding(other, elem_delim=",")]

    composite = CompositeEmbedding(Vocabulary(letters), parts)

    assert composite.vec_len == 5
    assert composite.get_vecs_by_tokens("b").asnumpy().tolist() == [1, 2, 3, 5, 6]
    assert CompositeEmbedding(Vocabulary(letters), parts[1]).vec_len == 2


def test_vectors_start_the_weights_of_a_layer(vectors):
    embedding = CustomEmbedding(vectors)
    layer = gluon.nn.Embedding(len(embedding), embedding.vec_len)
    layer.initialize()
    layer.weight.set_data(embedding.idx_to_vec)

    assert layer(nd.array([2])).asnumpy().tolist() == [[1, 2, 3]]


def test_headers_and_empty_lines_are_skipped(tmp_path):
    path = tmp_path / "wiki.vec"
    path.write_text("2 3\na 1 2 3 \n\nb 4 5 6 \n", encoding="utf-8")

    assert CustomEmbedding(path).idx_to_token == ["<unk>", "a", "b"]


@pytest.mark.parametrize("content", [b"a 1 2\nb 1 2 3\n", b"a x y\n", b"\xff 1 2\n", b""])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "broken.txt"
    path.write_bytes(content)

    with pytest.raises(FileFormatError, match=r"broken\.txt"):
        CustomEmbedding(path)


def test_tokens_may_contain_the_delimiter_as_in_the_largest_file_of_glove(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("the 1 2\n. . . 3 4\nat name@domain.com 5 6\n", encoding="utf-8")

    embedding = CustomEmbedding(path)

    assert embedding.idx_to_token[1:] == ["the", ". . .", "at name@domain.com"]
    assert embedding.get_vecs_by_tokens(". . .").asnumpy().tolist() == [3, 4]


def test_a_missing_file_of_vectors_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"none\.txt"):
        CustomEmbedding(tmp_path / "none.txt")


def test_published_vectors_are_read_from_mxnets_home(tmp_path, vectors):
    folder = tmp_path / "embeddings" / "glove"
    folder.mkdir(parents=True)
    (folder / "glove.6B.50d.txt").write_bytes(vectors.read_bytes())

    with config.using(home=tmp_path):
        embedding = create("glove", pretrained_file_name="glove.6B.50d.txt")

    assert embedding.get_vecs_by_tokens("b").asnumpy().tolist() == [1, 2, 3]


def test_absent_vectors_name_the_folder_and_the_address(tmp_path):
    with pytest.raises(DataError, match=r"glove.6B.50d.txt is not there[\s\S]*nlp\.stanford\.edu"):
        create("GloVe", pretrained_file_name="glove.6B.50d.txt", embedding_root=tmp_path)
    with pytest.raises(ParamError, match=r"wiki\.simple\.vec"):
        create("fasttext", pretrained_file_name="wiki.klingon.vec", embedding_root=tmp_path)


def test_names_of_published_files_are_listed():
    assert "glove.6B.300d.txt" in get_pretrained_file_names("glove")
    assert set(get_pretrained_file_names()) >= {"glove", "fasttext"}
    with pytest.raises(ParamError, match="fasttext"):
        get_pretrained_file_names("word2vec")


def test_own_embeddings_are_registered(vectors):
    @register
    class MyEmbedding(CustomEmbedding):
        pretrained_file_names = ("mine.txt",)

    try:
        assert isinstance(create("myembedding", pretrained_file_path=vectors), MyEmbedding)
        assert get_pretrained_file_names("myembedding") == ["mine.txt"]
    finally:
        del text.embedding._embeddings.classes["myembedding"]
    with pytest.raises(ParamError, match=r"with mx\.contrib\.text\.embedding\.register"):
        create("myembedding")


WIKI = " = Title = \n\n the cat sat \n the end \n"  # 9 tokens with an <eos> for each line


def test_wikitext_is_read_from_its_folder_without_any_download(tmp_path):
    folder = tmp_path / "datasets" / "wikitext-2"
    folder.mkdir(parents=True)
    for name in ("train", "valid", "test"):
        (folder / f"wiki.{name}.tokens").write_text(WIKI, encoding="utf-8")

    with config.using(home=tmp_path):
        train = WikiText2(seq_len=4)
        validation = WikiText2(segment="validation", vocab=train.vocabulary, seq_len=5)

    assert (len(train), len(validation)) == (2, 2)
    data, label = train[1]
    assert data.dtype == np.int32
    words = train.vocabulary.to_tokens
    assert words(data.asnumpy().tolist()) == ["the", "cat", "sat", "<eos>"]
    assert words(label.asnumpy().tolist()) == ["cat", "sat", "<eos>", "the"]
    assert train.frequencies["the"] == 2
    assert train.vocabulary.to_indices("<eos>") == 1
    assert next(iter(DataLoader(train, 2)))[0].shape == (2, 4)


def test_wikitext_is_read_from_its_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "wikitext-103-v1.zip", "w") as archive:
        archive.writestr("wikitext-103/wiki.test.tokens", WIKI)

    assert len(WikiText103(tmp_path, segment="test", seq_len=2)) == 5


def test_absent_wikitext_says_what_belongs_where(tmp_path):
    with pytest.raises(DataError, match=r"wiki\.train\.tokens is not there[\s\S]*help_text"):
        WikiText2(tmp_path)
    with pytest.raises(ParamError, match="validation"):
        WikiText2(tmp_path, segment="valid")


def test_contributed_data_has_the_interval_sampler():
    assert list(gluon.contrib.data.IntervalSampler(5, 2)) == [0, 2, 4, 1, 3]


def test_sentences_of_similar_length_share_a_batch_and_each_is_read_once():
    rng = np.random.default_rng(0)
    sentences = SimpleDataset([[1] * n for n in rng.integers(1, 50, 200)])
    lengths = [len(sentence) for sentence in sentences]
    np.random.seed(0)
    sampler = BucketSampler(lengths, 16, num_buckets=5, shuffle=True)
    first, second = list(sampler), list(sampler)

    assert len(first) == len(sampler)
    assert sorted(i for batch in first for i in batch) == list(range(200))
    assert first != second
    spread = [max(lengths[i] for i in batch) - min(lengths[i] for i in batch) for batch in first]
    assert max(spread) <= 12  # a fifth of the sentences, sorted by length
    loader = DataLoader(sentences, batch_sampler=sampler, batchify_fn=batchify.Pad())
    assert sum(len(batch) for batch in loader) == 200


def test_a_bucket_sampler_wants_positive_sizes():
    with pytest.raises(ParamError, match="num_buckets=0"):
        BucketSampler([1, 2], 2, num_buckets=0)
