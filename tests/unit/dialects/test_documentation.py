"""``help(nd.topk)``: what the table knows stands in the docstring."""

import doctest
import inspect

import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.dialects.bind import index
from dlstudio.dialects.example import example


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


@pytest.mark.filterwarnings("ignore")  # some samples warn about what they leave undecided
@pytest.mark.parametrize("dialect", ["nd", "np", "npx", "sym"])
def test_every_example_answers_what_it_shows(dialect):
    failures, shown = [], 0
    runner = doctest.DocTestRunner(verbose=False)
    for name, op in index(dialect).items():
        if name.startswith("_") or not (text := example(op, dialect, name)):
            continue
        shown += 1
        test = doctest.DocTestParser().get_doctest(text, {"mx": mx}, name, None, 0)
        runner.run(test, out=failures.append)
    assert not failures, "".join(failures)
    assert shown > 100 if dialect != "npx" else shown > 50


def test_help_shows_signature_formula_shapes_example_and_reference():
    text = mx.nd.Convolution.__doc__
    for part in (".. math::", "(B, C, H, W)", ">>> mx.nd.Convolution(", "References"):
        assert part in text
    assert "num_filter=0" in str(inspect.signature(mx.nd.Convolution))
