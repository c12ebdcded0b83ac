from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, errors, nd
from dlstudio.trace import bus


def attached(*values):
    x = nd.array(values)
    x.attach_grad()
    return x


class TestGradReq:
    def test_write_overwrites_on_each_backward(self):
        x = attached(1, 2)
        for _ in range(2):
            with autograd.record():
                y = x * 3
            y.backward()
        assert x.grad.asnumpy().tolist() == [3, 3]

    def test_add_accumulates_until_zeroed(self):
        x = nd.array([1, 2])
        x.attach_grad("add")
        for _ in range(2):
            with autograd.record():
                y = x * 3
            y.backward()
        assert x.grad.asnumpy().tolist() == [6, 6]
        x.grad[:] = 0
        assert x.grad.asnumpy().tolist() == [0, 0]

    def test_null_keeps_no_buffer(self):
        x = nd.array([1, 2])
        x.attach_grad("null")
        assert x.grad is None

    def test_an_unknown_request_is_refused_by_name(self):
        with pytest.raises(errors.ParamError, match=r"grad_req.*'overwrite'"):
            nd.ones(2).attach_grad("overwrite")

    def test_the_buffer_stays_the_same_object(self):
        x = attached(1, 2)
        memory = x.grad._data
        with autograd.record():
            y = x * x
        y.backward()
        assert x.grad._data is memory


class TestBackward:
    def test_a_value_used_twice_collects_both_gradients(self):
        x = attached(2)
        with autograd.record():
            y = x * x + x
        y.backward()
        assert x.grad.asscalar() == 5

    def test_a_chain_of_ten_thousand_operators_does_not_overflow_the_stack(self):
        x = attached(1)
        with autograd.record():
            y = x
            for _ in range(10_000):
                y = y + 1
        y.backward()
        assert x.grad.asscalar() == 1

    def test_several_heads_with_weights(self):
        x = attached(1, 2)
        with autograd.record():
            y, z = x * 2, x * x
        autograd.backward([y, z], [nd.array([1, 0]), nd.array([0, 1])])
        assert x.grad.asnumpy().tolist() == [2, 4]

    def test_detach_and_pause_stop_the_gradient(self):
        x = attached(3)
        with autograd.record():
            y = x * x
            with autograd.pause():
                factor = y * 2
            z = y.detach() * x + factor
        z.backward()
        assert x.grad.asscalar() == 9

    def test_recording_belongs_to_one_thread(self):
        import threading

        seen = []
        with autograd.record():
            thread = threading.Thread(target=lambda: seen.append(autograd.is_recording()))
            thread.start()
            thread.join()
            assert autograd.is_recording()
        assert seen == [False]

    def test_saved_values_are_freed_as_backward_consumes_them(self):
        x = attached(*range(64))
        with autograd.record():
            hidden = nd.exp(x)
            y = hidden.sum()
        memory = weakref.ref(hidden._data)
        del hidden
        y.backward()
        gc.collect()
        assert memory() is None

    def test_an_addition_keeps_no_operands(self):
        x = attached(*range(64))
        with autograd.record():
            big = x * 2
            y = big + 1
        memory = weakref.ref(big._data)
        del big
        assert memory() is None
        y.backward()

    def test_third_order(self):
        x = attached(2)
        with autograd.record():
            y = x * x * x * x
            first = autograd.grad(y, x, create_graph=True)[0]
            second = autograd.grad(first, x, create_graph=True)[0]
            third = autograd.grad(second, x)[0]
        assert [g.asscalar() for g in (first, second, third)] == [32, 48, 48]


class TestMistakesAreExplained:
    def test_backward_without_record(self):
        x = attached(1)
        with pytest.raises(errors.GradError, match=r"with autograd\.record"):
            (x + 1).backward()

    def test_of_several_heads_the_wrong_one_is_named(self):
        x = attached(1, 2)
        with autograd.record():
            y = x * 2
        with pytest.raises(errors.GradError, match=r"backward was called on heads\[1\], an array"):
            autograd.backward([y, y * 0.5])

    def test_backward_twice(self):
        x = attached(1)
        with autograd.record():
            y = nd.exp(x)
        y.backward()
        with pytest.raises(errors.GradError, match="retain_graph=True"):
            y.backward()

    def test_backward_twice_when_asked_for(self):
        x = attached(1)
        with autograd.record():
            y = x * 2
        y.backward(retain_graph=True)
        y.backward()
        assert x.grad.asscalar() == 2

    def test_a_saved_value_changed_in_place(self):
        x = attached(1, 2)
        with autograd.record():
            y = nd.exp(x)
        y[:] = 0
        with pytest.raises(errors.StaleValueError, match=r"exp.*changed in place"):
            y.backward()
        assert x.grad.asnumpy().tolist() == [0, 0], "a failed backward leaves no gradient behind"

    def test_a_saved_value_changed_through_a_view(self):
        x = attached(1, 2)
        with autograd.record():
            y = nd.exp(x)
        y[0:1] = 0
        with pytest.raises(errors.StaleValueError):
            y.backward()

    def test_in_place_change_while_recorded(self):
        x = attached(1, 2)
        with autograd.record(), pytest.raises(errors.GradError, match="in place while recording"):
            x += 1

    def test_head_gradient_of_the_wrong_shape(self):
        x = attached(1, 2)
        with autograd.record():
            y = x * 2
        with pytest.raises(errors.ShapeError, match=r"head gradient.*\(3,\).*\(2,\)"):
            y.backward(nd.ones(3))

    def test_a_variable_without_a_path(self):
        x, z = attached(1), attached(2)
        with autograd.record():
            y = x * 2
        with pytest.raises(errors.GradError, match="no recorded operator leads"):
            autograd.grad(y, z)


