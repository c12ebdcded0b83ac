import json

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.graph.capture import CachedOp
from tests.unit.graph.nets import mlp


def test_a_name_from_a_file_cannot_become_code():
    evil = "x\r\nraise SystemExit(1)\n#\u2028\x0c'\""
    data = json.loads(sym.exp(sym.exp(sym.var("x"), name="inner"), name="outer").tojson())
    for node in data["nodes"]:
        node["name"] = f"{evil}{node['name']}"
    executor = sym.load_json(json.dumps(data)).simple_bind(mx.cpu(), **{f"{evil}x": (2,)})
    assert executor.forward()[0].asnumpy()[0] == pytest.approx(np.e)
    code = [line.split("#")[0] for line in executor.source.splitlines()]
    assert not any("raise SystemExit" in line for line in code)


@pytest.mark.parametrize(
    "name", ["class", "np", "match", "1st", "grüße", "a b", "", "forward", "_"]
)
def test_any_name_becomes_a_parameter(name):
    x = sym.var(name)
    (out,) = sym.exp(x).bind(mx.cpu(), [mx.nd.zeros(1)]).forward()
    assert out.asscalar() == 1.0


def test_two_names_that_look_alike_stay_apart():
    net = sym.broadcast_sub(sym.var("a-b"), sym.var("a.b"))
    (out,) = net.bind(mx.cpu(), [mx.nd.array([5.0]), mx.nd.array([3.0])]).forward()
    assert out.asscalar() == 2.0


@pytest.mark.parametrize("scalar", [float("inf"), -0.0, np.float32(2.5), 1e300, True])
def test_numbers_without_a_literal_arrive_unchanged(scalar):
    net = sym.broadcast_mul(sym.var("x"), sym.var("y")) + 0
    op = CachedOp(sym.var("x") * scalar)
    x = mx.nd.array([1.0, -2.0], dtype="float64")
    with np.errstate(over="ignore"):
        expected = (x * scalar).asnumpy()
        np.testing.assert_array_equal(op(x).asnumpy(), expected)
    assert (np.signbit(op(x).asnumpy()) == np.signbit(expected)).all()
    del net


def test_a_plan_without_equations_runs():
    executor = sym.var("x").bind(mx.cpu(), [mx.nd.array([3.0])])
    assert executor.forward()[0].asscalar() == 3.0


def test_every_statement_says_whose_it_is():
    source = mlp().simple_bind(mx.cpu(), data=(8, 5)).source
    body = [line for line in source.splitlines() if line.startswith("        ")]
    assert body
    assert all("  # " in line for line in body)
    assert "was fc" in source or "over fc" in source


def test_hundreds_of_arguments_are_possible():
    net = sym.add_n(*[sym.var(f"x{i}") for i in range(400)])
    arrays = [mx.nd.ones(2)] * 400
    assert net.bind(mx.cpu(), arrays).forward()[0].asnumpy().tolist() == [400, 400]
