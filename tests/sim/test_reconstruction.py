"""The ntuple against independent computations: numpy, ``vector`` and definitions written down anew."""

import math

import numpy as np
import pytest
import vector
from synthetic_reco import BEAMS, FIELD, MASS, Event, measured, random_event, random_events

from sim.reconstruction import candidate_columns, load_selection, reconstruct
from sim.reconstruction.columns import (
    BDT1_VARIABLES_2023,
    BDT2_VARIABLES_2023,
    COLUMNS,
    INDEX,
    KERNEL_COLUMNS,
    TRAINING_VARIABLES_2021,
    in_cms,
)

N_EVENTS = 400


@pytest.fixture(scope="module")
def sample():
    reco, events = measured(random_events(N_EVENTS))
    return reco, events, reconstruct(reco, events, load_selection("kplus-nunu-2021"), BEAMS)


class Objects:
    """Cleaned tracks and photons of one event, as written in the paper, in plain numpy."""

    def __init__(self, reco, i):
        t, c = reco.tracks, reco.clusters
        rows = np.arange(t.offsets[i], t.offsets[i + 1])
        pt = 0.00299792458 * FIELD / abs(t.omega[rows])
        theta = np.arctan2(1.0, t.tanLambda[rows])
        p = np.stack([pt * np.cos(t.phi0[rows]), pt * np.sin(t.phi0[rows]), pt * t.tanLambda[rows]], axis=1)
        total = t.log_likelihood[rows].sum(axis=1)[:, :5]
        mass = np.array([MASS[s] for s in (11, 13, 211, 321, 2212)])[total.argmax(axis=1)]
        e = np.sqrt((p**2).sum(axis=1) + mass**2)
        degrees = np.degrees(theta)
        good = (pt > 0.1) & (degrees > 17) & (degrees < 150) & (e < 5.5)
        good &= (abs(t.d0[rows]) < 0.5) & (abs(t.z0[rows]) < 3.0)
        self.rows, self.p, self.e, self.pt = rows[good], p[good], e[good], pt[good]
        self.charge = np.sign(t.omega[rows][good])
        self.pxd = t.nPXDHits[rows][good]
        clusters = slice(c.offsets[i], c.offsets[i + 1])
        energy, angle, phi = c.E[clusters], c.theta[clusters], c.phi[clusters]
        degrees = np.degrees(angle)
        ok = (energy > 0.1) & (energy < 5.5) & (degrees > 17) & (degrees < 150) & (c.track[clusters] < 0)
        self.photon_e = energy[ok]
        direction = np.stack([np.sin(angle) * np.cos(phi), np.sin(angle) * np.sin(phi), np.cos(angle)], axis=1)
        self.photon_p = energy[ok, None] * direction[ok]

    def boosted(self, p, e):
        """To the c.m. frame with ``vector``, z turned to the electron beam."""
        beam = vector.obj(px=BEAMS.px, py=BEAMS.py, pz=BEAMS.pz, E=BEAMS.E)
        v = vector.array({"px": p[:, 0], "py": p[:, 1], "pz": p[:, 2], "E": e}).boostCM_of(beam)
        v = v.rotateY(-math.atan2(BEAMS.axis_x, BEAMS.axis_z))
        return np.stack([v.px, v.py, v.pz], axis=1), v.E


def test_cut_flow_is_the_papers_cuts_in_their_order(sample):
    reco, _, candidates = sample
    flow = [0] * 6
    rows = []
    for i in range(N_EVENTS):
        o = Objects(reco, i)
        flow[0] += 1
        if not 4 <= len(o.e) <= 10:
            continue
        flow[1] += 1
        p, e = o.boosted(np.concatenate([o.p, o.photon_p]), np.concatenate([o.e, o.photon_e]))
        if e.sum() <= 4.0:
            continue
        flow[2] += 1
        miss = -p.sum(axis=0)
        if not 17 < np.degrees(math.acos(miss[2] / np.linalg.norm(miss))) < 160:
            continue
        flow[3] += 1
        if not (o.pxd >= 1).any():
            continue
        flow[4] += 1
        flow[5] += 1
        rows.append((i, np.where(o.pxd >= 1, o.pt, 0).max()))
    assert list(candidates.cut_flow.values()) == [*flow, flow[5]]
    assert flow[5] < flow[4] + 1 < flow[1] < flow[0]
    np.testing.assert_array_equal(candidates.event, [i for i, _ in rows])
    np.testing.assert_allclose(candidates.columns["pt"], [pt for _, pt in rows], rtol=1e-12)


