"""Vectors that stand for tokens, read from the text files in which they are published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dlstudio import config, nd
from dlstudio import np as mxnp
from dlstudio.base import classproperty
from dlstudio.contrib.text.vectors import read_vectors
from dlstudio.contrib.text.vocab import Vocabulary
from dlstudio.dialects.switches import is_np_array
from dlstudio.errors import DataError, FileFormatError, ParamError, ShapeError, explain
from dlstudio.registry import Registry

__all__ = [
    "CompositeEmbedding",
    "CustomEmbedding",
    "FastText",
    "GloVe",
    "TokenEmbedding",
    "create",
    "get_pretrained_file_names",
    "is_np_array",
    "register",
]

Array = Any


class TokenEmbedding(Vocabulary):
    """A vocabulary in which every token has a vector.

    Parameters
    ----------
    **kwargs
        Of `Vocabulary`.
    """

    pretrained_file_names: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = ""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._idx_to_vec: Any = None

    @classproperty
    def pretrained_file_name_sha1(cls: Any) -> dict[str, None]:  # noqa: N805  of the class
        """Names of the known files; they are yours, so that there is no checksum to compare."""
        return dict.fromkeys(cls.pretrained_file_names)

    @property
    def vec_len(self) -> int:
        """Length of each vector."""
        return self._idx_to_vec.shape[1]

    @property
    def idx_to_vec(self) -> Any:
        """All vectors: NDArray of shape (tokens, vec_len), row i for token i."""
        return self._idx_to_vec

    def get_vecs_by_tokens(self, tokens: Any, lower_case_backup: bool = False) -> Any:
        """Look up vectors.

        Parameters
        ----------
        tokens : str or list of str
        lower_case_backup : bool
            Look for "the" if there is no "The".

        Returns
        -------
        NDArray, shape (vec_len,) or (len(tokens), vec_len)
            Unknown tokens have the vector of `unknown_token`.
        """
        one = not isinstance(tokens, list)
        asked = [tokens] if one else tokens
        if lower_case_backup:
            asked = [token if token in self._token_to_idx else token.lower() for token in asked]
        rows = _array(np.array(self.to_indices(asked), np.int64))
        vectors = self._idx_to_vec.take(rows, axis=0)
        return vectors[0] if one else vectors

    def update_token_vectors(self, tokens: Any, new_vectors: Any) -> None:
        """Replace vectors.

        Parameters
        ----------
        tokens : str or list of str
            All of them known; `unknown_token` may be one.
        new_vectors : NDArray, shape (len(tokens), vec_len), or (vec_len,) for one token

        Raises
        ------
        ParamError
            If a token is unknown.
        ShapeError
            If the vectors are not one per token, of length `vec_len`.
        """
        asked = tokens if isinstance(tokens, list) else [tokens]
        unknown = [token for token in asked if token not in self._token_to_idx]
        if unknown:
            raise ParamError(
                explain(
                    f"update_token_vectors: {unknown[0]!r} is unknown.",
                    "tokens of the embedding.",
                    f"to change what unknown tokens get, name {self.unknown_token!r}",
                )
            )
        vectors = new_vectors.asnumpy()
        if vectors.size != len(asked) * self.vec_len:
            raise ShapeError(
                explain(
                    f"update_token_vectors: got vectors of shape {vectors.shape}.",
                    f"({len(asked)}, {self.vec_len}): one vector per token.",
                )
            )
        changed = self._idx_to_vec.asnumpy()
        changed[self.to_indices(asked)] = vectors.reshape(len(asked), self.vec_len)
        self._idx_to_vec[:] = _array(changed)

    @classmethod
    def _pretrained(cls, name: str, root: Any) -> Path:
        """Path of a published file in ``<root>/<name of the class>/``."""
        folder = config.get().home / "embeddings" if root is None else Path(root)
        path = folder.expanduser() / cls.__name__.lower() / name
        if path.is_file():
            return path
        if name not in cls.pretrained_file_names:
            raise ParamError(
                explain(
                    f"{cls.__name__}: there are no published vectors called {name!r}.",
                    f"one of {', '.join(cls.pretrained_file_names)}.",
                )
            )
        raise DataError(
            explain(
                f"{cls.__name__}: {path} is not there.",
                "a file with a token and its vector on each line.",
                f"unpack it there; it is published at {cls.source}",
            )
        )

    def _load(
        self,
        path: Path,
        elem_delim: str,
        encoding: str,
        init_unknown_vec: Callable[..., Any],
        vocabulary: Vocabulary | None,
    ) -> None:
        """Read vectors; with a vocabulary, of its tokens only and under its numbers."""
        found: dict[Any, Array] = {}
        for token, vector in read_vectors(path, elem_delim, encoding):
            found.setdefault(token, vector)  # of repeated tokens the first one counts
        if not found:
            raise FileFormatError(explain(f"{path} holds no vectors."))
        length = len(next(iter(found.values())))
        unknown = found.pop(self.unknown_token, None)
        if unknown is None:
            unknown = np.asarray(init_unknown_vec(shape=length))
        if vocabulary is None:
            self._number(self._idx_to_token + [t for t in found if t not in self._token_to_idx])
        else:
            self._follow(vocabulary)
        table = np.zeros((len(self), length), np.float32)
        for row, token in zip(table, self._idx_to_token, strict=True):
            row[:] = found.get(token, unknown)
        self._idx_to_vec = _array(table)

    def _follow(self, vocabulary: Vocabulary) -> None:
        """Take over the tokens and numbers of a vocabulary."""
        self._unknown_token = vocabulary.unknown_token
        self._reserved_tokens = vocabulary.reserved_tokens
        self._number(list(vocabulary.idx_to_token))


_TokenEmbedding = TokenEmbedding  # MXNet 1.9's name
_embeddings = Registry("token embedding", TokenEmbedding, "mx.contrib.text.embedding")


def _array(values: Array) -> Any:
    make = mxnp.array if is_np_array() else nd.array
    return make(values, dtype=values.dtype)


def register(embedding_cls: type[TokenEmbedding]) -> type[TokenEmbedding]:
    """Make a subclass of `TokenEmbedding` known to `create` by its name; usable as a decorator."""
    return _embeddings.register(embedding_cls)


def create(embedding_name: str, **kwargs: Any) -> TokenEmbedding:
    """Make a registered embedding.

    Parameters
    ----------
    embedding_name : str
        For example "glove" or "fasttext", in any case.
    **kwargs
        Of its class.

    Raises
    ------
    ParamError
        If no embedding of that name is registered.
    """
    return _embeddings.create(embedding_name, **kwargs)


def get_pretrained_file_names(embedding_name: str | None = None) -> Any:
    """Return the names of published files of vectors.

    Parameters
    ----------
    embedding_name : str, optional

    Returns
    -------
    list of str, or dict of str to list of str
        Of one embedding, or of all.

    Raises
    ------
    ParamError
        If no embedding of that name is registered.
    """
    names = {name: list(cls.pretrained_file_names) for name, cls in _embeddings.classes.items()}  # pyright: ignore[reportAttributeAccessIssue]
    if embedding_name is None:
        return names
    if embedding_name.lower() not in names:
        raise ParamError(
            explain(
                f"get_pretrained_file_names: got {embedding_name!r}.",
                f"one of {', '.join(names)}, or None.",
            )
        )
    return names[embedding_name.lower()]


class _PublishedEmbedding(TokenEmbedding):
    """Vectors from a published file, which lies in a folder of the class's name."""

    def __init__(
        self,
        pretrained_file_name: str,
        embedding_root: Any,
        init_unknown_vec: Callable[..., Any],
        vocabulary: Vocabulary | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        path = self._pretrained(pretrained_file_name, embedding_root)
        self._load(path, " ", "utf8", init_unknown_vec, vocabulary)


@register
class GloVe(_PublishedEmbedding):
    """Global Vectors, read from ``<embedding_root>/glove/<pretrained_file_name>``.

    Parameters
    ----------
    pretrained_file_name : str
    embedding_root : path, optional
        Default: ``$MXNET_HOME/embeddings``.
    init_unknown_vec : callable
        Makes the vector of unknown tokens from its ``shape``, if the file has none.
    vocabulary : Vocabulary, optional
        The tokens to read, in this order; by default all.
    **kwargs
        Of `Vocabulary`.

    Raises
    ------
    DataError
        If the file is not there; the message names the address.

    References
    ----------
    Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014.
    The vectors are in the public domain (PDDL).
    """

    source = "https://nlp.stanford.edu/projects/glove/"
    pretrained_file_names = (
        "glove.42B.300d.txt", "glove.6B.50d.txt", "glove.6B.100d.txt", "glove.6B.200d.txt",
        "glove.6B.300d.txt", "glove.840B.300d.txt", "glove.twitter.27B.25d.txt",
        "glove.twitter.27B.50d.txt", "glove.twitter.27B.100d.txt", "glove.twitter.27B.200d.txt",
    )  # fmt: skip

    def __init__(
        self,
        pretrained_file_name: str = "glove.840B.300d.txt",
        embedding_root: Any = None,
        init_unknown_vec: Callable[..., Any] = nd.zeros,
        vocabulary: Vocabulary | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            pretrained_file_name, embedding_root, init_unknown_vec, vocabulary, **kwargs
        )


@register
class FastText(_PublishedEmbedding):
    """Vectors of fastText, read from ``<embedding_root>/fasttext/<pretrained_file_name>``.

    Parameters
    ----------
    pretrained_file_name : str
        ``wiki.<language>.vec``; files of languages that are not listed are read if they are there.
    embedding_root, init_unknown_vec, vocabulary, **kwargs
        As in `GloVe`.

    Raises
    ------
    DataError
        If the file is not there; the message names the address.

    References
    ----------
    Bojanowski, Grave, Joulin and Mikolov, "Enriching Word Vectors with Subword Information", TACL
    2017. The vectors are under CC BY-SA 3.0.
    """

    source = "https://fasttext.cc/docs/en/pretrained-vectors.html"
    pretrained_file_names = (
        "crawl-300d-2M.vec",
        *(
            f"wiki.{language}.vec"
            for language in "simple en ar cs da de el es fa fi fr he hi hu id it ja ko nl no pl pt"
            " ro ru sv th tr uk vi zh".split()
        ),
    )

    def __init__(
        self,
        pretrained_file_name: str = "wiki.simple.vec",
        embedding_root: Any = None,
        init_unknown_vec: Callable[..., Any] = nd.zeros,
        vocabulary: Vocabulary | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            pretrained_file_name, embedding_root, init_unknown_vec, vocabulary, **kwargs
        )


class CustomEmbedding(TokenEmbedding):
    """Vectors from a file of your own: on each line a token and its numbers.

    Parameters
    ----------
    pretrained_file_path : path
    elem_delim : str
        What stands between token and numbers.
    encoding : str
    init_unknown_vec, vocabulary, **kwargs
        As in `GloVe`.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FileFormatError
        If lines have different numbers of numbers, or something else.
    """

    def __init__(
        self,
        pretrained_file_path: Any,
        elem_delim: str = " ",
        encoding: str = "utf8",
        init_unknown_vec: Callable[..., Any] = nd.zeros,
        vocabulary: Vocabulary | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        path = Path(pretrained_file_path).expanduser()
        self._load(path, elem_delim, encoding, init_unknown_vec, vocabulary)


class CompositeEmbedding(TokenEmbedding):
    """Several vectors for each token, put behind one another.

    Parameters
    ----------
    vocabulary : Vocabulary
    token_embeddings : TokenEmbedding, or list of TokenEmbedding
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        token_embeddings: TokenEmbedding | Sequence[TokenEmbedding],
    ) -> None:
        super().__init__()
        self._follow(vocabulary)
        one = isinstance(token_embeddings, TokenEmbedding)
        parts = [token_embeddings] if one else token_embeddings
        vectors = [part.get_vecs_by_tokens(self._idx_to_token).asnumpy() for part in parts]
        self._idx_to_vec = _array(np.concatenate(vectors, axis=1))
