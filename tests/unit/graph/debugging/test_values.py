"""What a debugger shows where it stands."""

import itertools

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.errors import ParamError
from tests.unit.graph.debugging.nets import bound
from tests.unit.graph.nets import fill, lenet


def test_a_value_tells_its_place_and_who_had_it_before():
    executor = bound()
    debugger = mx.graph.debug(executor)
    reused = next(b for b in executor.memory.buffers if b.previous and not b.in_place_of)
    value = debugger.run_to(reused.first).outputs[reused.owner]
    assert value.offset == reused.offset
    assert value.previous == reused.previous
    assert (value.first, value.last) == (reused.first, reused.last)
    assert value.device == "cpu(0)"
    assert value.shape == executor.graph.avals[reused.value].shape
    assert value.dtype == np.float32
    assert isinstance(value.array, mx.nd.NDArray)
    assert f"was {reused.previous[0]}'s" in repr(value)
    data = debugger.restart().run_to("conv1").inputs["data"]
    assert (data.kind, data.offset, data.previous) == ("argument", None, ())


def test_inputs_are_shown_as_they_were_read_though_written_over():
    executor = lenet().simple_bind(mx.cpu(), data=(2, 1, 28, 28))
    fill(executor)
    debugger = mx.graph.debug(executor).run_to("conv1")
    before = debugger.outputs["conv1"].asnumpy()
    debugger.step()
    tanh = debugger.outputs[0]
    assert (debugger.at.name, tanh.in_place_of) == ("tanh1", "conv1")
    np.testing.assert_array_equal(debugger.inputs["conv1"].asnumpy(), before)
    np.testing.assert_allclose(tanh.asnumpy(), np.tanh(before), rtol=1e-5, atol=1e-6)


def test_a_value_kept_by_the_user_does_not_change_with_later_steps():
    debugger = mx.graph.debug(bound()).run_to("conv1")
    value = debugger.outputs[0]
    before = value.asnumpy().copy()
    debugger.cont()
    np.testing.assert_array_equal(value.asnumpy(), before)


def test_buffers_are_those_that_are_still_to_be_read():
    executor = bound()
    debugger = mx.graph.debug(executor).run_to("bn")
    k = debugger.at.index
    expected = {b.owner for b in executor.memory.buffers if b.first <= k <= b.last}
    names = set(debugger.buffers.names)
    assert names <= expected
    assert "bn[0]" in names
    places = sorted((v.offset, v.nbytes) for v in debugger.buffers)
    assert all(a + n <= b for (a, n), (b, _) in itertools.pairwise(places))
    np.testing.assert_array_equal(
        debugger.value("bn[0]").asnumpy(), debugger.outputs["bn[0]"].asnumpy()
    )


def test_a_value_whose_memory_was_taken_names_the_taker():
    debugger = mx.graph.debug(bound()).run_to("tanh1")
    with pytest.raises(ParamError, match="memory of conv1 was taken by tanh1 at step 1"):
        debugger.value("conv1")
    with pytest.raises(ParamError, match="fc1 is written at step"):
        debugger.value("fc1")
    with pytest.raises(ParamError, match="did you mean"):
        debugger.value("conv3")


def test_statistics_sum_finite_elements_up_and_count_the_others():
    executor = sym.negative(sym.var("x"), name="minus").simple_bind(mx.cpu(), x=(4,))
    values = mx.nd.array([-3.0, 4.0, np.nan, np.inf])
    found = mx.graph.debug(executor, x=values).run_to("minus").outputs[0].statistics
    assert (found.min, found.max, found.mean, found.norm) == (-4, 3, -0.5, 5)
    assert (found.nan, found.inf) == (1, 1)
    assert str(found).endswith("1 NaN  1 Inf")


def test_the_listing_marks_the_line_that_ran_and_the_breakpoints():
    executor = bound()
    debugger = mx.graph.debug(executor)
    assert "->" not in repr(debugger.list())
    debugger.break_at("pool1")
    debugger.run_to("tanh1")
    marked = [line for line in repr(debugger.list(2)).splitlines() if line.startswith("->")]
    assert len(marked) == 1
    assert "# tanh1" in marked[0]
    assert any(
        line.startswith("  *") and "# pool1" in line for line in debugger.list().splitlines()
    )
    assert len(debugger.list(None).splitlines()) == len(debugger.source.splitlines())
    assert "tanh1 (Activation)" in debugger.where()
    assert "nets.py:" in debugger.where()
    assert debugger.at.text in debugger.source


def test_every_step_has_its_own_line_in_the_plan():
    debugger = mx.graph.debug(bound())
    lines = debugger.source.splitlines()
    names = debugger._run.program.names
    while not debugger.finished:
        here = debugger.step().at
        values = [v for v in here._eqn.outs if names[v] != "_"]
        assert all(names[v] in lines[here.line - 1] for v in values), here


def test_listeners_hear_of_every_command_until_they_leave():
    debugger = mx.graph.debug(bound())
    heard = []
    end = debugger.subscribe(lambda: heard.append(debugger.at and debugger.at.name))
    debugger.step()
    debugger.run_to("pool1")
    end()
    debugger.step()
    assert heard == ["conv1", "pool1"]
