"""Numbering tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from dlstudio.errors import ParamError, explain

__all__ = ["UNKNOWN", "Vocabulary"]

UNKNOWN = 0  # the number of all tokens that are not in a vocabulary


class Vocabulary:
    """Numbers for tokens: 0 for unknown ones, then reserved ones, then the most frequent first.

    Tokens of equal frequency follow each other in alphabetical order.

    Parameters
    ----------
    counter : collections.Counter, optional
        How often each token occurs, as `count_tokens_from_str` counts.
    most_freq_count : int, optional
        The largest number of tokens that are taken from `counter`.
    min_freq : int >= 1
        How often a token must occur.
    unknown_token : hashable, default "<unk>"
        What number 0 is called.
    reserved_tokens : list of hashable, optional
        Tokens such as "<pad>" that are numbered from 1 on.

    Raises
    ------
    ParamError
        If reserved tokens are repeated or include the unknown one, or a number is not positive.

    Examples
    --------
    >>> from collections import Counter
    >>> words = Vocabulary(Counter("b a c c b c".split()), min_freq=2, reserved_tokens=["<pad>"])
    >>> words.idx_to_token
    ['<unk>', '<pad>', 'c', 'b']
    >>> words.to_indices(["b", "a"])
    [3, 0]
    """

    def __init__(
        self,
        counter: Counter[Any] | None = None,
        most_freq_count: int | None = None,
        min_freq: int = 1,
        unknown_token: Hashable = "<unk>",
        reserved_tokens: Sequence[Hashable] | None = None,
    ) -> None:
        if min_freq < 1:
            raise ParamError(explain(f"Vocabulary: got min_freq={min_freq}.", "at least 1."))
        reserved = list(reserved_tokens or [])
        if len({unknown_token, *reserved}) <= len(reserved):
            raise ParamError(
                explain(
                    f"Vocabulary: got reserved_tokens={reserved}.",
                    f"tokens that differ from each other and from {unknown_token!r}.",
                )
            )
        self._unknown_token = unknown_token
        self._reserved_tokens = reserved or None
        self._number([unknown_token, *reserved])
        if counter is not None:
            self._add_frequent(counter, most_freq_count, min_freq)

    def _number(self, tokens: list[Any]) -> None:
        self._idx_to_token = tokens
        self._token_to_idx = {token: i for i, token in enumerate(tokens)}

    def _add_frequent(self, counter: Counter[Any], most: int | None, least: int) -> None:
        chosen = [t for t, n in counter.items() if n >= least and t not in self._token_to_idx]
        chosen.sort()
        chosen.sort(key=counter.__getitem__, reverse=True)  # stable: ties stay alphabetical
        self._number(self._idx_to_token + chosen[:most])

    def __len__(self) -> int:
        return len(self._idx_to_token)

    def __contains__(self, token: Hashable) -> bool:
        return token in self._token_to_idx

    @property
    def token_to_idx(self) -> dict[Any, int]:
        """From token to number."""
        return self._token_to_idx

    @property
    def idx_to_token(self) -> list[Any]:
        """From number to token."""
        return self._idx_to_token

    @property
    def unknown_token(self) -> Hashable:
        """What number 0 is called."""
        return self._unknown_token

    @property
    def reserved_tokens(self) -> list[Any] | None:
        """The tokens numbered from 1 on that no counter brought, or None."""
        return self._reserved_tokens

    def to_indices(self, tokens: Any) -> Any:
        """Translate a token to its number, or a list of tokens to a list of numbers.

        Parameters
        ----------
        tokens : token or list of tokens

        Returns
        -------
        int or list of int
            0 for unknown tokens.
        """
        if isinstance(tokens, list):
            return [self._token_to_idx.get(token, UNKNOWN) for token in tokens]
        return self._token_to_idx.get(tokens, UNKNOWN)

    def to_tokens(self, indices: Any) -> Any:
        """Translate a number to its token, or a list of numbers to a list of tokens.

        Parameters
        ----------
        indices : int or list of int

        Returns
        -------
        token or list of tokens

        Raises
        ------
        ParamError
            If there is no such number.
        """
        if isinstance(indices, list):
            return [self.to_tokens(index) for index in indices]
        if not 0 <= indices < len(self):
            raise ParamError(
                explain(
                    f"to_tokens: there is no token number {indices}.",
                    f"a number from 0 to {len(self) - 1}.",
                )
            )
        return self._idx_to_token[int(indices)]
