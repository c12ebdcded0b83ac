"""Well-known networks, with MXNet's parameter names, so that its published weights load."""

from dlstudio.gluon.model_zoo import model_store, vision

__all__ = ["model_store", "vision"]
