"""The Kalman filter on helix parameters against a plain weighted least-squares fit written independently."""

import math

import numpy as np
import pytest

from detector import lanes as rows
from detector.card import load_detector
from detector.crossing import EVERYTHING, land, launch, walk
from detector.flight import FATE_LEFT
from detector.geometry import WALL
from detector.helix import arc_to_radius, helix_at_poca, momentum, position
from detector.lanes import LANES, new_lanes
from detector.trackfit import filter_inward
from physics.particles import ELECTRON_MASS, KAON_MASS, MUON_MASS, PION_MASS, PROTON_MASS

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


def lane_of(lanes, lane):
    """What happened to one track: surfaces and superlayers as dictionaries, radiation lengths in all."""
    surfaces = [
        {
            "met": here[rows.MET + lane], "hits": here[rows.HITS + lane], "slanted": here[rows.SLANTED + lane],
            "slope": here[rows.SLOPE + lane], "angle2": here[rows.ANGLE2 + lane], "arc": point[rows.ARC + lane],
            "normal": turned(here[rows.NORMAL_X + lane], here[rows.NORMAL_Y + lane], lanes.track[rows.PHI0 + lane]),
        }
        for here, point in zip(lanes.surface, lanes.point, strict=True)
    ]  # fmt: skip
    superlayers = [
        {
            "layers": int(here[rows.LAYERS + lane]) if used else 0, "first": int(here[rows.FIRST + lane]),
            "last": int(here[rows.LAST + lane]), "angle2": here[rows.GAS_ANGLE2 + lane],
        }
        for here, used in zip(lanes.superlayer, lanes.used, strict=True)
    ]  # fmt: skip
    return surfaces, superlayers, lanes.track[rows.TOTAL + lane]


def turned(x, y, angle):
    """A vector from the frame of the POCA to the laboratory."""
    return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)


def reference_covariance(detector, helix, mass, walked):
    """Covariance by (Hᵀ V⁻¹ H)⁻¹ with all 56 layers and numerical derivatives."""
    surfaces_met, superlayers, total = walked
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
    for layer, crossing in zip(surfaces.layer, surfaces_met, strict=False):
        if not crossing["met"]:
            continue
        s = before = crossing["arc"]
        crossed = crossing["met"] / crossing["slope"]
        weakness = crossing["angle2"] / (layer["x0"] * crossed)  # 1/(pβ)² where the layer is met
        matter.append((s, layer["x0"] * crossed, layer["electrons"] * crossed, weakness))
        if layer["kind"] == WALL or crossing["hits"] == 0:
            continue
        normal = np.array([*crossing["normal"], 0.0])
        angle = math.atan(layer["slant_tan"]) if crossing["slanted"] else 0.0
        u = np.array([-normal[1], normal[0], 0.0])
        v = -math.sin(angle) * normal + np.array([0.0, 0.0, math.cos(angle)])
        tilted = math.cos(angle) * normal + np.array([0.0, 0.0, math.sin(angle)])
        sigmas = np.sqrt(np.array([layer["variance_u"], layer["variance_v"]]) / crossing["hits"])
        detectors.append(Plane(truth.moved(s).point, tilted, (u, v), list(sigmas), s))
    for superlayer in superlayers[: len(chamber.superlayer)]:
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


def filtered(detector, particles):
    """Run the production kernels for the particles of one group; return lanes, helices and covariances."""
    lanes, tracker = new_lanes(), detector.tracker
    track = lanes.track
    for lane in range(LANES):
        mass, charge, vertex, p = particles[min(lane, len(particles) - 1)]
        for row, value in zip((rows.X, rows.Y, rows.Z, rows.PX, rows.PY, rows.PZ), (*vertex, *p), strict=True):
            track[row + lane] = value
        track[rows.CHARGE + lane], track[rows.MASS + lane] = charge, mass
    launch(track, tracker.envelope, tracker.field)
    for lane in range(LANES):
        track[rows.LIMIT + lane], track[rows.BROKEN + lane] = np.inf, np.inf
    track[rows.END : rows.END + LANES] = 1e9
    walk(tracker, lanes, EVERYTHING)
    assert (track[rows.FATE : rows.FATE + LANES] == FATE_LEFT).all()
    track[rows.WEIGHT : rows.WEIGHT + LANES] = 1.0  # all drift-chamber hits kept, as the reference assumes
    track[rows.BIAS0 : rows.BIAS0 + 5 * LANES] = 0.0
    filter_inward(tracker, lanes, False)
    helices, covariances = [], []
    for lane in range(len(particles)):
        helices.append([track[row + lane] for row in (rows.D0, rows.PHI0, rows.OMEGA, rows.Z0, rows.TAN_LAMBDA)])
        c = np.zeros((5, 5))
        c[np.triu_indices(5)] = lanes.covariance[lane::LANES]
        covariances.append(np.triu(c) + np.triu(c, 1).T)
    return lanes, np.array(helices), np.array(covariances)


