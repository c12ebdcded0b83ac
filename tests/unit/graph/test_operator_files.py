"""Every operator, by its own samples: what is written into a symbol file is what is read."""

import pytest

from dlstudio.graph.symbol import create, load_json, var
from dlstudio.testing import sweep


def _written(case):
    """One call as a symbol, or None where it cannot be one."""
    inputs = list(case.sample.inputs)
    while inputs and inputs[-1] is None:
        inputs.pop()
    if any(x is None for x in inputs) or case.op.n_visible(case.attrs) == 0:
        return None
    variables = [var(f"input{i}") for i in range(len(inputs))]
    return create(case.op, variables, dict(case.sample.attrs), name="node")


# made by the compiler, with compiled graphs inside: no symbol holds them
OPERATORS = [op for op in sweep.operators() if op.name not in ("graph_loop", "graph_branch")]


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.name)
def test_a_file_holds_the_whole_call(op):
    for case in sweep.cases([op]):
        symbol = _written(case)
        if symbol is None:
            continue
        text = symbol.tojson(remove_amp_cast=False)
        again = load_json(text)
        node, read = symbol.outputs_[0][0], again.outputs_[0][0]
        assert read.op is node.op
        # repr tells 2 from 2.0 and nan from nothing
        assert repr(sorted(read.attrs.items())) == repr(sorted(node.attrs.items()))
        assert again.tojson(remove_amp_cast=False) == text
