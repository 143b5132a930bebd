import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from devices.geometry import Geometry


def test_centre_corner_and_direction_on_the_second_screen():
    geometry = Geometry(0.0005, (1000, 800), (1920, 100))
    np.testing.assert_allclose(geometry.to_metres(np.array([2420, 1920]), np.array([500, 100])), [[0, 0], [-0.25, 0.2]])


@given(x=st.integers(-4000, 4000), y=st.integers(-4000, 4000), scale=st.floats(1e-5, 1e-2))
def test_pixels_come_back_as_they_were(x, y, scale):
    geometry = Geometry(scale, (1279, 1023), (-1280, 40))
    assert geometry.to_pixels(geometry.to_metres(np.array([x]), np.array([y]))).tolist() == [[x, y]]