@pytest.mark.parametrize(("card", "n", "enough"), [("belle2-run1", 60, 50), ("belle2-run2", 12, 10)])
def test_covariance_agrees_with_plain_least_squares_within_five_per_cent(card, n, enough):
    detector = load_detector(card)
    particles = list(points(n, seed=3))
    ratios = []
    for i in range(0, n, LANES):
        lanes, helices, covariances = filtered(detector, particles[i : i + LANES])
        for lane, (helix, covariance) in enumerate(zip(helices, covariances, strict=True)):
            walked = lane_of(lanes, lane)
            if sum(superlayer["layers"] for superlayer in walked[1]) < 16:
                continue
            expected = reference_covariance(detector, helix, particles[i + lane][0], walked)
            sigma, wanted = np.sqrt(np.diag(covariance)), np.sqrt(np.diag(expected))
            ratios.append(sigma / wanted)
            correlation, wanted_correlation = covariance / np.outer(sigma, sigma), expected / np.outer(wanted, wanted)
            np.testing.assert_allclose(correlation, wanted_correlation, atol=0.02)
    assert len(ratios) >= enough
    np.testing.assert_allclose(ratios, 1.0, atol=0.05)


def test_a_track_does_not_depend_on_the_other_lanes():
    """Bit for bit: alone, among others, in another lane."""
    detector = load_detector("belle2-run1")
    particles = list(points(2 * LANES, seed=5))
    _, helices, covariances = filtered(detector, particles[:LANES])
    for lane in (0, 3, 15):
        _, alone, covariance = filtered(detector, particles[lane : lane + 1])
        np.testing.assert_array_equal(alone[0], helices[lane])
        np.testing.assert_array_equal(covariance[0], covariances[lane])
        mixed = [*particles[LANES : LANES + 6], particles[lane], *particles[LANES + 6 :]]
        _, among, covariance = filtered(detector, mixed[:LANES])
        np.testing.assert_array_equal(among[6], helices[lane])
        np.testing.assert_array_equal(covariance[6], covariances[lane])


def test_lanes_find_helices_and_ends_of_the_scalar_functions():
    detector = load_detector("belle2-run1")
    envelope = detector.tracker.envelope
    for particles in (list(points(LANES, seed=7)), list(points(LANES, seed=8))):
        lanes = new_lanes()
        track = lanes.track
        for lane, (mass, charge, vertex, p) in enumerate(particles):
            for row, value in zip((rows.X, rows.Y, rows.Z, rows.PX, rows.PY, rows.PZ), (*vertex, *p), strict=True):
                track[row + lane] = value
            track[rows.CHARGE + lane], track[rows.MASS + lane] = charge, mass
        launch(track, envelope, FIELD)
        land(track)
        for lane, (_, charge, vertex, p) in enumerate(particles):
            expected = helix_at_poca(*vertex, *p, float(charge), FIELD)
            names = (rows.D0, rows.PHI0, rows.OMEGA, rows.Z0, rows.TAN_LAMBDA, rows.START)
            np.testing.assert_allclose([track[row + lane] for row in names], expected, rtol=1e-9, atol=1e-9)
            s = track[rows.END + lane]
            end = [track[row + lane] for row in (rows.X_END, rows.Y_END, rows.Z_END)]
            np.testing.assert_allclose(end, position(*expected[:5], s), atol=1e-8)
            end = [track[row + lane] for row in (rows.PX_END, rows.PY_END, rows.PZ_END)]
            np.testing.assert_allclose(end, momentum(*expected[1:3], expected[4], s, FIELD), rtol=0.005, atol=1e-9)
            if track[rows.REGION + lane] == 1.0:
                assert s == pytest.approx(arc_to_radius(expected[0], expected[2], envelope.radius), abs=1e-8)
