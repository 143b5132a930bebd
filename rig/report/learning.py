"""The sections of a report on practice: learning, actions, action space, movements, prediction."""

from collections.abc import Iterator

import numpy as np

from analysis.figures.action import PolicyEllipse, action_space
from analysis.figures.learning import action_course, learning_curve, spread_curve, surprise_curve
from analysis.figures.paths import hand_paths, scenes, speed_profiles
from analysis.figures.style import svg
from analysis.measures.practice import past_surprise
from analysis.twin import UNRELIABLE
from protocols.records import Column
from protocols.scene import Scene
from protocols.task import RewardRule, Stage, Trial, View
from rig.report.data import SessionRecord, TwinRecord
from rig.report.inference import inference_section
from rig.report.page import Figure, Section
from rig.report.policy import error_grid, expected_errors

COMPARED = 10  # trials without which nothing is said of who predicts better


def label(column: Column) -> str:
    """A column's name for an axis, with its unit."""
    name = column.name.removeprefix("action_").removesuffix("_deg").replace("_", " ")
    return f"{name} ({column.unit})" if column.unit else name


def learning_sections(record: SessionRecord) -> Iterator[Section]:
    """All sections on practice."""
    yield _learning(record)
    yield _actions(record)
    if len(record.action_columns) == 2:
        yield _action_space(record)
    yield _movements(record)
    yield _prediction(record)
    yield from inference_section(record)


def _learning(record: SessionRecord) -> Section:
    twin, hit = record.twin, record.numbers("hit")
    yoked = 100 * expected_errors(record.task, record.committed, twin.mean, twin.covariance) if twin else None
    free = {kind: type(band)(*(100 * edge for edge in band)) for kind, band in twin.free_error.items()} if twin else None
    curve = learning_curve(
        record.trial, record.numbers("block"), 100 * record.numbers("error"), "error (cm)", record.spans(), yoked, free, hit > 0
    )
    caption = f"Error of each trial{', penalty included' if hasattr(record.task, 'penalty') else ''}. "
    caption += (
        "The yoked learner saw the person's actions and rewards; its expectation is what the task would give for its policy before the "
        "trial, mean of 9 trials. Free learners chose and earned for themselves."
        if twin
        else ""
    )
    directions = _directions(record) if record.task.name == "bimanual" else ()
    spread = spread_curve(record.trial, record.actions, _labels(record), record.spans(), twin.sd if twin else None)
    return Section(
        "Learning",
        "How the error changed with practice, beside what the learners did on the same trials.",
        (Figure(svg(curve), caption), *directions, Figure(svg(spread), "Variability of the actions over neighbouring trials.")),
        notes=(record.twin_note,) if record.twin_note else (),
    )


def _directions(record: SessionRecord) -> tuple[Figure]:
    """The size of the directional error before any correction: what the literature shows of this task."""
    size = np.abs(record.numbers("hand_error_deg"))
    drawn = learning_curve(record.trial, record.numbers("block"), size, "|direction error| (deg)", record.spans())
    return (Figure(svg(drawn), "Direction of the cursor's velocity early in the movement, off the target's; 90 deg knows nothing of it."),)


def _labels(record: SessionRecord) -> list[str]:
    return [label(column) for column in record.action_columns]


def _actions(record: SessionRecord) -> Section:
    twin = record.twin
    ideal = ideal_actions(record)
    figure = action_course(
        record.trial,
        record.actions,
        _labels(record),
        record.spans(),
        twin.mean if twin else None,
        twin.sd if twin else None,
        ideal,
        "hand angle that cancels the rotation",
        twin.free_action if twin and record.task.name == "reach" else None,
    )
    return Section(
        "Actions",
        "What the person did on each trial, as executed, and what the yoked learner had predicted before it.",
        (Figure(svg(figure), "The band is the predicted mean ± SD, motor noise included."),),
    )


def ideal_actions(record: SessionRecord) -> np.ndarray | None:
    """The hand angle (deg) that brings a rotated cursor to the target; nothing under an error clamp."""
    if record.task.name != "reach":
        return None
    rotation, clamp = record.numbers("perturbation_rotation_deg"), record.numbers("perturbation_clamp_deg")
    return np.where(np.isnan(clamp), -rotation, np.nan)[:, None]


def _action_space(record: SessionRecord) -> Section:
    trial = commonest_trial(record)
    same = np.array([c.trial.target == trial.target for c in record.committed])
    grid = error_grid(record.task, trial, action_ranges(record.actions[same], record.twin))
    figure = action_space(grid, record.trial[same], record.actions[same], _labels(record), _ellipses(record))
    where = f"target at ({trial.target[0]:g}, {trial.target[1]:g}) m"
    caption = f"Every action's error by the task itself ({where}); ellipses hold 95 % of the yoked learner's policy."
    if not same.all():
        caption += f" {int((~same).sum())} trials to other targets are left out."
    return Section("Action space", "Where the actions lie on the solution manifold.", (Figure(svg(figure), caption),))


def commonest_trial(record: SessionRecord) -> Trial:
    """A trial to the target that was given most often, with errors rather than points as reward."""
    targets = [tuple(c.trial.target) for c in record.committed]
    most = max(set(targets), key=targets.count)
    return record.committed[targets.index(most)].trial._replace(reward_rule=int(RewardRule.GRADED))