def test_kinematic_columns_are_numpys_and_vectors(sample):
    reco, _, candidates = sample
    columns = candidates.columns
    for row, i in enumerate(candidates.event):
        o = Objects(reco, i)
        k = int(np.argmax(np.where(o.pxd >= 1, o.pt, 0)))
        others = np.arange(len(o.e)) != k
        kaon = np.append(o.p[k], math.hypot(np.linalg.norm(o.p[k]), MASS[321]))
        p_roe = np.concatenate([o.p[others], o.photon_p])
        e_roe = np.concatenate([o.e[others], o.photon_e])
        p, e = np.concatenate([kaon[None, :3], p_roe]), np.concatenate([kaon[3:], e_roe])
        p_cms, e_cms = o.boosted(p, e)
        lab = np.array([BEAMS.px, BEAMS.py, BEAMS.pz]) - p.sum(axis=0)
        miss, m = -p_cms.sum(axis=0), BEAMS.root_s - e_cms.sum()
        roe, roe_cms = p_roe.sum(axis=0), p_cms[1:].sum(axis=0)
        pt_roe = np.hypot(o.p[others, 0], o.p[others, 1])
        beam = np.array([BEAMS.px, BEAMS.py, BEAMS.pz, BEAMS.E])
        recoil = beam - kaon
        expected = {
            "E": kaon[3],
            "pz": kaon[2],
            "cosTheta": kaon[2] / np.linalg.norm(kaon[:3]),
            in_cms("E"): e_cms[0],
            in_cms("px"): p_cms[0, 0],
            in_cms("py"): p_cms[0, 1],
            in_cms("pz"): p_cms[0, 2],
            in_cms("theta"): math.acos(p_cms[0, 2] / np.linalg.norm(p_cms[0])),
            "m2Recoil": recoil[3] ** 2 - recoil[:3] @ recoil[:3],
            "q2rec": BEAMS.root_s**2 / 4 + MASS[321] ** 2 - BEAMS.root_s * e_cms[0],
            "missingMomentumOfEvent": np.linalg.norm(lab),
            "missingMomentumOfEvent_theta": math.acos(lab[2] / np.linalg.norm(lab)),
            "missingMomentumOfEventCMS": np.linalg.norm(miss),
            "missingMomentumOfEventCMS_theta": math.acos(miss[2] / np.linalg.norm(miss)),
            "missingEnergyOfEventCMS": m,
            "missingMass2OfEvent": m**2 - miss @ miss,
            "visibleEnergyOfEventCMS": e_cms.sum(),
            "totalPhotonsEnergyOfEvent": o.photon_e.sum(),
            "roeE": e_roe.sum(),
            "roeP": np.linalg.norm(roe),
            "roePTheta": math.acos(roe[2] / np.linalg.norm(roe)),
            "roeDeltae": e_cms[1:].sum() - BEAMS.root_s / 2,
            "roeM": math.sqrt(e_roe.sum() ** 2 - roe @ roe),
            "roePtVariance": pt_roe.var(),
            "roeEextra": o.photon_e.sum(),
            "nROE_Tracks": others.sum(),
            "nROE_Photons": len(o.photon_e),
            "nTracksAndPhotons": len(e),
            "totalChargeSquared": o.charge.sum() ** 2,
            "harmonicMomentThrust0": np.linalg.norm(p_cms, axis=1).sum() / BEAMS.root_s,
            "forwardHemisphereEnergy": e_cms.sum() - columns["backwardHemisphereEnergy"][row],
        }
        mbc2 = BEAMS.root_s**2 / 4 - roe_cms @ roe_cms
        if mbc2 > 0:
            expected["roeMbc"] = math.sqrt(mbc2)
        else:
            assert np.isnan(columns["roeMbc"][row])
        for name, value in expected.items():
            assert columns[name][row] == pytest.approx(value, rel=1e-9, abs=1e-9), name
        tensor = p_cms.T @ p_cms / (p_cms**2).sum()
        eigenvalues = np.linalg.eigvalsh(tensor)
        assert columns["sphericity"][row] == pytest.approx(1.5 * eigenvalues[:2].sum(), abs=1e-12)
        assert columns["aplanarity"][row] == pytest.approx(1.5 * eigenvalues[0], abs=1e-12)
        size = np.linalg.norm(p_cms, axis=1)
        cosine = p_cms @ p_cms.T / np.outer(size, size)
        r2 = (np.outer(size, size) * (1.5 * cosine**2 - 0.5)).sum() / np.outer(size, size).sum()
        assert columns["foxWolframR2"][row] == pytest.approx(r2, abs=1e-12)
        axis = np.array([columns[f"thrustAxis{x}"][row] for x in "XYZ"])
        assert columns["thrust"][row] == pytest.approx(abs(p_cms @ axis).sum() / size.sum(), abs=1e-12)


