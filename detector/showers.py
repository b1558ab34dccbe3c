"""What each particle leaves in the calorimeter: showers with measured energy, place, time and shape.

One kernel for one kind of particle, all from the flight's own random stream.  A shower here is what a cluster
would be if nothing else were near; :mod:`detector.clusters` merges neighbours and applies thresholds.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.calorimeter import (
    PHI,
    THETA,
    cluster_region,
    detection_efficiency,
    resolution,
    shower_depth,
    shower_energy,
)
from detector.stopping import BETHE_CONSTANT, CAESIUM_IODIDE, residual_beta_gamma
from physics.jit import kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.particles import NEUTRON_MASS, final_mass
from physics.random import exponential, isotropic_direction, normal, poisson, random_bits, uniform

PHOTON, ELECTRON, IONISING, HADRONIC, SPLIT_OFF, BACKGROUND = 0, 1, 2, 3, 4, 5
"""Kinds of showers."""

MAX_SHOWERS = 512

TWO_TO_MINUS_31 = 1.0 / 2147483648.0

MEAN_VISIBLE = 0.5333333333333333
"""Mean of Kumaraswamy's distribution with a = b = 2: 2 B(3/2, 2) = 8/15."""


class Showers(NamedTuple):
    """Scratch memory for the showers of one event."""

    E: np.ndarray  # measured energy [GeV]
    x: np.ndarray  # measured centroid [cm]
    y: np.ndarray
    z: np.ndarray
    t: np.ndarray  # true time [ns] less the time of light from the origin
    e1e9: np.ndarray
    e9e21: np.ndarray
    lat: np.ndarray
    pulse: np.ndarray
    kind: np.ndarray  # int64
    flight: np.ndarray  # int64, index in the event, −1 for beam background
    owner: np.ndarray  # int64, −1, or the shower it was merged into


def new_showers() -> Showers:
    """Return scratch memory for one event's showers."""
    return Showers(
        *(np.zeros(MAX_SHOWERS, np.float64) for _ in range(9)), *(np.zeros(MAX_SHOWERS, np.int64) for _ in range(3))
    )


@kernel
def put_shower(showers, n, energy, x, y, z, t, kind, flight):
    """Write shower ``n``; returns the new number of showers (showers beyond the capacity are dropped)."""
    if n >= MAX_SHOWERS or not energy > 0.0:
        return n
    showers.E[n] = energy
    showers.x[n] = x
    showers.y[n] = y
    showers.z[n] = z
    showers.t[n] = t - math.sqrt(x * x + y * y + z * z) / SPEED_OF_LIGHT
    showers.kind[n] = kind
    showers.flight[n] = flight
    showers.owner[n] = -1
    return n + 1


@kernel
def draw_shape(stream, showers, n, hadronic):
    """Draw E1/E9, E9/E21, lateral spread and pulse shape of shower ``n``.

    The centre of an electromagnetic shower is uniform on the face of the highest crystal: E1/E9 falls from 0.85 in
    its middle to about 0.25 in a corner.  Hadronic showers are wider and fluctuate more; their pulse shape is
    told apart better at higher energy.  The widths are assumptions that give the values and separations basf2's
    documentation and arXiv:2007.09642 quote (E9/E21 of photons above 0.9, lateral spread about 0.3).
    """
    energy = showers.E[n]
    bits = random_bits(stream)  # two coarse numbers from one draw
    u = np.float64(bits >> np.uint64(32)) * TWO_TO_MINUS_31 - 1.0
    v = np.float64(bits & np.uint64(0xFFFFFFFF)) * TWO_TO_MINUS_31 - 1.0
    centre = 0.90 * (1.0 - 0.45 * u * u * abs(u)) * (1.0 - 0.45 * v * v * abs(v))
    # noise of the outer crystals widens weak showers
    noise = 0.010 / (energy + 0.02)
    if hadronic:
        wide = 0.10 * math.exp(0.8 * normal(stream))
        spread = 0.6 + 0.25 * uniform(stream)
    else:
        wide = (0.030 + 0.25 * noise) * math.exp(0.4 * normal(stream))
        spread = 0.97
    showers.e1e9[n] = max(centre * spread, 0.12)
    showers.e9e21[n] = max(1.0 - wide, 0.3)
    lat = 0.62 * (1.0 - showers.e1e9[n]) + 3.0 * wide
    showers.lat[n] = min(lat, 0.98)
    # logit of the pulse-shape variable: ±(separation/2) with unit width
    separation = 2.2 + 2.6 * math.sqrt(energy)
    logit = (-0.5 if hadronic else 0.5) * separation + 1.2 * normal(stream)
    showers.pulse[n] = 1.0 / (1.0 + math.exp(-logit))


