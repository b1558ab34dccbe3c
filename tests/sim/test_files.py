"""Files as other people's readers see them."""

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pyhepmc
import pytest
import uproot

from sim.files import check_output, read_metadata
from sim.production import Request, write_file

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


def test_parquet_metadata(files):
    assert b"belfast" in pq.read_metadata(files[".parquet"]).metadata
    assert pq.ParquetFile(files[".parquet"]).num_row_groups == 3


@pytest.mark.parametrize("suffix", [".root", ".parquet", ".hepmc3"])
def test_metadata_reads_back(files, suffix):
    tree, metadata = read_metadata(files[suffix])
    assert tree == "truth"
    assert (metadata["sample"], metadata["generated"], metadata["seed"]) == ("kplus-nunu", 120, 6)


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
def test_root_itself_reads_the_file(files):
    ROOT = pytest.importorskip("ROOT")
    frame = ROOT.RDataFrame("truth", str(files[".root"]))
    assert frame.Count().GetValue() == 120
    with uproot.open(files[".root"]) as file:
        px = file["truth"]["mc_px"].array()
    assert frame.Define("s", "Sum(mc_px)").Sum("s").GetValue() == pytest.approx(float(ak.sum(px)))
