"""What `dlstudio draw` and `dlstudio summary` do; `cli.py` only hands them their arguments."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

from dlstudio.errors import ArgumentError, FileFormatError, explain

__all__ = [
    "add_arguments",
    "add_summary_arguments",
    "load_model",
    "parse_shapes",
    "run",
    "run_summary",
]

Shapes = dict[str, tuple[int, ...]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``dlstudio draw``."""
    _add_model(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path,
        help="picture to write: .svg .png .pdf .dot or .html (default: MODEL.svg)",
    )  # fmt: skip
    parser.add_argument("--depth", type=int, help="levels of blocks to open (default: all)")
    parser.add_argument("--no-fold", action="store_true", help="draw repeated blocks one by one")
    parser.add_argument("--weights", action="store_true", help="draw parameters too")
    parser.add_argument("--overlay", choices=("device", "bytes"), default="", help="colour by")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--engine", choices=("auto", "dot", "wasi"), default="auto")


def add_summary_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``dlstudio summary``."""
    _add_model(parser)
    parser.add_argument("--width", type=int, default=120, help="characters per line")


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL",
        help="a *-symbol.json file, or package.module:function returning a Block or Symbol",
    )  # fmt: skip
    parser.add_argument(
        "--shape", action="append", default=[], metavar="NAME=N,N,...",
        help="shape of an input, data=1,3,224,224; may be repeated",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Draw a model into a file and print the file's name. Return the exit status."""
    from dlstudio.viz.drawing import drawing_of
    from dlstudio.viz.export import to_file
    from dlstudio.viz.picture import Options

    model = load_model(args.model)
    drawing = drawing_of(model, shape=parse_shapes(args.shape), title=_stem(args.model))
    options = Options(
        depth=args.depth, fold_repeats=not args.no_fold, show_weights=args.weights,
        overlay=args.overlay,
    )  # fmt: skip
    output = args.output or Path(f"{_stem(args.model)}.svg")
    path = to_file(drawing, output, options, engine=args.engine, theme=args.theme)
    print(f"{drawing.describe()}\n{path}")
    return 0


def run_summary(args: argparse.Namespace) -> int:
    """Print the table of layers. Return the exit status."""
    from dlstudio.viz.summary import print_summary

    print_summary(load_model(args.model), parse_shapes(args.shape) or None, args.width)
    return 0


def parse_shapes(texts: list[str]) -> Shapes:
    """Read ``["data=1,3,224,224"]`` as ``{"data": (1, 3, 224, 224)}``."""
    shapes: Shapes = {}
    for text in texts:
        name, equals, numbers = text.partition("=")
        try:
            shapes[name] = tuple(int(n) for n in numbers.strip("() ").split(",") if n.strip())
        except ValueError:
            equals = ""
        if not equals or not name:
            raise ArgumentError(
                explain(f"--shape {text!r}", "NAME=N,N,...", "--shape data=1,3,224,224")
            )
    return shapes


def load_model(name: str) -> Any:
    """Read a symbol file, or import and call ``package.module:function``.

    Raises
    ------
    FileFormatError
        If `name` is neither.
    """
    if name.endswith(".json"):
        return _symbol_file(name)
    module, colon, attribute = name.partition(":")
    if not colon:
        raise FileFormatError(
            explain(
                f"{name!r} is neither a symbol file nor a function.",
                "a file that ends with .json, or package.module:function.",
                "dlstudio draw net-symbol.json   or   dlstudio draw mypackage.nets:lenet",
            )
        )
    return _called(_imported(module, attribute, name))


def _symbol_file(name: str) -> Any:
    from dlstudio import sym

    if not Path(name).is_file():
        raise FileFormatError(explain(f"There is no file {name!r}.", fix="check the path."))
    return sym.load(name)


def _imported(module: str, attribute: str, name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:  # as with `python -m`: the learner's own files come first
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ArgumentError(
            explain(f"Cannot import {name!r}: {error}.", fix="run it in the folder of your file.")
        ) from error
    return found


def _called(found: Any) -> Any:
    is_model = hasattr(found, "collect_params") or hasattr(found, "list_arguments")
    return found() if (isinstance(found, type) or not is_model) and callable(found) else found


def _stem(model: str) -> str:
    if model.endswith(".json"):
        return Path(model).name.removesuffix(".json").removesuffix("-symbol")
    return model.rpartition(":")[2].rpartition(".")[2]
