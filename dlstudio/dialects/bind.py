"""Turns the operator table into namespaces: functions with real signatures and docstrings.

Every function is generated from its entry the first time it is asked for. A call looks its
attributes up by value in a dictionary kept per operator (`memo`), so that nothing is parsed,
checked or built per call.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

from dlstudio.core.dispatch import Attrs, create, invoke
from dlstudio.core.params import Anything, Scalar
from dlstudio.core.registry import OPS, Op
from dlstudio.core.tensor import NDArray, Tensor, ndarray
from dlstudio.dialects.documentation import docstring
from dlstudio.dialects.example import example
from dlstudio.errors import ArgumentError, LeftOutError, ParamError, UnknownNameError

__all__ = ["Namespace", "build_function", "dialect_names", "method_functions", "submodules"]

_CLASSES: dict[str, type[Tensor]] = {"nd": NDArray, "np": ndarray, "npx": ndarray}


# ---- names -----------------------------------------------------------------------------------
def dialect_names(op: Op, dialect: str) -> list[str]:
    """All dotted names of an operator in "nd", "np", "npx" or "sym"."""
    text = getattr(op.names, dialect)
    if dialect == "sym" and text is None:
        text = op.names.nd
        if op.names.json:
            text = f"{text} _internal.{op.names.json}"
    if dialect == "nd" and op.names.json:
        text = f"{text} _internal.{op.names.json}"
    names = text.split()
    if dialect in ("nd", "sym"):
        names += [f"sparse.{n}" for n in names if n in SPARSE and f"sparse.{n}" not in names]
    return names


# operators that MXNet also offers under mx.nd.sparse and mx.sym.sparse
SPARSE = frozenset(
    """ElementWiseSum Embedding FullyConnected LinearRegressionOutput LogisticRegressionOutput
    MAERegressionOutput abs adam_update add_n arccos arccosh arcsin arcsinh arctan arctanh
    broadcast_add broadcast_div broadcast_minus broadcast_mul broadcast_plus broadcast_sub
    cast_storage cbrt ceil clip concat cos cosh degrees dot elemwise_add elemwise_div elemwise_mul
    elemwise_sub exp expm1 fix floor ftrl_update gamma gammaln log log10 log1p log2 make_loss mean
    negative norm radians relu rint round rsqrt sgd_mom_update sgd_update sigmoid sign sin sinh
    slice sqrt square stop_gradient sum tan tanh trunc where zeros_like""".split()
)

_indexes: dict[str, dict[str, Op]] = {}


def index(dialect: str) -> dict[str, Op]:
    """Operators of a dialect by dotted name."""
    found = _indexes.get(dialect)
    if found is None or len(found) < 1:
        found = {}
        for op in OPS.values():
            for name in dialect_names(op, dialect):
                found.setdefault(name, op)
        _indexes[dialect] = found
    return found


# ---- generated functions ---------------------------------------------------------------------
def input_names(op: Op, dialect: str) -> list[str]:
    """Names of the inputs as this dialect calls them."""
    renamed = (op.names.np_args if dialect in ("np", "npx") else op.names.args).split()
    return [*renamed, *op.inputs[len(renamed) :]]


def _default(value: Any) -> str:
    """Spell an attribute's default in generated source; required ones show as None."""
    return "None" if value is inspect.Parameter.empty else repr(value)


def _memo_key(op: Op) -> str:
    """The tuple that identifies a call's attributes; operand-like numbers count with their type."""
    parts: list[str] = []
    for name in op.attrs:
        parts.append(name)
        if isinstance(op.params[name], (Scalar, Anything)):
            parts.append(f"{name}.__class__")
    return f"({', '.join(parts)},)" if parts else "()"


