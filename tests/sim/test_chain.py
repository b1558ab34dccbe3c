"""Decay chains by hand, alone and beside the ``phasespace`` package."""

import numpy as np
import pytest

from sim.chain import Chain


def chain():
    d0 = Chain("D0bar", 1.86484, [Chain("K+", 0.493677), Chain("pi-", 0.13957), Chain("pi0", 0.13498)])
    return Chain("B0", 5.27972, [Chain("D*-", 2.01026, [d0, Chain("pi-_slow", 0.13957)]), Chain("pi+", 0.13957)])


def mass(p):
    return np.sqrt(p[:, 3] ** 2 - (p[:, :3] ** 2).sum(axis=1))


def test_momenta_add_up_and_masses_hold():
    p = chain().generate(2_000, seed=2, momentum=(0.3, -0.2, 1.5))
    np.testing.assert_allclose(p["D*-"] + p["pi+"], p["B0"], atol=1e-12)
    np.testing.assert_allclose(p["D0bar"] + p["pi-_slow"], p["D*-"], atol=1e-12)
    np.testing.assert_allclose(p["K+"] + p["pi-"] + p["pi0"], p["D0bar"], atol=1e-12)
    for particle in chain().walk():
        np.testing.assert_allclose(mass(p[particle.name]), particle.mass, rtol=1e-9)


def test_event_does_not_depend_on_the_number_of_events():
    np.testing.assert_array_equal(chain().generate(10)["K+"], chain().generate(100)["K+"][:10])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Chain("B", 1.0, [Chain("a", 0.6), Chain("b", 0.5)]), "too light"),
        (lambda: Chain("B", 1.0, [Chain("a", 0.1), Chain("a", 0.1)]), "a name of its own"),
        (lambda: Chain("B", 1.0, [Chain("a", 0.1)]), "two or more"),
    ],
)
def test_impossible_chains_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.external
def test_either_generator_gives_the_same_distributions():
    ours = chain().generate(200_000, seed=1)
    weights, theirs = chain().to_phasespace().generate(200_000, seed=1)
    weights = weights.numpy() / weights.numpy().sum()
    for a, b in (("K+", "pi-"), ("K+", "pi0"), ("K+", "pi+"), ("pi-_slow", "pi+")):
        x = mass(ours[a] + ours[b]) ** 2
        y = mass(theirs[a].numpy() + theirs[b].numpy()) ** 2
        mean = weights @ y
        error = np.hypot(x.std() / np.sqrt(len(x)), np.sqrt(weights**2 @ (y - mean) ** 2))
        assert abs(x.mean() - mean) < 4 * error, (a, b)


@pytest.mark.external
def test_round_trip():
    assert Chain.from_phasespace(chain().to_phasespace()).to_phasespace().name == "B0"
    back = Chain.from_phasespace(chain().to_phasespace())
    assert [p.name for p in back.walk()] == [p.name for p in chain().walk()]
    np.testing.assert_array_equal(back.generate(5)["K+"], chain().generate(5)["K+"])
