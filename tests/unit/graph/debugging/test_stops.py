"""Where a debugger stops: names, indices, conditions, breakpoints; and mistakes."""

import subprocess
import sys

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import gluon, sym
from dlstudio.errors import ArgumentError, GraphError, IndexRangeError, ParamError
from dlstudio.graph import pipeline
from tests.unit.graph.debugging.nets import bound
from tests.unit.graph.nets import fill


def test_it_stops_at_a_node_an_index_a_kind_of_operator_and_a_gradient():
    debugger = mx.graph.debug(bound())
    assert debugger.run_to("tanh1").at.name == "tanh1"
    assert debugger.at.phase == "forward"
    assert debugger.run_to("Pooling").at.op == "Pooling"
    assert debugger.run_to(5).at.index == 5
    here = debugger.run_to("fc1 gradient").at
    assert (here.name, here.phase) == ("fc1", "backward")
    assert debugger.run_to(-1).at.index == len(debugger.graph.eqns) - 1
    assert debugger.finished


def test_it_stops_at_the_first_value_that_is_not_finite():
    out = sym.max(sym.log(sym.var("x"), name="ln"), name="most")
    executor = out.simple_bind(mx.cpu(), x=(3,))
    debugger = mx.graph.debug(executor, x=mx.nd.array([1.0, -1.0, 0.0])).run_to(nan=True)
    assert debugger.at.name == "ln"
    assert debugger.reason == "ln wrote 1 NaN and 1 Inf into ln"
    assert debugger.inputs["x"].asnumpy().tolist() == [1, -1, 0]
    good = mx.graph.debug(executor, x=mx.nd.array([1.0, 2.0, 3.0])).run_to(nan=True)
    assert good.reason == "the run is over; a value that is not finite did not occur"
    debugger = mx.graph.debug(executor, x=mx.nd.array([1.0, np.nan, 2.0])).run_to(nan=True)
    assert "x, which it read, held some already" in debugger.reason


def test_it_stops_at_the_first_gradient_with_a_large_norm():
    h = sym.FullyConnected(sym.var("data"), num_hidden=2, no_bias=True, name="fc1")
    h = sym.FullyConnected(h, num_hidden=2, no_bias=True, name="fc2")
    executor = h.simple_bind(mx.cpu(), data=(1, 2))
    executor.arg_dict["data"][:] = 1000
    executor.arg_dict["fc1_weight"][:] = 0.001
    executor.arg_dict["fc2_weight"][:] = 1
    debugger = mx.graph.debug(executor).run_to(gradient_norm=100.0)
    assert debugger.at.phase == "backward"
    assert debugger.at.name == "fc1"
    assert debugger.outputs[0].statistics.norm > 100
    assert "above 100" in debugger.reason
    assert debugger.restart().run_to(gradient_norm=1e9).finished
    assert debugger.reason == "the run is over; a gradient of norm above 1e+09 did not occur"


def test_it_stops_where_a_function_of_the_users_says_so():
    debugger = mx.graph.debug(bound())
    debugger.run_to(lambda here: here.outputs[0].shape == (2, 10))
    assert debugger.at.name == "fc2"
    seen = []
    debugger.restart().run_to(lambda here: seen.append(here.name))
    assert debugger.finished
    assert len(seen) == len(debugger.graph.eqns)
    debugger.restart().run_to(lambda here: np.bool_(True))
    assert debugger.at.index == 0


def test_a_node_that_was_fused_is_found_in_the_step_that_computes_it():
    """relu1 computes fc1 too where there is a compiled kernel for both."""
    h = sym.FullyConnected(sym.var("data"), num_hidden=4, name="fc1")
    h = sym.Activation(h, act_type="relu", name="relu1")
    net = sym.FullyConnected(h, num_hidden=2, name="fc2")
    executor = net.simple_bind(mx.cpu(), data=(2, 3))
    fill(executor)
    debugger = mx.graph.debug(executor).run_to("fc1")
    names = [e.name for e in debugger.graph.eqns if e.role == "forward"]
    assert (debugger.at.index, debugger.at.phase) == (0, "forward")
    assert debugger.reason == ("fc1" if "fc1" in names else "fc1, in relu1")
    assert debugger.run_to("fc1 gradient").at.phase == "backward"
    with pipeline.without("fuse"):
        separate = net.simple_bind(mx.cpu(), data=(2, 3))
    debugger = mx.graph.debug(separate).run_to("fc1")
    assert (debugger.at.name, debugger.reason) == ("fc1", "fc1")


def test_breakpoints_stop_every_command_and_count_their_hits():
    debugger = mx.graph.debug(bound())
    first, second = debugger.break_at("pool1"), debugger.break_at("fc1")
    assert debugger.cont().at.name == "pool1"
    assert debugger.reason == "breakpoint 1: pool1"
    assert debugger.run_to("fc2").at.name == "fc1"
    second.enabled = False
    assert debugger.run_to("fc2").at.name == "fc2"
    assert (first.hits, second.hits) == (1, 1)
    assert repr(first) == "<Breakpoint 1: pool1, 1 hits>"
    debugger.clear(first)
    debugger.clear(2)
    assert debugger.breakpoints == []
    assert debugger.cont().finished


def test_breakpoints_may_be_conditions():
    debugger = mx.graph.debug(bound())
    debugger.break_at(nan=True)
    debugger.break_at(lambda here: here.op == "Dropout")
    assert debugger.cont().at.name == "drop"


