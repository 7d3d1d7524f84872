"""Which trials a group completes."""

from nntrain.assembly.data import Data
from nntrain.assembly.resolve import resolve
from nntrain.config.column import structure_key
from nntrain.search.completion import Completion
from nntrain.search.groups import Group, Member
from nntrain.search.leaderboard import Trial
from nntrain.train.records import Outcome, StopReason
from tests.experiments import CLASSES, load


def test_a_trial_is_done_once_when_the_last_of_its_members_is() -> None:
    experiment = load(CLASSES)
    prepared = Data(experiment).prepare()
    config = resolve(experiment, prepared.preprocessor, has_validation=True).config
    members = [Member(trial, config, structure_key(config), prepared) for trial in (1, 1, 2, 3, 3)]
    outcomes = [Outcome(StopReason.EPOCHS, 3, 3, {"validation.loss": float(n)}) for n in range(5)]
    trials = [Trial(number, {"seed": number}, 10 * number) for number in (1, 2, 3)]
    completion = Completion(trials, members)

    def add(*places: int) -> list[Trial]:
        return completion.add(Group(tuple(members[i] for i in places)), [outcomes[i] for i in places])

    assert add(4, 0) == []
    assert add(2) == [Trial(2, {"seed": 2}, 20, [outcomes[2]])]
    assert len(completion) == 3
    assert add(3, 1) == [Trial(3, {"seed": 3}, 30, outcomes[3:]), Trial(1, {"seed": 1}, 10, outcomes[:2])]
    assert len(completion) == 5
