"""Metrics against the figures of the real MXNet 1.9.1."""

import numpy as np
import pytest

from dlstudio import metric, nd
from dlstudio.errors import MXNetError
from tests.reference.runner import pack

CASES = list(pack.cases("optim/metrics"))
NAMES = {"metric": metric, "np": np}


def close(got, want):
    if isinstance(want, (list, tuple)):
        return len(got) == len(want) and all(map(close, got, want))
    if isinstance(want, str):
        return got == want
    return np.isclose(got, want, rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("wrap", [np.asarray, nd.array], ids=["numpy", "nd"])
@pytest.mark.parametrize("case", [c for c in CASES if not c.error], ids=lambda c: c.name)
def test_figures_are_those_of_mxnet(case, wrap):
    made = eval(case.raw["code"], dict(NAMES))
    assert made.name == case.raw["metric_name"]
    for update, after in zip(case.raw["updates"], case.raw["after"], strict=True):
        made.update([wrap(x) for x in update["labels"]], [wrap(x) for x in update["preds"]])
        assert close(made.get(), after["get"])
        assert close(made.get_name_value(), after["name_value"])
    if "config" in case.raw:
        assert list(made.get_config().items()) == list(case.raw["config"].items())
        assert metric.create(made.get_config()).get_config() == made.get_config()
    made.reset()
    assert close(made.get(), case.raw["after_reset"])


@pytest.mark.parametrize("case", [c for c in CASES if c.error], ids=lambda c: c.name)
def test_what_mxnet_refuses_is_refused(case):
    def run():
        made = eval(case.raw["code"], dict(NAMES))
        for update in case.raw["updates"]:
            made.update(update["labels"], update["preds"])

    with pytest.raises(MXNetError):
        run()
