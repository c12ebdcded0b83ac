"""Blocks with loops and branches: eager == hybridized == exported, outputs and gradients."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.gluon.structure import leaves


class _Recurrent(gluon.HybridBlock):
    """A cell run over time by foreach, with dropout and a layer behind it."""

    def __init__(self, cell, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.cell = cell(4)
            self.out = gluon.nn.Dense(2, flatten=False)


class Recurrent(_Recurrent):
    def hybrid_forward(self, F, x, *states):
        outputs, states = F.contrib.foreach(self.cell, x, list(states))
        return self.out(outputs), states


class RecurrentOnArrays(_Recurrent):
    """The same as array code."""

    def forward(self, x, *states):
        outputs, states = nd.contrib.foreach(self.cell, x, list(states))
        return self.out(outputs), states


class _Halving(gluon.HybridBlock):
    """Applies a layer until its output is small."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.layer = gluon.nn.Dense(3, in_units=3)


class Halving(_Halving):
    def hybrid_forward(self, F, x):
        return F.contrib.while_loop(
            lambda i, y: i < 3,
            lambda i, y: (self.layer(y), [i + 1, y / 2 + self.layer(y)]),
            [F.zeros((1,)), x],
            max_iterations=5,
        )


class HalvingOnArrays(_Halving):
    def forward(self, x):
        return nd.contrib.while_loop(
            lambda i, y: i < 3,
            lambda i, y: (self.layer(y), [i + 1, y / 2 + self.layer(y)]),
            [nd.zeros((1,)), x],
            max_iterations=5,
        )


class _Switch(gluon.HybridBlock):
    """One of two layers."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.a = gluon.nn.Dense(3, in_units=3)
            self.b = gluon.nn.Dense(3, in_units=3)


class Switch(_Switch):
    def hybrid_forward(self, F, x):
        return F.contrib.cond(x.sum() > 0, lambda: self.a(x), lambda: F.tanh(self.b(x)))


class SwitchOnArrays(_Switch):
    def forward(self, x):
        return nd.contrib.cond(x.sum() > 0, lambda: self.a(x), lambda: nd.tanh(self.b(x)))


class Nested(gluon.HybridBlock):
    """A branch in a loop in a loop, with a parameter of the block's own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.weight = self.params.get("weight", shape=(4,))

    def hybrid_forward(self, F, x, s, weight):
        def step(a, b):
            y = F.contrib.cond(b.sum() < 0.5, lambda: a * weight + b, lambda: F.sigmoid(b) - a)
            return y, y

        def row(a, b):
            out, b = F.contrib.foreach(step, a, b)
            return out.sum(axis=0), b

        return F.contrib.foreach(row, x, s)


def lstm(T, batch=2):
    return [nd.random.normal(shape=(T, batch, 3)), nd.zeros((batch, 4)), nd.zeros((batch, 4))]


def rows(n):
    return [nd.random.normal(shape=(n, 3))]


CASES = {
    "lstm": (lambda: Recurrent(gluon.rnn.LSTMCell, prefix="n_"), lstm),
    "gru": (lambda: Recurrent(gluon.rnn.GRUCell, prefix="n_"), lambda T: lstm(T)[:2]),
    "lstm_on_arrays": (lambda: RecurrentOnArrays(gluon.rnn.LSTMCell, prefix="n_"), lstm),
    "while": (lambda: Halving(prefix="n_"), rows),
    "while_on_arrays": (lambda: HalvingOnArrays(prefix="n_"), rows),
    "cond": (lambda: Switch(prefix="n_"), rows),
    "cond_on_arrays": (lambda: SwitchOnArrays(prefix="n_"), rows),
    "nested": (
        lambda: Nested(prefix="n_"),
        lambda T: [nd.random.normal(shape=(T, 2, 4)), nd.zeros(4)],
    ),
}


def made(make, data):
    mx.random.seed(11)
    net = make()
    net.initialize(mx.init.Normal(0.4))
    net(*data)
    return net


