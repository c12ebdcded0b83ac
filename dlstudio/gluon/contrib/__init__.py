"""Blocks under the names MXNet 1.9 keeps apart as contributed."""

from dlstudio.gluon.contrib import nn, rnn

__all__ = ["nn", "rnn"]