def action_ranges(actions: np.ndarray, twin: TwinRecord | None) -> list[tuple[float, float]]:
    """Room for nearly all actions and for the learner's middle."""
    shown = [actions[np.isfinite(actions).all(axis=1)]]
    if twin is not None:
        known = np.isfinite(twin.mean).all(axis=1) & np.isfinite(twin.sd).all(axis=1)
        shown += [twin.mean[known] + side * 1.5 * twin.sd[known] for side in (-1, 1)]
    joined = np.concatenate(shown)
    if not len(joined):
        return [(0.0, 1.0)] * actions.shape[1]
    low, high = np.quantile(joined, [0.005, 0.995], axis=0)
    margin = 0.35 * (high - low) + 1e-6
    return [(float(a), float(b)) for a, b in zip(low - margin, high + margin, strict=True)]


def _ellipses(record: SessionRecord) -> list[PolicyEllipse]:
    twin = record.twin
    if twin is None:
        return []
    known = np.flatnonzero(np.isfinite(twin.mean).all(axis=1))
    places = dict.fromkeys((known[0], known[len(known) // 2], known[-1])) if len(known) else {}
    return [PolicyEllipse(f"trial {record.trial[i]}", twin.mean[i], twin.covariance[i]) for i in places]


def _movements(record: SessionRecord) -> Section:
    movements = {int(trial): record.movement(int(trial)) for trial in record.trial}
    kept = {trial: movement for trial, movement in movements.items() if len(movement) > 1}
    figures = []
    if panels := _panels(record):
        caption = "Single trials as the participant saw them at the end: the first, the one of median error, and the last."
        figures.append(Figure(svg(scenes(panels, record.task.extent())), caption))
    if kept:
        figures += _paths(record, kept)
        drawn = speed_profiles(np.array(list(kept)), list(kept.values()))
        figures.append(
            Figure(svg(drawn), "Speed of the hand before the end of each movement (the release, the target's distance, or rest).")
        )
    return Section("Movements", "", tuple(figures), notes=() if figures else ("No movement was completed.",))


def _paths(record: SessionRecord, kept: dict[int, np.ndarray]) -> Iterator[Figure]:
    """Paths from above; none for a throw, whose path is always the lever's arc."""
    trials, hands = np.array(list(kept)), [movement[:, 1:] for movement in kept.values()]
    targets = np.unique(np.array([c.trial.target for c in record.committed], float), axis=0)
    if record.task.name in ("reach", "arc", "arc-primitives"):
        drawn = hand_paths(trials, hands, targets)
        yield Figure(svg(drawn), "Hand paths from the go cue to the end of the movement, from above.", small=True)
    if record.task.name == "bimanual":
        given = {c.trial.number: c.trial for c in record.committed}
        cursor = [record.task.cursor(hand, given[trial], np) for trial, hand in zip(kept, hands, strict=True)]  # type: ignore[attr-defined]
        drawn = hand_paths(trials, cursor, targets)
        yield Figure(svg(drawn), "Cursor paths from the go cue to the end of the movement.", small=True)
        for side, columns in (("left", slice(0, 2)), ("right", slice(2, 4))):
            drawn = hand_paths(trials, [hand[:, columns] for hand in hands], np.empty((0, 2)))
            yield Figure(svg(drawn), f"Paths of the {side} hand from its start, from above.", small=True)


def _panels(record: SessionRecord) -> list[tuple[str, Scene]]:
    done = [index for index, c in enumerate(record.committed) if c.status == "completed" and np.isfinite(c.action).all()]
    if not done:
        return []
    by_error = sorted(done, key=lambda index: record.committed[index].outcome.error)
    chosen = (("first", done[0]), ("median", by_error[len(by_error) // 2]), ("last", done[-1]))
    return [(_panel_title(record, name, index), final_scene(record, index)) for name, index in chosen]


def _panel_title(record: SessionRecord, name: str, index: int) -> str:
    return f"{name}: trial {record.trial[index]}, {100 * record.committed[index].outcome.error:.1f} cm"


def final_scene(record: SessionRecord, index: int) -> Scene:
    """A trial as the participant saw it at its end; ``index`` counts the rows from 0."""
    committed = record.committed[index]
    path = record.movement(int(record.trial[index]))[:, 1:]
    hand = path[-1] if len(path) else np.asarray(record.task.start_posture(committed.trial)[0])
    action = committed.action / np.asarray(record.task.action_scale)
    view = View(Stage.FEEDBACK, tuple(map(float, hand)), 0, 0.0, path, action, committed.outcome, committed.status, 0)
    return record.task.scene(view, committed.trial)


def _prediction(record: SessionRecord) -> Section:
    twin = record.twin
    if twin is None:
        return Section("Prediction", notes=(record.twin_note,))
    floor = past_surprise(record.actions)
    both = np.isfinite(twin.surprise) & np.isfinite(floor)
    figure = surprise_curve(record.trial, twin.surprise, floor, record.spans())
    notes = []
    if both.sum() < COMPARED:
        notes.append(f"Too few trials to say whether the yoked learner predicted better than a Gaussian of the recent past: {both.sum()}.")
    else:
        gain = float((floor - twin.surprise)[both].mean())
        better = "better" if gain > 0 else "worse"
        notes.append(
            f"The yoked learner predicted {abs(gain):.2f} nats a trial {better} than a Gaussian of the recent past ({both.sum()} trials)."
        )
    growth = np.nanmax(twin.shift_growth, initial=0.0)
    if growth >= UNRELIABLE:
        notes.append(f"The yoked state is unreliable: a small shift of it grew {growth:.3g} times. See [twin.parameters] in the protocol.")
    lead = "How unexpected each action was to the yoked learner, with parameters that were fixed beforehand."
    caption = "Surprise is minus the log density of the action before it was learned from; lower is better. The grey line knows no reward."
    return Section("Prediction", lead, (Figure(svg(figure), caption),), notes=tuple(notes))
