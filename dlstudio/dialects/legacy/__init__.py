"""MXNet 1.x manners: operators of `nd` and `sym` written in terms of the core's.

Importing this package adds them to the operator table.
"""

from dlstudio.dialects.legacy import density, layout, linalg, ordering, reductions, selection

__all__ = ["density", "layout", "linalg", "ordering", "reductions", "selection"]
