"""What each particle leaves in the calorimeter: showers with measured energy, place and time.

One kernel for one kind of particle, all from the flight's own random numbers.  A shower here is what a cluster
would be if nothing else were near; :mod:`detector.clusters` merges neighbours, applies thresholds and draws shapes.
"""

import math

import numpy as np

from detector.calorimeter import (
    BACKWARD,
    DEPTH,
    EFFICIENCY,
    ENERGY,
    ENERGY_LOW,
    OUTSIDE,
    PHI,
    THETA,
    cluster_region,
    novosibirsk,
    region_index,
)
from detector.draws import gauss, small_poisson, unit
from detector.octaves import octave_bin
from detector.sheet import FIRST, FLIGHT, HADRONIC, LABEL, PLACE, SHARE, TIME, E, X, Y, Z
from detector.stopping import BETHE_CONSTANT, CAESIUM_IODIDE, residual_beta_gamma
from physics.elementary import fast_log
from physics.jit import inlined_kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.particles import NEUTRON_MASS
from physics.random import exponential, isotropic_direction, open_stream

MAX_SPLIT_OFFS = 32

SLOT_BLOCKS = 3
"""Blocks of random numbers of a flight; those of its showers' shapes and the split-offs' stream come after them."""
STREAM_BLOCK = 64

SHOWERED, STOPPED = -1.0, -2.0
"""Instead of the interaction lengths a particle has still to go behind the crystals."""
LEAST_MOMENTUM = 0.3
"""Momentum [GeV] at the calorimeter below which everything ranges out in crystals and coil."""

MEAN_VISIBLE = 0.5333333333333333
"""Mean of Kumaraswamy's distribution with a = b = 2: 2 B(3/2, 2) = 8/15."""


@inlined_kernel
def put_shower(sheet, n, energy, x, y, z, t, hadronic, flight, label, first):
    """Write shower ``n`` if it has energy; returns the new number of showers."""
    if not energy > 0.0:
        return n
    i = n & PLACE
    sheet[E + i], sheet[X + i], sheet[Y + i], sheet[Z + i] = energy, x, y, z
    sheet[TIME + i], sheet[SHARE + i], sheet[HADRONIC + i] = t, 0.0, hadronic
    sheet[FLIGHT + i] = np.float64(flight)
    sheet[LABEL + i], sheet[FIRST + i] = np.float64(label), np.float64(first)
    return n + 1


@inlined_kernel
def electromagnetic_shower(draws, m, sheet, n, energy, x, y, z, ux, uy, uz, t, flight, calorimeter):
    """Shower of a photon or electron that enters at (x, y, z) along (ux, uy, uz) at time ``t``.

    Its random numbers are column ``m`` of ``draws``.
    """
    words, normal, tables = draws.words, draws.normal, calorimeter.table
    i, f = octave_bin(energy, ENERGY_LOW, tables.shape[1])
    depth = tables[0, i, DEPTH] + f * (tables[0, i + 1, DEPTH] - tables[0, i, DEPTH])
    x, y, z = x + depth * ux, y + depth * uy, z + depth * uz
    rho2 = x * x + y * y
    region = cluster_region(z / math.sqrt(rho2 + z * z), calorimeter)
    if region == OUTSIDE:
        return n
    row = region_index(region)
    low, high = tables[row, i], tables[row, i + 1]
    efficiency = low[EFFICIENCY] + f * (high[EFFICIENCY] - low[EFFICIENCY])
    gap = region > BACKWARD
    if gap:
        efficiency *= calorimeter.gap_efficiency
    u = unit(words[0, m])
    if u >= efficiency:
        return n
    sigma = low[ENERGY] + f * (high[ENERGY] - low[ENERGY])
    measured = 1.0 + sigma * novosibirsk(gauss(words[1, m], normal), calorimeter.tail, calorimeter.tail_scale)
    if u < efficiency * calorimeter.leakage_probability:  # it began before the crystals or leaks at the rear
        measured += calorimeter.leakage_fraction * fast_log(unit(words[4, m]))
    if gap:  # a good part of the shower is in the supports between the crystals
        measured *= 0.3 + 0.7 * unit(words[5, m])
    # the centroid moves along θ and φ: (θ̂, φ̂) = ((xz, yz, −ρ²)/(rρ), (−y, x, 0)/ρ), with arcs r dθ and ρ dφ
    d_theta = (low[THETA] + f * (high[THETA] - low[THETA])) * gauss(words[2, m], normal) / math.sqrt(rho2)
    d_phi = (low[PHI] + f * (high[PHI] - low[PHI])) * gauss(words[3, m], normal)
    return put_shower(
        sheet, n, energy * measured, x + d_theta * x * z - d_phi * y, y + d_theta * y * z + d_phi * x,
        z - d_theta * rho2, t, 0.0, flight, draws.label[m], SLOT_BLOCKS,
    )  # fmt: skip


@inlined_kernel
def visible_part(u, calorimeter):
    """Visible part of the energy of a hadronic shower contained in one cluster, from a uniform number.

    Broad: Kumaraswamy's distribution with a = b = 2 (mean 0.53) times the largest visible part.
    """
    return calorimeter.visible_fraction * math.sqrt(1.0 - math.sqrt(u))


@inlined_kernel
def jitter(sigma, word):
    """Displacement uniform with standard deviation ``sigma`` [cm]."""
    return 3.4641016151377544 * sigma * (unit(word) - 0.5)


@inlined_kernel
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


