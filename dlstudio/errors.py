"""Every error dlstudio raises on purpose.

Each class carries the same three facts in its message: what was given, what was expected and
why, and how to fix it (see `explain`). They inherit from the Python class that a careful user
would catch (`ValueError`, `TypeError`, …) and from `MXNetError`, the name MXNet programs catch.

    MXNetError
    ├── ShapeError(ValueError)        shapes that do not fit together
    ├── DTypeError(TypeError)         dtypes that do not fit together
    ├── DeviceError(ValueError)       arrays on different devices, or a device that is not there
    ├── ParamError(ValueError)        an operator or layer argument outside its domain
    ├── ArgumentError(TypeError)      a missing, repeated or unknown argument
    ├── GradError(RuntimeError)       backward without record, twice, or through nothing
    │   └── StaleValueError           a value that backward needs was changed in place
    ├── WaitingError(RuntimeError)    a value read before other devices have done their part
    ├── InitError(RuntimeError)       a parameter used before it has a value
    │   └── DeferredInitializationError
    ├── GraphError(ValueError)        a malformed symbolic graph
    │   └── NotImplementedForSymbol   what only arrays can do
    ├── FileFormatError(ValueError)   a truncated or foreign file
    ├── MissingFileError(FileNotFoundError)  a file or folder that is not there
    ├── UnknownKeyError(KeyError)     a key that a file or collection does not have
    ├── UnknownNameError(AttributeError)     a function that a namespace does not have
    │   └── LeftOutError(NotImplementedError)  an operator of MXNet that is left out on purpose
    ├── IndexRangeError(IndexError)   an index outside its axis
    ├── AxisError(ShapeError, IndexRangeError)  an axis that the array does not have
    ├── NotSupportedForSparseNDArray(NotImplementedError)  what sparse arrays cannot do
    ├── OutOfMemoryError(MemoryError) an array larger than the memory that is free
    ├── DataError(RuntimeError)       a data set or worker that cannot deliver
    └── MissingExtraError(ImportError) an optional library that is not installed
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from numbers import Number
from types import ModuleType
from typing import Any

__all__ = [
    "ArgumentError",
    "AxisError",
    "DTypeError",
    "DataError",
    "DeferredInitializationError",
    "DeviceError",
    "FileFormatError",
    "GradError",
    "GraphError",
    "IndexRangeError",
    "InitError",
    "LeftOutError",
    "MXNetError",
    "MissingExtraError",
    "MissingFileError",
    "NotImplementedForSymbol",
    "NotSupportedForSparseNDArray",
    "OutOfMemoryError",
    "ParamError",
    "ShapeError",
    "StaleValueError",
    "UnknownKeyError",
    "UnknownNameError",
    "WaitingError",
    "explain",
    "knows_its_names",
    "lookup_that_teaches",
    "missing_extra",
    "taught_class",
    "unknown_name",
]


class MXNetError(Exception):
    """Base of all dlstudio errors; named as in MXNet so that ``except MXNetError`` works."""


class ShapeError(MXNetError, ValueError):
    """Shapes that do not fit together.

    Wrong: ``nd.dot(nd.ones((2, 3)), nd.ones((2, 3)))``
    Right: ``nd.dot(nd.ones((2, 3)), nd.ones((3, 2)))``
    """


class DTypeError(MXNetError, TypeError):
    """Dtypes that do not fit together.

    Wrong: ``nd.ones(2, dtype="int32") + nd.ones(2)``
    Right: ``nd.ones(2, dtype="int32").astype("float32") + nd.ones(2)``
    """


class DeviceError(MXNetError, ValueError):
    """Arrays on different devices, or a device that does not exist.

    Wrong: ``nd.ones(2, ctx=mx.cpu(0)) + nd.ones(2, ctx=mx.cpu(1))``
    Right: ``nd.ones(2, ctx=mx.cpu(0)) + nd.ones(2, ctx=mx.cpu(1)).as_in_context(mx.cpu(0))``
    """


class ParamError(MXNetError, ValueError):
    """An argument outside its domain.

    Wrong: ``nd.Dropout(x, p=1.5)``
    Right: ``nd.Dropout(x, p=0.5)``
    """


class ArgumentError(MXNetError, TypeError):
    """A missing, repeated or unknown argument.

    Wrong: ``nd.exp(x, axes=1)``
    Right: ``nd.exp(x)``
    """


class GradError(MXNetError, RuntimeError):
    """A backward pass that cannot start or cannot be written.

    Wrong: ``y = x * 2; y.backward()``
    Right: ``with autograd.record(): y = x * 2`` and then ``y.backward()``
    """


class StaleValueError(GradError):
    """A value that backward needs was overwritten in place.

    Wrong: ``with autograd.record(): y = x.exp()`` then ``y[:] = 0`` then ``y.backward()``
    Right: ``z = y.copy(); z[:] = 0`` and then ``y.backward()``
    """


class WaitingError(MXNetError, RuntimeError):
    """A value read before the calls on other devices that it depends on; they have to come first.

    Wrong: ``net = nn.SyncBatchNorm(num_devices=2)`` and, in training, ``net(x0).asnumpy()``
    Right: ``outputs = [net(x) for x in split_and_load(data, devices)]``, and then read them
    """


class InitError(MXNetError, RuntimeError):
    """A parameter was used before it was given a value.

    Wrong: ``net = nn.Dense(3); net(x)``
    Right: ``net = nn.Dense(3); net.initialize(); net(x)``
    """


class DeferredInitializationError(InitError):
    """A parameter whose shape is not known yet was read.

    Wrong: ``net = nn.Dense(3); net.initialize(); net.weight.data()``
    Right: ``net.initialize(); net(x); net.weight.data()``
    """


class GraphError(MXNetError, ValueError):
    """A malformed symbolic graph: a cycle, a missing or repeated argument, an unknown operator.

    Wrong: ``mx.sym.var("x").bind(mx.cpu(), {})``
    Right: ``mx.sym.var("x").bind(mx.cpu(), {"x": nd.ones(2)})``
    """


class FileFormatError(MXNetError, ValueError):
    """A file that is truncated, corrupt or of another format.

    Wrong: ``nd.load("half-downloaded.params")``
    Right: download it again, and compare its checksum.
    """


class MissingFileError(MXNetError, FileNotFoundError):
    """A file or folder that is not there.

    Wrong: ``nd.load("weigths.params")``
    Right: ``nd.load("weights.params")``
    """


class UnknownKeyError(MXNetError, KeyError):
    """A key that a file or collection does not have.

    Wrong: ``net.collect_params()["dense0_wieght"]``
    Right: ``net.collect_params()["dense0_weight"]``
    """

    __str__ = Exception.__str__  # KeyError's would quote the message


class UnknownNameError(MXNetError, AttributeError):
    """A function that a namespace does not have.

    Wrong: ``nd.softmaxx(x)``
    Right: ``nd.softmax(x)``
    """


class LeftOutError(UnknownNameError, NotImplementedError):
    """An operator of MXNet that is left out on purpose; the message says why.

    Wrong: ``nd.contrib.intgemm_fully_connected(x, w, s)``
    Right: ``nd.FullyConnected(x, w, b, num_hidden=10)``
    """


class IndexRangeError(MXNetError, IndexError):
    """An index outside its axis.

    Wrong: ``nd.ones((2, 3))[5]``
    Right: ``nd.ones((2, 3))[1]``
    """


class AxisError(ShapeError, IndexRangeError):
    """An axis that the array does not have; both ``ValueError`` and ``IndexError``, as in NumPy.

    Wrong: ``nd.ones((2, 3)).sum(axis=2)``
    Right: ``nd.ones((2, 3)).sum(axis=1)``
    """


class NotSupportedForSparseNDArray(MXNetError, NotImplementedError):  # noqa: N818  MXNet's name
    """What arrays in sparse storage cannot do.

    Wrong: ``nd.sparse.zeros("csr", (2, 3)).reshape((3, 2))``
    Right: ``nd.sparse.zeros("csr", (2, 3)).tostype("default").reshape((3, 2))``
    """


class NotImplementedForSymbol(GraphError):  # noqa: N818  MXNet's name
    """What only arrays can do: symbols have no values.

    Wrong: ``mx.sym.var("x").asnumpy()``
    Right: ``mx.sym.var("x").eval(x=mx.nd.ones(2))[0].asnumpy()``
    """


class OutOfMemoryError(MXNetError, MemoryError):
    """An array that does not fit into the memory that is free.

    Wrong: ``net.simple_bind(mx.cpu(), data=(10**9, 3, 224, 224))``
    Right: ``net.simple_bind(mx.cpu(), data=(32, 3, 224, 224))``
    """


class DataError(MXNetError, RuntimeError):
    """A data set that cannot be read, or a loader worker that died.

    Wrong: ``gluon.data.vision.MNIST()`` offline, with no file in the cache
    Right: ``gluon.data.datasets.digits()``, the real digits that come with the installation
    """


class MissingExtraError(MXNetError, ImportError):
    """An optional library that is not installed.

    Wrong: ``pip install dlstudio`` and then ``mx.widgets.GraphView(net)``
    Right: ``pip install "dlstudio[lab]"``
    """


def explain(given: str, expected: str = "", fix: str = "") -> str:
    """Compose the one message form: what was given, what was expected and why, how to fix it."""
    lines = [given]
    if expected:
        lines.append(f"Expected {expected}")
    if fix:
        lines.append(f"Fix: {fix}")
    return "\n".join(lines)


def knows_its_names(constructor: Callable[..., None]) -> Callable[..., None]:
    """Make ``__init__`` explain a keyword that neither it nor its subclasses know.

    Subclasses that hand their ``**kwargs`` on end up here too; Python would name the wrong class.
    Where our own constructors annotate a number or text, something else is refused.

    Raises
    ------
    ArgumentError
        From the decorated constructor; it names the nearest parameter.
    ParamError
        If a parameter must be a number or text and is none.
    """
    code = getattr(constructor, "__code__", None)
    if code is None:
        return constructor
    names = _parameters(constructor)
    open_ended = bool(code.co_flags & inspect.CO_VARKEYWORDS)  # the rest goes on to another one
    kinds = _plain_kinds(constructor)
    if open_ended and not kinds:
        return constructor

    @functools.wraps(constructor)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        for name in kwargs:
            if name not in names and not open_ended:
                raise _unknown_argument(type(self), name)
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if name in kinds and not _is_a(value, kinds[name]):
                raise _of_another_kind(type(self), name, value, kinds[name])
        constructor(self, *args, **kwargs)

    return checked


def _plain_kinds(constructor: Any) -> dict[str, str]:
    """Annotations of parameters that are numbers or text; users' own may be meant otherwise."""
    if not (constructor.__module__ or "").startswith("dlstudio."):
        return {}
    kinds = ("float", "int", "str", "float | None", "int | None", "str | None")
    return {name: kind for name, kind in constructor.__annotations__.items() if kind in kinds}


