"""Spin density and decay matrices: how polarisation travels along a decay chain.

The algorithm of Collins (Nucl. Phys. B304 (1988) 794), Knowles (ibid. B310 (1988) 571) and Richardson (JHEP 11
(2001) 029), which is EvtGen's.  A decay with amplitudes ``A[m, λ1, …, λn]`` of a mother with density matrix ``ρ``:

    weight          Σ ρ[m, m'] A[m, λ…] A*[m', λ…]
    daughter k      ρₖ[a, b] = Σ ρ[m, m'] A[m, …a…] A*[m', …b…] Π_{j ≠ k} Dⱼ[λⱼ, λⱼ'],   divided by its trace
    decay matrix    D[m, m'] = Σ A[m, λ…] A*[m', λ'…] Π Dⱼ[λⱼ, λⱼ'],                     divided by its trace

with ``Dⱼ`` the decay matrix of a daughter that has already decayed, the unit matrix for any other.  All kernels take
flat complex arrays in C order; ``states[0]`` is the mother's number of states, ``states[1:]`` the daughters'.
"""

import numpy as np

from physics.jit import kernel

MAX_STATES = 9
"""2J + 1 of the highest spin in a decay table (K_4*)."""


@kernel
def total_rate(amp, size):
    """Σ |A|², the weight of an unpolarised mother times its number of states."""
    total = 0.0
    for i in range(size):
        total += amp[i].real ** 2 + amp[i].imag ** 2
    return total


@kernel
def polarised_rate(amp, rho, n0, rest):
    """Weight of a decay of a mother with density matrix ``rho`` (flat n0 × n0); ``rest``: daughters' states."""
    total = 0.0
    for m in range(n0):
        for k in range(m + 1):
            r = rho[m * n0 + k]
            re, im = 0.0, 0.0
            for i in range(rest):
                a, b = amp[m * rest + i], amp[k * rest + i]
                re += a.real * b.real + a.imag * b.imag
                im += a.imag * b.real - a.real * b.imag
            term = r.real * re - r.imag * im
            total += term if m == k else 2.0 * term
    return total


@kernel
def contract(tensor, scratch, matrix, before, n, after):
    """Replace ``tensor[x, λ, y]`` by Σ_λ tensor[x, λ, y] matrix[λ, λ'] (matrix flat n × n)."""
    for x in range(before):
        for y in range(after):
            base = x * n * after + y
            for b in range(n):
                total = 0.0j
                for a in range(n):
                    total += tensor[base + a * after] * matrix[a * n + b]
                scratch[b] = total
            for b in range(n):
                tensor[base + b * after] = scratch[b]


@kernel
def fill_matrix(tensor, amp, before, n, after, out):
    """``out[a, b]`` = Σ tensor[x, a, y] amp*[x, b, y], divided by its trace; unit matrix / n when that vanishes."""
    trace = 0.0
    for a in range(n):
        for b in range(n):
            re, im = 0.0, 0.0
            for x in range(before):
                for y in range(after):
                    s = tensor[(x * n + a) * after + y]
                    t = amp[(x * n + b) * after + y]
                    re += s.real * t.real + s.imag * t.imag
                    im += s.imag * t.real - s.real * t.imag
            out[a * n + b] = complex(re, im)
            if a == b:
                trace += re
    if trace > 0.0:
        for i in range(n * n):
            out[i] /= trace
    else:
        set_unpolarised(out, n)


@kernel
def set_unpolarised(rho, n):
    """Fill ``rho`` with the unit matrix over n."""
    for i in range(n * n):
        rho[i] = 0.0
    for i in range(n):
        rho[i * n + i] = 1.0 / n


@kernel
def helicity_frame(frame, px, py, pz, e, mass, out):
    """Lorentz matrix ``out`` (4 × 4; x, y, z, E) from a daughter's own axes to where ``frame`` leads.

    ``frame`` takes the mother's own axes there; (px, py, pz, E) is the daughter's momentum in the mother's frame.
    The own axes are the mother's turned by R(φ, θ, 0) and boosted along the momentum.
    """
    transverse = np.sqrt(px * px + py * py)
    p = np.sqrt(transverse * transverse + pz * pz)
    c_phi, s_phi = (px / transverse, py / transverse) if transverse > 0.0 else (1.0, 0.0)
    c, s = (pz / p, transverse / p) if p > 0.0 else (1.0, 0.0)
    gamma, boost = e / mass, p / mass
    x0, x1, x2 = c * c_phi, c * s_phi, -s
    n0, n1, n2 = s * c_phi, s * s_phi, c
    for i in range(4):
        f0, f1, f2, f3 = frame[i, 0], frame[i, 1], frame[i, 2], frame[i, 3]
        along = f0 * n0 + f1 * n1 + f2 * n2
        out[i, 0] = f0 * x0 + f1 * x1 + f2 * x2
        out[i, 1] = f1 * c_phi - f0 * s_phi
        out[i, 2] = gamma * along + boost * f3
        out[i, 3] = boost * along + gamma * f3


@kernel
def boost_frame(px, py, pz, e, mass, out):
    """Lorentz matrix of the pure boost that gives a particle at rest the momentum (px, py, pz, E)."""
    f = 1.0 / (mass * (e + mass))
    p = (px, py, pz)
    for i in range(3):
        for j in range(3):
            out[i, j] = p[i] * p[j] * f + (1.0 if i == j else 0.0)
        out[i, 3] = p[i] / mass
        out[3, i] = p[i] / mass
    out[3, 3] = e / mass
