"""`mx.rnn`: recurrent cells of symbols, and the data and checkpoints that go with them.

This is MXNet's older API for recurrent networks, which builds symbols for `mx.mod.BucketingModule`;
`mx.gluon.rnn` is the newer one.
"""

from dlstudio.io import DataBatch, DataDesc, DataIter
from dlstudio.rnn import io, rnn, rnn_cell
from dlstudio.rnn.io import BucketSentenceIter, encode_sentences
from dlstudio.rnn.rnn import (
    do_rnn_checkpoint,
    load_checkpoint,
    load_rnn_checkpoint,
    rnn_unroll,
    save_checkpoint,
    save_rnn_checkpoint,
)
from dlstudio.rnn.rnn_cell import (
    BaseConvRNNCell,
    BaseRNNCell,
    BidirectionalCell,
    ConvGRUCell,
    ConvLSTMCell,
    ConvRNNCell,
    DropoutCell,
    FusedRNNCell,
    GRUCell,
    LSTMCell,
    ModifierCell,
    ResidualCell,
    RNNCell,
    RNNParams,
    SequentialRNNCell,
    ZoneoutCell,
)

__all__ = [
    "BaseConvRNNCell", "BaseRNNCell", "BidirectionalCell", "BucketSentenceIter", "ConvGRUCell",
    "ConvLSTMCell", "ConvRNNCell", "DataBatch", "DataDesc", "DataIter", "DropoutCell",
    "FusedRNNCell", "GRUCell", "LSTMCell", "ModifierCell", "RNNCell", "RNNParams", "ResidualCell",
    "SequentialRNNCell", "ZoneoutCell", "do_rnn_checkpoint", "encode_sentences", "io",
    "load_checkpoint", "load_rnn_checkpoint", "rnn", "rnn_cell", "rnn_unroll", "save_checkpoint",
    "save_rnn_checkpoint",
]  # fmt: skip
