"""Settings: from the environment, and for a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlstudio import config
from dlstudio.errors import ArgumentError, ParamError


def test_the_environment_overrides_the_defaults():
    settings = config.from_environment(
        {"MXNET_HOME": "/data/mx", "DLSTUDIO_THREADS": "3", "DLSTUDIO_LOCALE": "zh"}
    )

    assert settings.home == Path("/data/mx")
    assert settings.threads == 3
    assert settings.locale == "zh"


def test_an_empty_environment_gives_usable_defaults():
    settings = config.from_environment({})

    assert settings.home.name in (".mxnet", "mxnet")
    assert settings.threads >= 1
    assert settings.kernels == "auto"


def test_using_changes_a_setting_and_restores_it_even_after_an_error():
    before = config.get()

    def fail_inside():
        with config.using(threads=7) as settings:
            assert config.get() is settings
            assert settings.threads == 7
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()

    assert config.get() == before


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DLSTUDIO_THREADS", "many"), ("DLSTUDIO_THREADS", "0"), ("DLSTUDIO_KERNELS", "fast")],
)
def test_a_senseless_variable_is_refused_with_its_value(variable, value):
    with pytest.raises(ParamError, match=value):
        config.from_environment({variable: value})


def test_an_unknown_setting_is_refused_with_the_known_ones():
    with pytest.raises(ArgumentError, match="one of home"), config.using(thread=1):
        pass
