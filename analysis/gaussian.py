"""Small Gaussians: factors, inverses and densities, of full covariances and of independent numbers.

Dimensions here are few (1 to 4 for throws and reaches), so the Cholesky factor is written out: XLA fuses it, where a call to LAPACK
would cost more than the arithmetic of a whole trial.
"""

import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from protocols.logarithm import log

WRITTEN_OUT = 4  # dimensions up to which the factor is written out


def rotation(angle: Float[Array, ""]) -> Float[Array, "2 2"]:
    """The rotation by ``angle`` (rad, counter-clockwise)."""
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    return jnp.stack([jnp.stack([cos, -sin]), jnp.stack([sin, cos])])


def product(a: Float[Array, "... n k"], b: Float[Array, "... k m"]) -> Float[Array, "... n m"]:
    """A matrix product that fuses with its neighbours (a call into a library costs more at these sizes)."""
    return jnp.sum(a[..., :, :, None] * b[..., None, :, :], axis=-2)


def times(a: Float[Array, "... n k"], x: Float[Array, "... k"]) -> Float[Array, "... n"]:
    """A matrix times a vector, fused likewise."""
    return jnp.sum(a * x[..., None, :], axis=-1)


def transposed(a: Float[Array, "... n m"]) -> Float[Array, "... m n"]:
    """The transpose of the last two axes."""
    return jnp.swapaxes(a, -1, -2)


def cholesky(covariance: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """The lower factor L of a positive definite matrix ``L L^T``."""
    n = covariance.shape[0]
    if n > WRITTEN_OUT:
        return jnp.linalg.cholesky(covariance)
    rows: list[list[Array]] = []
    for i in range(n):
        row: list[Array] = []
        for j in range(i):
            row.append((covariance[i, j] - sum(row[k] * rows[j][k] for k in range(j))) / rows[j][j])
        row.append(jnp.sqrt(covariance[i, i] - sum(x * x for x in row)))
        rows.append(row)
    return lower([rows[i][i] for i in range(n)], [x for i in range(n) for x in rows[i][:i]])


def lower(diagonal: list[Array], below: list[Array]) -> Float[Array, "n n"]:
    """A lower triangular matrix from its diagonal and from what is under it, row by row."""
    n, zero = len(diagonal), jnp.zeros_like(diagonal[0])
    starts = [i * (i - 1) // 2 for i in range(n)]
    rows = [below[starts[i] : starts[i] + i] + [diagonal[i]] + [zero] * (n - 1 - i) for i in range(n)]
    return jnp.stack([jnp.stack(row) for row in rows])


def whiten(factor: Float[Array, "n n"], deviation: Float[Array, " n"]) -> Float[Array, " n"]:
    """``L^-1 deviation`` for a lower factor L."""
    n = deviation.shape[0]
    if n > WRITTEN_OUT:
        return solve_triangular(factor, deviation, lower=True)
    out: list[Array] = []
    for i in range(n):
        out.append((deviation[i] - sum(factor[i, j] * out[j] for j in range(i))) / factor[i, i])
    return jnp.stack(out)


def whiten_columns(factor: Float[Array, "n n"], matrix: Float[Array, "n m"]) -> Float[Array, "n m"]:
    """``L^-1 matrix`` for a lower factor L."""
    n = factor.shape[0]
    if n > WRITTEN_OUT:
        return solve_triangular(factor, matrix, lower=True)
    return jnp.stack([whiten(factor, matrix[:, j]) for j in range(matrix.shape[1])], axis=1)


def inverse(covariance: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """The inverse of a positive definite matrix."""
    return inverse_of_factored(cholesky(covariance))


def inverse_of_factored(factor: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """``(L L^T)^-1`` for a lower factor L."""
    half = whiten_columns(factor, jnp.eye(factor.shape[0]))
    return product(half.T, half)


def log_density(deviation: Float[Array, " n"], covariance: Float[Array, "n n"]) -> Float[Array, ""]:
    """Natural log of the Gaussian density at ``deviation`` from the mean."""
    factor = cholesky(covariance)
    z = whiten(factor, deviation)
    return -0.5 * jnp.sum(z**2) - jnp.sum(log(jnp.diagonal(factor))) - 0.5 * deviation.shape[0] * jnp.log(2 * jnp.pi)


def expected_log_density(
    deviation: Float[Array, " n"], unknown: Float[Array, "n n"] | None, covariance: Float[Array, "n n"]
) -> Float[Array, ""]:
    """The same, expected over a deviation that is known up to the covariance ``unknown``."""
    factor = cholesky(covariance)
    return log_density_white(expected_squares(factor, deviation, unknown), 2 * log(jnp.diagonal(factor)))


def expected_squares(factor: Float[Array, "n n"], deviation: Float[Array, " n"], unknown: Float[Array, "n n"] | None) -> Float[Array, " n"]:
    """Of ``L^-1 deviation``, whose deviation is known up to a covariance."""
    squares = whiten(factor, deviation) ** 2
    if unknown is None:
        return squares
    return squares + jnp.diagonal(whiten_columns(factor, whiten_columns(factor, unknown).T))


def log_density_white(squares: Float[Array, " n"], log_var: Float[Array, " n"]) -> Float[Array, ""]:
    """Log density from the squares of whitened numbers; ``log_var`` sums to the log determinant of the covariance."""
    return -0.5 * jnp.sum(squares + log_var) - 0.5 * squares.shape[0] * jnp.log(2 * jnp.pi)


def log_density_apart(squares: Float[Array, " n"], log_var: Float[Array, " n"]) -> Float[Array, ""]:
    """Log density of independent numbers, from their squares."""
    return log_density_white(squares * jnp.exp(-log_var), log_var)


def log_density_independent(deviation: Float[Array, " n"], variances: Float[Array, " n"]) -> Float[Array, ""]:
    """Log density of independent numbers, from their distances."""
    return log_density_white(deviation**2 / variances, log(variances))