def test_identification_is_the_ratio_of_likelihoods():
    reco, events = measured(random_events(100, seed=4), identified=False)
    rng = np.random.default_rng(3)
    reco.tracks.log_likelihood[:] = rng.normal(scale=3.0, size=reco.tracks.log_likelihood.shape)
    candidates = reconstruct(reco, events, load_selection("kplus-nunu-2021"), BEAMS)
    names = [f"{name}ID" for name in ("electron", "muon", "pion", "kaon", "proton", "deuteron")]
    ids = np.stack([candidates.columns[name] for name in names], axis=1)
    np.testing.assert_allclose(ids.sum(axis=1), 1.0, rtol=1e-12)
    ratio = candidates.columns["binaryPID__bo321__cm__sp211__bc"]
    np.testing.assert_allclose(ids[:, 3] / (ids[:, 3] + ids[:, 2]), ratio, rtol=1e-9)
    phi0 = candidates.columns["phi0"]
    rows = [int(np.flatnonzero(reco.tracks.phi0 == value)[0]) for value in phi0]
    total = reco.tracks.log_likelihood[rows].sum(axis=1, dtype=float)
    expected = np.exp(total - total.max(axis=1, keepdims=True))
    np.testing.assert_allclose(ids, expected / expected.sum(axis=1, keepdims=True), rtol=1e-9)


def test_choices_of_the_candidate(sample):
    reco, events, best = sample
    every = reconstruct(reco, events, load_selection(candidates="all"), BEAMS)
    least = reconstruct(reco, events, load_selection(candidates="lowest-q2"), BEAMS)
    assert every.cut_flow["candidates"] == len(every) > len(best) == len(least)
    for row, i in enumerate(best.event):
        mine = every.event == i
        assert (every.columns["__ncandidates__"][mine] == mine.sum()).all()
        np.testing.assert_array_equal(every.columns["__candidate__"][mine], np.arange(mine.sum()))
        assert best.columns["pt"][row] == every.columns["pt"][mine].max()
        assert least.columns["q2rec"][row] == every.columns["q2rec"][mine].min()


def test_columns_of_the_truth_are_passed_through(sample):
    _, events, candidates = sample
    np.testing.assert_array_equal(candidates.columns["mcQ2"], events.columns["mcQ2"][candidates.event])
    np.testing.assert_array_equal(candidates.columns["__weight__"], events.columns["__weight__"][candidates.event])
    np.testing.assert_array_equal(candidates.columns["__event__"], events.number[candidates.event])


def test_events_do_not_depend_on_the_chunk():
    events = random_events(60, seed=9)
    together = reconstruct(*measured(events, smear=False), load_selection(), BEAMS)
    reco, truth = measured(events[:25], smear=False)
    first = reconstruct(reco, truth, load_selection(), BEAMS)
    n = len(first)
    for name in ("pt", "thrust", "roeM", "D0_M", "roeVertexChi2"):
        np.testing.assert_array_equal(together.columns[name][:n], first.columns[name])


def test_more_candidates_than_events_grow_the_memory():
    reco, events = measured(random_events(300, seed=2, tracks=(9, 11)))
    candidates = reconstruct(reco, events, load_selection(candidates="all"), BEAMS)
    assert len(candidates) > 520  # beyond the first allocation
    assert (np.diff(candidates.event) >= 0).all()
    assert candidates.cut_flow["events"] == 300


