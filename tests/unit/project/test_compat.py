"""Programs written for MXNet find its modules, version, features and loggers."""

import importlib
import subprocess
import sys

import pytest

import dlstudio as mx
from dlstudio.errors import ParamError

PROGRAM = """
import dlstudio
dlstudio.install_as_mxnet()
import mxnet as mx
import mxnet
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import nn
from mxnet.gluon.block import HybridBlock
from mxnet.gluon.contrib.nn.basic_layers import HybridConcurrent
from mxnet.gluon.model_zoo.vision.resnet import ResNetV1, resnet18_v1
from mxnet.gluon.model_zoo.vision.alexnet import AlexNet
from mxnet.gluon.rnn.rnn_cell import LSTMCell
from mxnet.image.image import imresize
from mxnet.io.io import NDArrayIter
from mxnet.ndarray.ndarray import NDArray
from mxnet.ndarray import contrib, random
import mxnet.numpy.random
import mxnet.ndarray.sparse
import mxnet.symbol.contrib
assert mxnet.__version__ == "1.9.1" and dlstudio.__version__ != "1.9.1"
assert isinstance(mx.gluon.model_zoo.vision.alexnet(), AlexNet)  # the function, not the module
assert mx.nd is dlstudio.nd and NDArray is type(nd.ones(1))
assert isinstance(mx.nd.random.uniform(shape=2), NDArray)
try:
    import mxnet.no_such_module
except ModuleNotFoundError:
    print("fine")
"""


def test_mxnet_s_modules_are_found_under_their_own_names():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.strip() == "fine", done.stderr


@pytest.mark.parametrize(
    "path",
    ["nd.ndarray.NDArray", "np.multiarray.ndarray", "sym.symbol.Symbol", "io.io.DataBatch",
     "gluon.rnn.rnn_cell.GRUCell", "gluon.contrib.nn.basic_layers.Identity",
     "gluon.model_zoo.vision.vgg.vgg11",
     "kv.kvstore.create", "image.image.imdecode", "gluon.block.HybridBlock"],
)  # fmt: skip
def test_names_inside_mxnet_s_modules(path):
    found = mx
    for part in path.split("."):
        found = getattr(found, part)
    assert found is not None


def test_modules_keep_their_own_names():
    mx.install_as_mxnet()
    importlib.import_module("mxnet.ndarray")
    assert mx.nd.__spec__.name == mx.nd.__name__ == "dlstudio.nd"


def test_features():
    features = mx.runtime.Features()
    assert features.is_enabled("blas_open")
    assert not features.is_enabled("TENSORRT")
    assert features["BLAS_OPEN"].enabled
    assert "✔ BLAS_OPEN" in repr(features)
    with pytest.raises(ParamError, match="'NO_SUCH'"):
        features.is_enabled("NO_SUCH")


def test_loggers(tmp_path):
    logger = mx.log.get_logger("dlstudio.test_compat", tmp_path / "a.log", level=mx.log.INFO)
    logger.info("hello %d", 3)
    assert mx.log.getLogger("dlstudio.test_compat") is logger
    text = (tmp_path / "a.log").read_text(encoding="utf-8")
    assert text.startswith("I")
    assert text.endswith("] hello 3\n")
    assert len(logger.handlers) == 1
    logger.handlers[0].close()


def test_a_registry_of_ones_own():
    class Shape:
        def __init__(self, size=1):
            self.size = size

    register = mx.registry.get_register_func(Shape, "shape")

    @mx.registry.get_alias_func(Shape, "shape")("box")
    @register
    class Square(Shape):
        pass

    create = mx.registry.get_create_func(Shape, "shape")
    made = [create("square", 2), create(shape="box", size=2), create('["square", {"size": 2}]')]
    made.append(create('{"shape": "square", "size": 2}'))
    assert [(type(x), x.size) for x in made] == [(Square, 2)] * 4
    assert create(made[0]) is made[0]
    assert mx.registry.get_registry(Shape) == {"square": Square, "box": Square}
    with pytest.raises(ParamError, match="no shape 'circle'"):
        create("circle")


def test_helpers_that_programs_import():
    assert mx.img is mx.image
    assert mx.base.mx_real_t().dtype == "float32"
    assert [mx.base._as_list(x) for x in (3, (1, 2))] == [[3], [1, 2]]
