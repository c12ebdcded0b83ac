"""Networks as scikit-learn estimators."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, KFold, LeaveOneOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import dlstudio as mx
from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.interop.sklearn import GluonClassifier, GluonRegressor

IRIS = load_iris(return_X_y=True)


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [GluonClassifier(epochs=40, random_state=0), GluonRegressor(epochs=60, random_state=0)]
)
def test_estimators_pass_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_k_fold_and_leave_one_out():
    model = GluonClassifier(epochs=25, random_state=0)
    scores = cross_val_score(model, *IRIS, cv=KFold(3, shuffle=True, random_state=1))
    assert scores.mean() > 0.9
    few = slice(None, None, 15)
    alone = cross_val_score(model, IRIS[0][few], IRIS[1][few], cv=LeaveOneOut())
    assert len(alone) == 10
    assert alone.mean() > 0.5


def test_grid_search_over_a_pipeline():
    model = make_pipeline(StandardScaler(), GluonRegressor(epochs=20, random_state=0))
    grid = {"gluonregressor__learning_rate": [1e-9, 0.05]}
    search = GridSearchCV(model, grid, cv=2).fit(*load_diabetes(return_X_y=True))
    assert search.best_params_ == {"gluonregressor__learning_rate": 0.05}
    assert search.best_score_ > 0.3


def make_net(outputs):
    net = nn.HybridSequential()
    net.add(nn.Dense(16, activation="tanh"), nn.Dropout(0.1), nn.Dense(outputs))
    return net


def test_own_networks_are_pickled_with_their_weights():
    model = GluonClassifier(make_net, epochs=20, random_state=3, dtype="float32").fit(*IRIS)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(IRIS[0]), model.predict_proba(IRIS[0]))
    assert model.score(*IRIS) > 0.9
    assert len(model.loss_curve_) == 20


def test_fitting_leaves_the_random_generator_of_the_process_alone():
    mx.random.seed(5)
    want = mx.nd.random.normal(shape=3).asnumpy()
    mx.random.seed(5)
    GluonClassifier(epochs=1, random_state=0).fit(*IRIS)
    np.testing.assert_array_equal(mx.nd.random.normal(shape=3).asnumpy(), want)


def test_bad_counts_teach():
    with pytest.raises(ParamError, match="epochs=0"):
        GluonClassifier(epochs=0).fit(*IRIS)
