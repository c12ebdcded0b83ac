"""The one table: everything dlstudio knows about an operator is one `Op` record.

The signature of the forward is the schema: after `xp`, positional parameters are input arrays
(a default of None makes one optional, `*data` takes any number) and keyword-only parameters are
attributes. Two keywords are not attributes but are handed over at run time: `training` (for
operators whose flags say `mode`) and `rng` (for those that say `random`).

    @op("exp", infer=same, grad=lambda F, g, out, x: (F.multiply(g, out),),
        names=Names(nd="exp", np="exp", method="exp"), samples=lambda s: [s(2, 3)])
    def _(xp, x):
        "Elementwise exponential."
        return xp.exp(x)

A *composite* is an operator written in terms of others; it needs no infer and no grad, because
eager calls, the tape and graphs all run its expansion.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from dlstudio.core.params import Param, param_for_default
from dlstudio.errors import ArgumentError, MXNetError, explain

__all__ = [
    "OPS",
    "Bad",
    "Flags",
    "Names",
    "NotDifferentiable",
    "Op",
    "Sample",
    "bad",
    "composite",
    "cover",
    "op",
    "uncover",
]

Array = Any
RUNTIME_KEYWORDS = ("training", "rng")
_NOT_ATTRIBUTES = (*RUNTIME_KEYWORDS, "out")


@dataclass(frozen=True)
class Names:
    """Where an operator can be called. Several names are separated by blanks, the first is primary.

    Names may be dotted ("contrib.box_nms", "random.uniform", "linalg.det"). `args` renames the
    inputs in the legacy dialect, `np_args` in the NumPy dialect. `json` is the operator's name in
    MXNet symbol files (default: the primary `nd` name). `sym` defaults to `nd`.
    """

    nd: str = ""
    np: str = ""
    npx: str = ""
    sym: str | None = None
    method: str = ""  # methods of NDArray (legacy dialect)
    np_method: str = ""  # methods of ndarray (NumPy dialect)
    json: str = ""
    args: str = ""
    np_args: str = ""
    output: str = "output"  # visible output names, "mean var" for several


@dataclass(frozen=True)
class Flags:
    """What an operator does beyond computing."""

    view: bool = False  # the output shares memory with input 0 (NumPy view)
    inplace: tuple[int, ...] = ()  # the output may overwrite these inputs
    out: bool = False  # forward takes out=
    mutates: tuple[int, ...] = ()  # inputs that are written (optimizer states, moving averages)
    random: bool = False  # forward takes rng=
    mode: bool = False  # forward takes training=
    amp: str = "widest"  # mixed precision: "fp16" | "fp32" | "widest", or "" to be left alone
    dynamic: bool = False  # the output shape depends on values
    graphs: tuple[str, ...] = ()  # attributes that hold a graph: the operator is a loop or branch
    pointwise: bool = False  # element i of the output depends on elements i of the inputs only


@dataclass(frozen=True)
class NotDifferentiable:
    """Why an operator has no gradient. An instance stands where the gradient rule would."""

    reason: str


@dataclass(frozen=True)
class Sample:
    """One call of an operator: input arrays (None for absent optional ones) and attributes."""

    inputs: tuple[Any, ...]
    attrs: Mapping[str, Any]


@dataclass(frozen=True)
class Bad:
    """A call that must be refused: the sample, the error class and a pattern of its message."""

    sample: Sample
    error: type[Exception]
    match: str


def bad(sample: Sample, error: type[Exception], match: str) -> Bad:
    """Declare that `sample` raises `error` with a message that the pattern `match` finds."""
    return Bad(sample, error, match)


@dataclass(frozen=True)
class Together:
    """How recorded calls on several devices compute as one; see `dlstudio.core.meeting`."""

    waits: Callable[[Mapping[str, Any]], bool]  # attributes, with `training` -> whether it does
    run: Callable[[Any, Any], Any]  # (inputs, attributes) of one call -> its outputs


@dataclass(frozen=True, eq=False)
class Op:
    """An operator. Two operators are equal only if they are the same record."""

    name: str
    forward: Callable[..., Any]
    infer: Callable[..., Any]
    grad: Callable[..., Any] | NotDifferentiable
    inputs: tuple[str, ...]
    variadic: bool
    optional_inputs: int  # how many trailing inputs may be absent
    attrs: dict[str, Any]
    params: dict[str, Param]
    names: Names
    flags: Flags
    doc: str
    expand: Callable[..., Any] | None = None  # composites
    samples: Callable[..., list[Sample]] | None = None
    errors: Callable[..., list[Bad]] | None = None
    reference: Callable[..., Any] | None = None  # outside authority: (*arrays, **attrs) -> arrays
    complete: Callable[..., Any] | None = None  # (shapes, attrs) -> shapes, filling in None inputs
    complete_dtypes: Callable[..., Any] | None = None  # (dtypes, attrs) -> dtypes, likewise
    input_names: Callable[[dict[str, Any]], tuple[str, ...]] | None = None
    outputs: int | Callable[[dict[str, Any]], int] = 1
    visible: int | Callable[[dict[str, Any]], int] | None = None
    aux: tuple[str, ...] = ()
    starts: Mapping[str, str] = field(default_factory=dict)  # initializers of variables, as JSON
    aux_inputs: Callable[..., Any] | None = None  # attrs -> which inputs a graph inside updates
    aux_update: Callable[..., Any] | None = None  # (F, outs, *inputs, **attrs) -> new aux values
    together: Together | None = None  # how recorded calls on several devices compute as one
    constant: tuple[str, ...] = ()  # inputs that only select: no gradient flows to them
    macs: Callable[..., int] | None = None  # (ins, outs, attrs) -> multiply-adds, from avals
    ufunc: str = ""  # NumPy's function that is the whole forward for arrays of one floating dtype
    second_order: str = ""  # why the gradient of the gradient is not checked, or ""
    custom_gradient: str = ""  # why the gradient is not the derivative (SoftmaxOutput …), or ""
    covered: Op | None = None  # the operator as declared, while `cover` has changed its calls
    # what eager calls run: the forward, or a compiled kernel where there is one
    run: Callable[..., Any] = None  # type: ignore[assignment]
    needs: dict[Any, Any] = field(default_factory=dict)  # cache of tape.what_backward_needs
    memo: dict[Any, dict[str, Any]] = field(default_factory=dict)  # attribute tuples seen

    def __post_init__(self) -> None:
        if self.run is None:
            object.__setattr__(self, "run", self.forward)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    @property
    def differentiable(self) -> bool:
        """Whether a gradient flows through."""
        return not isinstance(self.grad, NotDifferentiable)

    def inputs_for(self, attrs: Mapping[str, Any], count: int | None = None) -> tuple[str, ...]:
        """Names of the inputs this call takes; `count` matters for variadic operators."""
        if self.variadic:
            stem = self.inputs[-1]
            n = len(self.inputs) if count is None else count
            return self.inputs[:-1] + tuple(f"{stem}{i}" for i in range(n - len(self.inputs) + 1))
        if self.input_names is not None:
            return self.input_names({**self.attrs, **attrs})
        return self.inputs

    def n_outputs(self, attrs: Mapping[str, Any]) -> int:
        """Count of all outputs, hidden ones included."""
        return (
            self.outputs if isinstance(self.outputs, int) else self.outputs({**self.attrs, **attrs})
        )

    def n_visible(self, attrs: Mapping[str, Any]) -> int:
        """Count of the outputs a caller sees."""
        if self.visible is None:
            return self.n_outputs(attrs)
        return (
            self.visible if isinstance(self.visible, int) else self.visible({**self.attrs, **attrs})
        )

    def parse(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """Canonical attributes with defaults filled in; raise ParamError or ArgumentError."""
        unknown = [name for name in attrs if name not in self.attrs]
        if unknown:
            raise self.unknown_attribute(unknown[0])
        parsed = dict(self.attrs)
        for name, value in attrs.items():
            # None stands for "not given", as in MXNet, except where it is in the domain
            if value is None and not self.params[name].optional:
                continue
            parsed[name] = self.params[name].parse(value, f"{self.name}: parameter {name}")
        required = [name for name, value in parsed.items() if value is inspect.Parameter.empty]
        if required:
            raise ArgumentError(
                explain(
                    f"{self.name}: the required parameter {required[0]!r} is missing.",
                    fix=f"{self.name}(..., {required[0]}=...)",
                )
            )
        return parsed

    def unknown_attribute(self, name: str) -> ArgumentError:
        """Compose the error for a parameter this operator does not have."""
        import difflib

        known = [*self.inputs, *self.attrs]
        if self.variadic and name == self.inputs[-1]:
            return ArgumentError(
                explain(
                    f"{self.name} was given its arrays as {name}=.",
                    "any number of arrays by position.",
                    f"{self.name}(*arrays)",
                )
            )
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return ArgumentError(
            explain(
                f"{self.name} has no parameter {name!r}.",
                "one of " + ", ".join(known) + ".",
                f"{hint}See help of {self.name}.",
            )
        )


def cover(op: Op, forward: Callable[..., Any], expand: Callable[..., Any]) -> None:
    """Let eager calls of `op` do something around it, at no cost to operators left alone.

    Gradient rules, composites and graphs go on with the operator as declared (`covered`).

    Parameters
    ----------
    forward : ``(plain, xp, *arrays, **attrs) -> arrays``, where nothing is recorded
    expand : ``(plain, F, *inputs, **attrs) -> outputs``, as of a composite, on the tape
    """
    if op.covered is None:
        plain = replace(op, needs={}, memo={})
        object.__setattr__(op, "covered", plain)
        object.__setattr__(op, "run", partial(forward, plain))
        object.__setattr__(op, "expand", partial(expand, plain))


def uncover(op: Op) -> None:
    """Undo `cover`."""
    plain = op.covered
    if plain is not None:
        for name in ("run", "expand", "covered"):
            object.__setattr__(op, name, getattr(plain, name))


class Table(dict[str, Op]):
    """Operators by name; asking for an unknown one teaches."""

    def __missing__(self, name: str) -> Op:
        import difflib

        near = difflib.get_close_matches(name, self, n=3)
        raise MXNetError(
            explain(
                f"There is no operator {name!r}.", fix=f"nearest names: {', '.join(near) or 'none'}"
            )
        )


OPS: Table = Table()


Schema = tuple[tuple[str, ...], bool, int, dict[str, Any]]


def _schema(function: Callable[..., Any]) -> Schema:
    """Read inputs, variadic, count of optional inputs and attributes off a forward's signature."""
    if hasattr(function, "__signature__"):
        return _schema_of(inspect.signature(function))
    # the code object says the same 20 times faster, and there are hundreds of operators to load
    code = function.__code__
    n, names = code.co_argcount, code.co_varnames
    inputs, keywords = names[1:n], names[n : n + code.co_kwonlyargcount]
    variadic = bool(code.co_flags & inspect.CO_VARARGS)
    if variadic:
        inputs += (names[n + code.co_kwonlyargcount],)
    optional = sum(d is None for d in function.__defaults__ or ())
    defaults = function.__kwdefaults__ or {}
    empty = inspect.Parameter.empty
    attrs = {k: defaults.get(k, empty) for k in keywords if k not in _NOT_ATTRIBUTES}
    return inputs, variadic, optional, attrs


