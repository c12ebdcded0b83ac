"""The model zoo: MXNet's names and graphs, published sizes, and that every kind runs."""

import json
import pickle
from math import prod
from pathlib import Path

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import DataError, ParamError, ShapeError
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


# running statistics included, as the MXNet 1.9 documentation of the zoo lists them; MobileNetV3,
# which MXNet has not, as in torchvision's documentation (5483032 and 2542856) and 24400 and 12112
# running statistics
COUNTS = {
    "alexnet": 61100840, "densenet121": 8062504, "densenet161": 28900936, "densenet169": 14307880,
    "densenet201": 20242984, "inceptionv3": 23869000, "mobilenetv3_large": 5507432,
    "mobilenetv3_small": 2554968, "mobilenet0.25": 475544, "mobilenet0.5": 1342536,
    "mobilenet0.75": 2601976, "mobilenet1.0": 4253864, "mobilenetv2_0.25": 1526856,
    "mobilenetv2_0.5": 1983104, "mobilenetv2_0.75": 2653864, "mobilenetv2_1.0": 3539136,
    "resnet101_v1": 44695144, "resnet101_v2": 44639412, "resnet152_v1": 60404072,
    "resnet152_v2": 60329140, "resnet18_v1": 11699112, "resnet18_v2": 11695796,
    "resnet34_v1": 21814696, "resnet34_v2": 21811380, "resnet50_v1": 25629032,
    "resnet50_v2": 25595060, "squeezenet1.0": 1248424, "squeezenet1.1": 1235496,
    "vgg11": 132863336, "vgg11_bn": 132874344, "vgg13": 133047848, "vgg13_bn": 133059624,
    "vgg16": 138357544, "vgg16_bn": 138374440, "vgg19": 143667240, "vgg19_bn": 143689256,
}  # fmt: skip


def image_side(name):
    return 299 if "inception" in name else 224


@pytest.mark.parametrize("name", list(COUNTS))
def test_network_has_the_published_number_of_parameters(name):
    net = vision.get_model(name)
    net.infer_shape(nd.zeros((1, 3, image_side(name), image_side(name))))
    assert sum(prod(p.shape) for p in net.collect_params().values()) == COUNTS[name]


# multiply-adds in units of 10⁹ at 224 × 224 (Inception: 299), as published: ResNet v1 in He et al.
# 2015 table 1; MobileNets in Howard et al. 2017 tables 6 and 7, Sandler et al. 2018 table 4, Howard
# et al. 2019 table 3; the others in torchvision's documentation ("GFLOPS"). MobileNetV2 of MXNet
# also expands by a factor of 1, which makes 0.013 more than in the paper; its narrower forms round
# channels down and not to multiples of 8, so that nobody published their multiply-adds.
MACS = {
    "alexnet": 0.71, "densenet121": 2.83, "densenet161": 7.73, "densenet169": 3.36,
    "densenet201": 4.29, "inceptionv3": 5.71, "mobilenet0.25": 0.041, "mobilenet0.5": 0.149,
    "mobilenet0.75": 0.325, "mobilenet1.0": 0.569, "mobilenetv2_1.0": 0.300 + 0.013,
    "mobilenetv3_large": 0.219, "mobilenetv3_small": 0.056, "resnet18_v1": 1.8, "resnet34_v1": 3.6,
    "resnet50_v1": 3.8, "resnet101_v1": 7.6, "resnet152_v1": 11.3, "resnet18_v2": 1.81,
    "resnet34_v2": 3.66, "resnet50_v2": 4.09, "resnet101_v2": 7.80, "resnet152_v2": 11.51,
    "squeezenet1.0": 0.82, "squeezenet1.1": 0.35, "vgg11": 7.61, "vgg13": 11.31, "vgg16": 15.47,
    "vgg19": 19.63, "vgg11_bn": 7.61, "vgg13_bn": 11.31, "vgg16_bn": 15.47, "vgg19_bn": 19.63,
}  # fmt: skip


@pytest.mark.parametrize("name", list(MACS))
def test_network_has_the_published_number_of_multiply_adds(name):
    cost = mx.viz.count_cost(vision.get_model(name), (1, 3, image_side(name), image_side(name)))
    assert cost.params + cost.auxiliary == COUNTS[name]
    assert cost.macs / 1e9 == pytest.approx(MACS[name], rel=0.02)


