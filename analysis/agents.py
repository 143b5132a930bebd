"""Deep agents as free learners: PPO, SAC and DQN of stable-baselines3 on the trials that a person gets.

They come as they are, with batch sizes that fit a few thousand trials; they are comparators, not models of people. The extra ``agents``
brings stable-baselines3, and PyTorch with it; it is loaded only here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from jaxtyping import Float

from analysis.environments import DiscreteActions, PracticeEnvironment
from protocols.errors import BadInput

STEPS = 15  # actions in each dimension, for DQN


class Practised(NamedTuple):
    """What an agent did, trial by trial, exploration included."""

    action: Float[np.ndarray, "trial action"]  # column units
    reward: Float[np.ndarray, " trial"]
    error: Float[np.ndarray, " trial"]  # m
    hit: Float[np.ndarray, " trial"]


class Diary(gym.Wrapper):
    """Keeps what happens in an environment."""

    def __init__(self, env: gym.Env) -> None:
        super().__init__(env)
        self._lines: list[tuple[np.ndarray, float, float, float]] = []

    def step(self, action: Any) -> Any:
        """Pass the action on, and keep what came of it."""
        result = self.env.step(action)
        outcome = result[4]["outcome"]
        self._lines.append((result[4]["action"], float(result[1]), outcome.get("error", np.nan), outcome.get("hit", np.nan)))
        return result

    def practised(self, trials: int) -> Practised:
        """The first ``trials`` trials."""
        return Practised(*(np.array(column[:trials]) for column in zip(*self._lines, strict=True)))


def practise(agent: str, environment: PracticeEnvironment, trials: int, seed: int) -> Practised:
    """Let an agent practise; the same seed gives the same trials on the same machine.

    Raises:
        BadInput: there is no such agent, or stable-baselines3 isn't installed.
    """
    if agent not in _AGENTS:
        raise BadInput(f"there is no agent '{agent}': choose from {', '.join(_AGENTS)}")
    diary = Diary(DiscreteActions(environment, STEPS) if agent == "dqn" else environment)
    diary.reset(seed=seed)
    _AGENTS[agent](_library(), diary, seed).learn(total_timesteps=trials)
    return diary.practised(trials)


def _library() -> Any:
    try:
        import stable_baselines3  # type: ignore[import-not-found]
    except ImportError as error:
        raise BadInput("deep agents need stable-baselines3: pip install -r requirements-agents.lock, or 'twinrig[agents]'") from error
    return stable_baselines3


def _ppo(library: Any, env: gym.Env, seed: int) -> Any:
    return library.PPO("MlpPolicy", env, seed=seed, n_steps=60, batch_size=60, n_epochs=10, learning_rate=1e-3, gamma=0.0, device="cpu")


def _sac(library: Any, env: gym.Env, seed: int) -> Any:
    return library.SAC("MlpPolicy", env, seed=seed, learning_starts=60, learning_rate=1e-3, batch_size=128, gamma=0.0, device="cpu")


def _dqn(library: Any, env: gym.Env, seed: int) -> Any:
    return library.DQN(
        "MlpPolicy", env, seed=seed, learning_starts=60, learning_rate=1e-3, batch_size=64, train_freq=1, target_update_interval=200,
        exploration_fraction=0.3, exploration_final_eps=0.05, gamma=0.0, device="cpu",
    )  # fmt: skip


_AGENTS: dict[str, Callable[[Any, gym.Env, int], Any]] = {"ppo": _ppo, "sac": _sac, "dqn": _dqn}
AGENTS = tuple(_AGENTS)
