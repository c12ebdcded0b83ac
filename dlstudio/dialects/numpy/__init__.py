"""NumPy manners: functions of `np` and `npx` written in terms of the core's operators.

Importing this package adds them to the operator table. `fallback` holds what NumPy itself computes.
"""

from dlstudio.dialects.numpy import extension, joining, layout, linalg, products, statistics

__all__ = ["extension", "joining", "layout", "linalg", "products", "statistics"]
