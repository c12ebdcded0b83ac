"""Fast kernels beside the operators' reference forwards.

`find` answers with a compiled kernel for an operator at given shapes and dtypes, or with None,
which means: use the reference. Who builds a plan asks once per equation and keeps the answers, so
that results never change in mid-run; so do eager calls of slow operators (see `eager`).

Nobody waits for a compiler. In mode ``auto`` only kernels whose machine code lies on disk are
given out; the first that is missed starts a helper process (see `compile`) which compiles
the whole set in the background, at low priority. Plans built later (another ``hybridize()``, a
new input shape, the next process) find the kernels there. ``dlstudio warmup`` compiles ahead.

Kernels and reference sum in different orders, so their results differ in the last bits. Runs repeat
themselves to the bit where the same kernels are given out: after a warmup, or in mode ``numpy``.

Modes, from ``DLSTUDIO_KERNELS`` or ``config.using(kernels=...)``:

auto      compiled kernels that are ready, NumPy otherwise
numpy     NumPy only
compiled  compile what is missing at once, in the foreground
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

from dlstudio import config
from dlstudio.core.avals import Aval
from dlstudio.kernels import cache

__all__ = [
    "announcement",
    "find",
    "mode",
    "multi_step",
    "status",
    "supported",
    "takes_views",
    "warmup",
]

Kernel = Callable[..., None]

# Family (a module of this package) -> the operators it has kernels for.
_OPERATORS = {
    "conv": (
        "Convolution",
        "convolution_grad_data",
        "convolution_grad_weight",
        "fused_conv_relu",
        "fused_conv_relu_pool",
        "fused_conv_grad_data",
        "fused_conv_grad_weight",
    ),
    "pool": (
        "Pooling",
        "pooling_grad",
    ),
    "dense": (
        "FullyConnected",
        "fused_dense_relu",
        "fused_relu_bias_grad",
        "sum",
    ),
    "softmax": (
        "softmax",
        "softmax_grad",
        "log_softmax",
        "log_softmax_grad",
        "fused_cross_entropy",
        "fused_cross_entropy_grad",
    ),
    "norm": (
        "BatchNorm",
        "batch_norm_grad",
        "LayerNorm",
        "layer_norm_grad",
    ),
    "pointwise": (
        "Activation",
        "LeakyReLU",
        "erf",
        "relu",
        "relu_grad",
        "sigmoid",
        "sigmoid_grad",
        "tanh",
        "tanh_grad",
    ),
    "chains": ("fused_pointwise",),
}
# Operators whose kernels need no compiler: NumPy on our threads.
_PLAIN = {"matmul": "products"}
_FAMILY = {name: family for family, names in _OPERATORS.items() for name in names}
_lock = threading.Lock()
_modules: dict[str, Any] = {}
_missed: set[str] = set()
_announced = False


def mode() -> str:
    """Tell the mode in force: ``auto``, ``numpy`` or ``compiled``."""
    return config.get().kernels


def supported() -> tuple[str, ...]:
    """Names of the operators that have a kernel for some shapes."""
    return (*_FAMILY, *_PLAIN)


def find(
    op_name: str,
    ins: Sequence[Aval | None],
    outs: Sequence[Aval],
    attrs: dict[str, Any],
) -> Kernel | None:
    """Find a kernel for one operator at fixed shapes; None means: use the reference forward.

    Parameters
    ----------
    op_name : str
        The operator's name in the registry.
    ins, outs : sequences of Aval
        Arrays read and written; None stands for an optional input that is not given.
    attrs : dict
        Typed attributes, with ``training`` for operators that have modes.

    Returns
    -------
    callable or None
        ``kernel(*outs, *ins)`` fills the outputs. All arrays are C-contiguous; outputs lie on
        64-byte boundaries for full speed. Nothing is allocated after the first call, and the
        global interpreter lock is free meanwhile.
    """
    module = _module_for(op_name)
    if module is None:
        return None
    given = tuple(a for a in ins if a is not None)
    try:
        return module.BUILDERS[op_name](given, tuple(outs), attrs)
    except Exception as error:  # a damaged cache, a numba switched off: NumPy still works
        _give_up(_FAMILY.get(op_name, op_name), error)
        return None


def takes_views(op_name: str) -> bool:
    """Whether the operator's kernel reads inputs with any strides (transposed matrices, say)."""
    return op_name in _PLAIN


