"""How long a fresh installation takes to its first training step, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

# Times from the start of the interpreter; what the learner's process has had to load by then.
_PROGRAM = """
import time
begin = time.perf_counter()
import json, sys
import dlstudio as mx
from tests.bench import ours
step = ours.Training("LeNet", hybrid=True)
started = time.perf_counter()
step().wait_to_read()
print(json.dumps({
    "started": started - begin,
    "done": time.perf_counter() - begin,
    "cpu": time.process_time(),
    "numba": "numba" in sys.modules,
    "told": mx.kernels.announcement(),
}))
"""


def first_step() -> dict[str, Any]:
    """Train one step of LeNet with no compiled kernel on disk.

    Returns
    -------
    dict
        ``started`` and ``done``: seconds until the step began and ended; ``cpu``: processor seconds
        of the process; ``numba``: whether it loaded the compiler; ``told``: what the learner reads.
    """
    with tempfile.TemporaryDirectory() as empty:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "DLSTUDIO_CACHE": empty,
            "DLSTUDIO_KERNELS": "auto",
        }
        answer = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
    return json.loads(answer.stdout.splitlines()[-1])
