"""The model zoo: MXNet's names and graphs, published sizes, and that every kind runs."""

import json
from math import prod
from pathlib import Path

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import DataError, ParamError
from dlstudio.gluon.model_zoo import vision
from dlstudio.graph.scopes import NameManager

PACK = Path(__file__).parents[2] / "reference" / "pack" / "symbols" / "open"


@pytest.mark.parametrize("name", ["resnet18_v1", "vgg11", "squeezenet1.0", "mobilenet1.0"])
def test_graph_is_node_for_node_that_of_mxnet(name):
    with NameManager():
        net = vision.get_model(name)
        ours = json.loads(net(mx.sym.var("data")).tojson())["nodes"]
    recorded = json.loads((PACK / f"{name}-symbol.json").read_text(encoding="utf-8"))["nodes"]
    assert [(n["op"], n["name"]) for n in ours] == [(n["op"], n["name"]) for n in recorded]
    for mine, theirs in zip(ours, recorded, strict=True):
        assert mine.get("attrs") == theirs.get("attrs"), mine["name"]


# running statistics included, as the MXNet 1.9 documentation of the zoo lists them
COUNTS = {
    "alexnet": 61100840, "densenet121": 8062504, "densenet161": 28900936, "densenet169": 14307880,
    "densenet201": 20242984, "mobilenet0.25": 475544, "mobilenet0.5": 1342536,
    "mobilenet0.75": 2601976, "mobilenet1.0": 4253864, "mobilenetv2_0.25": 1526856,
    "mobilenetv2_0.5": 1983104, "mobilenetv2_0.75": 2653864, "mobilenetv2_1.0": 3539136,
    "resnet101_v1": 44695144, "resnet101_v2": 44639412, "resnet152_v1": 60404072,
    "resnet152_v2": 60329140, "resnet18_v1": 11699112, "resnet18_v2": 11695796,
    "resnet34_v1": 21814696, "resnet34_v2": 21811380, "resnet50_v1": 25629032,
    "resnet50_v2": 25595060, "squeezenet1.0": 1248424, "squeezenet1.1": 1235496,
    "vgg11": 132863336, "vgg11_bn": 132874344, "vgg13": 133047848, "vgg13_bn": 133059624,
    "vgg16": 138357544, "vgg16_bn": 138374440, "vgg19": 143667240, "vgg19_bn": 143689256,
}  # fmt: skip


@pytest.mark.parametrize("name", list(COUNTS))
def test_network_has_the_published_number_of_parameters(name):
    net = vision.get_model(name)
    net.infer_shape(nd.zeros((1, 3, 224, 224)))
    assert sum(prod(p.shape) for p in net.collect_params().values()) == COUNTS[name]


SMALL = {
    "resnet18_v1": (32, {}), "resnet18_v2": (32, {"thumbnail": True}),
    "mobilenet0.25": (32, {}), "mobilenetv2_0.25": (32, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", list(SMALL))
def test_eager_compiled_and_exported_agree_and_train(name, tmp_path):
    size, options = SMALL[name]
    mx.random.seed(1)
    net = vision.get_model(name, classes=4, **options)
    net.initialize(mx.init.Xavier())
    x = nd.array(np.random.default_rng(0).normal(size=(2, 3, size, size)))
    want = net(x).asnumpy()
    net.hybridize()
    compiled = net(x).asnumpy()
    np.testing.assert_allclose(compiled, want, rtol=1e-3, atol=1e-4)
    files = net.export(tmp_path / "net")
    again = gluon.SymbolBlock.imports(files[0], "data", files[1])
    np.testing.assert_allclose(again(x).asnumpy(), compiled, rtol=1e-3, atol=1e-4)
    with autograd.record():
        loss = gluon.loss.SoftmaxCELoss()(net(x), nd.array([0, 1]))
    loss.backward()
    gradient = net.collect_params(".*conv0_weight")
    assert all(np.isfinite(p.grad().asnumpy()).all() for p in gradient.values())


def test_weights_of_the_local_store_are_loaded(tmp_path):
    with NameManager():
        net = vision.mobilenet0_25(classes=3)
    net.initialize()
    net(nd.zeros((1, 3, 32, 32)))
    net.save_parameters(tmp_path / "mobilenet0.25-9f83e440.params")
    again = vision.mobilenet0_25(pretrained=True, root=tmp_path, classes=3)
    np.testing.assert_array_equal(
        again.output.weight.data().asnumpy(), net.output.weight.data().asnumpy()
    )


def test_absent_weights_say_where_to_put_them(tmp_path):
    with pytest.raises(DataError, match=r"resnet18_v1\.params"):
        vision.resnet18_v1(pretrained=True, root=tmp_path)


def test_unknown_names_list_near_ones():
    with pytest.raises(ParamError, match="resnet18_v1"):
        vision.get_model("resnet18v1")
