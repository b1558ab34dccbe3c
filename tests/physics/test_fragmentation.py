"""The fragmentation function, line shapes and flavour tables against closed forms."""

import numpy as np
import pytest
from numba import njit
from scipy import integrate, stats

from physics.hadronization.flavour import _alias, flavour_table
from physics.hadronization.fragmentation import draw_z, fragmentation_shape, lund_z
from physics.hadronization.hadrons import line_shape_quantiles
from physics.hadronization.tune import compile_tune, read_tune
from physics.random import new_stream, open_stream


@njit
def draw(stream, a, c, b, n):
    out = np.empty(n)
    for i in range(n):
        out[i] = lund_z(stream, a, c, b)
    return out


@pytest.mark.parametrize(
    ("a", "c", "b"),
    [
        (0.32, 1.0, 0.02),
        (0.32, 1.0, 0.4),
        (0.32, 1.0, 2.0),
        (1.29, 0.03, 0.3),
        (0.32, 1.97, 0.8),
        (0.32, 2.4, 2.7),
        (0.0, 1.0, 0.5),
    ],
)
def test_fragmentation_function(a: float, c: float, b: float) -> None:
    """Kolmogorov–Smirnov p > 1e-3 with 20 000 draws against (1 − z)^a z^(−c) exp(−b/z)."""
    stream = new_stream()
    open_stream(stream, np.uint64(11), 3, 0, 0)
    z = draw(stream, a, c, b, 20_000)
    grid = np.concatenate([np.geomspace(1e-5, 0.1, 4000), np.linspace(0.1, 1.0, 8001)[1:]])
    density = (1.0 - grid) ** a * grid ** (-c) * np.exp(-b / grid)
    cdf = integrate.cumulative_trapezoid(density, grid, initial=0.0)
    assert stats.kstest(z, lambda x: np.interp(x, grid, cdf / cdf[-1])).pvalue > 1e-3


@njit
def draw_from_table(stream, tune, old, new, mt2, n):
    out = np.empty(n)
    for i in range(n):
        out[i] = draw_z(stream, tune, old, new, mt2)
    return out


@pytest.mark.parametrize(
    ("old", "new", "mt2"),
    [
        (2, -1, 0.02),
        (2, -1, 0.35),
        (2, -1, 3.0),
        (2, 2101, 1.3),
        (2101, 1, 1.3),
        (4, -2, 4.4),
        (4, 2103, 6.0),
        (1, -2, 99.0),
    ],
)
def test_tabulated_z(old: int, new: int, mt2: float) -> None:
    """Tables of z: largest difference of the distribution to the closed form's 1e-3 and what 300 000 draws allow."""
    tune = compile_tune(read_tune(charm=True))
    a, c = fragmentation_shape(tune, old, new)
    stream = new_stream()
    open_stream(stream, np.uint64(11), 4, 0, 0)
    n = 300_000
    z = draw_from_table(stream, tune, old, new, mt2, n)
    grid = np.concatenate([np.geomspace(1e-5, 0.1, 4000), np.linspace(0.1, 1.0, 8001)[1:]])
    density = (1.0 - grid) ** a * grid ** (-c) * np.exp(-tune.b * mt2 / grid)
    cdf = integrate.cumulative_trapezoid(density, grid, initial=0.0)
    assert stats.kstest(z, lambda x: np.interp(x, grid, cdf / cdf[-1])).statistic < 1e-3 + 1.95 / np.sqrt(n)


def test_line_shape() -> None:
    """A narrow resonance has the quartiles of a Breit–Wigner at ± Γ/2; a broad one stays in its window."""
    q = line_shape_quantiles(1.0, 0.002, 0.5, 1.5, 0.4)
    assert q[32] == pytest.approx(0.999, abs=5e-5)
    assert q[96] == pytest.approx(1.001, abs=5e-5)
    rho = line_shape_quantiles(0.775, 0.149, 0.3, 1.5, 0.279)
    assert rho[0] >= 0.3 - 1e-9
    assert rho[-1] <= 1.5 + 1e-9
    assert np.all(np.diff(rho) > 0.0)


def test_flavour_table_is_a_probability() -> None:
    """Cumulative weights rise to 1; u ū without suppression makes π⁰ half of the time, η and η′ the rest."""
    tune = read_tune().model_copy(update={"eta_suppression": 1.0, "eta_prime_suppression": 1.0, "meson_ud": (0.0,) * 5})
    table = flavour_table(tune)
    rates = dict(zip(table["meson_pdg"][2, 2].tolist(), np.diff(table["meson"][2, 2], prepend=0.0), strict=False))
    assert rates[111] == pytest.approx(0.5)
    assert rates[221] + rates[331] == pytest.approx(0.5)
    assert rates[221] > rates[331] > 0.15
    cumulative = table["meson"][1:, 1:]
    assert np.all(np.diff(cumulative, axis=-1) > -1e-12)
    assert np.allclose(cumulative[..., -1], 1.0)
    assert table["meson_pdg"][4, 1, :2].tolist() == [411, 413]


def test_alias_table_keeps_the_probabilities() -> None:
    weights = np.random.default_rng(1).exponential(size=37)
    keep, alias = _alias(weights)
    chances = keep.copy()
    np.add.at(chances, alias, 1.0 - keep)
    assert np.allclose(chances / 37, weights / weights.sum(), rtol=1e-12)


def test_every_flavour_has_hadrons() -> None:
    """All ends, with and without a popcorn meson to come, and all that joins them, have rows; new ends too."""
    table = flavour_table(read_tune(charm=True))
    ends, seen = [1, 2, 3, 4], set()
    while ends:
        end = ends.pop()
        seen.add(end)
        i = table["row"][end]
        assert i >= 0
        part = slice(table["row_first"][i], table["row_first"][i] + table["row_size"][i])
        assert part.stop > part.start
        _, joins, hadrons, antihadrons = table["outcome"][part].T
        assert (hadrons != 0).all()
        assert (np.abs(antihadrons) == np.abs(hadrons)).all()
        ends += list(set(np.abs(joins).tolist()) - seen - set(ends))
    assert len(seen) == 4 + 2 * 15


def test_baryons_follow_su6() -> None:
    """u with a spin-0 ud diquark is a proton always; with uu it is Δ⁺⁺ always; s with ud₀ a Λ or refused."""
    table = flavour_table(read_tune())
    assert table["baryon_pdg"][2, 1, 0, 2, 0] == 2212
    assert table["baryon"][2, 1, 0, 2, 0] == pytest.approx(1.0)
    assert table["baryon"][2, 2, 1, 2, 1] == pytest.approx(0.0)
    assert table["baryon_pdg"][2, 2, 1, 2, 2] == 2224
    assert np.diff(table["baryon"][2, 1, 0, 3], prepend=0.0)[:3] == pytest.approx([0.0, 2.0 / 3.0, 0.0])
    assert table["baryon_pdg"][2, 1, 0, 3, 1] == 3122