def test_cost_by_layer_and_its_errors():
    net = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=5, name="fc")
    cost = mx.viz.count_cost(net, {"x": (2, 3)})
    assert cost.layers == {"fc": 2 * 3 * 5}
    assert (cost.params, cost.macs) == (20, 30)
    with pytest.raises(ShapeError, match="count_cost"):
        mx.viz.count_cost(net + mx.sym.var("y"), {"x": (0, 0)})


@pytest.mark.parametrize("name", list(COUNTS))
def test_network_has_a_summary_and_a_drawing(name, capsys):
    net = vision.get_model(name)
    side = image_side(name)
    mx.viz.print_summary(net(mx.sym.var("data")), {"data": (1, 3, side, side)})
    cost = mx.viz.count_cost(net, (1, 3, side, side))
    assert f"Total params: {cost.params}\n" in capsys.readouterr().out
    dot = mx.viz.plot_network(net(mx.sym.var("data")), shape={"data": (1, 3, side, side)})
    assert all(node in dot.source for node in cost.layers)


@pytest.mark.parametrize(
    ("name", "side"),
    [("alexnet", 63), ("vgg11", 32), ("squeezenet1.0", 213), ("squeezenet1.1", 209),
     ("densenet121", 221), ("inceptionv3", 299)],
)  # fmt: skip
def test_images_have_the_least_size_that_the_network_s_help_tells(name, side):
    net = vision.get_model(name)
    assert f"{side} × {side}" in type(net).__doc__
    out = net(mx.sym.var("data"))
    assert out.infer_shape(data=(1, 3, side, side))[1] == [(1, 1000)]
    with pytest.raises(ShapeError):
        out.infer_shape(data=(1, 3, side - 1, side - 1))


def reduced_side(name):
    """The smallest images that the last pooling layers of the network still fit."""
    if "densenet" in name or "squeezenet" in name:
        return 224
    return {"alexnet": 63, "inceptionv3": 299}.get(name, 32)


@pytest.mark.parametrize("name", list(COUNTS))
def test_eager_compiled_and_exported_agree_and_train(name, tmp_path):
    mx.random.seed(1)
    net = vision.get_model(name, classes=4)
    net.initialize(mx.init.Xavier())
    side = reduced_side(name)
    x = nd.array(np.random.default_rng(0).normal(size=(1, 3, side, side)))
    want = net(x).asnumpy()
    net.hybridize()
    compiled = net(x).asnumpy()
    np.testing.assert_allclose(compiled, want, rtol=1e-3, atol=1e-4)
    files = net.export(tmp_path / "net")
    again = gluon.SymbolBlock.imports(files[0], "data", files[1])
    np.testing.assert_allclose(again(x).asnumpy(), compiled, rtol=1e-3, atol=1e-4)
    with autograd.record():
        loss = gluon.loss.SoftmaxCELoss()(net(x), nd.array([1]))
    loss.backward()
    gradients = [p.grad() for p in net.collect_params().values() if p.grad_req != "null"]
    assert all(np.isfinite(g.asnumpy()).all() for g in gradients)
    assert any(g.asnumpy().any() for g in gradients)


def test_weights_of_the_local_store_are_loaded(tmp_path):
    with NameManager():
        net = vision.mobilenet0_25(classes=3)
    net.initialize()
    net(nd.zeros((1, 3, 32, 32)))
    net.save_parameters(tmp_path / "mobilenet0.25.params")
    again = vision.mobilenet0_25(pretrained=True, root=tmp_path, classes=3)
    np.testing.assert_array_equal(
        again.output.weight.data().asnumpy(), net.output.weight.data().asnumpy()
    )


@pytest.mark.parametrize("name", ["resnet18_v2", "squeezenet1.1", "mobilenetv2_0.25"])
def test_files_with_all_of_mxnet_s_ways_to_name_parameters_are_loaded(name, tmp_path):
    net = vision.get_model(name, classes=3)
    net.initialize(mx.init.Xavier())
    x = nd.random.normal(shape=(1, 3, 64, 64) if "squeeze" not in name else (1, 3, 224, 224))
    want = net(x).asnumpy()
    full = {p.name: p.data() for p in net.collect_params().values()}
    kinds = {
        "structure": {k: p.data() for k, p in net._collect_params_with_prefix().items()},
        "without_prefix": {k.removeprefix(net.prefix): v for k, v in full.items()},
        "with_prefix": full,
        "exported": {f"{'aux' if 'running' in k else 'arg'}:{k}": v for k, v in full.items()},
    }
    for kind, arrays in kinds.items():
        nd.save(str(tmp_path / kind), arrays)
        again = vision.get_model(name, classes=3)  # has another prefix
        again.load_parameters(str(tmp_path / kind))
        np.testing.assert_allclose(again(x).asnumpy(), want, rtol=1e-5, err_msg=kind)


