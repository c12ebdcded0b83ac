"""Image arithmetic beside values recorded from MXNet 1.9.1 (which resizes with OpenCV)."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from dlstudio.gluon.data.vision import pixels


def resize(image, *, size, keep_ratio=False, interp=1):
    if keep_ratio:
        return pixels.resize(image, *pixels.shorter_edge(image, size), interp)
    return pixels.resize(image, *size, interp)


def fixed_crop(image, x, y, width, height, size=None, interp=2):
    part = pixels.crop(image, x, y, width, height)
    return part if size is None else pixels.resize(part, *size, interp)


OURS = {
    "to_tensor": pixels.to_chw,
    "normalize": pixels.normalize,
    "resize": resize,
    "imresize": lambda image, width, height, interp=1: pixels.resize(image, width, height, interp),
    "resize_short": lambda image, size: pixels.resize(image, *pixels.shorter_edge(image, size), 2),
    "fixed_crop": fixed_crop,
    "center_crop": lambda image, size: pixels.crop(image, *pixels.centered(image, *size)),
}


@pytest.fixture(scope="module")
def recorded(repository):
    path = repository / "tests" / "reference" / "pack" / "reference.py"
    spec = importlib.util.spec_from_file_location("recorded_pack", path)
    pack = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pack)
    return [case for case in pack.cases("ops/open") if "image" in case.raw["ns"] and not case.error]


@pytest.mark.parametrize("name", OURS)
def test_images_come_out_as_mxnet_recorded_them(recorded, name):
    cases = [case for case in recorded if case.raw["op"] == name]
    assert cases

    for case in cases:
        result = OURS[name](*case.inputs, **case.kwargs)
        expected = case.outputs[0]
        assert result.shape == expected.shape, case.name
        assert result.dtype == expected.dtype, case.name
        # OpenCV rounds bytes in fixed point with 11 bits: one grey level
        tolerance = 1 if expected.dtype == np.uint8 else 1e-6
        assert np.abs(result.astype(float) - expected).max() <= tolerance, case.name
