"""32 tracks side by side: the tracker's kernels work on lanes, which the compiler turns into vector instructions.

A quantity of 32 tracks is a *row* of ``LANES`` numbers; a kernel is a sequence of short loops over the lanes
without branches. Rows live in flat arrays, at constant places, so that the compiler sees that they do not overlap.
Each lane is computed by the same operations whatever the other lanes hold (no sums across lanes): a track does not
depend on its neighbours. Where a group is not full the last lanes repeat the first.

A short loop of known length the compiler would unroll before it looks for vector instructions, and then find none: such
kernels are told the number of lanes when they run.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from physics.elementary import fast_log
from physics.jit import kernel
from physics.memory import scratch
from physics.random import philox

LANES = 32


@intrinsic
def wide_vectors(_context):
    """Let the compiler fill whole vector registers in the calling kernel.

    By itself it takes half of 512 bits, for mixed code's sake; loops over lanes are all arithmetic.
    """

    def generate(context, builder, _signature, _values):
        # Past llvmlite's list of names, which has no attributes with values.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.none(), generate


_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False, "fastmath": {"contract"}}
lane_kernel = njit(**_OPTIONS)
"""For a loop over the lanes; products and sums may be fused."""
lane_function = njit(**_OPTIONS, forceinline=True)
"""For what is done in one lane."""

# Rows of ``Lanes.track``, in the order in which they come to be.
(
    X, Y, Z, PX, PY, PZ, CHARGE, MASS, INVERSE_MASS,  # where the flight begins [cm], momentum there [GeV]
    LIFE, HARDNESS, LONGEST,  # mean decay length over momentum, interaction length in units of nucleons', end of fakes
    D0, PHI0, OMEGA, Z0, TAN_LAMBDA, START,  # its helix, arc length of that point from the POCA
    SIN0, COS0, COS_LAMBDA, SECANT, MOMENTUM, D2, DIAMETER, SCALE, CURL,  # of the helix: ``detector.crossing.launch``
    END, REGION, LIMIT, DECAYS,  # arc length of the end; REGION_*; interaction lengths to live; whether it decays
    ENERGY, LOSS_LOG, LOSS_RATIO, TOTAL, THICKNESS, RESPOND, FATE,  # walking: see ``detector.crossing``
    INNER, OUTER, WIRES, FIRST_WIRE, LAST_WIRE, FIRST_ARC, LAST_ARC, WEIGHT,  # drift chamber: see ``detector.wires``
    PIXELS, STRIPS, STRIP_LAYERS, FIRST_PIXEL, FIRST_STRIP, WIRE_HITS,  # hits kept: see ``detector.tracking``
    X_END, Y_END, Z_END, PX_END, PY_END, PZ_END, PATH, DELAY,  # where the flight ends, how far and when
    BROKEN, BIAS0, BIAS1, BIAS2, BIAS3, BIAS4, CHI2, NDF, HIGHLAND,  # fit: see ``detector.trackfit``
    OUTER_ARC, OUTER_MIDDLE, OUTER_FORTH, OUTER_ASIDE, INNER_ANGLE2, INNER_BEND2,
    HELP0, HELP1, HELP2, HELP3, HELP4, HELP5,
) = (np.int64(LANES * i) for i in range(81))  # fmt: skip
TRACK_ROWS = 81

# Rows of one surface.
(MET, HITS, ACTIVE, SLANTED, SLOPE, MATTER, ANGLE2, BEND2, NORMAL_X, NORMAL_Y) = (
    np.int64(LANES * i) for i in range(10)
)  # fmt: skip
"""Sensors or walls crossed (0, 1, 2), hits, whether the sensor is active there, whether it is the slanted one; cosine
of the incidence angle; radiation lengths; radiation lengths / (pβ)² [1/GeV²]; variance of ln p by straggling; the
ladder's normal.
"""
SURFACE_ROWS = 10
ARC, FORTH, ASIDE = (np.int64(LANES * i) for i in range(3))
"""Rows of a point: arc length s from the POCA; how far it lies along the direction there, sin(ωs)/ω, and to the right
of it, (1 − cos(ωs))/ω. In the frame of the POCA, x along the direction and y to the left, the point is
(FORTH, −d0 − ASIDE) and its direction (1 − ω ASIDE, −ω FORTH).
"""
POINT_ROWS = 3
# Rows of one superlayer: layers crossed; the first and the last of them, and where the track passes the superlayer's
# own first and last layers; whether only a part of the superlayer is crossed; tangent of the stereo angle over
# the radius, at both points; of one cm of gas.
(LAYERS, FIRST, LAST, Z_FIRST, Z_LAST, PART, LOW_TILT, HIGH_TILT, GAS_ANGLE2, GAS_BEND2) = (
    np.int64(LANES * i) for i in range(10)
)  # fmt: skip
SUPERLAYER_ROWS = 10
MAX_SURFACES, MAX_SUPERLAYERS = 16, 16
DRAWS = np.int64(6)
"""Blocks of two random numbers for each lane."""


class Lanes(NamedTuple):
    """Memory of one group of tracks."""

    track: np.ndarray  # (TRACK_ROWS × LANES,)
    surface: np.ndarray  # (surfaces, SURFACE_ROWS × LANES)
    point: np.ndarray  # (surfaces, POINT_ROWS × LANES) where they are met
    superlayer: np.ndarray  # (superlayers, SUPERLAYER_ROWS × LANES)
    low: np.ndarray  # (superlayers, POINT_ROWS × LANES) the inner one of a superlayer's two points
    high: np.ndarray  # (superlayers, POINT_ROWS × LANES) the outer one
    covariance: np.ndarray  # (15 × LANES,) upper triangles row by row
    bits: np.ndarray  # uint64 (2 × DRAWS, LANES) random bits
    event: np.ndarray  # uint64 (LANES,) event number and stage | substream << 16 of each lane's random numbers
    name: np.ndarray  # uint64 (LANES,)
    entry: np.ndarray  # int64 (LANES,) which particle a lane holds
    used: np.ndarray  # int64 (superlayers,) whether any lane crosses it


def new_lanes() -> Lanes:
    """Return the memory of one group."""
    points, rows = POINT_ROWS * LANES, SUPERLAYER_ROWS * LANES
    sizes = (
        TRACK_ROWS * LANES, (MAX_SURFACES, SURFACE_ROWS * LANES), (MAX_SURFACES, points), (MAX_SUPERLAYERS, rows),
        (MAX_SUPERLAYERS, points), (MAX_SUPERLAYERS, points), 15 * LANES,
    )  # fmt: skip
    whole = ((2 * int(DRAWS), LANES), np.uint64), (LANES, np.uint64), (LANES, np.uint64), (LANES, np.int64)
    return Lanes(*scratch(*((size, np.float64) for size in sizes), *whole, (MAX_SUPERLAYERS, np.int64)))


_LOW, _S32 = np.uint64(0xFFFFFFFF), np.uint64(32)


@lane_kernel
def _draw_block(first, second, number, key_low, key_high, event, name):
    """Two rows of random bits: block ``number`` of the streams of the lanes' particles."""
    wide_vectors()
    for lane in range(LANES):
        first[lane], second[lane] = philox(
            number, name[lane], event[lane] & _LOW, event[lane] >> _S32, key_low, key_high
        )


