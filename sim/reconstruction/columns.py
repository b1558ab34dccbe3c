"""The one table of the ntuple's columns: name, unit, meaning, source; kernels, files and documentation
follow it.

Names are basf2's, written as its ``VariablesToNtuple`` writes them: ``useCMSFrame(p)`` is
``useCMSFrame__bop__bc``. Variables that basf2 takes from a mask without a name (``roeE()``) carry the bare
name.  Columns that basf2 does not have say "belfast".  NaN: the quantity does not exist for this candidate.

One rule for the types, in memory as in every file: measured quantities are float32, whose relative 6e-8 is far below
any resolution; counts int32; the event number int64; what sums or identities need exactly, weights, PDG identities
and all columns that come from the generator (``mcQ2``), float64.
"""

from typing import Literal, NamedTuple

from physics.event_shapes import KSFW_NAMES, N_CONES

Type = Literal["float32", "float64", "int32", "int64"]


class NtupleColumn(NamedTuple):
    """A column of the ``variables`` tree; integer ones always exist, the others may be NaN."""

    name: str
    unit: str
    description: str
    source: str
    type: Type

    @property
    def integer(self) -> bool:
        """Whether the numbers are whole and always there."""
        return self.type.startswith("int")


_META = "basf2 VariablesToNtuple"
_EVENT = "basf2 EventVariables.cc"
_KINEMATICS = "basf2 Variables.cc"
_TRACK = "basf2 TrackVariables.cc"
_VERTEX = "basf2 VertexVariables.cc"
_PID = "basf2 PIDVariables.cc"
_SHAPE = "basf2 EventShapeVariables.cc"
_KSFW = "basf2 ContinuumSuppressionVariables.cc"
_ROE = "basf2 ROEVariables.cc"
_TAG = "basf2 TimeDependentVariables.cc"
_TRUTH = "basf2 MCTruthVariables.cc"
_INCLUSIVE = "arXiv:2104.12624, supplement; name: belfast"


def _columns(source: str, *rows: tuple[str, str, str], type: Type = "float32") -> tuple[NtupleColumn, ...]:  # noqa: A002
    return tuple(NtupleColumn(name, unit, description, source, type) for name, unit, description in rows)


def in_cms(variable: str) -> str:
    """Return the branch name of a variable in the c.m. frame."""
    return f"useCMSFrame__bo{variable}__bc"


def ksfw(variable: str) -> str:
    """Return the branch name of a KSFW variable."""
    return f"KSFWVariables__bo{variable}__bc"


_P4 = (("E", "energy"), ("p", "momentum"), ("px", "x momentum"), ("py", "y momentum"), ("pz", "z momentum"))
_HELIX = (("d0", "cm"), ("phi0", "rad"), ("omega", "1/cm"), ("z0", "cm"), ("tanLambda", ""))
_MEANING = {
    "d0": "signed distance of the track to the z axis at its POCA",
    "phi0": "azimuth of the transverse momentum at the POCA",
    "omega": "curvature, sign of the charge",
    "z0": "z of the POCA",
    "tanLambda": "slope against the transverse plane",
}
_IDS = (("electron", "e"), ("muon", "µ"), ("pion", "π"), ("kaon", "K"), ("proton", "p"), ("deuteron", "d"))

META_COLUMNS = (
    *_columns(
        _META,
        ("__experiment__", "", "experiment number: 1003, run-independent simulation"),
        ("__run__", "", "run number: 0, run-independent simulation"),
        type="int32",
    ),
    *_columns(_META, ("__event__", "", "event number"), type="int64"),
    *_columns(
        _META,
        ("__candidate__", "", "index of the candidate in its event"),
        ("__ncandidates__", "", "number of candidates in the event"),
        ("__production__", "", "production identity, 0 unless the production gives one"),
        type="int32",
    ),
    *_columns(_META, ("__weight__", "", "event weight"), type="float64"),
)

