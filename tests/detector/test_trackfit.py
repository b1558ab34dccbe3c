"""The Kalman filter on helix parameters against a plain weighted least-squares fit written independently."""

import math

import numpy as np
import pytest

from detector.card import load_detector
from detector.crossing import BY_LAYERS, EXACT, FATE_LEFT, TABLE, TOTAL_X0, WEIGHT, WHOLE, cross_layers, new_crossings
from detector.geometry import WALL
from detector.helix import helix_at_poca
from detector.trackfit import filter_inward
from physics.particles import ELECTRON_MASS, KAON_MASS, MUON_MASS, PION_MASS, PROTON_MASS
from physics.random import STAGE_TRACKING, new_stream, open_stream

FIELD = 1.5
MASSES = (PION_MASS, KAON_MASS, PROTON_MASS, MUON_MASS, ELECTRON_MASS)


class Particle:
    """A charged particle in the field: a point, a momentum, a charge; moved exactly."""

    def __init__(self, point, momentum, charge):
        self.point, self.momentum, self.charge = np.array(point), np.array(momentum), charge

    def moved(self, s):
        """The same particle after the transverse arc length s."""
        pt = math.hypot(*self.momentum[:2])
        phi = math.atan2(self.momentum[1], self.momentum[0])
        k = 0.00299792458 * FIELD * self.charge / pt
        x = self.point[0] - (math.sin(phi - k * s) - math.sin(phi)) / k
        y = self.point[1] + (math.cos(phi - k * s) - math.cos(phi)) / k
        z = self.point[2] + s * self.momentum[2] / pt
        angle = phi - k * s
        return Particle((x, y, z), (pt * math.cos(angle), pt * math.sin(angle), self.momentum[2]), self.charge)

    @property
    def direction(self):
        return self.momentum / math.hypot(*self.momentum[:2])


def kinked(particle, turn, dip, loss):
    """Rotate by small angles in azimuth and in dip, scale the momentum by 1 − loss."""
    p = np.linalg.norm(particle.momentum) * (1.0 - loss)
    phi = math.atan2(particle.momentum[1], particle.momentum[0]) + turn
    lam = math.asin(particle.momentum[2] / np.linalg.norm(particle.momentum)) + dip
    momentum = (p * math.cos(lam) * math.cos(phi), p * math.cos(lam) * math.sin(phi), p * math.sin(lam))
    return Particle(particle.point, momentum, particle.charge)


class Plane:
    def __init__(self, point, normal, axes, sigmas, arc):
        self.point, self.normal, self.axes, self.sigmas, self.arc = point, normal, axes, sigmas, arc

    def measure(self, particle, s):
        for _ in range(3):
            now = particle.moved(s)
            s += (self.point - now.point) @ self.normal / (now.direction @ self.normal)
        return [axis @ (particle.moved(s).point - self.point) for axis in self.axes]


class Wire:
    def __init__(self, point, direction, sigma, arc):
        self.point, self.direction, self.sigmas, self.arc = point, direction, [sigma], arc

    def measure(self, particle, s):
        for _ in range(3):  # the closest approach of the curve to the line
            now = particle.moved(s)
            gap = now.point - self.point
            gap = gap - (gap @ self.direction) * self.direction
            along = now.direction - (now.direction @ self.direction) * self.direction
            s -= gap @ along / (along @ along)
        now = particle.moved(s)
        normal = np.cross(self.direction, now.direction)
        return [normal @ (now.point - self.point) / np.linalg.norm(normal)]


