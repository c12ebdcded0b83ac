"""`dlstudio lab`: where the notebooks come from, and what JupyterLab is told."""

from __future__ import annotations

import pytest

from dlstudio import lab


@pytest.fixture
def packaged(tmp_path):
    source = tmp_path / "package"
    for name in ("en/00_start_here.ipynb", "zh/00_start_here.ipynb", "images/start_here.png"):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"packaged {name}", encoding="utf-8")
    return source


def test_all_packaged_files_are_copied(packaged, tmp_path):
    written = lab.copy_notebooks(packaged, tmp_path / "mine")

    assert len(written) == 3
    copy = tmp_path / "mine" / "en" / "00_start_here.ipynb"
    assert copy.read_text(encoding="utf-8") == "packaged en/00_start_here.ipynb"


def test_a_learners_file_is_never_overwritten(packaged, tmp_path):
    target = tmp_path / "mine"
    lab.copy_notebooks(packaged, target)
    edited = target / "en" / "00_start_here.ipynb"
    edited.write_text("my own work", encoding="utf-8")
    (target / "zh" / "00_start_here.ipynb").unlink()

    written = lab.copy_notebooks(packaged, target)

    assert edited.read_text(encoding="utf-8") == "my own work"
    assert written == [target / "zh" / "00_start_here.ipynb"]


def test_a_clone_opens_its_own_notebooks(monkeypatch, tmp_path):
    clone = tmp_path / "clone with spaces"
    (clone / "notebooks" / "en").mkdir(parents=True)
    (clone / "notebooks" / lab.START).touch()
    (clone / "pyproject.toml").touch()
    monkeypatch.setattr(lab, "_PACKAGE", clone / "dlstudio")

    assert lab.notebook_root(tmp_path) == clone / "notebooks"
    assert not (tmp_path / lab.COPY_TO).exists()


def test_an_installed_package_copies_its_notebooks_beside_the_learner(
    monkeypatch, packaged, tmp_path, capsys
):
    installed = tmp_path / "site-packages" / "dlstudio"
    installed.mkdir(parents=True)
    packaged.rename(installed / "_notebooks")
    monkeypatch.setattr(lab, "_PACKAGE", installed)

    root = lab.notebook_root(tmp_path)

    assert root == tmp_path / "dlstudio-notebooks"
    assert (root / lab.START).is_file()
    assert "00_start_here.ipynb" in capsys.readouterr().out


def test_flags_are_passed_through_to_jupyter_lab(monkeypatch, tmp_path):
    labapp = pytest.importorskip("jupyterlab.labapp")
    told = []
    monkeypatch.setattr(labapp, "main", told.append)
    monkeypatch.setattr(lab, "notebook_root", lambda folder: tmp_path)

    status = lab.run(["--no-browser", "--port=8899"])

    assert status == 0
    assert told == [
        [
            f"--ServerApp.root_dir={tmp_path}",
            "--LabApp.default_url=/lab/tree/en/00_start_here.ipynb",
            "--no-browser",
            "--port=8899",
        ]
    ]


def test_without_jupyterlab_the_extra_to_install_is_named(monkeypatch, capsys):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)

    assert lab.run([]) == 1
    assert 'pip install "dlstudio[lab]"' in capsys.readouterr().err
