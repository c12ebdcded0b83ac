"""`mx.operator`: operators written in Python.

class Square(mx.operator.CustomOp):
def forward(self, is_train, req, in_data, out_data, aux):
self.assign(out_data[0], req[0], in_data[0] ** 2)

def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
self.assign(in_grad[0], req[0], 2 * in_data[0] * out_grad[0])

@mx.operator.register("square_of_mine")
class SquareProp(mx.operator.CustomOpProp):
def create_operator(self, ctx, in_shapes, in_dtypes):
return Square()

y = mx.nd.Custom(x, op_type="square_of_mine")
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dlstudio.errors import ArgumentError, explain
from dlstudio.ops.custom import PROPS

__all__ = [
    "CustomOp",
    "CustomOpProp",
    "NDArrayOp",
    "NumpyOp",
    "PythonOp",
    "get_all_registered_operators",
    "register",
]


class CustomOp:
    """What a custom operator computes. Derive from it and write both methods."""

    def forward(self, is_train: bool, req: Any, in_data: Any, out_data: Any, aux: Any) -> None:
        """Compute the outputs: put them into `out_data` with `assign`."""

    def backward(
        self, req: Any, out_grad: Any, in_data: Any, out_data: Any, in_grad: Any, aux: Any
    ) -> None:
        """Compute the gradients of the inputs: put them into `in_grad` with `assign`."""

    def assign(self, dst: Any, req: str, src: Any) -> None:
        """Store `src` in `dst` as `req` says: "write", "inplace", "add" or "null"."""
        if req in ("write", "inplace"):
            dst[:] = src
        elif req == "add":
            dst[:] += src


class CustomOpProp:
    """How a custom operator looks from outside: inputs, outputs, shapes and dtypes.

    Parameters
    ----------
    need_top_grad : bool
        False for losses, whose backward ignores the head gradient.
    """

    def __init__(self, need_top_grad: bool = True) -> None:
        self.need_top_grad_ = need_top_grad

    def infer_shape(self, in_shape: Any) -> Any:
        """Shapes of inputs, outputs and states; here: everything looks like the first input."""
        return (
            [in_shape[0]] * len(self.list_arguments()),
            [in_shape[0]] * len(self.list_outputs()),
            [in_shape[0]] * len(self.list_auxiliary_states()),
        )

    def infer_storage_type(self, in_stype: Any) -> Any:
        """Storage of inputs, outputs and states: all dense; sparse inputs come spelled out."""
        return (
            list(in_stype),
            ["default"] * len(self.list_outputs()),
            ["default"] * len(self.list_auxiliary_states()),
        )

    def infer_storage_type_backward(
        self, ograd_stype: Any, in_stype: Any, out_stype: Any, igrad_stype: Any, aux_stype: Any
    ) -> Any:
        """Storage types of what backward reads and writes: all dense."""
        given = (ograd_stype, in_stype, out_stype, igrad_stype, aux_stype)
        return tuple(["default"] * len(stypes) for stypes in given)

    def infer_type(self, in_type: Any) -> Any:
        """Dtypes of inputs, outputs and states; here: those of the first input."""
        first = in_type[0]
        return (
            [first] * len(self.list_arguments()),
            [first] * len(self.list_outputs()),
            [first] * len(self.list_auxiliary_states()),
        )

    def list_arguments(self) -> list[str]:
        """Names of the inputs."""
        return ["data"]

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return ["output"]

    def list_auxiliary_states(self) -> list[str]:
        """Names of arrays that forward changes and no gradient reaches."""
        return []

    def declare_backward_dependency(self, out_grad: Any, in_data: Any, out_data: Any) -> Any:
        """Say which arrays backward reads; all are kept here, so the answer is not asked for."""
        return [*(out_grad if self.need_top_grad_ else ()), *in_data, *out_data]

    def create_operator(self, ctx: Any, in_shapes: Any, in_dtypes: Any) -> CustomOp:
        """Make the operator of one call."""
        return CustomOp()


def register(reg_name: str) -> Callable[[type[CustomOpProp]], type[CustomOpProp]]:
    """Make a `CustomOpProp` class known as ``op_type=reg_name``."""

    def do_register(prop_cls: type[CustomOpProp]) -> type[CustomOpProp]:
        if not isinstance(prop_cls, type) or not issubclass(prop_cls, CustomOpProp):
            raise ArgumentError(
                explain(
                    f"mx.operator.register({reg_name!r}) stands above {prop_cls!r}.",
                    "a class derived from mx.operator.CustomOpProp.",
                )
            )
        PROPS[reg_name] = prop_cls
        return prop_cls

    return do_register


def get_all_registered_operators() -> list[str]:
    """Names that `register` has been given."""
    return list(PROPS)


# ---- how operators were written before CustomOp ------------------------------------------------
class PythonOp:
    """What `NumpyOp` and `NDArrayOp` share; a `CustomOp` does all of it and more.

    Parameters
    ----------
    need_top_grad : bool
        False for losses, whose backward ignores the head gradient.
    """

    def __init__(self, need_top_grad: bool = True) -> None:
        self.need_top_grad_ = need_top_grad

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add the operator to a graph; see `get_symbol`."""
        return self.get_symbol(*args, **kwargs)

    def get_symbol(self, *args: Any, **kwargs: Any) -> Any:
        """Add the operator to a graph: inputs by position or by name, and ``name``."""
        from dlstudio import sym

        kind = f"_python_op_{id(self)}"
        if kind not in PROPS:
            PROPS[kind] = partial(_PythonOpProp, self)  # type: ignore[assignment]
        return sym.Custom(*args, op_type=kind, **kwargs)

    def forward(self, in_data: Any, out_data: Any) -> None:
        """Compute the outputs: write them into `out_data`."""
        out_data[0][:] = in_data[0]

    def backward(self, out_grad: Any, in_data: Any, out_data: Any, in_grad: Any) -> None:
        """Compute the gradients of the inputs: write them into `in_grad`."""
        in_grad[0][:] = 1.0

    def infer_shape(self, in_shape: Any) -> Any:
        """Shapes of inputs and outputs; here: the output looks like the first input."""
        return in_shape, [in_shape[0]]

    def list_arguments(self) -> list[str]:
        """Names of the inputs."""
        return ["data"]

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return ["output"]

    def need_top_grad(self) -> bool:
        """Whether `backward` reads the head gradient."""
        return self.need_top_grad_

    def run(self, function: Callable[..., None], *lists: Any) -> None:
        """Call `forward` or `backward` with lists of arrays, the last of which it fills."""
        function(*lists)