class TestFunction:
    def test_its_backward_is_used(self):
        class Sigmoid(autograd.Function):
            def forward(self, x):
                y = 1 / (1 + nd.exp(-x))
                self.save_for_backward(y)
                return y

            def backward(self, dy):
                (y,) = self.saved_tensors
                return dy * y * (1 - y)

        x = attached(0, 1)
        with autograd.record():
            y = Sigmoid()(x)
        y.backward()
        s = 1 / (1 + np.exp(-np.array([0.0, 1.0])))
        np.testing.assert_allclose(x.grad.asnumpy(), s * (1 - s), rtol=1e-6)

    def test_a_wrong_number_of_gradients_is_explained(self):
        class Wrong(autograd.Function):
            def forward(self, x, y):
                return x + y

            def backward(self, dy):
                return dy

        x = attached(1)
        with autograd.record():
            z = Wrong()(x, x)
        with pytest.raises(errors.GradError, match="1 gradients"):
            z.backward()


def test_the_tape_can_be_read_as_a_symbol():
    x = attached(1, 2)
    with autograd.record():
        y = nd.exp(x * 2).sum()
    symbol = autograd.get_symbol(y)
    assert len(symbol.list_arguments()) == 1
    name = symbol.list_arguments()[0]
    got = symbol.eval(ctx=mx.cpu(), **{name: nd.array([1, 2])})[0]
    np.testing.assert_allclose(got.asnumpy(), y.asnumpy(), rtol=1e-6)
    y.backward()
    assert autograd.get_symbol(y).list_arguments() == symbol.list_arguments()


def test_moving_statistics_change_in_backward_not_in_forward():
    gamma, beta, mean, var = nd.ones(3), nd.zeros(3), nd.zeros(3), nd.ones(3)
    x = nd.random.normal(shape=(8, 3))
    x.attach_grad()
    with autograd.record():
        y = nd.BatchNorm(x, gamma, beta, mean, var, momentum=0.5)
    assert mean.asnumpy().tolist() == [0, 0, 0]
    y.backward()
    np.testing.assert_allclose(mean.asnumpy(), 0.5 * x.asnumpy().mean(axis=0), rtol=1e-5)


def test_what_backward_needs_is_known_per_dtype():
    x, y, whole = mx.np.ones((3,)), mx.np.ones((3,)), mx.np.ones((3,), dtype="int32")
    for other in (y, whole):
        x.attach_grad()
        with autograd.record():
            z = x / other
        z.backward()
        assert x.grad.asnumpy().tolist() == [1, 1, 1]


class TestConsumedGraphs:
    def test_a_state_carried_from_batch_to_batch_needs_no_detach(self):
        w = attached(2.0)
        state = nd.ones(1)
        for _ in range(3):
            with autograd.record():
                state = state * w
                loss = state.sum()
            loss.backward()
        # each step differentiates its own product only: the state before it is a constant
        np.testing.assert_array_equal(w.grad.asnumpy(), [4.0])
        np.testing.assert_array_equal(state.asnumpy(), [8.0])

    def test_only_constants_left_means_nothing_is_recorded(self):
        x = attached(1.0)
        with autograd.record():
            h = x * 2
            y = h * 3
        y.backward()
        with autograd.record():
            z = h * 5
        with pytest.raises(errors.GradError, match="not computed while recording"):
            z.backward()

    def test_earlier_steps_are_let_go(self):
        w, state = attached(0.5), nd.ones(1)
        for _ in range(4):
            with autograd.record():
                state = state * w
            state.backward()
            before, leaf = state._entry.parents
            assert before is None
            assert leaf[0] is w._entry


@pytest.mark.parametrize(
    ("call", "shapes", "unwanted"),
    [
        (nd.dot, ((2, 3), (3, 4)), "matmul"),
        (nd.batch_dot, ((2, 3, 4), (2, 4, 3)), "batch_dot"),
        (
            lambda x, w: mx.np.matmul(x.as_np_ndarray(), w.as_np_ndarray()),
            ((2, 3), (3, 2)),
            "matmul",
        ),
        (
            lambda x, w: nd.FullyConnected(x, w, num_hidden=4, no_bias=True),
            ((2, 3), (4, 3)),
            "matmul",
        ),
        (
            lambda x, w: nd.Convolution(x, w, kernel=(2, 2), num_filter=3, no_bias=True),
            ((2, 2, 4, 4), (3, 2, 2, 2)),
            "convolution_grad_data",
        ),
    ],
    ids=["dot", "batch_dot", "matmul", "dense", "convolution"],
)
def test_products_are_differentiated_only_where_it_is_wanted(call, shapes, unwanted):
    """The gradient of the data costs as much as the forward, and nobody asked for it."""
    ran = []
    stop = bus.subscribe(lambda event: ran.append(getattr(event, "op", "")))
    try:
        counts = []
        for both in (True, False):
            x, w = (nd.ones(shape) for shape in shapes)
            w.attach_grad()
            if both:
                x.attach_grad()
            with autograd.record():
                y = call(x, w)
            ran.clear()
            y.backward()
            counts.append(ran.count(unwanted))
    finally:
        stop()
    assert counts[1] == counts[0] - 1
