"""Several people's records as one, and the likelihood of each under parameters of its own, for gradients in reverse.

Where a learner has its ``at_once`` form, the gradient is that of its adjoint. Else derivatives go forward beside the trials, as in
``analysis.fit.likelihood``, together with the value, and what comes back is only multiplied by them. Either way a reward that is missing,
which would make automatic differentiation in reverse NaN, harms nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Float, Int

from analysis.fit.space import Scale, Space, make_space, scale_of, values_of
from analysis.learner import Learner, Params
from analysis.predict import log_probs, padded
from analysis.rivals.open_loop import over_trials
from analysis.twin import Seen


class People(NamedTuple):
    """Who is fitted, by what. Trials are padded to the longest record with trials that nobody made."""

    learner: Learner
    space: Space  # one for all; ``fixed`` holds for everybody unless ``own`` says otherwise
    own: dict[str, Float[np.ndarray, "person ..."]]  # fixed values that each person has for himself
    contexts: int
    trials: Seen  # (person, trial, ...)
    counts: Int[np.ndarray, " person"]  # trials that have an action

    def params(self, x: Float[Array, " free"], own: Mapping[str, Any]) -> Params:
        """One person's parameters; traceable."""
        return self.learner.assemble(values_of(self.space.coordinates, jnp.asarray(self.space.held), {**self.space.fixed, **own}, x))

    def fixed_of(self, person: int) -> dict[str, Any]:
        """The values that one person has for himself."""
        return {name: value[person] for name, value in self.own.items()}


def gather(
    learner: Learner,
    contexts: int,
    records: Sequence[Seen],
    fixed: Mapping[str, Any] = {},
    free: Sequence[str] = (),
    own: Sequence[Mapping[str, Any]] | None = None,
) -> People:
    """People from their records. Sizes, from which the prior's ranges follow, are means over people; ``own`` are fixed values of each.

    Raises:
        BadInput: as ``make_space`` does.
    """
    scales = [scale_of(np.asarray(r.action), np.asarray(r.reward)) for r in records]
    scale = Scale(*(np.mean(np.stack([s[i] for s in scales]), axis=0) for i in range(4)))  # type: ignore[arg-type]
    own = own or [{} for _ in records]
    space = make_space(learner, {**fixed, **own[0]}, scale, free)
    longest = max(len(r.reward) for r in records)
    trials = jax.tree.map(lambda *x: np.stack(x), *(padded(r, longest) for r in records))
    counts = np.isfinite(trials.action).all(axis=-1).sum(axis=1)
    return People(learner, space, {name: np.array([o[name] for o in own]) for name in own[0]}, contexts, trials, counts)


def log_likelihood(people: People) -> Callable[[Float[Array, "person free"]], Float[Array, " person"]]:
    """Each person's log-likelihood at parameters of his own (unbounded coordinates), as a function to differentiate in reverse.

    Gradients are taken when it is valued. Under ``vmap`` chains become lanes beside the people.
    """
    slopes = _at_once(people) if people.learner.at_once is not None else _forward(people)

    @custom_vmap
    def one_chain(x: Float[Array, "person free"]) -> tuple[Array, Array]:
        return jax.tree.map(lambda part: part[0], slopes(x[None]))

    @one_chain.def_vmap
    def many_chains(_: int, batched: Any, x: Float[Array, "chain person free"]) -> tuple[Any, Any]:
        return slopes(x), (True, True)

    @jax.custom_vjp
    def value(x: Float[Array, "person free"]) -> Float[Array, " person"]:
        return one_chain(x)[0]

    value.defvjp(one_chain, lambda slope, incoming: (incoming[:, None] * slope,))
    return value


Slopes = Callable[[Float[Array, "chain person free"]], tuple[Float[Array, "chain person"], Float[Array, "chain person free"]]]


def _at_once(people: People) -> Slopes:
    at_once = people.learner.at_once
    assert at_once is not None

    def values(x: Float[Array, "chain person free"]) -> tuple[Array, Array]:
        params = jax.vmap(jax.vmap(people.params), in_axes=(0, None))(x, people.own)
        found = over_trials(at_once(params, people.trials))
        return found.sum(), found  # each person's likelihood is of his own parameters alone

    def slopes(x: Float[Array, "chain person free"]) -> tuple[Array, Array]:
        slope, found = jax.grad(values, has_aux=True)(x)
        return found, slope

    return slopes


def _forward(people: People) -> Slopes:
    def one(x: Float[Array, " free"], own: Mapping[str, Any], trials: Seen) -> tuple[Array, Array]:
        def value(y: Float[Array, " free"]) -> Float[Array, ""]:
            return log_probs(people.learner, people.params(y, own), people.contexts, trials).sum()

        return jax.vmap(lambda d: jax.jvp(value, (x,), (d,)), out_axes=(None, 0))(jnp.eye(x.shape[0]))

    return lambda x: jax.vmap(jax.vmap(one), in_axes=(0, None, None))(x, people.own, people.trials)
