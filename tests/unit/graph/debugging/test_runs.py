"""A debugged run leaves behind what any run leaves behind."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.errors import ArgumentError
from dlstudio.trace import bus
from dlstudio.trace.events import OpRan, SlotTaken
from tests.unit.graph.debugging.nets import assert_equal, bound, facts, undebugged
from tests.unit.graph.nets import fill, mlp


@pytest.mark.parametrize("grad_req", ["write", "add"])
def test_after_cont_everything_is_as_without_a_debugger(grad_req):
    executor = bound(grad_req=grad_req)
    assert mx.graph.debug(executor).cont().finished
    assert_equal(facts(executor), undebugged(grad_req=grad_req))


def test_after_single_steps_everything_is_as_without_a_debugger():
    executor = bound()
    debugger = mx.graph.debug(executor)
    while not debugger.finished:
        debugger.step()
        assert repr(debugger)
        assert repr(debugger.buffers)
    assert_equal(facts(executor), undebugged())


def test_a_restart_undoes_states_accumulated_gradients_and_draws():
    executor = bound(grad_req="add")
    debugger = mx.graph.debug(executor)
    debugger.run_to("drop gradient").restart().cont()
    debugger.restart().cont()  # also after the end
    assert_equal(facts(executor), undebugged(grad_req="add"))


def test_what_the_user_draws_meanwhile_does_not_change_the_run():
    executor = bound()
    debugger = mx.graph.debug(executor).run_to("pool1")
    mx.nd.random.uniform(shape=(5,))
    debugger.cont()
    expected, found = undebugged(), facts(executor)
    expected.pop("next draw")
    found.pop("next draw")
    assert_equal(found, expected)


def deep():
    """Layers enough to compute some of them again."""
    h = sym.var("data")
    for i in range(5):
        h = sym.FullyConnected(h, num_hidden=32, name=f"fc{i}")
        h = sym.BatchNorm(h, name=f"bn{i}")
        h = sym.Dropout(sym.Activation(h, act_type="tanh"), p=0.3, name=f"drop{i}")
    return h


def loop():
    """Random numbers drawn inside of a step."""

    def body(x, state):
        return sym.Dropout(sym.tanh(x + state), p=0.5), x * state

    return sym.Group(sym.contrib.foreach(body, sym.var("x"), sym.var("s")))


def budgeted():
    whole = deep().simple_bind(mx.cpu(), data=(64, 32)).memory.arena_bytes
    return deep().simple_bind(mx.cpu(), data=(64, 32), memory_budget=whole // 2)


def looped():
    return loop().simple_bind(mx.cpu(), x=(3, 2), s=(2,))


@pytest.mark.parametrize("made", [budgeted, looped])
def test_values_computed_again_and_loops_draw_as_without_a_debugger(made):
    def left(run):
        mx.random.seed(5)
        executor = made()
        fill(executor)
        run(executor)
        return facts(executor)

    def plain(executor):
        executor.forward(is_train=True)
        executor.backward()

    def restarted(executor):
        debugger = mx.graph.debug(executor).run_to(-1)
        debugger.restart().step()
        debugger.restart().cont()

    expected = left(plain)
    assert_equal(left(lambda executor: mx.graph.debug(executor).cont()), expected)
    assert_equal(left(restarted), expected)


def test_a_step_that_is_computed_again_has_a_name():
    executor = budgeted()
    again = next(e for e in executor.graph.eqns if e.role == "recompute")
    here = mx.graph.debug(executor).run_to(f"{again.name} again").at
    assert (here.name, here.phase) == (again.name, "backward")


def test_a_new_seed_begins_a_restart_anew():
    executor = bound()
    mx.random.seed(9)
    executor.forward(is_train=True)
    expected = executor.outputs[0].asnumpy()
    debugger = mx.graph.debug(executor, backward=False).cont()
    mx.random.seed(9)
    np.testing.assert_array_equal(debugger.restart().cont().result[0].asnumpy(), expected)


def test_giving_up_undoes_states_and_draws():
    executor = bound()
    before = {n: x.asnumpy() for n, x in executor.aux_dict.items()}
    with mx.graph.debug(executor) as debugger:
        debugger.run_to(lambda here: executor.aux_dict["bn_moving_mean"].asnumpy().any())
        assert not debugger.finished
    for name, value in before.items():
        np.testing.assert_array_equal(executor.aux_dict[name].asnumpy(), value)
    executor.forward(is_train=True)
    executor.backward()
    assert_equal(facts(executor), undebugged())
    with pytest.raises(ArgumentError, match="given up"):
        debugger.step()


def test_a_debugged_forward_goes_on_to_the_executors_own_backward():
    executor = bound()
    debugger = mx.graph.debug(executor, backward=False).cont()
    assert debugger.finished
    assert debugger.at.phase == "forward"
    executor.backward()
    assert_equal(facts(executor), undebugged())


def test_new_arguments_and_head_gradients_are_those_of_the_executor():
    x, head = mx.nd.array([1.0, 2.0]), mx.nd.array([10.0, 100.0])
    executor = sym.square(sym.var("x")).simple_bind(mx.cpu(), x=(2,))
    debugger = mx.graph.debug(executor, x=x, out_grads=head).cont()
    assert debugger.result[0].asnumpy().tolist() == [1, 4]
    assert executor.grad_dict["x"].asnumpy().tolist() == [20, 400]


def test_inference_has_no_backward_half():
    executor = mlp().simple_bind(mx.cpu(), grad_req="null", data=(2, 5))
    fill(executor)
    expected = executor.forward()[0].asnumpy()
    debugger = mx.graph.debug(executor)
    assert {e.role for e in debugger.graph.eqns} == {"forward"}
    np.testing.assert_array_equal(debugger.cont().result[0].asnumpy(), expected)


def test_a_network_without_operators_has_a_run_of_its_own_too():
    executor = sym.var("x").bind(mx.cpu(), {"x": mx.nd.array([3.0])})
    debugger = mx.graph.debug(executor)
    debugger = debugger if debugger.finished else debugger.cont()
    assert debugger.result[0].asscalar() == 3


def test_branches_on_several_devices_are_stepped_in_the_order_of_the_plan():
    def made():
        x = sym.var("x")
        with mx.AttrScope(ctx_group="a"):
            a = sym.exp(x, name="left")
        with mx.AttrScope(ctx_group="b"):
            b = sym.tanh(x, name="right")
            out = sym.elemwise_add(b, a, name="both")
        places = {"a": mx.cpu(0), "b": mx.cpu(1)}
        return out.bind(
            mx.cpu(0), {"x": mx.nd.array([0.5])}, {"x": mx.nd.zeros(1)}, group2ctx=places
        )

    plain, executor = made(), made()
    plain.forward(is_train=True)
    plain.backward(mx.nd.ones(1, ctx=mx.cpu(1)))
    debugger = mx.graph.debug(executor, out_grads=mx.nd.ones(1, ctx=mx.cpu(1)))
    seen = []
    while not debugger.finished:
        seen.append(debugger.step().at)
    assert [h.index for h in seen] == list(range(len(debugger.graph.eqns)))
    assert {h.device for h in seen} == {"cpu(0)", "cpu(1)"}
    assert executor.outputs[0].asscalar() == plain.outputs[0].asscalar()
    assert executor.grad_dict["x"].asscalar() == plain.grad_dict["x"].asscalar()


def test_an_executors_monitor_hears_every_step():
    executor = mlp().simple_bind(mx.cpu(), data=(2, 5))
    fill(executor)
    heard, stepped = [], []
    executor.set_monitor_callback(lambda name, array: heard.append(name))
    executor.forward(is_train=True)
    executor.backward()
    executor.set_monitor_callback(lambda name, array: stepped.append(name))
    mx.graph.debug(executor).cont()
    assert stepped == heard
    assert "fc1_output" in heard


def test_the_bus_hears_the_same_of_a_debugged_run():
    def events(run):
        seen = []
        end = bus.subscribe(seen.append)
        run()
        end()
        ran = [(e.op, e.name, e.phase, e.shape) for e in seen if isinstance(e, OpRan) and e.name]
        return ran, [(e.address, e.owner) for e in seen if isinstance(e, SlotTaken)]

    executor = bound()

    def plain():
        executor.forward(is_train=True)
        executor.backward()

    plain()
    assert events(lambda: mx.graph.debug(executor).cont()) == events(plain)
