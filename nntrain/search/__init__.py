"""Hyperparameter search: points, populations, leaderboard."""
