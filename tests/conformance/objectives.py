"""The objectives under test: one row or more for each of nntrain's, and one of the tests' own with two networks."""

from collections.abc import Callable, Sequence

from nntrain.nn.losses import MeanSquaredError
from nntrain.optim.adam import Adam
from nntrain.optim.update import Update
from nntrain.train.population import Population
from tests.nn.toys import RunningCentre
from tests.train.adversaries import Pair
from tests.train.problems import Setup

# Each makes a population of some of its three members, of which the first and the last have one seed.
ROWS: dict[str, Callable[[Sequence[int]], Population]] = {
    "supervised": Setup(update=lambda pick: Update(Adam()), dropout=lambda pick: 0.3).population,
    "supervised, weighted, folds": Setup(weighted=True, sets=2).population,
    "supervised, whole batch": Setup(batch_size=50, loss=MeanSquaredError()).population,
    "adversaries": Pair().population,
}
# Those whose gradients are compared with differences. No gradient passes from one update of a step to the one before,
# as it would through a centre that the generator has moved in the discriminator's turn.
CHECKED = {**ROWS, "adversaries": Pair(first=RunningCentre(momentum=0.0)).population}