EVENT_COLUMNS = (
    *_columns(
        _EVENT,
        ("nTracks", "", "tracks of the event, unfiltered"),
        ("nCleanedTracks", "", "tracks that pass the selection's cleanup"),
        ("nPhotons", "", "photons that pass the selection's cleanup (basf2: nParticlesInList)"),
        ("nKLMClusters", "", "KLM clusters of the event"),
        ("nMCParticles", "", "particles of the truth record"),
        ("isContinuumEvent", "", "1 without Υ(4S) in the truth record, else 0"),
        type="int32",
    ),
    *_columns(
        _EVENT,
        ("Ecms", "GeV", "nominal c.m. energy √s"),
        ("beamE", "GeV", "energy of the nominal beams, laboratory frame"),
        ("beamPx", "GeV", "x momentum of the nominal beams, laboratory frame"),
        ("beamPy", "GeV", "y momentum of the nominal beams, laboratory frame"),
        ("beamPz", "GeV", "z momentum of the nominal beams, laboratory frame"),
        ("IPX", "cm", "measured interaction point"),
        ("IPY", "cm", "measured interaction point"),
        ("IPZ", "cm", "measured interaction point"),
        ("missingMomentumOfEvent", "GeV", "missing momentum, laboratory frame"),
        ("missingMomentumOfEvent_Px", "GeV", "its x component"),
        ("missingMomentumOfEvent_Py", "GeV", "its y component"),
        ("missingMomentumOfEvent_Pz", "GeV", "its z component"),
        ("missingMomentumOfEvent_theta", "rad", "its polar angle"),
        ("missingMomentumOfEventCMS", "GeV", "missing momentum, c.m. frame"),
        ("missingMomentumOfEventCMS_Px", "GeV", "its x component"),
        ("missingMomentumOfEventCMS_Py", "GeV", "its y component"),
        ("missingMomentumOfEventCMS_Pz", "GeV", "its z component"),
        ("missingMomentumOfEventCMS_theta", "rad", "its polar angle"),
        ("missingEnergyOfEventCMS", "GeV", "√s − visible energy, c.m. frame"),
        ("missingMass2OfEvent", "GeV^2", "missing mass squared"),
        ("visibleEnergyOfEventCMS", "GeV", "energy of candidate, tracks and photons, c.m. frame"),
        ("totalPhotonsEnergyOfEvent", "GeV", "energy of the photons, laboratory frame"),
    ),
)

CANDIDATE_COLUMNS = (
    *_columns(
        _KINEMATICS,
        *((name, "GeV", f"{meaning} of the candidate, laboratory frame") for name, meaning in _P4),
        ("pt", "GeV", "transverse momentum of the candidate, laboratory frame"),
        ("theta", "rad", "polar angle of the momentum, laboratory frame"),
        ("cosTheta", "", "cosine of the polar angle, laboratory frame"),
        ("phi", "rad", "azimuth of the momentum at the POCA, laboratory frame"),
        ("ptErr", "GeV", "uncertainty of pt"),
        ("M", "GeV", "mass of the candidate"),
        *((in_cms(name), "GeV", f"{meaning} of the candidate, c.m. frame") for name, meaning in _P4),
        (in_cms("pt"), "GeV", "transverse momentum of the candidate, c.m. frame"),
        (in_cms("theta"), "rad", "polar angle of the momentum, c.m. frame, z along the electron beam"),
        (in_cms("cosTheta"), "", "its cosine"),
        (in_cms("phi"), "rad", "azimuth of the momentum, c.m. frame"),
        ("mRecoil", "GeV", "mass recoiling against the candidate, NaN when its square is negative"),
        ("m2Recoil", "GeV^2", "its square"),
        ("pRecoil", "GeV", "recoil momentum, laboratory frame"),
        ("eRecoil", "GeV", "recoil energy, laboratory frame"),
        ("pRecoilTheta", "rad", "polar angle of the recoil momentum, laboratory frame"),
    ),
    *_columns(
        "arXiv:2311.14647, Sec. V; name: belfast",
        ("q2rec", "GeV^2", "s/4 + M_K² − √s E*_K: q² for a B at rest in the c.m. frame"),
    ),
    *_columns(
        "belfast",
        (
            "q2recMB",
            "GeV^2",
            "m_B² + M_K² − 2 m_B E*_K: q² for a B of its nominal mass at rest in the c.m. frame",
        ),
    ),
    *_columns(
        _KINEMATICS,
        ("charge", "", "charge of the candidate"),
        ("PDG", "", "PDG identity assumed"),
        type="int32",
    ),
    *_columns(_TRACK, *((name, unit, f"kaon: {_MEANING[name]}") for name, unit in _HELIX)),
    *_columns(_TRACK, *((f"{name}Err", unit, f"uncertainty of {name}") for name, unit in _HELIX)),
    *_columns(
        _VERTEX,
        ("dr", "cm", "transverse distance of POCA or vertex to the interaction point"),
        ("dz", "cm", "z of POCA or vertex with respect to the interaction point"),
        ("distance", "cm", "distance of POCA or vertex to the interaction point"),
    ),
    *_columns(_TRACK, ("chi2", "", "χ² of the kaon's track fit"), ("pValue", "", "p-value of the kaon's track fit")),
    *_columns(
        _TRACK,
        ("ndf", "", "degrees of freedom of the kaon's track fit"),
        ("nPXDHits", "", "pixel hits"),
        ("nSVDHits", "", "strip hits"),
        ("nVXDHits", "", "pixel and strip hits"),
        ("nCDCHits", "", "drift-chamber hits"),
        ("firstPXDLayer", "", "innermost pixel layer hit, 0 for none"),
        ("firstSVDLayer", "", "innermost strip layer hit, 0 for none"),
        ("firstCDCLayer", "", "innermost drift-chamber layer hit, -1 for none"),
        ("lastCDCLayer", "", "outermost drift-chamber layer hit, -1 for none"),
        ("trackNECLClusters", "", "1 with a matched calorimeter cluster, else 0"),
        ("nMatchedKLMClusters", "", "1 with a matched KLM cluster, else 0"),
    ),
    *_columns(
        "basf2 ECLVariables.cc",
        ("clusterE", "GeV", "energy of the kaon's calorimeter cluster"),
        ("clusterEoP", "", "its ratio to the momentum"),
    ),
    *_columns(_PID, *((f"{name}ID", "", f"L_{symbol} / Σ L of six hypotheses") for name, symbol in _IDS)),
    *_columns(
        _PID,
        ("binaryPID__bo321__cm__sp211__bc", "", "L_K / (L_K + L_π)"),
        ("binaryPID__bo321__cm__sp13__bc", "", "L_K / (L_K + L_µ)"),
        ("binaryPID__bo321__cm__sp11__bc", "", "L_K / (L_K + L_e)"),
        ("binaryPID__bo321__cm__sp2212__bc", "", "L_K / (L_K + L_p)"),
    ),
    *_columns(_PID, ("pidMostLikelyPDG", "", "PDG identity of the largest likelihood"), type="float64"),
    *_columns(
        _VERTEX,
        ("chiProb", "", "p-value of the candidate's vertex fit (K_S, K*0, K*+)"),
        ("flightDistance", "cm", "distance of the K_S vertex from the interaction point"),
        ("flightTime", "ns", "decay time of the K_S in its rest frame"),
        ("cosAngleBetweenMomentumAndVertexVector", "", "pointing angle of the K_S to the interaction point"),
    ),
)

