"""Counter-based random streams: every event owns its numbers, whatever thread or chunk it is made in.

Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11).  The 64-bit key names the
run, ``(seed, sample)``; the 128-bit counter is ``(draw, stage | substream, event)``.  So an event is the same event
for any chunk size and thread count, and the detector may be changed without touching the truth, because its
stages own other counters.  Every kernel takes the stream (:func:`new_stream`) as its first argument.
"""

import hashlib
import math

import numpy as np

from physics.elementary import fast_log
from physics.jit import inlined_kernel, kernel

NUMBERS = 32
"""Numbers that a stream makes at once: vector instructions do that at the price of a few."""
STREAM = np.dtype(
    (
        np.record,
        [
            ("key_low", np.uint64),
            ("key_high", np.uint64),
            ("event", np.uint64),
            ("name", np.uint64),  # stage | substream << 16
            ("block", np.uint64),  # the next one, of two numbers
            ("left", np.uint64),  # numbers not yet taken
            ("numbers", np.uint64, (NUMBERS,)),
        ],
    )
)
"""One stream; a record, so that it goes from kernel to kernel as one pointer."""

# Stages own disjoint counters; a number is never given to another stage once released.
STAGE_GENERATION = 0
STAGE_TRACKING = 1
STAGE_CALORIMETER = 2
STAGE_IDENTIFICATION = 3
STAGE_KLM = 4
STAGE_BACKGROUND = 5
STAGE_MATERIAL = 6
STAGE_RECONSTRUCTION = 7

_LOW = np.uint64(0xFFFFFFFF)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_S32, _S16, _S11 = np.uint64(32), np.uint64(16), np.uint64(11)
_ZERO, _ONE, _ALL = np.uint64(0), np.uint64(1), np.uint64(NUMBERS)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53
_TO_SIGNED_UNIT = 1.0 / 4503599627370496.0  # 2**-52
_BELOW_SIGN = np.int64(11)

# (±π/2)ᵏ/k!, odd and even: the series of unit_circle
_SIN = tuple((-1) ** k * (math.pi / 2) ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(8))
_COS = tuple((-1) ** k * (math.pi / 2) ** (2 * k) / math.factorial(2 * k) for k in range(8))

# The ziggurat: 256 layers of equal area under exp(−x²/2), the lowest with the tail beyond _TAIL (Marsaglia and Tsang,
# J. Stat. Softw. 5 (2000) 8; layer and abscissa from different bits, Doornik 2005).
_TAIL = 3.6541528853610088
_LAYER = np.uint64(255)


def _ziggurat() -> np.ndarray:
    """Half widths of the layers from below, and 0: (257,)."""
    height = math.exp(-0.5 * _TAIL**2)
    area = _TAIL * height + math.sqrt(math.pi / 2.0) * math.erfc(_TAIL / math.sqrt(2.0))
    width = [area / height, _TAIL]
    while len(width) < 256:
        height += area / width[-1]
        width.append(math.sqrt(-2.0 * math.log(height)))
    return np.array([*width, 0.0])


_WIDTH = _ziggurat()
_HEIGHT = np.exp(-0.5 * _WIDTH**2)


