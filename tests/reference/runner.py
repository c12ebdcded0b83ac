"""Runs the recorded MXNet 1.9.1 cases against dlstudio and counts which agree.

    python -m tests.reference.runner ops            # counts
    python -m tests.reference.runner ops --failures # and every disagreement, one a line

A case whose function does not exist here is "absent"; every other case passes or fails.
"""

from __future__ import annotations

import collections
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio import np as mnp
from dlstudio.core.tensor import NDArray, Tensor, ndarray

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


# ---- comparing -------------------------------------------------------------------------------
def plain(value: Any) -> Any:
    """Arrays as NumPy arrays, everything else as it is."""
    if isinstance(value, Tensor):
        return value.asnumpy()
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def agree(got: Any, want: Any, where: str) -> None:  # noqa: C901  one case after the other
    """Raise `Differs` unless the two values are the same within the dtype's tolerance."""
    if isinstance(want, pack.Opaque):
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
        _agree_array(np.asarray(got), want, where)
        return
    if isinstance(want, (float, np.floating)):
        if not np.isclose(float(got), float(want), rtol=1e-5, atol=1e-7, equal_nan=True):
            raise Differs(f"{where}: got {got!r}, recorded {want!r}")
        return
    if got != want:
        raise Differs(f"{where}: got {_short(got)}, recorded {_short(want)}")


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


# ---- ops -------------------------------------------------------------------------------------
def tensor(value: Any, cls: type[Tensor]) -> Any:
    """Dress recorded inputs as arrays of the dialect."""
    if isinstance(value, np.ndarray):
        return cls._wrap(np.array(value, order="C"), mx.cpu())
    if isinstance(value, (pack.Csr, pack.RowSparse)):
        raise Absent("sparse input")
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


def function_of(case: Any, inputs: list[Any]) -> Callable[..., Any]:
    """Find what the case calls."""
    if case.raw.get("method"):
        try:
            return getattr(inputs[0], case.op)
        except AttributeError:
            raise Absent(f"method {case.op}") from None
    found: Any = mx
    for part in [*case.ns.split(".")[1:], case.op]:
        try:
            found = getattr(found, part)
        except (AttributeError, ModuleNotFoundError):
            raise Absent(f"{case.ns}.{case.op}") from None
    return found


def keywords(case: Any, inputs: list[Any], cls: type[Tensor]) -> dict[str, Any]:
    """Keyword arguments, with ``out="@0"`` resolved to the inputs it names."""
    given = {k: tensor(v, cls) for k, v in case.kwargs.items()}
    out = given.get("out")
    if isinstance(out, str) and out.startswith("@"):
        picked = [_pick(inputs, name) for name in out[1:].split(",")]
        given["out"] = picked[0] if len(picked) == 1 else picked
    return given


def _pick(inputs: list[Any], name: str) -> Any:
    head, _, tail = name.partition(".")
    return inputs[int(head)][int(tail)] if tail else inputs[int(head)]


def run_op(case: Any) -> None:
    """One operator case: outputs, class, gradients, or the error."""
    cls = ndarray if case.mode == "np" else NDArray
    mx.random.seed(7)
    inputs = [tensor(v, cls) for v in case.inputs]
    call = inputs[1:] if case.raw.get("method") else inputs
    function = function_of(case, inputs)
    given = keywords(case, inputs, cls)
    if case.error is not None:
        _expect_error(lambda: plain(function(*call, **given)))
        return
    result = function(*call, **given)
    results = [result] if case.raw.get("single") else list(result)
    agree(results, case.outputs, "output")
    if (
        case.raw.get("out_class") in ("NDArray", "ndarray")
        and type(results[0]).__name__ != case.out_class
    ):
        raise Differs(f"class {type(results[0]).__name__}, recorded {case.out_class}")
    arrays = list(flat_arrays(inputs))
    for index, value in (case.raw.get("mutated") or {}).items():
        agree(arrays[int(index)], value, f"input {index} afterwards")
    if case.grads:
        run_gradients(case, cls)


def _expect_error(call: Callable[[], Any]) -> None:
    try:
        call()
    except Absent:
        raise
    except Exception:
        return
    raise Differs("no error, one is recorded")


