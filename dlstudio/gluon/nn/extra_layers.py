"""Branches side by side, identity, and pixel shuffling."""

from __future__ import annotations

from typing import Any

from dlstudio import nd
from dlstudio.gluon.block import Block
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.nn.basic_layers import HybridSequential, Sequential
from dlstudio.gluon.nn.pool_layers import spread

__all__ = [
    "Concatenate", "Concurrent", "HybridConcatenate", "HybridConcurrent", "Identity",
    "PixelShuffle1D", "PixelShuffle2D", "PixelShuffle3D", "SparseEmbedding",
]  # fmt: skip


class Concurrent(Sequential):
    """Feed one input to all blocks and join their outputs along `axis`.

    Parameters
    ----------
    axis : int
    prefix, params : see `Block`
    """

    def __init__(self, axis: int = -1, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """See the class."""
        from dlstudio import nd

        outputs = [block(x) for block in self._children.values()]
        return nd.concatenate(outputs, axis=self.axis)


class HybridConcurrent(HybridSequential):
    """Feed one input to all hybrid blocks and join their outputs along `axis`.

    Parameters
    ----------
    axis : int
    prefix, params : see `Block`
    """

    def __init__(self, axis: int = -1, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self.axis = axis

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return F.concat(*[block(x) for block in self._children.values()], dim=self.axis)


Concatenate, HybridConcatenate = Concurrent, HybridConcurrent  # MXNet 2.0's names


class Identity(HybridBlock):
    """Return the input; for branches of `HybridConcurrent`.

    Parameters
    ----------
    prefix, params : see `Block`
    """

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return x


class SparseEmbedding(Block):
    """Rows of a table in row_sparse storage, picked by index; its gradient is row_sparse too.

    Parameters
    ----------
    input_dim : int
        Number of rows (the vocabulary).
    output_dim : int
        Length of a row.
    dtype : dtype
    weight_initializer : Initializer or str
    prefix, params : see `Block`

    Notes
    -----
    Input of any shape (...) becomes (..., output_dim). The weight is read by
    ``weight.row_sparse_data(row_id)``.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kwargs = {
            "input_dim": input_dim, "output_dim": output_dim, "dtype": dtype, "sparse_grad": True,
        }  # fmt: skip
        self.weight = self.params.get(
            "weight", shape=(input_dim, output_dim), init=weight_initializer, dtype=dtype,
            grad_stype="row_sparse", stype="row_sparse",
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        """See the class."""
        return nd.Embedding(x, self.weight.row_sparse_data(x), **self._kwargs)

    def __repr__(self) -> str:
        facts = self._kwargs
        sizes = f"{facts['input_dim']} -> {facts['output_dim']}"
        return f"{type(self).__name__}({sizes}, {facts['dtype']})"


class _PixelShuffle(HybridBlock):
    """Turn channels into positions: (B, C·f₁⋯fₙ, …) to (B, C, …) with every axis f times as long.

    Parameters
    ----------
    factor : int or tuple
        How much longer each spatial axis becomes.

    References
    ----------
    Shi et al., "Real-Time Single Image and Video Super-Resolution", CVPR 2016.
    """

    _spatial = 2

    def __init__(self, factor: Any) -> None:
        super().__init__()
        self._factors = spread(factor, self._spatial, type(self).__name__, "factor")

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        n = self._spatial
        # (B, C·f.., s..) -> (B, C, f.., s..), one factor at a time: -4 splits an axis, -2 keeps the
        # rest
        for i, factor in enumerate(self._factors):
            x = F.reshape(x, (0,) * (1 + i) + (-4, -1, self._product(i), -2)) if i == 0 else x
            if i > 0:
                x = F.reshape(x, (0,) * (1 + i) + (-4, self._factors[i - 1], -1, -2))
            del factor
        order = [0, 1] + [a for i in range(n) for a in (2 + n + i, 2 + i)]
        x = F.transpose(x, axes=tuple(order))
        return F.reshape(x, (0, 0) + (-3,) * n)

    def _product(self, first: int) -> int:
        total = 1
        for factor in self._factors[first:]:
            total *= factor
        return total

    def __repr__(self) -> str:
        shown = self._factors[0] if self._spatial == 1 else self._factors
        return f"{type(self).__name__}({shown})"


class PixelShuffle1D(_PixelShuffle):
    """Turn channels into positions of 1-D data: `factor` times as many along each axis."""

    _spatial = 1


class PixelShuffle2D(_PixelShuffle):
    """Turn channels into positions of 2-D data: `factor` times as many along each axis."""

    _spatial = 2


class PixelShuffle3D(_PixelShuffle):
    """Turn channels into positions of 3-D data: `factor` times as many along each axis."""

    _spatial = 3
