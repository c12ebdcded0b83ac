"""``help(nd.topk)``: what the table knows stands in the docstring."""

import inspect

import dlstudio as mx
from dlstudio import nd


def test_parameters_are_listed_with_domain_and_default():
    assert "k : an integer >= 0, default 1" in nd.topk.__doc__
    assert "ret_typ : one of 'value', 'indices', 'mask', 'both', default 'indices'" in (
        nd.topk.__doc__
    )


def test_inputs_are_called_as_the_dialect_calls_them():
    assert "data : array" in nd.expand_dims.__doc__
    assert "a : array" in mx.np.expand_dims.__doc__


def test_parameters_stand_before_references():
    text = nd.LeakyReLU.__doc__
    assert text.index("Parameters\n") < text.index("References\n")


def test_an_entry_with_its_own_parameters_keeps_them():
    assert nd.Convolution.__doc__.count("Parameters\n") == 1


def test_functions_without_gradient_say_why():
    assert "No gradient flows through: its result is a random draw" in nd.random_normal.__doc__


def test_signatures_are_real():
    assert str(inspect.signature(nd.pick)).startswith("(data=None, index=None, axis=-1")
