"""The tables of a comparison as CSV."""

from django.http import Http404, HttpResponse

from assessment.domain.comparing import filled
from assessment.figure_rows import figure_rows
from assessment.selectors.comparisons import Comparison
from assessment.selectors.judges import JudgeRow

from .result_tables import csv_file


def file_name(comparison: Comparison) -> str:
    return f"{comparison.track}-{comparison.manual}-{comparison.automatic}-{comparison.measure}".replace("@", "")


def comparison_csv(comparison: Comparison, table: str) -> HttpResponse:
    """One of the tables, as a file; 404 for one that there is not."""
    made = {
        "runs": _runs,
        "topics": _topics,
        "confusion": _confusion,
        "grades": _grades,
        "differences": _differences,
        "swaps": _swaps,
        "figures": _figures,
    }.get(table)
    if made is None:
        raise Http404("There is no such table.")
    return csv_file(f"{file_name(comparison)}-{table}", made(comparison))


def judges_csv(rows: list[JudgeRow]) -> HttpResponse:
    """Several automatic assessors beside the manual one, best first."""
    names = ["tau", "tau_per_topic_mean", "tau_pooled", "tau_ap", "rbo", "kappa", "exact", "grade_bias", "n_pairs"]
    lines = [["judge", *names, "delta_tau", "low", "high"]]
    for row in rows:
        told = row.as_dict()
        lines.append([row.name, *(told[name] for name in names), *(row.to_best or ("", "", ""))])
    first = rows[0].comparison
    return csv_file(f"{first.track}-{first.manual}-judges-{first.measure}", lines)


def _runs(comparison: Comparison) -> list:
    if not comparison.runs:
        return [["tag"]]
    return [[*comparison.runs[0]._fields[1:]], *(row[1:] for row in comparison.runs)]


def _topics(comparison: Comparison) -> list:
    return [["topic", "tau", "pairs"], *([row.qid, row.tau, row.n_pairs] for row in comparison.topics)]


def _confusion(comparison: Comparison) -> list:
    values = [grade.value for grade in comparison.grades]
    return [["manual", *values], *([value, *row] for value, row in zip(values, comparison.confusion, strict=True))]


def _grades(comparison: Comparison) -> list:
    counts = zip(comparison.grades, comparison.manual_grades, comparison.automatic_grades, strict=True)
    return [["grade", "manual", "automatic"], *([grade.value, *both] for grade, *both in counts)]


def _differences(comparison: Comparison) -> list:
    """One line a run and topic, both scores and their difference."""
    sides = comparison.sides
    scores = [
        filled(sides.scores[name], comparison.terms.missing) for name in (comparison.manual, comparison.automatic)
    ]
    rows = [["run", "topic", "manual", "automatic", "difference"]]
    for row, run in enumerate(sides.runs):
        for column, topic in enumerate(sides.topics):
            manual, automatic = (float(side[row, column]) for side in scores)
            if manual == manual:  # not NaN
                rows.append([run.tag, topic.qid, f"{manual:.8f}", f"{automatic:.8f}", f"{automatic - manual:.8f}"])
    return rows


def _swaps(comparison: Comparison) -> list:
    pairs = comparison.uncertainty.swapped_pairs
    names = "better worse manual_gap automatic_gap manual_p automatic_p manual_significant automatic_significant"
    return [names.split(), *pairs]


def _figures(comparison: Comparison) -> list:
    """Every figure with its key in `compare --format json`, its value in full, and what it is."""
    return [["figure", "value", "meaning"], *([row.key, row.value, row.meaning] for row in figure_rows(comparison))]
