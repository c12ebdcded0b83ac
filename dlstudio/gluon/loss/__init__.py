"""Losses: one number per sample (the mean over all other axes), for ``backward`` to start from.

All losses take `sample_weight`, an array that broadcasts to the element-wise loss.
"""

from typing import TYPE_CHECKING

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import lookup_that_teaches
from dlstudio.gluon.loss.base import Loss
from dlstudio.gluon.loss.base import alike as _reshape_like  # as losses of one's own import them
from dlstudio.gluon.loss.base import weighted as _apply_weighting
from dlstudio.gluon.loss.classification import (
    CTCLoss,
    KLDivLoss,
    SigmoidBCELoss,
    SigmoidBinaryCrossEntropyLoss,
    SoftmaxCELoss,
    SoftmaxCrossEntropyLoss,
)
from dlstudio.gluon.loss.margin import (
    CosineEmbeddingLoss,
    HingeLoss,
    LogisticLoss,
    SDMLLoss,
    SquaredHingeLoss,
    TripletLoss,
)
from dlstudio.gluon.loss.regression import HuberLoss, L1Loss, L2Loss, PoissonNLLLoss

__all__ = [
    "CTCLoss", "CosineEmbeddingLoss", "HingeLoss", "HuberLoss", "KLDivLoss", "L1Loss", "L2Loss",
    "LogisticLoss", "Loss", "PoissonNLLLoss", "SDMLLoss", "SigmoidBCELoss",
    "SigmoidBinaryCrossEntropyLoss", "SoftmaxCELoss", "SoftmaxCrossEntropyLoss", "SquaredHingeLoss",
    "TripletLoss", "_apply_weighting", "_reshape_like",
]  # fmt: skip

_ELSEWHERE = {  # names in other libraries
    "BCELoss": "SigmoidBCELoss(from_sigmoid=True)",
    "BCEWithLogitsLoss": "SigmoidBCELoss()",
    "CrossEntropyLoss": "SoftmaxCrossEntropyLoss()",
    "MSELoss": "L2Loss(), which is half the squared error",
    "NLLLoss": "SoftmaxCrossEntropyLoss(from_logits=True) for log probabilities",
}

if not TYPE_CHECKING:  # a type checker shall know which names there are
    __getattr__ = held_elsewhere(
        __name__, otherwise=lookup_that_teaches("mx.gluon.loss", globals(), _ELSEWHERE)
    )
