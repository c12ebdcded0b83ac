"""Put one compiled kernel in the place of several equations.

What is fused, each only where a kernel for the result is ready:

- FullyConnected and relu; the gradients of relu and bias;
- Convolution and relu, and a 2 x 2 maximum pooling behind them, with their backward halves, so that
  neither the convolution's output nor its gradient is ever stored at full size;
- the cross-entropy of class numbers: log_softmax, pick and their gradients.

A value that somebody else reads, or that is an output of the graph, keeps its equation.
"""

from __future__ import annotations

from dlstudio.graph.ir import Graph
from dlstudio.graph.passes.fuse_layers import fuse_bias_gradient, fuse_convolution, fuse_dense
from dlstudio.graph.passes.fuse_loss import fuse_cross_entropy
from dlstudio.graph.passes.rewrite import Rewrite

__all__ = ["fuse"]

_RULES = {
    "relu_grad": fuse_bias_gradient,
    "FullyConnected": fuse_dense,
    "Convolution": fuse_convolution,
    "log_softmax": fuse_cross_entropy,
}


def fuse(graph: Graph) -> Graph:
    """Fuse what can be fused; the graph itself if nothing can.

    Parameters
    ----------
    graph : Graph
        Placed, gradients appended.

    Returns
    -------
    Graph
        Values that remain keep their numbers.
    """
    from dlstudio import kernels

    if kernels.mode() == "numpy":
        return graph
    work = Rewrite(graph)
    for k, eqn in enumerate(graph.eqns):
        rule = _RULES.get(eqn.op.name)
        if rule is not None and k not in work.removed and eqn.device.startswith("cpu"):
            rule(work, k)
    return work.finish()
