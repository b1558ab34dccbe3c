"""Elementary functions as plain arithmetic: in a loop over arrays they become vector instructions.

Calls of the mathematical library cannot.
"""

import math

import numpy as np

from physics.jit import inlined_kernel

_LN2 = math.log(2.0)
_LOG2_E = 1.0 / _LN2
_MAGIC = 6755399441055744.0  # 1.5 · 2⁵²: adding it leaves the rounded integer in the last bits
_ONE_BITS = 0x3FF0000000000000
_MANTISSA_BITS = 0xFFFFFFFFFFFFF


@inlined_kernel
def fast_log(x):
    """Natural logarithm of a positive, normal number; absolute error 1e-9."""
    exponent, a, b = _log_parts(x)
    return _log_sum(exponent, a / b)


@inlined_kernel
def _log_parts(x):
    """Exponent of two and ½ of a number, and the two numbers whose ratio is t, where (1 + t)/(1 − t) = mantissa/√2."""
    bits = np.float64(x).view(np.int64)
    # the exponent by adding it to the last bits of 2⁵²; the mantissa lies in [1, 2)
    exponent = np.int64((bits >> 52) | 0x4330000000000000).view(np.float64) - 4503599627371519.0
    m = np.int64((bits & _MANTISSA_BITS) | _ONE_BITS).view(np.float64)
    return exponent + 0.5, m - 1.4142135623730951, m + 1.4142135623730951


@inlined_kernel
def _log_sum(exponent, t):
    """Logarithm of the parts; |t| < 0.1716."""
    t2 = t * t
    series = 1.0 + t2 * (1.0 / 3.0 + t2 * (0.2 + t2 * (1.0 / 7.0 + t2 * (1.0 / 9.0 + t2 * (1.0 / 11.0)))))
    return exponent * _LN2 + 2.0 * t * series


@inlined_kernel
def fast_logs(x, y, z):
    """As :func:`fast_log` of three numbers, with one division."""
    i, a, p = _log_parts(x)
    j, b, q = _log_parts(y)
    k, c, r = _log_parts(z)
    pq = p * q
    s = 1.0 / (pq * r)
    sr = s * r
    return _log_sum(i, a * q * sr), _log_sum(j, b * p * sr), _log_sum(k, c * pq * s)


@inlined_kernel
def fast_exp(x):
    """Exponential function for |x| < 700; relative error 1e-9."""
    shifted = x * _LOG2_E + _MAGIC
    f = x - (shifted - _MAGIC) * _LN2  # |f| < 0.347
    series = 1.0 + f * (1.0 + f * (0.5 + f * (1.0 / 6.0 + f * (1.0 / 24.0 + f * (1.0 / 120.0 + f * (
        1.0 / 720.0 + f * (1.0 / 5040.0 + f * (1.0 / 40320.0))))))))  # fmt: skip
    return series * np.int64((np.float64(shifted).view(np.int64) << 52) + _ONE_BITS).view(np.float64)


@inlined_kernel
def circle_point(u):
    """Cosine and sine of the angle 2π(u − 1/8), for u in [0, 1): uniform on the circle if u is; error 1e-9."""
    quarter = np.floor(4.0 * u)
    x = 0.5 * math.pi * (4.0 * u - quarter - 0.5)
    x2 = x * x
    s = x * (1.0 - x2 * (1.0 / 6.0 - x2 * (1.0 / 120.0 - x2 * (1.0 / 5040.0 - x2 * (1.0 / 362880.0 - x2 * (
        1.0 / 39916800.0))))))  # fmt: skip
    c = 1.0 - x2 * (0.5 - x2 * (1.0 / 24.0 - x2 * (1.0 / 720.0 - x2 * (1.0 / 40320.0 - x2 * (1.0 / 3628800.0)))))
    odd = (quarter == 1.0) | (quarter == 3.0)
    c, s = (-s if odd else c), (c if odd else s)
    return (-c if quarter >= 2.0 else c), (-s if quarter >= 2.0 else s)


@inlined_kernel
def fast_atan2(y, x):
    """Azimuth of (x, y) in [−π, π], not both 0; absolute error 1e-9."""
    ax, ay = abs(x), abs(y)
    steep = ay > ax
    less, more = (ax if steep else ay), (ay if steep else ax)
    beyond = less > 0.41421356237309503 * more  # tan 22.5°
    t = (less - more if beyond else less) / (less + more if beyond else more)
    s = t * t
    a = t * (1.0 - s * (1.0 / 3.0 - s * (0.2 - s * (1.0 / 7.0 - s * (1.0 / 9.0 - s * (1.0 / 11.0 - s * (
        1.0 / 13.0 - s * (1.0 / 15.0 - s * (1.0 / 17.0 - s * (1.0 / 19.0))))))))))  # fmt: skip
    a = a + 0.25 * math.pi if beyond else a
    a = 0.5 * math.pi - a if steep else a
    a = math.pi - a if x < 0.0 else a
    return -a if y < 0.0 else a
