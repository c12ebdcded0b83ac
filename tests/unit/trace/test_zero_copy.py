"""Promised zero-copy paths, proved twice: the ledger is empty, and the bytes are the same ones.

The ledger alone could keep silent. Here every path is also followed to its memory: what comes out
lies where the source lies, and a change on one side shows on the other. `proved` fails as soon as
a path copies, as the last tests show by letting some paths copy.
"""

import importlib.util

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, nd, sym
from dlstudio.gluon.data import ArrayDataset, DataLoader
from dlstudio.gluon.utils import split_and_load
from dlstudio.trace import copies


def bytes_of(value):
    """The memory of an array of any library, as a NumPy array over the same bytes."""
    if isinstance(value, mx.nd.NDArray):
        return value._data
    return value if isinstance(value, np.ndarray) else np.from_dlpack(value)


def proved(source, call):
    """Run a path on `source`; fail if it moved bytes, in the ledger or in memory."""
    before = bytes_of(source)
    with copies.ledger() as ledger:
        result = call(source)
    assert ledger.entries == [], f"the ledger counts a copy:\n{ledger}"
    after = bytes_of(result)
    assert np.shares_memory(before, after), "the result lies in memory of its own"
    return result


def array():
    return nd.array(np.arange(24, dtype=np.float32).reshape(4, 6))


def host():
    return np.arange(24, dtype=np.float32).reshape(4, 6)


VIEWS = {
    "row": lambda x: x[1],
    "rows": lambda x: x[1:3],
    "column": lambda x: x[:, 2],
    "every other row": lambda x: x[::2],
    "new axis": lambda x: x[:, None],
    "reshape": lambda x: x.reshape((6, 4)),
    "reshape codes": lambda x: x.reshape((-1,)),
    "transpose": lambda x: x.T,
    "expand_dims": lambda x: x.expand_dims(0),
    "flatten": lambda x: x.flatten(),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "slice_axis": lambda x: x.slice_axis(axis=0, begin=1, end=3),
    "split": lambda x: x.split(num_outputs=2, axis=0)[1],
    "detach": lambda x: x.detach(),
    "as np": lambda x: x.as_np_ndarray(),
    "same device": lambda x: x.as_in_context(mx.cpu(0)),
    "same dtype": lambda x: x.astype("float32", copy=False),
}


@pytest.mark.parametrize("call", VIEWS.values(), ids=VIEWS)
def test_slices_and_views_lie_in_the_array(call):
    proved(array(), call)


def test_writing_into_a_slice_writes_into_the_array():
    x = array()
    proved(x, lambda x: x[1:3])[:] = 7
    assert x.asnumpy()[1:3].tolist() == [[7] * 6] * 2


# ---- NumPy -------------------------------------------------------------------------------------
def test_from_numpy_looks_at_numpys_memory():
    source = host()
    x = proved(source, nd.from_numpy)
    x[:] = 1
    assert source.sum() == 24


def test_numpy_looks_at_an_arrays_memory():
    x = array()
    proved(x, np.asarray)[:] = 1
    assert x.sum().asscalar() == 24


@pytest.mark.parametrize("part", [lambda x: x[:, 2], lambda x: x.T, lambda x: x[::2]])
@pytest.mark.parametrize("door", [np.asarray, np.from_dlpack], ids=["asarray", "dlpack"])
def test_numpy_cannot_write_through_what_is_a_copy_to_the_user(part, door):
    """Such parts share memory until somebody may write: then they are copied out."""
    x = array()
    y = part(x)
    expected = y.asnumpy()
    door(y)[:] = -1
    assert x.asnumpy().tolist() == host().tolist()
    y = part(x)
    door(x)[:] = -1
    assert y.asnumpy().tolist() == expected.tolist()


def test_reading_by_numpy_is_no_change_of_what_backward_needs():
    x = array()
    x.attach_grad()
    with autograd.record():
        y = x * x
    turned = x.T
    np.asarray(x)
    np.asarray(turned)
    y.backward()
    assert x.grad.asnumpy().tolist() == (2 * host()).tolist()