def _is_a(value: Any, kind: str) -> bool:
    if value is None:
        return kind.endswith("None")
    if kind.startswith("str"):
        return isinstance(value, str)
    return isinstance(value, Number) or getattr(value, "size", 0) == 1


_WANTED = {"int": "a whole number", "float": "a number", "str": "text"}
_FIXES = {"prefix": "net.add(layer, ...) after net = Sequential() for layers; a prefix is 'fc_'"}


def _of_another_kind(owner: type, name: str, value: Any, kind: str) -> ParamError:
    wanted, fix = _WANTED[kind.removesuffix(" | None")], _FIXES.get(name, "")
    if isinstance(value, str) and value.replace(".", "", 1).isdigit():
        fix = f"{name}={value}, without quotes; float(text) for what was read from a file"
    return ParamError(
        explain(f"{owner.__name__}: parameter {name} must be {wanted}. Got {value!r}.", fix=fix)
    )


def _parameters(function: Any, first: int = 1) -> tuple[str, ...]:
    """Names of the parameters from position `first` on, by default all but ``self``."""
    code = getattr(function, "__wrapped__", function).__code__
    return code.co_varnames[first : code.co_argcount + code.co_kwonlyargcount]


def _keywords(function: Any) -> tuple[str, ...]:
    """Names that can be given by keyword."""
    code = getattr(function, "__wrapped__", function).__code__
    return _parameters(function, max(1, code.co_posonlyargcount))


