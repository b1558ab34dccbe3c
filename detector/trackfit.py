"""The covariance of a track from the layers it crosses.

Two steps. :func:`detector.crossing.cross_layers` walks the helix outward and notes where it meets walls,
sensors and superlayers, with the momentum left there. :func:`filter_inward` then runs a Kalman filter from
the outermost hit to the POCA (Billoir, NIM 225 (1984) 352; Frühwirth, NIM A 262 (1987) 444). Its state is
the five helix parameters at the POCA of the helix seen *between* two layers, so that the transport is the
identity: a hit subtracts its information through the derivative of the measured coordinate, a layer's
scattering and energy straggling add noise through the derivative of the parameters with respect to a kink
there. The truth is the helix at the production vertex, thus only matter after it counts.

The drift chamber's part comes from :mod:`detector.chamber`.
"""

import math

from detector.chamber import filter_chamber, look_up
from detector.crossing import AT_CHAMBER, BY_LAYERS, LAST_ARC, LAST_LAYER, TOTAL_X0, WHOLE
from detector.kalman import add_flat_hit, add_hit, add_kink, measurement_row
from detector.material import highland_factor
from physics.jit import kernel


@kernel
def filter_inward(tracker, work, d0, phi0, omega, tan_lambda, mass, momentum, broken):
    """Fill ``work.covariance`` (upper triangle) at the POCA from the crossings; return the χ² of the bias.

    ``work.bias`` enters as the displacement of the helix beyond the arc length ``broken`` (a decay, a lost
    photon) that the fit does not know of, and leaves as the shift of the fitted parameters.
    """
    layers, normals = tracker.surfaces.layer, tracker.surfaces.normal
    crossings = work.surface
    c, row, gain, bias, nothing = work.covariance, work.row, work.gain, work.bias, work.draw
    highland = highland_factor(work.numbers[TOTAL_X0], momentum, mass)
    kind = int(work.numbers[WHOLE])
    if kind != BY_LAYERS:
        chi2 = 0.0
        for i in range(5):
            nothing[i] = 0.0
        wires, last = tracker.chamber.layer, int(work.numbers[LAST_LAYER])
        inverse_beta = math.sqrt(1.0 + (mass / work.numbers[AT_CHAMBER]) ** 2)
        look_up(
            tracker.table, wires.shape[0], c, omega, tan_lambda, kind, last, work.numbers[LAST_ARC], wires[last].radius,
            inverse_beta, tracker.field,
        )  # fmt: skip
    else:
        chi2 = filter_chamber(tracker, work, d0, phi0, omega, tan_lambda, highland, broken)
    sin0, cos0 = math.sin(phi0), math.cos(phi0)
    radius, scale = 1.0 / omega, 1.0 / (1.0 + omega * d0)
    radius2 = radius * radius
    n = layers.shape[0]
    for step in range(n):
        i = n - 1 - step
        crossing = crossings[i]
        if crossing.met == 0:
            continue
        if crossing.hits > 0:
            # Plane: normal M, measured directions U (tangential) and V (along the ladder).
            layer = layers[i]
            mx, my = normals[i, crossing.ladder, 0], normals[i, crossing.ladder, 1]
            tx, ty = crossing.tx, crossing.ty
            along = tx * mx + ty * my
            across = ty * mx - tx * my
            seen = nothing if crossing.arc >= broken else bias
            number = 1.0 if crossing.hits == 1 else 0.5
            if crossing.slanted == 0:
                inverse = 1.0 / along
                measurement_row(
                    row,
                    -my - across * inverse * mx,
                    mx - across * inverse * my,
                    0.0,
                    crossing,
                    sin0,
                    cos0,
                    omega,
                    radius2,
                )
                chi2 += add_flat_hit(c, row[0], row[1], row[2], layer.variance_u * number, seen)
                lean = -tan_lambda * inverse
                measurement_row(row, mx * lean, my * lean, 1.0, crossing, sin0, cos0, omega, radius2)
            else:
                tilt = layer.slant_tan
                c_tilt = 1.0 / math.sqrt(1.0 + tilt * tilt)
                s_tilt = tilt * c_tilt
                inverse = 1.0 / (along * c_tilt + tan_lambda * s_tilt)
                fu = across * inverse
                fv = (tan_lambda * c_tilt - along * s_tilt) * inverse
                measurement_row(
                    row,
                    -my - fu * mx * c_tilt,
                    mx - fu * my * c_tilt,
                    -fu * s_tilt,
                    crossing,
                    sin0,
                    cos0,
                    omega,
                    radius2,
                )
                chi2 += add_hit(c, row, gain, layer.variance_u * number, seen)
                lean = -s_tilt - fv * c_tilt
                measurement_row(row, mx * lean, my * lean, c_tilt - fv * s_tilt, crossing, sin0, cos0, omega, radius2)
            chi2 += add_hit(c, row, gain, layer.variance_v * number, seen)
        add_kink(
            c, radius, scale, omega, tan_lambda, crossing.arc, crossing.sin, crossing.cos, highland * crossing.angle2,
            crossing.bend2,
        )  # fmt: skip
    return chi2
