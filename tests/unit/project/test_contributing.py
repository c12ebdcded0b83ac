"""The worked example of CONTRIBUTING.md is a whole operator."""

import re
import subprocess
import sys
from pathlib import Path

CONTRIBUTING = Path(__file__).parents[3] / "CONTRIBUTING.md"

# in a process of its own: the operator would stay in the table of this one
CHECK = """
import numpy as np
import dlstudio as mx
from dlstudio.core.registry import OPS
from dlstudio.testing import sweep, sweep_graph

op = OPS["scaled_softsign"]
cases = list(sweep.cases([op]))
problems = sweep.problems(cases, sweep.CHECKS) + sweep.problems(cases, sweep_graph.GRAPH_CHECKS)
assert not problems, problems
sweep.check_errors(op)
sweep.check_common_errors(op)
x = mx.nd.array([-1.0, 3.0])
np.testing.assert_allclose(mx.nd.contrib.scaled_softsign(x, scale=2).asnumpy(), [-1, 1.5])
y = mx.sym.contrib.scaled_softsign(mx.sym.var("x"), scale=2)
np.testing.assert_allclose(y.eval(x=x)[0].asnumpy(), [-1, 1.5])
assert mx.npx.scaled_softsign(x.as_np_ndarray()).shape == (2,)
assert "scale : a number" in mx.nd.contrib.scaled_softsign.__doc__
print("fine")
"""


def test_the_example_passes_the_sweep_and_appears_everywhere():
    blocks = re.findall(r"```python\n(.*?)```", CONTRIBUTING.read_text(encoding="utf-8"), re.S)
    (entry,) = [block for block in blocks if "@op(" in block]
    done = subprocess.run(
        [sys.executable, "-c", entry + CHECK], capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "fine", done.stderr