@kernel
def draw_bits(bits, key, event, name, blocks):
    """Fill the rows of ``bits`` with the first 2 × ``blocks`` numbers of the streams of the lanes' particles."""
    for block in range(blocks):
        _draw_block(bits[2 * block], bits[2 * block + 1], np.uint64(block), key & _LOW, key >> _S32, event, name)


@lane_function
def to_uniform(bits):
    """Return the uniform number of 64 random bits, as :func:`physics.random.uniform` does."""
    return (np.float64(bits >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@lane_kernel
def draw_normals(first, second, angle, distance):
    """Two rows of normal numbers from two of random bits (Box and Muller 1958)."""
    wide_vectors()
    for lane in range(LANES):
        size = math.sqrt(-2.0 * fast_log(to_uniform(distance[lane])))
        cosine, sine = circle(2.0 * math.pi * to_uniform(angle[lane]))
        first[lane], second[lane] = size * cosine, size * sine


@lane_function
def select(condition, yes, no):
    """Return one of two numbers, both of which are known."""
    return yes if condition else no


@lane_function
def _small_arc_sine(y, y2):
    """Arc sine for y² up to a half: Chebyshev interpolation of arcsin(y)/y in y², exact to 1e-12."""
    return y * (
        1.0000000000008085 + y2 * (0.16666666612098358 + y2 * (0.07500006069769061 + y2 * (0.044640220235947506
        + y2 * (0.030441065668609643 + y2 * (0.02158953066680599 + y2 * (0.02393746060585946 + y2 * (
        -0.02268089762308368 + y2 * (0.1486519792382192 + y2 * (-0.333024316849416 + y2 * (0.5618561840973614
        + y2 * (-0.5218659324086521 + y2 * 0.24243003774485308)))))))))))
    )  # fmt: skip


@lane_function
def arc_of(sine2):
    """Angle from 0 to π/2 whose sine squared is given; numbers outside [0, 1] are taken as the nearest of them."""
    sine2 = min(max(sine2, 0.0), 1.0)
    large = sine2 > 0.5
    y2 = select(large, 1.0 - sine2, sine2)
    angle = _small_arc_sine(math.sqrt(y2), y2)
    return select(large, 0.5 * math.pi - angle, angle)


@lane_function
def reach(radius2, d2, scale, curl):
    """Where a helix meets a cylinder: (square of the chord from the POCA, cosine of half the angle turned, arc length).

    The square of the sine of that half angle is chord² × ``curl``; if it is above 1 or ``radius2`` below ``d2``, the
    cylinder is not met and the result is the apex or the POCA. Arc over chord is α/sin α as a polynomial in cos α:
    Chebyshev interpolation, exact to 3e-9.
    """
    chord2 = max((radius2 - d2) * scale, 0.0)
    h = math.sqrt(max(1.0 - chord2 * curl, 0.0))
    h2 = h * h
    even = 1.5707963235258333 + h2 * (0.7853657671237475 + h2 * (0.584602944591579 + h2 * (
        0.4158070358405232 + h2 * (0.14669183591401885 + h2 * 0.007290417222644795))))  # fmt: skip
    odd = -0.999999205792645 + h2 * (-0.6661423444593576 + h2 * (-0.510692991729105 + h2 * (
        -0.28580595422549365 - h2 * 0.047913826330014606)))  # fmt: skip
    return chord2, h, math.sqrt(chord2) * (even + h * odd)


@lane_function
def put_point(track, point, lane, chord2, half_cosine, arc):
    """Fill a point of :func:`reach`."""
    point[ARC + lane] = arc
    point[FORTH + lane] = math.sqrt(chord2) * half_cosine
    point[ASIDE + lane] = 0.5 * chord2 * track[OMEGA + lane]


@lane_function
def angle_of(cosine, sine):
    """Angle in [−π, π] of a unit vector."""
    c, s = abs(cosine), abs(sine)
    steep = s > c
    y = select(steep, c, s)
    angle = _small_arc_sine(y, y * y)
    angle = select(steep, 0.5 * math.pi - angle, angle)
    angle = select(cosine < 0.0, math.pi - angle, angle)
    return math.copysign(angle, sine)


@lane_function
def rough_angle_of(cosine, sine):
    """:func:`angle_of` to 2e-8 of the angle to the nearest axis."""
    c, s = abs(cosine), abs(sine)
    steep = s > c
    y = select(steep, c, s)
    y2 = y * y
    angle = y * (
        0.999999988711196 + y2 * (0.16666954671612433 + y2 * (0.07488114441748575 + y2 * (0.04648084946851583
        + y2 * (0.016731388935568248 + y2 * (0.07553975382325007 + y2 * (-0.09008621665998362
        + y2 * 0.10967398318462074))))))
    )  # fmt: skip
    angle = select(steep, 0.5 * math.pi - angle, angle)
    angle = select(cosine < 0.0, math.pi - angle, angle)
    return math.copysign(angle, sine)


@lane_function
def circle(angle):
    """(cos, sin) of an angle: Taylor series to 1e-14 within π/4 of an axis."""
    quarter = np.rint(angle * (2.0 / math.pi))
    cosine, sine = small_circle(angle - quarter * (0.5 * math.pi))
    # The quarter's place among the four, without integers.
    place = quarter - 4.0 * np.floor(0.25 * quarter)
    odd = (place == 1.0) | (place == 3.0)
    c, s = select(odd, sine, cosine), select(odd, cosine, sine)
    return select((place == 1.0) | (place == 2.0), -c, c), select(place >= 2.0, -s, s)


@lane_function
def small_circle(x):
    """(cos, sin) of an angle near zero: Taylor series to 1e-14 within π/4, to 1e-9 within π/2."""
    z = x * x
    sine = x * (
        1.0 + z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z * (1 / 362880 + z * (
            -1 / 39916800 + z * (1 / 6227020800))))))
    )  # fmt: skip
    cosine = 1.0 + z * (
        -1 / 2 + z * (1 / 24 + z * (-1 / 720 + z * (1 / 40320 + z * (-1 / 3628800 + z * (
            1 / 479001600 - z * (1 / 87178291200))))))
    )  # fmt: skip
    return cosine, sine
