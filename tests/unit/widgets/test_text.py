"""The same strings in Python and in the browser, in both languages."""

import json

import pytest

from dlstudio.errors import ParamError
from dlstudio.widgets.text import Text, format_bytes, format_seconds, resolve


@pytest.mark.parametrize("language", ["en", "zh"])
def test_python_reads_the_browsers_strings(repository, language):
    source = repository / f"widgets/src/i18n/{language}.json"
    shipped = repository / f"dlstudio/widgets/static/i18n/{language}.json"
    assert source.read_bytes() == shipped.read_bytes(), "run: cd widgets && npm run build"


def test_both_languages_have_the_same_keys(repository):
    tables = [
        json.loads((repository / f"widgets/src/i18n/{language}.json").read_text(encoding="utf-8"))
        for language in ("en", "zh")
    ]
    assert tables[0].keys() == tables[1].keys()


def test_placeholders_are_filled_in():
    assert Text("en")("monitor.epoch", epoch="2/5") == "epoch 2/5"
    assert Text("zh")("monitor.epoch", epoch="2/5") == "第 2/5 轮"


def test_auto_follows_the_system(monkeypatch):
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert resolve("auto") == "zh"
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert resolve("auto") == "en"


def test_an_unknown_locale_is_refused():
    with pytest.raises(ParamError, match="locale='fr'"):
        Text("fr")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (3 * 2**20, "3 MiB"),
    ],
)
def test_bytes_are_written_for_people(count, text):
    assert format_bytes(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(7, "7 s"), (65, "1:05"), (7209, "2:00:09")])
def test_seconds_are_written_for_people(seconds, text):
    assert format_seconds(seconds) == text
