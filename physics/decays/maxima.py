"""Maxima of decay probabilities, found by sampling when a decay table is compiled."""

import numpy as np

from physics.decays.choice import choose_daughters
from physics.decays.daughters import MAX_DAUGHTERS
from physics.decays.registry import amplitude_at, draw_masses_at, draws_kinematics, draws_masses
from physics.decays.table import KIND_AMPLITUDE, SHAPE_NARROW
from physics.jit import driver, in_memory
from physics.phase_space import n_body, phase_space_bound
from physics.random import open_stream, uniform
from physics.spin_density import total_rate

SAMPLES = 1500
PEAKED, PEAKED_FACTOR = 0.1, 8
"""Modes whose mean is below this share of the maximum found get this many times more samples."""
MARGIN = 1.2
"""Factor on the largest of SAMPLES squared amplitudes; the interpreter counts what still exceeds it."""


@driver
def estimate_maxima(stream, key, table, models, daughters, mothers, largest_size, samples):
    """Set the maxima of Σ|A|² of all modes with an amplitude; ``mothers``: row of the mother of each mode.

    ``models``: :func:`~physics.decays.registry.models_address`.

    Those that are known (above 0) stay.  Two-body amplitudes are normalised to a maximum of 1 already.  Other modes are
    sampled, ``samples`` points of phase space each, over the line shapes of mother and daughters.
    """
    amp = np.zeros(largest_size, np.complex128)
    masses = np.zeros(MAX_DAUGHTERS + 1)
    states = np.zeros(MAX_DAUGHTERS + 1, np.int64)
    for m in range(table.modes.shape[0]):
        if table.modes[m].kind != KIND_AMPLITUDE or table.modes[m].maximum > 0.0:
            continue
        if table.modes[m].n_daughters == 2:
            table.modes[m].maximum = 1.0 + 1e-9  # the bound is reached, rounding included
            continue
        open_stream(stream, key, m, 0, 0)
        row = mothers[m]
        particle = table.particles[row]
        if particle.states == 1 and draws_kinematics(table.modes[m].model):
            # drawn directly; few samples serve where that does not apply
            samples_of_mode, factor = samples // 4, 1
        else:
            samples_of_mode, factor = samples, PEAKED_FACTOR
        first = table.modes[m].first_parameter
        parameters = table.parameters[first : first + table.modes[m].n_parameters]
        model = table.modes[m].model
        most, total, count = 0.0, 0.0, 0
        for k in range(factor * samples_of_mode):
            # peaked ones need more points
            if k == samples and total > PEAKED * most * count:
                break
            mass = particle.mass
            if particle.shape != SHAPE_NARROW:
                low = max(particle.mass_min, table.modes[m].threshold)
                mass = low + (particle.mass_max - low) * uniform(stream)
            if mass <= table.modes[m].threshold:
                continue
            n, chosen = choose_daughters(stream, in_memory(table), daughters, row, mass, m)
            if chosen != m:
                continue
            masses[0] = mass
            states[0] = particle.states
            size = states[0]
            for i in range(n):
                masses[i + 1] = daughters.masses[i]
                states[i + 1] = table.particles[daughters.rows[i]].states
                size *= states[i + 1]
            if draws_masses(model):
                if not draw_masses_at(models, stream, model, parameters, daughters.p, masses, states, amp):
                    continue
                for i in range(n):
                    daughters.masses[i] = masses[i + 1]
            bound = phase_space_bound(mass, daughters.masses, n)
            if not n_body(stream, mass, daughters.masses, n, bound, daughters.p):
                continue
            amplitude_at(models, stream, model, parameters, daughters.p, masses, states, amp)
            rate = total_rate(amp, size)
            most = max(most, rate)
            total += rate
            count += 1
        table.modes[m].maximum = MARGIN * most
