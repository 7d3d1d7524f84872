"""From the `data` section to arrays: read, find the task, split, fit the preprocessing, encode."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, assert_never

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.config.data import (
    CategoricalColumnConfig,
    ColumnConfig,
    DataConfig,
    ExcludeConfig,
    ExcludedColumnConfig,
    NumericColumnConfig,
    OrdinalColumnConfig,
    SplitFileConfig,
)
from nntrain.config.experiment import Experiment
from nntrain.config.loss import needed_activation
from nntrain.config.network import DenseConfig, activation_type
from nntrain.config.root import Config
from nntrain.data.column_inputs import Order
from nntrain.data.dataset import Dataset, Kind
from nntrain.data.inputs import check_missing
from nntrain.data.preprocess import Preprocessor
from nntrain.data.readers import read
from nntrain.data.readers.cells import Reading
from nntrain.data.readers.rules import TableRules
from nntrain.data.source import Source
from nntrain.data.split import Split, make_folds, make_split
from nntrain.data.task import infer_task, stratification_labels
from nntrain.errors import DataError
from nntrain.tasks import TASKS, Task

SPLITS = ("training", "validation", "test")


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything that a population is trained on and scored with.

    Attributes:
        preprocessor: fitted on the training split.
        splits: by name, each with the fields x [*input_shape] and t [K]; a split without examples is absent.
    """

    preprocessor: Preprocessor
    splits: dict[str, Source]

    def size(self, split: str) -> int:
        """How many examples a split has; 0 if there is none of that name."""
        return len(self.splits[split]) if split in self.splits else 0

    @property
    def task(self) -> Task:
        """What is predicted."""
        return self.preprocessor.task

    @property
    def input_shape(self) -> Shape:
        """Of one example, after encoding."""
        return self.preprocessor.input_shape


