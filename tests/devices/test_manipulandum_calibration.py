import numpy as np
import pytest

from devices.manipulandum_calibration import Calibration, bench_calibration, load_calibration
from protocols.errors import BadInput


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRIG_MANIPULANDUM", str(tmp_path / "manipulandum.toml"))
    return tmp_path / "manipulandum.toml"


def test_a_lever_turns_clockwise_from_the_left():
    lever = bench_calibration("lever")
    places = lever.to_metres(np.array([[0.0, 0], [2500, 0], [5000, 7]]))
    np.testing.assert_allclose(places, [[-0.4, 0], [0, 0.4], [0.4, 0]], atol=1e-12)


def test_a_handle_begins_at_its_home():
    handle = Calibration(mechanics="handle", home=(0.1, -0.2), metres_per_count=1e-5)
    np.testing.assert_allclose(handle.to_metres(np.array([[0.0, 0], [1000, -500]])), [[0.1, -0.2], [0.11, -0.205]])


def test_a_file_is_read_strictly(file):
    file.write_text('mechanics = "lever"\nlength = 0.35\ncounts_per_turn = -8000.0\nmade = "2026-01-31"\n')
    assert load_calibration().length == 0.35
    for text, said in (("mechanics = 3\n", "mechanics"), ('mechanics = "lever"\nlenght = 1.0\n', "lenght"), ("x = [", "not valid TOML")):
        file.write_text(text)
        with pytest.raises(BadInput, match=said):
            load_calibration()


def test_without_a_file_the_remedy_is_named(file):
    with pytest.raises(BadInput, match=r"manipulandum.toml.*build-a-manipulandum"):
        load_calibration()
