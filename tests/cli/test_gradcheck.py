"""`gradcheck` where rounding is all that it sees."""

import json
from types import ModuleType

import pytest

from nntrain.workflows.results import GradientReport, GradientRow
from tests.cli.conftest import Invoke


@pytest.mark.parametrize(("worst", "said"), [(3e-3, "by up to 3.0e-03"), (float("nan"), "is not finite")])
def test_gradcheck_says_that_it_cannot_tell(
    invoke: Invoke, workflows: ModuleType, config: ModuleType, worst: float, said: str
) -> None:
    rows = [GradientRow("0.w", worst, checked=20, proven=0.0), GradientRow("0.b", 1e-9, checked=2, proven=0.0)]
    vars(workflows)["gradcheck"] = lambda experiment: GradientReport(rows, tolerance=1e-7)
    ended = invoke("gradcheck", "xor.yaml")
    assert ended.exit_code == 1
    verdict = ended.stdout.splitlines()[-1]
    assert verdict.startswith("cannot tell: 0.w ")
    assert said in verdict
    assert "WRONG" not in ended.stdout
    written = json.loads(invoke("gradcheck", "xor.yaml", "--json").stdout)
    assert written["passed"] is False
    assert [row.get("unclear", False) for row in written["rows"]] == [True, False]
    assert (written["error"]["type"], written["error"]["exit_code"]) == ("UnclearGradients", 1)
