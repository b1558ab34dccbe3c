"""Photons from the charged daughters of a decay: multiple emission with the exact eikonal current.

The model is that of PHOTOS (Barberio, van Eijk, Was, Comput. Phys. Commun. 66 (1991) 115; Barberio, Was,
ibid. 79 (1994) 291; Golonka, Was, Eur. Phys. J. C45 (2006) 97), derived anew.  A decay M → p₁ … pₙ with
charges Q radiates

    dN = α/(4π²) ω dω dΩ (−J²) (p'/M')/(p₀/M),      J = Σᵢ Qᵢ (pᵢ/(pᵢ·k) − P/(P·k)),

with the momenta *after* emission in J: the charges of the daughters, of the mother and all their
interference. For one scalar charge against the rest Y of the decay, in the rest frame of (charge + Y), of
mass M' = √(M² − 2Mω), this is

    dN = (α/2π) dω/ω dcosθ' β'² sin²θ'/(1 − β' cosθ')² · (1 − y),      1 − y = M'p'/(M p₀),

exact scalar QED for a constant decay amplitude, with the collinear limit (1 − y)/y of Altarelli and Parisi; a
charged lepton has (1 + (1 − y)²)/2 instead of (1 − y), its collinear limit.  Y keeps its invariant mass and
inner angles, as in PHOTOS.  The photon number is a Poisson number of this density (the soft exponentiation of
Yennie, Frautschi and Suura, Ann. Phys. 13 (1961) 379), each photon seeing what the earlier left; rates are
unchanged (Kinoshita, Lee and Nauenberg).

Not in the model: radiation from inside hadrons (structure-dependent emission), spin-dependent terms beyond
the collinear limit, the change of the angular distribution by the recoil.
"""

import math

from physics.elementary import fast_log
from physics.jit import kernel
from physics.kinematics import boost_to_parent_frame, boost_to_rest_frame
from physics.random import exponential, uniform

ALPHA = 1.0 / 137.035999177
"""Fine-structure constant at zero momentum transfer (CODATA 2022)."""
MIN_PHOTON_ENERGY = 1e-4
"""Infrared cut-off [GeV] in the mother's rest frame.

PHOTOS goes down to 1e-7 of the energy.  What is left out here carries on average (2α/π)(ln(M²/m²) − 1) ≲ 0.1
times 0.1 MeV, i.e. 10 keV, and the spectra above 1 MeV are complete even for mothers with γ = 4.  Going from
1e-7 to 0.1 MeV halves the number of photons and so their cost in time and in memory of the record.
"""
LEPTON_MASS = 0.12
"""Charged daughters lighter than this [GeV] are leptons and radiate as spin-1/2 particles, as does the τ."""
TAU_MASS = 1.7769
"""A charged daughter within 1 MeV of this mass [GeV] is a τ (PDG 2024: 1.77693)."""
MAX_INTERFERENCE = 3.0
"""Largest |Σj|²/Σ|j|² kept.  Up to three charges it is never exceeded (Cauchy–Schwarz: at most their number); of
more charges the excess is cut, which costs about 1 % of the photons."""


@kernel
def is_spin_half(mass):
    """Whether a charged daughter of this mass [GeV] radiates as a lepton."""
    return mass < LEPTON_MASS or abs(mass - TAU_MASS) < 1e-3


@kernel
def largest_photon_energy(mother_mass, mass, rest_mass):
    """Kinematic limit [GeV] of the photon's energy in M → charge(mass) Y(rest_mass) γ, M at rest."""
    total = mass + rest_mass
    return (mother_mass - total) * (mother_mass + total) / (2.0 * mother_mass)


@kernel
def angular_integral(gamma, log_term):
    """Upper bound 2(1 − 1/γ) ∫dcosθ/(1 − β cosθ) of ∫dcosθ β² sin²θ/(1 − β cosθ)².

    ``log_term`` = ln((1 + β)/(1 − β)).  It holds because sin²θ/(1 − β cosθ) is at most 2(1 − 1/γ)/β².
    """
    if gamma <= 1.0:
        return 0.0
    beta = math.sqrt((1.0 - 1.0 / gamma) * (1.0 + 1.0 / gamma))
    return 2.0 * (1.0 - 1.0 / gamma) * log_term / beta


@kernel
def _after_emission(px, py, pz, e, dx, dy, dz, shrink, kx, ky, kz, mass, reduced_mass, omega):
    """Momentum of a particle of Y in the frame of the mother after the emission.

    Y is boosted along the charge's direction d, its ``E − p·d`` times ``shrink``, then to the recoil −k.
    """
    along = px * dx + py * dy + pz * dz
    minus = (e - along) * shrink
    plus = (e + along) / shrink
    new_along = 0.5 * (plus - minus)
    step = new_along - along
    return boost_to_parent_frame(
        px + step * dx, py + step * dy, pz + step * dz, 0.5 * (plus + minus),
        -kx, -ky, -kz, mass - omega, reduced_mass,
    )  # fmt: skip


