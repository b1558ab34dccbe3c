"""Counter-based random streams: every event owns its numbers, whatever thread or chunk it is made in.

Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11).  The 64-bit key names the
run, ``(seed, sample)``; the 128-bit counter is ``(draw, stage | substream, event)``.  So an event is the same event
for any chunk size and thread count, and the detector may be changed without touching the truth, because its
stages own other counters.  Every kernel takes the stream, a ``uint64[8]`` array, as its first argument.
"""

import hashlib
import math

import numpy as np

from physics.jit import kernel

STREAM_SIZE = 8
"""Length of a stream: key low, key high, event, stage | substream << 16, draw, second half, half is left."""

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
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53


def stream_key(seed: int, sample: str) -> np.uint64:
    """Return the 64-bit key of the run ``(seed, sample)``; neighbouring seeds give unrelated keys."""
    digest = hashlib.blake2b(f"{seed}:{sample}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def new_stream() -> np.ndarray:
    """Return the memory of one stream, to be opened by :func:`open_stream`."""
    return np.zeros(STREAM_SIZE, np.uint64)


@kernel
def philox(c0, c1, c2, c3, k0, k1):
    """Philox 4x32-10: four 32-bit words (held in uint64) from a counter and a key of 32-bit words."""
    for _ in range(10):
        product0 = _M0 * c0
        product1 = _M1 * c2
        c0 = (product1 >> _S32) ^ c1 ^ k0
        c1 = product1 & _LOW
        c2 = (product0 >> _S32) ^ c3 ^ k1
        c3 = product0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@kernel
def open_stream(stream, key, event, stage, substream):
    """Point ``stream`` at the first number of (key, event, stage, substream).

    ``stage`` and ``substream`` are below 2**16; the detector uses one substream for each particle of an event so
    that changing the fate of one particle leaves the others' numbers alone.
    """
    stream[0] = np.uint64(key) & _LOW
    stream[1] = np.uint64(key) >> _S32
    stream[2] = np.uint64(event)
    stream[3] = np.uint64(stage) | (np.uint64(substream) << _S16)
    stream[4] = _ZERO
    stream[6] = _ZERO


@kernel
def random_bits(stream):
    """Return the stream's next 64 random bits."""
    if stream[6] == _ONE:
        stream[6] = _ZERO
        return stream[5]
    event = stream[2]
    w0, w1, w2, w3 = philox(stream[4], stream[3], event & _LOW, event >> _S32, stream[0], stream[1])
    stream[4] += _ONE
    stream[5] = w2 | (w3 << _S32)
    stream[6] = _ONE
    return w0 | (w1 << _S32)


@kernel
def uniform(stream):
    """Uniform number on the open interval (0, 1), 53 bits."""
    return (np.float64(random_bits(stream) >> _S11) + 0.5) * _TO_UNIT


@kernel
def exponential(stream):
    """Exponential number of mean 1."""
    return -math.log(uniform(stream))


@kernel
def normal(stream):
    """Standard normal number from one uniform by the inverse distribution (Wichura, Appl. Stat. 37 (1988) 477).

    One draw for one number keeps two detectors' random numbers in step; relative accuracy 1e-16.
    """
    q = uniform(stream) - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return (
            q
            * (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
                + 133.14166789178437745) * r + 3.387132872796366608)
            / (((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
                + 42.313330701600911252) * r + 1.0)
        )  # fmt: skip
    r = math.sqrt(-math.log(0.5 - abs(q)))
    if r <= 5.0:
        r -= 1.6
        x = (
            (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
                + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
                + 4.6303378461565452959) * r + 1.42343711074968357734)
            / (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
                + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
                + 2.05319162663775882187) * r + 1.0)
        )  # fmt: skip
    else:
        r -= 5.0
        x = (
            (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
                + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
                + 5.4637849111641143699) * r + 6.6579046435011037772)
            / (((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
                + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
                + 0.59983220655588793769) * r + 1.0)
        )  # fmt: skip
    return -x if q < 0.0 else x


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


@kernel
def isotropic_direction(stream):
    """Unit vector (x, y, z) uniform on the sphere."""
    z = 2.0 * uniform(stream) - 1.0
    phi = 2.0 * math.pi * uniform(stream)
    r = math.sqrt((1.0 - z) * (1.0 + z))
    return r * math.cos(phi), r * math.sin(phi), z
