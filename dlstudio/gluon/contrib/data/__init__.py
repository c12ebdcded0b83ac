"""Data sets, loaders and samplers under the names MXNet 1.9 keeps apart as contributed."""

from dlstudio.gluon.contrib.data import sampler, text, vision
from dlstudio.gluon.contrib.data.sampler import IntervalSampler

__all__ = ["IntervalSampler", "sampler", "text", "vision"]
