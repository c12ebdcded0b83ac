"""Counting the tokens of a text."""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["count_tokens_from_str"]


def count_tokens_from_str(
    source_str: str,
    token_delim: str = " ",
    seq_delim: str = "\n",
    to_lower: bool = False,
    counter_to_update: Counter[str] | None = None,
) -> Counter[str]:
    """Count the tokens of a text.

    Parameters
    ----------
    source_str : str
        Sequences of tokens.
    token_delim, seq_delim : str
        What stands between tokens, and between sequences; both may be regular expressions.
    to_lower : bool
        Whether "The" counts as "the".
    counter_to_update : collections.Counter, optional
        Is counted on and returned, instead of a new one.

    Returns
    -------
    collections.Counter
        From token to how often it occurs.

    Examples
    --------
    >>> counter = count_tokens_from_str("Life is great ! Life is good .", to_lower=True)
    >>> counter.most_common(2)
    [('life', 2), ('is', 2)]
    """
    tokens = re.split(f"{token_delim}|{seq_delim}", source_str)
    counter = Counter() if counter_to_update is None else counter_to_update
    counter.update(token.lower() if to_lower else token for token in tokens if token)
    return counter
