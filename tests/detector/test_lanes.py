"""Functions for lanes against the standard library; lanes' random numbers against the streams'."""

import math

import numpy as np

from detector.lanes import DRAWS, LANES, angle_of, arc_of, circle, draw_bits, new_lanes, to_uniform
from physics.random import STAGE_TRACKING, new_stream, open_stream, random_bits, uniform


def test_angles_agree_with_the_standard_library():
    for angle in np.linspace(-40.0, 40.0, 4001):
        cosine, sine = circle(angle)
        assert abs(cosine - math.cos(angle)) < 1e-13
        assert abs(sine - math.sin(angle)) < 1e-13
        assert abs(math.remainder(angle_of(cosine, sine) - angle, 2.0 * math.pi)) < 3e-12


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
