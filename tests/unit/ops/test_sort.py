"""The k largest elements are found without a full sort, in the order that it would give."""

import numpy as np
import pytest

from dlstudio import nd
from dlstudio.ops.sort import first_of, order_of


@pytest.mark.parametrize("is_ascend", [True, False])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("values", [3, 40, 10**6])  # many ties, some, hardly any
@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
def test_the_first_are_those_of_the_whole_order(dtype, values, axis, is_ascend):
    x = np.random.default_rng(0).integers(0, values, (90, 120)).astype(dtype)
    found = first_of(np, x, axis, 5, is_ascend=is_ascend)
    whole = order_of(np, x, axis, is_ascend=is_ascend)
    np.testing.assert_array_equal(found, np.take(whole, np.arange(5), axis))


def test_nan_stands_where_sorting_puts_it():
    x = np.random.default_rng(0).standard_normal((3, 100)).astype("float32")
    x[1, 7] = np.nan
    found = nd.topk(nd.array(x), k=3, dtype="int64").asnumpy()
    np.testing.assert_array_equal(found, order_of(np, x, 1, is_ascend=False)[:, :3])
