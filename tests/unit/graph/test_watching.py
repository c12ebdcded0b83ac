import numpy as np

import dlstudio as mx
from dlstudio.trace import bus
from dlstudio.trace.events import Allocated, OpRan, SlotFreed, SlotTaken
from tests.unit.graph.nets import fill, lenet


def watched_step(executor):
    executor.forward(is_train=True)
    executor.backward(mx.nd.ones(executor.outputs[0].shape))
    seen = []
    end = bus.subscribe(seen.append)
    out = executor.forward(is_train=True)[0].asnumpy()
    executor.backward(mx.nd.ones(out.shape))
    end()
    return seen, out


def bound():
    executor = lenet(batch_norm=True).simple_bind(mx.cpu(), data=(2, 1, 28, 28))
    fill(executor)
    return executor


def test_watching_changes_no_number():
    executor = bound()
    _, out = watched_step(executor)
    np.testing.assert_array_equal(executor.forward(is_train=True)[0].asnumpy(), out)


def test_every_step_is_reported_in_order():
    executor = bound()
    seen, _ = watched_step(executor)
    ran = [e for e in seen if isinstance(e, OpRan) and e.name]  # eager calls have no name
    names = [e.name for e in ran if e.phase == "forward"]
    assert names[0] == "conv1"
    assert names[-1] == "fc2"
    assert {e.phase for e in ran} == {"forward", "backward"}
    assert all(e.start <= e.end for e in ran)
    assert all(e.span.startswith("nets.py:") for e in ran if e.phase == "forward")


def test_slots_are_those_of_the_plan():
    executor = bound()
    seen, _ = watched_step(executor)
    taken = [(e.address, e.nbytes, e.owner) for e in seen if isinstance(e, SlotTaken)]
    assert taken == [(b.offset, b.nbytes, b.owner) for b in executor.memory.buffers]


def test_slots_never_overlap_while_taken():
    seen, _ = watched_step(bound())
    live = {}
    for e in seen:
        if isinstance(e, SlotTaken):
            for address, (nbytes, owner) in live.items():
                apart = e.address + e.nbytes <= address or address + nbytes <= e.address
                assert apart or e.previous == owner, (e, owner)
            live[e.address] = (e.nbytes, e.owner)
        elif isinstance(e, SlotFreed):
            assert live.pop(e.address) == (e.nbytes, e.owner)
    assert not live


def test_the_arena_is_one_allocation():
    seen, _ = watched_step(bound())
    assert [e for e in seen if isinstance(e, Allocated) and e.category == "arena"]


def test_nobody_watching_costs_no_twin():
    executor = bound()
    executor.forward(is_train=True)
    run = executor._runs[True, False]
    assert run.frame._watched is None
    assert "watched" not in vars(run.program)