def _unknown_argument(kind: type, name: str) -> ArgumentError:
    import difflib

    makers = [vars(base).get("__init__") for base in kind.__mro__]
    written = [maker for maker in makers if hasattr(maker, "__code__")]
    known = list(dict.fromkeys(found for maker in written for found in _keywords(maker)))
    initials = [word for word in known if "".join(part[:1] for part in word.split("_")) == name]
    near = initials or difflib.get_close_matches(name, known, n=1)
    return ArgumentError(
        explain(
            f"{kind.__name__} has no parameter {name!r}.",
            f"one of {', '.join(known)}.",
            f"did you mean {near[0]!r}?" if near else f"see help({kind.__name__})",
        )
    )


def unknown_name(module: str, names: Iterable[str], name: str, instead: str = "") -> Exception:
    """Build the error for a name that a module does not have.

    Parameters
    ----------
    module : str
        As users write it: "mx.gluon.nn".
    names : those it has; the nearest are told
    name : str
    instead : str
        What does the same here, for names of other libraries.
    """
    if name.startswith("__"):
        return AttributeError(name)  # Python asks for these
    import difflib

    known = [n for n in names if not n.startswith("_")]
    near = [n for n in known if n.lower() == name.lower()]
    near = near or difflib.get_close_matches(name, known, n=3)
    hint = instead or (f"did you mean {' or '.join(near)}?" if near else f"dir({module})")
    return UnknownNameError(explain(f"module {module} has no attribute {name!r}.", fix=hint))


