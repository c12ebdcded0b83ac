"""The sampler that MXNet 1.9 keeps here."""

from dlstudio.gluon.data.sampler import IntervalSampler

__all__ = ["IntervalSampler"]
