"""Checking that devices, dtypes and `hybridize` change nothing but the speed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dlstudio import autograd, nd
from dlstudio import np as mx_np
from dlstudio.test_utils.arrays import rand_ndarray
from dlstudio.test_utils.compare import (
    assert_almost_equal,
    default_atols,
    default_rtols,
    get_tolerance,
)
from dlstudio.test_utils.symbolic import _plain

__all__ = ["check_consistency", "check_gluon_hybridize_consistency", "compare_optimizer"]


def check_consistency(
    sym: Any,
    ctx_list: Sequence[Mapping[str, Any]],
    scale: float = 1.0,
    grad_req: Any = "write",
    arg_params: Mapping[str, Any] | None = None,
    aux_params: Mapping[str, Any] | None = None,
    rtol: Any = None,
    atol: Any = None,
    raise_on_err: bool = True,
    ground_truth: Mapping[str, Any] | None = None,
    equal_nan: bool = False,
    use_uniform: bool = False,
    rand_type: Any = np.float64,
) -> dict[str, Any]:
    """Run a symbol on several devices and dtypes and compare outputs and gradients.

    Parameters
    ----------
    sym : Symbol, or a list of one per entry of `ctx_list`
    ctx_list : list of dict
        Each with "ctx", the shapes of inputs by name, and optionally "type_dict".
    scale : float
        Standard deviation of the random arguments (with `use_uniform`, bound of ±0.1 scale).
    ground_truth : dict of arrays, optional
        By default the results of the most precise dtype.
    raise_on_err : bool
        If not, differences are printed.

    Returns
    -------
    dict of NumPy arrays
        Outputs and gradients of the ground truth, by name.

    Raises
    ------
    AssertionError
        Where results differ by more than the less precise dtype allows.
    """
    symbols = list(sym) if isinstance(sym, (list, tuple)) else [sym] * len(ctx_list)
    executors = [
        s.simple_bind(grad_req=grad_req, **spec) for s, spec in zip(symbols, ctx_list, strict=True)
    ]
    values = dict(arg_params or {})
    for name, array in executors[0].arg_dict.items():
        if name not in values:
            values[name] = _draw(array.shape, scale, use_uniform, rand_type)
    runs = [_run(e, values, aux_params, grad_req != "null") for e in executors]
    truth = ground_truth or max(runs, key=lambda r: max(a.dtype.itemsize for a in r.values()))
    for spec, run in zip(ctx_list, runs, strict=True):
        _agree(run, truth, spec, rtol, atol, equal_nan, raise_on_err)
    return dict(truth)


def _draw(shape: tuple[int, ...], scale: float, use_uniform: bool, dtype: Any) -> Any:
    if use_uniform:
        return np.random.uniform(-0.1 * scale, 0.1 * scale, shape).astype(dtype)  # noqa: NPY002
    return np.random.normal(size=shape, scale=scale).astype(dtype)  # noqa: NPY002


def _run(executor: Any, values: Any, aux: Mapping[str, Any] | None, train: bool) -> dict[str, Any]:
    for name, array in executor.arg_dict.items():
        array[:] = np.asarray(_plain(values[name])).astype(array.dtype)
    for name, array in executor.aux_dict.items():
        array[:] = _plain((aux or {}).get(name, 0))
    executor.forward(is_train=train)
    results = {name: out.asnumpy() for name, out in executor.output_dict.items()}
    if train:
        executor.backward(list(executor.outputs))
        grads = executor.grad_dict.items()
        results.update({f"{n}_grad": g.asnumpy() for n, g in grads if g is not None})
    return results


def _agree(
    run: Any, truth: Any, spec: Any, rtol: Any, atol: Any, equal_nan: bool, raise_on_err: bool
) -> None:
    # the least precise array of a run has passed its error on to the others
    roughest = max(run.values(), key=lambda a: get_tolerance(a, rtol, default_rtols()))
    relative = get_tolerance(roughest, rtol, default_rtols())
    absolute = get_tolerance(roughest, atol, default_atols())
    for name, expected in truth.items():
        if name not in run:
            continue
        labels = (f"{spec['ctx']}: {name}", "ground truth")
        try:
            assert_almost_equal(
                run[name], expected, relative, absolute, labels, equal_nan=equal_nan
            )
        except AssertionError as difference:
            if raise_on_err:
                raise
            print(f"{labels[0]}: {difference}")


def check_gluon_hybridize_consistency(
    net_builder: Callable[[], Any],
    data_l: Sequence[Any],
    numpy_func: Callable[..., Any] | None = None,
    test_grad: bool = True,
    rtol: float = 1e-4,
    atol: float = 1e-4,
) -> None:
    """Compare a block's results and gradients with and without `hybridize`.

    Parameters
    ----------
    net_builder : function without arguments -> HybridBlock
    data_l : list of mx.np arrays
        Inputs.
    numpy_func : function of NumPy arrays, optional
        What the block must compute.
    test_grad : bool
        Compare gradients of inputs and parameters too.

    Raises
    ------
    AssertionError
        Where they differ.
    """
    runs: list[list[Any]] = []
    weights: list[Any] = []
    for hybridize in (False, True):
        net = net_builder()
        net.initialize()
        if hybridize:
            net.hybridize()
        inputs = [mx_np.array(x.asnumpy(), dtype=x.dtype) for x in data_l]
        runs.append(_gluon_run(net, inputs, weights, test_grad))
    for plain, planned in zip(*runs, strict=True):
        assert_almost_equal(planned, plain, rtol, atol, ("hybridized", "imperative"))
    if numpy_func is not None:
        expected = numpy_func(*(x.asnumpy() for x in data_l))
        assert_almost_equal(runs[0][0], expected, rtol, atol, ("block", "numpy_func"))


def _gluon_run(net: Any, inputs: list[Any], weights: list[Any], test_grad: bool) -> list[Any]:
    """Output, then gradients; the first run fills `weights`, later ones start from them."""
    net(*inputs)  # shapes that are deferred become known
    parameters = list(net.collect_params().values())
    if not weights:
        weights += [p.data().asnumpy() for p in parameters]
    for parameter, value in zip(parameters, weights, strict=True):
        parameter.set_data(mx_np.array(value, dtype=value.dtype))
    if not test_grad:
        return [net(*inputs).asnumpy()]
    for x in inputs:
        x.attach_grad()
    with autograd.record():
        out = net(*inputs)
    out.backward(out)
    trained = [p for p in parameters if p.grad_req != "null"]
    return [a.asnumpy() for a in (out, *(x.grad for x in inputs), *(p.grad() for p in trained))]


def compare_optimizer(
    opt1: Any,
    opt2: Any,
    shape: tuple[int, ...],
    dtype: Any,
    w_stype: str = "default",
    g_stype: str = "default",
    rtol: float = 1e-4,
    atol: float = 1e-5,
    compare_states: bool = True,
    ntensors: int = 1,
) -> None:
    """Compare one step of two optimizers from the same random weights and gradients.

    Parameters
    ----------
    opt1, opt2 : Optimizer
    shape, dtype
        Of the weights.
    w_stype, g_stype : {"default", "row_sparse", "csr"}
        Storage of weights and gradients.
    compare_states : bool
        Compare what the optimizers remember too.
    ntensors : int
        Number of weights, updated in one call if there are several.

    Raises
    ------
    AssertionError
        Where they differ.
    """
    # a row_sparse weight has all its rows
    weights = [rand_ndarray(shape, w_stype, 1.0, dtype).asnumpy() for _ in range(ntensors)]
    grads = [rand_ndarray(shape, g_stype, None, dtype) for _ in range(ntensors)]
    runs = []
    for optimizer in (opt1, opt2):
        mine = [nd.array(w, dtype=w.dtype).tostype(w_stype) for w in weights]
        states = [optimizer.create_state_multi_precision(i, w) for i, w in enumerate(mine)]
        given = [list(range(ntensors)), mine, [g.copy() for g in grads], states]
        optimizer.update_multi_precision(*([x[0] for x in given] if ntensors == 1 else given))
        runs.append([*mine, *(_arrays_in(states) if compare_states else ())])
    for first, second in zip(*runs, strict=True):
        assert_almost_equal(first, second, rtol, atol)


def _arrays_in(state: Any) -> list[Any]:
    if isinstance(state, (list, tuple)):
        return [x for part in state for x in _arrays_in(part)]
    return [] if state is None else [state]