def stream_key(seed: int, sample: str) -> np.uint64:
    """Return the 64-bit key of the run ``(seed, sample)``; neighbouring seeds give unrelated keys."""
    digest = hashlib.blake2b(f"{seed}:{sample}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def new_stream() -> np.record:
    """Return the memory of one stream, to be opened by :func:`open_stream`."""
    stream: np.record = np.zeros(1, STREAM)[0]
    return stream


@inlined_kernel
def philox(c0, c1, c2, c3, k0, k1):
    """Philox 4x32-10: two numbers of 64 bits, each of two words, from a counter and a key of 32-bit words (held in
    uint64).

    Only the low words are multiplied, for which there is a fast instruction that needs no mask; what collects in the
    high ones is masked at the end.
    """
    for _ in range(9):
        product0 = _M0 * (c0 & _LOW)
        product1 = _M1 * (c2 & _LOW)
        c0 = (product1 >> _S32) ^ c1 ^ k0
        c1 = product1
        c2 = (product0 >> _S32) ^ c3 ^ k1
        c3 = product0
        k0 += _W0
        k1 += _W1
    product0 = _M0 * (c0 & _LOW)
    product1 = _M1 * (c2 & _LOW)
    return (
        ((product1 >> _S32) | (product1 << _S32)) ^ ((c1 ^ k0) & _LOW),
        ((product0 >> _S32) | (product0 << _S32)) ^ ((c3 ^ k1) & _LOW),
    )


@kernel
def open_stream(stream, key, event, stage, substream):
    """Point ``stream`` at the first number of (key, event, stage, substream).

    ``stage`` and ``substream`` are below 2**16; the detector uses one substream for each particle of an event so
    that changing the fate of one particle leaves the others' numbers alone.
    """
    stream.key_low = np.uint64(key) & _LOW
    stream.key_high = np.uint64(key) >> _S32
    stream.event = np.uint64(event)
    stream.name = np.uint64(stage) | (np.uint64(substream) << _S16)
    stream.block = _ZERO
    stream.left = _ZERO


@kernel
def _fill(stream, blocks):
    """Make the numbers of the next ``blocks`` blocks."""
    k0, k1, name, first, numbers = stream.key_low, stream.key_high, stream.name, stream.block, stream.numbers
    e0, e1 = stream.event & _LOW, stream.event >> _S32
    for k in range(blocks):
        numbers[np.uint64(2 * k)], numbers[np.uint64(2 * k + 1)] = philox(first + np.uint64(k), name, e0, e1, k0, k1)
    stream.block = first + np.uint64(blocks)


@kernel
def random_bits(stream):
    """Return the stream's next 64 random bits."""
    left = stream.left
    if left == _ZERO:
        _fill(stream, np.int64(NUMBERS // 2))
        left = _ALL
    stream.left = left - _ONE
    return stream.numbers[_ALL - left]


@kernel
def uniform(stream):
    """Uniform number on the open interval (0, 1), 53 bits."""
    return (np.float64(random_bits(stream) >> _S11) + 0.5) * _TO_UNIT


@kernel
def exponential(stream):
    """Exponential number of mean 1, to 1e-9."""
    return -fast_log(uniform(stream))


@kernel
def normal(stream):
    """Standard normal number by the ziggurat: 99 draws in 100 need one look at a table and no function.

    How many numbers of the stream it takes depends on the stream alone, so two detectors stay in step.
    """
    while True:
        bits = random_bits(stream)
        layer = np.int64(bits & _LAYER)
        u = (np.float64(np.int64(bits) >> _BELOW_SIGN) + 0.5) * _TO_SIGNED_UNIT
        x = u * _WIDTH[layer]
        if abs(x) < _WIDTH[layer + 1]:
            return x
        if layer == 0:
            while True:
                beyond = exponential(stream) / _TAIL
                if 2.0 * exponential(stream) > beyond * beyond:
                    return math.copysign(_TAIL + beyond, x)
        if _HEIGHT[layer] + (_HEIGHT[layer + 1] - _HEIGHT[layer]) * uniform(stream) < math.exp(-0.5 * x * x):
            return x


@kernel
def poisson(stream, mean):
    """Poisson number by multiplication; meant for means below about 30."""
    limit = math.exp(-mean)
    n = 0
    product = uniform(stream)
    while product > limit:
        n += 1
        product *= uniform(stream)
    return n


@inlined_kernel
def unit_circle(turns):
    """(cos, sin) of the angle 2π·``turns``, to 2e-16: Taylor series within an eighth of a turn of an axis.

    Their terms are added in pairs, which do not wait for each other.
    """
    quarter = math.floor(4.0 * turns + 0.5)
    r = 4.0 * turns - quarter
    z = r * r
    z2 = z * z
    z4 = z2 * z2
    sine = r * (
        (_SIN[0] + z * _SIN[1] + z2 * (_SIN[2] + z * _SIN[3]))
        + z4 * (_SIN[4] + z * _SIN[5] + z2 * (_SIN[6] + z * _SIN[7]))
    )
    cosine = (_COS[0] + z * _COS[1] + z2 * (_COS[2] + z * _COS[3])) + z4 * (
        _COS[4] + z * _COS[5] + z2 * (_COS[6] + z * _COS[7])
    )
    k = np.int64(quarter)  # selections instead of branches, which nobody could predict
    if k & 1:
        cosine, sine = sine, cosine
    if (k + 1) & 2:
        cosine = -cosine
    if k & 2:
        sine = -sine
    return cosine, sine


@kernel
def isotropic_direction(stream):
    """Unit vector (x, y, z) uniform on the sphere."""
    z = 2.0 * uniform(stream) - 1.0
    r = math.sqrt((1.0 - z) * (1.0 + z))
    cos_phi, sin_phi = unit_circle(uniform(stream))
    return r * cos_phi, r * sin_phi, z