class NDArrayOp(PythonOp):
    """An operator written on NDArrays; see `PythonOp`."""

    def declare_backward_dependency(self, out_grad: Any, in_data: Any, out_data: Any) -> Any:
        """Say which arrays backward reads; all are kept here, so the answer is not asked for."""
        return [*(out_grad if self.need_top_grad_ else ()), *in_data, *out_data]


class NumpyOp(PythonOp):
    """An operator written on NumPy arrays; see `PythonOp`.

    Examples
    --------
    >>> import dlstudio as mx
    >>> class Square(mx.operator.NumpyOp):
    ...     def forward(self, in_data, out_data):
    ...         out_data[0][:] = in_data[0] ** 2
    ...
    ...     def backward(self, out_grad, in_data, out_data, in_grad):
    ...         in_grad[0][:] = 2 * in_data[0] * out_grad[0]
    >>> square = Square()
    >>> y = square(mx.sym.var("x"), name="y")
    >>> y.eval(x=mx.nd.array([3.0]))[0].asnumpy().tolist()
    [9.0]
    """

    def run(self, function: Callable[..., None], *lists: Any) -> None:
        """Call `forward` or `backward` with NumPy arrays."""
        arrays = [[x.asnumpy() for x in xs] for xs in lists]
        function(*arrays)
        for target, filled in zip(lists[-1], arrays[-1], strict=True):
            target[:] = filled


class _PythonOpProp(CustomOpProp):
    """Lets a `PythonOp` be called as a custom operator."""

    def __init__(self, python_op: PythonOp) -> None:
        super().__init__(python_op.need_top_grad())
        self._op = python_op

    def infer_shape(self, in_shape: Any) -> Any:
        return (*self._op.infer_shape(in_shape), [])

    def list_arguments(self) -> list[str]:
        return self._op.list_arguments()

    def list_outputs(self) -> list[str]:
        return self._op.list_outputs()

    def create_operator(self, ctx: Any, in_shapes: Any, in_dtypes: Any) -> CustomOp:
        return _PythonOpCall(self._op)


class _PythonOpCall(CustomOp):
    def __init__(self, python_op: PythonOp) -> None:
        self._op = python_op

    def forward(self, is_train: bool, req: Any, in_data: Any, out_data: Any, aux: Any) -> None:
        outputs = [x.zeros_like() for x in out_data]
        self._op.run(self._op.forward, in_data, outputs)
        for target, wanted, value in zip(out_data, req, outputs, strict=True):
            self.assign(target, wanted, value)

    def backward(
        self, req: Any, out_grad: Any, in_data: Any, out_data: Any, in_grad: Any, aux: Any
    ) -> None:
        gradients = [x.zeros_like() for x in in_grad]
        self._op.run(self._op.backward, out_grad, in_data, out_data, gradients)
        for target, wanted, value in zip(in_grad, req, gradients, strict=True):
            self.assign(target, wanted, value)
