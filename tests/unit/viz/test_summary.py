from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import dlstudio as mx
from dlstudio.errors import ArgumentError, ShapeError
from dlstudio.viz.drawing import Drawing, drawing_of
from dlstudio.viz.summary import summary_text

Make = Callable[[str], Drawing]
Network = Callable[[str], Any]
NETWORKS = ("mlp", "lenet", "vgg11", "squeezenet1.0", "mobilenet1.0", "resnet18_v1")


@pytest.mark.parametrize("name", ["mlp", "lenet", "resnet18_v1"])
def test_the_table_is_the_one_mxnet_printed(
    name: str, network: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    mx.viz.print_summary(network(name).symbol, shape=network(name).shapes)
    assert capsys.readouterr().out.strip() == network(name).facts["print_summary_text"].strip()


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_are_counted_as_recorded(name: str, network: Network) -> None:
    drawing = drawing_of(network(name).symbol, shape=network(name).shapes)
    assert drawing.params == network(name).facts["n_parameters"]
    # MXNet's own table miscounts vgg11, whose first dense layer reads an image: not repeated here
    if name != "vgg11":
        assert f"Total params: {drawing.params}" in network(name).facts["print_summary_total"]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_shape_is_the_recorded_one(name: str, network: Network) -> None:
    drawing = drawing_of(network(name).symbol, shape=network(name).shapes)
    expected = {
        k.removesuffix("_output"): tuple(s) for k, s in network(name).facts["internal_outputs"]
    }
    found = {node.name: node.shape for node in drawing.nodes if node.name in expected}
    assert found == {name: expected[name] for name in found}
    assert len(found) > 0.8 * len(expected)


def test_columns_follow_positions_and_line_length(drawing_of_file: Make) -> None:
    lines = summary_text(drawing_of_file("lenet"), None, 80, [0.4, 0.6, 0.8, 1.0]).splitlines()
    assert {len(line) for line in lines[:-2]} == {80}
    assert lines[1].index("Output Shape") == 32
    absolute = summary_text(drawing_of_file("lenet"), None, 80, [32, 48, 64, 80]).splitlines()
    assert absolute == lines


def test_an_incomplete_shape_teaches() -> None:
    net = mx.sym.FullyConnected(mx.sym.var("a"), num_hidden=3)
    with pytest.raises(ShapeError, match="shape of every input"):
        mx.viz.print_summary(net, shape={})


def test_a_wrong_input_name_teaches(network: Network) -> None:
    with pytest.raises(ArgumentError, match="does not have"):
        mx.viz.print_summary(network("mlp").symbol, shape={"image": (1, 784)})
