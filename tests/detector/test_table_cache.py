"""Tables on disk: read back bit for bit, made anew when damaged or when anything they depend on changes."""

from typing import NamedTuple

import numpy as np
import pytest
import yaml

from detector import table_cache
from detector.card import CARDS, load_detector
from detector.table_cache import stored_table, table_key


class Squares(NamedTuple):
    """A table."""

    values: np.ndarray
    step: float
    size: int


class Inner(NamedTuple):
    """Constants inside constants."""

    x: float
    records: np.ndarray


class Constants(NamedTuple):
    """What the table depends on."""

    number: float
    inner: Inner


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setattr(table_cache, "cache_directory", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def constants(number=2.0, x=1.0):
    records = np.zeros(2, np.dtype([("a", np.int32), ("b", np.float64)], align=True))
    return Constants(number, Inner(x, records))


class Builder:
    """Counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, of):
        self.calls += 1
        return Squares(of.number * np.arange(4.0) ** 2, 0.1, 4)


def test_built_once_and_read_back(directory):
    build = Builder()
    first = stored_table("squares", Squares, build, constants())
    again = stored_table("squares", Squares, build, constants())
    assert build.calls == 1
    np.testing.assert_array_equal(first.values, again.values)
    assert (again.step, again.size) == (0.1, 4)
    assert isinstance(again.size, int)
    assert [path.suffix for path in directory.iterdir()] == [".npz"]


@pytest.mark.parametrize("other", [constants(number=3.0), constants(x=np.nextafter(1.0, 2.0))])
def test_another_number_is_another_table(directory, other):
    build = Builder()
    stored_table("squares", Squares, build, constants())
    stored_table("squares", Squares, build, other)
    assert build.calls == 2


def test_records_count_by_their_fields():
    one, same, other = constants(), constants(), constants()
    same.inner.records.view(np.uint8)[4] = 7  # between the fields
    other.inner.records["a"][1] = 7
    assert table_key((one,)) == table_key((same,)) != table_key((other,))


def test_another_source_is_another_table(monkeypatch):
    before = table_key((constants(),))
    monkeypatch.setattr(table_cache, "_sources", lambda: b"changed")
    assert table_key((constants(),)) != before


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", None])
def test_damaged_files_are_built_anew(directory, content):
    build = Builder()
    stored_table("squares", Squares, build, constants())
    (path,) = directory.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    table = stored_table("squares", Squares, build, constants())
    assert build.calls == 2
    np.testing.assert_array_equal(table.values, [0.0, 2.0, 8.0, 18.0])
    assert path.read_bytes() == whole


def test_a_directory_that_cannot_be_written_is_no_error(directory):
    directory.write_text("a file where the directory should be")
    build = Builder()
    for _ in range(2):
        assert stored_table("squares", Squares, build, constants()).values[3] == 18.0
    assert build.calls == 2


def test_old_tables_go(directory):
    for number in range(table_cache.KEPT + 3):
        stored_table("squares", Squares, Builder(), constants(float(number)))
    assert len(list(directory.iterdir())) == table_cache.KEPT


def test_tables_of_a_card_come_back_bit_for_bit(directory, tmp_path):
    built, read = load_detector(), load_detector()
    names = sorted(path.name.split("-")[0] for path in directory.iterdir())
    assert names == ["templates"]
    for one, other in zip(read.outer.identification.templates, built.outer.identification.templates, strict=True):
        np.testing.assert_array_equal(one, other)
    content = yaml.safe_load((CARDS / "belle2-run1.yaml").read_text())
    content["calorimeter"]["visible_fraction"]["value"] = 70
    path = tmp_path / "card.yaml"
    path.write_text(yaml.safe_dump(content))
    changed = load_detector(path)
    assert np.any(changed.outer.identification.templates.ratio != built.outer.identification.templates.ratio)
