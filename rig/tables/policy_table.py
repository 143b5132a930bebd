"""What a learner was before each trial, as columns: the same for simulated and for predicted trials."""

from typing import Any

import numpy as np

from analysis.learner import Policy

Columns = dict[str, Any]  # name -> array of NumPy (or Arrow), one entry a row


def policy_values(names: tuple[str, ...], policy: Policy, reward: np.ndarray, action: np.ndarray, log_prob: np.ndarray) -> Columns:
    """The columns of ``protocols.policy_columns`` but the last; any number of leading axes is laid out as rows, the last axis fastest.

    ``names`` are the task's action names, ``reward`` the delivered one; the likelihood of a missing action is missing.
    """
    mean, covariance, log_var = (np.asarray(x) for x in (policy.mean, policy.covariance, policy.log_var))
    baseline = np.asarray(policy.reward_baseline)
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    sd = np.sqrt(np.where(variance >= 0, variance, np.nan))
    places = range(len(names))
    known = np.isfinite(action).all(axis=-1)
    columns = {
        **{f"policy_mean_{name}": mean[..., i] for i, name in enumerate(names)},
        **{f"policy_sd_{name}": sd[..., i] for i, name in enumerate(names)},
        **{f"policy_cov_{i + 1}_{j + 1}": covariance[..., i, j] for i in places for j in places[i:]},
        **{f"policy_log_var_{i + 1}": log_var[..., i] for i in places},
        "policy_angle": np.asarray(policy.angle),
        "reward_baseline": baseline,
        "advantage": reward - np.where(np.isnan(baseline), reward, baseline),
        "log_prob": np.where(known, log_prob, np.nan),
    }
    return {name: np.reshape(column, -1) for name, column in columns.items()}
