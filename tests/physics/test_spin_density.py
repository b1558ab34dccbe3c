"""Density and decay matrices against the sums written out with numpy."""

import numpy as np

from physics.spin_density import (
    boost_frame,
    contract,
    fill_matrix,
    helicity_frame,
    polarised_rate,
    set_unpolarised,
    total_rate,
)


def _random_density(rng, n):
    a = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n))
    rho = a @ a.conj().T
    return rho / np.trace(rho).real


def _amplitudes(rng, *shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def test_rates_are_the_traces():
    rng = np.random.default_rng(1)
    amp = _amplitudes(rng, 3, 2, 2)
    rho = _random_density(rng, 3)
    flat = amp.ravel().copy()
    expected = np.einsum("mn,mab,nab->", rho, amp, amp.conj()).real
    assert np.isclose(polarised_rate(flat, rho.ravel().copy(), 3, 4), expected, rtol=1e-13)
    assert np.isclose(total_rate(flat, 12), np.sum(np.abs(amp) ** 2), rtol=1e-13)
    set_unpolarised(third := np.zeros(9, complex), 3)
    assert np.isclose(polarised_rate(flat, third, 3, 4), total_rate(flat, 12) / 3.0, rtol=1e-13)


def test_density_of_a_daughter_and_decay_matrix():
    rng = np.random.default_rng(2)
    amp = _amplitudes(rng, 3, 5, 2)
    rho, decayed = _random_density(rng, 3), _random_density(rng, 5)
    tensor, scratch = amp.ravel().copy(), np.zeros(9, complex)
    contract(tensor, scratch, rho.ravel().copy(), 1, 3, 10)
    contract(tensor, scratch, decayed.ravel().copy(), 3, 5, 2)
    out = np.zeros(81, complex)
    fill_matrix(tensor, amp.ravel().copy(), 15, 2, 1, out)
    expected = np.einsum("mn,mka,nlb,kl->ab", rho, amp, amp.conj(), decayed)
    assert np.allclose(out[:4].reshape(2, 2), expected / np.trace(expected), atol=1e-13)

    tensor = amp.ravel().copy()
    contract(tensor, scratch, decayed.ravel().copy(), 3, 5, 2)
    fill_matrix(tensor, amp.ravel().copy(), 1, 3, 10, out)
    expected = np.einsum("mka,nla,kl->mn", amp, amp.conj(), decayed)
    assert np.allclose(out[:9].reshape(3, 3), expected / np.trace(expected), atol=1e-13)


def test_frames_are_lorentz_transformations_that_lead_to_the_momentum():
    metric = np.diag([-1.0, -1.0, -1.0, 1.0])
    mother, daughter = np.zeros((4, 4)), np.zeros((4, 4))
    p = np.array([0.3, -1.2, 2.0])
    boost_frame(*p, np.sqrt(p @ p + 1.5**2), 1.5, mother)
    q = np.array([-0.4, 0.2, -0.1])
    energy = np.sqrt(q @ q + 0.5**2)
    helicity_frame(mother, *q, energy, 0.5, daughter)
    for frame in (mother, daughter):
        assert np.allclose(frame.T @ metric @ frame, metric, atol=1e-12)
    assert np.allclose(daughter @ [0, 0, 0, 0.5], mother @ [*q, energy], atol=1e-12)
    # in the mother's frame the daughter's z axis lies along its momentum
    axis = np.linalg.solve(mother, daughter @ [0, 0, 1.0, 0])[:3]
    assert np.allclose(axis / np.linalg.norm(axis), q / np.linalg.norm(q), atol=1e-12)
