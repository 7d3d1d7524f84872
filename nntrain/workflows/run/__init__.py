"""A training in its run directory: the session, what it writes down while it goes on, how it ends, what is said."""
