"""The values that pass through the Task contract."""

import math

from protocols.task import NO_OUTCOME, TRUTHS, WHOLE, Trial


def test_the_fields_of_a_trial_that_are_whole_or_true_are_named_as_they_are_declared():
    declared = {name: getattr(kind, "__forward_arg__", kind) for name, kind in Trial.__annotations__.items()}
    assert {name for name, kind in declared.items() if kind == "int"} == WHOLE
    assert {name for name, kind in declared.items() if kind == "bool"} == TRUTHS


def test_where_there_was_no_movement_nothing_was_earned():
    assert all(math.isnan(value) for value in NO_OUTCOME)
