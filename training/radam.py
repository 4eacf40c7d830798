"""Rectified Adam, which Keras 3 lacks."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tavi_perception")
class RectifiedAdam(keras.optimizers.Optimizer):
    """Adam whose adaptive step is scaled by how much is known yet of the gradients' variance.

    Algorithm 2 of Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond",
    arXiv:1908.03265: with ρ∞ = 2 / (1 − β₂) − 1 and ρₜ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ), the step is
    α · rₜ · m̂ₜ / √v̂ₜ once ρₜ > 4, and α · m̂ₜ, momentum alone, before.

    Args:
        learning_rate: α, a number or a schedule.
        beta_1, beta_2: decay of the running means of the gradient and of its square, 0 to 1 (exclusive).
        epsilon: added to √v̂ₜ, which the paper leaves to the implementation.
        **options: of every Keras optimizer: ``weight_decay``, ``clipnorm``, ``name`` and so on.

    Example:
        ``model.compile(RectifiedAdam(1e-5), loss="mse")``
    """

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        options.setdefault("name", "rectified_adam")
        super().__init__(learning_rate=learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: list[Any]) -> None:
        """Make the running means of ``variables``."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move ``variable`` by one step along ``gradient``."""
        dtype = variable.dtype
        index = self._get_variable_index(variable)
        momentum, velocity = self._momentums[index], self._velocities[index]
        gradient = ops.cast(gradient, dtype)
        self.assign_add(momentum, (gradient - momentum) * (1.0 - self.beta_1))
        self.assign_add(velocity, (ops.square(gradient) - velocity) * (1.0 - self.beta_2))
        adaptive, plain, rectified = self._factors()
        root = ops.sqrt(velocity)
        # √v̂ + ε = (√v + ε √(1 − β₂ᵗ)) / √(1 − β₂ᵗ); the numerator is in ``adaptive``.
        scaled = ops.cast(adaptive, dtype) / (root + self.epsilon * ops.cast(self._correction(), dtype))
        step = ops.where(rectified, scaled, ops.cast(plain, dtype))
        self.assign_sub(variable, ops.cast(learning_rate, dtype) * momentum * step)

    def get_config(self) -> dict[str, Any]:
        """Everything that the constructor takes."""
        config = super().get_config()
        return {**config, "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}

    def _correction(self) -> Any:
        """√(1 − β₂ᵗ)."""
        return ops.sqrt(1.0 - ops.power(ops.cast(self.beta_2, "float64"), self._step()))

    def _step(self) -> Any:
        return ops.cast(self.iterations + 1, "float64")

    def _factors(self) -> tuple[Any, Any, Any]:
        """Factors of m/√v and of m, and whether the first one holds.

        In float64: the difference ρₜ − 4 of early steps would lose its first digits in float32.
        """
        step = self._step()
        power_1 = ops.power(ops.cast(self.beta_1, "float64"), step)
        power_2 = ops.power(ops.cast(self.beta_2, "float64"), step)
        longest = 2.0 / (1.0 - self.beta_2) - 1.0
        length = longest - 2.0 * step * power_2 / (1.0 - power_2)
        rectified = length > 4.0
        safe = ops.maximum(length, 4.0)  # the branch that is not taken must not make NaN
        rectification = ops.sqrt(
            (safe - 4.0) * (safe - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * safe)
        )
        plain = 1.0 / (1.0 - power_1)
        return rectification * ops.sqrt(1.0 - power_2) * plain, plain, rectified
