"""Activation functions as blocks."""

from __future__ import annotations

import math
from typing import Any

from dlstudio import initializer
from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import ParamError
from dlstudio.gluon.hybrid import HybridBlock

__all__ = ["ELU", "GELU", "SELU", "Activation", "LeakyReLU", "PReLU", "SiLU", "Swish"]


class Activation(HybridBlock):
    """An activation function by name.

    Parameters
    ----------
    activation : {"relu", "sigmoid", "tanh", "softrelu", "softsign"}
    prefix, params : see `Block`
    """

    def __init__(self, activation: str, **kwargs: Any) -> None:
        self._act_type = activation
        super().__init__(**kwargs)

    def _alias(self) -> str:
        return self._act_type

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._act_type})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return F.Activation(x, act_type=self._act_type, name="fwd")


class LeakyReLU(HybridBlock):
    """``x if x > 0 else alpha * x``.

    Parameters
    ----------
    alpha : float >= 0
        Slope of the negative side.
    prefix, params : see `Block`
    """

    def __init__(self, alpha: float, **kwargs: Any) -> None:
        if alpha < 0:
            raise ParamError(
                f"LeakyReLU: Slope coefficient for LeakyReLU must be no less than 0. Got {alpha}."
            )
        super().__init__(**kwargs)
        self._alpha = alpha

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return F.LeakyReLU(x, act_type="leaky", slope=self._alpha, name="fwd")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._alpha})"


class PReLU(HybridBlock):
    """Leaky ReLU whose slope is learned.

    Parameters
    ----------
    alpha_initializer : Initializer
    in_channels : int
        1 learns one slope, the number of channels one per channel.
    prefix, params : see `Block`

    References
    ----------
    He et al., "Delving Deep into Rectifiers", ICCV 2015.
    """

    def __init__(self, alpha_initializer: Any = None, in_channels: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        init = initializer.Constant(0.25) if alpha_initializer is None else alpha_initializer
        with self.name_scope():
            self.alpha = self.params.get("alpha", shape=(in_channels,), init=init)

    def hybrid_forward(self, F: Any, x: Any, alpha: Any) -> Any:
        """See the class."""
        return F.LeakyReLU(x, gamma=alpha, act_type="prelu", name="fwd")


class ELU(HybridBlock):
    """``x if x > 0 else alpha * (exp(x) - 1)``.

    Parameters
    ----------
    alpha : float
    prefix, params : see `Block`

    References
    ----------
    Clevert et al., "Fast and Accurate Deep Network Learning by ELUs", ICLR 2016.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._alpha = alpha

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return F.LeakyReLU(x, act_type="elu", slope=self._alpha)


class SELU(HybridBlock):
    """Scaled ELU, which keeps mean 0 and variance 1 through layers.

    Parameters
    ----------
    prefix, params : see `Block`

    References
    ----------
    Klambauer et al., "Self-Normalizing Neural Networks", NIPS 2017.
    """

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return F.LeakyReLU(x, act_type="selu", name="fwd")


class GELU(HybridBlock):
    r"""``x * Φ(x)``, Φ the normal distribution function.

    Parameters
    ----------
    approximation : {"erf", "tanh"}
        Exact, or :math:`x (1 + \tanh(\sqrt{2/\pi} (x + 0.044715 x^3))) / 2`.
    prefix, params : see `Block`

    References
    ----------
    Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
    """

    def __init__(self, approximation: str = "erf", **kwargs: Any) -> None:
        if approximation not in ("erf", "tanh"):
            raise ParamError(
                f"GELU: parameter approximation must be 'erf' or 'tanh'. Got {approximation!r}."
            )
        super().__init__(**kwargs)
        self._approximation = approximation

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        if self._approximation == "erf":
            return F.LeakyReLU(x, act_type="gelu", name="fwd")
        return 0.5 * x * (1 + F.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


class Swish(HybridBlock):
    """``x * sigmoid(beta * x)``.

    Parameters
    ----------
    beta : float
    prefix, params : see `Block`

    References
    ----------
    Ramachandran et al., "Searching for Activation Functions", 2017.
    """

    def __init__(self, beta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._beta = beta

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """See the class."""
        return x * F.sigmoid(self._beta * x, name="fwd")


class SiLU(Swish):
    """``x * sigmoid(x)``.

    Parameters
    ----------
    prefix, params : see `Block`
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1.0, **kwargs)


__getattr__ = held_elsewhere(__name__, {}, "gluon.nn")  # MXNet keeps them in fewer files
