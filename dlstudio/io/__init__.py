"""`mx.io`: descriptions of data, batches, and the iterators that modules train on."""

import sys

from dlstudio.io.arrays import NDArrayIter
from dlstudio.io.batches import DataBatch, DataDesc, DataIter
from dlstudio.io.det_records import ImageDetRecordIter
from dlstudio.io.image_records import ImageRecordInt8Iter, ImageRecordIter, ImageRecordUInt8Iter
from dlstudio.io.libsvm import LibSVMIter
from dlstudio.io.rounds import MXDataIter
from dlstudio.io.tables import CSVIter, MNISTIter
from dlstudio.io.wrapped import PrefetchingIter, ResizeIter

__all__ = [
    "CSVIter",
    "DataBatch",
    "DataDesc",
    "DataIter",
    "ImageDetRecordIter",
    "ImageRecordInt8Iter",
    "ImageRecordIter",
    "ImageRecordIter_v1",
    "ImageRecordUInt8Iter",
    "ImageRecordUInt8Iter_v1",
    "LibSVMIter",
    "MNISTIter",
    "MXDataIter",
    "NDArrayIter",
    "PrefetchingIter",
    "ResizeIter",
]

# the names of MXNet's first readers, which took the same parameters
ImageRecordIter_v1, ImageRecordUInt8Iter_v1 = ImageRecordIter, ImageRecordUInt8Iter

# MXNet's modules inside this one
io = utils = sys.modules[__name__]
