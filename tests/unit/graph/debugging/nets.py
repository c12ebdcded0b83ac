"""Networks to debug, and what their runs leave behind."""

import numpy as np

import dlstudio as mx
from tests.unit.graph.nets import fill, lenet


def bound(grad_req="write", **options):
    """An executor with every kind of state: dropout draws, batch norm keeps running means."""
    mx.random.seed(3)
    executor = lenet(batch_norm=True, dropout=0.5, **options).simple_bind(
        mx.cpu(), grad_req=grad_req, data=(2, 1, 28, 28)
    )
    fill(executor)
    return executor


def facts(executor):
    """Everything a run leaves behind, and the next random number."""
    arrays = {f"out{i}": x for i, x in enumerate(executor.outputs)}
    arrays |= {f"{n} grad": x for n, x in executor.grad_dict.items()} | executor.aux_dict
    found = {name: x.asnumpy() for name, x in arrays.items()}
    return found | {"next draw": mx.nd.random.uniform(shape=(3,)).asnumpy()}


def undebugged(**options):
    executor = bound(**options)
    executor.forward(is_train=True)
    executor.backward()
    return facts(executor)


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