def run(net, data):
    """Outputs and all gradients."""
    data = [x.copy() for x in data]
    trained = [p for p in net.collect_params().values() if p.grad_req != "null"]
    for p in trained:
        p.zero_grad()
    for x in data:
        x.attach_grad()
    with autograd.record():
        outputs = leaves(net(*data))
        loss = sum(((y * y).sum() * (i + 1) for i, y in enumerate(outputs)), nd.zeros(1))
    loss.backward()
    return [x.asnumpy() for x in (*outputs, *(x.grad for x in data), *(p.grad() for p in trained))]


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_hybridized_equals_eager_for_every_length(name):
    make, data_of = CASES[name]
    mx.random.seed(3)
    batches = [data_of(T) for T in (3, 5, 3)]
    net = made(make, batches[0])
    expected = [run(net, data) for data in batches]
    net.hybridize()
    for data, wanted in zip(batches, expected, strict=True):
        assert_same(run(net, data), wanted)


@pytest.mark.parametrize("name", CASES)
def test_an_exported_block_computes_the_same_for_every_length(name, tmp_path):
    make, data_of = CASES[name]
    mx.random.seed(3)
    data, longer = data_of(3), data_of(6)
    net = made(make, data)
    net.hybridize()
    net(*data)
    files = net.export(tmp_path / "net")
    names = ["data"] if len(data) == 1 else [f"data{i}" for i in range(len(data))]
    loaded = gluon.SymbolBlock.imports(files[0], names, files[1])
    for batch in (data, longer):
        found = [x.asnumpy() for x in leaves(loaded(*batch))]
        assert_same(found, [x.asnumpy() for x in leaves(net(*batch))])


@pytest.mark.parametrize("name", ["lstm", "lstm_on_arrays"])
def test_weights_inside_a_loop_get_their_shapes_from_the_first_batch(name):
    net = CASES[name][0]()
    net.initialize()
    net.hybridize()
    outputs, states = net(*lstm(5))
    assert outputs.shape == (5, 2, 2)
    assert [s.shape for s in states] == [(2, 4), (2, 4)]
    assert net.cell.i2h_weight.shape == (16, 3)


def test_a_captured_loop_is_one_node_whatever_its_length():
    net = RecurrentOnArrays(gluon.rnn.LSTMCell, prefix="n_")
    net.initialize()
    net.hybridize()
    net(*lstm(9))
    text = net._cached_op.symbol.tojson()
    assert text.count('"_foreach"') == 1
    assert text.count('"FullyConnected"') == 3  # two in the cell, one behind the loop


def test_dropout_in_a_loop_draws_as_eager_code_does():
    class Dropping(gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.drop = gluon.nn.Dropout(0.5)

        def hybrid_forward(self, F, x, s):
            return F.contrib.foreach(lambda a, b: (self.drop(a) * b, self.drop(b) + a), x, s)

    net, data = Dropping(), [nd.ones((3, 8)), nd.ones(8)]
    mx.random.seed(5)
    expected = run(net, data)
    net.hybridize()
    mx.random.seed(5)
    assert_same(run(net, data), expected)


def test_moving_averages_in_a_loop_are_those_of_eager_code():
    class Normed(gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.norm = gluon.nn.BatchNorm(in_channels=3)

        def hybrid_forward(self, F, x, s):
            return F.contrib.foreach(lambda a, b: (self.norm(a), b), x, s)

    averages = []
    for hybrid in (False, True):
        mx.random.seed(2)
        net = Normed(prefix="n_")
        net.initialize()
        net.hybridize(hybrid)
        data = nd.random.normal(2, shape=(4, 6, 3))
        for _ in range(2):
            with autograd.record():
                loss = net(data, nd.zeros(1))[0].sum()
            loss.backward()
        averages.append([p.data().asnumpy() for p in net.collect_params(".*running.*").values()])
    assert_same(averages[1], averages[0])
    assert abs(averages[0][0]).max() > 0.5


@pytest.mark.parametrize("kind", ["foreach", "while_loop", "cond"])
def test_second_derivatives_run_through_loops_and_branches(kind):
    class Net(gluon.HybridBlock):
        def hybrid_forward(self, F, x, s):
            if kind == "foreach":
                return F.contrib.foreach(lambda a, b: (F.tanh(a * b), a * b * b), x, s)[0]
            if kind == "while_loop":
                return F.contrib.while_loop(
                    lambda i, y: i < 2, lambda i, y: (y * y, [i + 1, y * x]), [F.zeros((1,)), x], 3
                )[0]
            return F.contrib.cond(x.sum() > 0, lambda: x * x * x, lambda: x)

    found = []
    for hybrid in (False, True):
        net = Net()
        net.hybridize(hybrid)
        x, s = nd.array([[0.3, 0.2], [0.5, 0.4]]), nd.array([0.5, 0.7])
        x.attach_grad()
        with autograd.record():
            y = net(x, s)
            (gradient,) = autograd.grad((y * y).sum(), [x], create_graph=True)
            loss = (gradient * gradient).sum()
        loss.backward()
        found.append([gradient.asnumpy(), x.grad.asnumpy()])
    assert_same(found[1], found[0])


def test_a_block_called_twice_before_backward_keeps_both_runs():
    net = made(*[CASES["lstm"][0], lstm(3)])
    a, b = lstm(3), lstm(3)
    expected = [run(net, a), run(net, b)]
    net.hybridize()
    for x in (*a, *b):
        x.attach_grad()
    with autograd.record():
        first, second = leaves(net(*a)), leaves(net(*b))
        losses = [
            sum(((y * y).sum() * (i + 1) for i, y in enumerate(ys)), nd.zeros(1))
            for ys in (first, second)
        ]
    for loss, data, wanted in zip(losses, (a, b), expected, strict=True):
        loss.backward()
        assert_same([x.grad.asnumpy() for x in data], wanted[3:6])


def test_a_recurrent_net_with_foreach_learns():
    """Sum of a sequence of numbers, by a cell that foreach runs."""
    mx.random.seed(0)
    net = Recurrent(gluon.rnn.RNNCell, prefix="n_")
    net.initialize(mx.init.Xavier())
    net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.02})
    losses = []
    for _ in range(60):
        x = nd.random.uniform(-0.3, 0.3, shape=(4, 16, 3))
        with autograd.record():
            y = net(x, nd.zeros((16, 4)))[0]
            loss = ((y[-1][:, 0] - x.sum(axis=(0, 2))) ** 2).mean()
        loss.backward()
        trainer.step(1)
        losses.append(loss.asscalar())
    assert np.mean(losses[-5:]) < 0.15 * np.mean(losses[:5])