def reference_covariance(detector, helix, mass, work):
    """Covariance by (Hᵀ V⁻¹ H)⁻¹ with all 56 layers and numerical derivatives."""
    surfaces, chamber = detector.tracker.surfaces, detector.tracker.chamber
    d0, _phi0, omega, _z0, tan_lambda = helix

    def particle(h):
        pt = 0.00299792458 * FIELD / abs(h[2])
        return Particle(
            (h[0] * math.sin(h[1]), -h[0] * math.cos(h[1]), h[3]),
            (pt * math.cos(h[1]), pt * math.sin(h[1]), pt * h[4]), math.copysign(1.0, h[2]),
        )  # fmt: skip

    truth = particle(helix)
    cos_lambda = 1.0 / math.sqrt(1.0 + tan_lambda**2)
    detectors, matter = [], []  # matter: arc, x0, electrons, 1/(pβ)²
    before = 0.0
    for layer, normals, crossing in zip(surfaces.layer, surfaces.normal, work.surface, strict=False):
        if not crossing["met"]:
            continue
        s = before = crossing["arc"]
        crossed = crossing["met"] / crossing["slope"]
        weakness = crossing["angle2"] / (layer["x0"] * crossed)  # 1/(pβ)² where the layer is met
        matter.append((s, layer["x0"] * crossed, layer["electrons"] * crossed, weakness))
        if layer["kind"] == WALL or crossing["hits"] == 0:
            continue
        normal = np.array([*normals[crossing["ladder"]], 0.0])
        angle = math.atan(layer["slant_tan"]) if crossing["slanted"] else 0.0
        u = np.array([-normal[1], normal[0], 0.0])
        v = -math.sin(angle) * normal + np.array([0.0, 0.0, math.cos(angle)])
        tilted = math.cos(angle) * normal + np.array([0.0, 0.0, math.sin(angle)])
        sigmas = np.sqrt(np.array([layer["variance_u"], layer["variance_v"]]) / crossing["hits"])
        detectors.append(Plane(truth.moved(s).point, tilted, (u, v), list(sigmas), s))
    for superlayer in work.superlayer[: len(chamber.first) - 1]:
        if superlayer["layers"] == 0:
            continue
        for wire in chamber.layer[superlayer["first"] : superlayer["last"] + 1]:
            r = wire["radius"]
            s = 2.0 * math.asin(math.sqrt((r**2 - d0**2) * omega**2 / 4 / (1 + omega * d0))) / abs(omega)
            point = truth.moved(s).point
            azimuth = np.array([-point[1], point[0], 0.0]) / math.hypot(*point[:2])
            stereo = wire["stereo"]
            direction = math.sin(stereo) * azimuth + np.array([0.0, 0.0, math.cos(stereo)])
            detectors.append(Wire(point, direction, math.sqrt(chamber.variance), s))
            if s - before > 4.0:  # slabs of gas of 4 cm
                step = (s - before) / cos_lambda
                gas = chamber.gas
                weakness = superlayer["angle2"] / gas.x0
                matter.append((0.5 * (s + before), gas.x0 * step, gas.electrons * step, weakness))
                before = s

    def measured(start, s_start, after):
        return np.array([m for d in detectors if d.arc > after for m in d.measure(start, d.arc - s_start)])

    sigmas = np.array([sigma for d in detectors for sigma in d.sigmas])
    steps = np.array([1e-4, 1e-5, abs(omega) * 1e-4, 1e-4, 1e-5])
    rows = []
    for i in range(5):
        shift = np.zeros(5)
        shift[i] = steps[i]
        rows.append(
            (measured(particle(helix + shift), 0, -1) - measured(particle(helix - shift), 0, -1)) / (2 * steps[i])
        )
    h = np.array(rows).T
    v = np.diag(sigmas**2)
    total = work.numbers[TOTAL_X0]
    p_start = 0.00299792458 * FIELD / abs(omega) / cos_lambda
    log = 1.0 + 0.038 * math.log(total * (1.0 + (mass / p_start) ** 2))
    for s, x0, electrons, weakness in matter:
        # 1/(pβ)² = (p² + m²)/p⁴ solved for p²
        p2 = (1.0 + math.sqrt(1.0 + 4.0 * weakness * mass**2)) / (2.0 * weakness)
        beta2 = p2 / (p2 + mass**2)
        theta = 0.0136 * log * math.sqrt(x0 * weakness)
        loss = 4.018 / 2.355 * 0.1535375e-3 * electrons / beta2 * math.sqrt(weakness)
        here = truth.moved(s)
        skipped = sum(len(d.sigmas) for d in detectors if d.arc <= s)
        for kink, size in (((1, 0, 0), theta / cos_lambda), ((0, 1, 0), theta), ((0, 0, 1), loss)):
            small = 1e-5
            effect = np.zeros(len(sigmas))  # the true track measures zero everywhere
            effect[skipped:] = measured(kinked(here, *(small * x for x in kink)), s, s) / small
            v += size**2 * np.outer(effect, effect)
    return np.linalg.inv(h.T @ np.linalg.inv(v) @ h)


