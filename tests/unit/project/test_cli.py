"""The command line as a user meets it: separate processes, real output."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dlstudio import cli


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "dlstudio.cli", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
        **options,
    )


def test_without_a_command_the_help_is_shown(capsys):
    assert cli.main([]) == 2

    shown = capsys.readouterr().out
    for name in ("lab", "draw", "summary", "doctor", "warmup"):
        assert name in shown


def test_an_unknown_command_is_refused():
    with pytest.raises(SystemExit) as stopped:
        cli.main(["train"])

    assert stopped.value.code == 2


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])

    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("dlstudio ")


def test_doctor_succeeds_here_and_has_a_line_for_everything():
    answer = command("doctor")

    assert answer.returncode == 0, answer.stdout + answer.stderr
    for subject in (
        "Python",
        "NumPy",
        "dlstudio",
        "CPU",
        "threads",
        "numba",
        "kernel cache",
        "graph files",
        "GPU",
        "JupyterLab",
        "ipykernel",
        "anywidget",
        "widget front-ends",
        "real digits",
        "browser",
    ):
        assert f"  {subject}" in answer.stdout


def test_a_missing_model_is_explained_without_a_traceback():
    answer = command("draw", "no_such_file-symbol.json")

    assert answer.returncode == 1
    assert "no_such_file-symbol.json" in answer.stderr
    assert "Traceback" not in answer.stderr
