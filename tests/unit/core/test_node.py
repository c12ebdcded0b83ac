"""Where a node comes from: the user's file and line, or the notebook cell."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import dlstudio as mx
from dlstudio.core.node import caller_span

CALL = "from dlstudio import sym\nspan = sym.var('x').outputs_[0][0].span\n"


def test_a_node_names_the_line_that_made_it():
    scope = {}
    exec(compile(CALL, "/home/ada/net.py", "exec"), scope)
    assert scope["span"] == "net.py:2"


def test_a_line_of_a_notebook_is_named_by_its_cell(monkeypatch):
    file = "/tmp/ipykernel_7/642580434.py"
    shell = SimpleNamespace(compile=SimpleNamespace(_filename_map={file: 3}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    scope = {}
    exec(compile(CALL, file, "exec"), scope)
    assert scope["span"] == "In[3]:2"


def test_outside_of_notebooks_ipython_is_not_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert caller_span().startswith("test_node.py:")
    assert mx.sym.var("x").outputs_[0][0].span.startswith("test_node.py:")
