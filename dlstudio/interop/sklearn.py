"""Networks as scikit-learn estimators: in pipelines, `cross_val_score`, `GridSearchCV`.

>>> from dlstudio.interop.sklearn import GluonClassifier
>>> from sklearn.datasets import load_iris
>>> from sklearn.model_selection import cross_val_score
>>> model = GluonClassifier(epochs=30, random_state=0)
>>> scores = cross_val_score(model, *load_iris(return_X_y=True))
>>> bool(scores.mean() > 0.9)
True
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from dlstudio import autograd, gluon, nd
from dlstudio import optimizer as mx_optimizer
from dlstudio.core import random
from dlstudio.errors import ParamError, ShapeError, explain, missing_extra

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data
except ImportError as error:
    raise missing_extra("scikit-learn", "sklearn", "dlstudio.interop.sklearn") from error

__all__ = ["GluonClassifier", "GluonRegressor"]

Array = np.ndarray[Any, Any]
_ROWS = 1024  # samples that `predict` computes at once: images of a whole data set may not fit


class _GluonEstimator(BaseEstimator):
    """What both estimators share: building, training and applying the network."""

    _n_outputs: int
    _shape: tuple[int, ...]

    def __init__(
        self,
        net: Callable[[int], Any] | gluon.Block | None = None,
        *,
        hidden: int | Sequence[int] = (32,),
        loss: Any = None,
        optimizer: str | mx_optimizer.Optimizer = "adam",
        optimizer_params: dict[str, Any] | None = None,
        learning_rate: float = 0.01,
        batch_size: int = 32,
        epochs: int = 100,
        dtype: str = "float64",
        ctx: Any = None,
        random_state: Any = None,
    ) -> None:
        self.net = net
        self.hidden = hidden
        self.loss = loss
        self.optimizer = optimizer
        self.optimizer_params = optimizer_params
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.dtype = dtype
        self.ctx = ctx
        self.random_state = random_state

    # ---- training --------------------------------------------------------------------------
    def _build(self, outputs: int) -> Any:
        if isinstance(self.net, gluon.Block):
            return copy.deepcopy(self.net)
        if callable(self.net):
            return self.net(outputs)
        if self.net is not None:
            raise ParamError(
                explain(
                    f"net={self.net!r} is neither a function nor a block.",
                    "what makes the network, or the network.",
                    "net=lambda outputs: nn.Dense(outputs)",
                )
            )
        net = gluon.nn.HybridSequential()
        net.add(*(gluon.nn.Dense(int(w), activation="relu") for w in np.atleast_1d(self.hidden)))
        net.add(gluon.nn.Dense(outputs))
        return net

    def _train(self, data: Array, targets: Array, outputs: int) -> None:
        _check_counts(self.batch_size, self.epochs)
        rng = check_random_state(self.random_state)
        with _seeded(self.random_state, rng):
            self._shape = data.shape[1:]
            self.net_ = self._prepared(outputs)
            trainer = self._trainer()
            self.loss_curve_ = [
                self._epoch(trainer, data, targets, rng.permutation(len(data)))
                for _ in range(self.epochs)
            ]
        self.n_iter_ = self.epochs

    def _prepared(self, outputs: int) -> Any:
        """Build the network, and run it once so that every parameter has its shape."""
        net = self._build(outputs)
        with warnings.catch_warnings():  # weights that are there stay: training goes on from them
            warnings.filterwarnings("ignore", ".* is already initialized")
            net.initialize(ctx=self.ctx)
        net.cast(self.dtype)
        self._check(net(self._tensor(np.zeros((1, *self._shape)))), outputs)
        return net

    def _check(self, out: Any, outputs: int) -> None:
        if out.shape != (1, outputs):
            raise ShapeError(
                explain(
                    f"the network answers {out.shape} for one sample of shape {self._shape}.",
                    f"(1, {outputs}): one number per class or target.",
                    f"end the network with nn.Dense({outputs})",
                )
            )

    def _trainer(self) -> gluon.Trainer:
        weights = self.net_.collect_params()
        # optimizers and schedulers count steps: another fit begins anew
        optimizer, options = copy.deepcopy((self.optimizer, self.optimizer_params))
        if isinstance(optimizer, str):
            options = {"learning_rate": self.learning_rate, **(options or {})}
        return gluon.Trainer(weights, optimizer, options)

    def _epoch(self, trainer: Any, data: Array, targets: Array, order: Array) -> float:
        """Train on all samples once, in this order; answer the mean loss."""
        loss_of, total = self._loss(), 0.0
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            with autograd.record():
                out = self.net_(self._tensor(data[rows]))
                loss = loss_of(out, self._tensor(targets[rows]))
            loss.backward()
            trainer.step(len(rows))
            total += float(loss.sum().asscalar())
        return total / len(order)

    def _loss(self) -> Any:
        return gluon.loss.L2Loss() if self.loss is None else self.loss

    def _tensor(self, array: Array) -> Any:
        return nd.array(array, ctx=self.ctx, dtype=self.dtype)

    # ---- application -----------------------------------------------------------------------
    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self, "net_")
        data: Any = validate_data(self, X, dtype=self.dtype, reset=False, allow_nd=True)
        parts = [data[start : start + _ROWS] for start in range(0, len(data), _ROWS)]
        return np.concatenate([self.net_(self._tensor(part)).asnumpy() for part in parts])

    # ---- copies ----------------------------------------------------------------------------
    def __getstate__(self) -> dict[str, Any]:
        """State for pickles: the weights stand for the network."""
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[arg-type]
        net = state.pop("net_", None)
        if net is not None:
            named = net._collect_params_with_prefix()
            state["weights_"] = {name: p.data().asnumpy() for name, p in named.items()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the network anew and give it the weights."""
        weights = state.pop("weights_", None)
        super().__setstate__(state)
        if weights is None:
            return
        self.net_ = self._prepared(self._n_outputs)
        named = self.net_._collect_params_with_prefix()
        for name, value in weights.items():
            named[name].set_data(self._tensor(value))


