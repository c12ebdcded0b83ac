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
from mxnet.contrib import autograd as old_autograd
from mxnet.executor_manager import _split_input_slice
from mxnet.gluon.block import NDArray, Symbol
from mxnet.gluon.contrib.data.vision.bbox import ImageBboxResize
from mxnet.gluon.contrib.data.vision.dataloader import ImageBboxDataLoader
from mxnet.gluon.contrib.data.vision.transforms.bbox import ImageBboxCrop
from mxnet.gluon.contrib.nn.basic_layers import HybridSequential
from mxnet.gluon.data.vision.transforms import Block
from mxnet.gluon.data.vision.transforms.image import Resize
from mxnet.gluon.loss import HybridBlock, Loss
from mxnet.gluon.nn.basic_layers import Activation, SyncBatchNorm
from mxnet.gluon.parameter import Context, Parameter
from mxnet.gluon.probability.distributions.normal import Normal
from mxnet.gluon.rnn.conv_rnn_cell import Conv2DLSTMCell
from mxnet.ndarray.op import Custom
from mxnet.numpy_dispatch_protocol import with_array_function_protocol
from mxnet.optimizer.adamW import AdamW
from mxnet.optimizer.optimizer import SGD
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
     "kv.kvstore.create", "image.image.imdecode", "gluon.block.HybridBlock",
     "gluon.block.Symbol", "gluon.nn.conv_layers.PixelShuffle2D", "gluon.nn.activations.Parameter",
     "gluon.contrib.data.vision.utils.bbox_iou", "gluon.contrib.data.vision.bbox.ImageBboxCrop",
     "gluon.contrib.data.vision.transforms.bbox.ImageBboxCrop",
     "gluon.contrib.rnn.rnn_cell.HybridRecurrentCell", "gluon.probability.normal.Normal",
     "gluon.data.vision.transforms.image.Resize", "gluon.data.dataloader.NDArray",
     "optimizer.nag.NAG", "optimizer.sgd.Optimizer", "module.base_module.DataDesc",
     "nd.CachedOp", "np_shape", "use_np_array", "base.NotImplementedForSymbol",
     "contrib.text.embedding.GloVe.pretrained_file_name_sha1", "sym.np.linalg.det",
     "sym.npx.image.to_tensor"],
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


def test_modules_refuse_names_that_mxnet_s_have_not():
    with pytest.raises(AttributeError, match="no_such_layer"):
        mx.gluon.nn.basic_layers.no_such_layer  # noqa: B018
    with pytest.raises(mx.MXNetError, match="CrossEntropyLoss"):
        mx.gluon.loss.CrossEntropyLoss  # noqa: B018


def test_the_default_device_is_an_attribute_of_the_class():
    before = mx.Context.default_ctx
    try:
        mx.Context.default_ctx = mx.cpu(3)
        assert mx.nd.ones(1).context == mx.cpu(3)
    finally:
        mx.Context.default_ctx = before
    assert mx.current_context() == before


def test_base_has_helpers_for_text_and_classes(monkeypatch):
    class Named(mx.base.with_metaclass(type, object)):
        @mx.base.classproperty
        def title(cls):  # noqa: N805
            return cls.__name__.lower()

    assert Named.title == Named().title == "named"
    assert mx.base.py_str(b"caf\xc3\xa9") == "café"
    monkeypatch.setenv("MXNET_HOME", "/somewhere")
    assert mx.base.data_dir() == "/somewhere" != mx.base.data_dir_default()
    doc = mx.base.build_param_doc(["a", "b", "a"], ["int", "str", "int"], ["one", "", "again"])
    assert doc == "Parameters\n----------\na : int\n    one\nb : str\n"


def test_environment_variables_are_set_and_removed(monkeypatch):
    monkeypatch.delenv("DLSTUDIO_TEST_NAME", raising=False)
    mx.util.setenv("DLSTUDIO_TEST_NAME", "3")
    assert mx.util.getenv("DLSTUDIO_TEST_NAME") == "3"
    mx.util.setenv("DLSTUDIO_TEST_NAME", None)
    assert mx.util.getenv("DLSTUDIO_TEST_NAME") is None


def test_functions_of_one_s_own_take_the_options_of_numpy():
    @mx.util.set_module("mine")
    @mx.util.wrap_np_binary_func
    def twice_the_sum(x1, x2, out=None):
        return 2 * (x1 + x2)

    assert twice_the_sum.__module__ == "mine"
    assert twice_the_sum(1, 2, where=True, casting="same_kind", dtype=None) == 6
    with pytest.raises(ParamError, match="casting must be 'same_kind'"):
        twice_the_sum(1, 2, casting="unsafe")
    with pytest.raises(ParamError, match="colour is not one of"):
        mx.util.wrap_np_unary_func(abs)(1, colour="red")
    options = [("order", "F"), ("order", "X"), ("dtype", "float32"), ("dtype", "text"), ("w", 1)]
    legal = [mx.util.np_ufunc_legal_option(*option) for option in options]
    assert legal == [True, False, True, False, False]


def test_the_compute_capability_is_that_of_a_gpu():
    with pytest.raises(mx.MXNetError, match=r"mx.gpu\(0\)"):
        mx.util.get_cuda_compute_capability(mx.cpu())


def test_a_symbol_says_that_it_has_no_values():
    with pytest.raises(mx.base.NotImplementedForSymbol, match="asnumpy"):
        mx.sym.var("x").asnumpy()