@kernel
def _interference(n, p, charges, emitter, ex, ey, ez, ee, d, k, shrink, mass, reduced_mass):
    """|Σ Qᵢ jᵢ|² / Σ |Qᵢ jᵢ|² of the transverse currents jᵢ = vᵢ⊥/(1 − vᵢ·n) after the emission."""
    dx, dy, dz = d
    kx, ky, kz, omega = k
    nx, ny, nz = kx / omega, ky / omega, kz / omega
    sx, sy, sz = 0.0, 0.0, 0.0
    incoherent = 0.0
    for j in range(n):
        if charges[j] == 0.0:
            continue
        if j == emitter:
            qx, qy, qz, e = ex, ey, ez, ee
        else:
            qx, qy, qz, e = _after_emission(
                p[j, 0], p[j, 1], p[j, 2], p[j, 3], dx, dy, dz, shrink, kx, ky, kz, mass, reduced_mass, omega
            )
        along = qx * nx + qy * ny + qz * nz
        f = charges[j] / (e - along)
        jx, jy, jz = f * (qx - along * nx), f * (qy - along * ny), f * (qz - along * nz)
        sx += jx
        sy += jy
        sz += jz
        incoherent += jx * jx + jy * jy + jz * jz
    if incoherent <= 0.0:
        return 0.0
    return (sx * sx + sy * sy + sz * sz) / incoherent


@kernel
def _emit(stream, n, p, masses, charges, i, mass, thinning, safety, photons, n_photons):
    """Try one photon from daughter ``i`` in the rest frame of the daughters, of invariant mass ``mass``.

    ``thinning`` is a random number in (0, bound), the bound being that of ∫dω/ω times the angular integral:
    smaller values than the product go on.  On acceptance ``p`` and ``photons[n_photons]`` are written and
    True is returned.
    """
    m = masses[i]
    energy = p[i, 3]
    momentum = math.sqrt(p[i, 0] ** 2 + p[i, 1] ** 2 + p[i, 2] ** 2)
    if momentum <= 0.0:
        return False
    rest_energy = mass - energy
    rest_mass2 = (rest_energy - momentum) * (rest_energy + momentum)
    rest_mass = math.sqrt(rest_mass2) if rest_mass2 > 0.0 else 0.0
    omega_max = largest_photon_energy(mass, m, rest_mass)
    if omega_max <= MIN_PHOTON_ENERGY:
        return False
    crude_integral = angular_integral(energy / m, 2.0 * math.log((energy + momentum) / m))
    log_range = math.log(omega_max / MIN_PHOTON_ENERGY)
    if thinning > log_range * crude_integral:
        return False
    omega = MIN_PHOTON_ENERGY * math.exp(log_range * uniform(stream))

    # kinematics of (charge, Y) in their new rest frame, exact
    reduced_mass = math.sqrt(mass * (mass - 2.0 * omega))
    new_energy = (reduced_mass * reduced_mass + (m - rest_mass) * (m + rest_mass)) / (2.0 * reduced_mass)
    new_momentum2 = (new_energy - m) * (new_energy + m)
    if new_momentum2 <= 0.0:
        return False
    new_momentum = math.sqrt(new_momentum2)
    beta = new_momentum / new_energy
    log_term = 2.0 * math.log((new_energy + new_momentum) / m)

    # cosθ' from 1/(1 − β' cosθ'); one_minus = 1 − β' cosθ' computed without cancellation
    small = (m / (new_energy + new_momentum)) * (m / new_energy)  # 1 − β'
    one_minus = small * math.exp(log_term * uniform(stream))
    cos_theta = (1.0 - one_minus) / beta
    one_minus_cos = (one_minus - small) / beta
    sin2 = one_minus_cos * (1.0 + cos_theta)
    if sin2 <= 0.0:
        return False
    gamma = new_energy / m
    kernel = mass_ratio = reduced_mass * new_momentum / (mass * momentum)  # 1 − y
    if is_spin_half(m):
        kernel = 0.5 * (1.0 + mass_ratio * mass_ratio)
    weight = kernel * beta * beta * sin2 / (2.0 * (1.0 - 1.0 / gamma) * one_minus)
    weight *= angular_integral(gamma, log_term) / crude_integral
    threshold = uniform(stream) * safety
    if threshold > weight * safety:
        return False

    # photon direction at θ' about the charge's direction d
    dx, dy, dz = p[i, 0] / momentum, p[i, 1] / momentum, p[i, 2] / momentum
    phi = 2.0 * math.pi * uniform(stream)
    sin_theta = math.sqrt(sin2)
    a, b = sin_theta * math.cos(phi), sin_theta * math.sin(phi)
    # orthonormal frame about d (Duff et al., JCGT 6 (2017) 1)
    sign = 1.0 if dz >= 0.0 else -1.0
    f = -1.0 / (sign + dz)
    g = dx * dy * f
    kx = omega * (a * (1.0 + sign * dx * dx * f) + b * g + cos_theta * dx)
    ky = omega * (a * sign * g + b * (sign + dy * dy * f) + cos_theta * dy)
    kz = omega * (-a * sign * dx - b * dy + cos_theta * dz)

    shrink = (mass_shell(new_momentum, rest_mass) + new_momentum) / (rest_energy + momentum)
    ex, ey, ez, ee = boost_to_parent_frame(
        new_momentum * dx, new_momentum * dy, new_momentum * dz, new_energy,
        -kx, -ky, -kz, mass - omega, reduced_mass,
    )  # fmt: skip
    if safety > 1.0:
        weight *= _interference(
            n, p, charges, i, ex, ey, ez, ee, (dx, dy, dz), (kx, ky, kz, omega), shrink, mass, reduced_mass
        )
    if threshold > weight:
        return False
    for j in range(n):
        if j == i:
            p[j, 0], p[j, 1], p[j, 2] = ex, ey, ez
        else:
            p[j, 0], p[j, 1], p[j, 2], _ = _after_emission(
                p[j, 0], p[j, 1], p[j, 2], p[j, 3], dx, dy, dz, shrink, kx, ky, kz, mass, reduced_mass, omega
            )
        p[j, 3] = math.sqrt(p[j, 0] ** 2 + p[j, 1] ** 2 + p[j, 2] ** 2 + masses[j] ** 2)
    photons[n_photons, 0], photons[n_photons, 1], photons[n_photons, 2] = kx, ky, kz
    photons[n_photons, 3] = omega
    return True


