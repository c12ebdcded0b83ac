"""`mx.array_api` has the names and signatures of the standard, and says so about itself."""

import inspect

import array_api_strict
import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import ParamError
from tests.unit.array_api import standard

xp = mx.array_api


def find(place, dotted):
    for part in dotted.split("."):
        place = getattr(place, part)
    return place


def bare(function):
    """The signature without annotations, as the facts are written."""
    signature = inspect.signature(function)
    parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=signature.empty))


@pytest.mark.parametrize("name", standard.SIGNATURES)
def test_signatures_are_the_standards(name):
    assert bare(find(xp, name)).replace("'", '"') == standard.SIGNATURES[name].replace("'", '"')


@pytest.mark.parametrize("name", standard.SIGNATURES)
def test_the_facts_agree_with_array_api_strict(name):
    theirs = inspect.signature(find(array_api_strict, name))
    ours = inspect.signature(find(xp, name))
    if name == "expand_dims":  # a later revision made its axis a required parameter
        return
    assert [(p.name, p.kind) for p in ours.parameters.values()] == [
        (p.name, p.kind) for p in theirs.parameters.values()
    ]


def test_every_function_of_array_api_strict_is_there():
    known = set(standard.SIGNATURES) | {"isin", "broadcast_shapes", "__array_namespace_info__"}
    theirs = {n for n in array_api_strict.__all__ if callable(getattr(array_api_strict, n))}
    theirs -= {n for n in theirs if "flags" in n.lower() or n in ("Device", *standard.DTYPES)}
    assert theirs <= known


def test_all_names_are_listed():
    wanted = {n for n in standard.SIGNATURES if "." not in n}
    wanted |= {*standard.DTYPES, *standard.CONSTANTS, "linalg", "fft", "__array_namespace_info__"}
    assert wanted <= set(xp.__all__)
    assert wanted <= set(dir(xp))


@pytest.mark.parametrize("name", standard.SIGNATURES)
def test_every_function_is_documented(name):
    assert len(inspect.getdoc(find(xp, name)) or "") > 10


def test_np_has_all_names_too():
    for name in [*standard.SIGNATURES, *standard.DTYPES, *standard.CONSTANTS]:
        find(mx.np, name)


def test_extensions_are_modules_that_can_be_imported():
    from dlstudio.array_api.linalg import det

    from dlstudio.array_api import fft, linalg

    assert linalg.det is det
    assert fft is xp.fft


def test_constants():
    assert (xp.e, xp.pi, xp.inf) == (np.e, np.pi, float("inf"))
    assert np.isnan(xp.nan)
    assert xp.newaxis is None


@pytest.mark.parametrize("version", [None, "2021.12", "2022.12", "2023.12", "2024.12"])
def test_an_array_knows_its_namespace(version):
    assert mx.np.ones(2).__array_namespace__(api_version=version) is xp


def test_an_unknown_revision_is_refused():
    with pytest.raises(ValueError, match=r"2024\.12"):
        mx.np.ones(2).__array_namespace__(api_version="1999.12")


@pytest.mark.parametrize("name", [*standard.METHODS, *standard.ATTRIBUTES])
def test_members_of_the_array_object(name):
    assert hasattr(mx.np.ones((2, 2)), name)


@pytest.mark.parametrize("name", standard.METHOD_SIGNATURES)
def test_signatures_of_methods(name):
    assert bare(getattr(mx.np.ndarray, name)) == standard.METHOD_SIGNATURES[name]


# --- inspection ---------------------------------------------------------------------------------

info = xp.__array_namespace_info__()


def test_capabilities_are_all_there():
    found = info.capabilities()
    assert found["boolean indexing"] is True
    assert found["data-dependent shapes"] is True
    assert found["max dimensions"] == 64


def test_devices_can_be_used():
    assert info.default_device() in info.devices()
    with mx.cpu(1):
        assert info.default_device() == mx.cpu(1)
    for device in info.devices():
        assert xp.zeros(2, device=device).device == device


def test_default_dtypes_are_those_of_creation():
    found = info.default_dtypes()
    assert found["real floating"] == xp.zeros(1).dtype == xp.asarray(1.5).dtype
    assert found["complex floating"] == xp.asarray(1j).dtype
    assert found["integral"] == xp.arange(3).dtype == xp.asarray([1]).dtype
    assert found["indexing"] == xp.argmax(xp.ones(3)).dtype == xp.nonzero(xp.ones(3))[0].dtype


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (None, standard.DTYPES),
        ("bool", ["bool"]),
        ("signed integer", standard.SIGNED),
        ("unsigned integer", standard.UNSIGNED),
        ("integral", standard.INTEGERS),
        ("real floating", standard.REAL),
        ("complex floating", standard.COMPLEX),
        ("numeric", standard.NUMERIC),
        (("bool", "real floating"), ["bool", *standard.REAL]),
        ((), []),
    ],
)
def test_dtypes_of_a_kind(kind, names):
    found = info.dtypes(kind=kind)
    assert sorted(found) == sorted(names)
    assert all(found[name] == getattr(xp, name) for name in names)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ParamError, match="real floating"):
        info.dtypes(kind="fractional")
