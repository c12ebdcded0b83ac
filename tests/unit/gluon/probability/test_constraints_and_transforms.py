"""Sets of values, their errors, and the transformations that lead to them."""

import numpy
import pytest
from scipy import stats

import dlstudio as mx
from dlstudio import autograd, np
from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.gluon import probability as mgp

C = mgp.constraint
X = numpy.array([-1.2, 0.3, 2.0])

INSIDE = [
    (C.Real(), -2.0, numpy.nan),
    (C.Boolean(), 1, 0.5),
    (C.Interval(0, 1), 1, 1.1),
    (C.OpenInterval(0, 1), 0.5, 1),
    (C.HalfOpenInterval(0, 1), 0, 1),
    (C.UnitInterval(), 1, -0.1),
    (C.IntegerInterval(0, 3), 3, 2.5),
    (C.IntegerOpenInterval(0, 3), 2, 3),
    (C.IntegerHalfOpenInterval(0, 3), 0, 3),
    (C.GreaterThan(1), 1.5, 1),
    (C.GreaterThanEq(1), 1, 0.5),
    (C.IntegerGreaterThan(1), 2, 1),
    (C.IntegerGreaterThanEq(1), 1, 1.5),
    (C.LessThan(1), 0.5, 1),
    (C.LessThanEq(1), 1, 1.5),
    (C.IntegerLessThan(1), 0, 1),
    (C.IntegerLessThanEq(1), 1, 0.5),
    (C.Positive(), 1, 0),
    (C.NonNegative(), 0, -1),
    (C.PositiveInteger(), 1, 0),
    (C.NonNegativeInteger(), 0, 0.5),
    (C.Simplex(), [0.2, 0.8], [0.3, 0.8]),
    (C.LowerTriangular(), [[1.0, 0.0], [2.0, -1.0]], [[1.0, 1.0], [2.0, 1.0]]),
    (C.LowerCholesky(), [[1.0, 0.0], [2.0, 1.0]], [[1.0, 0.0], [2.0, -1.0]]),
    (C.PositiveDefinite(), [[2.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]]),
]


@pytest.mark.parametrize(("constraint", "good", "bad"), INSIDE, ids=lambda c: repr(c)[:30])
def test_values_inside_pass_and_others_are_told(constraint, good, bad):
    for given in (good, numpy.array(good, dtype="float32")):
        assert numpy.array_equal(numpy.asarray(constraint.check(given)), numpy.asarray(good, "f"))
    for given in (bad, numpy.array(bad, dtype="float32")):
        with pytest.raises(ParamError, match="Expected"):
            constraint.check(given)


def test_the_message_names_the_value_and_where_it_is():
    with pytest.raises(ValueError, match=r"Normal: parameter scale is -2.0 at index \(1,\)") as e:
        mgp.Normal(0.0, np.array([1.0, -2.0]), validate_args=True)
    assert "Expected numbers above 0." in str(e.value)
    with pytest.raises(ParamError, match=r"Beta: value is 1\.5"):
        mgp.Beta(1.0, 2.0, validate_args=True).log_prob(1.5)
    with pytest.raises(ParamError, match=r"parameter high is 1\.0"):
        mgp.Uniform(2.0, 1.0, validate_args=True)


def test_parts_are_checked_each_by_its_own():
    cat = C.Cat([C.Positive(), C.Real()], lengths=[2, 1])
    assert cat.check(np.array([1.0, 2.0, -3.0])).shape == (3,)
    with pytest.raises(ParamError, match=r"Cat, part 0, is -2.0 at index \(1,\)"):
        cat.check(np.array([1.0, -2.0, -3.0]))
    stack = C.Stack([C.Positive(), C.Real()], axis=1)
    with pytest.raises(ParamError, match="Stack, part 0"):
        stack.check(np.array([[-1.0, 2.0]]))
    assert C.is_dependent(mgp.Uniform.support)
    assert not C.is_dependent(mgp.Uniform().support)


def test_a_default_decides_whether_arguments_are_checked():
    mgp.Distribution.set_default_validate_args(True)
    try:
        with pytest.raises(ParamError, match="Gamma: parameter shape"):
            mgp.Gamma(-1.0)
    finally:
        mgp.Distribution.set_default_validate_args(False)
    assert mgp.Gamma(-1.0).shape == -1


def test_a_compiled_block_checks_every_batch():
    class Score(mx.gluon.HybridBlock):
        def forward(self, scale):
            return mgp.Normal(0.0, scale, validate_args=True).log_prob(np.ones(2))

    net = Score()
    net.hybridize()
    assert net(np.ones(2)).shape == (2,)
    with pytest.raises(ParamError, match=r"Normal: parameter scale is -1\.0"):
        net(np.array([1.0, -1.0]))


BIJECTIONS = [
    mgp.ExpTransform(),
    mgp.AffineTransform(1.0, -2.0),
    mgp.SigmoidTransform(),
    mgp.ComposeTransform([mgp.ExpTransform(), mgp.PowerTransform(0.5), mgp.AffineTransform(1, 3)]),
    mgp.ComposeTransform([]),
]


