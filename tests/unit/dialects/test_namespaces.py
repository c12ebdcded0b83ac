"""The generated namespaces as modules."""

import ast
import builtins
import functools
import importlib
from pathlib import Path

import pytest

import dlstudio as mx
from dlstudio.errors import UnknownNameError


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


@pytest.mark.parametrize(
    "name", ["nd.contrib.dgl_adjacency", "sym.contrib.quantized_rnn", "npx.intgemm_prepare_data"]
)
def test_what_is_left_out_on_purpose_says_why(name):
    with pytest.raises(NotImplementedError, match=r"left out of dlstudio: .*(DGL|MKLDNN|intgemm)"):
        functools.reduce(getattr, name.split("."), mx)
    place, _, short = name.rpartition(".")
    assert not hasattr(functools.reduce(getattr, place.split("."), mx), short)


@pytest.mark.parametrize(
    ("namespace", "name", "home"),
    [
        ("np", "softmax", "mx.npx.softmax"),
        ("npx", "exp", "mx.np.exp"),
        ("nd", "matmul", "mx.np.matmul"),
        ("sym", "arange_like", "mx.sym.contrib.arange_like"),
    ],
)
def test_a_function_of_another_namespace_is_told_where_it_is(namespace, name, home):
    with pytest.raises(UnknownNameError, match=f"no such function.\nFix: {home}$"):
        getattr(getattr(mx, namespace), name)


def test_a_block_switches_numpy_semantics_off_as_well_as_on():
    mx.npx.set_np()
    try:
        with mx.np_shape(False), mx.np_array(False):
            assert not mx.is_np_shape()
            assert not mx.is_np_array()
            assert mx.util.use_np(mx.is_np_array)()
            assert mx.set_np_shape(True) is False
            assert mx.is_np_shape()
        assert mx.is_np_shape()
        assert mx.is_np_array()
    finally:
        mx.npx.reset_np()
    assert not mx.is_np_array()
