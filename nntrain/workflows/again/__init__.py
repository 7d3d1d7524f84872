"""A run once more: what is read back of it, whether it may go on, and whether it can be repeated."""
