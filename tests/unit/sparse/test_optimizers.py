"""Lazy updates: a row-sparse gradient touches its own rows and no others."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd
from tests.reference import runner
from tests.reference.compare import Differs
from tests.reference.training import run_optimizer

RNG = np.random.default_rng(2)
W = RNG.uniform(-1, 1, (5, 3)).astype("float32")
ROWS = [1, 3]
STEPS = [RNG.uniform(-1, 1, (2, 3)).astype("float32") for _ in range(3)]


def gradient(step, stype="row_sparse"):
    return nd.sparse.row_sparse_array((step, ROWS), shape=(5, 3)).tostype(stype)


def trained(optimizer, storage="default", stype="row_sparse"):
    weight = nd.array(W).tostype(storage)
    updater = mx.optimizer.get_updater(optimizer)
    for step in STEPS:
        updater(0, gradient(step, stype), weight)
    return weight, updater.states[0]


def alone(make):
    """The rows of the gradient, trained as a weight of their own."""
    weight = nd.array(W[ROWS])
    updater = mx.optimizer.get_updater(make())
    for step in STEPS:
        updater(0, nd.array(step), weight)
    return weight.asnumpy()


LAZY = {
    "sgd": lambda: mx.optimizer.SGD(learning_rate=0.1, wd=0.1),
    "momentum": lambda: mx.optimizer.SGD(learning_rate=0.1, momentum=0.9, wd=0.1),
    "clipped": lambda: mx.optimizer.SGD(learning_rate=0.1, clip_gradient=0.2, rescale_grad=0.5),
    "nag": lambda: mx.optimizer.NAG(learning_rate=0.1, wd=0.1),
    "adam": lambda: mx.optimizer.Adam(learning_rate=0.1, wd=0.1),
    "adagrad": lambda: mx.optimizer.AdaGrad(learning_rate=0.1),
    "groupadagrad": lambda: mx.optimizer.GroupAdaGrad(learning_rate=0.1),
}


@pytest.mark.parametrize("storage", ["default", "row_sparse"])
@pytest.mark.parametrize("name", LAZY)
def test_rows_without_a_gradient_stay(name, storage):
    weight, _ = trained(LAZY[name](), storage)
    assert weight.stype == storage
    others = [0, 2, 4]
    np.testing.assert_array_equal(weight.asnumpy()[others], W[others])
    # compiled kernels of dense steps round in another order
    np.testing.assert_allclose(weight.asnumpy()[ROWS], alone(LAZY[name]), rtol=1e-4)


EAGER = {
    "sgd": lambda: mx.optimizer.SGD(learning_rate=0.1, momentum=0.9, wd=0.1, lazy_update=False),
    "adam": lambda: mx.optimizer.Adam(learning_rate=0.1, wd=0.1, lazy_update=False),
    "ftrl": lambda: mx.optimizer.Ftrl(learning_rate=0.1),
    "rmsprop": lambda: mx.optimizer.RMSProp(learning_rate=0.1, wd=0.1),
    "nag": lambda: mx.optimizer.NAG(learning_rate=0.1, momentum=0.9, wd=0.1),
    "adamax": lambda: mx.optimizer.Adamax(learning_rate=0.1, wd=0.1),
}


@pytest.mark.parametrize("name", EAGER)
def test_other_updates_take_missing_rows_for_zeros(name):
    sparse, _ = trained(EAGER[name]())
    dense, _ = trained(EAGER[name](), stype="default")
    np.testing.assert_allclose(sparse.asnumpy(), dense.asnumpy(), rtol=1e-4)


def test_ftrl_is_lazy_for_row_sparse_weights():
    make = EAGER["ftrl"]
    weight, _ = trained(make(), "row_sparse")
    np.testing.assert_array_equal(weight.asnumpy()[[0, 2, 4]], W[[0, 2, 4]])
    np.testing.assert_allclose(weight.asnumpy()[ROWS], alone(make), rtol=1e-6)


def test_half_precision_weights_learn_through_their_float32_copy():
    optimizer = mx.optimizer.SGD(learning_rate=0.1, momentum=0.9, multi_precision=True)
    weight = nd.array(W, dtype="float16")
    updater = mx.optimizer.get_updater(optimizer)
    for step in STEPS:
        updater(0, gradient(step).astype("float16"), weight)
    assert weight.dtype == np.float16
    want = alone(lambda: mx.optimizer.SGD(learning_rate=0.1, momentum=0.9))
    np.testing.assert_allclose(weight.asnumpy()[ROWS], want, rtol=1e-2, atol=1e-3)
    np.testing.assert_array_equal(weight.asnumpy()[0], W[0].astype("float16"))


def test_dense_and_sparse_weights_are_updated_in_one_call():
    optimizer = mx.optimizer.SGD(learning_rate=0.5)
    updater = mx.optimizer.get_updater(optimizer)
    weights = [nd.ones((5, 3)), nd.ones((5, 3)), nd.ones(2)]
    updater([0, 1, 2], [gradient(STEPS[0]), nd.ones((5, 3)), nd.ones(2)], weights)
    np.testing.assert_allclose(weights[0].asnumpy()[ROWS], 1 - STEPS[0] / 2, rtol=1e-6)
    assert weights[1].asnumpy().tolist() == [[0.5] * 3] * 5
    assert weights[2].asnumpy().tolist() == [0.5, 0.5]
    assert optimizer.num_update == 1


def test_states_of_sparse_weights_are_saved_and_go_on():
    def run(interrupted):
        updater = mx.optimizer.get_updater(mx.optimizer.Adam(learning_rate=0.1))
        weight = nd.array(W).tostype("row_sparse")
        for number, step in enumerate(STEPS):
            if interrupted and number == 2:
                saved = updater.get_states(dump_optimizer=True)
                updater = mx.optimizer.get_updater(mx.optimizer.Adam(learning_rate=0.1))
                updater.set_states(saved)
            updater(0, gradient(step), weight)
        return weight.asnumpy()

    np.testing.assert_array_equal(run(True), run(False))


@pytest.mark.parametrize("name", ["sgd_update", "sgd_mom_update", "adam_update", "ftrl_update"])
def test_operators_update_in_place_with_out(name):
    count = {"sgd_update": 0, "sgd_mom_update": 1}.get(name, 2)
    weight = nd.array(W).tostype("row_sparse")
    states = [nd.sparse.zeros("row_sparse", (5, 3)) for _ in range(count)]
    function = getattr(nd.sparse, name, None) or getattr(nd, name)
    assert function(weight, gradient(STEPS[0]), *states, lr=0.1, out=weight) is weight
    assert weight.stype == "row_sparse"
    np.testing.assert_array_equal(weight.asnumpy()[[0, 2, 4]], W[[0, 2, 4]])
    part = nd.array(W[ROWS])
    more = [nd.zeros((2, 3)) for _ in range(count)]
    getattr(nd, name)(part, nd.array(STEPS[0]), *more, lr=0.1, out=part)
    np.testing.assert_allclose(weight.asnumpy()[ROWS], part.asnumpy(), rtol=1e-6)
    for state, want in zip(states, more, strict=True):
        np.testing.assert_allclose(state.asnumpy()[ROWS], want.asnumpy(), rtol=1e-6)


def test_without_out_the_weight_stays_and_a_new_one_is_answered():
    weight = nd.array(W)
    got = nd.sgd_update(weight, gradient(STEPS[0]), lr=0.1)
    np.testing.assert_array_equal(weight.asnumpy(), W)
    np.testing.assert_allclose(got.asnumpy()[ROWS], W[ROWS] - 0.1 * STEPS[0], rtol=1e-6)


CASES = list(runner.pack.cases("optim/optimizers"))
RECORDED = [c for c in CASES[1:] if c.raw.get("sparse_grad")]
OURS = "MXNet has no kernel for it; the step is defined all the same"


@pytest.mark.parametrize("case", RECORDED, ids=lambda c: c.name)
def test_recorded_steps_of_mxnet(case, request):
    if case.name == "adagrad row_sparse [('wd', 0.1)]":
        request.applymarker(pytest.mark.xfail(strict=True, raises=Differs, reason=OURS))
    run_optimizer(CASES[0])  # what all cases share
    run_optimizer(case)


@pytest.mark.parametrize("storage", ["default", "row_sparse"])
def test_two_optimizers_are_compared_in_any_storage(storage):
    np.random.seed(4)
    make, other = LAZY["momentum"], LAZY["adam"]
    compare = mx.test_utils.compare_optimizer
    compare(make(), make(), (4, 3), "float32", storage, "row_sparse")
    compare(make(), make(), (4, 3), "float32", storage, ntensors=2)
    with pytest.raises(AssertionError):
        compare(make(), other(), (4, 3), "float32", storage, compare_states=False)


def test_custom_operators_tell_their_storage_types():
    prop = mx.operator.CustomOpProp()
    assert prop.infer_storage_type(["csr"]) == (["csr"], ["default"], [])
    assert prop.infer_storage_type_backward(["csr"], ["csr"], [], [], [])[0] == ["default"]


@pytest.mark.parametrize("name", sorted(mx.optimizer.Optimizer.opt_registry))
@pytest.mark.parametrize("storage", ["default", "row_sparse"])
def test_every_optimizer_takes_sparse_gradients_and_weights(name, storage):
    def run(make_weight, stype):
        mx.random.seed(0)
        weight = make_weight()
        updater = mx.optimizer.get_updater(mx.optimizer.create(name, learning_rate=0.1))
        for step in STEPS:
            updater(0, gradient(step, stype), weight)
        return weight.asnumpy()

    sparse = run(lambda: nd.array(W).tostype(storage), "row_sparse")
    dense = run(lambda: nd.array(W), "default")
    assert np.isfinite(sparse).all()
    np.testing.assert_allclose(sparse[ROWS], dense[ROWS], rtol=1e-4, atol=1e-6)
