"""Small noisy networks that learn from reward: node perturbation, weight perturbation, reward-modulated Hebb."""
