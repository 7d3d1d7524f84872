"""The `search` section, which only `gridsearch` reads."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, model_validator
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from nntrain.config.training import Monitor
from nntrain.language.section import Says, Section, refusal
from nntrain.language.unions import BY_SHAPE, BY_TYPE, Shorthand
from nntrain.language.values import WHOLE, Auto, Count, Natural, NonEmpty, Number, Positive

_RANGES = ("uniform", "log_uniform", "int_uniform")


class _Range(Section):
    """A range that is written `{uniform: [low, high]}`."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = self.__dict__["low"], self.__dict__["high"]
        if low >= high:
            raise refusal(f"must be [low, high] with low below high, got [{low:g}, {high:g}]")
        return self


class UniformRangeConfig(_Range):
    """Any number from low to high; short: `{uniform: [low, high]}`."""

    type: Literal["uniform"] = "uniform"
    low: Number = Field(description="Lower end.")
    high: Number = Field(description="Upper end.")


class LogUniformRangeConfig(_Range):
    """The same, but every order of magnitude is as likely as the others; short: `{log_uniform: [low, high]}`."""

    type: Literal["log_uniform"] = "log_uniform"
    low: Positive = Field(description="Lower end.")
    high: Positive = Field(description="Upper end.")


class IntUniformRangeConfig(_Range):
    """Any integer from low to high, both included; short: `{int_uniform: [low, high]}`."""

    type: Literal["int_uniform"] = "int_uniform"
    low: Annotated[int, Strict(), WHOLE] = Field(description="Smallest.")
    high: Annotated[int, Strict(), WHOLE] = Field(description="Largest.")


class ChoiceConfig(Section):
    """One of the listed values; short: `{choice: [values]}`, or the list itself."""

    type: Literal["choice"] = "choice"
    values: Annotated[tuple[Any, ...], Field(min_length=1), Says("a list of values")] = Field(description="The values.")


class _Distribution:
    """Lets `{log_uniform: [1e-4, 1]}` stand for `{type: log_uniform, low: 1e-4, high: 1}`; `{choice: […]}` likewise."""

    @staticmethod
    def expand(value: Any) -> Any:
        """The long form of a distribution as the file has it."""
        if not isinstance(value, dict) or "type" in value or len(value) != 1:
            return value
        [(kind, given)] = value.items()
        if kind == "choice":
            return {"type": kind, "values": given}
        if kind not in _RANGES:
            return {"type": kind}
        if not isinstance(given, list | tuple) or len(given) != 2:
            raise refusal("must be [low, high]", at=(kind,))
        return {"type": kind, "low": given[0], "high": given[1]}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        pair = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
        ranges = [_only(kind, pair) for kind in _RANGES]
        return {"anyOf": [*ranges, _only("choice", {"type": "array"}), handler(schema)]}


def _only(key: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {key: value}, "required": [key], "additionalProperties": False}


AnyDistribution = Annotated[UniformRangeConfig | LogUniformRangeConfig | IntUniformRangeConfig | ChoiceConfig, BY_TYPE]
Axis = Annotated[
    Annotated[tuple[Any, ...], Field(min_length=1), Says("a list of values")]
    | Annotated[AnyDistribution, _Distribution()],
    BY_SHAPE,
    Says("a list of values", "a distribution such as {log_uniform: [1.0e-4, 1.0e-1]}"),
]


class GridConfig(Section):
    """Every combination of the listed values."""

    type: Literal["grid"] = "grid"


class RandomConfig(Section):
    """Combinations drawn at random; a listed value is drawn like any other of its list."""

    type: Literal["random"] = "random"
    trials: Count = Field(default=20, description="Number of combinations.")
    seed: Natural | None = Field(default=None, description="Seed of the draw; null takes the experiment's `seed`.")


AnyStrategy = Annotated[GridConfig | RandomConfig, BY_TYPE]
StrategyConfig = Annotated[AnyStrategy | Auto, BY_SHAPE, Shorthand(words=("auto",))]


class EvaluationConfig(Section):
    """How a combination is scored: give `seeds` or `folds`."""

    seeds: Count | None = Field(
        default=None,
        description="Train so many times from different seeds and take the mean over the validation split.",
    )
    folds: Annotated[int, Strict(), Field(ge=2), WHOLE] | None = Field(
        default=None, description="Cross-validate over so many folds of the training and validation examples."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.seeds is None) == (self.folds is None):
            raise refusal("must have either seeds or folds", hint="for example {seeds: 1} or {folds: 5}")
        return self


def _one_seed() -> EvaluationConfig:
    return EvaluationConfig(seeds=1)


class SearchConfig(Section):
    """Which settings are tried, and how the best is found."""

    space: Annotated[dict[NonEmpty, Axis], Says("a mapping of dotted path to values")] = Field(
        default_factory=dict,
        description="Dotted config paths, each with a list of values or a distribution. Layers go by position or name.",
    )
    strategy: StrategyConfig = Field(
        default="auto",
        description="How combinations are chosen; auto is `grid`, or `random` where the space has a distribution.",
    )
    evaluation: EvaluationConfig = Field(default_factory=_one_seed, description="How each of them is scored.")
    monitor: Monitor = Field(default="validation.loss", description="What the best one is best in.")


def is_random(strategy: GridConfig | RandomConfig | Literal["auto"], axes: Iterable[Any]) -> bool:
    """Whether points are drawn: the strategy is `random`, or `auto` and an axis is a distribution, choices included.

    The axes may be checked ones, or as they are written.
    """
    if strategy == "auto":
        return any(not isinstance(axis, Sequence) for axis in axes)
    return isinstance(strategy, RandomConfig)
