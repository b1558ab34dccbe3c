"""Pole forms of D → K, π, K*, ρ … form factors, as functions of q² (arrays)."""

from collections.abc import Sequence

import numpy as np

FormFactors = tuple[np.ndarray, ...]


def becirevic_kaidalov(args: Sequence[float], q2: np.ndarray) -> FormFactors:
    """f₊, f₀ from f(0), α, β, m* (Becirevic and Kaidalov, Phys. Lett. B478 (2000) 417)."""
    f, alpha, beta, m_star = args
    x = q2 / m_star**2
    return f / ((1 - x) * (1 - alpha * x)), f / (1 - x / beta)


def pole(args: Sequence[float], q2: np.ndarray, m_parent: float) -> FormFactors:
    """One function for every four of the arguments: F = f / (1 + a x + b x²)^p, x = q²/M²."""
    x = q2 / m_parent**2
    return tuple(
        args[k] / (1 + args[k + 1] * x + args[k + 2] * x**2) ** args[k + 3] for k in range(0, len(args) - 3, 4)
    )