def signal_event(rng, kind, *, extra=6, photon=False, sign=1):
    """Υ(4S) → B B̄; B → K(*) νν̄ with the K* decayed, the other B to random tracks."""
    event = Event()
    event.add(300553, (BEAMS.px, BEAMS.py, BEAMS.pz), final=False, mass=BEAMS.root_s)
    b = event.add((511 if kind in ("kshort", "kstar0") else 521) * sign, (0.2, 0, 1.5), 0, final=False, mass=5.279)
    tag = event.add(-event.rows[b][0], (0.2, 0, 1.5), 0, final=False, mass=5.279)
    for nu in (12, -12):
        event.add(nu, rng.normal(size=3), b)
    if photon:
        event.add(22, (0.01, 0.01, 0.0), b)
    if kind == "kplus":
        event.add(321 * sign, (1.5, -0.9, 0.8), b)
    elif kind == "kshort":
        k0 = event.add(311, (1.2, 0.4, 0.5), b, final=False, mass=0.497611)
        decay_kshort(event, rng, event.add(310, (1.2, 0.4, 0.5), k0, final=False))
    elif kind == "kstar0":
        k = event.add(313 * sign, (1.0, 0.8, 0.4), b, final=False, mass=0.8955)
        p, q = two_body(rng, np.array([1.0, 0.8, 0.4]), 0.8955, MASS[321], MASS[211])
        event.add(321 * sign, p, k)
        event.add(-211 * sign, q, k)
    elif kind == "kstarplus-pizero":
        k = event.add(323 * sign, (1.0, 0.8, 0.4), b, final=False, mass=0.8955)
        p, q = two_body(rng, np.array([1.0, 0.8, 0.4]), 0.8955, MASS[321], 0.1349768)
        event.add(321 * sign, p, k)
        pizero = event.add(111, q, k, final=False, mass=0.1349768)
        for photon_p in two_body(rng, q, 0.1349768, 0.0, 0.0):
            event.add(22, photon_p, pizero)
    elif kind == "kstarplus":
        k = event.add(323 * sign, (1.0, 0.8, 0.4), b, final=False, mass=0.8955)
        p, q = two_body(rng, np.array([1.0, 0.8, 0.4]), 0.8955, 0.497611, MASS[211])
        k0 = event.add(311 * sign, p, k, final=False, mass=0.497611)
        decay_kshort(event, rng, event.add(310, p, k0, final=False))
        event.add(211 * sign, q, k)
    for _ in range(extra):
        event.add(211 * int(rng.choice([-1, 1])), rng.normal(size=3) * 0.5 + [0, 0, 0.2], tag)
    return event


def two_body(rng, p, mass, m1, m2):
    """Momenta of an isotropic two-body decay of a particle of momentum ``p``."""
    q = math.sqrt((mass**2 - (m1 + m2) ** 2) * (mass**2 - (m1 - m2) ** 2)) / (2 * mass)
    direction = rng.normal(size=3)
    direction *= q / np.linalg.norm(direction)
    mother = vector.obj(px=p[0], py=p[1], pz=p[2], mass=mass)
    out = []
    for sign, m in ((1, m1), (-1, m2)):
        v = vector.obj(px=sign * direction[0], py=sign * direction[1], pz=sign * direction[2], mass=m)
        v = v.boost_p4(mother)
        out.append(np.array([v.px, v.py, v.pz]))
    return out


def decay_kshort(event, rng, index):
    p = np.array(event.rows[index][1:4])
    vertex = p / np.linalg.norm(p) * rng.uniform(1.0, 5.0)
    a, b = two_body(rng, p, MASS[310], MASS[211], MASS[211])
    event.add(211, a, index, tuple(vertex))
    event.add(-211, b, index, tuple(vertex))


@pytest.mark.parametrize("photon", [False, True])
def test_signal_kaons_are_signal(photon):
    rng = np.random.default_rng(6)
    reco, events = measured([signal_event(rng, "kplus", photon=photon, sign=int(s)) for s in rng.choice([-1, 1], 50)])
    reco.tracks.nPXDHits[:] = 1
    candidates = reconstruct(reco, events, load_selection(candidates="all"), BEAMS)
    columns = candidates.columns
    signal = abs(columns["mcPDG"]) == 321
    assert signal.sum() > 30
    np.testing.assert_array_equal(columns["isSignal"], signal)
    assert (abs(columns["genMotherPDG"][signal]) == 521).all()
    assert (columns["genMotherPDG__bo1__bc"][signal] == 300553).all()
    np.testing.assert_allclose(columns["mcP"][signal], columns["p"][signal], rtol=0.05)


def test_a_kaon_with_a_pion_from_the_same_b_is_no_signal():
    rng = np.random.default_rng(7)
    events = []
    for _ in range(20):
        event = signal_event(rng, "kplus")
        event.add(111, (0.3, 0, 0), 1, final=False, mass=0.135)
        events.append(event)
    reco, truth = measured(events)
    reco.tracks.nPXDHits[:] = 1
    columns = reconstruct(reco, truth, load_selection(candidates="all"), BEAMS).columns
    assert (columns["isSignal"] == 0).all()


