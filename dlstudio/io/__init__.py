"""`mx.io`: descriptions of data, batches, and the iterators that modules train on."""

from dlstudio.io.arrays import NDArrayIter
from dlstudio.io.batches import DataBatch, DataDesc, DataIter
from dlstudio.io.libsvm import LibSVMIter

__all__ = ["DataBatch", "DataDesc", "DataIter", "LibSVMIter", "NDArrayIter"]