@pytest.mark.parametrize("transform", BIJECTIONS, ids=repr)
def test_a_bijection_goes_back_and_knows_its_stretch(transform):
    x = np.array(X)
    x.attach_grad()
    with autograd.record():
        y = transform(x) * 1
    y.backward()
    numpy.testing.assert_allclose(transform.inv(y.detach()).asnumpy(), X, rtol=1e-8)
    stretch = transform.log_det_jacobian(x, y)
    numpy.testing.assert_allclose(stretch.asnumpy(), numpy.log(abs(x.grad.asnumpy())), atol=1e-8)
    back = transform.inv.log_det_jacobian(y, x)
    numpy.testing.assert_allclose(back.asnumpy(), -stretch.asnumpy())
    assert transform.bijective
    assert transform.inv.inv is transform
    assert transform.inv.event_dim == transform.event_dim == 0
    assert numpy.sign(x.grad.asnumpy()).tolist() == [transform.sign] * 3


def test_softmax_and_abs_go_back_to_one_of_many():
    shares = mgp.SoftmaxTransform()(X)
    assert float(shares.sum()) == pytest.approx(1)
    numpy.testing.assert_allclose(
        mgp.SoftmaxTransform()(mgp.SoftmaxTransform().inv(shares)).asnumpy(), shares.asnumpy()
    )
    assert mgp.AbsTransform()(X).asnumpy().tolist() == abs(X).tolist()
    assert not mgp.AbsTransform().bijective


def test_a_transformed_distribution_is_scipys():
    base = mgp.Normal(X, 0.5)
    lognormal = mgp.TransformedDistribution(base, mgp.ExpTransform())
    known = stats.lognorm(0.5, 0, numpy.exp(X))
    points = numpy.array([0.4, 1.0, 3.0])
    numpy.testing.assert_allclose(lognormal.log_prob(points).asnumpy(), known.logpdf(points))
    numpy.testing.assert_allclose(lognormal.cdf(points).asnumpy(), known.cdf(points))
    numpy.testing.assert_allclose(lognormal.icdf(points / 4).asnumpy(), known.ppf(points / 4))
    falling = mgp.TransformedDistribution(base, [mgp.AffineTransform(1.0, -2.0)])
    known = stats.norm(1 - 2 * X, 1.0)
    numpy.testing.assert_allclose(falling.cdf(points).asnumpy(), known.cdf(points))
    numpy.testing.assert_allclose(falling.icdf(points / 4).asnumpy(), known.ppf(points / 4))
    assert lognormal.sample((4, 3)).shape == (4, 3)
    assert lognormal.broadcast_to((2, 3)).sample().shape == (2, 3)
    assert lognormal.has_grad


@pytest.mark.parametrize(
    "constraint",
    [C.Positive(), C.GreaterThan(2.0), C.LessThan(-1.0), C.Interval(-1, 3)],
    ids=repr,
)
def test_numbers_without_bounds_are_mapped_into_a_set(constraint):
    for table in (mgp.biject_to, mgp.transform_to):
        y = table(constraint)(X)
        constraint.check(y)
        numpy.testing.assert_allclose(table(constraint).inv(y).asnumpy(), X, rtol=1e-8)


def test_real_numbers_stay_as_they_are():
    assert mgp.biject_to(C.Real())(np.array(X)).asnumpy().tolist() == X.tolist()


def test_a_set_without_a_map_is_named_and_can_get_one():
    C.Simplex().check(mgp.transform_to(C.Simplex())(X))
    with pytest.raises(NotImplementedError, match=r"no transformation to Boolean"):
        mgp.biject_to(C.Boolean())
    table = mgp.domain_map()
    table.register(C.Boolean, lambda _: mgp.SigmoidTransform())
    assert isinstance(table(C.Boolean()), mgp.SigmoidTransform)
    with pytest.raises(ParamError, match="a constraint or its class"):
        table.register(int, lambda _: None)


class Flow(mgp.TransformBlock):
    """y = x + the output of a layer of another axis: coupling with unit Jacobian."""

    bijective = True
    event_dim = 1

    def __init__(self):
        super().__init__()
        self.shift = nn.Dense(1, in_units=1)

    def _forward_compute(self, x):
        return np.concatenate([x[..., :1], x[..., 1:] + self.shift(x[..., :1])], axis=-1)

    def _inverse_compute(self, y):
        return np.concatenate([y[..., :1], y[..., 1:] - self.shift(y[..., :1])], axis=-1)

    def log_det_jacobian(self, x, y):
        return np.zeros(x.shape[:-1])


def test_a_transformation_with_parameters_is_trained_through_the_density():
    mx.random.seed(0)
    flow = Flow()
    flow.initialize(mx.init.Normal(0.1))
    base = mgp.Independent(mgp.Normal(np.zeros(2), 1.0), 1)
    dist = mgp.TransformedDistribution(base, flow)
    x = np.random.normal(0, 1, (200, 1))
    data = np.concatenate([x, 2 * x + np.random.normal(0, 1, (200, 1))], axis=1)
    trainer = mx.gluon.Trainer(flow.collect_params(), "sgd", {"learning_rate": 0.3})
    for _ in range(40):
        with autograd.record():
            loss = -dist.log_prob(data)
        loss.backward()
        trainer.step(200)
    assert float(flow.shift.weight.data()[0, 0]) == pytest.approx(2, abs=0.25)
    assert dist.sample((5,)).shape == (5, 2)
