"""Metrics: running figures over the batches of an epoch.

``metric.update(labels, preds)`` takes lists of arrays (one per output of the network) and adds a
batch; ``metric.get()`` answers the figure since the last ``reset()``. Everything is computed with
NumPy, so that measuring never disturbs the tape or the device.
"""

from typing import TYPE_CHECKING

from dlstudio.base import numeric_types, string_types
from dlstudio.errors import lookup_that_teaches
from dlstudio.metric.base import (
    CompositeEvalMetric,
    EvalMetric,
    alias,
    check_label_shapes,
    create,
    register,
)
from dlstudio.metric.classification import F1, MCC, PCC, Accuracy, TopKAccuracy
from dlstudio.metric.custom import Caffe, CustomMetric, Loss, Torch, np
from dlstudio.metric.probability import CrossEntropy, NegativeLogLikelihood, Perplexity
from dlstudio.metric.regression import (
    MAE,
    MSE,
    RMSE,
    MeanCosineSimilarity,
    MeanPairwiseDistance,
    PearsonCorrelation,
)
from dlstudio.metric.tables import ConfusionMatrix, Precision, Recall
from dlstudio.metric.threshold import BinaryAccuracy, Fbeta

__all__ = [
    "F1",
    "MAE",
    "MCC",
    "MSE",
    "PCC",
    "RMSE",
    "Accuracy",
    "BinaryAccuracy",
    "Caffe",
    "CompositeEvalMetric",
    "ConfusionMatrix",
    "CrossEntropy",
    "CustomMetric",
    "EvalMetric",
    "Fbeta",
    "Loss",
    "MeanCosineSimilarity",
    "MeanPairwiseDistance",
    "NegativeLogLikelihood",
    "PearsonCorrelation",
    "Perplexity",
    "Precision",
    "Recall",
    "TopKAccuracy",
    "Torch",
    "alias",
    "check_label_shapes",
    "create",
    "np",
    "numeric_types",
    "register",
    "string_types",
]  # fmt: skip

if not TYPE_CHECKING:  # a type checker shall know which names there are
    __getattr__ = lookup_that_teaches("mx.metric", globals())
