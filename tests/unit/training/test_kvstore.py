"""The store of one process: values are added up, kept, updated and handed out."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.errors import ParamError


def store():
    kv = mx.kv.create("device")
    kv.init("w", nd.ones((2,)))
    return kv


def test_pushed_values_of_all_devices_are_added_up():
    kv = store()
    kv.push("w", [nd.ones((2,)), nd.ones((2,), ctx=mx.cpu(1)) * 2])
    out = nd.zeros((2,), ctx=mx.cpu(1))
    kv.pull("w", out=out)
    assert out.asnumpy().tolist() == [3, 3]


def test_pushpull_writes_back_where_it_came_from():
    kv = store()
    values = [nd.ones((2,)), nd.ones((2,)) * 4]
    kv.pushpull("w", values)
    assert [v.asnumpy().tolist() for v in values] == [[5, 5], [5, 5]]


def test_an_optimizer_updates_what_is_stored():
    kv = mx.kv.create()
    kv.init(0, nd.ones((2,)))
    kv.set_optimizer(mx.optimizer.SGD(learning_rate=0.5))
    kv.push(0, nd.ones((2,)))
    out = nd.zeros((2,))
    kv.pull(0, out=out)
    assert out.asnumpy().tolist() == [0.5, 0.5]


def test_states_of_the_optimizer_survive_a_file(tmp_path):
    stores = []
    for _ in range(2):
        kv = mx.kv.create()
        kv.init(0, nd.ones((2,)))
        kv.set_optimizer(mx.optimizer.Adam())
        stores.append(kv)
    stores[0].push(0, nd.ones((2,)))
    stores[0].save_optimizer_states(tmp_path / "states")
    stores[1].load_optimizer_states(tmp_path / "states")
    a, b = (kv._updater.states[0][0].asnumpy() for kv in stores)
    np.testing.assert_array_equal(a, b)


def test_several_keys_at_once():
    kv = mx.kv.create()
    kv.init([1, 2], [nd.ones((1,)), nd.ones((2,))])
    outs = [nd.zeros((1,)), nd.zeros((2,))]
    kv.pull([1, 2], out=outs)
    assert [o.asnumpy().sum() for o in outs] == [1, 2]
    assert (kv.rank, kv.num_workers, kv.type) == (0, 1, "local")


@pytest.mark.parametrize("name", ["dist_sync", "nccl", "horovod"])
def test_stores_across_processes_are_refused(name):
    with pytest.raises(ParamError, match="within this process"):
        mx.kv.create(name)


def test_unknown_and_repeated_keys_teach():
    kv = store()
    with pytest.raises(ParamError, match=r"kv\.init"):
        kv.push("v", nd.ones((2,)))
    with pytest.raises(ParamError, match="initialized already"):
        kv.init("w", nd.ones((2,)))
    with pytest.raises(ParamError, match="no optimizer"):
        kv.save_optimizer_states("states")
