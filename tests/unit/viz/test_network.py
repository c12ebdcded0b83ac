from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dlstudio as mx
from dlstudio.errors import DTypeError
from dlstudio.viz import Plot, plot_network, print_summary

Network = Callable[[str], Any]
NETWORKS = ("mlp", "lenet", "vgg11", "squeezenet1.0", "mobilenet1.0", "resnet18_v1")


def test_signatures_are_mxnets() -> None:
    assert str(inspect.signature(plot_network)).startswith(
        "(symbol: 'Any', title: 'str' = 'plot', save_format: 'str' = 'pdf', shape:"
    )
    assert list(inspect.signature(plot_network).parameters) == [
        "symbol", "title", "save_format", "shape", "dtype", "node_attrs", "hide_weights",
    ]  # fmt: skip
    assert list(inspect.signature(print_summary).parameters) == [
        "symbol", "shape", "line_length", "positions",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_plotted(name: str, network: Network) -> None:
    recorded = network(name)
    plot = plot_network(recorded.symbol, shape=recorded.shapes)
    operators = [line for line in plot.body if 'shape="box"' in line]
    variables = {*recorded.facts["list_arguments"], *recorded.facts["list_auxiliary_states"]}
    outputs = [name for name, _ in recorded.facts["internal_outputs"] if name not in variables]
    assert len(operators) == len(outputs)
    assert "<svg" in plot._repr_svg_()


FAMILIES = {
    "alexnet": 224, "densenet121": 224, "inceptionv3": 299, "mobilenetv2_0.25": 224,
    "resnet18_v2": 224, "squeezenet1.1": 224, "vgg11_bn": 224,
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_of_the_zoo_is_plotted_and_summed_up(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    net = mx.gluon.model_zoo.vision.get_model(name)
    net.initialize()
    symbol, shape = net(mx.sym.var("data")), {"data": (1, 3, FAMILIES[name], FAMILIES[name])}
    plot = plot_network(symbol, shape=shape)
    operators = [node for node in symbol.get_internals().list_outputs() if "_fwd_output" in node]
    assert sum('shape="box"' in line for line in plot.body) >= len(operators) > 10
    print_summary(symbol, shape=shape)
    arguments, _, _ = symbol.infer_shape(**shape)
    sizes = dict(zip(symbol.list_arguments(), map(math.prod, arguments), strict=True))
    total = sum(size for argument, size in sizes.items() if argument != "data")
    (told,) = (x for x in capsys.readouterr().out.splitlines() if "Total params" in x)
    assert int(told.split()[-1]) == total


def test_weights_are_hidden_and_can_be_shown(network: Network) -> None:
    assert "conv1_weight" not in plot_network(network("lenet").symbol).source
    assert "conv1_weight" in plot_network(network("lenet").symbol, hide_weights=False).source


def test_node_attrs_reach_every_node(network: Network) -> None:
    plot = plot_network(network("mlp").symbol, node_attrs={"fontsize": "17", "shape": "oval"})
    nodes = [line for line in plot.body if "label=" in line and "->" not in line]
    assert sum('fontsize="17"' in line for line in nodes) >= 8
    assert "<svg" in plot.pipe("svg", "utf-8")


def test_a_plot_can_be_added_to_and_rendered(network: Network, tmp_path: Path) -> None:
    plot = plot_network(network("mlp").symbol, title="mlp", save_format="png")
    plot.node("extra", label="mine", color="red")
    plot.edge("n0", "extra", style="dashed")
    plot.attr(label="three layers")
    picture = Path(plot.render(directory=tmp_path, cleanup=True))
    assert picture.name == "mlp.gv.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "mlp.gv").exists()
    assert ">mine<" in plot.pipe("svg", "utf-8")


def test_a_plot_keeps_its_source(network: Network, tmp_path: Path) -> None:
    plot = plot_network(network("mlp").symbol)
    assert Path(plot.save("net.gv", tmp_path)).read_text(encoding="utf-8") == plot.source
    assert str(plot) == plot.source
    assert repr(Plot("digraph {}")).startswith("<Plot 'plot'")


def test_a_network_too_large_for_one_file_is_drawn_closed() -> None:
    net = mx.sym.var("data")
    for layer in range(2000):
        net = mx.sym.Activation(net, act_type="relu", name=f"relu{layer}")
    with pytest.warns(UserWarning, match="too many for one file"):
        plot = plot_network(net)
    assert len(plot.body) < 100


def test_a_file_name_instead_of_a_symbol_teaches() -> None:
    with pytest.raises(DTypeError, match=r"mx\.sym\.load"):
        plot_network("net-symbol.json")