@inlined_kernel
def hadronic_shower(
    draws, m, stream, key, sheet, n, kinetic, ionisation, pdg, x, y, z, ux, uy, uz, t, flight, calorimeter
):
    """Shower of an interacting hadron and its split-offs; (x, y, z) is the point of the interaction.

    ``kinetic`` is what the hadron has left there, ``ionisation`` what it lost before.
    """
    words = draws.words
    exchange = False
    if abs(pdg) == 211:  # π± N → π⁰ N: nearly all of the energy becomes an electromagnetic shower
        exchange = unit(words[5, m]) < calorimeter.charge_exchange
    u = unit(words[6, m])
    energy = ionisation + kinetic * (0.75 + 0.25 * math.sqrt(u) if exchange else visible_part(u, calorimeter))
    if pdg in (-2212, -2112):
        share = visible_part(unit(words[7, m]), calorimeter) / (MEAN_VISIBLE * calorimeter.visible_fraction)
        energy += 2.0 * NEUTRON_MASS * calorimeter.annihilation_visible * share
    sigma = calorimeter.hadron_position
    label = draws.label[m]
    n = put_shower(
        sheet, n, energy, x + jitter(sigma, words[2, m]), y + jitter(sigma, words[3, m]),
        z + jitter(sigma, words[4, m]), t, 0.0 if exchange else 1.0, flight, label, SLOT_BLOCKS,
    )  # fmt: skip
    number = small_poisson(unit(words[8, m]), calorimeter.split_offs * math.sqrt(kinetic))
    if number == 0:
        return n
    open_stream(stream, key, draws.event[m], label & np.uint64(0xFFFF), label >> np.uint64(16))
    stream.block = np.uint64(STREAM_BLOCK)
    for piece in range(1, min(number, MAX_SPLIT_OFFS) + 1):
        part = min(calorimeter.split_off_energy * exponential(stream), 0.3 * kinetic + 0.02)
        away = calorimeter.merging_distance + calorimeter.split_off_distance * exponential(stream)
        hx, hy, hz = isotropic_direction(stream)
        # only the part across the line of flight moves the piece to other crystals
        along = hx * ux + hy * uy + hz * uz
        hx, hy, hz = hx - along * ux, hy - along * uy, hz - along * uz
        f = away / (math.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9)
        late = t + 0.3 * away / SPEED_OF_LIGHT + 2.0 * exponential(stream)
        n = put_shower(
            sheet, n, part, x + f * hx, y + f * hy, z + f * hz, late, 1.0, flight, label, SLOT_BLOCKS + piece,
        )  # fmt: skip
    return n


@inlined_kernel
def neutral_passage(draws, m, pdg, p, flight, arrivals, calorimeter):
    """Way [cm] of a K_L, neutron or antineutron to its interaction in the crystals, −1 if there is none.

    Leaves what it can still do behind them in ``arrivals.depth``.
    """
    length = interaction_length(pdg, p, calorimeter)
    depth = -fast_log(unit(draws.words[0, m])) * length
    if depth > calorimeter.crystal_length:
        arrivals.depth[flight] = (depth - calorimeter.crystal_length) / length
        return -1.0
    arrivals.depth[flight] = SHOWERED
    return depth


@inlined_kernel
def charged_shower(draws, m, sheet, n, pdg, p, mass, x, y, z, ux, uy, uz, t, flight, arrivals, csi, calorimeter):
    """Ionisation of a charged particle heavier than the electron, up to a nuclear interaction.

    Returns (number of showers, energy lost [GeV], way [cm] to the interaction, −1 if there is none); a particle
    that interacts makes no shower here.  Leaves what it can still do behind the crystals in ``arrivals.depth`` and
    ``arrivals.left``.  Straggling: Moyal's approximation of Landau's distribution with the PDG's ξ.
    """
    words = draws.words
    beta_gamma = p / mass
    length = calorimeter.crystal_length
    depth = 1e9
    arrivals.depth[flight] = 1e9
    if abs(pdg) != 13:
        free = interaction_length(pdg, p, calorimeter)
        depth = -fast_log(unit(words[0, m])) * free
        arrivals.depth[flight] = (depth - length) / free
    travelled = min(depth, length)
    thickness = travelled * calorimeter.density
    end = residual_beta_gamma(beta_gamma, mass, thickness, csi)
    arrivals.left[flight] = end
    kinetic = mass * (math.sqrt(1.0 + beta_gamma * beta_gamma) - 1.0)
    loss = kinetic
    if end > 0.0:
        loss -= mass * (math.sqrt(1.0 + end * end) - 1.0)
        xi = 0.5 * BETHE_CONSTANT * CAESIUM_IODIDE.z_over_a * thickness * (1.0 + 1.0 / (beta_gamma * beta_gamma))
        g = gauss(words[1, m], draws.normal)
        loss += min(xi, 0.2 * loss) * (-fast_log(g * g + 1e-12) - 1.2703628)
        loss = min(max(loss, 0.0), kinetic)
    if (depth < length and end > 0.0) or (pdg == -2212 and end <= 0.0):
        arrivals.depth[flight] = SHOWERED
        arrivals.left[flight] = 0.0
        return n, loss, travelled
    middle = 0.5 * travelled
    if end <= 0.0:
        arrivals.depth[flight] = STOPPED
        middle = min(middle, 3.0)
    sigma = 0.3 * calorimeter.crystal_width  # one or two crystals: width/√12 each way
    n = put_shower(
        sheet, n, loss, x + middle * ux + jitter(sigma, words[2, m]), y + middle * uy + jitter(sigma, words[3, m]),
        z + middle * uz + jitter(sigma, words[4, m]), t, 0.0, flight, draws.label[m], SLOT_BLOCKS,
    )  # fmt: skip
    return n, loss, -1.0
