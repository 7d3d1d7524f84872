"""From trials to populations: what shares a structure is trained together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nntrain.assembly.data import Prepared
from nntrain.assembly.footprint import footprint
from nntrain.assembly.layers import build_blueprint
from nntrain.assembly.training import batch_size_of, build_population
from nntrain.config.column import structure_key
from nntrain.config.root import Config
from nntrain.language.section import Section
from nntrain.nn.blueprint import Blueprint
from nntrain.train.population import Population

# A population's arrays should stay within the last-level cache; more members than that are cut into chunks.
CHUNK_BYTES = 8 << 20

# Numbers in the largest array of a step from which populations are trained side by side. Below it a NumPy call is over
# so soon that two threads spend their time handing the interpreter lock back and forth.
LONG_CALL = 200_000


@dataclass(frozen=True, eq=False)
class Member:
    """One training of a search: a trial's config with one seed or fold.

    Attributes:
        trial: which point of the search it belongs to.
        config: resolved.
        structure: its `structure_key`, the same for all members of a trial.
        prepared: the data set it is trained on and scored with.
    """

    trial: int
    config: Config
    structure: str
    prepared: Prepared


class Sections:
    """The sections of many configs, each kept once: members differ in few of them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[type[Any], str], Any] = {}
        self._structures: dict[str, str] = {}

    def shared(self, config: Config) -> tuple[Config, str]:
        """The config, made of sections that others have too, and its `structure_key`."""
        structure = structure_key(config)
        sections = {name: self._one(getattr(config, name)) for name in Config.model_fields if name != "search"}
        return config.model_copy(update=sections), self._structures.setdefault(structure, structure)

    def _one(self, value: Any) -> Any:
        if isinstance(value, Section):
            return self._kept.setdefault((type(value), value.model_dump_json()), value)
        return tuple(map(self._one, value)) if isinstance(value, tuple) else value


@dataclass(frozen=True, eq=False)
class Group:
    """Members that are trained as one population."""

    members: tuple[Member, ...]

    @property
    def batch_size(self) -> int:
        """N of a step."""
        return batch_size_of(self.members[0].config, self.members[0].prepared)

    def blueprint(self) -> Blueprint:
        """The plan of the first member's network; those of the others differ in columns only."""
        first = self.members[0]
        return build_blueprint([first.config.network], first.prepared.input_shape)

    def has_long_calls(self, blueprint: Blueprint) -> bool:
        """Whether a step works on arrays so large that another thread gets something done in the meantime.

        Args:
            blueprint: what `blueprint` gave, for this group or another one of the same structure.
        """
        widest = max(math.prod(shape) for shape in blueprint.shapes)
        return len(self.members) * self.batch_size * widest >= LONG_CALL

    @property
    def shards(self) -> int:
        """In how many parts a batch is computed."""
        asked = self.members[0].config.runtime.shards
        return 1 if asked == "auto" else asked

    def build(self, threads: int = 1) -> Population:
        """The population, initialized and bound to its data."""
        distinct = dict.fromkeys(member.prepared for member in self.members)
        index_of = {prepared: index for index, prepared in enumerate(distinct)}
        of_member = [index_of[member.prepared] for member in self.members]
        return build_population(
            [member.config for member in self.members],
            [*distinct],
            of_member,
            batch_size=self.batch_size,
            shards=self.shards,
            threads=threads,
        )


def group(members: Iterable[Member], *, parallel: int = 1) -> list[Group]:
    """Partition members by structure, by the sizes of their splits, and into chunks that fit in cache.

    Args:
        members: in any order; each group keeps it.
        parallel: how many groups can be trained at once; a structure is cut into at least so many if each of them
            still has long calls.
    """
    by_structure: dict[tuple[object, ...], list[Member]] = {}
    for member in members:
        by_structure.setdefault(_key(member), []).append(member)
    return [
        Group(tuple(chunk)) for alike in by_structure.values() for chunk in _chunks(alike, _chunk_size(alike, parallel))
    ]


def _key(member: Member) -> tuple[object, ...]:
    sizes = tuple((name, len(split)) for name, split in member.prepared.splits.items() if name != "test")
    return member.structure, sizes, member.prepared.input_shape


def _chunk_size(alike: Sequence[Member], parallel: int) -> int:
    first, one = alike[0], Group(tuple(alike[:1]))
    blueprint, config = one.blueprint(), first.config
    alone = footprint(blueprint, [config], [first.prepared], [0], batch_size=one.batch_size, shards=one.shards).arrays
    fitting = max(1, CHUNK_BYTES // max(1, alone))
    shared_out = -(-len(alike) // parallel)
    worth_sharing = Group(tuple(alike[:shared_out])).has_long_calls(blueprint)
    return min(fitting, shared_out) if worth_sharing else fitting


def _chunks(members: Sequence[Member], size: int) -> Iterable[Sequence[Member]]:
    count = -(-len(members) // size)
    even = -(-len(members) // count)
    return (members[start : start + even] for start in range(0, len(members), even))
