"""What hybridize() captures: options, nesting, sharing, shapes, files; and what it leaves alone."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import GraphError
from dlstudio.gluon import nn
from dlstudio.gluon.structure import leaves
from dlstudio.viz.drawing import NOTES, drawing_of


class Net(gluon.HybridBlock):
    """Two layers that share their parameters, several outputs; with F."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.a = nn.Dense(3, in_units=3)
            self.b = nn.Dense(3, in_units=3, params=self.a.params)

    def hybrid_forward(self, F, x):
        y = self.b(F.tanh(self.a(x)))
        return y + self.a(x), [y * 2, (F.sum(y),)]


class ArrayNet(gluon.HybridBlock):
    """The same as array code."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.a = nn.Dense(3, in_units=3)
            self.b = nn.Dense(3, in_units=3, params=self.a.params)

    def forward(self, x):
        y = self.b(nd.tanh(self.a(x)))
        return y + self.a(x), [y * 2, (nd.sum(y),)]


KINDS = [Net, ArrayNet]


def made(kind):
    mx.random.seed(7)
    net = kind(prefix="n_")
    net.initialize(mx.init.Normal(0.5))
    return net


def run(net, x):
    """Outputs and gradients."""
    x = x.copy()
    x.attach_grad()
    net.collect_params().zero_grad()
    with autograd.record():
        outputs = leaves(net(x))
        loss = sum(((y * y).sum() for y in outputs), nd.zeros(1))
    loss.backward()
    grads = [p.grad() for p in net.collect_params().values()]
    return [y.asnumpy() for y in (*outputs, x.grad, *grads)]


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


OPTIONS = [
    {}, {"static_alloc": True}, {"static_alloc": True, "static_shape": True}, {"inline_limit": 0},
    {"inline_limit": 100, "forward_bulk_size": 3, "backward_bulk_size": 4}, {"backend": "MKLDNN"},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o) or "none")
@pytest.mark.parametrize("kind", KINDS)
def test_every_option_gives_the_numbers_of_eager_code(kind, options):
    net, x = made(kind), nd.random.normal(shape=(2, 3))
    expected = run(net, x)
    net.hybridize(**options)
    for _ in range(2):
        assert_same(run(net, x), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_keep_their_nesting(kind):
    net, x = made(kind), nd.ones((2, 3))
    net.hybridize()
    first, second = net(x)
    assert first.shape == (2, 3)
    assert isinstance(second, list)
    assert isinstance(second[1], tuple)


def test_outputs_may_be_a_dictionary():
    class Named(gluon.HybridBlock):
        def forward(self, x):
            return {"double": 2 * x, "all": [x + 1, {"sum": x.sum()}]}

    net, x = Named(), nd.array([1, 2])
    expected = net(x)
    net.hybridize()
    for scale in (1, 3):
        found = net(x * scale)
        assert list(found) == list(expected)
        assert found["double"].asnumpy().tolist() == [2 * scale, 4 * scale]
        assert found["all"][1]["sum"].asscalar() == 3 * scale


@pytest.mark.parametrize("kind", KINDS)
def test_shared_parameters_are_exported_once_and_come_back(kind, tmp_path):
    net, x = made(kind), nd.random.normal(shape=(2, 3))
    net.hybridize()
    expected = [y.asnumpy() for y in leaves(net(x))]
    files = net.export(tmp_path / "net", epoch=3)
    loaded = gluon.SymbolBlock.imports(files[0], "data", files[1])
    assert sorted(loaded.collect_params()) == ["n_dense0_bias", "n_dense0_weight"]
    assert_same([y.asnumpy() for y in leaves(loaded(x))], expected)
    assert_same([y.asnumpy() for y in leaves(loaded(x[:1]))][:1], expected[0:1][0][None, :1])


# ---- nesting ---------------------------------------------------------------------------------
class Mixed(gluon.Block):
    """A plain block: Python decides in the middle, on values."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.head, self.tail = nn.Dense(4, in_units=3), nn.HybridSequential()
            self.tail.add(nn.Dense(4, in_units=4, activation="relu"), nn.Dense(2, in_units=4))

    def forward(self, x):
        y = self.head(x)
        for _ in range(int(abs(x[0, 0]).asscalar())):
            y = y * 2
        return self.tail(y)


def test_blocks_that_can_be_are_compiled_inside_one_that_cannot():
    net = made(Mixed)
    batches = [nd.array([[k, 1, 2]]) for k in (0, 2)]
    expected = [run(net, x) for x in batches]
    net.hybridize()
    for x, wanted in zip(batches, expected, strict=True):
        assert_same(run(net, x), wanted)
    assert net.tail._cached_op is not None
    net.tail.hybridize(False)
    assert_same(run(net, batches[0]), expected[0])
    assert net.tail._cached_op is None