def test_dlpack_from_numpy_and_to_numpy():
    source = host()
    x = proved(source, nd.from_dlpack)
    x[:] = 2
    assert source.sum() == 48
    proved(x, np.from_dlpack)
    capsule = nd.from_dlpack(nd.to_dlpack_for_write(x))
    assert np.shares_memory(capsule._data, source)


# ---- torch -------------------------------------------------------------------------------------
@pytest.fixture
def torch():
    """PyTorch is never needed: where it is not installed its paths are not tested."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    import torch

    return torch


def test_dlpack_from_torch(torch):
    tensor = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    x = proved(tensor, nd.from_dlpack)
    assert x._data.ctypes.data == tensor.data_ptr()
    x[0] = 100
    assert tensor[0].tolist() == [100] * 6


def test_dlpack_to_torch(torch):
    x = array()
    tensor = proved(x, torch.from_dlpack)
    assert tensor.data_ptr() == x._data.ctypes.data
    tensor[0] = 100
    assert x[0].asnumpy().tolist() == [100] * 6


def test_a_capsule_to_torch(torch):
    x = array()
    tensor = proved(x, lambda x: torch.utils.dlpack.from_dlpack(x.to_dlpack_for_read()))
    assert tensor.data_ptr() == x._data.ctypes.data


# ---- programs ----------------------------------------------------------------------------------
def test_an_executor_computes_on_the_arrays_it_was_bound_to():
    x, w = array(), nd.ones((3, 6))
    grads = [nd.zeros((4, 6)), nd.zeros((3, 6))]
    net = sym.FullyConnected(sym.var("x"), sym.var("w"), num_hidden=3, no_bias=True, name="fc")
    executor = net.bind(mx.cpu(), [x, w], grads)
    with copies.ledger() as ledger:
        debugger = mx.graph.debug(executor)
        read = dict(debugger.step().at.read())
    assert ledger.entries == []
    assert read["x"] is x._data
    assert read["w"] is w._data
    with copies.ledger() as ledger:
        executor.forward(is_train=True)
        executor.backward()
    assert ledger.entries == []
    assert executor.arg_arrays[0] is x
    assert grads[1].asnumpy()[0].tolist() == x.asnumpy().sum(axis=0).tolist()


def test_a_compiled_block_reads_inputs_and_parameters_where_they_lie():
    net = mx.gluon.nn.Dense(3, in_units=6, use_bias=False)
    net.initialize()
    net.hybridize()
    x = array()
    net(x)
    with copies.ledger() as ledger:
        read = dict(mx.graph.debug(net, x).run_to("FullyConnected").at.read())
    assert ledger.entries == []
    assert read["data"] is x._data
    assert read[net.weight.name] is net.weight.data()._data


def test_gradients_are_written_into_their_buffers():
    x = array()
    x.attach_grad()
    buffer, address = x.grad, x.grad._data.ctypes.data
    net = mx.gluon.nn.Dense(3, in_units=6)
    net.initialize()
    weights = net.weight.grad()._data
    for hybrid in (False, True):
        net.hybridize(hybrid)
        with autograd.record():
            loss = net(x).sum()
        loss.backward()
        with autograd.record():
            loss = net(x).sum()
        with copies.ledger() as ledger:
            loss.backward()
        assert ledger.entries == []
        assert x.grad is buffer
        assert buffer._data.ctypes.data == address
        assert net.weight.grad()._data is weights
        assert weights[0].tolist() == x.asnumpy().sum(axis=0).tolist()


def test_gradients_that_cross_devices_are_counted_each_way():
    x = array()
    x.attach_grad()
    with copies.ledger() as ledger:
        with autograd.record():
            y = x.as_in_context(mx.cpu(1)) * 2
        y.backward()
    facts = [(e.source, e.target, e.nbytes, e.reason) for e in ledger.entries]
    assert facts == [
        ("cpu(0)", "cpu(1)", 96, "as_in_context()"),
        ("cpu(1)", "cpu(0)", 96, "gradient of a copy"),
    ]
    assert x.grad.asnumpy().tolist() == [[2] * 6] * 4


# ---- batches -----------------------------------------------------------------------------------
def test_split_and_load_on_one_device_hands_out_slices():
    x = array()
    assert proved(x, lambda x: split_and_load(x, [mx.cpu(0)])[0]) is x
    for k in range(2):
        proved(x, lambda x, k=k: split_and_load(x, [mx.cpu(0), mx.cpu(0)])[k])


def test_split_and_load_copies_only_what_goes_to_another_device():
    x = array()
    with copies.ledger() as ledger:
        here, there = split_and_load(x, [mx.cpu(0), mx.cpu(1)])
    assert [(e.source, e.target, e.nbytes) for e in ledger.entries] == [("cpu(0)", "cpu(1)", 48)]
    assert (str(here.context), str(there.context)) == ("cpu(0)", "cpu(1)")


def test_batches_of_workers_are_the_shared_memory_the_workers_wrote():
    loader = DataLoader(ArrayDataset(host()), 2, num_workers=1)
    with copies.ledger() as ledger:
        batches = list(loader)
    assert set(ledger.by_reason()) <= {"sent to another process"}  # the data set, once
    for batch in batches:
        owner = batch._data
        while isinstance(owner, np.ndarray):
            owner = owner.base
        assert type(owner).__name__ in ("mmap", "memoryview")
        proved(batch, lambda batch: split_and_load(batch, [mx.cpu(0)])[0])


# ---- the proof itself --------------------------------------------------------------------------
@pytest.mark.parametrize(
    "copying",
    [
        nd.array,
        lambda x: x.copy(),
        lambda x: nd.from_numpy(x._data.copy()),  # nobody tells the ledger: memory does
        lambda x: x.astype("float32"),
        np.array,
        lambda x: x[[0, 1]],
    ],
    ids=["array", "copy", "silent", "astype", "np.array", "gather"],
)
def test_the_proof_fails_when_a_path_copies(copying):
    with pytest.raises(AssertionError, match=r"counts a copy|memory of its own"):
        proved(array(), copying)


def test_a_path_that_begins_to_copy_fails_its_test(monkeypatch):
    own = mx.nd.NDArray._wrap.__func__

    def copying(cls, array, device):
        return own(cls, array.copy(), device)

    monkeypatch.setattr(mx.nd.NDArray, "_wrap", classmethod(copying))
    for path in (nd.from_numpy, nd.from_dlpack):
        with pytest.raises(AssertionError, match="memory of its own"):
            proved(host(), path)
    with pytest.raises(AssertionError, match="memory of its own"):
        proved(array(), lambda x: x[1:3])


COUNTED = {
    "asnumpy": (lambda x: x.asnumpy(), 96),
    "np.array": (np.array, 96),
    "np.asarray of another dtype": (lambda x: np.asarray(x, dtype="float64"), 192),
    "astype": (lambda x: x.astype("float32"), 96),
    "rows from an array": (lambda x: x.__setitem__(slice(0, 2), x[2:4]), 48),
    "all from an array": (lambda x: x.__setitem__(slice(None), x + 1), 96),
    "a row from NumPy": (lambda x: x.__setitem__(0, np.ones(6, np.float32)), 24),
    "from another device": (lambda x: x.__setitem__(0, nd.ones(6, ctx=mx.cpu(1))), 24),
}


@pytest.mark.parametrize(("call", "nbytes"), COUNTED.values(), ids=COUNTED)
def test_what_copies_tells_the_ledger(call, nbytes):
    x = array()
    with copies.ledger() as ledger:
        call(x)
    assert ledger.bytes == nbytes, ledger
