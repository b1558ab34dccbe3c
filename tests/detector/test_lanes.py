"""Functions for lanes against the standard library; lanes' random numbers against the streams'."""

import math

import numpy as np

from detector.helix import arc_to_radius
from detector.lanes import (
    DRAWS,
    LANES,
    angle_of,
    arc_of,
    circle,
    draw_bits,
    draw_normals,
    new_lanes,
    reach,
    rough_angle_of,
    small_circle,
    to_uniform,
)
from physics.random import STAGE_TRACKING, new_stream, open_stream, random_bits, uniform


def test_angles_agree_with_the_standard_library():
    for angle in np.linspace(-40.0, 40.0, 4001):
        cosine, sine = circle(angle)
        assert abs(cosine - math.cos(angle)) < 1e-13
        assert abs(sine - math.sin(angle)) < 1e-13
        assert abs(math.remainder(angle_of(cosine, sine) - angle, 2.0 * math.pi)) < 3e-12


def test_rough_angles_are_good_enough_for_finding_ladders():
    for angle in np.linspace(-3.1, 3.1, 1001):
        assert abs(rough_angle_of(math.cos(angle), math.sin(angle)) - angle) < 3e-8
    for angle in np.linspace(-0.5 * math.pi, 0.5 * math.pi, 1001):
        assert np.allclose(small_circle(angle), (math.cos(angle), math.sin(angle)), rtol=0.0, atol=1e-8)


def test_helices_reach_cylinders_where_the_scalar_function_says():
    for omega in (-0.02, -1e-3, 1e-5, 0.01):
        for d0 in (-3.0, 0.0, 1.5):
            for radius in np.linspace(3.5, 1.99 / abs(omega) - 4.0, 50):
                chord2, half_cosine, arc = reach(radius * radius, d0 * d0, 1.0 / (1.0 + omega * d0), 0.25 * omega**2)
                expected = arc_to_radius(d0, omega, radius)
                assert abs(arc / expected - 1.0) < 4e-9
                assert abs(half_cosine - math.cos(0.5 * omega * expected)) < 1e-9
                assert abs(math.sqrt(chord2) * abs(omega) / 2.0 - abs(math.sin(0.5 * omega * expected))) < 1e-9
    assert reach(1.0, 4.0, 1.0, 1e-6)[2] == 0.0  # inside the POCA
    assert abs(reach(1e6, 0.0, 1.0, 0.25e-4)[1]) == 0.0  # beyond the apex


def test_normal_numbers_of_lanes():
    bits = np.random.default_rng(4).integers(0, 2**64, (2, 4000, LANES), np.uint64)
    numbers = np.zeros((2, 4000, LANES))
    for first, second, angle, distance in zip(*numbers, *bits, strict=True):
        draw_normals(first, second, angle, distance)
    n = numbers.size
    assert abs(numbers.mean()) < 4.0 / math.sqrt(n)
    assert abs(numbers.var() - 1.0) < 4.0 * math.sqrt(2.0 / n)
    assert abs((numbers**4).mean() - 3.0) < 4.0 * math.sqrt(96.0 / n)
    assert abs((numbers[0] * numbers[1]).mean()) < 4.0 / math.sqrt(n / 2)


def test_arcs_agree_with_the_standard_library():
    for sine2 in np.linspace(0.0, 1.0, 2001):
        assert abs(arc_of(sine2) - math.asin(math.sqrt(sine2))) < 3e-12
    assert arc_of(-0.3) == 0.0
    assert abs(arc_of(1.7) - 0.5 * math.pi) < 1e-15


def test_lanes_have_the_numbers_of_the_streams():
    lanes, stream, key = new_lanes(), new_stream(), np.uint64(2**63 + 12345)
    lanes.event[:] = np.arange(LANES) * 2**33 + 5
    lanes.name[:] = STAGE_TRACKING + (np.arange(LANES) * 1027 << 16)
    draw_bits(lanes.bits, key, lanes.event, lanes.name, DRAWS)
    for lane in range(LANES):
        open_stream(stream, key, int(lanes.event[lane]), STAGE_TRACKING, 1027 * lane)
        assert [int(bits) for bits in lanes.bits[:, lane]] == [int(random_bits(stream)) for _ in range(2 * DRAWS)]
    open_stream(stream, key, 5, STAGE_TRACKING, 0)
    assert to_uniform(lanes.bits[0, 0]) == uniform(stream)
