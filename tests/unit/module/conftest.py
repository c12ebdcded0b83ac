import pytest

import dlstudio as mx
from dlstudio.gluon.data.datasets import digits


@pytest.fixture(scope="module")
def arrays():
    image, label = digits()[:800]
    return image.asnumpy().reshape(800, 784).astype("float32") / 255, label.astype("float32")


@pytest.fixture
def batches(arrays):
    return mx.io.NDArrayIter(*arrays, batch_size=50)
