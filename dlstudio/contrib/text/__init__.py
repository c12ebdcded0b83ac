"""`mx.contrib.text`: counting tokens, numbering them, and vectors that stand for them."""

from dlstudio.contrib.text import embedding, utils, vocab

__all__ = ["embedding", "utils", "vocab"]
