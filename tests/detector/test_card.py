"""Detector cards: both are valid, and a wrong one is refused in one sentence naming the field."""

from pathlib import Path

import pytest

from detector.card import CARDS, load_detector

PIPE = "thickness: {value: 10, unit: µm"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """A copy of the Run 1 card with the first occurrence of a text replaced."""
    text = (CARDS / "belle2-run1.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "card.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["belle2-run1", "belle2-run2"])
def test_shipped_card_loads(name):
    detector = load_detector(name)
    assert detector.name == name
    assert detector.tracker.field == 1.5
    radii = detector.tracker.surfaces.layer["radius"]
    assert (radii[1:] > radii[:-1]).all()
    assert len(detector.tracker.chamber.layer) == 56


def test_beam_pipe_has_the_thickness_of_its_layers():
    # 0.80 % of a radiation length: the sum of basf2's layers over the PDG's radiation lengths.
    pipe = load_detector("belle2-run1").tracker.surfaces.layer[0]
    assert pipe["x0"] == pytest.approx(0.0080, abs=1e-4)


def test_runs_differ_in_the_second_pixel_layer_only():
    one, two = (load_detector(name).tracker.surfaces.layer for name in ("belle2-run1", "belle2-run2"))
    assert [layer["present"].bit_count() for layer in (one[2], two[2])] == [2, 12]
    same = [name for name in one.dtype.names if name != "present"]
    for name in same:
        assert (one[name] == two[name]).all()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("magnet:\n", "magnet:\n  colour: red\n", "magnet.colour"),
        (PIPE, "thickness: {value: -10, unit: µm", "beam_pipe.layers[0].thickness"),
        (PIPE, "thickness: {value: 10", "beam_pipe.layers[0].thickness.unit"),
        (PIPE, "thickness: {value: 10, unit: GeV", "beam_pipe.layers[0].thickness"),
        (PIPE, "thickness: {value: 30, unit: µm", "beam_pipe.layers[1]"),
        ("value: 22.0, unit: mm", "value: 14.5, unit: mm", "pixels.layers[1]"),
        ("value: [4, 5], unit", "value: [4, 13], unit", "pixels.layers[1]"),
        ("value: 1.5, unit: T", "value: strong, unit: T", "magnet.field.value"),
        ("material: gold", "material: silver", "silver"),
        ("efficiency: {value: [0.30,", "efficiency: {value: [1.30,", "track_finding.efficiency"),
        ("efficiency: {value: [0.30,", "efficiency: {value: [", "track_finding"),
    ],
)
def test_wrong_card_is_refused_in_one_sentence_naming_the_field(tmp_path, old, new, field):
    path = changed(tmp_path, old, new)
    with pytest.raises(ValueError, match=r"card\.yaml") as error:
        load_detector(path)
    message = str(error.value)
    assert field in message
    assert message.endswith(".")
    assert "\n" not in message


def test_broken_yaml_and_missing_card_are_refused(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("magnet: {field: [", encoding="utf-8")
    with pytest.raises(ValueError, match="not valid YAML"):
        load_detector(path)
    path.write_text("just a sentence", encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.yaml"):
        load_detector(path)
    with pytest.raises(ValueError, match="belle2-run1, belle2-run2"):
        load_detector("belle3")


def test_copy_of_a_card_can_be_changed(tmp_path):
    thin = load_detector(changed(tmp_path, "value: 1.0, unit: mm", "value: 0.9, unit: mm"))
    full = load_detector("belle2-run1")
    assert thin.tracker.surfaces.layer["x0"][0] < full.tracker.surfaces.layer["x0"][0]