@kernel
def mass_shell(momentum, mass):
    """Energy [GeV] of a particle of this momentum and mass."""
    return math.sqrt(momentum * momentum + mass * mass)


@kernel
def radiate(stream, n, p, masses, charges, mother_mass, photons):
    """Radiate photons from the charged daughters of one decay; returns their number.

    ``p`` float64 (≥ n, 4), daughters' (px, py, pz, E) [GeV] in the mother's rest frame, is changed in place;
    ``masses`` float64 (≥ n,) [GeV]; ``charges`` float64 (≥ n,) [e]; ``mother_mass`` the actual mass [GeV];
    ``photons`` float64 (k, 4) takes the photons in the same frame, at most k.  Four-momentum is conserved to
    rounding.  The charge of the mother is the sum of the daughters' and radiates at rest.
    """
    # A cheap upper bound of the mean number of candidates decides most decays with one random number.
    product = 1.0
    n_charged = 0
    for i in range(n):
        if charges[i] != 0.0:
            n_charged += 1
            ratio = 2.0 * p[i, 3] / masses[i]
            product *= ratio if abs(charges[i]) == 1.0 else ratio**4  # Q² = 4: Δ⁺⁺, Σ_c⁺⁺
    if n_charged == 0 or mother_mass <= 4.0 * MIN_PHOTON_ENERGY:
        return 0
    safety = min(float(n_charged), MAX_INTERFERENCE)
    unit = safety * ALPHA / (2.0 * math.pi)
    log_range = fast_log(0.5 * mother_mass / MIN_PHOTON_ENERGY)
    log_product = fast_log(product)
    bound = unit * 4.0 * log_range * log_product
    u = uniform(stream)
    if u < 1.0 - bound:
        return 0  # the logarithm is not needed: exp(−bound) is larger still
    arrival = -fast_log(u)
    if arrival > bound:
        return 0

    n_photons = 0
    total_x, total_y, total_z, total_e, mass = 0.0, 0.0, 0.0, mother_mass, mother_mass
    while arrival <= bound and n_photons < photons.shape[0]:
        pick = uniform(stream) * log_product
        if n_photons > 0:
            for j in range(n):
                p[j, 0], p[j, 1], p[j, 2], p[j, 3] = boost_to_rest_frame(
                    p[j, 0], p[j, 1], p[j, 2], p[j, 3], total_x, total_y, total_z, total_e, mass
                )
        emitted = False
        for i in range(n):
            if charges[i] == 0.0:
                continue
            pick -= charges[i] ** 2 * fast_log(2.0 * p[i, 3] / masses[i])
            if pick < 0.0:
                # the rest of the number is uniform again
                thinning = -pick / charges[i] ** 2 * 4.0 * log_range
                emitted = _emit(stream, n, p, masses, charges, i, mass, thinning, safety, photons, n_photons)
                break
        if n_photons > 0:
            last = n_photons + 1 if emitted else n_photons
            for j in range(n):
                p[j, 0], p[j, 1], p[j, 2], p[j, 3] = boost_to_parent_frame(
                    p[j, 0], p[j, 1], p[j, 2], p[j, 3], total_x, total_y, total_z, total_e, mass
                )
            for j in range(n_photons, last):
                photons[j, 0], photons[j, 1], photons[j, 2], photons[j, 3] = boost_to_parent_frame(
                    photons[j, 0], photons[j, 1], photons[j, 2], photons[j, 3],
                    total_x, total_y, total_z, total_e, mass,
                )  # fmt: skip
        if emitted:
            total_x -= photons[n_photons, 0]
            total_y -= photons[n_photons, 1]
            total_z -= photons[n_photons, 2]
            total_e -= photons[n_photons, 3]
            mass2 = total_e * total_e - total_x * total_x - total_y * total_y - total_z * total_z
            mass = math.sqrt(mass2) if mass2 > 0.0 else 0.0
            n_photons += 1
        arrival += exponential(stream)
    return n_photons
