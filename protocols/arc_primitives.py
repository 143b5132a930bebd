"""Movement primitives: a goal that moves along a learnt path, without via points (Ijspeert et al. 2013, discrete form).

A spring and damper pull the goal from start to target, and radial basis functions of a decaying phase bend its way. The system is
linear in the weights, so that it is integrated once, at construction. The usual factor (target - start) on the weights is left
out: it is 0 along an axis on which the two are level. A weight is in m: the farthest that its primitive takes the goal from its way.
"""

import numpy as np
from jaxtyping import Float

STIFFNESS = 25.0  # of the spring, in units of the movement's duration; damped critically
PHASE_DECAY = 3.0  # the phase falls to exp(-3) at the movement's end
SUBSTEPS = 4  # of a millisecond, for the integration


def primitives(count: int, duration: int) -> tuple[Float[np.ndarray, " step"], Float[np.ndarray, "step weight"]]:
    """Pull (share of the way from start to target) and the shapes of the primitives, for each ms of a movement of ``duration`` ms."""
    fraction = (np.arange(duration * SUBSTEPS) + 0.5) / (duration * SUBSTEPS)
    phase = np.exp(-PHASE_DECAY * fraction)
    centres = np.exp(-PHASE_DECAY * (np.arange(count) + 0.5) / count)
    widths = (np.abs(np.gradient(centres)) if count > 1 else np.ones(1)) * 0.75
    bumps = np.exp(-0.5 * ((phase[:, None] - centres) / widths) ** 2)
    forces = bumps / bumps.sum(axis=1, keepdims=True) * phase[:, None]
    moved = _sprung(np.column_stack([np.full(len(fraction), STIFFNESS**2 / 4), forces]), duration)
    return moved[:, 0], moved[:, 1:] / np.abs(moved[:, 1:]).max(axis=0)


def _sprung(force: Float[np.ndarray, "substep input"], duration: int) -> Float[np.ndarray, "step input"]:
    """Places after each ms of a critically damped spring at rest, pushed by ``force``; semi-implicit Euler in units of the duration."""
    step = 1 / len(force)
    place, speed = np.zeros(force.shape[1]), np.zeros(force.shape[1])
    places = []
    for push in force:
        speed = speed + step * (push - STIFFNESS * speed - STIFFNESS**2 / 4 * place)
        place = place + step * speed
        places.append(place)
    return np.array(places)[SUBSTEPS - 1 :: SUBSTEPS]