def lookup_that_teaches(
    module: str, names: dict[str, Any], instead: dict[str, str] | None = None
) -> Callable[[str], Any]:
    """Make a module's ``__getattr__``, which raises what `unknown_name` builds.

    Parameters
    ----------
    instead : dict, optional
        Names of other libraries, and what does the same here.
    """

    def missing(name: str) -> Any:
        public = [n for n, value in names.items() if not isinstance(value, ModuleType)]
        raise unknown_name(module, public, name, (instead or {}).get(name, ""))

    return missing


def missing_extra(library: str, extra: str, purpose: str) -> MissingExtraError:
    """Build the error for an optional library that is needed now and not installed."""
    return MissingExtraError(
        explain(
            f"{purpose} needs the library {library!r}, which is not installed.",
            fix=f'pip install "dlstudio[{extra}]"',
        )
    )


_TAUGHT: dict[type[Exception], type[MXNetError]] = {
    MemoryError: OutOfMemoryError,
    ValueError: ShapeError,
    TypeError: DTypeError,
    IndexError: IndexRangeError,
    ZeroDivisionError: ShapeError,
    OverflowError: DTypeError,
    AttributeError: DTypeError,
    KeyError: ShapeError,
}


def taught_class(error: Exception) -> type[MXNetError]:
    """Name the class of ours that stands for what NumPy or Python raised."""
    return next((c for base, c in _TAUGHT.items() if isinstance(error, base)), MXNetError)
