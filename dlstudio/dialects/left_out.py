"""Operators of MXNet that dlstudio leaves out on purpose, and why."""

from __future__ import annotations

import re

__all__ = ["LEFT_OUT", "reason"]

# pattern of the last part of a name -> why it is left out
LEFT_OUT: tuple[tuple[str, str], ...] = (
    (r"(contrib_)?dgl_\w+", "graph sampling of the library DGL"),
    (r"(contrib_)?intgemm_\w+", "kernels of the library intgemm"),
    (r"(contrib_)?(quantize_asym|quantized_rnn)", "operators of MKLDNN alone"),
    (r"(contrib_)?tvm_\w+", "kernels that the compiler TVM makes"),
    (r"_?(TensorRT|trt_\w+|sg_mkldnn_\w+|sg_onednn_\w+)", "internals of TensorRT and MKLDNN"),
)


def reason(name: str) -> str | None:
    """Say why the operator called `name` is left out; None if it is not on the list."""
    return next((why for pattern, why in LEFT_OUT if re.fullmatch(pattern, name)), None)
