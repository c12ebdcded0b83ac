"""The wire: its TypeScript side is generated, its tables are packed and unpacked alike."""

import re

import numpy as np
import pytest

from dlstudio.widgets import schema


def test_the_typescript_schema_is_the_generated_one(repository):
    committed = (repository / "widgets/src/lib/schema.ts").read_text(encoding="utf-8")
    how = "run: python -m dlstudio.widgets.schema > widgets/src/lib/schema.ts"
    assert committed == schema.typescript(), how


def test_every_string_column_belongs_to_a_table():
    columns = {column for table in schema.TABLES.values() for column in table}
    assert set(schema.STRING_COLUMNS) <= columns


def test_tables_lie_one_behind_the_other_column_by_column():
    usage = np.array([[0.0, 1.0], [10.0, 20.0], [10.0, 20.0], [7.0, 8.0]])
    metrics = np.array([[0.0], [5.0], [0.25]])
    headers, data = schema.pack_tables([("usage", usage), ("metrics", metrics)])
    sizes = [(header["name"], header["rows"]) for header in headers]
    assert sizes == [("usage", 2), ("metrics", 1)]
    assert np.frombuffer(data, "<f8").tolist() == [0, 1, 10, 20, 10, 20, 7, 8, 0, 5, 0.25]


@pytest.mark.parametrize("exact", [2**53 - 1, 10**15, 0, -1])
def test_addresses_and_times_are_exact(exact):
    _, data = schema.pack_tables([("metrics", np.array([[0.0], [float(exact)], [0.0]]))])
    assert int(np.frombuffer(data, "<f8")[1]) == exact


def test_pictures_and_browser_share_one_palette(repository):
    from dlstudio.widgets.figures import PALETTE

    theme = (repository / "widgets/src/lib/theme.ts").read_text(encoding="utf-8")
    listed = theme.partition("PALETTE = [")[2].partition("]")[0]
    assert re.findall(r"#[0-9A-F]{6}", listed) == list(PALETTE)
