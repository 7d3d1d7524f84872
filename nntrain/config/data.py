"""The `data` section: where the examples come from, how they are split and prepared."""

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from nntrain.language.section import Says, Section, refusal
from nntrain.language.unions import BY_SHAPE, BY_TYPE, Shorthand
from nntrain.language.values import WHOLE, Auto, Count, Flag, Fraction, Natural, NonEmpty, NonNegative

SyntheticKind = Literal[
    "xor",
    "and",
    "or",
    "nand",
    "nor",
    "xnor",
    "not",
    "gaussians",
    "circle",
    "moons",
    "spiral",
    "plane",
    "gauss",
    "sine",
]
_WITH_CLASSES = ("gaussians", "spiral")

# Cells that count as missing where `data.missing_values` says nothing else; the empty cell does always.
MISSING_VALUES = ("NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "?")
# Settings that mean something for tables only.
_OF_TABLES = ("columns", "missing_values", "decimal", "thousands", "missing_target")

Names = Annotated[tuple[NonEmpty, ...], Field(min_length=1), Says("a list of column names")]


class SyntheticConfig(Section):
    """Examples that are computed, not read: for teaching, tests and trying things out."""

    type: SyntheticKind = Field(
        description="`and`, `or`, `xor`, `nand`, `nor`, `xnor` are truth tables of two inputs, `not` of one; "
        "`gaussians`, `circle`, `moons` and `spiral` are classes in the plane (`xor` too, given `examples`: points of "
        "equal signs are the class 1); `plane` and `gauss` are values over the plane; `sine` is a value over a line."
    )
    examples: Count | None = Field(
        default=None,
        description="Number of examples; null is the rows of the truth table (4, `not`: 2), and 400 for the others. A "
        "truth table with more repeats its rows in turn.",
    )
    noise: NonNegative = Field(
        default=0.0,
        description="How far examples are scattered; 0 is none. Truth tables and `moons`: standard deviation of normal "
        "noise on each input; `sine`: likewise on the target. `spiral`: each input moves by up to ± `noise`, "
        "uniformly. `gaussians`: each class has the variance 0.5 + 7 × `noise` along each input. `circle` and `xor` "
        "with `examples`: the class is that of the point moved by up to ± 5 × `noise` along each input, uniformly; "
        "`plane` and `gauss`: the value is that of the point moved by up to ± 6 × `noise`; these four leave the inputs "
        "as they are.",
    )
    classes: Annotated[int, Strict(), Field(ge=2), WHOLE] | None = Field(
        default=None, description="Number of classes of `gaussians` and `spiral`; null is 2."
    )
    seed: Natural | None = Field(default=None, description="Seed of the examples; null takes the experiment's `seed`.")

    @model_validator(mode="after")
    def _classes_fit(self) -> Self:
        if self.classes is not None and self.type not in _WITH_CLASSES:
            raise refusal(
                f"is for gaussians and spiral, not for {self.type}", at=("classes",), hint="remove it", conflict=True
            )
        return self


Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'"]
Marks = Annotated[tuple[NonEmpty, ...], Says("a list of texts")]


class NumericColumnConfig(Section):
    """Numbers. What is null here is as `data` has it."""

    type: Literal["numeric"] = "numeric"
    decimal: Decimal | None = Field(default=None, description="The decimal mark.")
    thousands: Thousands | Literal[""] | None = Field(
        default=None, description="What groups the digits by threes; `''` is nothing."
    )
    unit: NonEmpty | None = Field(
        default=None, description="What stands before or behind the number, and is left out: `$`, `%`, `km`."
    )
    missing_values: Marks | None = Field(default=None, description="The texts that stand for a missing value.")


class CategoricalColumnConfig(Section):
    """Names, each as it is written: `01` is not `1`."""

    type: Literal["categorical"] = "categorical"
    missing_values: Marks | None = Field(
        default=None, description="The texts that stand for a missing value; `[]` where `NA` is a name like any other."
    )


class OrdinalColumnConfig(Section):
    """Names with an order, which become one number: 0 for the first, 1 for the second, …, scaled as `numeric`."""

    type: Literal["ordinal"] = "ordinal"
    order: Annotated[tuple[NonEmpty, ...], Says("a list of texts")] | None = Field(
        default=None, description="All values from the least to the greatest; null is the order of numbers."
    )
    missing_values: Marks | None = Field(default=None, description="The texts that stand for a missing value.")

    @model_validator(mode="after")
    def _several(self) -> Self:
        if self.order is not None and len(self.order) < 2:
            raise refusal("must name at least two values", at=("order",), hint="name all values, the least one first")
        times = Counter(self.order or ())
        twice = next((value for value, count in times.items() if count > 1), None)
        if twice is not None:
            raise refusal(f"names {twice!r} twice", at=("order",), hint="name each value once")
        return self


class ExcludedColumnConfig(Section):
    """No feature: an id, a date, a comment."""

    type: Literal["excluded"] = "excluded"


ColumnConfig = Annotated[
    Annotated[
        NumericColumnConfig | CategoricalColumnConfig | OrdinalColumnConfig | ExcludedColumnConfig,
        BY_TYPE,
    ],
    Shorthand(),
]


class AddConfig(Section):
    """The usual marks and some more."""

    add: Annotated[tuple[NonEmpty, ...], Field(min_length=1), Says("a list of texts")] = Field(
        description="Texts that stand for a missing value beside the usual ones."
    )


class ExcludeConfig(Section):
    """All columns but some."""

    exclude: Names = Field(description="Columns that are not features: an id, a date, a comment.")


class ArraysConfig(Section):
    """The names of the arrays in an npz file."""

    inputs: NonEmpty = Field(default="x", description="Array of the inputs, one example per row.")
    targets: NonEmpty = Field(default="y", description="Array of the targets.")


class SplitFileConfig(Section):
    """A split that is a file of its own."""

    path: NonEmpty = Field(description="File with the examples, in the format and with the columns of `data.path`.")
    labels: NonEmpty | None = Field(default=None, description="File with their labels, for IDX and npy.")


SplitPart = Annotated[Fraction | SplitFileConfig, BY_SHAPE, Says("a fraction of the examples", "a mapping with path")]


class SplitConfig(Section):
    """Which examples are trained on, chosen by, and scored at the end; training takes what the other two leave."""

    validation: SplitPart = Field(
        default=0.2, description="Share of the examples for validation (early stopping, search); 0 is none. Or a file."
    )
    test: SplitPart = Field(default=0.2, description="Share of the examples for the final score; 0 is none. Or a file.")
    stratify: Annotated[Flag | Auto, BY_SHAPE] = Field(
        default="auto", description="Keep the shares of the classes in every split; auto does so for classification."
    )
    seed: Natural | None = Field(default=None, description="Seed of the split; null takes the experiment's `seed`.")

    @model_validator(mode="after")
    def _leaves_training(self) -> Self:
        if isinstance(self.validation, float) and isinstance(self.test, float):
            total = self.validation + self.test
            if total >= 1:
                raise refusal(
                    "leaves nothing to train on: validation and test are together "
                    f"{self.validation:g} + {self.test:g} = {total:g}",
                    hint="their sum must be below 1",
                    conflict=True,
                )
        return self


class PreprocessConfig(Section):
    """How columns become numbers. Everything is fitted on the training split only and saved with the run."""

    numeric: Literal["standard", "minmax", "none"] = Field(
        default="standard",
        description="`standard`: mean 0 and standard deviation 1; `minmax`: from 0 to 1; `none`: as they are.",
    )
    categorical: Literal["one_hot"] = Field(
        default="one_hot", description="`one_hot`: one input of 0 or 1 per category."
    )
    missing: Literal["error", "mean", "median", "most_frequent"] = Field(
        default="error",
        description="What an empty cell becomes. `error`: it is an error that names row and column; otherwise the "
        "mean, median or most frequent value of its column (categories: always the most frequent).",
    )
    target: Literal["none", "standard", "minmax"] = Field(
        default="none",
        description="Scaling of the targets of a regression, as `numeric` has it; predictions and scores stay in the "
        "original units.",
    )


class DataConfig(Section):
    """The examples: a file or a synthetic set, its columns, its splits, its preparation."""

    path: NonEmpty | None = Field(
        default=None, description="File with the examples, relative to the config file. Either this or `synthetic`."
    )
    synthetic: Annotated[SyntheticConfig, Shorthand()] | None = Field(
        default=None, description="A computed set instead of a file: its type, or a mapping with options."
    )
    format: Literal["auto", "csv", "tsv", "npz", "npy", "idx"] = Field(
        default="auto", description="Format of the file; auto goes by its name."
    )
    target: Annotated[NonEmpty | Names, BY_SHAPE, Says("a column name", "a list of column names")] | None = Field(
        default=None, description="Column to predict, or a list of columns (several outputs). Tables need it."
    )
    task: Literal["auto", "classification", "binary", "multilabel", "regression"] = Field(
        default="auto", description="What is predicted; auto reads the target."
    )
    features: Annotated[
        Literal["all"] | Names | ExcludeConfig,
        BY_SHAPE,
        Says("all", "a list of column names", "{exclude: [names]}"),
    ] = Field(default="all", description="Columns to predict from: all but the target, a list, or all but some.")
    columns: Annotated[dict[NonEmpty, ColumnConfig], Says("a mapping of column to its kind")] = Field(
        default_factory=dict,
        description="What single columns of a table are, targets too: `{store: categorical, grade: ordinal, id: "
        "excluded}`, or a mapping with options. The others are what their cells say, which `nntrain check` shows.",
    )
    missing_values: Annotated[
        Marks | AddConfig,
        BY_SHAPE,
        Says("a list of texts", "{add: [texts]}"),
    ] = Field(
        default=MISSING_VALUES,
        description="Cells of a table that count as missing, beside empty ones: a list, or `{add: [...]}` to keep "
        "the usual ones.",
    )
    decimal: Decimal = Field(default=".", description="The decimal mark of a table's numbers.")
    thousands: Thousands | None = Field(
        default=None, description="What groups the digits of a table's numbers by threes; null is nothing."
    )
    missing_target: Literal["error", "drop"] = Field(
        default="error",
        description="What becomes of a table's rows without a target. `error`: they are an error that names the row; "
        "`drop`: they are left out, and it is said how many.",
    )
    labels: NonEmpty | None = Field(
        default=None, description="File with the labels, for IDX and npy; null derives its name from `path`."
    )
    arrays: ArraysConfig = Field(default_factory=ArraysConfig, description="Names of the arrays in an npz file.")
    split: SplitConfig = Field(default_factory=SplitConfig, description="Validation and test examples.")
    preprocess: PreprocessConfig = Field(
        default_factory=PreprocessConfig, description="Scaling, categories, missing values."
    )

    @property
    def marks(self) -> tuple[str, ...]:
        """The texts that stand for a missing value, beside the empty one."""
        given = self.missing_values
        return tuple(dict.fromkeys((*MISSING_VALUES, *given.add))) if isinstance(given, AddConfig) else given

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.path is None and self.synthetic is None:
            raise refusal("needs path (a file) or synthetic (a computed set)")
        if self.path is not None and self.synthetic is not None:
            raise refusal("is given beside data.path", at=("synthetic",), hint="keep one of the two", conflict=True)
        return self

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal == self.thousands:
            raise refusal(f"is {self.thousands!r}, which is the decimal mark", at=("thousands",), conflict=True)
        for name, column in self.columns.items():
            if not isinstance(column, NumericColumnConfig):
                continue
            decimal = column.decimal or self.decimal
            if decimal == (self.thousands if column.thousands is None else column.thousands):
                raise refusal(
                    f"has {decimal!r} as the decimal mark and between thousands",
                    at=("columns", name),
                    hint="set decimal and thousands",
                    conflict=True,
                )
        return self

    @model_validator(mode="after")
    def _targets_are_columns(self) -> Self:
        targets = (self.target,) if isinstance(self.target, str) else self.target or ()
        for name in targets:
            if isinstance(self.columns.get(name), ExcludedColumnConfig):
                raise refusal("excludes the target", at=("columns", name), hint="name another target", conflict=True)
            if isinstance(self.columns.get(name), OrdinalColumnConfig):
                raise refusal(
                    "is the target, and ordinal is for features",
                    at=("columns", name),
                    hint="declare it categorical or numeric",
                    conflict=True,
                )
        listed = () if isinstance(self.features, str | ExcludeConfig) else self.features
        for name in listed:
            if isinstance(self.columns.get(name), ExcludedColumnConfig):
                raise refusal(
                    "excludes a column that data.features lists", at=("columns", name), hint="drop it", conflict=True
                )
        return self

    @model_validator(mode="after")
    def _settings_of_files(self) -> Self:
        if self.synthetic is not None:
            for name in ("format", "target", "features", *_OF_TABLES, "labels", "arrays"):
                if getattr(self, name) != type(self).model_fields[name].get_default(call_default_factory=True):
                    raise refusal(
                        "is for files; a synthetic set brings its own inputs and targets",
                        at=(name,),
                        hint="remove it",
                        conflict=True,
                    )
        return self