class Data:
    """The data of an experiment, read once: the examples that are split, and splits that are files of their own.

    `sha256` has every file that was read, with the sha256 of what was read of it.

    Args:
        experiment: says where the data is, and what its columns are.
        kinds: what the columns were when a run was trained on this data; None where they are to be found out.
    """

    def __init__(self, experiment: Experiment, kinds: Mapping[str, Kind] | None = None) -> None:
        self.experiment = experiment
        config = experiment.config.data
        self.pool = self._read(config, kinds)
        self.separate = {
            name: self._read_separate(part, f"data.split.{name}")
            for name, part in (("validation", config.split.validation), ("test", config.split.test))
            if isinstance(part, SplitFileConfig)
        }
        datasets = (self.pool, *self.separate.values())
        self.sha256 = checksums(pair for each in datasets for pair in zip(each.files, each.sha256, strict=True))
        with located(experiment):
            self.task = _task(self.pool, experiment.config)
            if config.preprocess.missing == "error":  # counted in the whole file, not in the rows for training
                for dataset in datasets:
                    check_missing(dataset, dataset.inputs if isinstance(dataset.inputs, tuple) else (), config.columns)

    @property
    def remarks(self) -> list[str]:
        """What deserves a word about how the files were read."""
        return [remark for dataset in (self.pool, *self.separate.values()) for remark in dataset.remarks]

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that was read."""
        return tuple(self.sha256)

    @cached_property
    def split(self) -> Split:
        """Which examples of the pool belong to which split."""
        config = self.experiment.config
        part = config.data.split
        with located(self.experiment):
            split = make_split(
                len(self.pool),
                labels=self._labels(),
                validation=part.validation if isinstance(part.validation, float | int) else 0.0,
                test=part.test if isinstance(part.test, float | int) else 0.0,
                seed=self._split_seed(),
                target=self.pool.target_columns[0].name,
            )
            self._check_trained(split.training, np.concatenate([split.validation, split.test]))
        return split

    def prepare(self) -> Prepared:
        """Fit the preprocessing on the training split and encode all splits."""
        return self._encode({split: self.dataset(split) for split in SPLITS})

    def dataset(self, split: str) -> Dataset:
        """The examples of a split, as they were read."""
        return self.separate[split] if split in self.separate else self.pool.rows(getattr(self.split, split))

    def prepare_folds(self, folds: int) -> list[Prepared]:
        """One data set for each fold of the examples that are not for testing; the preprocessing is fitted in each."""
        return [
            self._encode({"training": self.pool.rows(inside), "validation": self.pool.rows(outside)})
            for inside, outside in self.fold_rows(folds)
        ]

    def fold_rows(self, folds: int) -> list[tuple[Array, Array]]:
        """Which examples of the pool train and which validate in each fold, int64.

        Every example that is not for testing validates in exactly one fold, but for the only one of a class.
        """
        rows = np.concatenate([self.split.training, self.split.validation])
        labels = self._labels()
        with located(self.experiment):
            pairs = make_folds(
                len(rows),
                labels=None if labels is None else labels[rows],
                folds=folds,
                seed=self._split_seed(),
                target=self.pool.target_columns[0].name,
            )
            found = [(rows[inside], rows[outside]) for inside, outside in pairs]
            for inside, outside in found:
                self._check_trained(inside, outside)
        return found

    def _check_trained(self, training: Array, others: Array) -> None:
        """Refuse rows of the pool with a class that is not among those to train on; a stratified split has none."""
        labels = stratification_labels(self.pool, self.task)
        if labels is None or self._labels() is not None:
            return
        missing = sorted(set(labels[others]) - set(labels[training]))
        if missing:
            raise DataError(
                f"class {missing[0]!r} of target {self.pool.target_columns[0].name!r} is not among the "
                f"{len(training):,} examples to train on, so that those of it elsewhere could not be scored: set "
                "data.split.stratify: auto, which keeps every class in training",
                setting="data.split.stratify",
            )

    def _split_seed(self) -> int:
        config = self.experiment.config
        return config.seed if config.data.split.seed is None else config.data.split.seed

    def _encode(self, datasets: dict[str, Dataset]) -> Prepared:
        config = self.experiment.config
        settings, dtype = config.data.preprocess, np.dtype(config.dtype)
        with located(self.experiment):
            preprocessor = Preprocessor.fit(
                datasets["training"],
                task=self.task,
                numeric=settings.numeric,
                categorical=settings.categorical,
                missing=settings.missing,
                target=settings.target,
                orders=_orders(config.data),
            )
            return Prepared(
                preprocessor,
                {name: preprocessor.source(dataset, dtype) for name, dataset in datasets.items() if len(dataset)},
            )

    def _labels(self) -> Array | None:
        """The class of each example, where the split is to be stratified."""
        stratify = self.experiment.config.data.split.stratify
        by_class = TASKS[self.task].has_classes
        if stratify is False or not by_class:
            if stratify is True:
                raise self.experiment.error(
                    "data.split.stratify",
                    f"data.split.stratify cannot be true for a {self.task} task, which has no classes to keep in "
                    "proportion",
                )
            return None
        return stratification_labels(self.pool, self.task)

    def _read(self, config: DataConfig, kinds: Mapping[str, Kind] | None) -> Dataset:
        with located(self.experiment):
            if config.synthetic is not None:
                from nntrain.data.readers.synthetic import generate  # here, for most data is in files

                synthetic = config.synthetic
                seed = self.experiment.config.seed if synthetic.seed is None else synthetic.seed
                return generate(
                    synthetic.type,
                    examples=synthetic.examples,
                    noise=synthetic.noise,
                    seed=seed,
                    classes=synthetic.classes or 2,
                )
            if config.path is None:
                raise DataError("no data: give data.path or data.synthetic", setting="data")
            return read_file(self.experiment, self.experiment.data_path(config.path), labels=config.labels, kinds=kinds)

    def _read_separate(self, part: SplitFileConfig, setting: str) -> Dataset:
        try:
            return read_file(
                self.experiment, self.experiment.data_path(part.path), labels=part.labels, kinds=self.pool.kinds
            )
        except DataError as error:
            raise self.experiment.error(setting, str(error)) from error


def checksums(read: Iterable[tuple[Path, str]]) -> dict[Path, str]:
    """Files that were read and the sha256 of what was read of each.

    Raises:
        DataError: two readings of a file, perhaps by two names, have found other bytes.
    """
    known: dict[str, str] = {}
    found: dict[Path, str] = {}
    for path, sha256 in read:
        found[path] = sha256
        if known.setdefault(os.path.realpath(path), sha256) != sha256:
            raise DataError(
                f"{path} has changed since it was read a first time: start again when nobody writes to it any more"
            )
    return found


@contextmanager
def located(experiment: Experiment) -> Iterator[None]:
    """Give a DataError that blames a setting the line and the column of that setting."""
    try:
        yield
    except DataError as error:
        if error.setting is None:
            raise
        raise experiment.error(error.setting, str(error)) from error


def read_file(
    experiment: Experiment,
    path: Path,
    *,
    labels: str | None = None,
    kinds: Mapping[str, Kind] | None = None,
    need_target: bool = True,
) -> Dataset:
    """Read a file with the columns that the config names; `kinds` gives the columns' types.

    Raises:
        DataError: the file cannot be used.
    """
    try:
        return _read(experiment, path, labels, kinds, need_target)
    except OSError as error:  # of a disk that fails while it is read
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _read(
    experiment: Experiment, path: Path, labels: str | None, kinds: Mapping[str, Kind] | None, need_target: bool
) -> Dataset:
    config = experiment.config.data
    features = config.features
    return read(
        path,
        format=config.format,
        target=config.target if config.target is None or isinstance(config.target, str) else list(config.target),
        features=("exclude", list(features.exclude)) if isinstance(features, ExcludeConfig)
        else features if isinstance(features, str) else list(features),
        labels=None if labels is None else experiment.data_path(labels),
        arrays=(config.arrays.inputs, config.arrays.targets),
        need_target=need_target,
        kinds=kinds,
        rules=table_rules(config),
    )  # fmt: skip


def table_rules(config: DataConfig) -> TableRules:
    """What the config says of a table's cells and columns."""
    reading = Reading(frozenset({"", *config.marks}), config.decimal, config.thousands or "")
    declared = {name: found for name, column in config.columns.items() if (found := _declared(column, reading))}
    excluded = frozenset(config.columns) - declared.keys()
    target: Literal["names", "numbers"] | None = None
    if config.task != "auto":
        target = "names" if TASKS[Task(config.task)].has_classes else "numbers"
    return TableRules(reading, declared, excluded, target, config.task, config.missing_target == "drop")


