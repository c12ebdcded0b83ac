"""The committed bundles are those that the sources make, and the front-end's own checks pass."""

import filecmp
import shutil
import subprocess

import pytest

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]


def run(folder, *command):
    program = shutil.which(command[0])
    assert program is not None
    done = subprocess.run(
        [program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def test_the_bundles_are_rebuilt_byte_for_byte(repository, tmp_path):
    run(repository / "widgets", "node", "build.mjs", str(tmp_path))
    committed = repository / "dlstudio/widgets/static"
    built = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*"))
    kept = sorted(
        path.relative_to(committed)
        for path in committed.rglob("*.*")
        if not path.name.startswith(".")
    )
    assert built == kept
    different = [
        str(path)
        for path in built
        if not filecmp.cmp(tmp_path / path, committed / path, shallow=False)
    ]
    assert different == [], "run: cd widgets && npm run build"


def test_types_and_style_of_the_front_end(repository):
    run(repository / "widgets", "npm", "run", "check")


def test_the_front_ends_own_tests(repository):
    run(repository / "widgets", "npm", "test")


def test_the_bundles_together_stay_small(repository):
    static = repository / "dlstudio/widgets/static"
    assert sum(path.stat().st_size for path in static.glob("*.js")) < 400_000
