"""Checking symbols: results against expected ones, gradients against finite differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlstudio import nd
from dlstudio.errors import ArgumentError, explain
from dlstudio.test_utils.arrays import default_context
from dlstudio.test_utils.compare import (
    assert_almost_equal,
    default_numeric_eps,
    get_tolerance,
    get_tols,
)

__all__ = [
    "check_numeric_gradient",
    "check_symbolic_backward",
    "check_symbolic_forward",
    "numeric_grad",
    "simple_forward",
]

Arrays = Mapping[str, Any] | Sequence[Any]
_PROJECTION = "__random_proj"


def _by_name(names: list[str], given: Arrays | None, what: str) -> dict[str, Any]:
    """Turn a list in the order of `names`, or a dict, into a dict."""
    if isinstance(given, Mapping):
        unknown = set(given) - set(names)
        if unknown:
            raise ArgumentError(
                explain(f"{what} {min(unknown)!r} is not one of the symbol's.", f"one of {names}.")
            )
        return dict(given)
    values = list(given or [])
    if values and len(values) != len(names):
        raise ArgumentError(
            explain(f"{len(values)} values were given for {what}.", f"{len(names)}: {names}.")
        )
    return dict(zip(names, values, strict=False))


def _array(value: Any, ctx: Any, dtype: Any) -> Any:
    """Copy a value into a new NDArray of `ctx`; NDArrays keep their dtype."""
    if isinstance(value, nd.NDArray):
        return nd.array(value.asnumpy(), ctx=ctx, dtype=value.dtype)
    return nd.array(np.asarray(value), ctx=ctx, dtype=dtype)


def _arrays(names: list[str], given: Arrays | None, what: str, ctx: Any, dtype: Any) -> Any:
    return {name: _array(v, ctx, dtype) for name, v in _by_name(names, given, what).items()}


def simple_forward(sym: Any, ctx: Any = None, is_train: bool = False, **inputs: Any) -> Any:
    """Run a symbol on NumPy arrays.

    Returns
    -------
    NumPy array, or a list of them for several outputs
    """
    ctx = ctx or default_context()
    arrays = {name: _array(value, ctx, None) for name, value in inputs.items()}
    executor = sym.bind(ctx, args=arrays)
    outputs = [out.asnumpy() for out in executor.forward(is_train=is_train)]
    return outputs[0] if len(outputs) == 1 else outputs


def check_symbolic_forward(
    sym: Any,
    location: Arrays,
    expected: Arrays,
    rtol: Any = None,
    atol: Any = None,
    aux_states: Arrays | None = None,
    ctx: Any = None,
    equal_nan: bool = False,
    dtype: Any = np.float32,
) -> list[Any]:
    """Compare a symbol's outputs with expected ones.

    Parameters
    ----------
    sym : Symbol
    location, aux_states : list or dict of arrays
        Arguments and auxiliary states.
    expected : list of arrays, or dict by output name
    rtol, atol : float or dict of dtype to float, optional

    Returns
    -------
    list of NDArray
        The outputs.

    Raises
    ------
    AssertionError
        Where they differ.
    """
    ctx = ctx or default_context()
    arguments = _arrays(sym.list_arguments(), location, "argument", ctx, dtype)
    aux = _arrays(sym.list_auxiliary_states(), aux_states, "auxiliary state", ctx, dtype)
    names = sym.list_outputs()
    outputs = sym.bind(ctx, args=arguments, aux_states=aux).forward(is_train=False)
    wanted = _by_name(names, expected, "expected output")
    for name, out in zip(names, outputs, strict=True):
        if name in wanted:
            labels = (f"EXPECTED_{name}", f"FORWARD_{name}")
            assert_almost_equal(wanted[name], out, rtol, atol, labels, equal_nan)
    return outputs


def check_symbolic_backward(
    sym: Any,
    location: Arrays,
    out_grads: Any,
    expected: Arrays,
    rtol: Any = None,
    atol: Any = None,
    aux_states: Arrays | None = None,
    grad_req: Any = "write",
    ctx: Any = None,
    grad_stypes: Any = None,
    equal_nan: bool = False,
    dtype: Any = np.float32,
) -> list[Any]:
    """Compare a symbol's gradients with expected ones, for every kind of request.

    Parameters
    ----------
    sym : Symbol
    location, aux_states : list or dict of arrays
    out_grads : list or dict of arrays, or None for ones
        Gradients of the outputs.
    expected : list or dict of arrays
        Gradients of the arguments; those left out are not compared.
    grad_stypes : dict of name to storage type, optional
        Storage of gradient arrays.
    grad_req : {"write", "add", "null"}, or a list or dict of these
        Gradient arrays start with random numbers, so that "add" and "null" are told from "write".

    Returns
    -------
    list of NDArray
        The gradients, in the order of the arguments.

    Raises
    ------
    AssertionError
        Where they differ.
    """
    ctx, names = ctx or default_context(), sym.list_arguments()
    arguments = _arrays(names, location, "argument", ctx, dtype)
    aux = _arrays(sym.list_auxiliary_states(), aux_states, "auxiliary state", ctx, dtype)
    wanted = _by_name(names, expected, "expected gradient")
    requests = _requests(grad_req, names)
    grads = {n: _start(arguments[n], ctx) for n in names if n in wanted}
    grads = {n: _stored(grad, n, grad_stypes) for n, grad in grads.items()}
    before = {name: grad.asnumpy() for name, grad in grads.items()}
    executor = sym.bind(ctx, arguments, grads, {n: requests[n] for n in names}, aux)
    executor.forward(is_train=True)
    executor.backward(_heads(sym, out_grads, ctx, dtype))
    for name, grad in grads.items():
        target = _after(requests[name], before[name], np.asarray(_plain(wanted[name])))
        labels = (f"EXPECTED_{name}", f"BACKWARD_{name}")
        assert_almost_equal(target, grad, rtol, atol, labels, equal_nan)
    return executor.grad_arrays


def _stored(grad: Any, name: str, stypes: Any) -> Any:
    return grad.tostype((stypes or {}).get(name) or "default")


def _plain(value: Any) -> Any:
    return value.asnumpy() if hasattr(value, "asnumpy") else value


def _start(array: Any, ctx: Any) -> Any:
    return nd.array(np.random.normal(size=array.shape), ctx=ctx, dtype=array.dtype)  # noqa: NPY002


def _after(request: str, before: Any, gradient: Any) -> Any:
    """What a gradient array holds after backward."""
    return {"write": gradient, "add": before + gradient, "null": before}[request]


def _requests(grad_req: Any, names: list[str]) -> dict[str, str]:
    if isinstance(grad_req, str):
        return dict.fromkeys(names, grad_req)
    return {**dict.fromkeys(names, "null"), **_by_name(names, grad_req, "grad_req")}


def _heads(sym: Any, out_grads: Any, ctx: Any, dtype: Any) -> Any:
    if out_grads is None:
        return None
    if isinstance(out_grads, (nd.NDArray, np.ndarray)):
        out_grads = [out_grads]
    heads = _arrays(sym.list_outputs(), out_grads, "output gradient", ctx, dtype)
    return [heads[name] for name in sym.list_outputs()]


def numeric_grad(
    executor: Any,
    location: Mapping[str, Any],
    aux_states: Mapping[str, Any] | None = None,
    eps: float = 1e-4,
    use_forward_train: bool = True,
    dtype: Any = np.float32,
) -> dict[str, Any]:
    """Central differences of the sum of an executor's first output.

    Parameters
    ----------
    executor : Executor
    location, aux_states : dict of NumPy arrays
        Where to differentiate. Auxiliary states are set back before every run.
    eps : float
        Width of the step, half of it to each side.

    Returns
    -------
    dict of NumPy arrays
        Zeros for arguments that are not floating.
    """

    def value() -> Any:
        for name, state in (aux_states or {}).items():
            executor.aux_dict[name][:] = state
        return executor.forward(is_train=use_forward_train)[0].asnumpy()

    values = {name: np.array(v) for name, v in location.items()}
    slopes = {name: np.zeros(v.shape, dtype) for name, v in values.items()}
    for name, array in values.items():
        executor.arg_dict[name][:] = array
    for name, array in values.items():
        if array.dtype.kind != "f":
            continue
        for place in np.ndindex(array.shape):
            ends = []
            for step in (eps / 2, -eps / 2):
                moved = array.copy()
                moved[place] += step
                executor.arg_dict[name][:] = moved
                ends.append(value())
            slopes[name][place] = (ends[0] - ends[1]).sum() / eps
        executor.arg_dict[name][:] = array
    return slopes


def check_numeric_gradient(
    sym: Any,
    location: Arrays,
    aux_states: Arrays | None = None,
    numeric_eps: Any = None,
    rtol: Any = None,
    atol: Any = None,
    grad_nodes: Any = None,
    use_forward_train: bool = True,
    ctx: Any = None,
    grad_stype_dict: Any = None,
    dtype: Any = np.float32,
) -> None:
    """Compare a symbol's gradients with finite differences.

    The output is multiplied by a random array and summed, so that every element of it counts.

    Parameters
    ----------
    sym : Symbol with one output
    location, aux_states : list or dict of arrays
    numeric_eps : float, optional
        Width of the step; by default 2**-6, 2**-9, 2**-14 for 16, 32, 64 bits.
    rtol, atol : float or dict of dtype to float, optional
    grad_nodes : list of argument names, or dict of grad_req; default: all arguments
    use_forward_train : bool
        Differentiate the forward pass of training.
    grad_stype_dict : dict of name to storage type, optional
        Storage of gradient arrays.
    dtype : float16, float32 or float64

    Raises
    ------
    AssertionError
        Naming the argument whose gradient differs.
    """
    ctx, names = ctx or default_context(), sym.list_arguments()
    arguments = _arrays(names, location, "argument", ctx, dtype)
    aux = _arrays(sym.list_auxiliary_states(), aux_states, "auxiliary state", ctx, dtype)
    chosen = names if grad_nodes is None else grad_nodes
    requests = dict(chosen) if isinstance(chosen, Mapping) else dict.fromkeys(chosen, "write")
    executor, grads = _projected(sym, arguments, requests, aux, ctx, dtype, grad_stype_dict)
    before = {name: grad.asnumpy() for name, grad in grads.items()}
    executor.forward(is_train=True)
    executor.backward()
    symbolic = {name: grad.asnumpy() for name, grad in grads.items()}
    out = executor.outputs[0]
    numeric = numeric_grad(
        executor,
        {name: array.asnumpy() for name, array in arguments.items()},
        {name: array.asnumpy() for name, array in aux.items()},
        get_tolerance(out, numeric_eps, default_numeric_eps()),
        use_forward_train,
        dtype,
    )
    rtol, atol = get_tols(out, out, rtol, atol)
    for name, request in requests.items():
        if request == "add":  # compare what was added
            symbolic[name] = symbolic[name] - before[name]
        expected = before[name] if request == "null" else numeric[name]
        labels = (f"NUMERICAL_{name}", f"BACKWARD_{name}")
        assert_almost_equal(expected, symbolic[name], rtol, atol, labels)


def _projected(
    sym: Any,
    arguments: dict[str, Any],
    requests: dict[str, str],
    aux: Any,
    ctx: Any,
    dtype: Any,
    stypes: Any = None,
) -> tuple[Any, dict[str, Any]]:
    """Bind ``make_loss(sym * random)``, and the gradient arrays asked for."""
    from dlstudio import sym as mx_sym

    shapes = {name: array.shape for name, array in arguments.items()}
    [out_shape] = sym.infer_shape(**shapes)[1]
    weights = np.random.random_sample(out_shape) + 0.1  # noqa: NPY002  small ones lose digits
    loss = mx_sym.make_loss(sym * mx_sym.var(_PROJECTION))
    values = {**arguments, _PROJECTION: nd.array(weights, ctx=ctx, dtype=dtype)}
    grads = {n: _stored(_start(arguments[n], ctx), n, stypes) for n in requests}
    wanted = {**dict.fromkeys(values, "null"), **requests}
    return loss.bind(ctx, values, grads, wanted, aux), grads
