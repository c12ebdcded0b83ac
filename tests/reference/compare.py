"""Reading the recorded cases, and comparing what dlstudio answers with them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio import np as mnp
from dlstudio.core.tensor import Tensor

_SPEC = importlib.util.spec_from_file_location(
    "pack_reader", Path(__file__).parent / "pack" / "reference.py"
)
pack = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pack)

# the pack's own advice on tolerances; MXNet accumulates some float32 sums in another order
RELATIVE = {"float16": 1e-2, "float32": 1e-4, "float64": 1e-6}


class Absent(Exception):  # noqa: N818  an outcome, not an error
    """The case calls something dlstudio does not have yet."""


class Differs(Exception):  # noqa: N818  likewise
    """The case runs and disagrees with the record."""


def plain(value: Any) -> Any:
    """Dense arrays as NumPy arrays, everything else as it is."""
    if isinstance(value, Tensor) and value.stype == "default":
        return value.asnumpy()
    if isinstance(value, (pack.Csr, pack.RowSparse)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def agree(got: Any, want: Any, where: str) -> None:  # noqa: C901  one case after the other
    """Raise `Differs` unless the two values are the same within the dtype's tolerance."""
    if isinstance(want, pack.Opaque):
        return
    if isinstance(want, (pack.Csr, pack.RowSparse)):
        _agree_sparse(got, want, where)
        return
    got, want = plain(got), plain(want)
    if isinstance(want, (list, tuple)):
        if not isinstance(got, (list, tuple)) or len(got) != len(want):
            raise Differs(f"{where}: got {_short(got)}, recorded {_short(want)}")
        for i, (g, w) in enumerate(zip(got, want, strict=True)):
            agree(g, w, f"{where}[{i}]")
        return
    if isinstance(want, dict):
        if not isinstance(got, dict) or set(map(str, got)) != set(map(str, want)):
            raise Differs(f"{where}: got {_short(got)}, recorded {_short(want)}")
        named = {str(k): v for k, v in got.items()}
        for key, value in want.items():
            agree(named[str(key)], value, f"{where}[{key}]")
        return
    if isinstance(want, np.ndarray):
        if getattr(got, "stype", "default") != "default":
            raise Differs(f"{where}: a {type(got).__name__}, recorded a dense array")
        _agree_array(np.asarray(got), want, where)
        return
    if isinstance(want, (float, np.floating)):
        if not np.isclose(float(got), float(want), rtol=1e-5, atol=1e-7, equal_nan=True):
            raise Differs(f"{where}: got {got!r}, recorded {want!r}")
        return
    if got != want:
        raise Differs(f"{where}: got {_short(got)}, recorded {_short(want)}")


def _sparse(want: Any) -> Any:
    """Dress a recorded sparse array as ours."""
    if isinstance(want, pack.Csr):
        return nd.sparse.csr_matrix((want.data, want.indices, want.indptr), shape=want.shape)
    return nd.sparse.row_sparse_array((want.data, want.indices), shape=want.shape)


def _agree_sparse(got: Any, want: Any, where: str) -> None:
    """Storage and values count; whether a zero is stored is left to each engine."""
    ours = _sparse(want)
    if getattr(got, "stype", "") != ours.stype:
        raise Differs(f"{where}: a {type(got).__name__}, recorded {ours.stype}")
    _agree_array(got.asnumpy(), ours.asnumpy(), where)


def _agree_array(got: Any, want: Any, where: str) -> None:
    if got.shape != want.shape:
        raise Differs(f"{where}: shape {got.shape}, recorded {want.shape}")
    if got.dtype != want.dtype:
        raise Differs(f"{where}: dtype {got.dtype}, recorded {want.dtype}")
    relative = RELATIVE.get(want.dtype.name, 0.0)
    scale = np.abs(want[np.isfinite(want)]).max(initial=0.0) if want.dtype.kind == "f" else 0.0
    absolute = relative * max(float(scale), 1e-2) * 0.1
    if not np.allclose(got, want, rtol=relative, atol=absolute, equal_nan=want.dtype.kind == "f"):
        raise Differs(f"{where}: got {_short(got)}, recorded {_short(want)}")


def _short(value: Any) -> str:
    return repr(value).replace("\n", " ")[:120]


def tensor(value: Any, cls: type[Tensor]) -> Any:
    """Dress recorded inputs as arrays of the dialect."""
    if isinstance(value, np.ndarray):
        return cls._wrap(np.array(value, order="C"), mx.cpu())
    if isinstance(value, (pack.Csr, pack.RowSparse)):
        return _sparse(value)
    if isinstance(value, list):
        return [tensor(v, cls) for v in value]
    if isinstance(value, tuple):
        return tuple(tensor(v, cls) for v in value)
    return value


def flat_arrays(values: Any) -> Iterator[Tensor]:
    """All arrays among the inputs, in order."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from flat_arrays(value)


def expect_error(call: Callable[[], Any]) -> None:
    try:
        call()
    except Absent:
        raise
    except Exception:
        return
    raise Differs("no error, one is recorded")


def scope(**more: Any) -> dict[str, Any]:
    """Names that recorded programs use."""
    names: dict[str, Any] = {
        "mx": mx, "nd": nd, "np": np, "autograd": autograd, "mnp": mnp, "npx": mx.npx,
        "A": lambda v, dtype="float32": nd.array(v, dtype=dtype),
        "N": lambda v, dtype="int64": np.array(v, dtype=dtype),
        "MASK": (np.arange(24).reshape(2, 3, 4) % 3 == 0).tolist(),
    }  # fmt: skip
    for name in ("gluon", "metric", "lr_scheduler", "init"):
        try:
            names[name] = getattr(mx, name)
        except (AttributeError, ImportError):
            continue
    if "gluon" in names:
        for name in ("nn", "rnn", "loss", "contrib"):
            names[name] = getattr(names["gluon"], name, None)
    return {**names, **more}


def fresh_names() -> Any:
    return mx.name.NameManager()


def run_code(case: Any) -> None:
    """A recorded program: execute it and compare `r`."""
    names = scope()
    if case.raw.get("mode") == "np":
        mx.npx.set_np()
    try:
        with fresh_names():
            if case.error is not None:
                expect_error(lambda: exec(case.code, names))
                return
            _execute(case.code, names)
    finally:
        mx.npx.reset_np()
    agree(names.get("r"), case.raw.get("result"), "r")


def _execute(code: str, names: dict[str, Any]) -> None:
    exec(code, names)
