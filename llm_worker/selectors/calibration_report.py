"""The calibration of a judge as a dictionary ready for JSON, with who and what each figure is of."""

from assessment.domain.calibration import Reliability, RiskCoverage
from assessment.models import Assessor
from llm_worker.selectors.calibration import Calibration, Figures, calibration_of, judge_of
from llm_worker.selectors.judge_calls import JudgeLine, OrdersFound, Outcome, judge_lines, orders_found, outcomes


def calibration_report(judge: Assessor, other: str | None = None) -> dict:
    """All figures of the judge's calibration page. What is undefined is None."""
    found, configuration, track = calibration_of(judge, other), judge_of(judge), judge.track
    return {
        "track": track.slug,
        "judge": judge.name,
        "with": found.against.a.name if found.against else None,
        "relevant_from": track.relevant_from,
        "labels": found.labels,
        "agreements": [{"with": pair.a.name, "kind": pair.a.kind} | pair.as_dict() for pair in found.agreements],
        "grades": _grades(found),
        "notes": found.notes._asdict() if found.notes else None,
        "calibration": _figures(found.figures) if found.figures else None,
        "configurations": [_line(line) for line in judge_lines(track, found)],
        "outcomes": [_outcome(outcome) for outcome in outcomes(configuration, track)],
        "orders_found": _orders(orders_found(configuration, track, found)),
    }


def _grades(found: Calibration) -> list[dict]:
    if found.against is None:
        return []
    names = ("with", "judge", "judge_all")
    return [{"grade": grade.value} | dict(zip(names, counts, strict=True)) for grade, *counts in found.grade_counts()]


def _figures(figures: Figures) -> dict:
    return {
        "n": figures.n,
        "n_distributions": figures.n_distributions,
        "same_grade": {name: _reliability(one) for name, one in figures.same.items()},
        "relevant": {name: _reliability(one) for name, one in figures.relevant.items()},
        "brier_of_distributions": figures.brier,
        "risk_coverage": {name: _risk(one) for name, one in figures.risks.items()},
        "expected_grade": figures.expected._asdict(),
    }


def _reliability(found: Reliability) -> dict:
    return found._asdict() | {"bins": [one._asdict() for one in found.bins]}


def _risk(found: RiskCoverage) -> dict:
    kept = ("n", "overall", "aurc", "optimal", "excess")
    return {name: getattr(found, name) for name in kept}


def _line(line: JudgeLine) -> dict:
    judge, figures = line.configuration, line.figures
    made = {"engine": None, "model": None, "revision": None, "prompt": None, "prompt_sha256": None, "decoding": None}
    if judge is not None:
        made |= {"engine": judge.engine, "model": judge.model, "revision": judge.model_revision}
        made |= {"prompt": judge.prompt, "prompt_sha256": judge.prompt_sha256, "decoding": judge.decoding}
    return {
        "assessor": line.assessor.name,
        "made_of": line.made_of,
        **made,
        "labels": line.labels,
        "n": figures.n if figures else 0,
        "kappa": figures.kappa if figures else None,
        "exact": figures.exact if figures else None,
        "calls": line.calls,
        "failed": line.failed,
        "tokens_per_call": line.tokens,
    }


def _outcome(outcome: Outcome) -> dict:
    return {"state": outcome.status.value, "n": outcome.n, "reasons": dict(outcome.reasons)}


def _orders(found: OrdersFound) -> dict:
    sides = {"with_orders": found.with_orders, "without": found.without}
    return {
        "n": found.n,
        "kinds": dict(found.kinds),
        **{name: side._asdict() if side else None for name, side in sides.items()},
    }
