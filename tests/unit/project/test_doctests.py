"""Every example in a docstring runs and shows what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import dlstudio

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
# The names that examples may use without importing them.
NAMES = {
    "mx": dlstudio,
    "np": np,
    "nd": dlstudio.nd,
    "sym": dlstudio.sym,
    "autograd": dlstudio.autograd,
    "gluon": dlstudio.gluon,
    "nn": dlstudio.gluon.nn,
}
MODULES = [
    "dlstudio",
    *sorted(found.name for found in pkgutil.walk_packages(dlstudio.__path__, "dlstudio.")),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of(name):
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        if str(error.name).startswith("dlstudio"):
            raise
        pytest.skip(f"{error.name} is not installed")  # an optional library, CuPy for one

    failed, _ = doctest.testmod(module, extraglobs=NAMES, optionflags=OPTIONS)

    assert failed == 0
