"""English."""

from __future__ import annotations

from dlstudio.errors import DataError, explain

__all__ = ["help_text"]


def help_text(train: bool = True) -> str:
    """Return about 460,000 characters of English: the texts behind ``help()`` in Python.

    Enough for a language model of characters. Topics follow each other in alphabetical order; the
    last tenth of the text is for testing. It differs a little from one version of Python to the
    next.

    Parameters
    ----------
    train : bool, default True
        The first nine tenths; False for the last tenth.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If this Python was installed without its documentation.

    Examples
    --------
    >>> len(help_text()) > 350_000
    True

    References
    ----------
    The Python Language Reference, Python Software Foundation (PSF License), as the module
    ``pydoc_data.topics`` of the standard library.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise DataError(
            explain(
                "datasets.help_text() reads pydoc_data.topics, which this Python lacks.",
                "a complete standard library.",
                "install Python from python.org, or your system's package libpython3-stdlib",
            )
        ) from error
    text = "\n".join(topics[name] for name in sorted(topics))
    cut = len(text) * 9 // 10
    return text[:cut] if train else text[cut:]
