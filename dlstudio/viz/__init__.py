"""Static pictures of networks: `plot_network`, `print_summary`, and the files of GraphView."""

from dlstudio.viz.cost import Cost, count_cost
from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode, drawing_of
from dlstudio.viz.network import Plot, plot_network
from dlstudio.viz.summary import print_summary

__all__ = [
    "Cost", "DrawEdge", "DrawNode", "Drawing", "Plot", "count_cost", "drawing_of", "plot_network",
    "print_summary",
]  # fmt: skip
