"""The columns that ``simulate`` and ``predict`` add to the trials table: what a learner was before each trial."""

from collections.abc import Sequence

from protocols.columns import Column, truth

UNRELIABLE = truth("unreliable", "whether the learner's state can't be trusted: it is not finite, or has amplified a small shift too much")
SHIFT_GROWTH = Column(
    "shift_growth", "", "growth of a 1e-9 shift of the learner's state after this trial; above 1000 the state is unreliable"
)


def policy_columns(actions: Sequence[Column], simulated: bool) -> tuple[Column, ...]:
    """The added columns for these action columns, in order; simulations have no shifted companion, and so no ``shift_growth``."""
    names = [column.name.removeprefix("action_") for column in actions]
    places = range(len(actions))
    return (
        *(Column(f"policy_mean_{name}", actions[i].unit, f"mean of the policy before the trial: {name}") for i, name in enumerate(names)),
        *(Column(f"policy_sd_{name}", actions[i].unit, f"SD of the policy before the trial: {name}") for i, name in enumerate(names)),
        *(_covariance(actions, i, j) for i in places for j in places[i:]),
        *(Column(f"policy_log_var_{i + 1}", "", f"log variance {i + 1} of exploration, normalised units") for i in places),
        Column("policy_angle", "rad", "angle of the covariance, normalised axes; n/a: the learner has none"),
        Column("reward_baseline", "", "reward expected before the trial; n/a: none yet"),
        Column("advantage", "", "reward as delivered minus reward_baseline; 0 where there was no baseline yet, n/a without a reward"),
        Column("log_prob", "", "natural log of the action's likelihood; density in the units of the action columns; n/a without an action"),
        *(() if simulated else (SHIFT_GROWTH,)),
        UNRELIABLE,
    )


def _covariance(actions: Sequence[Column], i: int, j: int) -> Column:
    unit = actions[i].unit + "^2" if i == j else f"{actions[i].unit} {actions[j].unit}"
    unit = f"({actions[i].unit})^2" if i == j and "/" in actions[i].unit else unit
    return Column(
        f"policy_cov_{i + 1}_{j + 1}", unit, f"covariance of the policy before the trial, motor noise included: actions {i + 1} and {j + 1}"
    )