def test_stepping_takes_a_count_and_goes_over_and_out_of_blocks():
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        inner = gluon.nn.HybridSequential(prefix="inner_")
        inner.add(gluon.nn.Dense(4, activation="tanh"), gluon.nn.Dense(4, activation="tanh"))
        net.add(gluon.nn.Dense(3, activation="sigmoid"), inner, gluon.nn.Dense(2))
    net.initialize(mx.init.Xavier())
    net.hybridize()
    debugger = mx.graph.debug(net, mx.nd.ones((2, 3)), train=False)
    scopes = [e.scope for e in debugger.graph.eqns]
    inside = [k for k, scope in enumerate(scopes) if "inner" in scope]
    debugger.run_to(inside[0] - 1)
    assert debugger.step_over().at.index == inside[-1]
    assert "has run" in debugger.reason
    debugger.restart().run_to(inside[0])
    layer = scopes[inside[0]]
    assert debugger.step_out().at.index == max(k for k in inside if layer in scopes[k])
    debugger.restart()
    assert debugger.step(2).at.index == 1
    assert debugger.step(100).finished


def test_a_block_is_a_place_to_run_to():
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(gluon.nn.Dense(3), gluon.nn.Dense(2))
    net.initialize()
    net.hybridize()
    debugger = mx.graph.debug(net, mx.nd.ones((2, 3)))
    scope = next(e.scope for e in debugger.graph.eqns if e.scope.endswith("dense1"))
    assert debugger.run_to(scope).at.scope == scope


# ---- mistakes ----------------------------------------------------------------------------------
def test_an_unknown_operator_is_refused_with_those_most_like_it():
    debugger = mx.graph.debug(bound())
    with pytest.raises(ParamError, match=r"no operator 'conv9'[\s\S]*did you mean 'conv"):
        debugger.run_to("conv9")
    with pytest.raises(IndexRangeError, match="no step 1000"):
        debugger.run_to(1000)
    with pytest.raises(ParamError, match="no place to stop at"):
        debugger.break_at(1.5)
    with pytest.raises(ArgumentError, match="no place to stop was given"):
        debugger.run_to()
    with pytest.raises(ParamError, match="count must be at least 1"):
        debugger.step(0)
    with pytest.raises(ParamError, match="no breakpoint 7"):
        debugger.clear(7)
    with pytest.raises(ParamError, match=r"none of the outputs of conv1[\s\S]*did you mean"):
        debugger.step().outputs["conv"]
    assert debugger.at.name == "conv1"


def test_a_step_that_has_run_is_refused_with_the_way_back():
    debugger = mx.graph.debug(bound(), backward=False).run_to("fc2")
    with pytest.raises(ParamError, match=r"has run already, at step 0[\s\S]*restart\(\)"):
        debugger.run_to(0)
    debugger = mx.graph.debug(bound()).cont()
    with pytest.raises(ArgumentError, match=r"the run is over[\s\S]*restart"):
        debugger.step()


def test_only_what_has_a_plan_can_be_debugged():
    net = gluon.nn.Dense(2)
    net.initialize()
    with pytest.raises(ArgumentError, match="not hybridized"):
        mx.graph.debug(net, mx.nd.ones((1, 2)))
    net.hybridize()
    with pytest.raises(ArgumentError, match="was given no inputs"):
        mx.graph.debug(net)
    net(mx.nd.ones((1, 2)))  # nobody keeps what it was called with
    with pytest.raises(ArgumentError, match="none are left of a call"):
        mx.graph.debug(net)
    with pytest.raises(ArgumentError, match="int has no plan"):
        mx.graph.debug(3)
    with pytest.raises(ArgumentError, match="by position"):
        mx.graph.debug(bound(), mx.nd.ones(2))
    with pytest.raises(ArgumentError, match="by name"):
        mx.graph.debug(net, mx.nd.ones((1, 2)), data=mx.nd.ones((1, 2)))


def test_an_executor_with_sparse_arrays_has_no_plan_to_step_through():
    net = sym.dot(sym.var("x", stype="csr"), sym.var("w"))
    executor = net.simple_bind(mx.cpu(), x=(3, 4), w=(4, 2))
    with pytest.raises(GraphError, match="has no plan"):
        mx.graph.debug(executor)


def test_the_error_of_an_operator_says_at_which_step():
    @mx.operator.register("debugger_breaks")
    class Breaks(mx.operator.CustomOpProp):
        def create_operator(self, ctx, shapes, dtypes):
            class Op(mx.operator.CustomOp):
                def forward(self, is_train, req, in_data, out_data, aux):
                    raise ZeroDivisionError("no")

            return Op()

    x = sym.exp(sym.var("x"), name="e")
    executor = sym.Custom(x, op_type="debugger_breaks", name="bad").simple_bind(mx.cpu(), x=(2,))
    debugger = mx.graph.debug(executor)
    with pytest.raises(Exception, match="no") as caught:
        debugger.cont()
    assert any("bad" in note for note in caught.value.__notes__)
    assert debugger.at.name == "bad"
    with pytest.raises(ArgumentError, match=r"bad raised[\s\S]*restart"):
        debugger.cont()
    assert debugger.restart().run_to("e").at.name == "e"


def test_the_graph_package_offers_its_tools_without_further_imports():
    program = (
        "import dlstudio as mx\n"
        "assert {'debug', 'memory', 'not_finite'} <= set(dir(mx.graph))\n"
        "assert mx.graph.memory.pack and mx.graph.debug and mx.graph.pipeline.without\n"
        "try:\n    mx.graph.nothing\n"
        "except AttributeError as error:\n    assert 'nothing' in str(error)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