def test_only_an_inner_block_may_be_hybridized_and_only_an_outer_one():
    inner, net = nn.HybridSequential(prefix="i_"), nn.HybridSequential(prefix="n_")
    inner.add(nn.Dense(3, in_units=4))
    net.add(nn.Dense(4, in_units=3), inner)
    net.initialize()
    x = nd.random.normal(shape=(2, 3))
    expected = run(net, x)
    inner.hybridize()
    assert_same(run(net, x), expected)
    assert (net._cached_op, inner._cached_op) != (None, None)
    net.hybridize()
    inner.hybridize(False)
    assert_same(run(net, x), expected)
    assert net._cached_op is not None
    net.hybridize(False)
    assert_same(run(net, x), expected)


# ---- signatures ------------------------------------------------------------------------------
class Shaped(gluon.HybridBlock):
    """Looks at shapes and at the mode, as array code may."""

    def forward(self, x):
        total = 0
        for t in range(x.shape[0]):
            total = total + x[t].sum() * (t + 1)
        scale = 2 if autograd.is_training() else 3
        return x.reshape((x.shape[0], -1)) * scale, total


def test_array_code_is_captured_for_each_shape_and_mode():
    net = Shaped()
    batches = [nd.random.normal(shape=(k, 2, 3)) for k in (2, 3, 4, 2)]
    expected = [[y.asnumpy() for y in net(x)] for x in batches]
    net.hybridize()
    for x, wanted in zip(batches, expected, strict=True):
        assert_same([y.asnumpy() for y in net(x)], wanted)
    with autograd.record():
        training = net(batches[0])[0].asnumpy()
    np.testing.assert_allclose(training, expected[0][0] * 2 / 3, rtol=1e-5)


def test_captures_are_bounded_and_the_one_not_used_longest_goes(monkeypatch):
    monkeypatch.setattr("dlstudio.gluon.compiled._LIMIT", 4)
    net = Shaped()
    net.hybridize()
    net(nd.ones((1, 1, 1)))
    first = net._cached_op
    for k in range(2, 9):
        net(nd.ones((k, 1, 1)))
        net(nd.ones((1, 1, 1)))
    assert len(net._compiled) == len(net._graphs) == 4
    net(nd.ones((1, 1, 1)))
    assert net._cached_op is first


def test_plans_of_one_capture_are_bounded():
    net = nn.Dense(2, in_units=3)
    net.initialize()
    net.hybridize()
    for k in range(1, 80):
        net(nd.ones((k, 3)))
    assert len(net._cached_op._plans) <= 64


def test_numbers_and_none_among_the_arguments_make_captures_of_their_own():
    class Optional(gluon.HybridBlock):
        def hybrid_forward(self, F, x, mask=None, scale=2):
            return x * scale if mask is None else x * mask

    net, x = Optional(), nd.ones(2)
    net.hybridize()
    found = [net(x), net(x, x * 3), net(x, None, 5), net(x, None, 6)]
    assert [y.asnumpy().tolist() for y in found] == [[2, 2], [3, 3], [5, 5], [6, 6]]


def test_changing_a_block_captures_it_anew():
    net = nn.HybridSequential()
    net.add(nn.Dense(2, in_units=2))
    net.initialize()
    net.hybridize()
    x = nd.ones((1, 2))
    assert net(x).shape == (1, 2)
    net.add(nn.Dense(5, in_units=2))
    net[1].initialize()
    assert net(x).shape == (1, 5)
    net.cast("float64")
    assert net(x.astype("float64")).dtype == np.float64


