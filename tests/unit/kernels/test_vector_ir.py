"""Block sizes follow the vector unit, and kernels work on a narrower one than this machine's."""

import os
import platform
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dlstudio.kernels import cache

if not cache.has_numba():
    pytest.skip("needs numba: pip install numba", allow_module_level=True)

from dlstudio.kernels.vector_ir import Machine, machine

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("features", "triple", "expected"),
    [
        ({"avx512f": True, "avx": True}, "x86_64-unknown-linux-gnu", Machine(16, 32)),
        ({"avx512f": False, "avx": True}, "x86_64-pc-windows-msvc", Machine(8, 16)),
        ({"avx": False}, "x86_64-apple-darwin", Machine(4, 16)),
        ({"neon": True}, "arm64-apple-darwin", Machine(4, 32)),
        ({"sve": True}, "aarch64-unknown-linux-gnu", Machine(4, 32)),
        ({}, "riscv64-unknown-linux-gnu", Machine(4, 16)),
    ],
)
def test_the_vector_unit_is_read_off_the_cpu(features, triple, expected):
    assert machine(features, triple) == expected


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="hides x86 features")
@pytest.mark.xdist_group("kernels")
def test_convolution_on_a_cpu_without_avx(tmp_path):
    program = """
        import llvmlite.binding as llvm
        known = llvm.get_host_cpu_features

        def older():
            features = known()
            for name in features:
                if name.startswith(("avx", "fma", "f16c", "vaes", "vpcl", "gfni", "xop")):
                    features[name] = False
            return features

        llvm.get_host_cpu_features = older
        llvm.get_host_cpu_name = lambda: "nehalem"
        from dlstudio.kernels.vector_ir import LANES
        from tests.unit.kernels import test_conv
        assert LANES == 4
        test_conv.check(3, 6, (9, 7), 16, (3, 3), (1, 1), (1, 1), (1, 1), 1)
        test_conv.check(2, 1, (16, 16), 6, (5, 5), (1, 1), (1, 1), (2, 2), 1)
        test_conv.check(2, 4, (9, 9), 8, (3, 3), (2, 2), (1, 1), (1, 1), 2)
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT, check=True, timeout=110,
        env={**os.environ, "DLSTUDIO_CACHE": str(tmp_path), "DLSTUDIO_KERNELS": "compiled"},
    )  # fmt: skip
