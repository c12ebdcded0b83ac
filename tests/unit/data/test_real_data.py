"""Real data sets that are read from installed packages."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from dlstudio.errors import DataError, MissingExtraError, ParamError
from dlstudio.gluon.data import DataLoader, batchify, datasets
from dlstudio.gluon.data.datasets import cells, files, genome, music, proteins, series
from tests.needs import data_of

READERS = {
    "digits8x8": ("sklearn", r'pip install "dlstudio\[sklearn\]"'),
    "iris": ("sklearn", r'pip install "dlstudio\[sklearn\]"'),
    "wine": ("sklearn", r'pip install "dlstudio\[sklearn\]"'),
    "breast_cancer": ("sklearn", r'pip install "dlstudio\[sklearn\]"'),
    "diabetes": ("sklearn", r'pip install "dlstudio\[sklearn\]"'),
    "penguins": ("palmerpenguins", "pip install --no-deps palmerpenguins"),
    "faces": ("skimage", "pip install --no-deps scikit-image"),
    "japanese_vowels": ("aeon", "pip install --no-deps aeon"),
    "splice_sites": ("logomaker", "pip install --no-deps logomaker"),
    "bach_chorales": ("music21", "pip install --no-deps music21"),
    "cars": ("vega_datasets", "pip install --no-deps vega_datasets"),
    "seattle_weather": ("vega_datasets", "pip install --no-deps vega_datasets"),
    "doctor_visits": ("statsmodels", "pip install --no-deps statsmodels"),
    "pbmc68k_reduced": ("scanpy", "pip install --no-deps scanpy"),
    "movie_reviews": ("gensim", "pip install --no-deps gensim"),
    "news": ("gensim", "pip install --no-deps gensim"),
    "wikipedia": ("gensim", "pip install --no-deps gensim"),
    "replication_origins": ("logomaker", "pip install --no-deps logomaker"),
    "ww_domains": ("logomaker", "pip install --no-deps logomaker"),
}
SLOW_TO_READ = ("bach_chorales", "replication_origins")


@pytest.fixture
def nothing_installed(monkeypatch):
    """No package is found, and nothing that was read before is remembered."""
    for module in (genome, music):
        module._load.cache_clear()
    monkeypatch.setattr(files, "find_spec", lambda name: None)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.usefixtures("nothing_installed")
def test_without_its_package_a_data_set_names_the_command_that_installs_it(name):
    with pytest.raises(MissingExtraError, match=READERS[name][1]):
        getattr(datasets, name)()


@pytest.mark.parametrize("name", READERS)
def test_the_docstring_of_a_data_set_states_licence_and_source(name):
    text = getattr(datasets, name).__doc__

    assert "References" in text
    assert any(word in text for word in ("BSD-3-Clause", "MIT", "LGPL"))


def test_no_package_is_imported_for_its_data():
    program = """
import sys
from dlstudio.gluon.data import datasets
from dlstudio.errors import MissingExtraError
for name in %r:
    try:
        getattr(datasets, name)()
    except MissingExtraError:
        pass