# ---- dynamic graphs ----------------------------------------------------------------------------
class Dynamic(gluon.HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.layer = nn.Dense(2, in_units=2)

    def forward(self, x):
        for _ in range(int(x[0, 0].asscalar())):
            x = self.layer(x)
        return x


def layers(drawing):
    return sum(node.op == "FullyConnected" for node in drawing.nodes)


def test_a_block_that_is_not_hybridized_records_anew_at_each_call():
    net = Dynamic()
    net.initialize()
    found = []
    for depth in (1, 3):
        x = nd.array([[depth, 1]])
        x.attach_grad()
        with autograd.record():
            y = net(x)
        found.append(layers(drawing_of(y)))
    assert found == [1, 3]


def test_a_hybridized_block_decides_once_and_warns_with_the_line():
    net = Dynamic()
    net.initialize()
    net.hybridize()
    with pytest.warns(UserWarning, match=r"test_hybridize.py:\d+: the value of an array"):
        net(nd.array([[2, 1]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net(nd.array([[3, 1]]))
    assert layers(drawing_of(net._cached_op.symbol)) == 2


def test_pictures_tell_captured_from_recorded():
    net, x = nn.Dense(2, in_units=3), nd.ones((1, 3))
    net.initialize()
    plain = made(Mixed)
    notes = [drawing_of(net, data=x).note, drawing_of(plain, data=nd.ones((1, 3))).note]
    net.hybridize()
    notes.append(drawing_of(net, data=x).note)
    assert notes == ["captured", "tape", "plan"]
    assert all(note in NOTES for note in notes)
    assert "anew each time" in NOTES["tape"]


# ---- shapes that values decide -------------------------------------------------------------------
def masked(net):
    x = nd.array([[1, 2], [3, 4], [5, 6]])
    found = []
    for mask in ([1, 0, 1], [1, 0, 0], [1, 1, 1]):
        x.attach_grad()
        with autograd.record():
            y = net(x, nd.array(mask))
            loss = (y * y).sum()
        loss.backward()
        found += [y.asnumpy(), x.grad.asnumpy()]
    return found


def test_boolean_mask_with_f_runs_eagerly_with_one_warning(tmp_path):
    class Masked(gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.layer = nn.Dense(2, in_units=2)

        def hybrid_forward(self, F, x, mask):
            return self.layer(F.contrib.boolean_mask(x, mask))

    net = made(Masked)
    expected = masked(net)
    net.hybridize()
    with pytest.warns(UserWarning, match="boolean_mask.* gives depends on values") as seen:
        found = masked(net)
    assert len(seen) == 1
    assert_same(found, expected)
    assert net.layer._cached_op is not None  # what can be compiled is
    files = net.export(tmp_path / "masked")  # symbols hold for all values
    loaded = gluon.SymbolBlock.imports(files[0], ["data0", "data1"], files[1])
    with pytest.warns(UserWarning, match="runs operator by operator"):
        assert loaded(nd.ones((3, 2)), nd.array([0, 1, 1])).shape == (2, 2)


np_ = mx.np
DYNAMIC = {
    "unique": lambda x: np_.unique(x) * 2,
    "unique_counts": lambda x: np_.unique(x, return_counts=True)[1],
    "nonzero": lambda x: np_.nonzero(x)[0],
    "npx.nonzero": mx.npx.nonzero,
    "argwhere": np_.argwhere,
    "flatnonzero": np_.flatnonzero,
    "where": lambda x: np_.where(x > 0)[0],
    "mask": lambda x: x[x > 0] + 1,
    "boolean_mask": lambda x: mx.npx.boolean_mask(x, x > 0),
    "compress": lambda x: np_.compress(x > 0, x),
}


@pytest.mark.parametrize("name", DYNAMIC)
def test_functions_of_np_whose_shape_depends_on_values_run_eagerly(name):
    function = DYNAMIC[name]

    class Block(gluon.HybridBlock):
        def forward(self, x):
            y = function(x)
            return y.reshape((y.shape[0], -1)).sum(axis=1)  # shapes may be looked at

    net = Block()
    batches = [np_.array([1.0, -2, 3, 0]), np_.array([1.0, 2, 3, 5]), np_.array([4.0, 4, 0, 4, 4])]
    expected = [net(x).tolist() for x in batches]
    net.hybridize()
    with pytest.warns(UserWarning, match="runs operator by operator and has no plan") as seen:
        found = [net(x).tolist() for x in batches]
    assert found == expected
    assert len(seen) == 1
    with pytest.raises(GraphError, match="has no graph to export"):
        net.export("nowhere")


def test_assignments_in_array_code_run_eagerly_and_once():
    class Clipped(gluon.HybridBlock):
        def forward(self, x):
            y = x.copy()
            y[y < 0] = 0
            y += 1
            return y

    net, x = Clipped(), np_.array([1.0, -2, 3])
    net.hybridize()
    with pytest.warns(UserWarning, match="an array is changed in place"):
        found = net(x)
    assert found.tolist() == [2, 1, 4]
    assert x.tolist() == [1, -2, 3]


def test_a_loop_whose_body_values_decide_runs_eagerly():
    class Loop(gluon.HybridBlock):
        def hybrid_forward(self, F, x, s):
            def step(a, b):
                return b, F.contrib.boolean_mask(a, a > 0).sum() + b

            return F.contrib.foreach(step, x, s)

    net = Loop()
    data = nd.array([[1, -1, 2], [3, 4, -5]]), nd.zeros(1)
    expected = [y.asnumpy() for y in net(*data)]
    net.hybridize()
    with pytest.warns(UserWarning, match="runs operator by operator"):
        assert_same([y.asnumpy() for y in net(*data)], expected)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_compiled_network_is_copied_and_pickled_without_its_plans(copied):
    net = nn.HybridSequential()
    net.add(nn.Dense(3, in_units=2))
    net.initialize()
    net.hybridize()
    x = nd.ones((1, 2))
    before = net(x).asnumpy()

    other = copied(net)
    other[0].weight.set_data(nd.zeros((3, 2)))

    assert (other(x).asnumpy() == 0).all()
    assert other.plan() is not None
    assert np.array_equal(net(x).asnumpy(), before)


def test_a_misspelt_option_is_refused():
    with pytest.raises(mx.errors.ArgumentError, match="did you mean 'static_alloc'"):
        nn.Dense(2).hybridize(static_aloc=True)
    nn.Dense(2).hybridize(backend="other", fast=True)  # a backend has options of its own