def _schema_of(signature: inspect.Signature) -> Schema:
    """Read the same off a signature that was composed."""
    parameters = list(signature.parameters.values())[1:]
    arrays = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL)]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in arrays)
    optional = sum(p.default is None for p in arrays)
    attrs = {
        p.name: p.default
        for p in parameters
        if p.kind is p.KEYWORD_ONLY and p.name not in _NOT_ATTRIBUTES
    }
    return tuple(p.name for p in arrays), variadic, optional, attrs


def _register(name: str, function: Callable[..., Any], **fields: Any) -> Op:
    inputs, variadic, optional, attrs = _schema(function)
    given: Mapping[str, Param] = fields.pop("params") or {}
    params = {a: given.get(a) or param_for_default(d) for a, d in attrs.items()}
    if name in OPS:
        raise ValueError(f"operator {name!r} is registered twice")
    record = Op(
        name=name,
        inputs=inputs,
        variadic=variadic,
        optional_inputs=optional,
        attrs=attrs,
        params=params,
        doc=inspect.cleandoc(function.__doc__ or ""),
        **fields,
    )
    OPS[name] = record
    return record


def op(
    name: str,
    *,
    infer: Callable[..., Any],
    grad: Callable[..., Any] | NotDifferentiable,
    names: Names | None = None,
    flags: Flags = Flags(),
    params: Mapping[str, Param] | None = None,
    **fields: Any,
) -> Callable[[Callable[..., Any]], Op]:
    """Register the decorated forward as operator `name`; the result is the `Op` record."""

    def register(forward: Callable[..., Any]) -> Op:
        return _register(
            name,
            forward,
            forward=forward,
            infer=infer,
            grad=grad,
            names=names or Names(),
            flags=flags,
            params=params,
            **fields,
        )

    return register


