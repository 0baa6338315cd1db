"""The words of a report: task names, the finding in a sentence or two, and the glossary."""

from __future__ import annotations

import math

from vao.report.data import METRICS, MethodResult, ReportData

__all__ = ["finding", "glossary", "task_name"]

TASK_NAMES = {"cpa_mcb": "CPA-MCB", "target_roas": "TargetROAS", "bcb": "BCB"}

TASK_MEANINGS = {
    "cpa_mcb": "A campaign with a budget and a highest cost per conversion (CPA).",
    "target_roas": "A campaign with a budget and a lowest return on ad spend (ROAS, value / cost).",
    "bcb": "A campaign with a budget and no other limit.",
}
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
    "±": "One standard error of the mean; differences within two of them are not settled.",
    "Δm": "Mean relative change against the baseline over the tasks' Values and Scores, in "
    "percent, sign turned: lower is better, and below zero is better than the baseline.",
    "Multiplier": "What a bidder chooses at each step: it bids the multiplier times the value it "
    "expects of an impression.",
    "Weight": "How much a source task's data counts when a target task is trained. VAO gives more "
    "to sources whose gradients point where the target's validation data points.",
}


def task_name(task: str) -> str:
    """Return a task's name as it is written in print."""
    return TASK_NAMES.get(task, task)


def finding(data: ReportData) -> list[str]:
    """Say what the main table shows, counted, without judging."""
    ours, baseline = data.result(data.highlight), data.result(data.baseline)
    if ours is baseline:
        return []
    cells = [
        (ours.cell(task, metric), baseline.cell(task, metric))
        for task in data.tasks
        for metric in METRICS
    ]
    pairs = [(a, b) for a, b in cells if a.mean is not None and b.mean is not None]
    if not pairs:
        return []
    higher = settled = 0
    for a, b in pairs:
        gap = (a.mean or 0.0) - (b.mean or 0.0)
        errors = (a.standard_error, b.standard_error)
        higher += gap > 0
        if None not in errors:
            settled += abs(gap) > 2 * math.hypot(*(error or 0.0 for error in errors))
    sentences = [
        f"{ours.name} is above {baseline.name} in {higher} of the table's {len(pairs)} numbers"
    ]
    if any(a.standard_error is not None and b.standard_error is not None for a, b in pairs):
        sentences[0] += f"; {settled} of the {len(pairs)} gaps are wider than two standard errors"
    sentences[0] += "."
    if ours.delta_m is not None and ours.delta_m.mean is not None:
        mean = f"{ours.delta_m.mean:+.1f}".replace("-", "−")
        sentences.append(f"Its Δm is {mean} % (lower is better; {baseline.name} is 0).")
    best = sum(_is_best(data, ours, task) for task in data.tasks)
    sentences.append(f"It has the highest Score (strict) in {best} of {len(data.tasks)} tasks.")
    return sentences


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
