"""`mx.io`: descriptions of data, batches, and the iterators that modules train on."""

import sys

from dlstudio.io.arrays import NDArrayIter
from dlstudio.io.batches import DataBatch, DataDesc, DataIter
from dlstudio.io.libsvm import LibSVMIter

__all__ = ["DataBatch", "DataDesc", "DataIter", "LibSVMIter", "NDArrayIter"]

# MXNet's modules inside this one
io = utils = sys.modules[__name__]