def _own_memory(result: Any, arrays: tuple[Array, ...]) -> Any:
    """Copy a result that happens to be a view of an input, such as a reshape that moved nothing."""
    if isinstance(result, (tuple, list)):
        return tuple(_own_memory(r, arrays) for r in result)
    base = getattr(result, "base", None)
    if base is None:
        return result
    shared = any(a is not None and (a is base or a.base is base) for a in arrays)
    return result.copy() if shared else result


def composite(
    name: str,
    *,
    names: Names | None = None,
    flags: Flags = Flags(),
    params: Mapping[str, Param] | None = None,
    **fields: Any,
) -> Callable[[Callable[..., Any]], Op]:
    """Register ``expand(F, *inputs, **attrs)``, an operator composed of others through `F`."""
    from dlstudio.core.interpret import Avals, raw

    def register(expand: Callable[..., Any]) -> Op:
        def forward(xp: Any, *arrays: Array, **attrs: Any) -> Any:
            result = expand(raw(xp), *arrays, **attrs)
            return result if flags.view else _own_memory(result, arrays)

        def infer(*avals: Any, **attrs: Any) -> Any:
            return expand(Avals, *avals, **attrs)

        return _register(
            name,
            expand,
            forward=forward,
            infer=infer,
            grad=NotDifferentiable("its expansion is"),
            expand=expand,
            names=names or Names(),
            flags=flags,
            params=params,
            **fields,
        )

    return register


def iterate() -> Iterator[Op]:
    """All operators, in the order of registration."""
    yield from OPS.values()
