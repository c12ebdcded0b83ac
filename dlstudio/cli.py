"""The command line: ``dlstudio lab | draw | summary | im2rec | doctor | warmup``.

Every command imports what it needs when it runs, so that ``dlstudio doctor`` works (and explains)
on an installation where something else is broken.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands after ``dlstudio`` on the command line; the process's own by default.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["lab"]:  # its flags belong to Jupyter: argparse must not read them
        return _lab(arguments[1:])
    parser = _parser(arguments)
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return 2
    return _explained(options)


def _explained(options: argparse.Namespace) -> int:
    from dlstudio.errors import MXNetError

    try:
        return options.run(options) or 0
    except MXNetError as error:  # our errors explain themselves; a traceback would hide that
        print(f"dlstudio: {error}", file=sys.stderr)
        return 1


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dlstudio", description="A deep-learning engine you can see inside."
    )
    parser.set_defaults(run=None)
    parser.add_argument("--version", action="version", version=f"dlstudio {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    commands.add_parser("lab", help="open JupyterLab on the first notebook")
    _add_drawing_commands(commands, wanted=arguments[:1])
    records = commands.add_parser("im2rec", help="pack folders of pictures into record files")
    if arguments[:1] == ["im2rec"]:
        from dlstudio import im2rec

        im2rec.add_arguments(records)
        records.set_defaults(run=im2rec.run)
    doctor = commands.add_parser("doctor", help="check this installation and say what to install")
    doctor.set_defaults(run=_doctor)
    warmup = commands.add_parser("warmup", help="compile the fast kernels now, ahead of training")
    warmup.set_defaults(run=_warmup)
    return parser


def _add_drawing_commands(commands: argparse._SubParsersAction, wanted: Sequence[str]) -> None:
    """Add `draw` and `summary`; their arguments are declared beside the code that reads them."""
    draw = commands.add_parser("draw", help="draw a network: an SVG, PNG, PDF, DOT or HTML file")
    summary = commands.add_parser("summary", help="print layers, shapes and parameter counts")
    if not {"draw", "summary"} & set(wanted):
        return
    from dlstudio.viz import draw as drawing  # only when asked for: it loads the whole engine

    drawing.add_arguments(draw)
    draw.set_defaults(run=drawing.run)
    drawing.add_summary_arguments(summary)
    summary.set_defaults(run=drawing.run_summary)


def _lab(arguments: Sequence[str]) -> int:
    from dlstudio import lab

    return lab.run(arguments)


def _doctor(_: argparse.Namespace) -> int:
    from dlstudio import doctor

    return doctor.run()


def _warmup(_: argparse.Namespace) -> int:
    from dlstudio import kernels

    kernels.warmup()
    return 0


def _version() -> str:
    try:
        return version("dlstudio")
    except PackageNotFoundError:  # a source folder on the path, never installed
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
