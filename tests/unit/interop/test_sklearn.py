"""Networks as scikit-learn estimators."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.model_selection import GridSearchCV, KFold, LeaveOneOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import dlstudio as mx
from dlstudio import gluon
from dlstudio.errors import ParamError, ShapeError
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


def test_a_block_is_copied_by_every_fit_and_training_begins_with_its_weights():
    net = make_net(3)
    net.hybridize()
    grid = GridSearchCV(GluonClassifier(net, epochs=15, random_state=0), {"epochs": [1, 25]}, cv=2)
    assert grid.fit(IRIS[0], [f"kind {k}" for k in IRIS[1]]).best_params_ == {"epochs": 25}
    assert net[0].weight.shape == (16, 0)
    net.initialize()
    net(mx.nd.array(IRIS[0][:1]))
    model = GluonClassifier(net, epochs=1, learning_rate=1e-12).fit(*IRIS)
    np.testing.assert_allclose(
        model.net_[0].weight.data().asnumpy(), net[0].weight.data().asnumpy(), rtol=1e-6
    )


def test_an_optimizer_and_its_schedule_are_copied_by_every_fit():
    adam = mx.optimizer.Adam(learning_rate=0.05)
    model = clone(GluonClassifier(epochs=15, optimizer=adam, random_state=0))
    first, second = (model.fit(*IRIS).predict_proba(IRIS[0]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert adam.num_update == 0
    assert model.score(*IRIS) > 0.9
    steps = {"lr_scheduler": mx.lr_scheduler.FactorScheduler(3, 0.5)}
    model = GluonClassifier(epochs=3, optimizer_params=steps, random_state=0)
    first, second = (model.fit(*IRIS).predict_proba(IRIS[0]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_images_are_classified_in_their_own_shape():
    images, labels = load_digits(return_X_y=True)
    net = nn.HybridSequential()
    net.add(nn.Conv2D(8, 3, activation="relu"), nn.MaxPool2D(2), nn.Dense(10))
    model = GluonClassifier(net, epochs=3, dtype="float32", random_state=0)
    model.fit(images.reshape(-1, 1, 8, 8) / 16, labels)
    again = pickle.loads(pickle.dumps(model))
    assert again.score(images.reshape(-1, 1, 8, 8) / 16, labels) > 0.9


def test_one_output_decides_between_two_classes():
    loss = gluon.loss.SigmoidBCELoss()
    model = GluonClassifier(nn.Dense(1), loss=loss, epochs=30, random_state=0)
    data, labels = IRIS[0][:100], np.array(["no", "yes"])[IRIS[1][:100]]
    assert model.fit(data, labels).score(data, labels) > 0.95
    odds = model.predict_proba(data)
    np.testing.assert_allclose(odds.sum(axis=1), 1)


@pytest.mark.parametrize("net", [nn.Dense(5), lambda outputs: nn.Dense(outputs - 1)])
def test_networks_with_a_wrong_number_of_outputs_teach(net):
    with pytest.raises(ShapeError, match=r"end the network with nn\.Dense\(3\)"):
        GluonClassifier(net, epochs=1).fit(*IRIS)


def test_fitting_leaves_the_random_generator_of_the_process_alone():
    mx.random.seed(5)
    want = mx.nd.random.normal(shape=3).asnumpy()
    mx.random.seed(5)
    GluonClassifier(epochs=1, random_state=0).fit(*IRIS)
    np.testing.assert_array_equal(mx.nd.random.normal(shape=3).asnumpy(), want)


def test_bad_counts_teach():
    with pytest.raises(ParamError, match="epochs=0"):
        GluonClassifier(epochs=0).fit(*IRIS)


def test_a_width_may_stand_alone_and_what_is_no_network_teaches():
    assert len(GluonRegressor(hidden=5, epochs=1).fit(*IRIS).net_) == 2
    with pytest.raises(ParamError, match="net='mlp'"):
        GluonClassifier("mlp", epochs=1).fit(*IRIS)
