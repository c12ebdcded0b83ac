"""WikiText, read from files in ``$MXNET_HOME/datasets``."""

from __future__ import annotations

import itertools
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dlstudio.contrib.text.utils import count_tokens_from_str
from dlstudio.contrib.text.vocab import Vocabulary
from dlstudio.errors import DataError, ParamError, explain
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.dataset import Dataset
from dlstudio.gluon.data.vision.downloads import default_root
from dlstudio.gluon.fetching import check_sha1, download

__all__ = ["WikiText2", "WikiText103", "check_sha1", "download"]

_EOS = "<eos>"  # stands where a line ends
_FILES = {"train": "train", "validation": "valid", "test": "test"}


class _WikiText(Dataset):
    """A long text, cut into samples of equal length."""

    folder: ClassVar[str]
    archive: ClassVar[str]

    def __init__(
        self,
        root: Any = None,
        segment: str = "train",
        vocab: Vocabulary | None = None,
        seq_len: int = 35,
    ) -> None:
        if segment not in _FILES or seq_len < 1:
            raise ParamError(
                explain(
                    f"{type(self).__name__}: got segment={segment!r}, seq_len={seq_len}.",
                    f"a segment of {', '.join(_FILES)}, and at least one token in a sample.",
                )
            )
        content = self._read(Path(root or default_root(self.folder)).expanduser(), segment)
        lines = (line.split() for line in content.splitlines())
        tokens = list(itertools.chain.from_iterable([*line, _EOS] for line in lines if line))
        self._counter = count_tokens_from_str(content)
        self._vocab = vocab or Vocabulary(self._counter, reserved_tokens=[_EOS])
        numbers = np.array(self._vocab.to_indices(tokens), np.int32)
        count = max(len(numbers) - 1, 0) // seq_len
        self._data, self._label = (
            to_tensors(numbers[shift : shift + count * seq_len].reshape(count, seq_len))
            for shift in (0, 1)
        )

    def _read(self, folder: Path, segment: str) -> str:
        """Return the text of a segment: a file in the folder, or in the archive there."""
        name = f"wiki.{_FILES[segment]}.tokens"
        for path in (folder / name, folder / self.archive.removesuffix("-v1.zip") / name):
            if path.is_file():
                return path.read_text(encoding="utf-8")
        if (folder / self.archive).is_file():
            with zipfile.ZipFile(folder / self.archive) as archive:
                inside = next(inner for inner in archive.namelist() if inner.endswith(name))
                return archive.read(inside).decode("utf-8")
        raise DataError(
            explain(
                f"{type(self).__name__}: {folder / name} is not there.",
                f"that file, or {self.archive} in the same folder.",
                "copy it there from another computer, or use gluon.data.datasets.help_text(), "
                "460,000 characters that are installed already",
            )
        )

    @property
    def vocabulary(self) -> Vocabulary:
        """The numbers of the tokens; "<eos>" ends each line."""
        return self._vocab

    @property
    def frequencies(self) -> Counter[str]:
        """How often each token occurs in the segment."""
        return self._counter

    def __len__(self) -> int:
        return len(self._label)

    def __getitem__(self, idx: int) -> Any:
        return self._data[idx], self._label[idx]


class WikiText2(_WikiText):
    """Two million words of good Wikipedia articles, for language models of words.

    Samples are pairs (data, label) of NDArray of shape (seq_len,), dtype int32: numbers of tokens,
    and of the tokens that follow them.

    Parameters
    ----------
    root : path, optional
        Folder of ``wiki.train.tokens`` and so on, or of ``wikitext-2-v1.zip``; default:
        ``$MXNET_HOME/datasets/wikitext-2``. Nothing is downloaded.
    segment : {"train", "validation", "test"}
    vocab : mx.contrib.text.vocab.Vocabulary, optional
        By default, one of all tokens of the segment: give that of "train" to the others.
    seq_len : int, default 35
        Tokens of a sample.

    Raises
    ------
    DataError
        If the files are not there.

    References
    ----------
    Merity, Xiong, Bradbury and Socher, "Pointer Sentinel Mixture Models", 2016. The text is under
    CC BY-SA 3.0.
    """

    folder, archive = "wikitext-2", "wikitext-2-v1.zip"


class WikiText103(_WikiText):
    """A hundred million words of good Wikipedia articles; see `WikiText2`.

    Parameters
    ----------
    root : path, optional
        Default: ``$MXNET_HOME/datasets/wikitext-103``, with the files or ``wikitext-103-v1.zip``.
    segment : {"train", "validation", "test"}
    vocab : mx.contrib.text.vocab.Vocabulary, optional
    seq_len : int, default 35
    """

    folder, archive = "wikitext-103", "wikitext-103-v1.zip"
