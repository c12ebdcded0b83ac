"""The ledger: which calls move bytes, and which promise not to."""

import gc

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd, sym
from dlstudio.trace import bus, copies

HOST = np.arange(20, dtype="float32").reshape(4, 5)


@pytest.fixture(autouse=True, scope="module")
def _nothing_left_behind():
    """Watched arrays announce their death: let them die before other tests count events."""
    yield
    gc.collect()


def moved(call):
    with copies.ledger() as ledger:
        result = call()
    del result
    return [(e.source, e.target, e.nbytes, e.reason) for e in ledger.entries]


@pytest.fixture
def x():
    return nd.array(HOST)


FREE = {
    "from_numpy": lambda x: nd.from_numpy(HOST.copy()),
    "row slice": lambda x: x[1:3],
    "column slice": lambda x: x[:, 1],
    "reshape": lambda x: x.reshape((5, 4)),
    "transpose": lambda x: x.T,
    "numpy's door": np.asarray,
    "DLPack out": np.from_dlpack,
    "DLPack in": lambda x: nd.from_dlpack(HOST.copy()),
    "same device": lambda x: x.as_in_context(mx.cpu(0)),
    "detach": lambda x: x.detach(),
    "same dtype": lambda x: x.astype("float32", copy=False),
    "split_and_load on one device": lambda x: mx.gluon.utils.split_and_load(x, [mx.cpu(0)]),
}


@pytest.mark.parametrize("call", FREE.values(), ids=FREE)
def test_what_promises_no_copy_makes_none(call, x):
    assert moved(lambda: call(x)) == []


def test_executor_arguments_are_used_where_they_lie(x):
    executor = sym.square(sym.var("x")).bind(mx.cpu(), [x], [nd.zeros((4, 5))])

    def step():
        executor.forward(is_train=True)
        executor.backward()

    assert moved(step) == []


def test_a_compiled_block_reads_and_writes_in_place(x):
    net = mx.gluon.nn.Dense(3, in_units=5)
    net.initialize()
    net.hybridize()

    def step():
        with mx.autograd.record():
            loss = net(x).sum()
        loss.backward()

    step()
    assert moved(step) == []


MOVES = {
    "array": (lambda x: nd.array(HOST), ("numpy", "cpu(0)", 80, "from NumPy")),
    "asnumpy": (lambda x: x.asnumpy(), ("cpu(0)", "numpy", 80, "to NumPy")),
    "copy": (lambda x: x.copy(), ("cpu(0)", "cpu(0)", 80, "copy()")),
    "to a device": (
        lambda x: x.as_in_context(mx.cpu(1)),
        ("cpu(0)", "cpu(1)", 80, "as_in_context()"),
    ),
    "copyto": (
        lambda x: x.copyto(nd.zeros((4, 5))),
        ("cpu(0)", "cpu(0)", 80, "into an existing array"),
    ),
}


@pytest.mark.parametrize(("call", "entry"), MOVES.values(), ids=MOVES)
def test_what_moves_bytes_says_so_once(call, entry, x):
    assert moved(lambda: call(x)) == [entry]


def test_a_view_is_copied_when_its_memory_is_about_to_be_written(x):
    turned = x.T
    reasons = [e[3] for e in moved(lambda: x.__setitem__(slice(None), 0))]
    assert reasons == ["its memory is about to be written"]
    assert turned.asnumpy()[1, 0] == 1


def test_strided_data_for_a_plan_is_copied_and_counted(x):
    executor = sym.exp(sym.var("x")).bind(mx.cpu(), [x.T])
    assert moved(executor.forward) == [("cpu(0)", "cpu(0)", 80, "executor input")]


def test_a_ledger_adds_up_and_ends(x):
    with copies.ledger() as outer:
        x.asnumpy()
        with copies.ledger() as inner:
            x.copy()
    x.copy()
    assert (len(outer), len(inner)) == (2, 1)
    assert outer.bytes == 160
    assert outer.by_reason() == {"to NumPy": 80, "copy()": 80}
    assert "2 copies, 160 B" in str(outer)
    assert not bus.subscribers