def run_gradients(case: Any, cls: type[Tensor]) -> None:
    """The same call recorded, with the recorded head gradients."""
    mx.random.seed(7)
    inputs = [tensor(v, cls) for v in case.inputs]
    named = keywords(case, inputs, cls)
    # the record numbers arrays given by name after those given by position
    arrays = [*flat_arrays(inputs), *flat_arrays([v for k, v in named.items() if k != "out"])]
    for index in case.grads:
        arrays[int(index)].attach_grad()
    function = function_of(case, inputs)
    call = inputs[1:] if case.raw.get("method") else inputs
    with autograd.record():
        result = function(*call, **named)
    results = [result] if isinstance(result, Tensor) else list(result)
    heads = [None if h is None else tensor(h, cls) for h in case.heads]
    pairs = [(r, h) for r, h in zip(results, heads, strict=False) if r._entry is not None]
    if not pairs:
        raise Differs("nothing was recorded")
    autograd.backward([r for r, _ in pairs], [h for _, h in pairs])
    for index, value in case.grads.items():
        agree(arrays[int(index)].grad, value, f"gradient {index}")


# ---- code ------------------------------------------------------------------------------------
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


def _fresh_names() -> Any:
    return mx.name.NameManager()


def run_code(case: Any) -> None:
    """A recorded program: execute it and compare `r`."""
    names = scope()
    if case.raw.get("mode") == "np":
        mx.npx.set_np()
    try:
        with _fresh_names():
            if case.error is not None:
                _expect_error(lambda: exec(case.code, names))
                return
            _execute(case.code, names)
    finally:
        mx.npx.reset_np()
    agree(names.get("r"), case.raw.get("result"), "r")


def _execute(code: str, names: dict[str, Any]) -> None:
    exec(code, names)


def run_indexing(case: Any) -> None:
    """A recorded indexing expression on a 2 x 3 x 4 array."""
    if "code" in case.raw:
        run_code(case)
        return
    cls = ndarray if case.raw.get("mode") == "np" else NDArray
    array = tensor(np.arange(24, dtype=np.float32).reshape(2, 3, 4), cls)
    make = mnp.array if cls is ndarray else nd.array
    key = eval(case.key, scope(A=lambda v, dtype="float32": make(v, dtype=dtype)))
    action = {"get": _get, "grad": _grad}.get(case.what, _set)
    if case.error is not None:
        _expect_error(lambda: action(case, array, key))
        return
    action(case, array, key)


def _get(case: Any, array: Any, key: Any) -> None:
    got = array[key]
    agree(got, case.raw.get("result"), "value")
    if case.raw.get("is_view") is not None and isinstance(got, Tensor) and got.size:
        before = array.asnumpy().copy()
        got[:] = -5
        if bool((array.asnumpy() != before).any()) != case.is_view:
            raise Differs(f"is_view should be {case.is_view}")


def _grad(case: Any, array: Any, key: Any) -> None:
    array.attach_grad()
    with autograd.record():
        got = array[key]
    got.backward(tensor(case.head, type(array)))
    agree(array.grad, case.raw.get("result"), "gradient")


def _set(case: Any, array: Any, key: Any) -> None:
    value = 7.5 if case.what == "set_scalar" else case.value
    if case.what == "set_array":
        value = tensor(value, type(array))
    elif isinstance(value, np.ndarray):
        value = value.tolist()
    array[key] = value
    agree(array, case.raw.get("result"), "array")


_METHODS = {"add", "sub", "mul", "truediv", "mod", "pow", "eq", "lt"}
_SCALARS = {"np.float64 2.5": np.float64(2.5), "np.int64 2": np.int64(2), "py bool True": True,
            "py float 2.5": 2.5, "py int 2": 2}  # fmt: skip


def run_promotion(case: Any) -> None:
    """``lhs op rhs`` for all pairs of dtypes and scalars, and functions of one array."""
    import operator

    cls = ndarray if case.mode == "np" else NDArray
    left = tensor(np.array([3, 1, 2]).astype(case.lhs), cls)
    if case.op not in _METHODS or "rhs" not in case.raw:
        call = _function_of_one(case, left)
    else:
        right = _promotion_operand(case.rhs, cls)
        first, second = (right, left) if "(left)" in case.rhs else (left, right)
        function = getattr(operator, case.op)
        call = lambda: function(first, second)  # noqa: E731
    if case.error is not None:
        _expect_error(lambda: plain(call()))
        return
    agree(call(), case.raw.get("result"), "value")


def _function_of_one(case: Any, left: Any) -> Callable[[], Any]:
    namespace = mnp if case.mode == "np" else nd
    try:
        function = getattr(namespace, case.op)
    except AttributeError:
        raise Absent(case.op) from None
    if case.op == "dot":
        return lambda: function(left, left)
    return lambda: function(left)


def _promotion_operand(text: str, cls: type[Tensor]) -> Any:
    text = text.replace("(left)", "").strip()
    if text in _SCALARS:
        return _SCALARS[text]
    return tensor(np.array([3, 1, 2]).astype(np.dtype(text)), cls)


