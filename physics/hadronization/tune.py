"""The parameters of hadronization: one table (physics/data/hadronization.yaml), checked, overridable by a file."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from physics.hadronization.flavour import FLAVOUR_FIELDS, flavour_table
from physics.hadronization.fragmentation import Z_FIELDS, z_tables
from physics.hadronization.hadrons import HADRON_FIELDS, load_hadrons
from physics.hadronization.shower import lambda_squared

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Rate = Annotated[float, Field(ge=0.0, le=10.0)]
Mass = Annotated[float, Field(gt=0.0, le=3.0)]
Multiplets = tuple[Rate, Rate, Rate, Rate, Rate]


class HadronizationTune(BaseModel):
    """Parameters of flavour, spin, momentum and shower; values, sources and defaults are in the data file.

    Ranges are those of the programme's manual where it has them (arXiv:2203.11601), else generous.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prob_s_to_ud: Fraction
    """s against u in a string break."""
    prob_qq_to_q: Fraction
    """Diquark against quark."""
    prob_sq_to_qq: Fraction
    """Extra suppression of a strange diquark."""
    prob_qq1_to_qq0: Fraction
    """Spin 1 against spin 0 diquarks, apart from the factor 3 of spin counting."""
    meson_ud: Multiplets
    """Rates against the pseudoscalar of (vector, L1S0J1, L1S1J0, L1S1J1, L1S1J2); heaviest quark u or d."""
    meson_s: Multiplets
    meson_c: Multiplets
    theta_ps: Annotated[float, Field(ge=-90.0, le=90.0)]
    """Octet–singlet mixing angle of the pseudoscalars [degree]."""
    theta_v: Annotated[float, Field(ge=-90.0, le=90.0)]
    eta_suppression: Fraction
    eta_prime_suppression: Fraction
    decuplet_suppression: Fraction
    popcorn_rate: Annotated[float, Field(ge=0.0, le=2.0)]
    popcorn_s_pair: Fraction
    popcorn_s_meson: Fraction
    a_lund: Annotated[float, Field(ge=0.0, le=2.0)]
    b_lund: Annotated[float, Field(ge=0.1, le=2.0)]
    """[GeV⁻²]"""
    a_extra_diquark: Annotated[float, Field(ge=0.0, le=2.0)]
    a_extra_of_old: bool
    """Put the extra a of a diquark in the power of (1 − z) when the *old* flavour is the diquark."""
    r_charm: Annotated[float, Field(ge=0.0, le=2.0)]
    """Strength of Bowler's factor for charm."""
    sigma_pt: Annotated[float, Field(ge=0.0, le=1.0)]
    """√⟨pT²⟩ of a quark of a break [GeV]."""
    enhanced_fraction: Fraction
    enhanced_width: Annotated[float, Field(ge=1.0, le=10.0)]
    stop_mass: Annotated[float, Field(ge=0.0, le=2.0)]
    """Remaining mass [GeV], above the constituents', at which the last two hadrons are made."""
    stop_new_flavour: Annotated[float, Field(ge=0.0, le=2.0)]
    stop_smear: Annotated[float, Field(ge=0.0, le=0.5)]
    min_string_mass: Annotated[float, Field(ge=0.5, le=1.5)]
    """Below this mass [GeV] above the constituents' a string makes two hadrons at once."""
    join_mass: Annotated[float, Field(ge=0.2, le=1.0)]
    """Neighbouring partons closer than this mass [GeV] are joined."""
    alpha_s_mz: Annotated[float, Field(ge=0.06, le=0.25)]
    pt_min: Annotated[float, Field(ge=0.4, le=2.0)]
    """End of the shower in transverse momentum [GeV]."""
    second_shower: bool
    """Shower a pair that radiated nothing once more."""
    mass_ud: Mass
    mass_s: Mass
    mass_c: Mass
    pair_mass_ud: Mass
    pair_mass_s: Mass
    pair_mass_c: Mass
    constituent_mass_ud: Mass
    constituent_mass_s: Mass
    constituent_mass_c: Mass


