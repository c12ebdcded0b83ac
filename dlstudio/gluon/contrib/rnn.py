"""`gluon.contrib.rnn`: cells of `gluon.rnn` under the names of MXNet 1.9."""

import sys

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.gluon.rnn.conv_cells import *  # noqa: F403
from dlstudio.gluon.rnn.conv_cells import __all__ as _convolutional
from dlstudio.gluon.rnn.dynamic import dynamic_unroll
from dlstudio.gluon.rnn.modifiers import VariationalDropoutCell
from dlstudio.gluon.rnn.projected import LSTMPCell

__all__ = ["LSTMPCell", "VariationalDropoutCell", "dynamic_unroll", *_convolutional]  # noqa: PLE0604  strings

# MXNet's modules inside this one
rnn_cell = conv_rnn_cell = sys.modules[__name__]

__getattr__ = held_elsewhere(__name__, {}, "gluon.rnn")
