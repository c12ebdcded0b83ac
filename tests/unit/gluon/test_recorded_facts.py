"""Names, deferred shapes, errors, Trainer and export, against MXNet 1.9.1's answers."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import MXNetError
from dlstudio.gluon import loss, nn
from dlstudio.graph.scopes import NameManager
from tests.reference.runner import agree, pack, plain

# where the record is not to be followed, and why
DIFFERENT = {
    "summary text": "MXNet's first table holds a symbol left over from shape inference",
}
FACTS = [c for c in pack.cases("layers/facts") if "rnn." not in c.raw["code"]]


def mark(case):
    marks = ()
    if case.name in DIFFERENT:
        marks = pytest.mark.xfail(strict=True, raises=AssertionError, reason=DIFFERENT[case.name])
    return pytest.param(case, id=case.name, marks=marks)


def run(code):
    names = dict(mx=mx, nd=nd, nn=nn, loss=loss, gluon=gluon, autograd=autograd, np=np)
    with NameManager():
        exec(code, names)
    return names.get("r")


@pytest.mark.filterwarnings("ignore:Parameter 'dense0:UserWarning")
@pytest.mark.filterwarnings("ignore:All children of this Sequential:UserWarning")
@pytest.mark.parametrize("case", [mark(c) for c in FACTS if not c.error])
def test_program_answers_as_in_mxnet(case):
    got = plain(run(case.raw["code"]))
    want = case.raw.get("result")
    if want is None:
        return
    try:
        agree(got, want, case.name)
    except Exception as difference:
        raise AssertionError(str(difference)) from None


# words of MXNet's message that ours has too; the rest of the wording is ours
SENSE = {
    "uninitialised forward": "Parameter 'dense0_weight' has not been initialized",
    "uninitialised forward, deferred": "Parameter 'dense0_weight' has not been initialized",
    "data() before initialise": "Parameter 'dense0_weight' has not been initialized",
    "data() while deferred": "initialization was deferred",
    "grad() with grad_req null": "because grad_req='null'",
    "initialise unknown shape without deferral": r"invalid shape: \(2, 0\)",
    "numpy input": "must be one NDArray or one Symbol",
    "add non-block": "must also be HybridBlock",
    "block attribute type change": "Changing attribute type for a",
    "load with missing": "restore_prefix is 'hybridsequential0_'",
    "load with extra": "Parameter 'bias' loaded from file",
    "load wrong shape": r"expected \(2, 4\) vs saved \(2, 3\)",
    "Trainer step without backward": "has not been updated by backward since last `step`",
    "Trainer with list of non-parameters": "must be a list or dict of Parameters",
    "export before forward": "run forward with this block at least once",
    "params get sharing mismatch": r"desired '\(3, 3\)' vs stored '\(2, 3\)'",
    "split_data uneven": "cannot be evenly split into 2 slices",
}
# what a careful MXNet program catches; AssertionError became ValueError, which says more
CATCHES = {"AssertionError": ValueError, "MXNetError": MXNetError, "RuntimeError": RuntimeError,
           "ValueError": ValueError, "TypeError": TypeError, "UserWarning": UserWarning,
           "DeferredInitializationError": gluon.DeferredInitializationError,
           "NotImplementedError": NotImplementedError}  # fmt: skip


@pytest.mark.parametrize("case", [c for c in FACTS if c.error], ids=lambda c: c.name)
def test_program_is_refused_as_in_mxnet(case):
    with pytest.raises(CATCHES[case.error["type"]], match=SENSE.get(case.name)):
        run(case.raw["code"])