@kernel
def electromagnetic_shower(stream, showers, n, energy, x, y, z, ux, uy, uz, t, kind, flight, calorimeter):
    """Shower of a photon or electron that enters at (x, y, z) along (ux, uy, uz) at time ``t``."""
    depth = shower_depth(energy, calorimeter)
    x, y, z = x + depth * ux, y + depth * uy, z + depth * uz
    rho = math.sqrt(x * x + y * y)
    r = math.sqrt(rho * rho + z * z)
    region = cluster_region(z / r, calorimeter)
    efficiency = detection_efficiency(energy, region, calorimeter)
    u = uniform(stream)
    if u >= efficiency:
        return n
    measured = shower_energy(stream, energy, region, u < efficiency * calorimeter.leakage_probability, calorimeter)
    # the centroid moves along θ and φ: (θ̂, φ̂) = ((xz, yz, −ρ²)/(rρ), (−y, x, 0)/ρ), with arcs r dθ and ρ dφ
    d_theta = resolution(energy, region, THETA, calorimeter) * normal(stream) / rho
    d_phi = resolution(energy, region, PHI, calorimeter) * normal(stream)
    before = n
    n = put_shower(
        showers, n, measured, x + d_theta * x * z - d_phi * y, y + d_theta * y * z + d_phi * x,
        z - d_theta * rho * rho, t, kind, flight,
    )  # fmt: skip
    if n > before:
        draw_shape(stream, showers, before, False)
    return n


@kernel
def visible_part(stream, calorimeter):
    """Visible part of the energy of a hadronic shower contained in one cluster.

    Broad: Kumaraswamy's distribution with a = b = 2 (mean 0.53) times the largest visible part.
    """
    return calorimeter.visible_fraction * math.sqrt(1.0 - math.sqrt(uniform(stream)))


@kernel
def jitter(stream, sigma):
    """Displacement uniform in a cube, ``sigma`` [cm] along each axis."""
    edge = 3.4641016151377544 * sigma
    return edge * (uniform(stream) - 0.5), edge * (uniform(stream) - 0.5), edge * (uniform(stream) - 0.5)


@kernel
def interaction_length(pdg, p, calorimeter):
    """Mean way [cm] in caesium iodide to a nuclear interaction of a hadron [p in GeV]."""
    species = abs(pdg)
    if species == 211:
        return calorimeter.pion_length
    if species == 321:
        return calorimeter.kaon_length
    if species == 130:
        return calorimeter.klong_length * (1.0 + (calorimeter.klong_turn_on / p) ** 2)
    if pdg in (-2212, -2112):
        return calorimeter.nucleon_length / (1.0 + calorimeter.annihilation_turn_on / p)
    return calorimeter.nucleon_length


@kernel
def hadronic_shower(stream, showers, n, kinetic, ionisation, pdg, x, y, z, ux, uy, uz, t, flight, calorimeter):
    """Shower of an interacting hadron and its split-offs; (x, y, z) is the point of the interaction.

    ``kinetic`` is what the hadron has left there, ``ionisation`` what it lost before.
    """
    exchange = False
    if abs(pdg) == 211:  # π± N → π⁰ N: nearly all of the energy becomes an electromagnetic shower
        exchange = uniform(stream) < calorimeter.charge_exchange
    visible = 0.75 + 0.25 * math.sqrt(uniform(stream)) if exchange else visible_part(stream, calorimeter)
    energy = ionisation + kinetic * visible
    if pdg in (-2212, -2112):
        share = visible_part(stream, calorimeter) / (MEAN_VISIBLE * calorimeter.visible_fraction)
        energy += 2.0 * NEUTRON_MASS * calorimeter.annihilation_visible * share
    hx, hy, hz = jitter(stream, calorimeter.hadron_position)
    before = n
    n = put_shower(showers, n, energy, x + hx, y + hy, z + hz, t, HADRONIC, flight)
    if n > before:
        draw_shape(stream, showers, before, not exchange)
    number = poisson(stream, calorimeter.split_offs * math.sqrt(kinetic))
    for _ in range(number):
        piece = min(calorimeter.split_off_energy * exponential(stream), 0.3 * kinetic + 0.02)
        away = calorimeter.merging_distance + calorimeter.split_off_distance * exponential(stream)
        hx, hy, hz = isotropic_direction(stream)
        # only the part across the line of flight moves the piece to other crystals
        along = hx * ux + hy * uy + hz * uz
        hx, hy, hz = hx - along * ux, hy - along * uy, hz - along * uz
        across = math.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
        before = n
        late = t + 0.3 * away / SPEED_OF_LIGHT + 2.0 * exponential(stream)
        f = away / across
        n = put_shower(showers, n, piece, x + f * hx, y + f * hy, z + f * hz, late, SPLIT_OFF, flight)
        if n > before:
            draw_shape(stream, showers, before, True)
    return n


