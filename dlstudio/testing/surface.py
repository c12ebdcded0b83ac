"""How much of MXNet's operator surface is here: every name is called, none is merely looked up.

>>> from dlstudio import testing
>>> testing.coverage(verbose=False).share > 0.95
True
"""

from __future__ import annotations

import functools
import importlib
import json
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

import dlstudio as mx
from dlstudio.core.registry import OPS, Op, Sample
from dlstudio.core.tensor import NDArray, ndarray
from dlstudio.dialects.bind import index
from dlstudio.dialects.left_out import LEFT_OUT
from dlstudio.testing.samples import SampleMaker

__all__ = ["Coverage", "coverage"]

# (namespace, name) -> why it is left out; the first pattern that matches counts
EXCLUDED: tuple[tuple[str, str], ...] = (
    *((rf".*\.{pattern}", why) for pattern, why in LEFT_OUT),
    (r".*\.(contrib_)?backward_\w+", "gradients, which no program calls by name"),
    (
        r".*\.(check_call|c_array_buf|py_sum|classproperty|with_metaclass|reduce|wrap_\w+"
        r"|get_cuda_compute_capability|_ndarray_cls|_new_empty_handle|get_indexing_dispatch_code"
        r"|get_oshape_of_gather_nd_op|indexing_key_expand_implicit_axes)",
        "no operator: a helper that MXNet's module happens to import",
    ),
    (r"(nd\.(contrib|random|sparse))\.(current_context|uniform)", "likewise"),
    (r"sym\.contrib\.uniform", "likewise"),
    (r"npx\.(scalar|tensor)_poisson", "internal names of npx.random.poisson"),
    (r"npx\.image\.is_np_array", "likewise"),
    (
        r"Symbol\.(as_in_context|as_n[dp]_ndarray|asnumpy|asscalar|backward|copy|detach|wait_to_read)",
        "MXNet's symbols have it only to refuse: symbols hold no values",
    ),
)


@dataclass(frozen=True)
class Coverage:
    """Names by outcome.

    Parameters
    ----------
    present : list of str
        Names that a sample ran through.
    missing : list of str
        Names that do not exist, or that no sample could be run through, with the reason.
    excluded : list of str
        Names left out on purpose, with the reason.
    """

    present: list[str]
    missing: list[str]
    excluded: list[str]

    @property
    def share(self) -> float:
        """Present names among those that are not excluded, from 0 to 1."""
        return len(self.present) / max(1, len(self.present) + len(self.missing))

    def __str__(self) -> str:
        lines = [f"missing  {text}" for text in self.missing]
        lines += [f"excluded {text}" for text in self.excluded]
        total = len(self.present) + len(self.missing)
        summary = f"{len(self.present)} of {total} names present ({self.share:.1%})"
        return "\n".join([*lines, f"{summary}, {len(self.excluded)} excluded"])


def coverage(*, verbose: bool = True) -> Coverage:
    """Call every public operator and array method of MXNet by its name, on a small sample.

    Operators take their samples from their entry in the table, other functions an expression of
    `examples.txt` beside this file.

    Parameters
    ----------
    verbose : bool
        Print the report.
    """
    found = Coverage([], [], [])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for space, name in names():
            full = f"{space}.{name}"
            why = next((why for p, why in EXCLUDED if re.fullmatch(p, full)), None)
            if why is not None:
                found.excluded.append(f"{full}: {why}")
                continue
            problem = _problem(space, name)
            if problem is None:
                found.present.append(full)
            else:
                found.missing.append(f"{full}: {problem}")
    if verbose:
        print(found)
    return found


def _resource(file: str) -> str:
    return resources.files("dlstudio.testing").joinpath(file).read_text(encoding="utf-8")


@functools.cache
def _examples() -> dict[str, str]:
    lines = [line for line in _resource("examples.txt").splitlines() if not line.startswith("#")]
    return dict(line.split(": ", 1) for line in lines)


def names() -> Iterator[tuple[str, str]]:
    """All (namespace, name) that are counted: MXNet 1.9.1's, in np and npx also those of 2.0."""
    for space, listed in json.loads(_resource("names.json")).items():
        for name in listed.split():
            yield space, name


_CLASSES = {"NDArray": "nd", "ndarray": "np", "Symbol": "sym"}


