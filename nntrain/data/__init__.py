"""Data: from a file to arrays ready for training.

readers/      a file (CSV, TSV, NPZ, NPY, IDX) or a formula (synthetic) → Dataset
task.py       what the targets ask for: classification, binary, multilabel, regression
split.py      which rows train, validate and test; folds
preprocess.py what is learnt from the training rows alone: scales, categories, class names
source.py     named fields of encoded examples, and the one way to their rows
batches.py    which of them the members of a population see, gathered into the arrays of a step
"""
