"""Fusing elementwise chains: one step in the plan, the same numbers, no more memory."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import config, sym
from dlstudio.core.avals import Aval
from dlstudio.graph import program
from dlstudio.graph.pointwise import spell
from dlstudio.kernels import cache, chain_codes

pytestmark = [
    pytest.mark.skipif(not cache.has_numba(), reason="needs numba: pip install numba"),
    pytest.mark.xdist_group("kernels"),  # one process compiles them
]


def chain(x, y):
    """Six steps that no one else reads."""
    return sym.tanh(x * y + 2.0) * 0.5 - sym.sigmoid(y)


def diamond(x, y):
    h = x * 2.0 + y
    return sym.sqrt(sym.abs(h)) / (sym.square(h) + 1.0)


def with_an_outside_reader(x, y):
    h = x * 2.0 + y
    return sym.Group([(h - y) * 0.5 + 1.0, h])


def with_another_shape_between(x, y):
    return sym.broadcast_mul(x + y * 2.0 - 1.0, sym.sum(y, axis=1, keepdims=True)) + x * 3.0 - y


def everything(x, y):
    h = sym.broadcast_maximum(x, y) - sym.broadcast_minimum(x, y * 3.0)
    h = sym.reciprocal(sym.exp(h * 0.1) + 1.5) + 2.0 / (h + 9.0) + (1.0 - h) / 4.0
    h = sym.Activation(h, act_type="relu") + sym.Activation(h, act_type="sigmoid") ** 2
    return sym.broadcast_div(-h, sym.abs(y) + 1.0) + sym.maximum(h, 0.2) - sym.minimum(h, 0.4)


NETS = [chain, diamond, with_an_outside_reader, with_another_shape_between, everything]


def run(net, shape=(5, 7), kernels="compiled", grad_req="write", **options):
    """Outputs, gradients and executor of one training step on seeded data."""
    rng = np.random.default_rng(0)
    with config.using(kernels=kernels):
        executor = net(sym.var("x"), sym.var("y")).simple_bind(
            mx.cpu(), x=shape, y=shape, grad_req=grad_req, **options
        )
        for array in executor.arg_dict.values():
            array[:] = rng.standard_normal(shape)
        executor.forward(is_train=True)
        heads = [mx.nd.array(rng.standard_normal(o.shape)) for o in executor.outputs]
        if grad_req != "null":
            executor.backward(heads)
        grads = [g.asnumpy() for g in executor.grad_arrays if g is not None]
        executor.graph  # noqa: B018  compiled under these kernels
        return [o.asnumpy() for o in executor.outputs], grads, executor


def fused(executor):
    return [e for e in executor.graph.eqns if e.op.name == "fused_pointwise"]


@pytest.mark.parametrize("net", NETS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (3, 5000)])
def test_a_fused_chain_computes_what_its_steps_do(net, shape, monkeypatch):
    expected, expected_grads, _ = run(net, shape, "numpy")
    monkeypatch.setattr(program, "poison", True)
    for options in ({}, {"without": "fuse_pointwise"}):
        outs, grads, executor = run(net, shape, **options)
        assert bool(fused(executor)) == (not options)
        for a, b in zip([*outs, *grads], [*expected, *expected_grads], strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


def test_the_plan_shows_the_formula_and_the_line():
    _, _, executor = run(chain, grad_req="null")
    assert len(executor.graph.eqns) == 1
    (line,) = [s for s in executor.source.splitlines() if "fast_fused_pointwise(" in s]
    assert "((tanh(((x * y) + 2.0)) * 0.5) - sigmoid(y))" in line
    assert "test_fuse_pointwise.py:" in line
    assert "6 -> 1 equations, 5 removed, 1 changed" in executor.graph.explain("fuse_pointwise")


def test_a_value_that_others_read_stays_a_buffer():
    outs, _, executor = run(with_an_outside_reader, grad_req="null")
    assert len(outs) == 2
    assert len(fused(executor)) == 1
    steps = fused(executor)[0].attrs["steps"]
    assert [s[0] for s in steps] == ["elemwise_sub", "_mul_scalar", "_plus_scalar"]


def test_short_chains_and_other_dtypes_are_left_alone():
    _, _, executor = run(lambda x, y: x * y + 1.0, grad_req="null")
    assert not fused(executor)
    with config.using(kernels="compiled"):
        double = chain(sym.var("x"), sym.var("y")).simple_bind(
            mx.cpu(), x=(2, 3), y=(2, 3), type_dict={"x": "float64", "y": "float64"}
        )
        assert not fused(double)


def test_fusion_takes_less_memory():
    _, _, executor = run(chain, (64, 64), grad_req="null")
    _, _, apart = run(chain, (64, 64), grad_req="null", without="fuse_pointwise")
    assert executor.memory.arena_bytes == 0 < apart.memory.arena_bytes


@pytest.mark.parametrize("net", NETS, ids=lambda f: f.__name__)
def test_fusion_never_raises_the_peak(net):
    _, _, executor = run(net, (64, 64))
    _, _, apart = run(net, (64, 64), without="fuse_pointwise")
    assert executor.memory.lower_bound_bytes <= apart.memory.lower_bound_bytes


def test_special_values_pass_as_in_numpy():
    values = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, 1e30, 88.0, -90.0], "f4")
    steps = (
        lambda v: sym.maximum(v, 0.0) + 1.0 - 1.0, lambda v: sym.minimum(v, 0.0) * 1.5 + 0.0,
        lambda v: sym.relu(v) * 2.0 + 1.0, lambda v: sym.sqrt(v * 1.5) + 1.0,
        lambda v: sym.exp(v) * 2.0 + 1.0, lambda v: sym.tanh(v) * 2.0 + 1.0,
        lambda v: sym.sigmoid(v) * 2.0 + 1.0, lambda v: 1.0 / v * 2.0 + 3.0,
    )  # fmt: skip
    x = sym.var("x")
    for step in steps:
        results = []
        for kernels in ("compiled", "numpy"):
            with config.using(kernels=kernels), np.errstate(all="ignore"):
                (out,) = step(x).bind(mx.cpu(), [mx.nd.array(values)]).forward()
            results.append(out.asnumpy())
        np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-37)


def test_registers_and_inputs_may_run_out():
    from dlstudio import kernels

    aval = Aval((4,), np.dtype("f4"))
    many = tuple(("add", (i, i + 1), ()) for i in range(2))
    with config.using(kernels="compiled"):
        find = kernels.find
        assert find("fused_pointwise", [aval] * 3, [aval], {"steps": many}) is not None
        assert find("fused_pointwise", [aval] * 9, [aval], {"steps": many}) is None
        wide = Aval((4,), np.dtype("f8"))
        assert find("fused_pointwise", [wide] * 3, [wide], {"steps": many}) is None
    assert chain_codes.instruction("sin", {}) is None
    assert chain_codes.instruction("_plus_scalar", {"scalar": float("inf")}) is None


def test_formulas_read_like_python():
    steps = (
        ("_rminus_scalar", (0,), (("scalar", 1.0),)),
        ("Activation", (2,), (("act_type", "relu"),)),
        ("divide", (3, 1), ()),
    )
    assert spell(steps, ["a", "b"]) == "(Activation(rminus(a, 1.0), act_type='relu') / b)"