# ---- layers, optimizers, metrics -------------------------------------------------------------
def run_layer(case: Any) -> None:
    """A Gluon block: names, shapes, text, values and gradients."""
    if "unroll" in case.raw or " " in case.code.split("(")[0]:
        raise Absent("a block that the record describes in words")
    names = scope()
    with _fresh_names():
        if case.error is not None:
            _expect_error(lambda: _built_and_run(case, names))
            return
        try:
            block = eval(case.code, names)
        except (AttributeError, TypeError) as error:
            raise Absent(f"{error}") from None
        _run_block(case, block)


def _built_and_run(case: Any, names: dict[str, Any]) -> None:
    block = eval(case.code, names)
    block.initialize()
    plain(block(*[tensor(v, NDArray) for v in case.inputs]))


def _run_block(case: Any, block: Any) -> None:
    agree(block.prefix, case.prefix, "prefix")
    agree(repr(block), case.repr_before, "repr before")
    agree(list(block.collect_params()), case.params_order, "order of parameters")
    block.initialize()
    inputs = [tensor(v, NDArray) for v in case.inputs]
    block(*inputs)
    for name, facts in case.params.items():
        agree(list(block.collect_params()[name].shape), list(facts["shape"]), f"shape of {name}")
    for name, value in case.param_values.items():
        block.collect_params()[name].set_data(nd.array(value))
    agree(_flat(block(*inputs)), _flat(case.outputs), "outputs")
    agree(repr(block), case.repr, "repr")
    if case.raw.get("param_grads") is not None:
        _layer_gradients(case, block, inputs)


def _flat(values: Any) -> list[Any]:
    if isinstance(values, (list, tuple)):
        return [x for v in values for x in _flat(v)]
    return [values]


def _layer_gradients(case: Any, block: Any, inputs: list[Any]) -> None:
    arrays = list(flat_arrays(inputs))
    for array in arrays:
        array.attach_grad()
    with autograd.record():
        outs = _flat(block(*inputs))
    heads = [tensor(h, NDArray) for h in _flat(case.heads)]
    autograd.backward(outs[: len(heads)], heads)
    for index, value in (case.raw.get("input_grads") or {}).items():
        agree(arrays[int(index)].grad, value, f"gradient of input {index}")
    for name, value in case.param_grads.items():
        agree(block.collect_params()[name].grad(), value, f"gradient of {name}")
    for name, value in (case.raw.get("aux_after_train") or {}).items():
        agree(block.collect_params()[name].data(), value, name)


_shared: dict[str, Any] = {}


def run_optimizer(case: Any) -> None:
    """Five steps of an optimizer on two weights."""
    if case.name == "shared":
        _shared.update(case.raw)
        return
    if case.raw.get("sparse_grad"):
        raise Absent("sparse gradient")
    if case.error is not None:
        _expect_error(lambda: _steps(case))
        return
    _steps(case)


def _steps(case: Any) -> None:
    dtype = case.raw.get("dtype", "float32")
    kwargs = dict(case.kwargs)
    if case.raw.get("lr_scheduler"):
        kwargs["lr_scheduler"] = eval(case.lr_scheduler, {**scope(), **vars(mx.lr_scheduler)})
    optimizer = mx.optimizer.create(
        case.optimizer, param_idx2name={0: "fc_weight", 1: "fc_bias"}, **kwargs
    )
    if case.raw.get("lr_mult"):
        optimizer.set_lr_mult(case.lr_mult)
    if case.raw.get("wd_mult"):
        optimizer.set_wd_mult(case.wd_mult)
    updater = mx.optimizer.get_updater(optimizer)
    weights = [nd.array(_shared["weights"][k], dtype=dtype) for k in "ab"]
    for gradients, recorded in zip(_shared["gradients"], case.steps, strict=False):
        for i, k in enumerate("ab"):
            updater(i, nd.array(gradients[k], dtype=dtype), weights[i])
        if case.optimizer != "sgld":
            agree(weights, recorded, "weights")


def run_schedule(case: Any) -> None:
    """A learning-rate curve over 200 updates."""
    names = {**scope(), **vars(mx.lr_scheduler)}
    if case.error is not None:
        _expect_error(lambda: eval(case.code, names)(1))
        return
    schedule = eval(case.code, names)
    agree(np.array([float(schedule(t)) for t in range(1, 201)]), case.curve, "curve")


def run_metric(case: Any) -> None:
    """A metric after each update."""
    names = scope()
    if case.error is not None:
        _expect_error(lambda: _update_metric(case, names))
        return
    _update_metric(case, names)