def test_a_fake_track_has_no_truth():
    reco, events = measured(random_events(40, seed=8))
    reco.tracks.mc[:] = -1
    reco.tracks.mcPDG[:] = 0
    columns = reconstruct(reco, events, load_selection(), BEAMS).columns
    for name in ("isSignal", "mcPDG", "genMotherPDG", "mcP"):
        assert np.isnan(columns[name]).all()


@pytest.mark.parametrize(
    ("kind", "name", "mass"),
    [("kshort", "kshort-nunu", 0.4976), ("kstar0", "kstar0-nunu", 0.8955), ("kstarplus", "kstarplus-nunu", 0.8955)],
)
def test_composite_candidates_are_found(kind, name, mass):
    rng = np.random.default_rng(11)
    reco, events = measured([signal_event(rng, kind) for _ in range(120)])
    reco.tracks.nPXDHits[:] = 1
    candidates = reconstruct(reco, events, load_selection(sample=name, candidates="all"), BEAMS)
    columns = candidates.columns
    signal = columns["isSignal"] == 1
    found = len(np.unique(candidates.event[signal]))
    assert found > 0.7 * candidates.cut_flow["direction of missing momentum"]
    assert np.median(columns["M"][signal]) == pytest.approx(mass, abs=0.002)
    if kind == "kshort":
        assert (columns["flightDistance"][signal] > 0.8).all()
        assert np.isnan(columns["d0"]).all()
        assert np.isnan(columns["D0_M"]).all()
    else:
        resonance = 313 if kind == "kstar0" else 323
        assert set(np.abs(columns["charge"])) == {0 if kind == "kstar0" else 1}
        assert set(columns["PDG"]) == {-resonance, resonance}
        assert (columns["PDG"][signal] == columns["mcPDG"][signal]).all()


def test_kstarplus_to_kplus_pizero_is_found():
    rng = np.random.default_rng(12)
    signs = rng.choice([-1, 1], 120)
    reco, events = measured([signal_event(rng, "kstarplus-pizero", sign=int(s)) for s in signs])
    reco.tracks.nPXDHits[:] = 1
    candidates = reconstruct(reco, events, load_selection(sample="kstarplus-nunu", candidates="all"), BEAMS)
    columns = candidates.columns
    signal = columns["isSignal"] == 1
    found = len(np.unique(candidates.event[signal]))
    assert found > 0.5 * candidates.cut_flow["direction of missing momentum"]  # both photons above 0.1 GeV
    assert np.median(columns["M"][signal]) == pytest.approx(0.8955, abs=0.002)
    assert (columns["PDG"][signal] == columns["mcPDG"][signal]).all()
    assert set(columns["PDG"][signal]) == {-323, 323}
    assert (columns["kaonID"][signal] > 0.5).all()  # the track of the candidate is the kaon
    assert np.isnan(columns["flightDistance"][signal]).all()


def jpsi_event(rng, *, extra=6):
    """Υ(4S) → B⁺B⁻, B⁺ → J/ψ K⁺, J/ψ → µ⁺µ⁻, the other B to random tracks."""
    event = Event()
    event.add(300553, (BEAMS.px, BEAMS.py, BEAMS.pz), final=False, mass=BEAMS.root_s)
    p_b = np.array([0.2, 0.0, 1.5]) + rng.normal(size=3) * 0.15
    b = event.add(521, p_b, 0, final=False, mass=5.27941)
    tag = event.add(-521, p_b, 0, final=False, mass=5.27941)
    p_jpsi, p_kaon = two_body(rng, p_b, 5.27941, 3.0969, MASS[321])
    jpsi = event.add(443, p_jpsi, b, final=False, mass=3.0969)
    event.add(321, p_kaon, b)
    for sign, p in zip((-1, 1), two_body(rng, p_jpsi, 3.0969, MASS[13], MASS[13]), strict=True):
        event.add(13 * sign, p, jpsi)
    for _ in range(extra):
        event.add(211 * int(rng.choice([-1, 1])), rng.normal(size=3) * 0.5 + [0, 0, 0.2], tag)
    return event