_PARAMETERS = """
    Parameters
    ----------
    net : callable or Block, optional
        ``net(outputs)`` makes a block that maps (B, features) or, of images, (B, C, H, W) to
        (B, outputs); weights that it has already are where training begins. Of a block, every `fit`
        trains a copy. By default dense layers with ReLU.
    hidden : int or sequence of int
        Widths of the default network's hidden layers.
    loss : gluon.loss.Loss, optional
        By default {loss}.
    optimizer : str or Optimizer
    optimizer_params : dict, optional
        Further arguments of an optimizer given by name.
    learning_rate : float
        Of an optimizer given by name.
    batch_size : int
    epochs : int
        How often all samples are shown.
    dtype : str
        Of the computation; "float32" is faster, "float64" agrees with scikit-learn to all digits.
    ctx : Device, optional
    random_state : int, RandomState or None
        Of initial weights, shuffling and dropout; a number makes `fit` repeat itself.

    Attributes
    ----------
    net_ : Block
        The trained network.
    loss_curve_ : list of float
        Mean loss of each epoch.
    n_iter_ : int
        Number of epochs.
    n_features_in_ : int
"""


class GluonClassifier(ClassifierMixin, _GluonEstimator):
    """A network that classifies; see the parameters below."""

    def fit(self, X: Any, y: Any) -> Self:
        """Train on samples (N, features) or (N, C, H, W) and their labels (N,) of any kind."""
        X, y = validate_data(self, X, y, dtype=self.dtype, allow_nd=True)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._n_outputs = max(2, len(self.classes_))
        self._train(X, codes, self._n_outputs)
        return self

    def _loss(self) -> Any:
        return gluon.loss.SoftmaxCrossEntropyLoss() if self.loss is None else self.loss

    def _check(self, out: Any, outputs: int) -> None:
        if out.shape != (1, 1) or outputs > 2 or self.loss is None:
            super()._check(out, outputs)

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of the classes, (N, classes)."""
        scores = self._outputs(X)
        if scores.shape[1] == 1:  # of the second of two classes, for SigmoidBCELoss
            scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))[:, : len(self.classes_)]
        return odds / odds.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Array:
        """Label of the most probable class, (N,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]


class GluonRegressor(RegressorMixin, _GluonEstimator):
    """A network that predicts numbers; see the parameters below."""

    def fit(self, X: Any, y: Any) -> Self:
        """Train on samples (N, features) or (N, C, H, W) and targets (N,) or (N, outputs)."""
        X, y = validate_data(
            self, X, y, dtype=self.dtype, allow_nd=True, multi_output=True, y_numeric=True
        )
        self._flat = y.ndim == 1
        targets = y.reshape(len(y), -1).astype(self.dtype)
        self._n_outputs = targets.shape[1]
        self._train(X, targets, self._n_outputs)
        return self

    def predict(self, X: Any) -> Array:
        """Predicted targets in the shape they were given."""
        found = self._outputs(X)
        return found[:, 0] if self._flat else found

    def __sklearn_tags__(self) -> Any:
        """Say that several targets are welcome."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


for _cls, _default in (
    (GluonClassifier, "SoftmaxCrossEntropyLoss"),
    (GluonRegressor, "L2Loss"),
):
    _cls.__doc__ = f"{_cls.__doc__}\n{_PARAMETERS.format(loss=_default)}"


def _check_counts(batch_size: Any, epochs: Any) -> None:
    for name, value, usual in (("batch_size", batch_size, 32), ("epochs", epochs, 100)):
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ParamError(
                explain(f"{name}={value!r}", "an integer of at least 1.", f"{name}={usual}")
            )


@contextmanager
def _seeded(random_state: Any, rng: np.random.RandomState) -> Iterator[None]:
    """Seed the generators of this process for a while, if a random state was given."""
    if random_state is None:
        yield
        return
    before = random.get_state()
    random.seed(int(rng.randint(2**31 - 1)))
    try:
        yield
    finally:
        random.set_state(before)