def points(n, seed):
    """(mass, charge, vertex, momentum) over the acceptance; every third from a displaced vertex."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        p = math.exp(rng.uniform(math.log(0.25), math.log(5.0)))
        theta, phi = math.radians(rng.uniform(20, 145)), rng.uniform(-math.pi, math.pi)
        direction = np.array([math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta)])
        flight = rng.uniform(0.0, 10.0) if i % 3 == 2 else 0.01
        vertex = flight * (direction + 0.2 * rng.normal(size=3))
        yield MASSES[i % len(MASSES)], (-1) ** i, vertex, p * direction


def filtered(detector, work, mass, charge, vertex, momentum, mode=EXACT):
    """Run the production kernels for one particle; return helix and covariance."""
    stream = new_stream()
    open_stream(stream, np.uint64(5), 0, STAGE_TRACKING, 0)
    *helix, start = helix_at_poca(*vertex, *momentum, float(charge), FIELD)
    p = float(np.linalg.norm(momentum))
    fate = cross_layers(stream, detector.tracker, work, *helix, mass, p, start, 1e9, np.inf, mode)
    assert fate == FATE_LEFT
    work.numbers[WEIGHT] = 1.0  # all drift-chamber hits kept, as the reference assumes
    work.bias[:] = 0.0
    filter_inward(detector.tracker, work, helix[0], helix[1], helix[2], helix[4], mass, p, np.inf)
    c = work.covariance
    return np.array(helix), np.triu(c) + np.triu(c, 1).T


@pytest.mark.parametrize(("card", "n", "enough"), [("belle2-run1", 60, 50), ("belle2-run2", 12, 10)])
def test_covariance_agrees_with_plain_least_squares_within_five_per_cent(card, n, enough):
    detector = load_detector(card)
    work = new_crossings()
    ratios = []
    for mass, charge, vertex, momentum in points(n, seed=3):
        helix, covariance = filtered(detector, work, mass, charge, vertex, momentum)
        if sum(work.superlayer["layers"]) < 16:
            continue
        expected = reference_covariance(detector, helix, mass, work)
        sigma, wanted = np.sqrt(np.diag(covariance)), np.sqrt(np.diag(expected))
        ratios.append(sigma / wanted)
        correlation, wanted_correlation = covariance / np.outer(sigma, sigma), expected / np.outer(wanted, wanted)
        np.testing.assert_allclose(correlation, wanted_correlation, atol=0.02)
    assert len(ratios) >= enough
    np.testing.assert_allclose(ratios, 1.0, atol=0.05)


def test_tables_agree_with_the_exact_filter():
    """All ways to leave the drift chamber, over species, momenta and angles."""
    detector = load_detector("belle2-run1")
    work = new_crossings()
    rng = np.random.default_rng(1)
    ratios, kinds = [], []
    for i in range(1500):
        pt, theta, phi = 1.0 / rng.uniform(0.2, 10.0), math.radians(rng.uniform(17, 150)), rng.uniform(-3.1, 3.1)
        momentum = pt * np.array([math.cos(phi), math.sin(phi), 1.0 / math.tan(theta)])
        vertex = rng.normal(0.0, 0.1, 3)
        mass, charge = MASSES[i % 5], (-1) ** i
        p = float(np.linalg.norm(momentum))
        *helix, start = helix_at_poca(*vertex, *momentum, float(charge), FIELD)
        errors = []
        for mode in (EXACT, TABLE):
            stream = new_stream()
            open_stream(stream, np.uint64(5), i, STAGE_TRACKING, 0)
            fate = cross_layers(stream, detector.tracker, work, *helix, mass, p, start, 1e9, np.inf, mode)
            work.numbers[WEIGHT] = detector.tracker.chamber.efficiency
            work.bias[:] = 0.0
            filter_inward(detector.tracker, work, helix[0], helix[1], helix[2], helix[4], mass, p, np.inf)
            errors.append(np.sqrt(np.diag(work.covariance)))
        if fate == FATE_LEFT and work.numbers[WHOLE] != BY_LAYERS:
            ratios.append(errors[1] / errors[0])
            kinds.append(int(work.numbers[WHOLE]))
    assert set(kinds) == {1, 2, 3, 4}
    assert len(kinds) > 900
    # d0, φ0, z0, tanλ come from the silicon; ω hangs on the chamber.
    np.testing.assert_allclose(np.array(ratios)[:, [0, 1, 3, 4]], 1.0, atol=0.01)
    np.testing.assert_allclose(np.array(ratios)[:, 2], 1.0, atol=0.10)
    assert np.std(np.array(ratios)[:, 2]) < 0.015
    assert abs(np.mean(np.array(ratios)[:, 2]) - 1.0) < 0.01