def _update_metric(case: Any, names: dict[str, Any]) -> None:
    if "updates" not in case.raw:
        run_code(case)
        return
    try:
        metric = eval(case.code, names)
    except AttributeError as error:
        raise Absent(str(error)) from None
    for update, after in zip(case.updates, case.after, strict=True):
        metric.update(
            [nd.array(x, dtype=x.dtype) for x in update["labels"]],
            [nd.array(x, dtype=x.dtype) for x in update["preds"]],
        )
        name, value = metric.get()
        agree([name, _floats(value)], [after["get"][0], _floats(after["get"][1])], "get()")


def _floats(value: Any) -> Any:
    return [float(v) for v in value] if isinstance(value, (list, tuple)) else float(value)


def run_initializer(case: Any) -> None:
    """Moments and bounds of an initialised array."""
    if "stats" not in case.raw:
        run_code(case)
        return
    names = {**scope(), **vars(mx.init)}
    mx.random.seed(3)
    initializer = eval(case.code, names)
    array = nd.full(tuple(case.shape), 9)
    initializer(mx.init.InitDesc(case.param_name), array)
    got = array.asnumpy()
    agree(initializer.dumps(), case.dumps, "dumps")
    spread = max(case.stats["std"], 1e-6)
    tolerance = 6 * spread / np.sqrt(max(case.stats["n"], 2)) + 1e-6
    if abs(got.mean() - case.stats["mean"]) > 2 * tolerance:
        raise Differs(f"mean {got.mean()}, recorded {case.stats['mean']}")
    if abs(got.std() - case.stats["std"]) > 4 * tolerance:
        raise Differs(f"std {got.std()}, recorded {case.stats['std']}")


def run_sampler(case: Any) -> None:
    """Shape, dtype, repeatability and moments of a sampler; never its bit stream."""
    if "shape_at_3_4" not in case.raw:
        run_code(case)
        return
    names = scope(SHAPE=(3, 4))
    if case.mode == "np":
        mx.npx.set_np()
    try:
        _sample(case, names)
    except AttributeError as error:
        raise Absent(str(error)) from None
    finally:
        mx.npx.reset_np()


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, (list, tuple)) else value


def _sample(case: Any, names: dict[str, Any]) -> None:
    mx.random.seed(5)
    first = _first(eval(case.code, names))
    mx.random.seed(5)
    again = _first(eval(case.code, names))
    agree(list(first.shape), list(case.shape_at_3_4), "shape")
    agree(np.dtype(first.dtype).name, case.dtype, "dtype")
    agree(bool((first.asnumpy() == again.asnumpy()).all()), case.same_seed_repeats, "repeats")
    if "expected" not in case.raw:
        return
    many = eval(case.code, {**names, "SHAPE": (20000,)}).asnumpy().astype(float)
    mean, variance = case.expected["mean"], case.expected["var"]
    if (
        mean is not None
        and abs(many.mean() - mean) > 6 * np.sqrt(max(variance or 1, 1e-9) / many.size) + 1e-3
    ):
        raise Differs(f"mean {many.mean()}, expected {mean}")


RUNNERS: dict[str, Callable[[Any], None]] = {
    "ops/open": run_op,
    "ndarray/indexing": run_indexing,
    "ndarray/inplace": run_code,
    "ndarray/promotion": run_promotion,
    "ndarray/printing": run_code,
    "ndarray/autograd": run_code,
    "random/cases": run_sampler,
    "random/facts": run_code,
    "layers/cases": run_layer,
    "layers/facts": run_code,
    "optim/optimizers": run_optimizer,
    "optim/schedules": run_schedule,
    "optim/metrics": run_metric,
    "optim/initializers": run_initializer,
}


def verdict(part: str, case: Any) -> tuple[str, str]:
    """ "pass", "fail" or "absent", and why."""
    try:
        RUNNERS[part](case)
    except Absent as missing:
        return "absent", str(missing)
    except Exception as error:
        return "fail", f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
    return "pass", ""


def count(part: str) -> tuple[collections.Counter[str], list[tuple[str, str]]]:
    """Verdicts of a part, and its failures as (name, reason)."""
    counts: collections.Counter[str] = collections.Counter()
    failures = []
    for case in pack.cases(part):
        answer, reason = verdict(part, case)
        counts[answer] += 1
        if answer != "pass":
            failures.append((f"{answer} {case.name}", reason))
    return counts, failures


def main(arguments: list[str]) -> None:
    """Print counts, and with --failures what disagrees."""
    wanted = [a for a in arguments if not a.startswith("--")] or list(RUNNERS)
    for part in wanted:
        counts, failures = count(part)
        print(part, dict(counts))
        if "--failures" in arguments:
            for name, reason in failures:
                print("   ", name, "|", reason)


if __name__ == "__main__":
    main(sys.argv[1:])