def test_control_sample_drops_the_dimuon_and_gives_the_kaon_signal_kinematics():
    rng = np.random.default_rng(12)
    reco, events = measured([jpsi_event(rng) for _ in range(400)])
    reco.tracks.nPXDHits[:] = 1
    plain = reconstruct(reco, events, load_selection(candidates="all"), BEAMS)
    control = reconstruct(reco, events, load_selection(candidates="all", jpsi_trick=True), BEAMS, key=5)
    again = reconstruct(reco, events, load_selection(candidates="all", jpsi_trick=True), BEAMS, key=5)
    np.testing.assert_array_equal(control.columns["pt"], again.columns["pt"])
    assert (plain.columns["isSignal"] == 0).all()
    signal = control.columns["isSignal"] == 1
    assert signal.sum() > 150
    assert set(abs(control.columns["mcPDG"])) == {321, 211}  # no muons left
    for i in np.unique(control.event[signal])[:50]:
        before = plain.columns["nCleanedTracks"][plain.event == i]
        if len(before):
            assert control.columns["nCleanedTracks"][control.event == i][0] == before[0] - 2
    # p_K³ f₊² has its mean p_K near 1.9 GeV; the kaon of J/ψ K⁺ had 1.68 GeV in the B's frame, without width
    p = control.columns[in_cms("p")][signal]
    assert p.mean() == pytest.approx(1.85, abs=0.15)
    assert p.std() > 0.35


def test_the_control_samples_rate_is_below_its_bound():
    from physics.form_factors.b_to_k import f_plus_bsz14
    from physics.kinematics import two_body_momentum
    from sim.reconstruction.control import B_MASS, MAX_RATE

    q2 = np.linspace(0, (B_MASS - MASS[321]) ** 2, 500)
    rate = [two_body_momentum(B_MASS, MASS[321], math.sqrt(x)) ** 3 * f_plus_bsz14(x) ** 2 for x in q2]
    assert 0.8 * MAX_RATE < max(rate) < MAX_RATE


def test_what_does_not_exist_is_nan():
    rng = np.random.default_rng(1)
    event = random_event(rng, 0, 0)
    event.add(321, (1.0, 1.0, 0.5), 0)  # one positive kaon …
    for _ in range(3):  # … and positive pions: no D0
        event.add(211, rng.normal(size=3) * 0.3 + [-0.8, -0.5, 0.5], 0)
    reco, events = measured([event])
    reco.tracks.nPXDHits[:] = [1, 0, 0, 0]
    card = load_selection().model_dump()
    card["event"]["visible_energy_above"] = 0.0
    from sim.reconstruction import Selection

    candidates = reconstruct(reco, events, Selection.model_validate(card), BEAMS)
    assert len(candidates) == 1
    columns = {name: values[0] for name, values in candidates.columns.items()}
    for name in ("D0_M", "D0_chi2", "Dplus_M", "D0_medianChiProb", "clusterE", "chiProb", "flightTime"):
        assert math.isnan(columns[name])
    assert columns["D0_nCandidates"] == 0
    assert columns["nROE_Photons"] == 0
    assert columns["roeVertexPValue"] > 0


def test_no_events_and_no_candidates_give_all_columns():
    reco, events = measured(random_events(5, tracks=(1, 3)))
    candidates = reconstruct(reco, events, load_selection(), BEAMS)
    assert len(candidates) == 0
    assert set(candidates.columns) >= {column.name for column in COLUMNS}


def test_one_table_defines_every_column(sample):
    _, _, candidates = sample
    table = candidate_columns()
    assert len(table) == len(COLUMNS)  # no name twice
    for name in table:
        assert name in candidates.columns
    for column in table.values():
        assert column.description
        assert column.source
        assert (candidates.columns[column.name].dtype.kind in "iu") == column.integer
    assert list(INDEX) == [column.name for column in KERNEL_COLUMNS]


def test_training_lists_have_the_papers_lengths(sample):
    _, _, candidates = sample
    for variables, n in ((TRAINING_VARIABLES_2021, 51), (BDT1_VARIABLES_2023, 12), (BDT2_VARIABLES_2023, 35)):
        assert len(set(variables)) == len(variables) == n
        for name in variables:
            assert np.isfinite(candidates.columns[name]).any(), name


def test_truth_of_other_events_is_refused(sample):
    reco, _, _ = sample
    _, other = measured(random_events(3))
    with pytest.raises(ValueError, match="give the truth that was measured"):
        reconstruct(reco, other, load_selection(), BEAMS)
