import numpy as np

from devices.manipulandum_codec import SAMPLE, Status
from devices.manipulandum_samples import Unroller


def records(sequence, time, status=0, encoder_errors=0):
    made = np.zeros(len(sequence), SAMPLE)
    made["sequence"], made["time"], made["status"], made["encoder_errors"] = sequence, time, status, encoder_errors
    return made


def test_numbers_and_times_count_on_over_the_ends_of_their_bits():
    unroller = Unroller()
    first = unroller.add(records([65534, 65535], [2**32 - 1500, 2**32 - 500]))
    second = unroller.add(records([0, 3], [500, 3500]))  # two were lost
    assert [*first.number, *second.number] == [65534, 65535, 65536, 65539]
    np.testing.assert_allclose(np.diff([*first.time, *second.time]), [0.001, 0.001, 0.003])


def test_an_edge_is_two_samples_of_the_one_place():
    status = [Status.GRIP, Status.EDGE, 0]  # held, let go, open
    moments = Unroller().add(records([10, 11, 13], [1000, 1404, 2000], status))
    assert moments.number.tolist() == [10, 11, 12, 13]
    assert moments.grip.tolist() == [1, 1, 0, 0]
    assert moments.record.tolist() == [0, 1, 1, 2]
    np.testing.assert_allclose(moments.time, [1e-3, 1.4e-3, 1.404e-3, 2e-3])


def test_encoder_errors_are_those_since_the_first_sample():
    unroller = Unroller()
    unroller.add(records([1, 2], [0, 1000], encoder_errors=[254, 254]))
    unroller.add(records([3, 4], [2000, 3000], encoder_errors=[255, 2]))
    assert unroller.encoder_errors == 4


def test_nothing_is_nothing():
    assert len(Unroller().add(records([], [])).time) == 0