def _binder(op: Op) -> Callable[..., Attrs]:
    """Parse attribute values given in the order of the schema, and remember the result."""
    names = list(op.attrs)
    numbers = [isinstance(op.params[n], Scalar) for n in names]

    def bind(
        memo: dict[Any, Attrs], key: Any, values: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Attrs:
        given = dict(zip(names, values, strict=True))
        attrs = Attrs(op.parse({**given, **check_extra(op, kwargs)}))
        # 0.0 and -0.0 are one key but two operands
        zero = any(is_number and v == 0 for is_number, v in zip(numbers, values, strict=True))
        if not kwargs and not zero:
            try:
                if len(memo) > 4096:
                    memo.clear()
                memo[key] = attrs
            except TypeError:  # a list among the values
                pass
        return attrs

    return bind


_IGNORED = ("name", "attr", "num_args", "ctx", "where", "order", "device")


def check_extra(op: Op, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Sort out keywords that are no attributes: MXNet ignores some, the rest are mistakes."""
    mask = kwargs.get("where")
    if mask is not None and mask is not True:
        raise ParamError(f"{op.name}: parameter where must be True. Use np.where on the result.")
    for key in kwargs:
        if key not in _IGNORED and not (key.startswith("__") and key.endswith("__")):
            raise op.unknown_attribute(key)
    return {}


_BODY = """
def {name}({signature}):
    try:
        attrs = memo[{key}]
        if kwargs:
            attrs = bind(memo, None, {values}, kwargs)
    except (KeyError, TypeError):
        attrs = bind(memo, {safe_key}, {values}, kwargs)
    return {call}
"""
_BODY_PLAIN = """
def {name}({signature}):
    if kwargs:
        check_extra(op, kwargs)
    return {call}
"""


# parameters that come after ctx= in MXNet's samplers, and after out= in the reductions of np
_CTX_BEFORE = ("dtype",)
_OUT_BEFORE = ("ddof", "overwrite_input", "keepdims")
_OUT_LAST = frozenset(
    "all alltrue amax amin any matrix_norm max min norm sometrue vector_norm".split()
)


def _place(attrs: dict[str, str], tail: list[str], name: str, before: tuple[str, ...]) -> None:
    """Add ``name=None`` ahead of the first attribute of `before`, or at the end."""
    follower = next((n for n in attrs if n in before), None)
    if follower is None:
        tail.append(f"{name}=None")
    else:
        attrs[follower] = f"{name}=None, {attrs[follower]}"


def _signature(op: Op, dialect: str, inputs: list[str], name: str, *, method: bool) -> str:
    attrs = {n: f"{n}={_default(v)}" for n, v in op.attrs.items()}
    tail = []
    if not op.inputs and "ctx" not in op.attrs:
        _place(attrs, tail, "ctx", _CTX_BEFORE if dialect == "nd" else ())
    if "out" not in op.attrs:
        numpy_order = dialect == "np" and len(inputs) == 1 and (method or name not in _OUT_LAST)
        _place(attrs, tail, "out", _OUT_BEFORE if numpy_order else ())
    if dialect == "nd" and "name" not in op.attrs:
        tail.append("name=None")
    tail.append("**kwargs")
    if op.variadic:
        fixed = [f"{n}=None" for n in inputs[:-1]]
        if dialect in ("np", "npx") or method:
            return ", ".join([*fixed, inputs[-1], *attrs.values(), *tail])
        return ", ".join([*fixed, f"*{inputs[-1]}", *attrs.values(), *tail])
    needed = len(inputs) - op.optional_inputs
    spelled = [
        n if dialect in ("np", "npx") and i < needed else f"{n}=None" for i, n in enumerate(inputs)
    ]
    if method:
        spelled[0] = inputs[0]
    return ", ".join([*spelled, *attrs.values(), *tail])


def build_function(op: Op, name: str, dialect: str, *, method: bool = False) -> Callable[..., Any]:
    """Generate the eager function of `op` called `name` in `dialect`."""
    cls = _CLASSES[dialect]
    inputs = input_names(op, dialect)
    short = name.rsplit(".", 1)[-1]
    given = ", ".join(inputs)
    operands = f"({given},)" if inputs else "()"
    if op.variadic:
        fixed = "".join(f"{n}, " for n in inputs[:-1])
        operands = f"({fixed}*unpack({inputs[-1]}),)"
    result = f"{inputs[0]}.__class__" if method and not op.variadic else "cls"
    device = "kwargs.get('device', ctx)" if "ctx" not in op.attrs else "ctx"
    out = "None" if "out" in op.attrs else "out"
    call = (
        f"invoke(op, {operands}, attrs, {result}, {out})"
        if op.inputs
        else f"create(op, attrs, {device}, cls, {out})"
    )
    values = f"({', '.join(op.attrs)},)" if op.attrs else "()"
    key = _memo_key(op)
    source = (_BODY if op.attrs else _BODY_PLAIN).format(
        name=short,
        signature=_signature(op, dialect, inputs, short, method=method),
        call=call,
        values=values,
        key=key,
        safe_key=key,
    )
    scope: dict[str, Any] = {
        "op": op,
        "cls": cls,
        "invoke": invoke,
        "create": create,
        "unpack": unpack,
        "memo": {},
        "bind": _binder(op),
        "check_extra": check_extra,
        "attrs": Attrs(dict(op.attrs)),
    }
    exec(compile(source, f"<dlstudio {dialect}.{name}>", "exec"), scope)
    function: Callable[..., Any] = scope[short]
    function.__doc__ = documentation(op, dialect, "" if method else name)
    function.__module__ = f"dlstudio.{dialect}"
    function.__qualname__ = name
    return function


def unpack(data: Any) -> Any:
    """Accept both ``concat(a, b)`` and ``concat([a, b])``."""
    if not hasattr(data, "__len__"):
        raise ArgumentError(f"a sequence of arrays was expected. Got {type(data).__name__}.")
    if len(data) == 1 and isinstance(data[0], (list, tuple)):
        return data[0]
    return data


def documentation(op: Op, dialect: str, name: str = "") -> str:
    """Docstring of a generated function: the entry's text with this dialect's argument names.

    With the name of the function, an example calls it.
    """
    shown = example(op, dialect, name) if name else ""
    return docstring(op, input_names(op, "nd" if dialect == "sym" else dialect), shown)


# ---- symbols ---------------------------------------------------------------------------------
_SYMBOL_BODY = """
def {name}({signature}):
    return create_symbol(op, {operands}, {attrs}, name, attr, kwargs, {json!r})
"""


def build_symbol_function(op: Op, name: str) -> Callable[..., Any]:
    """Generate the function of `op` that adds a node to a symbolic graph."""
    from dlstudio.graph.symbol import create as create_symbol

    inputs = input_names(op, "nd")
    attrs = [f"{n}=None" for n in op.attrs]
    if op.variadic:
        spelled = [*(f"{n}=None" for n in inputs[:-1]), f"*{inputs[-1]}"]
        operands = f"({''.join(f'{n}, ' for n in inputs[:-1])}*unpack({inputs[-1]}),)"
    else:
        spelled = [f"{n}=None" for n in inputs]
        operands = f"({', '.join(inputs)},)" if inputs else "()"
    short = name.rsplit(".", 1)[-1]
    if not op.inputs and "dtype" in op.attrs:
        attrs[list(op.attrs).index("dtype")] = "ctx=None, dtype=None"
    tail = [f"{n}=None" for n in ("name", "attr", "out") if n not in op.attrs]
    source = _SYMBOL_BODY.format(
        name=short,
        signature=", ".join([*spelled, *attrs, *tail, "**kwargs"]),
        operands=operands,
        attrs="{" + ", ".join(f"{n!r}: {n}" for n in op.attrs) + "}",
        json=short,
    )

    def make(op: Op, args: Any, attrs: Any, name: Any, attr: Any, kwargs: Any, called: str) -> Any:
        given = {k: v for k, v in attrs.items() if v is not None}
        return create_symbol(op, args, {**given, **kwargs}, name, attr)

    scope: dict[str, Any] = {"op": op, "create_symbol": make, "unpack": unpack}
    exec(compile(source, f"<dlstudio sym.{name}>", "exec"), scope)
    function: Callable[..., Any] = scope[short]
    function.__doc__ = documentation(op, "sym", name)
    function.__module__ = "dlstudio.sym"
    function.__qualname__ = name
    return function


# ---- namespaces ------------------------------------------------------------------------------
class Namespace:
    """Functions of one dialect under one dotted prefix, generated when asked for."""

    def __init__(self, dialect: str, prefix: str = "") -> None:
        self.dialect, self.prefix = dialect, f"{prefix}." if prefix else ""

    def names(self) -> list[str]:
        """Names directly under the prefix."""
        skip = len(self.prefix)
        return sorted(
            n[skip:]
            for n in index(self.dialect)
            if n.startswith(self.prefix) and "." not in n[skip:]
        )

    def function(self, name: str) -> Callable[..., Any]:
        """Generate the function called `name`; AttributeError with near names if there is none."""
        op = index(self.dialect).get(self.prefix + name)
        if op is None:
            raise self._unknown(name)
        if self.dialect == "sym":
            return build_symbol_function(op, self.prefix + name)
        return build_function(op, self.prefix + name, self.dialect)

    def _unknown(self, name: str) -> UnknownNameError:
        import difflib

        from dlstudio.dialects.left_out import reason

        why, full = reason(name), f"mx.{self.dialect}.{self.prefix}{name}"
        if why is not None:
            return LeftOutError(f"{full} is left out of dlstudio: {why}.")
        near = difflib.get_close_matches(name, self.names(), n=3)
        hint = f" Nearest names: {', '.join(near)}." if near else ""
        home = self._home(name)
        hint = f"\nFix: {home}" if home else hint
        return UnknownNameError(f"{full}: there is no such function.{hint}")

    def _home(self, name: str) -> str:
        """Where a function of this very name is instead: np.softmax is npx.softmax."""
        dialects = {"sym": ("sym",), "nd": ("nd", "np", "npx")}.get(self.dialect, ("np", "npx"))
        homes = (
            f"mx.{dialect}.{known}"
            for dialect in dialects
            for known in index(dialect)
            if known.rpartition(".")[2] == name
        )
        return next(homes, "")

    def attach(self, module: types.ModuleType) -> None:
        """Give a module this namespace's functions, and a `dir` that lists them."""

        def get(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            function = self.function(name)
            setattr(module, name, function)
            return function

        before = getattr(module, "__getattr__", None)

        def get_or_lazy(name: str) -> Any:
            if before is not None:
                try:
                    return before(name)
                except AttributeError:
                    pass
            return get(name)

        module.__getattr__ = get_or_lazy  # type: ignore[method-assign]
        module.__dir__ = lambda: sorted({*vars(module), *self.names()})  # type: ignore[method-assign]


def submodules(parent: types.ModuleType, dialect: str, names: Iterable[str]) -> None:
    """Make ``parent.random``, ``parent.linalg`` … as importable modules over the dotted names."""
    for name in names:
        full = f"{parent.__name__}.{name}"
        module = sys.modules.get(full) or types.ModuleType(
            full, f"Operators of mx.{dialect}.{name}."
        )
        sys.modules[full] = module
        setattr(parent, name, module)
        Namespace(dialect, "" if name == "op" else name).attach(module)


def method_functions(dialect: str) -> dict[str, Method]:
    """Functions that become methods of the dialect's array class."""
    found: dict[str, Method] = {}
    for op in OPS.values():
        text = op.names.method if dialect == "nd" else op.names.np_method
        for name in text.split():
            if name not in found:
                found[name] = Method(op, name, dialect)
    return found


class Method:
    """A method that generates itself when first asked for: programs use a dozen of hundreds."""

    def __init__(self, op: Op, name: str, dialect: str) -> None:
        self.op, self.name, self.dialect = op, name, dialect

    def __get__(self, array: Any, owner: type[Any] | None = None) -> Any:
        """Put the generated function into the class, in place of this."""
        function: Any = build_function(self.op, self.name, self.dialect, method=True)
        setattr(_CLASSES[self.dialect], self.name, function)
        return function.__get__(array, owner)
