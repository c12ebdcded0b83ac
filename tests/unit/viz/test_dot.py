from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from dlstudio.viz.dot import attributes, dot_of, quote, themes
from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode
from dlstudio.viz.palette import CATEGORIES, category_of, device_colour, mix, tint
from dlstudio.viz.picture import Options
from dlstudio.viz.units import bytes_text, count_text, shape_text, shorten, text_width, time_text

Make = Callable[[str], Drawing]


def test_texts_are_quoted_for_dot() -> None:
    assert quote('a"b') == '"a\\"b"'
    assert quote("a\nb") == '"a\\nb"'
    assert quote("a\\N") == '"a\\\\N"'
    assert attributes({"shape": "box"}) == '[shape="box"]'


def test_operators_and_variables_have_different_shapes(drawing_of_file: Make) -> None:
    text = dot_of(drawing_of_file("lenet"), Options(show_weights=True))
    operator = next(line for line in text.splitlines() if "conv1\\nConvolution" in line)
    data = next(line for line in text.splitlines() if "data\\n32×1×28×28" in line)
    weight = next(line for line in text.splitlines() if "conv1_weight" in line)
    assert 'shape="box"' in operator
    assert 'shape="ellipse"' in data
    assert "dashed" in weight


def test_arrows_run_from_data_to_the_loss_and_carry_shapes(drawing_of_file: Make) -> None:
    text = dot_of(drawing_of_file("lenet"))
    arrows = re.findall(r'(n\d+) -> (n\d+) \[label="\s*(.*?)\s*"\]', text)
    assert len(arrows) == 12
    assert arrows[0][2] == "32×1×28×28"
    assert 'rankdir="TB"' in text


def test_open_scopes_are_nested_frames(drawing_of_file: Make) -> None:
    opened = dot_of(drawing_of_file("resnet18_v1"), Options(depth=None))
    closed = dot_of(drawing_of_file("resnet18_v1"), Options(depth=0))
    assert opened.count("subgraph cluster_") == 4
    assert "subgraph" not in closed
    assert "14 ops, 148 k params" in closed


@pytest.mark.parametrize("overlay", ["device", "bytes", "time"])
def test_overlays_write_what_they_colour(overlay: str) -> None:
    nodes = (
        DrawNode(
            id="a", name="a", label="a", op="relu", device="cpu(0)", nbytes=2048, time_ns=1500
        ),
        DrawNode(id="b", name="b", label="b", op="relu", device="cpu(1)", nbytes=10, time_ns=10),
    )
    text = dot_of(Drawing(nodes, (DrawEdge("a", "b"),)), Options(overlay=overlay))
    wanted = {"device": "relu · cpu(1)", "bytes": "relu · 2 KiB", "time": "relu · 1.5 µs"}[overlay]
    assert wanted in text


def test_a_note_stands_under_the_title() -> None:
    text = dot_of(Drawing((), (), title="net", note="tree"))
    assert "pass data= to see the flow of data" in text


def luminance(colour: str) -> float:
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", themes)
def test_text_is_legible_on_every_ground(name: str) -> None:
    theme = themes[name]
    grounds = [theme.paper, theme.frame, theme.closed, theme.variable]
    grounds += [theme.ground(colour) for colour in CATEGORIES.values()]
    assert min(contrast(theme.ink, ground) for ground in grounds) >= 4.5
    assert contrast(theme.quiet, theme.paper) >= 4.5


def test_every_operator_has_a_category() -> None:
    assert category_of("Convolution") == "convolution"
    assert category_of("FullyConnected") == "dense"
    assert category_of("SoftmaxOutput") == "loss"
    assert category_of("elemwise_add") == "arithmetic"
    assert category_of("Reshape") == "shape"
    assert category_of("sgd_update") == "update"
    assert category_of("") == "other"


def test_colours_mix() -> None:
    assert mix("#FFFFFF", "#000000", 0.5) == "#808080"
    assert tint("#000000") == "#A6A6A6"
    assert device_colour(0) != device_colour(1)


def test_numbers_are_written_for_people() -> None:
    assert shape_text((32, 1, 28, 28)) == "32×1×28×28"
    assert shape_text(()) == "scalar"
    assert shape_text(None) == ""
    assert bytes_text(1536) == "1.5 KiB"
    assert count_text(431080) == "431 k"
    assert count_text(9408) == "9,408"
    assert time_text(3_400_000) == "3.4 ms"
    assert shorten("resnetv10_stage1_batchnorm0_fwd", 11) == "resne…0_fwd"
    assert text_width("卷积", 10) == 20