SHAPE_COLUMNS = (
    *_columns(
        _SHAPE,
        ("thrust", "", "thrust of the event, c.m. frame"),
        ("thrustAxisX", "", "thrust axis, c.m. frame"),
        ("thrustAxisY", "", "thrust axis, c.m. frame"),
        ("thrustAxisZ", "", "thrust axis, c.m. frame"),
        ("thrustAxisCosTheta", "", "cosine of the polar angle of the thrust axis, c.m. frame"),
        ("sphericity", "", "(3/2)(λ2 + λ3) of the sphericity tensor, c.m. frame"),
        ("aplanarity", "", "(3/2) λ3 of the sphericity tensor, c.m. frame"),
        *((f"foxWolframR{order}", "", f"Fox–Wolfram ratio H{order}/H0, c.m. frame") for order in range(1, 5)),
        *(
            (f"harmonicMomentThrust{order}", "", f"Σ p P_{order}(cos θ)/√s about the thrust axis, c.m. frame")
            for order in range(5)
        ),
        *(
            (
                f"cleoConeThrust{cone}",
                "GeV",
                f"momentum flow {10 * cone}° to {10 * cone + 10}° off the thrust axis",
            )
            for cone in range(N_CONES)
        ),
        *(
            (f"{side}Hemisphere{what}", "GeV", f"{what.lower()} of the {side} thrust hemisphere, c.m. frame")
            for side in ("forward", "backward")
            for what in ("Mass", "Energy", "Momentum")
        ),
    ),
    *_columns(
        _KSFW,
        *(
            (ksfw(name), "GeV^2" if name == "mm2" else "GeV" if name == "et" else "", f"KSFW variable {name}")
            for name in KSFW_NAMES
        ),
        ("thrustOm", "", "thrust of the rest of the event, c.m. frame"),
        (
            "cosTBTO",
            "",
            "abs(cos) of the candidate's direction to the thrust axis of the rest of the event, c.m.",
        ),
        ("cosTBz", "", "abs(cos) of the candidate's polar angle, c.m. frame"),
    ),
)