# the first and the last parameters, as MXNet's files name them: by structure and in full
NAMES = {
    "alexnet": ("features.0.weight", "output.bias", "conv0_weight", "dense2_bias"),
    "densenet121": ("features.0.weight", "features.4.0.1.3.gamma", "conv0_weight",
                    "stage1_batchnorm1_gamma"),
    "inceptionv3": ("features.0.0.weight", "features.17.1.1.1.0.0.weight", "conv0_weight",
                    "E2_conv3_weight"),
    "mobilenet1.0": ("features.0.weight", "features.78.weight", "conv0_weight", "conv26_weight"),
    "mobilenetv2_1.0": ("features.0.weight", "features.3.out.7.running_var",
                        "features_conv0_weight",
                        "features_linearbottleneck0_batchnorm2_running_var"),
    "resnet50_v1": ("features.0.weight", "features.4.0.downsample.0.weight", "conv0_weight",
                    "stage1_conv3_weight"),
    "resnet50_v2": ("features.0.gamma", "features.5.0.bn3.gamma", "batchnorm0_gamma",
                    "stage1_batchnorm2_gamma"),
    "squeezenet1.0": ("features.0.weight", "features.3.1.1.0.bias", "conv0_weight", "conv3_bias"),
    "vgg16_bn": ("features.0.weight", "features.41.running_mean", "conv0_weight",
                 "batchnorm12_running_mean"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(NAMES))
def test_parameters_are_named_as_in_mxnet_s_files(name):
    first, other, full_first, full_other = NAMES[name]
    net = vision.get_model(name)
    by_structure = net._collect_params_with_prefix()
    assert next(iter(by_structure)) == first
    assert by_structure[first].name == net.prefix + full_first
    assert by_structure[other].name == net.prefix + full_other


def test_every_function_stands_in_mxnet_s_module_and_takes_its_arguments(tmp_path):
    assert vision.resnet18_v1.__name__ == "resnet18_v1"
    assert pickle.loads(pickle.dumps(vision.vgg11_bn)) is vision.vgg.vgg11_bn
    assert "pretrained" in vision.densenet121.__doc__
    assert set(vision.resnet.resnet_spec) == {18, 34, 50, 101, 152}
    assert vision.mobilenet.LinearBottleneck(8, 8, 2, 1).use_shortcut
    net = vision.squeezenet.get_squeezenet("1.1", classes=2)
    net.initialize()
    net(nd.zeros((1, 3, 224, 224)))
    net.save_parameters(str(tmp_path / "squeezenet1.1.params"))
    for make in (vision.squeezenet1_1, vision.squeezenet.get_squeezenet):
        args = () if make is vision.squeezenet1_1 else ("1.1",)
        loaded = make(*args, pretrained=True, device=mx.cpu(1), root=tmp_path, classes=2)
        assert loaded.features[0].weight.list_ctx() == [mx.cpu(1)]


def test_what_is_lower_case_and_can_be_called_makes_a_network_or_its_family():
    small = {n for n in dir(vision) if n.islower() and callable(getattr(vision, n))}
    assert {n for n in small if not n.startswith(("_", "get_"))} == set(vision._MAKERS)


def test_the_second_classifier_of_inception_fits_the_last_stage_c():
    auxiliary = vision.inception.make_aux(5)
    auxiliary.initialize()
    assert auxiliary(nd.zeros((1, 768, 17, 17))).shape == (1, 5)


def test_absent_weights_say_where_to_put_them(tmp_path):
    with pytest.raises(DataError, match=r"resnet18_v1\.params"):
        vision.resnet18_v1(pretrained=True, root=tmp_path)


def test_unknown_names_list_near_ones():
    with pytest.raises(ParamError, match="resnet18_v1"):
        vision.get_model("resnet18v1")
    with pytest.raises(ParamError, match="Model None"):
        vision.get_model(None)
