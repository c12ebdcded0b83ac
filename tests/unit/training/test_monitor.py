"""`mx.mon.Monitor` on bare executors: what it reports, when, and under which names."""

import logging

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym


@pytest.fixture
def executor():
    h = sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc")
    h = sym.Activation(h, act_type="tanh", name="act")
    made = sym.BatchNorm(h, name="bn").simple_bind(mx.cpu(), data=(4, 2))
    for name, array in made.arg_dict.items():
        array[:] = 0.5 if name.startswith("fc") else 1
    return made


def names(monitor, executor, *, train=True):
    monitor.install(executor)
    monitor.tic()
    executor.forward(is_train=train)
    return [name for _, name, _ in monitor.toc()]


def test_outputs_come_in_order_and_arguments_and_states_at_the_end(executor):
    found = names(mx.mon.Monitor(1), executor)
    assert found[:3] == ["fc_output", "act_output", "bn_output"]
    assert set(found[3:]) == {*executor.arg_dict, *executor.aux_dict}


def test_operands_are_reported_under_their_names_before_the_output(executor):
    found = names(mx.mon.Monitor(1, pattern="fc|act|bn_data", monitor_all=True), executor)
    assert found[:6] == ["fc_data", "fc_weight", "fc_bias", "fc_output", "act_data", "act_output"]
    assert "bn_data" in found


def test_the_figure_may_be_any_function_or_several(executor):
    monitor = mx.mon.Monitor(1, stat_func=lambda x: [x.max(), x.shape], pattern="fc_output")
    monitor.install(executor)
    monitor.tic()
    executor.forward()
    assert monitor.toc() == [(1, "fc_output", "1.5\t(4, 3)\t")]


def test_figures_are_written_as_float32_prints_them(executor):
    monitor = mx.mon.Monitor(1, stat_func=lambda x: x.sum() / 10, pattern="fc_bias")
    monitor.install(executor)
    executor.arg_dict["fc_bias"][:] = 1 / 3
    monitor.tic()
    assert monitor.toc() == [(1, "fc_bias", "0.1\t")]


def test_it_looks_every_so_many_batches_and_counts_all(executor):
    monitor = mx.mon.Monitor(3, pattern="act_output")
    monitor.install(executor)
    seen = []
    for _ in range(7):
        monitor.tic()
        executor.forward()
        seen += monitor.toc()
    assert [(step, name) for step, name, _ in seen] == [
        (1, "act_output"), (4, "act_output"), (7, "act_output"),
    ]  # fmt: skip
    assert float(seen[0][2]) == pytest.approx(np.tanh(1.5), rel=1e-5)


def test_an_executor_that_is_no_longer_watched_runs_without_it(executor):
    monitor = mx.mon.Monitor(1, pattern="act_output")
    monitor.install(executor)
    monitor.tic()
    monitor.uninstall(executor)
    executor.forward()
    assert monitor.toc() == []
    assert executor._monitor is None


def test_figures_are_logged_one_line_each(executor, caplog):
    monitor = mx.mon.Monitor(1, pattern="fc_", sort=True)
    monitor.install(executor)
    monitor.tic()
    executor.forward()
    with caplog.at_level(logging.INFO):
        monitor.toc_print()
    told = [record.getMessage().split()[:3] for record in caplog.records]
    assert told == [["Batch:", "1", f"fc_{x}"] for x in ("bias", "output", "weight")]


def test_a_gradient_gone_wrong_is_found_where_it_begins(executor):
    executor.arg_dict["fc_weight"][:] = np.nan
    monitor = mx.mon.Monitor(1, stat_func=lambda x: bool(np.isnan(x.asnumpy()).any()))
    found = {}
    monitor.install(executor)
    monitor.tic()
    executor.forward(is_train=True)
    executor.backward()
    for _, name, figure in monitor.toc():
        found.setdefault(name, figure)
    assert found["fc_output"] == found["act_output"] == "True\t"
    assert found["data"] == "False\t"


@pytest.mark.parametrize("interval", [0, "a", 0.5])
def test_an_interval_is_a_number_of_batches(interval):
    with pytest.raises(mx.errors.ParamError, match="an integer >= 1"):
        mx.mon.Monitor(interval)


def test_only_executors_are_watched():
    with pytest.raises(mx.errors.ArgumentError, match="for a module"):
        mx.mon.Monitor(1).install(3)