ROE_COLUMNS = (
    *_columns(
        _ROE,
        ("nROE_Tracks", "", "tracks in the rest of the event"),
        ("nROE_Photons", "", "photons in the rest of the event"),
        ("nROE_KLMClusters", "", "KLM clusters without track in the event"),
        ("roeCharge", "", "charge of the rest of the event"),
        type="int32",
    ),
    *_columns(
        _ROE,
        ("roeE", "GeV", "energy of the rest of the event, laboratory frame"),
        ("roeP", "GeV", "its momentum"),
        ("roePx", "GeV", "x component"),
        ("roePy", "GeV", "y component"),
        ("roePz", "GeV", "z component"),
        ("roePt", "GeV", "transverse component"),
        ("roePTheta", "rad", "polar angle of its momentum, laboratory frame"),
        ("roeM", "GeV", "invariant mass, NaN when its square is negative"),
        ("roeMbc", "GeV", "√(s/4 − p*²) of the rest of the event, NaN when its square is negative"),
        ("roeDeltae", "GeV", "E* − √s/2 of the rest of the event"),
        ("roeEextra", "GeV", "energy of its photons, laboratory frame"),
        (in_cms("roeE"), "GeV", "energy, c.m. frame"),
        (in_cms("roeP"), "GeV", "momentum, c.m. frame"),
    ),
    *_columns(
        _INCLUSIVE,
        ("roePtVariance", "GeV^2", "variance of pt of the tracks in the rest of the event"),
        ("roeVertexX", "cm", "vertex of all its tracks minus interaction point"),
        ("roeVertexY", "cm", "vertex of all its tracks minus interaction point"),
        ("roeVertexZ", "cm", "vertex of all its tracks minus interaction point"),
        ("roeVertexChi2", "", "χ² of that vertex fit"),
        ("roeVertexPValue", "", "p-value of that vertex fit"),
        ("roeVertexKaonDr", "cm", "transverse distance of the kaon's track to that vertex"),
        ("roeVertexKaonDz", "cm", "longitudinal distance of the kaon's track to that vertex"),
    ),
    *_columns(
        _INCLUSIVE,
        ("nLeptons", "", "tracks identified as e or µ, in the whole event"),
        ("nTracksAndPhotons", "", "cleaned tracks plus photons"),
        ("totalChargeSquared", "", "square of the sum of all cleaned tracks' charges"),
        type="int32",
    ),
)

CHARM_COLUMNS = tuple(
    column
    for name, tracks in (("D0", "kaon and an oppositely charged track"), ("Dplus", "kaon and two pions"))
    for column in (
        *_columns(
            _INCLUSIVE,
            (f"{name}_M", "GeV", f"mass of the {name} → {tracks} with the best vertex"),
            (f"{name}_dr", "cm", f"transverse distance of the best {name} vertex to the interaction point"),
            (f"{name}_dz", "cm", f"z of the best {name} vertex with respect to the interaction point"),
            (f"{name}_chi2", "", f"χ² of the best {name} vertex"),
        ),
        *_columns(_INCLUSIVE, (f"{name}_nCandidates", "", f"number of {name} candidates fitted")),
    )
) + _columns(_INCLUSIVE, ("D0_medianChiProb", "", "median p-value of the D0 vertex fits"))

TAG_COLUMNS = _columns(
    _TAG,
    (
        "TagVx",
        "cm",
        "vertex of the other B: tracks of the rest of the event with the beam spot as constraint",
    ),
    ("TagVy", "cm", "vertex of the other B"),
    ("TagVz", "cm", "vertex of the other B"),
    ("TagVpVal", "", "p-value of the vertex fit of the other B"),
    ("DeltaZ", "cm", "z of the kaon's POCA (or vertex) minus TagVz"),
) + _columns(
    "arXiv:2311.14647, Appendix A; name: belfast",
    ("tagVertexKaonDr", "cm", "transverse distance of the kaon's track to the other B's vertex"),
    ("tagVertexKaonDz", "cm", "longitudinal distance of the kaon's track to the other B's vertex"),
)

TRUTH_COLUMNS = (
    *_columns(
        _TRUTH,
        ("isSignal", "", "1: signal B → K X with only invisible X, all daughters right; 0: not; NaN: no match"),
    ),
    *_columns(
        _TRUTH,
        ("mcPDG", "", "PDG identity of what made the track (composite: of the common mother)"),
        ("genMotherPDG", "", "PDG identity of its mother"),
        ("genMotherPDG__bo1__bc", "", "PDG identity of its grandmother"),
        type="float64",
    ),
    *_columns(
        _TRUTH,
        ("genParticleID", "", "index of the matched particle in the truth record"),
        ("mcE", "GeV", "energy of the matched particle, laboratory frame"),
        ("mcP", "GeV", "its momentum"),
        ("mcPT", "GeV", "its transverse momentum"),
        ("mcTheta", "rad", "polar angle of its momentum"),
        ("mcPhi", "rad", "azimuth of its momentum"),
    ),
)