def _orders(config: DataConfig) -> dict[str, Order]:
    """The orders of the ordinal columns; where none is given, how the numbers are read that their values must be."""
    rules = table_rules(config)
    return {
        name: column.order or rules.reading_of(name)
        for name, column in config.columns.items()
        if isinstance(column, OrdinalColumnConfig)
    }


def _declared(column: ColumnConfig, usual: Reading) -> tuple[Kind, Reading] | None:
    """Kind and reading of a declared column, or None for one that is excluded."""
    match column:
        case NumericColumnConfig():
            marks = usual.missing if column.missing_values is None else frozenset({"", *column.missing_values})
            thousands = usual.thousands if column.thousands is None else column.thousands
            return "numeric", Reading(marks, column.decimal or usual.decimal, thousands, column.unit or "")
        case CategoricalColumnConfig() | OrdinalColumnConfig():
            marks = usual.missing if column.missing_values is None else frozenset({"", *column.missing_values})
            return "categorical", replace(usual, missing=marks)
        case ExcludedColumnConfig():
            return None
        case _:
            assert_never(column)


def _task(dataset: Dataset, config: Config) -> Task:
    """The task asked for, or else the one that the target suggests.

    Two classes make a binary task with one sigmoid output, unless the network or the loss is plainly written for one
    output per class.
    """
    asked = config.data.task
    task = infer_task(dataset, asked)
    if asked == "auto" and task is Task.BINARY and wants_output_per_class(config):
        return Task.CLASSIFICATION
    return task


def wants_output_per_class(config: Config) -> bool:
    """Whether the network or the loss is plainly written for one output per class, even where there are only two."""
    last = config.network[-1]
    activations = {activation_type(last), needed_activation(config.loss)}
    return TASKS[Task.CLASSIFICATION].activation in activations or (isinstance(last, DenseConfig) and last.units == 2)
