"""What `import dlstudio` loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys

_FOREIGN = """
import json, sys
import numpy
before = set(sys.modules)
import dlstudio
dlstudio.nd, dlstudio.sym, dlstudio.autograd, dlstudio.gluon
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(loaded - set(sys.stdlib_module_names) - {"dlstudio", "numpy"})))
"""

_WITHOUT_NUMBA = """
import importlib.util
assert importlib.util.find_spec("numba") is None
try:
    import numba
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("numba was imported")
import dlstudio as mx
print(mx.nd.ones((2, 3)).sum().asscalar())
"""


def python(code, **environment):
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **environment},
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_only_numpy_and_the_standard_library_are_loaded():
    assert json.loads(python(_FOREIGN)) == []


def test_the_engine_runs_where_numba_is_hidden(repository):
    hidden = str(repository / "tests" / "without_numba")

    assert python(_WITHOUT_NUMBA, PYTHONPATH=hidden).strip() == "6.0"
