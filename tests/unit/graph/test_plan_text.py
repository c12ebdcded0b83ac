"""The plan's text: straight lines, every buffer named with size, owner and device; and shown."""

import ast
import inspect
import io
import linecache
import re
import traceback
from contextlib import redirect_stdout

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.graph.program import Program
from tests.unit.graph.nets import fill, lenet

GROUPS = {"a": mx.cpu(0), "b": mx.cpu(1)}


def split_net():
    """Two branches on two devices, and their sum."""
    with mx.AttrScope(ctx_group="a"):
        left = sym.tanh(sym.FullyConnected(sym.var("x"), num_hidden=4, name="left"), name="t")
    with mx.AttrScope(ctx_group="b"):
        right = sym.FullyConnected(sym.var("y"), num_hidden=4, name="right")
        return sym.broadcast_add(left, right, name="both")


def bound(net=None, train=True, **shapes):
    net = lenet(batch_norm=True) if net is None else net
    executor = net.simple_bind(
        mx.cpu(), **(shapes or {"data": (2, 1, 28, 28)}), group2ctx=GROUPS
    )  # fmt: skip
    fill(executor)
    executor.forward(is_train=train)
    if train:
        executor.backward()
    return executor


@pytest.mark.parametrize("net", [lenet, split_net], ids=lambda f: f.__name__)
def test_the_text_is_straight_line_python(net):
    shapes = {"data": (2, 1, 28, 28)} if net is lenet else {"x": (3, 5), "y": (3, 5)}
    tree = ast.parse(bound(net(), **shapes).source)
    allowed = (ast.FunctionDef, ast.Assign, ast.Expr, ast.Return, ast.Pass)
    statements = [n for n in ast.walk(tree) if isinstance(n, ast.stmt)]
    assert statements
    assert all(isinstance(n, allowed) for n in statements), "no loops, no branches"


def test_every_buffer_is_named_with_device_offset_shape_size_and_owner():
    executor = bound(split_net(), x=(3, 5), y=(3, 5))
    lines = [line for line in executor.source.splitlines() if " = arena(" in line]
    form = re.compile(
        r'^    (b\d+) = arena\("(cpu\(\d\))", (\d+), \(.*\), "float32"\)  # [\d.]+ k?B: (\S.*)$'
    )
    found = [form.match(line) for line in lines]
    assert all(found), lines
    buffers = executor.memory.buffers
    assert len(found) == len(buffers) > 0
    for row, buffer in zip(found, buffers, strict=True):
        _, device, offset, owner = row.groups()
        assert (device, int(offset)) == (buffer.device, buffer.offset)
        assert owner.startswith(buffer.owner)
    assert {b.device for b in buffers} == {"cpu(0)", "cpu(1)"}


def test_every_step_says_its_node_and_the_users_line():
    source = bound().source
    steps = [s for s in source.splitlines() if s.startswith("        ") and "#" in s]
    users = [s for s in steps if "nets.py:" in s]
    assert users
    # what belongs to no line of the user is the compiler's own: copies that separate outputs
    rest = [s for s in steps if "nets.py:" not in s]
    assert all("_grad" in s or "_output" in s for s in rest), rest


def test_each_device_has_a_function_of_its_own():
    source = bound(split_net(), x=(3, 5), y=(3, 5)).source
    assert "def forward_cpu_0(" in source
    assert "def forward_cpu_1(" in source
    assert "cross(" in source
    assert source.index("ready(0)") < source.index("wait(0)")


def test_a_plan_is_printed_saved_and_shown_in_a_notebook(tmp_path):
    plan = bound().plan()
    printed = io.StringIO()
    with redirect_stdout(printed):
        print(plan)
    assert printed.getvalue().rstrip() == plan.source.rstrip()
    path = plan.save(tmp_path / "plans" / "lenet.py")
    assert path.read_text(encoding="utf-8") == plan.source
    compile(path.read_text(encoding="utf-8"), str(path), "exec")
    assert plan._repr_markdown_() == f"```python\n{plan.source}\n```"


def test_a_block_shows_its_plan_likewise():
    net = mx.gluon.nn.Dense(2, in_units=3)
    net.initialize()
    net.hybridize()
    net(mx.nd.ones((1, 3)))
    assert "def forward(" in str(net.plan())


def test_the_text_shown_is_the_text_run():
    executor = bound(split_net(), x=(3, 5), y=(3, 5))
    plan = executor.plan()
    code = plan._code
    lines = plan.source.splitlines(keepends=True)
    assert linecache.getlines(code.co_filename) == lines
    (build,) = (c for c in code.co_consts if inspect.iscode(c))
    running = [c for c in build.co_consts if inspect.iscode(c)]
    assert len(running) == 4, "two halves on two devices"
    for function in running:
        assert lines[function.co_firstlineno - 1].strip().startswith(f"def {function.co_name}(")


def test_a_failing_step_shows_its_line_of_the_plan():
    executor = sym.Custom(sym.var("x"), op_type="fails_in_plans", name="mine").bind(
        mx.cpu(), [mx.nd.ones(2)]
    )
    with pytest.raises(ZeroDivisionError) as caught:
        executor.forward()[0].asnumpy()
    text = "".join(traceback.format_exception(caught.value))
    assert "<dlstudio plan" in text
    assert "mine" in text


@mx.operator.register("fails_in_plans")
class _Fails(mx.operator.CustomOpProp):
    def infer_shape(self, in_shape):
        return in_shape, in_shape, []

    def create_operator(self, ctx, shapes, dtypes):
        class Fail(mx.operator.CustomOp):
            def forward(self, is_train, req, in_data, out_data, aux):
                raise ZeroDivisionError("in the plan")

        return Fail()


def test_lines_are_forgotten_with_their_program():
    plan = bound().plan()
    name = plan._code.co_filename
    assert linecache.getlines(name)
    assert isinstance(plan, Program)
    del plan
    mx.nd.waitall()
    import gc

    gc.collect()
    assert not linecache.cache.get(name)


# ---- engine ------------------------------------------------------------------------------------
def test_bulk_changes_nothing_but_the_size_and_puts_it_back():
    size = mx.engine.set_bulk_size(7)
    try:
        x = mx.nd.ones((2, 2))
        with mx.engine.bulk(3):
            with mx.engine.bulk(20):
                y = x
                for _ in range(5):
                    y = y * 2
            assert mx.engine.set_bulk_size(3) == 3, "the inner block has put it back"
        np.testing.assert_array_equal(y.asnumpy(), np.full((2, 2), 32.0))
        assert mx.engine.set_bulk_size(size) == 7
    finally:
        mx.engine.set_bulk_size(size)


def test_bulk_puts_its_size_back_after_an_error():
    size = mx.engine.set_bulk_size(9)
    try:
        with pytest.raises(KeyError), mx.engine.bulk(2):
            raise KeyError
        assert mx.engine.set_bulk_size(size) == 9
    finally:
        mx.engine.set_bulk_size(size)


def test_after_waiting_every_device_has_finished():
    executor = bound(split_net(), x=(3, 5), y=(3, 5))
    out = executor.outputs[0]
    out.wait_to_read()
    before = out.asnumpy().copy()
    executor.arg_dict["x"][:] = 0
    executor.forward()
    mx.nd.waitall()
    mx.npx.waitall()
    assert (executor.outputs[0].asnumpy() != before).any()
    executor.outputs[0].wait_to_write()
