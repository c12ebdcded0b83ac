"""The generated namespaces as modules."""

import ast
import builtins
import importlib
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["nd", "np", "npx", "sym", "array_api"])
def test_no_generated_name_hides_a_builtin_that_the_module_calls(name):
    # np.max becomes a global of the module when it is first asked for
    module = importlib.import_module(f"dlstudio.{name}")
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    names = {n for n in dir(module) if not n.startswith("__")}
    hidden = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and hasattr(builtins, node.id) and node.id in names - {"bool"}
    }
    assert not hidden
