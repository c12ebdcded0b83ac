"""Recorded layers, optimizers, schedules, metrics, initialisers and samplers."""

from __future__ import annotations

from typing import Any

import numpy as np

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio.core.tensor import NDArray
from tests.reference.blocks import DESCRIBED, heads_for, unrolled
from tests.reference.compare import (
    Absent,
    Differs,
    agree,
    expect_error,
    flat_arrays,
    fresh_names,
    plain,
    run_code,
    scope,
    tensor,
)


def run_layer(case: Any) -> None:
    """A Gluon block: names, shapes, text, values and gradients."""
    with fresh_names():
        if case.error is not None:
            expect_error(lambda: _built_and_run(case))
            return
        _run_block(case, _built(case))


def _built(case: Any) -> Any:
    if case.name in DESCRIBED:
        return DESCRIBED[case.name]()
    try:
        return eval(case.code, scope())
    except (AttributeError, TypeError) as error:
        raise Absent(f"{error}") from None


def _called(case: Any, block: Any) -> Any:
    """The block itself, or its `unroll` with the recorded arguments."""
    return unrolled(block, case) if "unroll" in case.raw else block


def _built_and_run(case: Any) -> None:
    block = _built(case)
    block.initialize()
    plain(_called(case, block)(*[tensor(v, NDArray) for v in case.inputs]))


def _run_block(case: Any, block: Any) -> None:
    agree(block.prefix, case.prefix, "prefix")
    agree(repr(block), case.raw.get("repr_before") or repr(block), "repr before")
    agree(list(block.collect_params()), case.params_order, "order of parameters")
    if "state_info" in case.raw:
        agree(_sizes(block.state_info()), _sizes(case.state_info), "state_info")
    block.initialize()
    call, inputs = _called(case, block), [tensor(v, NDArray) for v in case.inputs]
    call(*inputs)
    for name, facts in case.params.items():
        agree(list(block.collect_params()[name].shape), list(facts["shape"]), f"shape of {name}")
    for name, value in case.param_values.items():
        block.collect_params()[name].set_data(nd.array(value))
    agree(_flat(call(*inputs)), _flat(case.outputs), "outputs")
    agree(repr(block), case.repr, "repr")
    if case.raw.get("param_grads") is not None:
        _layer_gradients(case, block, inputs)


def _sizes(states: Any) -> list[Any]:
    return [{**state, "shape": list(state["shape"])} for state in states]


def _flat(values: Any) -> list[Any]:
    if isinstance(values, (list, tuple)):
        return [x for v in values for x in _flat(v)]
    return [values]


def _layer_gradients(case: Any, block: Any, inputs: list[Any]) -> None:
    arrays = list(flat_arrays(inputs))
    for array in arrays:
        array.attach_grad()
    with autograd.record():
        outs = _flat(_called(case, block)(*inputs))
    heads = heads_for(outs, [tensor(h, NDArray) for h in _flat(case.heads)])
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
    if case.error is not None:
        expect_error(lambda: _steps(case))
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
    if case.raw.get("sparse_grad"):
        _sparse_steps(case, updater, weights[0])
        return
    steps = case.raw.get("steps") or [None]  # none where an error is recorded: one is tried
    for gradients, recorded in zip(_shared["gradients"], steps, strict=False):
        for i, k in enumerate("ab"):
            updater(i, nd.array(gradients[k], dtype=dtype), weights[i])
        if recorded is not None and case.optimizer != "sgld":
            agree(weights, recorded, "weights")


def _sparse_steps(case: Any, updater: Any, weight: Any) -> None:
    """Steps of the first weight whose gradient is row-sparse, one row of it zero."""
    steps = case.raw.get("steps") or [None]
    for number, (gradients, recorded) in enumerate(zip(_shared["gradients"], steps, strict=False)):
        gradient = gradients["a"].copy()
        gradient[number % 3] = 0
        updater(0, nd.array(gradient).tostype("row_sparse"), weight)
        if recorded is not None:
            agree(weight, recorded[0] if isinstance(recorded, list) else recorded, "weight")


def run_schedule(case: Any) -> None:
    """A learning-rate curve over 200 updates."""
    names = {**scope(), **vars(mx.lr_scheduler)}
    if case.error is not None:
        expect_error(lambda: eval(case.code, names)(1))
        return
    schedule = eval(case.code, names)
    agree(np.array([float(schedule(t)) for t in range(1, 201)]), case.curve, "curve")


def run_metric(case: Any) -> None:
    """A metric after each update."""
    names = scope()
    if case.error is not None:
        expect_error(lambda: _update_metric(case, names))
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
