"""The report of a track: one self-contained HTML file, or a PDF of it, that needs neither scripts nor a network.

Every section names the command that reproduces its numbers.
"""

import base64
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from assessment.chart_files import chart_file
from assessment.charts import confusion_rows, rank_slopes, run_scatter, topic_dots
from assessment.comparison_charts import difference_map, grade_bars, judge_dots
from assessment.domain.comparing import Terms
from assessment.domain.errors import DomainError
from assessment.figure_rows import figure_rows
from assessment.leaderboard_charts import leaderboard_dots
from assessment.models import Assessor, Topic, Track
from assessment.selectors.comparisons import Comparison
from assessment.selectors.judges import JudgeRow, judges_table
from assessment.selectors.leaderboards import Leaderboard, assessors_with_grades, leaderboard
from assessment.selectors.sides import sides_of

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PRINTING = 120  # seconds
SWAPS = 10
WIDE = 900


class Asked(NamedTuple):
    """What the report is about; `automatics` are one or more. `options` are the same words for a command."""

    manual: Assessor
    automatics: Sequence[Assessor]
    measure: str
    topics: Sequence[Topic] | None
    exclude: Sequence[str]
    terms: Terms
    options: Sequence[str]


class Board(NamedTuple):
    board: Leaderboard
    chart: str
    command: str


class Part(NamedTuple):
    """One comparison as the report tells it; charts are data addresses of images."""

    comparison: Comparison
    figures: list
    confusion: list
    grades_by_grade: list[tuple]
    swaps: list
    charts: dict[str, str]
    command: str


def track_report(track: Track, asked: Asked) -> str:
    """The report as HTML. DomainError as in `sides_of`, and for a track without runs."""
    sides = sides_of(
        track, [asked.manual, *asked.automatics], asked.measure, topics=asked.topics, exclude=asked.exclude
    )
    if not sides.runs:
        raise DomainError(f"The track {track.slug} has no runs yet, so there is nothing to report on.")
    rows = judges_table(sides, asked.manual.name, asked.terms)
    context = {
        "track": track,
        "asked": asked,
        "sides": sides,
        "made": timezone.now(),
        "runs": track.runs.order_by("tag"),
        "assessors": [one for one in assessors_with_grades(track) if one.name in sides.names],
        "boards": [_board(track, one, asked) for one in [asked.manual, *asked.automatics]],
        "judges": rows,
        "judges_chart": _image(judge_dots(rows)) if len(rows) > 1 else "",
        "judges_command": _command("compare", track, asked, [row.name for row in rows]),
        "parts": [_part(track, row, asked) for row in rows],
        "command": _command("report", track, asked, [one.name for one in asked.automatics], json=False),
        "style": (settings.BASE_DIR / "static" / "css" / "report.css").read_text(),
    }
    return render_to_string("assessment/report.html", context)


def as_pdf(html: str) -> bytes:
    """The same printed by a headless Chromium; DomainError where there is none, or it fails."""
    browser = browser_path()
    if not browser:
        raise DomainError("No Chromium is installed here, so there is no PDF; the HTML can be printed by any browser.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "report.html").write_text(html, encoding="utf-8")
        words = [
            browser,
            "--headless=new",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
        ]
        # Chromium refuses its sandbox to root; what it prints is our own file, without scripts.
        words += ["--no-sandbox"] if os.geteuid() == 0 else []
        words += [f"--print-to-pdf={folder / 'report.pdf'}", (folder / "report.html").as_uri()]
        try:
            subprocess.run(words, check=True, capture_output=True, timeout=PRINTING)
            return (folder / "report.pdf").read_bytes()
        except (subprocess.SubprocessError, OSError) as error:
            raise DomainError(
                f"Chromium could not print the report ({type(error).__name__}); take the HTML."
            ) from error


def browser_path() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _board(track: Track, assessor: Assessor, asked: Asked) -> Board:
    """All runs by one assessor's judgments, over all topics that it has judged."""
    board = leaderboard(track, assessor, [asked.measure])
    words = ["leaderboard", track.slug, "--qrels", assessor.name, "--measures", asked.measure, "--format", "csv"]
    chart = _image(leaderboard_dots(board, dict.fromkeys((row.tag for row in board.rows), "")))
    return Board(board, chart, shlex.join(["python3", "manage.py", *words]))


def _part(track: Track, row: JudgeRow, asked: Asked) -> Part:
    comparison = row.comparison
    nowhere = {topic.qid: "" for topic in comparison.topics}
    charts = {
        "scatter": run_scatter(comparison),
        "slopes": rank_slopes(comparison),
        "topics": topic_dots(comparison),
        "grades": grade_bars(comparison),
    }
    images = {name: _image(spec) for name, spec in charts.items()}
    # Thousands of cells: as a picture it is smaller than as drawing.
    images["differences"] = _image(difference_map(comparison, nowhere), "png", WIDE)
    return Part(
        comparison,
        figure_rows(comparison),
        confusion_rows(comparison.grades, comparison.confusion),
        _by_grade(comparison),
        comparison.uncertainty.swapped_pairs[:SWAPS],
        images,
        _command("compare", track, asked, [row.name]),
    )


def _by_grade(comparison: Comparison) -> list[tuple]:
    """For each manual grade: pairs, the mean automatic grade of these (None without any), and the signed difference."""
    values = [grade.value for grade in comparison.grades]
    rows = []
    for grade, counts in zip(comparison.grades, comparison.confusion, strict=True):
        n = sum(counts)
        mean = sum(value * count for value, count in zip(values, counts, strict=True)) / n if n else None
        rows.append((grade, n, mean, None if mean is None else mean - grade.value))
    return rows


def _command(name: str, track: Track, asked: Asked, automatics: Sequence[str], json: bool = True) -> str:
    words = ["python3", "manage.py", name, track.slug, "--manual", asked.manual.name]
    for automatic in automatics:
        words += ["--automatic", automatic]
    words += ["--measure", asked.measure, *asked.options]
    return shlex.join([*words, "--format", "json"] if json else words)


def _image(spec: dict, format: str = "svg", width: int = 620) -> str:
    kind = {"svg": "svg+xml", "png": "png"}[format]
    return f"data:image/{kind};base64,{base64.b64encode(chart_file(spec, format, width)).decode()}"
