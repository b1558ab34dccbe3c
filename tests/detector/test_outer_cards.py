"""The sections calorimeter, background, identification and klm of the cards: both compile, wrong ones are refused."""

import numpy as np
import pytest
import yaml

from detector.card import CARDS, load_detector
from detector.gun import single_flights, single_tracks
from detector.outer import measure_outer


@pytest.mark.parametrize("name", ["belle2-run1", "belle2-run2"])
def test_both_cards_measure(name):
    outer = load_detector(name).outer
    flights = single_flights(211, np.full(50, 1.0), np.full(50, 1.2), np.linspace(-3.0, 3.0, 50))
    tracks = single_tracks(flights)
    clusters, klm = measure_outer(np.uint64(1), np.arange(50), flights, tracks, outer)
    assert clusters.offsets[-1] == len(clusters.E) > 40
    assert klm.offsets[-1] == len(klm.x)
    assert np.all(np.isfinite(tracks.log_likelihood))


def test_same_events_in_other_chunks():
    """An event is the same whatever events are measured with it."""
    outer = load_detector().outer
    flights = single_flights(321, np.linspace(0.4, 3.0, 40), np.full(40, 1.2), np.linspace(-3.0, 3.0, 40))
    tracks = single_tracks(flights)
    clusters, _ = measure_outer(np.uint64(1), np.arange(40), flights, tracks, outer)
    last = type(flights)(np.array([0, 1]), *(column[-1:] for column in flights[1:]))
    own = single_tracks(last)
    own.omega[:], own.tanLambda[:] = tracks.omega[-1:], tracks.tanLambda[-1:]
    again, _ = measure_outer(np.uint64(1), np.array([39]), last, own, outer)
    np.testing.assert_array_equal(again.E, clusters.E[clusters.offsets[39] :])
    np.testing.assert_array_equal(own.log_likelihood[0], tracks.log_likelihood[-1])


def change(path, keys, value):
    content = yaml.safe_load((CARDS / "belle2-run1.yaml").read_text())
    section = content
    for key in keys[:-1]:
        section = section[key]
    section[keys[-1]] = value
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (("calorimeter", "threshold"), {"value": -20, "unit": "MeV", "source": "test"}, "calorimeter.threshold"),
        (("calorimeter", "threshold"), {"value": 20, "unit": "cm", "source": "test"}, "unit 'cm'"),
        (("calorimeter", "threshold"), {"value": 20, "unit": "MeV"}, "calorimeter.threshold.source .*is missing"),
        (("calorimeter", "colour"), 1, "calorimeter.colour is not known"),
        (
            ("calorimeter", "theta_edges", "value"),
            [31.4, 12.4, 32.2, 128.7, 130.7, 155.1],
            "theta_edges needs six increasing angles",
        ),
        (("calorimeter", "barrel", "energy", "low", "value"), [1.0, 2.0], "low needs six numbers"),
        (("identification", "top", "bar_width", "value"), 60, "the bars overlap"),
        (("identification", "chamber", "resolution", "value"), 140, "outside the physical range"),
        (("klm", "barrel_layers", "value"), 40, "at most 15 layers"),
        (("klm", "barrel_z", "value"), [277, -183], "barrel_z must increase"),
        (("background", "clusters", "value"), -1, "background.clusters"),
    ],
)
def test_wrong_cards_are_refused_in_one_sentence(tmp_path, keys, value, message):
    path = change(tmp_path / "card.yaml", keys, value)
    with pytest.raises(ValueError, match=message) as refused:
        load_detector(path)
    assert "\n" not in str(refused.value)


def test_a_changed_number_changes_the_answer(tmp_path):
    path = change(tmp_path / "card.yaml", ("identification", "top", "photon_time", "value"), 400)
    assert load_detector(path).outer.identification.top.photon_time == pytest.approx(0.4)


def test_memory_grows_with_the_clusters():
    """Many more clusters than foreseen: the same as from half as many events at a time."""
    outer = load_detector().outer
    outer = outer._replace(background=outer.background._replace(clusters=60.0))
    flights = single_flights(211, np.linspace(0.4, 3.0, 40), np.full(40, 1.2), np.linspace(-3.0, 3.0, 40))
    clusters, _ = measure_outer(np.uint64(1), np.arange(40), flights, single_tracks(flights), outer)
    assert len(clusters.E) > 40 + 4 * 40 + 64
    half = type(flights)(flights.offsets[:21], *(column[:20] for column in flights[1:]))
    first, _ = measure_outer(np.uint64(1), np.arange(20), half, single_tracks(half), outer)
    np.testing.assert_array_equal(clusters.E[: len(first.E)], first.E)
    np.testing.assert_array_equal(clusters.offsets[:21], first.offsets)
