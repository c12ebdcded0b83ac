"""Recurrent networks: cells that compute one step, layers that compute a whole sequence."""

import sys
from typing import TYPE_CHECKING

from dlstudio.errors import lookup_that_teaches
from dlstudio.gluon.rnn.cells import (
    GRUCell,
    HybridRecurrentCell,
    LSTMCell,
    RecurrentCell,
    RNNCell,
)
from dlstudio.gluon.rnn.containers import (
    BidirectionalCell,
    HybridSequentialRNNCell,
    SequentialRNNCell,
)
from dlstudio.gluon.rnn.conv_cells import (
    Conv1DGRUCell,
    Conv1DLSTMCell,
    Conv1DRNNCell,
    Conv2DGRUCell,
    Conv2DLSTMCell,
    Conv2DRNNCell,
    Conv3DGRUCell,
    Conv3DLSTMCell,
    Conv3DRNNCell,
)
from dlstudio.gluon.rnn.dynamic import dynamic_unroll
from dlstudio.gluon.rnn.layers import GRU, LSTM, RNN
from dlstudio.gluon.rnn.modifiers import (
    DropoutCell,
    ModifierCell,
    ResidualCell,
    VariationalDropoutCell,
    ZoneoutCell,
)
from dlstudio.gluon.rnn.projected import LSTMPCell

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "BidirectionalCell",
    "Conv1DGRUCell",
    "Conv1DLSTMCell",
    "Conv1DRNNCell",
    "Conv2DGRUCell",
    "Conv2DLSTMCell",
    "Conv2DRNNCell",
    "Conv3DGRUCell",
    "Conv3DLSTMCell",
    "Conv3DRNNCell",
    "DropoutCell",
    "GRUCell",
    "HybridRecurrentCell",
    "HybridSequentialRNNCell",
    "LSTMCell",
    "LSTMPCell",
    "ModifierCell",
    "RNNCell",
    "RecurrentCell",
    "ResidualCell",
    "SequentialRNNCell",
    "VariationalDropoutCell",
    "ZoneoutCell",
    "dynamic_unroll",
]

# MXNet's modules inside this one
rnn_cell = rnn_layer = conv_rnn_cell = sys.modules[__name__]

if not TYPE_CHECKING:  # a type checker shall know which names there are
    __getattr__ = lookup_that_teaches("mx.gluon.rnn", globals())