def _problem(space: str, name: str) -> str | None:
    """Run samples through a name; say why that did not work, None if it did."""
    try:
        owner = _owner(space)
        if not hasattr(owner, name):
            return "there is no such name"
    except (AttributeError, ImportError):
        return "there is no such name"
    code = _examples().get(f"{space}.{name}")
    if code is not None:
        return _attempt(lambda: _run_example(code))
    op = _operator(space, name)
    if op is None or op.samples is None:
        return "no sample calls it"
    problem = "its operator has no samples"
    for sample in op.samples(SampleMaker(7)):
        problem = _attempt(lambda sample=sample: _run_sample(space, owner, name, op, sample))
        if problem is None:
            return None
    return problem


def _attempt(call: Callable[[], Any]) -> str | None:
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}".split("\n", maxsplit=1)[0]
    return None


def _owner(space: str) -> Any:
    if space in _CLASSES:
        return {"NDArray": NDArray, "ndarray": ndarray, "Symbol": mx.sym.Symbol}[space]
    return importlib.import_module(f"dlstudio.{space}") if "." not in space else _inside(space)


def _inside(space: str) -> Any:
    head, tail = space.split(".")
    return getattr(importlib.import_module(f"dlstudio.{head}"), tail)


def _operator(space: str, name: str) -> Op | None:
    if space not in _CLASSES:
        head, _, tail = space.partition(".")
        return index(head).get(f"{tail}.{name}" if tail else name)
    for kind in ("np_method", "method") if space == "ndarray" else ("method",):
        for op in OPS.values():
            if name in getattr(op.names, kind).split():
                return op
    return None


def _run_sample(space: str, owner: Any, name: str, op: Op, sample: Sample) -> None:
    dialect = _CLASSES.get(space) or space.split(".", maxsplit=1)[0]
    if dialect == "sym":
        _run_symbol(owner, name, op, sample, method=space in _CLASSES)
        return
    cls = NDArray if dialect == "nd" else ndarray
    arrays = [None if x is None else cls._wrap(x, mx.cpu()) for x in sample.inputs]
    if space in _CLASSES:
        getattr(arrays[0], name)(*arrays[1:], **sample.attrs)
    elif op.variadic and dialect != "nd":
        fixed = len(op.inputs) - 1
        getattr(owner, name)(*arrays[:fixed], arrays[fixed:], **sample.attrs)
    else:
        getattr(owner, name)(*arrays, **sample.attrs)


def _run_symbol(owner: Any, name: str, op: Op, sample: Sample, *, method: bool) -> None:
    values = {f"input{i}": x for i, x in enumerate(sample.inputs) if x is not None}
    inputs = [mx.sym.var(n) for n in values]
    function = getattr(inputs[0], name) if method else getattr(owner, name)
    symbol = function(*inputs[1:] if method else inputs, **sample.attrs)
    symbol = mx.sym.Group(list(symbol)) if isinstance(symbol, (list, tuple)) else symbol
    arrays = {n: NDArray._wrap(np.array(x), mx.cpu()) for n, x in values.items()}
    states = set(symbol.list_auxiliary_states())
    arguments = {n: arrays[n] for n in symbol.list_arguments()}
    symbol.bind(mx.cpu(), arguments, aux_states={n: arrays[n] for n in states}).forward()


def _run_example(code: str) -> None:
    """Run an expression in a folder of its own, on fresh arrays."""
    with tempfile.TemporaryDirectory() as folder:
        scope: dict[str, Any] = {
            "mx": mx, "nd": mx.nd, "np": mx.np, "npx": mx.npx, "sym": mx.sym, "onp": np,
            "x": mx.nd.array([[1.0, 2, 3], [4, 5, 6]]), "v": mx.nd.array([1.0, 2, 3]),
            "a": mx.np.array([[1.0, 2, 3], [4, 5, 6]]), "w": mx.np.array([1.0, 2, 3]),
            "k": mx.np.array([0, 2, 1], dtype="int64"), "m": mx.np.array([[2.0, 1], [1, 3]]),
            "s": mx.sym.var("x", shape=(2, 3)), "file": Path(folder) / "file",
        }  # fmt: skip
        exec(code, scope)