KERNEL_COLUMNS = (
    *EVENT_COLUMNS,
    *CANDIDATE_COLUMNS,
    *SHAPE_COLUMNS,
    *ROE_COLUMNS,
    *CHARM_COLUMNS,
    *TAG_COLUMNS,
    *TRUTH_COLUMNS,
)
"""What the kernels fill, in this order; :data:`META_COLUMNS` are added by :func:`reconstruct`."""

COLUMNS = (*META_COLUMNS, *KERNEL_COLUMNS)
INDEX = {column.name: i for i, column in enumerate(KERNEL_COLUMNS)}
"""Position of each column in the row that the kernels fill."""
N_COLUMNS = len(KERNEL_COLUMNS)

TRAINING_VARIABLES_2021 = (
    # kaon candidate: 4
    *("phi", "dr", "dz", "cosTheta"),
    # rest of event: 13
    *(
        "roeVertexX",
        "roeVertexY",
        "roeVertexZ",
        "roeVertexKaonDr",
        "roeVertexKaonDz",
        "roeM",
        "roeVertexChi2",
    ),
    *("roeVertexPValue", "roePtVariance", "roePTheta", "roeP", "thrustOm", "roeDeltae"),
    # event: 23, and 3 more where the paper's plurals are read as the usual full sets (see below)
    *("thrust", "nLeptons", "nPhotons", "nCleanedTracks", "nTracksAndPhotons", "totalChargeSquared"),
    *("thrustAxisCosTheta", "harmonicMomentThrust0", "harmonicMomentThrust2"),
    *(ksfw(name) for name in ("mm2", "et", "hso02", "hso12", "hso20", "hso22", "hoo0")),
    *("missingMomentumOfEventCMS_theta", "missingMass2OfEvent", "sphericity"),
    *("foxWolframR1", "foxWolframR2", "foxWolframR3", "cosTBTO"),
    # D suppression: 8
    *("D0_dr", "D0_dz", "Dplus_dr", "Dplus_dz", "D0_chi2", "Dplus_chi2", "D0_M", "D0_medianChiProb"),
    # the three that bring the 48 components of the supplement's list to the 51 of the paper
    *(ksfw(name) for name in ("hso00", "hoo2")),
    "harmonicMomentThrust1",
)
"""The 51 inputs of arXiv:2104.12624.

The supplement names 48 components; the paper counts 51.  It does not say which seven KSFW moments it takes:
those here involve the missing momentum, the kaon with charged and neutral others and the others among
themselves, as its text singles out (assumption).  The three missing ones are taken from the entries listed
in the plural (assumption): the KSFW moments hso00 and hoo2, and the first harmonic moment.
"""

BDT1_VARIABLES_2023 = (
    *("roePTheta", "roeP", ksfw("hoo2"), "roeDeltae", "thrustAxisCosTheta"),
    *("harmonicMomentThrust0", "harmonicMomentThrust2", ksfw("hso02"), ksfw("hso12")),
    *("foxWolframR1", "foxWolframR2", "cosTBTO"),
)
"""The 12 inputs of the first classifier of arXiv:2311.14647, Appendix A.

Which orders of the moments the plurals stand for is not said there; chosen so that the count is 12
(assumption).
"""

BDT2_VARIABLES_2023 = (
    *BDT1_VARIABLES_2023,
    *(
        "dr",
        "cosTheta",
        "roeVertexX",
        "roeVertexZ",
        "roeVertexPValue",
        "roePtVariance",
        "nLeptons",
        "nPhotons",
    ),
    *("nCleanedTracks", "totalChargeSquared", "missingMomentumOfEventCMS_theta", "missingMass2OfEvent"),
    *("sphericity", "foxWolframR3", ksfw("hso20"), ksfw("hso22"), ksfw("mm2"), "tagVertexKaonDr"),
    *("tagVertexKaonDz", "Dplus_dr", "D0_chi2", "Dplus_chi2", "D0_M"),
)
"""The 35 inputs of the second classifier of arXiv:2311.14647, Appendix A; plurals as above (assumption)."""


def at(*names: str) -> tuple[int, ...]:
    """Return the positions of columns in the kernels' row."""
    return tuple(INDEX[name] for name in names)
