"""`debug`: from an executor or a compiled block to a `Debugger`."""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ArgumentError, explain
from dlstudio.graph.debugging.debugger import Debugger
from dlstudio.graph.debugging.runs import BlockRun, ExecutorRun, Subject

__all__ = ["debug"]


def debug(
    target: Any, *inputs: Any, train: bool | None = None, backward: bool | None = None,
    out_grads: Any = None, **arguments: Any,
) -> Debugger:  # fmt: skip
    """Run an executor, or a hybridized block on `inputs`, one operator at a time.

    It is the plan itself that runs: after `cont` the outputs, gradients, states and random
    numbers are those of a run without a debugger.

    Parameters
    ----------
    target : Executor, HybridBlock that is hybridized, or CachedOp
    *inputs : NDArray
        What the block is called with; by default what its last call was given, if that still
        exists.
    train : bool, optional
        Training mode; by default whether any gradient is wanted.
    backward : bool, optional
        Go on into the backward half; by default in training mode. Without it gradients can be
        asked for in the usual way afterwards, from `Debugger.result` or the executor.
    out_grads : NDArray or list of NDArray, optional
        Gradients of the outputs; ones by default.
    **arguments : NDArray
        New values of an executor's arguments, as for `Executor.forward`.

    Returns
    -------
    Debugger
        It stands before the first operator.

    Raises
    ------
    ArgumentError
        If `target` has no plan: a block that is not hybridized, or was given no inputs.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.sym.var("x")
    >>> net = mx.sym.max(mx.sym.log(x, name="ln"), name="most")
    >>> executor = net.simple_bind(mx.cpu(), x=(2,))
    >>> debugger = mx.graph.debug(executor, x=mx.nd.array([1.0, 0.0]))
    >>> debugger.run_to(nan=True).reason
    'ln wrote 1 Inf into ln'
    >>> debugger.inputs["x"].asnumpy().tolist()
    [1.0, 0.0]
    >>> debugger.cont().finished
    True
    """
    options = (target, inputs, train, backward, out_grads)
    run = _executor_run(*options, arguments) if hasattr(target, "copy_params_from") else None
    if run is None:
        if arguments:
            raise ArgumentError(
                explain(
                    f"debug: a block was given arguments by name: {', '.join(arguments)}.",
                    "its inputs by position.",
                    "mx.graph.debug(net, x)",
                )
            )
        run = _block_run(*options)
    return Debugger(run)


def _executor_run(
    executor: Any, inputs: tuple[Any, ...], train: bool | None, backward: bool | None,
    out_grads: Any, arguments: dict[str, Any],
) -> Subject:  # fmt: skip
    if inputs:
        raise ArgumentError(
            explain(
                f"debug: an executor was given {len(inputs)} inputs by position.",
                "its arguments by name, as for executor.forward.",
                "mx.graph.debug(executor, data=x)",
            )
        )
    wanted = any(request != "null" for request in executor._grad_req.values())
    train = wanted if train is None else train
    executor.plan(train=train)  # one with sparse arrays has none, and says so
    if arguments:
        executor._set_arguments(arguments)
    backward = train and wanted if backward is None else backward
    return ExecutorRun(executor, train=train, backward=backward, out_grads=out_grads)


def _block_run(
    target: Any, inputs: tuple[Any, ...], train: bool | None, backward: bool | None, out_grads: Any
) -> Subject:
    if hasattr(target, "_for_debugger"):
        op, tensors, regroup = target._for_debugger(inputs)
    elif hasattr(target, "names") and hasattr(target, "_find"):
        op, tensors, regroup = target, inputs, _one_or_all
        if len(inputs) != len(op.names):
            raise op._wrong_inputs(inputs)
    else:
        raise ArgumentError(
            explain(
                f"debug: {type(target).__name__} has no plan that could be debugged.",
                "an Executor, or a HybridBlock that is hybridized.",
                "net.hybridize(); mx.graph.debug(net, x)",
            )
        )
    wanted = any(x._entry is not None for x in tensors)
    train = wanted if train is None else train
    backward = train if backward is None else backward
    return BlockRun(op, tensors, regroup, train=train, backward=backward, out_grads=out_grads)


def _one_or_all(outputs: list[Any]) -> Any:
    return outputs[0] if len(outputs) == 1 else outputs
