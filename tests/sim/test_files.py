"""Files as other people's readers see them."""

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pyhepmc
import pytest
import uproot

import sim.files
from sim import generate
from sim.files import check_output, column_ranges, read_metadata
from sim.production import Request, write_file
from sim.reconstruction.columns import COLUMNS

REQUEST = Request("kplus-nunu", 120, seed=6, level="truth", chunk_events=50)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    paths = {suffix: folder / f"events{suffix}" for suffix in (".root", ".parquet", ".hepmc3")}
    for path in paths.values():
        write_file(REQUEST, path)
    return paths


def test_root_file_holds_a_tree(files):
    with uproot.open(files[".root"]) as file:
        assert file.classnames() == {"truth;1": "TTree", "belfast;1": "TObjString"}
        tree = file["truth"]
        assert tree.num_entries == 120
        assert tree["mc_px"].typename == "double[]"
        assert file.file.compression.name == "ZSTD"


def test_root_and_parquet_hold_the_same_numbers(files):
    with uproot.open(files[".root"]) as file:
        tree = file["truth"].arrays()
    table = ak.from_parquet(files[".parquet"])
    assert set(table.fields) == set(tree.fields) - {"nmc"}
    for name in table.fields:
        a, b = ak.ravel(tree[name]), ak.ravel(table[name])
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=name)


def test_a_column_has_one_type_in_files_and_in_memory(tmp_path):
    request = Request("kplus-nunu", 120, seed=6, level="ntuple")
    for suffix in (".root", ".parquet"):
        write_file(request, tmp_path / f"a{suffix}")
    memory = generate("kplus-nunu", 120, seed=6, level="ntuple")
    with uproot.open(tmp_path / "a.root") as file:
        tree = file["variables"].arrays(library="np")
    table = pq.read_table(tmp_path / "a.parquet")
    for column in COLUMNS:
        values = np.asarray(memory[column.name])
        assert values.dtype == tree[column.name].dtype == table[column.name].to_numpy().dtype == column.type
        np.testing.assert_array_equal(values, tree[column.name], err_msg=column.name)
    for name in ("mcQ2", "weight_sm"):  # what the generator brings
        assert tree[name].dtype == np.float64


def test_rows_are_gathered_to_large_baskets(tmp_path, monkeypatch):
    for limit, groups in ((sim.files.GATHER_ROWS, 1), (100, 2), (1, 3)):
        monkeypatch.setattr("sim.files.GATHER_ROWS", limit)
        write_file(REQUEST, tmp_path / "a.parquet", force=True)
        assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == groups


def test_parquet_metadata(files):
    assert b"belfast" in pq.read_metadata(files[".parquet"]).metadata


@pytest.mark.parametrize("suffix", [".root", ".parquet", ".hepmc3"])
def test_metadata_reads_back(files, suffix):
    tree, metadata = read_metadata(files[suffix])
    assert tree == "truth"
    assert (metadata["sample"], metadata["generated"], metadata["seed"]) == ("kplus-nunu", 120, 6)
    # what is known only at the end is there too
    with uproot.open(files[".root"]) as file:
        tree = file["truth"].arrays(["__weight__", "mcDecayMode_B1", "mcDecayMode_B2"])
    assert metadata["sum_weights"] == pytest.approx(float(ak.sum(tree["__weight__"])))
    modes = metadata["decay_modes"]
    assert {int(row) for row in modes} == set(tree["mcDecayMode_B1"].tolist() + tree["mcDecayMode_B2"].tolist())
    assert {modes[str(row)]["decay"] for row in tree["mcDecayMode_B1"]} == {
        "B+sig -> K+ nu_e anti-nu_e",
        "B-sig -> K- anti-nu_e nu_e",
    }


def test_ranges_of_columns(files):
    expected = column_ranges(files[".root"], "truth")
    for name, values in column_ranges(files[".parquet"], "truth").items():
        assert values == pytest.approx(expected[name], rel=1e-12), name
    hepmc = column_ranges(files[".hepmc3"], "truth")
    assert set(expected) - set(hepmc) == {"mc_mother", "mc_vx", "mc_vy", "mc_vz", "mc_t"}
    for name, values in hepmc.items():
        assert values == pytest.approx(expected[name], rel=1e-6, abs=1e-9), name


def test_hepmc_events(files):
    with uproot.open(files[".root"]) as file:
        tree = file["truth"].arrays()
    with pyhepmc.open(str(files[".hepmc3"])) as file:
        events = list(file)
    assert len(events) == 120
    for i in (0, 77):
        event = events[i]
        assert event.event_number == tree["__event__"][i]
        assert len(event.particles) == len(tree["mc_PDG"][i])
        assert sorted(p.pid for p in event.particles) == sorted(tree["mc_PDG"][i])
        assert event.weight("weight_sm") == pytest.approx(tree["weight_sm"][i])
        final = np.sum([[p.momentum.px, p.momentum.py, p.momentum.pz, p.momentum.e] for p in event.particles
                        if p.status == 1], axis=0)  # fmt: skip
        first = [tree[f"mc_{c}"][i][0] for c in ("px", "py", "pz", "E")]
        np.testing.assert_allclose(final, first, atol=1e-9)
        for vertex in event.vertices:
            incoming = np.sum([[p.momentum.px, p.momentum.e] for p in vertex.particles_in], axis=0)
            outgoing = np.sum([[p.momentum.px, p.momentum.e] for p in vertex.particles_out], axis=0)
            np.testing.assert_allclose(incoming, outgoing, atol=1e-9)


@pytest.mark.parametrize(("name", "level"), [("a.csv", "truth"), ("a.hepmc3", "reco"), ("missing/a.root", "truth")])
def test_impossible_outputs_are_refused(tmp_path, name, level):
    with pytest.raises(ValueError, match="'"):
        check_output(tmp_path / name, level, force=False)


@pytest.mark.external
@pytest.mark.parametrize(("level", "column"), [("truth", "mc_px"), ("reco", "track_d0"), ("ntuple", "foxWolframR1")])
def test_other_peoples_readers_agree(tmp_path, level, column):
    """ROOT's own RDataFrame and pandas see the numbers that uproot sees, at every level."""
    ROOT, pandas = pytest.importorskip("ROOT"), pytest.importorskip("pandas")
    for suffix in (".root", ".parquet"):
        metadata = write_file(Request("kplus-nunu", 120, seed=6, level=level), tmp_path / f"a{suffix}")
    with uproot.open(tmp_path / "a.root") as file:
        tree = file[metadata["tree"]].arrays()
    frame = ROOT.RDataFrame(metadata["tree"], str(tmp_path / "a.root"))
    assert frame.Count().GetValue() == metadata["selected"] == len(tree)
    row_sum = frame if level == "ntuple" else frame.Define("row_sum", f"Sum({column})")
    total = row_sum.Sum(column if level == "ntuple" else "row_sum").GetValue()
    assert total == pytest.approx(float(ak.sum(tree[column])))
    table = pandas.read_parquet(tmp_path / "a.parquet")
    assert len(table) == len(tree)
    assert np.sum(np.hstack(table[column])) == pytest.approx(total)
