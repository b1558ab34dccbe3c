"""The conformal variable z(q², t₀) and the series built on it; common to every heavy-to-light form factor."""

import math

from physics.jit import kernel


@kernel
def z(q2, m_parent, m_daughter, t0):
    """z(q², t₀) with t₊ = (M + m)²; maps the semileptonic region to |z| ≪ 1 (arXiv:0807.2722)."""
    t_plus = (m_parent + m_daughter) ** 2
    a = math.sqrt(t_plus - q2)
    b = math.sqrt(t_plus - t0)
    return (a - b) / (a + b)


@kernel
def t0_optimal(m_parent, m_daughter):
    """t₀ = t₊ (1 − √(1 − t₋/t₊)), which makes |z| smallest over the physical region."""
    t_plus = (m_parent + m_daughter) ** 2
    t_minus = (m_parent - m_daughter) ** 2
    return t_plus * (1.0 - math.sqrt(1.0 - t_minus / t_plus))
