"""Parameters have MXNet's names and order, so that calls by position mean the same."""

import inspect
from pathlib import Path

import pytest

import dlstudio as mx

FILES = ("signatures.txt", "signatures_of_classes.txt")
OWNERS = {"NDArray": mx.nd.NDArray, "ndarray": mx.np.ndarray, "Symbol": mx.sym.Symbol}

# what differs on purpose: (names, why)
DIFFERENT = (
    ("nd.BatchNorm_v1 sym.BatchNorm_v1", "the current operator stands for it"),
    (
        "nd.IdentityAttachKLSparseReg sym.IdentityAttachKLSparseReg",
        "the moving average is an input that one can see",
    ),
    (
        "np.histogram np.histogram2d np.histogramdd np.nanpercentile np.nanquantile np.corrcoef "
        "np.isclose",
        "NumPy 2 computes it, and its parameters are those",
    ),
    ("np.diff np.linalg.qr", "takes out= by position before the standard's keywords"),
    ("np.iinfo np.positive", "NumPy calls the argument so"),
    ("np.nansum np.nanprod", "no dtype: the array's own"),
    ("npx.save", "1.9's names, which mx.nd.save has too"),
    ("npx.quantized_pooling", "no output_size, which came with 2.0"),
    ("npx.broadcast_greater", "np.greater under a second name"),
    ("npx.random.seed", "np.random.seed under a second name"),
    (
        "np.random.seed np.random.f np.random.laplace np.tri np.triu_indices",
        "1.9's ctx, where 2.0 says device",
    ),
)
EXPLAINED = {name for names, _ in DIFFERENT for name in names.split()}


def recorded():
    for file in FILES:
        for line in Path(__file__).with_name(file).read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                space, functions, parameters = line.split(": ")
                for name in functions.split():
                    yield space, name, parameters.split()


def positional(space, name):
    owner = OWNERS.get(space) or mx
    for part in name.split(".") if space in OWNERS else f"{space}.{name}".split("."):
        owner = getattr(owner, part)
    parameters = inspect.signature(owner).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in kinds]
    return names[1:] if space in OWNERS else [name for name in names if name not in ("self", "cls")]


@pytest.mark.parametrize("space", sorted({space for space, _, _ in recorded()}))
def test_parameters_agree_by_position(space):
    wrong = []
    for place, name, expected in recorded():
        if place == space and f"{space}.{name}" not in EXPLAINED:
            ours = positional(space, name)
            if ours[: len(expected)] != expected:
                wrong.append(f"{space}.{name}: {ours} instead of {expected}")
    assert not wrong, "\n".join(wrong)


def test_samplers_take_a_context_before_the_dtype():
    x = mx.nd.random_uniform(0, 1, (2,), mx.cpu(1), "float64")
    assert (x.ctx, x.asnumpy().dtype) == (mx.cpu(1), "float64")
    assert mx.np.random.gumbel(0, 1, (2, 3), mx.cpu(1)).ctx == mx.cpu(1)


def test_reductions_of_np_take_out_before_keepdims():
    x = mx.np.array([[1.0, 2.0], [3.0, 4.0]])
    total = mx.np.zeros((2,))
    assert mx.np.mean(x, 0, None, total) is total
    assert total.tolist() == [2.0, 3.0]
    assert x.mean(0, None, None, True).shape == (1, 2)


def test_likes_go_to_another_device():
    x = mx.np.ones((2,))
    for made in (mx.np.zeros_like(x, ctx=mx.cpu(1)), mx.np.full_like(x, 2, None, "C", mx.cpu(1))):
        assert made.ctx == mx.cpu(1)


def test_sorting_takes_a_kind_and_no_order():
    x = mx.np.array([3.0, 1.0, 2.0])
    assert mx.np.sort(x, -1, "stable").tolist() == [1.0, 2.0, 3.0]
    assert x.argsort(kind="quicksort").tolist() == [1, 2, 0]
    with pytest.raises(mx.MXNetError, match="no fields"):
        mx.np.sort(x, order="name")


def test_nan_to_num_can_work_in_place():
    x = mx.np.array([float("nan"), 1.0])
    mx.np.nan_to_num(x, copy=False, nan=5.0)
    assert x.tolist() == [5.0, 1.0]


def test_a_sum_starts_from_an_initial_number():
    assert mx.np.sum(mx.np.array([1.0, 2.0]), initial=10).item() == 13.0


def test_a_trapezoidal_integral_takes_points():
    assert mx.np.trapz(mx.np.array([3.0, 1.0, 2.0]), mx.np.array([1.0, 2.0, 4.0])).item() == 5.0


def test_astype_of_np_keeps_a_casting_rule():
    x = mx.np.array([1.5])
    assert x.astype("int32", "K", "unsafe").tolist() == [1]
    with pytest.raises(mx.MXNetError, match="same_kind"):
        x.astype("int32", casting="same_kind")


def test_methods_of_symbols_take_inplace_and_other():
    x = mx.sym.var("x", shape=(2, 1))
    for y in (x.expand_dims(axis=0, inplace=True).squeeze(0, True), x.flatten(inplace=True)):
        assert y.infer_shape()[1] == [(2, 1)]
    like = x.broadcast_like(other=mx.sym.var("y", shape=(2, 3)))
    assert like.infer_shape()[1] == [(2, 3)]
    assert mx.nd.ones((2, 1)).broadcast_like(other=mx.nd.ones((2, 3))).shape == (2, 3)


def test_methods_show_their_signatures():
    assert list(inspect.signature(mx.nd.NDArray.clip).parameters)[1:3] == ["a_min", "a_max"]


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (mx.optimizer.Adamax, dict(epsilon=1e-3)),
        (mx.optimizer.LARS, dict(learning_rate=0.1, epsilon=1e-3)),
        (mx.optimizer.contrib.GroupAdaGrad, dict(learning_rate=0.1, epsilon=1e-3)),
        (mx.optimizer.AdaGrad, dict(learning_rate=0.1, epsilon=1e-3)),
        (mx.optimizer.SGD, dict(learning_rate=0.1, use_fused_step=True, aggregate_num=4)),
    ],
)
def test_optimizers_take_the_names_of_mxnet_2(make, given):
    made = make(**given)
    assert 1e-3 in vars(made).values() or "epsilon" not in given
