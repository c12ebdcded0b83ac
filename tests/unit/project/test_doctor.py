"""The doctor's findings, on installations that are broken in different ways."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlstudio import doctor
from dlstudio.doctor import Finding


def test_a_missing_library_is_named_with_what_to_install():
    finding = doctor._library("JupyterLab", "no-such-package", (4, 4), "notebooks open in it")

    assert not finding.ok
    assert "not installed" in str(finding)
    assert 'install (you): pip install "no-such-package>=4.4"' in str(finding)


def test_an_old_library_is_named_with_both_versions(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda package: "6.31.0")

    finding = doctor._ipykernel()

    assert not finding.ok
    assert "6.31.0 is older than 7.4" in finding.detail


def test_on_a_hub_the_administrator_installs_what_the_server_needs(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://hub/api")
    monkeypatch.setattr(doctor, "_version", lambda package: None)

    assert "install (hub administrator)" in str(doctor._jupyterlab())
    assert "install (you)" in str(doctor._ipykernel())


def test_front_ends_the_server_cannot_see_are_reported(monkeypatch, tmp_path):
    paths = pytest.importorskip("jupyter_core.paths")
    monkeypatch.setattr(paths, "jupyter_path", lambda *parts: [str(tmp_path)])
    (tmp_path / "anywidget").mkdir()

    finding = doctor._widget_front_ends()

    assert not finding.ok
    assert "@jupyter-widgets/jupyterlab-manager" in finding.detail
    assert "anywidget and" not in finding.detail


def test_a_check_that_crashes_is_a_finding_and_not_a_crash(monkeypatch):
    def _numba():
        raise OSError("libLLVM cannot be loaded")

    monkeypatch.setattr(doctor, "_CHECKS", (_numba,))

    (finding,) = doctor.examine()

    assert not finding.ok
    assert "libLLVM cannot be loaded" in finding.detail


@pytest.mark.parametrize(("core", "status"), [(True, 1), (False, 0)])
def test_only_a_broken_core_makes_the_exit_status_non_zero(monkeypatch, core, status):
    monkeypatch.setattr(doctor, "examine", lambda: iter([Finding("x", False, "broken", core=core)]))

    assert doctor.run() == status


def test_without_numpy_the_doctor_still_answers_and_fails(tmp_path):
    (tmp_path / "numpy.py").write_text("raise ImportError('numpy is broken')", encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), str(Path(doctor.__file__).parents[1])])

    answer = subprocess.run(
        [sys.executable, "-m", "dlstudio.cli", "doctor"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )

    assert answer.returncode == 1
    assert "FAIL" in answer.stdout
    assert "Traceback" not in answer.stderr


def test_a_browser_that_playwright_installed_is_found(monkeypatch, tmp_path):
    program = tmp_path / "chromium-1234" / "chrome-linux" / "chrome"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "_BROWSER_PATHS", ())

    assert doctor.find_browser() == program
