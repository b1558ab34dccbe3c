"""Selection cards: ours load, wrong ones are refused in one sentence."""

import pytest
import yaml

from sim.reconstruction import load_selection, selection_path


@pytest.fixture
def card(tmp_path):
    """A function that writes our card with a change and returns its path."""

    def write(change):
        content = yaml.safe_load(selection_path("kplus-nunu-2021").read_text())
        change(content)
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    return write


def test_our_cards_are_the_papers():
    first, second = load_selection("kplus-nunu-2021"), load_selection("kplus-nunu-2023")
    assert first.candidate.choice == "highest-pt"
    assert (second.candidate.choice, second.candidate.cdc_hits_from) == ("lowest-q2", 20)
    for card in (first, second):
        assert card.event.tracks_between == (4, 10)
        assert card.event.visible_energy_above == 4.0
        assert card.event.missing_momentum_theta_between == (17.0, 160.0)
        assert card.candidate.pxd_hits_from == 1


def test_sample_and_options_go_before_the_card():
    assert load_selection(sample="kstar0-nunu").candidate.type == "kstar0"
    assert load_selection(sample="uubar").candidate.type == "kplus"
    assert load_selection(candidates="all").candidate.choice == "all"
    assert load_selection(jpsi_trick=True).jpsi.replace_kaon


def test_an_edited_copy_is_loaded(card):
    path = card(lambda c: c["tracks"].update(pt_above=0.2))
    assert load_selection(path).tracks.pt_above == 0.2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["tracks"].update(pt_abvoe=1), r"'tracks: pt_abvoe' is not a known key"),
        (lambda c: c.pop("photons"), r"'photons' is missing"),
        (lambda c: c["tracks"].update(dr_below=-1), r"'tracks: dr_below' .*greater than or equal to 0"),
        (lambda c: c["tracks"].update(theta_between=[150, 17]), r"lower limit 150 is not below"),
        (lambda c: c["event"].update(tracks_between=[10, 4]), r"lower limit 10 is above"),
        (lambda c: c["candidate"].update(choice="best"), r"'candidate: choice' .*highest-pt"),
        (lambda c: c["tracks"].update(pt_above=float("nan")), r"'tracks: pt_above'"),
    ],
)
def test_a_wrong_card_is_refused_in_one_sentence(card, change, message):
    with pytest.raises(ValueError, match=message) as error:
        load_selection(card(change))
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_card_is_refused(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("[unclosed")
    with pytest.raises(ValueError, match="cannot be read as YAML"):
        load_selection(path)
    path.write_text("just words")
    with pytest.raises(ValueError, match="holds no sections"):
        load_selection(path)
    with pytest.raises(ValueError, match="does not exist"):
        load_selection(tmp_path / "none.yaml")


def test_unknown_names_come_with_a_hint():
    with pytest.raises(ValueError, match="did you mean 'kplus-nunu-202"):
        load_selection("kplus-nunu-2020")
    with pytest.raises(ValueError, match="is not one of highest-pt, lowest-q2, all"):
        load_selection(candidates="first")
