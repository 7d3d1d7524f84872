"""Random configs and random values; made from the models, so that new settings join by themselves."""

from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from hypothesis import strategies as st

from nntrain.config.data import DataConfig, SyntheticConfig
from nntrain.config.initializers import ValuesConfig
from nntrain.config.root import Config
from nntrain.config.search import EvaluationConfig
from nntrain.language.anatomy import as_model, default_of, fields, forms, is_list, items, optional, peel
from nntrain.language.section import Section

WORDS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(
        ["auto", "adam", "1e-4", "yes", "012", "12:30", "2024-01-01", "null", "~", "=", "<<", "- a", "a: b"]
    ),
)
SCALARS = WORDS | st.just(float("nan"))
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_TEXT = st.text(min_size=1, max_size=10).filter(lambda text: text.strip() == text)
_MATRIX = st.lists(st.lists(st.floats(-9, 9), min_size=2, max_size=2), min_size=1, max_size=3)
_PATTERNS = {"name": st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,9}", fullmatch=True)}
_PATHS = {"space": st.sampled_from(["seed", "training.epochs", "optimizer.learning_rate"])}


def configs() -> st.SearchStrategy[dict[str, Any]]:
    """Plain data of configs whose settings are each allowed, though not always together."""
    return section(Config)


def section(model: type[Section]) -> st.SearchStrategy[dict[str, Any]]:
    """Plain data of a section: what is required, and some of the rest."""
    if model is ValuesConfig:
        return st.fixed_dictionaries({"values": _MATRIX})
    known = {name: value(annotation, name) for name, annotation in fields(model).items()}
    if model is EvaluationConfig:
        return st.fixed_dictionaries({"folds": st.integers(2, 99)}) | st.fixed_dictionaries({"seeds": known["seeds"]})
    if model is DataConfig:
        others = {name: known[name] for name in known.keys() - {"synthetic", "path"}}
        synthetic = {"synthetic": value(SyntheticConfig), "task": known["task"]}
        return st.fixed_dictionaries({"path": _TEXT}, optional=others) | st.fixed_dictionaries(synthetic)
    required = {name: each for name, each in known.items() if name == "type" or default_of(model, name) is ...}
    return st.fixed_dictionaries(required, optional={name: known[name] for name in known.keys() - required.keys()})


def value(annotation: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Plain data that may stand at an annotation."""
    found = [st.none()] if optional(annotation) else []
    if forms(annotation):
        return st.one_of(*found, *(value(form, name) for form in forms(annotation)))
    core, marks = peel(annotation)
    model = as_model(annotation)
    if model is not None:
        return section(model)
    if get_origin(core) is Literal:
        return st.sampled_from(get_args(core))
    if name == "monitor":
        return st.sampled_from(["validation.loss", "training.accuracy"])
    if is_list(annotation):
        least = max((mark.min_length for mark in marks if isinstance(mark, MinLen)), default=0)
        return st.lists(value(items(annotation), name), min_size=least, max_size=3)
    if items(annotation) is not None:
        return st.dictionaries(_PATHS.get(name, _TEXT), value(items(annotation)), min_size=1, max_size=3)
    if core is str:
        return _PATTERNS.get(name, _TEXT)
    return _number(core, marks) if core in (int, float) else st.booleans() if core is bool else WORDS


def _number(kind: type, marks: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    low: Any = next(
        (getattr(mark, "ge", getattr(mark, "gt", None)) for mark in marks if isinstance(mark, Ge | Gt)), -99
    )
    high: Any = next(
        (getattr(mark, "le", getattr(mark, "lt", None)) for mark in marks if isinstance(mark, Le | Lt)), 2**53
    )
    if kind is int:
        return st.integers(low, high)
    open_low, open_high = (any(isinstance(mark, kind) for mark in marks) for kind in (Gt, Lt))
    return st.floats(low, high, exclude_min=open_low, exclude_max=open_high)
