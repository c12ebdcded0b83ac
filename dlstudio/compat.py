"""Where MXNet's modules live here: one table of aliases."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
import types
from collections.abc import MutableSequence
from typing import Any

from dlstudio.errors import unknown_name

__all__ = ["MODULES", "NAMES", "install_as_mxnet", "is_installed_as_mxnet"]

# mx.<name> -> module of dlstudio
MODULES: dict[str, str] = {
    "nd": "nd",
    "ndarray": "nd",
    "np": "np",
    "numpy": "np",
    "npx": "npx",
    "array_api": "array_api",
    "numpy_extension": "npx",
    "sym": "sym",
    "symbol": "sym",
    "autograd": "autograd",
    "gluon": "gluon",
    "random": "random",
    "rnd": "random",
    "init": "initializer",
    "initializer": "initializer",
    "lr_scheduler": "lr_scheduler",
    "metric": "metric",
    "optimizer": "optimizer",
    "opt": "optimizer",
    "callback": "callback",
    "operator": "operator",
    "mod": "module",
    "module": "module",
    "model": "model",
    "rnn": "rnn",
    "mon": "monitor",
    "monitor": "monitor",
    "image": "image",
    "img": "image",
    "registry": "registry",
    "io": "io",
    "kv": "kvstore",
    "kvstore": "kvstore",
    "viz": "viz",
    "visualization": "viz",
    "widgets": "widgets",
    "trace": "trace",
    "testing": "testing",
    "errors": "errors",
    "error": "errors",
    "kernels": "kernels",
    "context": "core.device",
    "device": "core.device",
    "name": "name",
    "numpy_dispatch_protocol": "numpy_dispatch_protocol",
    "attribute": "attribute",
    "executor": "graph.executor",
    "executor_manager": "executor_manager",
    "engine": "engine",
    "util": "util",
    "base": "base",
    "test_utils": "test_utils",
    "profiler": "profiler",
    "recordio": "recordio",
    "runtime": "runtime",
    "log": "log",
    "ndarray.numpy": "np",
    "ndarray.numpy_extension": "npx",
    "contrib.nd": "nd.contrib",
    "contrib.ndarray": "nd.contrib",
    "contrib.sym": "sym.contrib",
    "contrib.symbol": "sym.contrib",
    "amp": "amp",
    "contrib": "contrib",
    "contrib.amp": "amp",
    "contrib.autograd": "contrib.autograd",
    "contrib.text": "contrib.text",
    "contrib.io": "contrib.io",
    "contrib.tensorboard": "contrib.tensorboard",
    "gluon.contrib.data.vision.bbox": "gluon.contrib.data.vision.transforms",
    "gluon.contrib.data.vision.transforms.bbox": "gluon.contrib.data.vision.transforms",
    "gluon.data.vision.transforms.image": "gluon.data.vision.transforms",
    "gluon.contrib.data.vision.dataloader": "gluon.contrib.data.vision",
    "graph": "graph",
    "compat": "compat",
    "config": "config",
}

# mx.<name> -> (module, attribute)
NAMES: dict[str, tuple[str, str]] = {
    "cpu": ("core.device", "cpu"),
    "gpu": ("core.device", "gpu"),
    "cpu_pinned": ("core.device", "cpu_pinned"),
    "Context": ("core.device", "Context"),
    "Device": ("core.device", "Device"),
    "current_context": ("core.device", "current_context"),
    "current_device": ("core.device", "current_context"),
    "num_gpus": ("core.device", "num_gpus"),
    "gpu_memory_info": ("core.device", "gpu_memory_info"),
    "AttrScope": ("graph.scopes", "AttrScope"),
    "MXNetError": ("errors", "MXNetError"),
    "install_as_mxnet": ("compat", "install_as_mxnet"),
}


_SWITCHES = """is_np_array is_np_shape np_array np_shape set_np_shape use_np use_np_array
use_np_shape"""
NAMES.update({name: ("util", name) for name in _SWITCHES.split()})


def lookup(name: str) -> Any:
    """Import what ``mx.<name>`` stands for."""
    if name in NAMES:
        module, attribute = NAMES[name]
        return getattr(importlib.import_module(f"dlstudio.{module}"), attribute)
    if name in MODULES:
        return importlib.import_module(f"dlstudio.{MODULES[name]}")
    raise unknown_name("mx", [*MODULES, *NAMES], name)


class _Finder:
    """Answers ``import mxnet…`` with our modules."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Find the module that stands for `fullname`, if it is MXNet's."""
        del path, target
        head, _, rest = fullname.partition(".")
        module = _resolve(rest) if head == "mxnet" else None
        if module is None:
            return None
        # MXNet's nd, np, sym are packages: modules inside them must be found too
        return importlib.util.spec_from_loader(fullname, _Loader(module), is_package=True)


def _resolve(dotted: str) -> types.ModuleType | None:
    """Find the module that MXNet's ``mxnet.<dotted>`` stands for, one part after the other."""
    found, path = importlib.import_module("dlstudio"), ""
    for part in dotted.split("."):
        path = f"{path}.{part}".lstrip(".")
        inner = getattr(found, part, None)
        try:
            if path in MODULES:  # names such as contrib.amp lead to packages of their own
                found = importlib.import_module(f"dlstudio.{MODULES[path]}")
            elif isinstance(inner, types.ModuleType):
                found = inner
            else:
                found = importlib.import_module(f"{found.__name__}.{part}")
        except ModuleNotFoundError:
            return None
    return found


class _Loader(importlib.abc.Loader):
    """Hands out a module that is loaded already."""

    def __init__(self, module: Any) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: Any) -> Any:
        """Answer the module itself."""
        del spec
        return self._module

    def exec_module(self, module: Any) -> None:
        """Nothing to run: the module has run, under its own name."""
        alias = module.__spec__.name
        module.__spec__ = self._spec
        for inner, found in _hidden(module).items():
            sys.modules[f"{alias}.{inner}"] = found


def _hidden(module: Any) -> dict[str, Any]:
    """Modules whose package has something else of their name, as vision.alexnet: a function.

    Imported under a new name, they would take its place.
    """
    return {
        name: sys.modules[f"{module.__name__}.{name}"]
        for name, value in vars(module).items()
        if sys.modules.get(f"{module.__name__}.{name}", value) is not value
    }


def install_as_mxnet() -> None:
    """Let ``import mxnet as mx`` import dlstudio from now on in this process."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())  # type: ignore[arg-type]
    sys.modules["mxnet"] = _Mxnet("mxnet", "dlstudio under MXNet's name.")


class _Mxnet(types.ModuleType):
    """The module ``mxnet``: dlstudio, with the version that programs compare."""

    __version__ = "1.9.1"
    __path__: MutableSequence[str] = []  # noqa: RUF012  a package, whose parts the finder knows

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("dlstudio"), name)

    def __dir__(self) -> list[str]:
        return dir(importlib.import_module("dlstudio"))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let functions that use ``mx`` be sent to other processes."""
        return _installed, ()


def _installed() -> types.ModuleType:
    """Return the module ``mxnet``; in a process that has none yet, install it."""
    if not is_installed_as_mxnet():
        install_as_mxnet()
    return sys.modules["mxnet"]


def is_installed_as_mxnet() -> bool:
    """Whether ``import mxnet`` imports dlstudio in this process."""
    return isinstance(sys.modules.get("mxnet"), _Mxnet)
