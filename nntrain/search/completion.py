"""From the outcomes of members, which come group by group, to trials that are done."""

from __future__ import annotations

from collections.abc import Sequence

from nntrain.search.groups import Group, Member
from nntrain.search.leaderboard import Trial
from nntrain.train.records import Outcome


class Completion:
    """Collects the outcomes of members, and says which trials are done as soon as all of their members are.

    Args:
        trials: all of them, in the order of their numbers.
        members: of all trials.
    """

    def __init__(self, trials: Sequence[Trial], members: Sequence[Member]) -> None:
        self._trials = trials
        self._of_trial: dict[int, list[Member]] = {}
        for member in members:
            self._of_trial.setdefault(member.trial, []).append(member)
        self._reached: dict[Member, Outcome] = {}
        self._done: set[int] = set()

    def __len__(self) -> int:
        """How many members are done."""
        return len(self._reached)

    def add(self, group: Group, outcomes: Sequence[Outcome]) -> list[Trial]:
        """Take the outcomes of a group's members; returns the trials that it completes, with theirs."""
        self._reached.update(zip(group.members, outcomes, strict=True))
        touched = dict.fromkeys(member.trial for member in group.members)
        numbers = [number for number in touched if number not in self._done and self._is_complete(number)]
        self._done.update(numbers)
        return [self._with_outcomes(self._trials[number - 1]) for number in numbers]

    def _is_complete(self, number: int) -> bool:
        return all(member in self._reached for member in self._of_trial[number])

    def _with_outcomes(self, trial: Trial) -> Trial:
        outcomes = [self._reached[member] for member in self._of_trial[trial.number]]
        return Trial(trial.number, trial.point, trial.parameters, outcomes)
