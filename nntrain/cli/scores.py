"""What a network's scores are worth: beside those of the baseline, and in words."""

from collections.abc import Collection, Mapping

from nntrain.cli.console import Style, number, print_folded, put
from nntrain.cli.tables import print_scores

Scores = Mapping[str, float]


def show_scores(
    columns: Mapping[str, Scores], judged: str, baseline: Scores, *, title: str, place: str, positive: str | None
) -> None:
    """Print scores with those of the baseline in a last column; then what there is to say of them.

    Args:
        columns: what is shown, each a column.
        judged: the one of them that the baseline belongs to.
        baseline: its scores; where there are none, nothing is compared.
        title: of its column.
        place: what the baseline was scored on, in words.
        positive: of a binary task, the class that precision, recall, F1 and ROC AUC are of.
    """
    from nntrain.train.baseline import JUDGED, not_beaten

    scores = columns[judged]
    worse = not_beaten(scores, baseline)
    styles: dict[tuple[str, str], Style] = {
        (name, judged): "doubtful" if name in worse else "good"
        for name in JUDGED
        if name in worse or "-" not in (number(scores.get(name)), number(baseline.get(name)))
    }
    print_scores({**columns, title: baseline} if baseline else columns, styles=styles)
    note = _positive_class(positive, {name for shown in columns.values() for name in shown})
    if worse:
        compared = ", ".join(_compared(name, scores[name], baseline[name]) for name in worse)
        print_folded(f"no better than the baseline on {place}: {compared}", "doubtful")
    if note:
        print_folded(note)
    if worse or note:
        put()


def _compared(name: str, value: float, constant: float) -> str:
    if name == "r2" and value > constant:
        return f"r2 {number(value)} (the mean of these examples has 0)"
    return f"{name} {number(value)} (baseline {number(constant)})"


def _positive_class(name: str | None, shown: Collection[str]) -> str | None:
    """Which class precision, recall, F1 and ROC AUC are of, if any of these is shown."""
    from nntrain.train.metrics import OF_POSITIVE_CLASS

    of_it = [metric for metric in OF_POSITIVE_CLASS if metric in shown]
    if name is None or not of_it:
        return None
    *others, last = of_it
    listed = f"{', '.join(others)} and {last} are" if others else f"{last} is"
    return f"positive class: {name} ({listed} of it)"
