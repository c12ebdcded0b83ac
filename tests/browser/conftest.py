"""A real JupyterLab in a real, headless browser.

`notebook(cells)` writes a notebook, opens it in JupyterLab and hands out a `Notebook` to drive it.
One server and one browser serve all tests; every test gets a fresh kernel and page. Screenshots
go to `tests/browser/shots` when DLSTUDIO_SHOTS=1, to be looked at by a person.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SHOTS = Path(__file__).parent / "shots"
TIMEOUT = 30_000  # ms; generous, because test machines are shared

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder: they need a browser, and seconds rather than milliseconds."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(300))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Lab:
    """A running Jupyter server on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self._write_settings()
        self._log = (folder.parent / "jupyter.log").open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            self._command(), env=self._environment(), stdout=self._log, stderr=self._log
        )
        self._wait()

    def _write_settings(self) -> None:
        """Ask for no news: the question would cover what the tests look at."""
        config = self.folder.parent / "config" / "labconfig"
        config.mkdir(parents=True)
        off = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
        (config / "page_config.json").write_text(json.dumps(off), encoding="utf-8")

    def _command(self) -> list[str]:
        settings = {
            "ServerApp.port": self.url.rpartition(":")[2],
            "ServerApp.open_browser": "False",
            "ServerApp.root_dir": str(self.folder),
            "ServerApp.allow_root": "True",
            "ServerApp.disable_check_xsrf": "True",
            "IdentityProvider.token": "",
            "PasswordIdentityProvider.hashed_password": "",
            "LabApp.expose_app_in_browser": "True",
            "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [sys.executable, "-m", "jupyterlab", *options]

    def _environment(self) -> dict[str, str]:
        home = self.folder.parent
        jupyter = {
            f"JUPYTER_{kind}_DIR": str(home / kind.lower())
            for kind in ("CONFIG", "DATA", "RUNTIME")
        }
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        return {
            **os.environ,
            **jupyter,
            "IPYTHONDIR": str(home / "ipython"),
            "PYTHONPATH": path,
            "OPENBLAS_NUM_THREADS": "1",  # threads get in each other's way on shared machines
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self.api("status")
            except OSError:
                time.sleep(0.2)
            else:
                return
        self.stop()
        log = (self.folder.parent / "jupyter.log").read_text(encoding="utf-8")
        pytest.fail(f"JupyterLab did not start:\n{log[-3000:]}")

    def api(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def end_kernels(self) -> None:
        """End all kernels; the server cannot end one whose death it is just finding out."""
        deadline = time.monotonic() + 30
        while sessions := self.api("sessions"):
            for session in sessions:
                try:
                    self.api(f"sessions/{session['id']}", "DELETE")
                except urllib.error.HTTPError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()


_SESSION = "jupyterapp.shell.currentWidget.context.sessionContext.session"
_READY = (
    "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel"
    "?.status === 'idle'"
)
# All prompts answered and the kernel at rest.
_IDLE = f"""() => {_SESSION}.kernel.status === 'idle' &&
    ![...document.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('*'))"""


class Notebook:
    """One notebook, open in JupyterLab."""

    def __init__(self, lab: Lab, page: Any, name: str) -> None:
        self.lab, self.page, self.name = lab, page, name
        self.errors: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.set_default_timeout(TIMEOUT)

    def _heard(self, message: Any) -> None:
        # JupyterLab asks for optional files (workspaces, source maps) that answer 404.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def open(self) -> Notebook:
        workspace = f"w{time.monotonic_ns()}"
        self.page.goto(f"{self.lab.url}/lab/workspaces/{workspace}/tree/{self.name}?reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.wait_for_function(_READY)
        self.page.evaluate(
            "jupyterapp.commands.execute('application:toggle-left-area').catch(() => {})"
        )
        return self

    def command(self, name: str) -> None:
        """Start a JupyterLab command; does not wait for its end."""
        self.page.evaluate("name => { jupyterapp.commands.execute(name); }", name)

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")

    def run_cell(self, index: int) -> None:
        """Run one cell again."""
        self.page.evaluate(
            """index => {
                jupyterapp.shell.currentWidget.content.activeCellIndex = index;
                jupyterapp.commands.execute('notebook:run-cell');
            }""",
            index,
        )

    def wait_idle(self, seconds: float = 120) -> None:
        self.page.wait_for_function(_IDLE, timeout=seconds * 1000)

    def save(self) -> Any:
        """Save, and return the notebook as stored."""
        self.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        return json.loads((self.lab.folder / self.name).read_text(encoding="utf-8"))

    def outputs(self) -> list[str]:
        """Text of every output."""
        return self.page.eval_on_selector_all(
            ".jp-OutputArea-output", "nodes => nodes.map(node => node.innerText)"
        )

    def interrupt(self) -> None:
        """Press the notebook's ■."""
        self.page.evaluate(f"{_SESSION}.kernel.interrupt()")

    def theme(self, *, dark: bool) -> None:
        theme = "JupyterLab Dark" if dark else "JupyterLab Light"
        self.page.evaluate(
            "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
        )
        light = "false" if dark else "true"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
        self.page.wait_for_timeout(600)

    def data(self, selector: str) -> dict[str, str]:
        """The `data-*` attributes of the first element that matches, once its view is drawn.

        While JupyterLab renders an output anew, the view is off the page for a moment.
        """
        found = self.page.wait_for_function(
            """selector => {
                const node = document.querySelector(selector);
                return node?.closest('.dl-root')?.dataset.connection && { ...node.dataset };
            }""",
            arg=selector,
        )
        return found.json_value()

    def table(self, selector: str) -> list[list[str]]:
        """Machine values of the rows of a table below `selector`."""
        return self.page.eval_on_selector_all(
            f"{selector} tbody tr",
            "rows => rows.map(row => [...row.cells].map(c => c.dataset.value ?? c.textContent))",
        )

    def colours(self, selector: str) -> int:
        """How many different colours a canvas shows; a blank one shows one."""
        return self.page.eval_on_selector(
            selector,
            """canvas => {
                const { data } = canvas.getContext('2d')
                    .getImageData(0, 0, canvas.width, canvas.height);
                return new Set(new Uint32Array(data.buffer)).size;
            }""",
        )

    def shot(self, name: str, selector: str | None = None) -> None:
        """Keep a picture of the page, or of one element, for a person to look at."""
        if os.environ.get("DLSTUDIO_SHOTS"):
            SHOTS.mkdir(exist_ok=True)
            seen = self.page if selector is None else self.page.locator(selector).first
            seen.screenshot(path=SHOTS / f"{name}.png")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    folder.mkdir()
    server = Lab(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory, browser_program: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=browser_program,
            headless=True,
            args=list(FLAGS),
            viewport={"width": 1280, "height": 900},
        )
        yield context
        context.close()


@pytest.fixture
def notebook(lab: Lab, browser: Any) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook made of `cells` (code) in a fresh page with a fresh kernel."""
    import nbformat

    pages: list[Any] = []

    def make(cells: list[str]) -> Notebook:
        book = nbformat.v4.new_notebook()
        book.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        name = f"test-{time.monotonic_ns()}.ipynb"
        nbformat.write(book, lab.folder / name)
        pages.append(browser.new_page())
        return Notebook(lab, pages[-1], name).open()

    yield make
    for page in pages:
        page.close()
    lab.end_kernels()
