"""Data sets, samplers, and the loader that makes batches of them."""

from dlstudio.gluon.data import batchify, datasets, vision
from dlstudio.gluon.data.buckets import BucketSampler
from dlstudio.gluon.data.dataloader import (
    DataLoader,
    default_batchify_fn,
    default_mp_batchify_fn,
)
from dlstudio.gluon.data.dataset import ArrayDataset, Dataset, RecordFileDataset, SimpleDataset
from dlstudio.gluon.data.sampler import (
    BatchSampler,
    FilterSampler,
    IntervalSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
)
from dlstudio.gluon.data.splits import k_fold, leave_one_out, train_test_split

__all__ = [
    "ArrayDataset",
    "BatchSampler",
    "BucketSampler",
    "DataLoader",
    "Dataset",
    "FilterSampler",
    "IntervalSampler",
    "RandomSampler",
    "RecordFileDataset",
    "Sampler",
    "SequentialSampler",
    "SimpleDataset",
    "batchify",
    "datasets",
    "default_batchify_fn",
    "default_mp_batchify_fn",
    "k_fold",
    "leave_one_out",
    "train_test_split",
    "vision",
]