TUNE = np.dtype(
    (
        np.record,
        [
            *(
                (name, np.float64)
                for name in (
                    "a", "b", "a_extra_diquark",
                    "bowler_charm",  # r_c b m_c²
                    "sigma",  # of px and of py [GeV]
                    "enhanced_fraction", "enhanced_width", "stop_mass", "stop_new_flavour", "stop_smear",
                    "min_string_mass", "join_mass", "pt_min",
                )
            ),
            ("a_extra_of_old", np.bool_),
            ("second_shower", np.bool_),
            ("quark", np.float64, (2,)),  # cumulative probabilities of d and u in a string break
            ("lambda2", np.float64, (3,)),  # Λ² of αₛ with 3, 4, 5 flavours [GeV²]
            ("quark_mass", np.float64, (5,)),  # by flavour d u s c [GeV]
            ("pair_mass", np.float64, (5,)),  # of the two quarks that a shower starts from [GeV]
            ("constituent_mass", np.float64, (5,)),  # [GeV]
            *FLAVOUR_FIELDS,
            *HADRON_FIELDS,
            *Z_FIELDS,
        ],
    )
)  # fmt: skip
"""A tune compiled for kernels: a record, which goes from kernel to kernel as one pointer."""
Tune = np.record
"""An element of :data:`TUNE`."""


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, Any]]:
    import yaml

    text = (Path(__file__).parent.parent / "data" / "hadronization.yaml").read_text()
    return {name: {k: v["value"] for k, v in table.items()} for name, table in yaml.safe_load(text).items()}


def read_tune(path: str | Path | None = None, *, charm: bool = False) -> HadronizationTune:
    """Return Belle II's tune, that of charm events where ``charm``, with the changes of the file ``path`` on top.

    The file is YAML, ``name: value`` for every parameter that differs.  Raises ValueError on a file that cannot be
    read, an unknown name or a value out of range.
    """
    values = _tables()["light"] | (_tables()["charm"] if charm else {})
    if path is not None:
        values |= _read_overrides(Path(path))
    try:
        return HadronizationTune(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        message = f"Tune {path}: {name} = {first['input']!r} is refused ({first['msg']}); correct or remove that line."
        raise ValueError(message) from None


def _read_overrides(path: Path) -> dict[str, Any]:
    import yaml

    try:
        changes = yaml.safe_load(path.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        message = f"Tune {path} cannot be read ({type(error).__name__}); give a YAML file of 'name: value' lines."
        raise ValueError(message) from None
    if not isinstance(changes, dict):
        message = f"Tune {path} is not a list of 'name: value' lines."
        raise ValueError(message)
    return changes


def compile_tune(tune: HadronizationTune) -> Tune:
    """Return the kernels' form of a tune."""
    quark_mass = np.array([0.0, tune.mass_ud, tune.mass_ud, tune.mass_s, tune.mass_c])
    pair_mass = np.array([0.0, tune.pair_mass_ud, tune.pair_mass_ud, tune.pair_mass_s, tune.pair_mass_c])
    constituent = np.array([0.0] + 2 * [tune.constituent_mass_ud] + [tune.constituent_mass_s, tune.constituent_mass_c])
    bowler_charm = tune.r_charm * tune.b_lund * tune.mass_c**2
    values = (
        flavour_table(tune)
        | load_hadrons()
        | z_tables(tune.a_lund, tune.a_extra_diquark, tune.a_extra_of_old, bowler_charm)
        | {
            "a": tune.a_lund,
            "b": tune.b_lund,
            "bowler_charm": bowler_charm,
            "sigma": tune.sigma_pt / np.sqrt(2.0),
            "quark": np.array([1.0, 2.0]) / (2.0 + tune.prob_s_to_ud),
            "lambda2": lambda_squared(tune.alpha_s_mz),
            "quark_mass": quark_mass,
            "pair_mass": pair_mass,
            "constituent_mass": constituent,
        }
    )
    compiled: np.record = np.zeros(1, TUNE)[0]
    for name in TUNE.names or ():
        compiled[name] = values[name] if name in values else getattr(tune, name)
    return compiled


@lru_cache(maxsize=8)
def load_tune(path: str | Path | None = None, charm: bool = False) -> Tune:
    """Return :func:`read_tune` compiled for kernels."""
    return compile_tune(read_tune(path, charm=charm))
