"""How parameters change.

update.py          what is done in every step: a chain of transformations
transformation.py  what each of them is
optimizer.py       the one that makes the step, and sgd.py, adagrad.py, rmsprop.py, adam.py: the rules
penalties.py, clipping.py, constraints.py, averaging.py   the others
schedules/         the learning rate from epoch to epoch
"""
