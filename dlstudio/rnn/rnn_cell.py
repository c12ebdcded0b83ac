"""All cells of `mx.rnn`, under the name that MXNet programs import them from."""

from dlstudio.rnn.base_cells import BaseRNNCell, RNNParams
from dlstudio.rnn.combined_cells import BidirectionalCell, SequentialRNNCell
from dlstudio.rnn.conv_cells import BaseConvRNNCell, ConvGRUCell, ConvLSTMCell, ConvRNNCell
from dlstudio.rnn.fused_cell import FusedRNNCell
from dlstudio.rnn.modifier_cells import DropoutCell, ModifierCell, ResidualCell, ZoneoutCell
from dlstudio.rnn.step_cells import GRUCell, LSTMCell, RNNCell

__all__ = [
    "BaseConvRNNCell", "BaseRNNCell", "BidirectionalCell", "ConvGRUCell", "ConvLSTMCell",
    "ConvRNNCell", "DropoutCell", "FusedRNNCell", "GRUCell", "LSTMCell", "ModifierCell", "RNNCell",
    "RNNParams", "ResidualCell", "SequentialRNNCell", "ZoneoutCell",
]  # fmt: skip
