"""The words of a report: the finding in a sentence or two, and the glossary."""

from __future__ import annotations

from auctionsim.report.words import TASK_MEANINGS, task_name
from vao.report.data import METRICS, MethodResult, ReportData

__all__ = ["finding", "glossary", "task_name"]

METRIC_MEANINGS = {
    "value": "What the conversions of an episode were worth, summed over won and seen impressions.",
    "expected_value": "The same with each conversion's probability in place of the coin toss: the "
    "quantity that the bidder steers, without the luck.",
    "score_strict": "Value, cut by (limit / CPA)² or (ROAS / limit)² where the campaign broke its "
    "limit; BCB has no limit, so there it is the Value.",
    "score_paper": "The reading of the Score that fits the VAO paper's tables: BCB's Value is "
    "multiplied by the share of the budget spent, TargetROAS can gain up to 5 % beyond its limit.",
}
OTHER_MEANINGS = {
    "±": "One standard error of the mean over episodes. In the main table and in the figures it "
    "is that of each row alone. All rows play the same seats and episodes, so comparisons use "
    "paired differences, episode by episode: what the episodes share cancels, and their standard "
    "errors are tighter. A difference within two of its standard errors is not settled.",
    "Δm": "Mean relative change against the baseline over the tasks' Value and Score (strict), in "
    "percent, sign turned: lower is better, and below zero is better than the baseline. Its "
    "standard error comes from leaving out one episode at a time (jackknife).",
    "Multiplier": "What a bidder chooses at each step: it bids the multiplier times the value it "
    "expects of an impression.",
    "Weight": "How much a source task's data counts when a target task is trained. VAO gives more "
    "to sources whose gradients point where the target's validation data points.",
}

# Where two columns are equal by definition, the finding counts one of them.
_REPEATED = {("cpa_mcb", "score_paper"), ("bcb", "score_strict")}


def finding(data: ReportData) -> list[str]:
    """Say what the tables show, counted, without judging."""
    ours, baseline = data.result(data.highlight), data.result(data.baseline)
    if ours is baseline:
        return []
    cells = [(t, m) for t in data.tasks for m in METRICS if (t, m) not in _REPEATED]
    higher = [_above(ours, baseline, task, metric) for task, metric in cells]
    known = [above for above in higher if above is not None]
    if not known:
        return []
    counted = f"{sum(known)} of the main table's {len(known)} distinct numbers"
    sentences = [f"{ours.name} is above {baseline.name} in {counted}{_settled(data, cells)}."]
    sentences += _against_data(data)
    if ours.delta_m is not None and ours.delta_m.mean is not None:
        mean, error = _signed(ours.delta_m.mean), ours.delta_m.standard_error
        shown = mean if error is None else f"{mean} ± {error:.1f}"
        sentences.append(f"{ours.name}'s Δm is {shown} % (lower is better; {baseline.name} is 0).")
    best = sum(_is_best(data, ours, task) for task in data.tasks)
    sentences.append(
        f"{ours.name} has the highest Score (strict) in {best} of {len(data.tasks)} tasks."
    )
    return sentences


def _above(ours: MethodResult, baseline: MethodResult, task: str, metric: str) -> bool | None:
    mine, theirs = ours.cell(task, metric).mean, baseline.cell(task, metric).mean
    return None if mine is None or theirs is None else mine > theirs


def _settled(data: ReportData, cells: list[tuple[str, str]]) -> str:
    gaps = [data.result(data.highlight).gap(task, metric) for task, metric in cells]
    known = [gap for gap in gaps if gap.standard_error is not None]
    if not known:
        return ""
    settled = [gap.mean or 0.0 for gap in known if gap.settled]
    above = sum(mean > 0 for mean in settled)
    sides = f" ({above} above, {len(settled) - above} below)" if settled else ""
    return (
        f"; {len(settled)} of {len(known)} paired differences to {data.baseline} are larger than"
        f" two standard errors{sides}"
    )


def _against_data(data: ReportData) -> list[str]:
    counts = []
    for result in data.results:
        gains = [result.gain(task, "expected_value") for task in data.tasks]
        known = [gain for gain in gains if gain.standard_error is not None]
        if known and not result.reference:
            above = sum(gain.settled and (gain.mean or 0.0) > 0 for gain in known)
            counts.append(f"{result.name} in {above} of {len(known)} tasks")
    if not counts:
        return []
    rule = "Expected value is above the behaviour data's by more than two standard errors"
    return [f"{rule}: {', '.join(counts)}."]


def _signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "−")


def _is_best(data: ReportData, ours: MethodResult, task: str) -> bool:
    scores = [r.cell(task, "score_strict").mean for r in data.results if not r.reference]
    known = [score for score in scores if score is not None]
    return bool(known) and ours.cell(task, "score_strict").mean == max(known)


def glossary(data: ReportData) -> list[tuple[str, str]]:
    """Return terms and meanings: metrics, tasks, methods, and the signs used."""
    entries = [(heading, METRIC_MEANINGS[key]) for key, heading in METRICS.items()]
    entries += list(OTHER_MEANINGS.items())
    entries += [(task_name(t), TASK_MEANINGS[t]) for t in data.tasks if t in TASK_MEANINGS]
    entries += [(r.name, r.explanation) for r in data.results if r.explanation]
    return entries
