"""Documents: reviews, news and encyclopedia articles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from dlstudio.gluon.data.dataset import ArrayDataset, Dataset, SimpleDataset
from dlstudio.gluon.data.datasets.files import Package, reading, transformed

__all__ = ["movie_reviews", "news", "wikipedia"]

GENSIM = Package("gensim", "--no-deps gensim")
_EVERY = 5  # of each class, one review in five is for testing


def movie_reviews(train: bool = True, transform: Callable[..., Any] | None = None) -> Dataset:
    """200 sentences from reviews of films; the task is to tell praise from blame.

    Of each class, 80 are for training and 20 for testing; the split is fixed. Classes take turns.

    Parameters
    ----------
    train : bool, default True
        The 160 training samples; False for the 40 test samples.
    transform : callable, optional
        Takes (text, label) of a sample and returns what to hand out instead.

    Returns
    -------
    Dataset
        Of pairs (text, label): str in lower case, its words and signs parted by spaces; label of
        dtype int32, 1 for praise.

    Raises
    ------
    MissingExtraError
        If gensim is not installed.

    References
    ----------
    Pang and Lee, "Seeing Stars: Exploiting Class Relationships for Sentiment Categorization", ACL
    2005 (sentence polarity data set, published for research). Read from the test data of gensim
    (Řehůřek and Sojka, LREC 2010; LGPL-2.1), which is neither imported nor copied.
    """
    file = "pang_lee_polarity.cor"
    what = "200 lines of a label and a sentence"
    with _lines_of(file, "movie_reviews", what, encoding="cp1252") as lines:
        pairs = [line.split(maxsplit=1) for line in lines]
        blame, praise = (
            [text for label, text in pairs if label == f"__label__{name}"]
            for name in ("neg", "pos")
        )
        turns = [text for pair in zip(blame, praise, strict=True) for text in pair]
    place = np.arange(len(turns)) // 2 % _EVERY
    chosen = np.flatnonzero(place != _EVERY - 1 if train else place == _EVERY - 1)
    labels = (chosen % 2).astype(np.int32)
    return transformed(ArrayDataset([turns[i] for i in chosen], labels), transform)


def news(train: bool = True, transform: Callable[..., Any] | None = None) -> Dataset:
    """Short news of the Australian Broadcasting Corporation from 2001, without classes.

    Parameters
    ----------
    train : bool, default True
        The 300 longer articles; False for the other 50, which people compared with each other.
    transform : callable, optional
        Takes a text and returns what to hand out instead.

    Returns
    -------
    Dataset
        Of str.

    Raises
    ------
    MissingExtraError
        If gensim is not installed.

    References
    ----------
    Lee, Pincombe and Welsh, "An Empirical Evaluation of Models of Text Document Similarity",
    Cognitive Science Society, 2005 (published for research). Read from the test data of gensim
    (Řehůřek and Sojka, LREC 2010; LGPL-2.1), which is neither imported nor copied.
    """
    file = "lee_background.cor" if train else "lee.cor"
    with _lines_of(file, "news", "an article per line", encoding="cp1252") as lines:
        return transformed(SimpleDataset(list(lines)), transform)


def wikipedia(transform: Callable[..., Any] | None = None) -> Dataset:
    """250 articles of the English Wikipedia, as the stems of their words: 330,000 words in all.

    Without the frequent words ("the", "of") and without endings ("dai" for "days"): for embeddings
    of words and for topics. Texts to read are those of `news` and `help_text`.

    Parameters
    ----------
    transform : callable, optional
        Takes a text and returns what to hand out instead.

    Returns
    -------
    Dataset
        Of str: stems parted by spaces.

    Raises
    ------
    MissingExtraError
        If gensim is not installed.

    References
    ----------
    Wikipedia (CC BY-SA 3.0), the first articles. Read from the test data of gensim (Řehůřek and
    Sojka, LREC 2010; LGPL-2.1), which is neither imported nor copied.
    """
    with _lines_of("head500.noblanks.cor", "wikipedia", "an article per line") as lines:
        return transformed(SimpleDataset(list(lines)), transform)


@contextmanager
def _lines_of(file: str, needed_by: str, what: str, encoding: str = "utf-8") -> Iterator[list[str]]:
    """Read a file of gensim's, and explain it if it is not as expected."""
    path = GENSIM.file("test", "test_data", file, needed_by=needed_by)
    with reading(path, what, GENSIM):
        # not splitlines(): news may hold other characters that end a line
        yield [line for line in path.read_text(encoding=encoding).split("\n") if line.strip()]
