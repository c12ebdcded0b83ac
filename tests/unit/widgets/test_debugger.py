"""The debugger's view follows the debugger, and its buttons move it."""

import base64
import json

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import gluon
from dlstudio.errors import ArgumentError
from dlstudio.widgets import Debugger, GraphView, link
from dlstudio.widgets.debugger_state import pictured
from tests.unit.graph.nets import fill, lenet


@pytest.fixture
def view(wired):
    mx.random.seed(3)
    executor = lenet(batch_norm=True).simple_bind(mx.cpu(), data=(2, 1, 28, 28))
    fill(executor)
    made = Debugger(executor)
    wired(made)
    return made


def press(view, command, value=0, text=None):
    """What a click in the browser sends."""
    message = {"command": command, "value": value, "client": "test", "sequence": 1}
    view._take(message if text is None else {**message, "text": text})


def test_the_plan_travels_once_with_the_line_of_every_step(view):
    program = view._program
    assert program["lines"] == view.debugger.source.splitlines()
    assert len(program["steps"]) == len(view.debugger.graph.eqns)
    conv = next(s for s in program["steps"] if s["name"] == "conv1")
    assert "# conv1" in program["lines"][conv["line"] - 1]
    assert (conv["op"], conv["phase"], conv["device"]) == ("Convolution", "forward", "cpu(0)")


def test_commands_in_python_move_the_view(view):
    assert view._at["index"] == -1
    view.debugger.run_to("tanh1")
    assert view._at["index"] == view.debugger.at.index == 1
    assert view.selected == "tanh1"
    view.debugger.break_at("pool1")
    assert view._at["breaks"][0]["label"] == "pool1"
    view.debugger.cont()
    assert view._at["reason"] == "breakpoint 1: pool1"


def test_buttons_move_the_debugger(view):
    press(view, "runTo", text="tanh1")
    assert view.debugger.at.name == "tanh1"
    press(view, "step")
    assert view.debugger.at.index == 2
    press(view, "runTo", value=4)
    assert view.debugger.at.index == 4
    press(view, "runTo", text=" 6 ")
    assert view.debugger.at.index == 6
    press(view, "breakAt", value=8)
    assert [b.label for b in view.debugger.breakpoints] == ["step 8"]
    press(view, "cont")
    assert view.debugger.at.index == 8
    press(view, "breakAt", value=8)
    assert view.debugger.breakpoints == []
    press(view, "stepOver")
    assert view.debugger.at.index == 9
    press(view, "nan")
    assert view.debugger.finished
    assert view._at["finished"]
    press(view, "restart")
    assert view._at["index"] == -1
    view.debugger.break_at("pool1")
    press(view, "clear")
    assert view.debugger.breakpoints == []


def test_a_refused_command_is_said_in_the_view(view):
    press(view, "runTo", text="tanh9")
    assert "did you mean 'tanh" in view._at["error"]
    press(view, "step")
    assert view._at["error"] == ""


def test_the_error_of_an_operator_is_said_in_the_view(wired):
    @mx.operator.register("view_breaks")
    class Breaks(mx.operator.CustomOpProp):
        def create_operator(self, ctx, shapes, dtypes):
            class Op(mx.operator.CustomOp):
                def forward(self, is_train, req, in_data, out_data, aux):
                    raise ZeroDivisionError("never mind")

            return Op()

    net = mx.sym.Custom(mx.sym.var("x"), op_type="view_breaks", name="bad")
    view = Debugger(net.simple_bind(mx.cpu(), x=(2,)))
    wired(view)
    press(view, "cont")
    assert view._at["failed"]
    assert "never mind" in view._at["error"]
    assert "while the debugger ran step 0" in view._at["error"]


def test_values_carry_places_numbers_and_pictures(view):
    view.debugger.run_to("conv2")
    (value,) = view._at["outputs"]
    known = view.debugger.outputs[0]
    assert (value["name"], value["offset"], value["bytes"]) == ("conv2", known.offset, known.nbytes)
    assert value["shape"] == "2×50×8×8"
    assert value["numbers"]["max"] == known.statistics.max
    assert (value["width"], len(base64.b64decode(value["picture"]))) == (8, 64)
    names = [v["name"] for v in view._at["inputs"]]
    assert names == ["pool1", "conv2_weight", "conv2_bias"]
    assert {v["name"] for v in view._at["buffers"]} == set(view.debugger.buffers.names)
    json.dumps(view._at, allow_nan=False)


def test_numbers_that_are_not_finite_travel_as_text(wired):
    executor = mx.sym.negative(mx.sym.var("x")).simple_bind(mx.cpu(), x=(2,))
    view = Debugger(executor, x=mx.nd.array([np.nan, np.nan]))
    wired(view)
    view.debugger.step()
    (value,) = view._at["outputs"]
    assert value["numbers"]["mean"] == "nan"
    assert (value["nan"], base64.b64decode(value["picture"])) == (2, b"\xff\xff")


@pytest.mark.parametrize(
    ("shape", "width", "points"),
    [((3, 4), 4, 12), ((2, 5, 6), 6, 30), ((7,), 7, 7), ((100, 200), 28, 784), ((900,), 28, 784)],
)
def test_a_picture_is_the_first_plane_made_small(shape, width, points):
    columns, data = pictured(np.arange(np.prod(shape), dtype=np.float32).reshape(shape))
    assert (columns, len(data)) == (width, points)
    assert data[0] == 0
    assert max(data) == 254


def test_pictures_of_nothing_of_constants_and_of_other_dtypes():
    assert pictured(np.zeros((0, 3))) == (0, b"")
    assert pictured(np.float32(5).reshape(())) == (1, b"\x7f")
    assert pictured(np.array([True, False]))[1] == b"\xfe\x00"
    assert pictured(np.array([[1.0, np.inf], [3.0, 2.0]]))[1] == b"\x00\xff\xfe\x7f"


def test_a_block_or_a_debugger_may_be_shown(wired):
    net = gluon.nn.Dense(3)
    net.initialize()
    net.hybridize()
    view = Debugger(net, mx.nd.ones((2, 4)), train=False)
    wired(view)
    assert view.debugger.cont().result.shape == (2, 3)
    same = Debugger(view.debugger, height=200)
    wired(same)
    assert same.debugger is view.debugger
    press(same, "restart")
    assert view._at["index"] == same._at["index"] == -1


def test_a_block_without_a_plan_is_refused():
    net = gluon.nn.Dense(3)
    net.initialize()
    with pytest.raises(ArgumentError, match="not hybridized"):
        Debugger(net, mx.nd.ones((2, 4)))


def test_a_closed_view_no_longer_follows(view):
    view.close()
    view.debugger.step()
    assert view._at["index"] == -1


def test_it_shares_a_selection_with_other_views(view, wired):
    graph = GraphView(lenet(), shape={"data": (2, 1, 28, 28)})
    wired(graph)
    link(view, graph)
    assert view._group == graph._group != ""


def test_it_says_where_it_stands_and_writes_files(view, tmp_path):
    assert "before the first step" in repr(view)
    view.debugger.run_to("tanh1")
    assert "step 1 of" in view.summary()
    assert "tanh1 (Activation)" in repr(view)
    assert "tanh1" in view.to_svg()
    assert "image/svg+xml" in view._still_bundle()
    page = view.to_file(tmp_path / "debugger.html").read_text(encoding="utf-8")
    assert "tanh1" in page
    assert view.to_file(tmp_path / "debugger.png").read_bytes()[:4] == b"\x89PNG"
