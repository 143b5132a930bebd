"""Small Gaussians: densities, factors and the three ways to hold a covariance.

Dimensions here are few (1 to 4 for throws and reaches), so the Cholesky factor is written out: XLA fuses it, where a call to LAPACK
would cost more than the arithmetic of a whole trial.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

_WRITTEN_OUT = 4  # dimensions up to which the factor is written out


def rotation(angle: Float[Array, ""]) -> Float[Array, "2 2"]:
    """The rotation by ``angle`` (rad, counter-clockwise)."""
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    return jnp.stack([jnp.stack([cos, -sin]), jnp.stack([sin, cos])])


def from_angle(log_var: Float[Array, "2"], angle: Float[Array, ""]) -> Float[Array, "2 2"]:
    """``Q diag(exp log_var) Q^T`` with Q the rotation by ``angle``."""
    q = rotation(angle)
    return jnp.sum(q[:, None, :] * q[None, :, :] * jnp.exp(log_var), axis=-1)


def from_diagonal(log_var: Float[Array, " n"], _: Float[Array, "0"]) -> Float[Array, "n n"]:
    """Independent dimensions."""
    return jnp.diag(jnp.exp(log_var))


def from_factor(log_var: Float[Array, " n"], below: Float[Array, " m"]) -> Float[Array, "n n"]:
    """``L L^T``: the diagonal of L is ``exp(log_var / 2)``, ``below`` its elements under the diagonal, row by row."""
    n = log_var.shape[0]
    factor = jnp.diag(jnp.exp(log_var / 2)).at[np.tril_indices(n, -1)].set(below)
    return product(factor, factor.T)


def product(a: Float[Array, "n k"], b: Float[Array, "k m"]) -> Float[Array, "n m"]:
    """A matrix product that fuses with its neighbours (a call into a library costs more at these sizes)."""
    return jnp.sum(a[:, :, None] * b[None, :, :], axis=1)


def times(a: Float[Array, "n k"], x: Float[Array, " k"]) -> Float[Array, " n"]:
    """A matrix times a vector, fused likewise."""
    return jnp.sum(a * x, axis=1)


def cholesky(covariance: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """The lower factor L of a positive definite matrix ``L L^T``."""
    n = covariance.shape[0]
    if n > _WRITTEN_OUT:
        return jnp.linalg.cholesky(covariance)
    rows: list[list[Array]] = []
    for i in range(n):
        row: list[Array] = []
        for j in range(i):
            row.append((covariance[i, j] - sum(row[k] * rows[j][k] for k in range(j))) / rows[j][j])
        row.append(jnp.sqrt(covariance[i, i] - sum(x * x for x in row)))
        rows.append(row)
    zero = jnp.zeros_like(covariance[0, 0])
    return jnp.stack([jnp.stack(row + [zero] * (n - len(row))) for row in rows])


def whiten(factor: Float[Array, "n n"], deviation: Float[Array, " n"]) -> Float[Array, " n"]:
    """``L^-1 deviation`` for a lower factor L."""
    out: list[Array] = []
    for i in range(deviation.shape[0]):
        out.append((deviation[i] - sum(factor[i, j] * out[j] for j in range(i))) / factor[i, i])
    return jnp.stack(out)


def inverse(covariance: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """The inverse of a positive definite matrix."""
    factor = cholesky(covariance)
    columns = jnp.stack([whiten(factor, unit) for unit in jnp.eye(covariance.shape[0])])  # rows of L^-T
    return product(columns, columns.T)


def log_density(deviation: Float[Array, " n"], covariance: Float[Array, "n n"]) -> Float[Array, ""]:
    """Natural log of the Gaussian density at ``deviation`` from the mean."""
    factor = cholesky(covariance)
    z = whiten(factor, deviation)
    return -0.5 * jnp.sum(z**2) - jnp.sum(jnp.log(jnp.diagonal(factor))) - 0.5 * deviation.shape[0] * jnp.log(2 * jnp.pi)