# ---- the NumPy dialect -----------------------------------------------------------------------
np_, npx = mx.np, mx.npx


class Everything(gluon.HybridBlock):
    """All three, as programs of MXNet 2 write them."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.layer = gluon.nn.Dense(3, in_units=3)

    def forward(self, x, s):
        def step(a, b):
            b = npx.relu(self.layer(a) + b)
            return b, b

        outputs, s = npx.foreach(step, x, s)
        powers, (n, s) = npx.while_loop(
            lambda n, q: n < 3, lambda n, q: (q * 2, (n + 1, q * 1.5)), (np_.array(0), s), 4
        )
        return outputs, powers, npx.cond(lambda a: a.sum() > 0, lambda a: 2 * a, np_.exp, [s]), n


@pytest.mark.parametrize("lengths", [(3, 5, 3)])
def test_control_flow_of_npx_equals_eager(lengths):
    mx.random.seed(4)
    net = Everything(prefix="n_")
    net.initialize(mx.init.Normal(0.4))
    batches = [[np_.random.normal(size=(T, 2, 3)), np_.zeros((2, 3))] for T in lengths]
    expected = [[x.asnumpy() for x in net(*data)] for data in batches]
    net.hybridize()
    for data, wanted in zip(batches, expected, strict=True):
        found = net(*data)
        assert all(type(x) is mx.np.ndarray for x in found)
        assert_same([x.asnumpy() for x in found], wanted)


def test_rows_of_np_vectors_have_no_axis():
    class Total(gluon.HybridBlock):
        def forward(self, x):
            return npx.foreach(lambda a, b: (a + b, a + b), x, np_.array(0.0))

    net = Total()
    for hybrid in (False, True):
        net.hybridize(hybrid)
        outputs, total = net(np_.arange(4.0))
        assert outputs.tolist() == [0, 1, 3, 6]
        assert (total.shape, total.item()) == ((), 6)


def test_symbols_go_through_npx_too():
    x, s = mx.sym.var("x"), mx.sym.var("s")
    outputs, _ = npx.foreach(lambda a, b: (a * b, b), x, s)
    found = outputs.eval(x=np_.arange(3.0), s=np_.array(2.0))[0]
    assert found.shape == (3,)
    assert found.asnumpy().tolist() == [0, 2, 4]
    loaded = mx.sym.load_json(outputs.tojson())
    assert loaded.infer_shape(x=(3,), s=())[1] == [(3,)]
