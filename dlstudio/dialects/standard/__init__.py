"""The Python array API standard, revision 2024.12: names, signatures and rules of its namespace.

`signatures` says which operator of the table stands behind which name of the standard, `build`
makes the functions; what is more than an operator call is written out in `creation`, `dtypes`,
`functions` and `linalg`. `operators` adds the few operators that only the standard has.
`departures` lists where `mx.np` differs, and `protocols` lets NumPy's own functions take our
arrays.
"""

from __future__ import annotations

from dlstudio.dialects.standard import operators

__all__ = ["operators"]
