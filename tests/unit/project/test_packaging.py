"""What is installed, with which dependencies, on which machines."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile

import pytest
from packaging.requirements import Requirement


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=repository,
        check=True,
        capture_output=True,
        timeout=100,
    )
    (path,) = target.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def machine(system, processor, python="3.12"):
    return {"sys_platform": system, "platform_machine": processor, "python_version": python}


@pytest.mark.parametrize(
    ("where", "has_wheel"),
    [
        (machine("linux", "x86_64"), True),
        (machine("linux", "aarch64", "3.11"), True),
        (machine("linux", "ppc64le"), False),
        (machine("darwin", "arm64"), True),
        (machine("darwin", "x86_64"), False),
        (machine("win32", "AMD64"), True),
        (machine("win32", "ARM64"), True),
        (machine("win32", "ARM64", "3.11"), False),
        (machine("linux", "x86_64", "3.16"), False),
    ],
)
def test_numba_is_required_exactly_where_it_has_wheels(project, where, has_wheel):
    (numba,) = [r for r in map(Requirement, project["dependencies"]) if r.name == "numba"]

    assert numba.marker is not None
    assert numba.marker.evaluate(where) is has_wheel


def test_the_core_needs_nothing_but_numpy_and_numba(project):
    names = [Requirement(text).name for text in project["dependencies"]]

    assert names == ["numpy", "numba"]


def test_the_wheel_holds_notebooks_bundles_and_translations(wheel):
    names = wheel.namelist()

    for language in ("en", "zh"):
        assert f"dlstudio/_notebooks/{language}/00_start_here.ipynb" in names
        assert f"dlstudio/widgets/static/i18n/{language}.json" in names
    assert any(n.startswith("dlstudio/widgets/static/") and n.endswith(".js") for n in names)
    assert "dlstudio/py.typed" in names


def test_the_wheel_holds_nothing_else(wheel):
    roots = {name.split("/")[0] for name in wheel.namelist()}

    assert {root for root in roots if not root.endswith(".dist-info")} == {"dlstudio"}
    assert not [name for name in wheel.namelist() if "node_modules" in name or ".pyc" in name]


def test_the_readme_shows_both_commands_for_both_shells(repository):
    readme = (repository / "README.md").read_text(encoding="utf-8")

    for command in (
        'pip install -e ".[lab]" && dlstudio lab',
        'pip install -e ".[lab]"; if ($?) { dlstudio lab }',
        'pip install -e ".[test]" && pytest',
        'pip install -e ".[test]"; if ($?) { pytest }',
    ):
        assert command in readme


def test_the_program_in_the_readme_runs_and_learns(repository):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    program = readme.partition("```python\n")[2].partition("```")[0].replace("epochs=3", "epochs=1")

    answer = subprocess.run(
        [sys.executable, "-c", f"{program}\nprint(float(batch_loss.mean().asscalar()))"],
        cwd=repository,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    assert float(answer.stdout.split()[-1]) < 1.0  # guessing gives log(10) = 2.3