def _module_for(op_name: str) -> Any:
    if op_name in _PLAIN:
        return None if mode() == "numpy" else _import(_PLAIN[op_name])
    family = _FAMILY.get(op_name)
    return None if family is None else _family(family)


def multi_step(rule: str, rows: Sequence[tuple[Any, ...]]) -> Any:
    """Make one optimizer step over many parameters as a single call, or None.

    Parameters
    ----------
    rule : {"sgd_update", "sgd_mom_update", "adam_update"}
    rows : sequence of tuples of NumPy arrays
        Per parameter (weight, grad, *states); see `optimizer.MultiStep`.
    """
    module = _family("optimizer")
    if module is None or not module.MultiStep.accepts(rule, rows):
        return None
    return module.MultiStep(rule, rows)


def _family(name: str) -> Any:
    """Import the module of a family if its kernels may be used now, else None."""
    how = mode()
    if how == "numpy" or not cache.has_numba():
        return None
    if name in _modules:
        return _modules[name]
    if cache.failure(name) or not _usable(name, how):
        return None
    with _lock:
        _modules[name] = _import(name)
    return _modules[name]


def _usable(name: str, how: str) -> bool:
    """Whether the family is compiled; compile it, or have it compiled, if it is not."""
    if cache.is_ready(name):
        return True
    from dlstudio.kernels import compile as compiling

    if how == "compiled":
        return compiling.compile_family(name)
    _missed.add(name)
    compiling.start()
    return False


def _import(name: str) -> Any:
    try:
        return importlib.import_module(f"dlstudio.kernels.{name}")
    except Exception as error:  # a numba that does not start must not stop training
        _give_up(name, error)
        return None


def _give_up(family: str, error: Exception) -> None:
    """Do without a family in this process; the status says why."""
    _modules.pop(family, None)
    cache.note_failure(family, f"{type(error).__name__}: {error}".splitlines()[0])


def warmup(progress: Callable[[str], object] = print) -> int:
    """Compile every kernel now, and return how many families were compiled.

    Parameters
    ----------
    progress : function of one line of text
    """
    if not cache.has_numba():
        progress(status())
        return 0
    from dlstudio.kernels.compile import compile_family

    # Families that failed before are tried again: a new numba, more memory …
    waiting = [name for name in cache.FAMILIES if not cache.is_ready(name)]
    for i, name in enumerate(waiting, start=1):
        progress(f"compiling {name} ({i} of {len(waiting)})")
        compile_family(name)
    progress(status())
    return len(waiting)


def status() -> str:
    """One line of text: which kernels run, and what is being compiled."""
    if not cache.has_numba():
        return "kernels: NumPy (numba is not installed; `pip install numba` makes training faster)"
    if mode() == "numpy":
        return "kernels: NumPy, as DLSTUDIO_KERNELS or config.using(kernels='numpy') says"
    total, waiting = len(cache.FAMILIES), cache.pending()
    broken = [name for name in cache.FAMILIES if cache.failure(name)]
    done = total - len(waiting) - len(broken)
    text = f"kernels: {done} of {total} families compiled"
    if waiting:
        from dlstudio.kernels.compile import is_running

        if is_running():
            text += f", compiling {', '.join(waiting)} in the background"
        else:
            text += "; `dlstudio warmup` compiles the rest"
        text += (
            ". What has run on NumPy meanwhile stays on it: hybridize() again to change a plan, and"
            " start anew for eager calls"
        )
    if broken:
        text += f". Not usable here: {', '.join(broken)} ({cache.failure(broken[0])})"
    return text


def announcement() -> str:
    """Give the status, once, if a plan had to do without a kernel; "" otherwise.

    A plan or the training monitor prints it, so that a learner knows why a first run is slower.
    """
    global _announced  # noqa: PLW0603  said once per process
    if _announced or not _missed:
        return ""
    _announced = True
    return status()
