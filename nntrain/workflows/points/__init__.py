"""A search before and beside its training: its settings, its points, their data, and what is written of it."""