@kernel
def neutral_hadron_shower(stream, showers, n, pdg, p, e, x, y, z, ux, uy, uz, t, flight, depths, calorimeter):
    """Shower of a K_L, neutron or antineutron; leaves what remains for the muon system in ``depths[flight]``."""
    length = interaction_length(pdg, p, calorimeter)
    depth = exponential(stream) * length
    if depth > calorimeter.crystal_length:
        depths[flight] = (depth - calorimeter.crystal_length) / length
        return n
    depths[flight] = -1.0
    kinetic = e - final_mass(pdg)
    beta = p / e
    t += depth / (beta * SPEED_OF_LIGHT)
    x, y, z = x + depth * ux, y + depth * uy, z + depth * uz
    return hadronic_shower(stream, showers, n, kinetic, 0.0, pdg, x, y, z, ux, uy, uz, t, flight, calorimeter)


@kernel
def charged_shower(stream, showers, n, pdg, p, x, y, z, ux, uy, uz, t, flight, depths, left, csi, calorimeter):
    """Ionisation, and for hadrons perhaps a nuclear interaction, of a charged particle heavier than the electron.

    Leaves the interaction lengths still to go (−1: it interacted or stopped) in ``depths[flight]`` and βγ behind
    the crystals in ``left[flight]``.  Straggling: Moyal's approximation of Landau's distribution with the PDG's ξ.
    """
    mass = final_mass(pdg)
    beta_gamma = p / mass
    length = calorimeter.crystal_length
    depth = 1e9
    species = abs(pdg)
    if species != 13:
        free = interaction_length(pdg, p, calorimeter)
        depth = exponential(stream) * free
        depths[flight] = (depth - length) / free
    else:
        depths[flight] = 1e9
    travelled = min(depth, length)
    thickness = travelled * calorimeter.density
    end = residual_beta_gamma(beta_gamma, mass, thickness, csi)
    left[flight] = end
    loss = mass * (math.sqrt(1.0 + beta_gamma * beta_gamma) - math.sqrt(1.0 + end * end))
    xi = 0.5 * BETHE_CONSTANT * CAESIUM_IODIDE.z_over_a * thickness * (1.0 + 1.0 / (beta_gamma * beta_gamma))
    if end > 0.0:
        g = normal(stream)
        loss += min(xi, 0.2 * loss) * (-math.log(g * g + 1e-12) - 1.2703628)
        loss = max(loss, 0.0)
    kinetic = mass * (math.sqrt(1.0 + beta_gamma * beta_gamma) - 1.0)
    loss = min(loss, kinetic)
    middle = 0.5 * travelled
    if end <= 0.0:
        depths[flight] = -1.0
        if pdg != -2212:
            middle = min(middle, 3.0)
    if (species != 13 and depth < length and end > 0.0) or (pdg == -2212 and end <= 0.0):
        depths[flight] = -1.0
        left[flight] = 0.0
        remaining = max(kinetic - loss, 0.0)
        return hadronic_shower(
            stream, showers, n, remaining, loss, pdg,
            x + travelled * ux, y + travelled * uy, z + travelled * uz, ux, uy, uz, t, flight, calorimeter,
        )  # fmt: skip
    x, y, z = x + middle * ux, y + middle * uy, z + middle * uz
    hx, hy, hz = jitter(stream, 0.3 * calorimeter.crystal_width)  # one or two crystals: width/√12 each way
    before = n
    n = put_shower(showers, n, loss, x + hx, y + hy, z + hz, t, IONISING, flight)
    if n > before:
        draw_shape(stream, showers, before, False)
    return n