assert not sys.modules.keys() & %r, sys.modules.keys() & %r
"""
    modules = {module for module, _ in READERS.values()}
    code = program % ([n for n in READERS if n not in SLOW_TO_READ], modules, modules)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [("iris", (150, 4), 3), ("wine", (178, 13), 3), ("breast_cancer", (569, 30), 2)],
)
def test_tables_equal_those_of_scikit_learn(name, shape, classes):
    authority = pytest.importorskip("sklearn.datasets")
    table = getattr(datasets, name)()
    expected, labels = getattr(authority, f"load_{name}")(return_X_y=True)

    assert table.features.shape == shape
    assert len(table.feature_names) == shape[1]
    assert len(table.class_names) == classes
    np.testing.assert_allclose(table.features, expected, rtol=1e-6)
    np.testing.assert_array_equal(table.labels, labels)


def test_diabetes_equals_the_unscaled_table_of_scikit_learn():
    authority = pytest.importorskip("sklearn.datasets")
    table = datasets.diabetes()
    expected, progress = authority.load_diabetes(return_X_y=True, scaled=False)

    np.testing.assert_allclose(table.features, expected, rtol=1e-6)
    np.testing.assert_array_equal(table.labels, progress)
    assert table.class_names == []


def test_a_row_of_a_table_is_a_pair_and_loads_as_batches():
    pytest.importorskip("sklearn")

    data, label = next(iter(DataLoader(datasets.wine(), 16)))

    assert data.shape == (16, 13)
    assert label.dtype == np.int32


def test_small_digits_are_split_and_of_seventeen_greys():
    pytest.importorskip("sklearn")
    train, test = datasets.digits8x8(), datasets.digits8x8(train=False)

    image, label = test[0]

    assert (len(train), len(test)) == (1437, 360)
    assert image.shape == (8, 8, 1)
    assert image.asnumpy().max() <= 16
    assert label.dtype == np.int32


def test_penguins_have_gaps_that_a_transform_can_fill():
    data_of("palmerpenguins")
    table = datasets.penguins()
    filled = datasets.penguins(transform=lambda x: np.nan_to_num(x, nan=0))

    assert np.isnan(table.features).all(axis=1).sum() == 2
    assert not np.isnan(filled.features).any()
    assert np.bincount(table.labels).tolist() == [152, 68, 124]


def test_faces_and_other_pictures_take_turns_and_no_picture_is_in_both_parts():
    data_of("skimage", "scikit-image")
    train, test = datasets.faces(), datasets.faces(train=False)

    assert [int(label) for _, label in test] == [1, 0] * 20
    assert train[0][0].shape == (25, 25, 1)
    pictures = [{image.asnumpy().tobytes() for image, _ in part} for part in (train, test)]
    assert not pictures[0] & pictures[1]


def test_japanese_vowels_are_split_as_published_and_pad_to_batches():
    data_of("aeon")
    train, test = datasets.japanese_vowels(), datasets.japanese_vowels(train=False)
    padded = batchify.Group(batchify.Pad(), batchify.Stack())

    utterance, speaker = next(iter(DataLoader(train, 30, batchify_fn=padded)))

    assert np.bincount([label for _, label in train]).tolist() == [30] * 9
    assert np.bincount([label for _, label in test]).tolist() == [
        31,
        35,
        88,
        44,
        29,
        24,
        40,
        50,
        29,
    ]
    assert utterance.shape[::2] == (30, 12)
    assert speaker.asnumpy().tolist() == [0] * 30
    lengths = [len(series) for part in (train, test) for series, _ in part]
    assert (min(lengths), max(lengths)) == (7, 29)


@pytest.mark.parametrize("name", datasets.TIME_SERIES)
def test_every_time_series_has_both_parts_and_all_classes(name):
    data_of("aeon")
    train, test = datasets.time_series(name), datasets.time_series(name, train=False)

    classes = {int(label) for _, label in train}

    assert classes == set(range(len(classes)))
    assert classes == {int(label) for _, label in test}
    assert train[0][0].dtype == np.float32
    assert train[0][0].ndim == 2


def test_a_time_series_that_does_not_exist_is_refused_with_the_names():
    with pytest.raises(ParamError, match="GunPoint"):
        datasets.time_series("gunpoint")


def test_splice_sites_are_all_sequences_of_their_form_split_once():
    data_of("logomaker")
    parts = datasets.splice_sites(), datasets.splice_sites(train=False)
    texts = [["".join("ACGU"[i] for i in x) for x, _ in part] for part in parts]

    assert [len(part) for part in parts] == [24576, 8192]
    assert len({*texts[0], *texts[1]}) == 32768
    assert all(text[3] == "G" and text[4] in "CU" for text in texts[1])
    assert sum(int(label) for part in parts for _, label in part) == 10227
    found = {text: int(label) for part, names in zip(parts, texts, strict=True)
             for text, (_, label) in zip(names, part, strict=True)}  # fmt: skip
    assert found["CAGGUGAGU"] == 1  # the most frequent one
    assert found["CCCGUCCCC"] == 0


def test_mutants_of_an_origin_come_with_their_counts():
    data_of("logomaker")
    train = datasets.replication_origins(samples=400)
    test = datasets.replication_origins(train=False, samples=400)

    sequence, before, after = train[0]

    assert (len(train), len(test)) == (300, 100)
    assert (sequence.shape, sequence.dtype) == ((150,), np.uint8)
    assert before + after > 0
    parent = np.round(np.median([x for x, *_ in test], axis=0))  # few letters differ from it
    assert np.mean(sequence == parent) > 0.7


def test_proteins_of_a_family_are_aligned_and_no_sequence_is_in_both_parts():
    data_of("logomaker")
    parts = datasets.ww_domains(), datasets.ww_domains(train=False)
    texts = [{sequence.tobytes() for sequence in part} for part in parts]

    assert [len(part) for part in parts] == [2712, 678]
    assert not texts[0] & texts[1]
    letters = np.stack(list(parts[0]))
    tryptophans = (letters == proteins.AMINO_ACIDS.index("W")).mean(axis=0)
    assert (tryptophans > 0.7).sum() == 2  # what the family is named after


def test_cars_have_six_unknown_powers_and_one_origin_each():
    data_of("vega_datasets")
    table = datasets.cars()

    assert table.features.shape == (398, 9)
    assert np.isnan(table.features).sum(axis=0).tolist() == [0, 0, 6, 0, 0, 0, 0, 0, 0]
    assert (table.features[:, 6:].sum(axis=1) == 1).all()
    np.testing.assert_allclose(table.labels.mean(), 23.51, atol=0.01)


def test_days_in_seattle_are_of_five_kinds():
    data_of("vega_datasets")
    table = datasets.seattle_weather()

    assert table.class_names == ["drizzle", "fog", "rain", "snow", "sun"]
    assert len(table) == 1461
    snowy = table.features[table.labels == table.class_names.index("snow")]
    assert (snowy[:, 0] > 0).all()


def test_visits_to_doctors_are_counts():
    data_of("statsmodels")
    table = datasets.doctor_visits()

    assert table.features.shape == (20190, 9)
    assert table.labels.max() == 77
    np.testing.assert_allclose(table.labels.mean(), 2.86, atol=0.01)


OBSERVED = {
    "airline": (144, 1), "co2": (2284, 1), "elnino": (732, 1), "lynx": (114, 1),
    "macrodata": (203, 12), "nile": (100, 1), "seattle_temps": (8759, 1), "sf_temps": (8759, 1),
    "sunspots": (309, 1), "us_employment": (120, 11),
}  # fmt: skip


@pytest.mark.parametrize("name", OBSERVED)
def test_a_series_of_observations_has_gaps_only_where_nothing_was_measured(name):
    series = datasets.OBSERVATIONS[name]
    data_of(series.package.module)

    table = datasets.observations(name)

    assert table.shape == OBSERVED[name]
    assert table.dtype == np.float32
    assert np.isnan(table).sum() == (59 if name == "co2" else 0)
    assert series.about
    assert series.source


def test_months_of_a_table_with_a_row_per_year_follow_each_other():
    data_of("statsmodels")
    months = datasets.observations("elnino")[:, 0]
    by_month = np.corrcoef(months[:-12], months[12:])[0, 1]

    assert by_month > 0.7
    assert np.corrcoef(months[:-6], months[6:])[0, 1] < -0.5  # half a year later


def test_a_series_or_photo_that_does_not_exist_is_refused_with_the_names():
    with pytest.raises(ParamError, match="sunspots"):
        datasets.observations("sunspot")
    with pytest.raises(ParamError, match="astronaut"):
        datasets.photo("astronauts")


@pytest.mark.parametrize("name", datasets.PHOTOS)
def test_a_photo_is_coloured_pixels_with_a_licence(name):
    data_of(datasets.PHOTOS[name].package.module, "scikit-image")

    image = datasets.photo(name)

    assert image.dtype == np.uint8
    assert min(image.shape[:2]) >= 300
    assert image.shape[2] == 3
    assert datasets.PHOTOS[name].licence


def test_cells_are_scaled_and_of_ten_kinds():
    data_of("scanpy")
    pytest.importorskip("h5py")
    table = datasets.pbmc68k_reduced()

    assert table.features.shape == (700, 765)
    assert table.class_names[-1] == "Dendritic"
    assert np.bincount(table.labels).tolist() == [68, 8, 19, 54, 43, 129, 95, 13, 31, 240]
    assert "CD3D" in table.feature_names


def test_cells_are_read_from_newer_files_too(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "cells.h5ad", "w") as file:  # as of scanpy 1.12
        file["X"] = np.ones((3, 2), np.float32)
        file["obs/bulk_labels/codes"] = np.array([1, 0, 1], np.int8)
        file["obs/bulk_labels/categories"] = ["B", "T"]
        file["var/index"] = ["HES4", "CD3D"]

    table = cells._read(tmp_path / "cells.h5ad", h5py)

    assert table.labels.tolist() == [1, 0, 1]
    assert (table.class_names, table.feature_names) == (["B", "T"], ["HES4", "CD3D"])


def test_praise_and_blame_take_turns_in_reviews_of_films():
    data_of("gensim")
    train, test = datasets.movie_reviews(), datasets.movie_reviews(train=False)

    assert [int(label) for _, label in test] == [0, 1] * 20
    assert len(train) == 160
    assert len({text for part in (train, test) for text, _ in part}) == 200
    assert any("clichés" in text for text, _ in train)  # the file is not UTF-8


def test_news_and_articles_are_texts():
    data_of("gensim")

    assert [len(datasets.news()), len(datasets.news(train=False))] == [300, 50]
    assert any("£" in text for text in datasets.news(train=False))  # the file is not UTF-8
    assert datasets.news()[0].startswith("Hundreds of people have been forced")
    assert len(datasets.wikipedia(transform=str.split)) == 250
    assert sum(len(words) for words in datasets.wikipedia(transform=str.split)) == 331339


def test_help_text_is_long_and_its_parts_do_not_overlap():
    train, test = datasets.help_text(), datasets.help_text(train=False)

    assert len(train) > 350_000
    assert 8 < len(train) / len(test) < 10
    assert "The" in test


def test_a_chorale_has_four_voices_in_their_ranges():
    data_of("music21")
    test = datasets.bach_chorales(train=False)

    assert len(test) == 36
    assert all(piece.shape[1] == 4 for piece in test)
    sung = np.concatenate(list(test))
    means = [voice[voice > 0].mean() for voice in sung.T]
    assert means == sorted(means, reverse=True)  # soprano above alto above tenor above bass
    assert sung[sung > 0].min() > 30
    assert sung.max() < 90


SCORE = """<score><part><measure><attributes><divisions>2</divisions></attributes>
<note><pitch><step>C</step><alter>1</alter><octave>4</octave></pitch><duration>2</duration></note>
<note><chord/><pitch><step>E</step><octave>4</octave></pitch><duration>2</duration></note>
<note><grace/><pitch><step>D</step><octave>4</octave></pitch></note>
<note><rest/><duration>1</duration></note></measure></part></score>"""


def test_a_voice_is_read_in_sixteenths_without_chords_and_grace_notes():
    from xml.etree.ElementTree import fromstring

    part = fromstring(SCORE).find("part")
    assert part is not None

    assert music._voice(part) == [61, 61, 61, 61, music.REST, music.REST]


def test_a_damaged_file_is_explained(tmp_path):
    path = tmp_path / "broken.ts"
    path.write_text("@classLabel true a b\n@data\n1.0,x:a\n", encoding="utf-8")

    with (
        pytest.raises(DataError, match="pip install --force-reinstall --no-deps aeon"),
        files.reading(path, "a table", series.AEON),
    ):
        series._read(path)
