"""Finds what was probably meant by a word that nothing knows."""

from collections.abc import Iterable

# What other tools and books call things, under the spelling that `_plain` gives them.
_ALSO_CALLED = {
    "lr": "learning_rate",
    "eta": "learning_rate",
    "eta0": "learning_rate",
    "stepsize": "learning_rate",
    "learningrateinit": "learning_rate",
    "wd": "weight_decay",
    "epsilon": "eps",
    "alpha": "learning_rate",
    "beta": "momentum",
    "nepochs": "epochs",
    "maxepochs": "epochs",
    "maxiter": "epochs",
    "iterations": "epochs",
    "batch": "batch_size",
    "minibatch": "batch_size",
    "bs": "batch_size",
    "nunits": "units",
    "neurons": "units",
    "size": "units",
    "width": "units",
    "hidden": "units",
    "outputs": "units",
    "outfeatures": "units",
    "act": "activation",
    "activationfunction": "activation",
    "nonlinearity": "activation",
    "init": "initializer",
    "kernelinitializer": "initializer",
    "weightinitializer": "initializer",
    "usebias": "bias",
    "p": "rate",
    "dropoutrate": "rate",
    "layers": "network",
    "model": "network",
    "dataset": "data",
    "criterion": "loss",
    "cost": "loss",
    "lossfunction": "loss",
    "scheduler": "schedule",
    "lrschedule": "schedule",
    "callbacks": "early_stopping",
    "gridsearch": "search",
    "label": "target",
    "y": "target",
    "file": "path",
    "filename": "path",
    "val": "validation",
    "valid": "validation",
    "randomstate": "seed",
    "precision": "dtype",
    "kind": "type",
    "ntrials": "trials",
    "cv": "folds",
    "kfold": "folds",
    "nestimators": "trials",
    "l2regularization": "l2",
    "l1regularization": "l1",
    "maxnormconstraint": "max_norm",
    "gradclip": "clip_norm",
    "clipgradnorm": "clip_norm",
    "fullyconnected": "dense",
    "fc": "dense",
    "identity": "linear",
    "none": "linear",
    "logistic": "sigmoid",
    "leaky": "leaky_relu",
    "lrelu": "leaky_relu",
    "heaviside": "step",
    "threshold": "step",
    "xavier": "glorot_uniform",
    "xavieruniform": "glorot_uniform",
    "xaviernormal": "glorot_normal",
    "glorot": "glorot_uniform",
    "kaiming": "he_normal",
    "kaiminguniform": "he_uniform",
    "kaimingnormal": "he_normal",
    "he": "he_normal",
    "lecun": "lecun_normal",
    "gaussian": "normal",
    "randomnormal": "normal",
    "randomuniform": "uniform",
    "zero": "zeros",
    "categoricalcrossentropy": "cross_entropy",
    "nll": "cross_entropy",
    "ce": "cross_entropy",
    "logloss": "cross_entropy",
    "bce": "binary_cross_entropy",
    "mse": "mean_squared_error",
    "squarederror": "mean_squared_error",
    "l2loss": "mean_squared_error",
    "mae": "mean_absolute_error",
    "l1loss": "mean_absolute_error",
    "smoothl1": "huber",
    "gradientdescent": "sgd",
    "gd": "sgd",
    "cosineannealing": "cosine",
    "steplr": "step",
    "reducelronplateau": "plateau",
    "exponentialdecay": "exponential",
    "acc": "accuracy",
    "auc": "roc_auc",
    "rocaucscore": "roc_auc",
    "f1score": "f1",
    "f1macro": "f1",
    "rsquared": "r2",
    "loguniform": "log_uniform",
    "randint": "int_uniform",
    "standardize": "standard",
    "standardscaler": "standard",
    "zscore": "standard",
    "normalize": "minmax",
    "onehot": "one_hot",
    "float": "float32",
    "double": "float64",
}


def near(word: object, known: Iterable[str]) -> str | None:
    """Return the one of the known words that `word` was probably meant to be, or None: `same`, or spelled alike."""
    if not isinstance(word, str):
        return None
    known = tuple(known)
    return same(word, known) or _spelled_alike(word, known)


def same(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that differs in case, hyphens and underscores only, or that is another name of `word`."""
    by_plain = {_plain(name): name for name in known}
    plain = _plain(word)
    return by_plain.get(plain) or by_plain.get(_plain(_ALSO_CALLED.get(plain, "")))


def _spelled_alike(word: str, known: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # 3 ms that only a mistake has to pay

    by_plain = {_plain(name): name for name in known}
    plain = _plain(word)[:80]
    close = get_close_matches(plain, by_plain, n=1, cutoff=0.65) if len(plain) > 2 else []
    return by_plain[close[0]] if close else None


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").replace(" ", "")
