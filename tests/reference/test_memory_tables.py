"""No recorded network takes more than its lower bound allows, or than MXNet took."""

import pytest

from dlstudio import config
from tests.reference import memory_tables
from tests.reference.memory_tables import MIB, PACK

pytestmark = pytest.mark.skipif(
    not PACK.exists(), reason="the pack of recorded values is not part of this distribution"
)
CASES = [(name, mode) for name in memory_tables.networks() for mode in ("inference", "training")]


@pytest.mark.parametrize("kernels", ["numpy", "auto"])
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_arenas_stay_at_the_bound_and_below_mxnet(name, mode, kernels):
    with config.using(kernels=kernels):
        found = memory_tables.row(name, mode)
    assert found.batch == 32
    ours = found.ours
    assert ours.lower_bound_bytes <= ours.arena_bytes <= 1.02 * ours.lower_bound_bytes
    assert ours.arena_bytes <= ours.inplace_bytes <= ours.naive_bytes
    assert found.nbytes // MIB <= min(found.default, found.as_given)


@pytest.mark.parametrize("name", memory_tables.networks())
def test_mirroring_takes_no_more_than_without_nor_than_in_mxnet(name, monkeypatch):
    plain = memory_tables.row(name, "training")
    monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", "1")
    found = memory_tables.row(name, "training")
    assert found.nbytes <= plain.nbytes
    theirs = memory_tables.facts_of(name)["plans"]["mirror"]["training"]["total_mb"]
    assert found.nbytes // MIB <= theirs


@pytest.mark.parametrize("name", memory_tables.networks())
def test_the_arrays_of_the_user_are_the_recorded_ones(name):
    facts = memory_tables.facts_of(name)
    found = memory_tables.row(name, "training")
    assert found.ours.parameter_bytes == found.ours.gradient_bytes == facts["parameter_bytes"]
    assert found.ours.state_bytes == facts["aux_bytes"]


def test_the_table_says_what_it_counts(capsys, monkeypatch):
    monkeypatch.setattr(memory_tables, "networks", lambda: ["mlp", "lenet"])
    memory_tables.main()
    text = capsys.readouterr().out
    assert "Outputs are part of MXNet's figure" in text
    table = text.splitlines()[-5:]
    assert [line.split()[:2] for line in table[1:]] == [
        ["mlp", "inference"], ["mlp", "training"], ["lenet", "inference"], ["lenet", "training"],
    ]  # fmt: skip
    assert "1.0000" in table[-1]
