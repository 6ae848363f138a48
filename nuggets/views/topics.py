"""Nugget scores topic by topic, and one topic with its runs and its nuggets."""

import json

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from assessment.access import READERS, get_topic_for_user, get_track_for_user
from assessment.domain.csv_cells import plain_text
from assessment.domain.errors import DomainError
from assessment.views.result_tables import changed, csv_file, headings, sorted_rows
from nuggets.charts import score_by_length, topic_ranges
from nuggets.domain.difficulty import DISCRIMINATES_FROM, HARD_SHARE, Mark
from nuggets.models import Label
from nuggets.selectors.scores import NuggetScores, nugget_scores
from nuggets.selectors.topics import TopicRow, TopicScores, topic_rows, topic_scores

from .choices import Choice, choice_in


@login_required
@require_GET
def nugget_topics(request, slug):
    """The topics by one assessor's labels of one bank."""
    track = get_track_for_user(request.user, slug, READERS)
    choice = choice_in(request.GET, track)
    context = {"track": track, "choice": choice}
    if choice:
        try:
            scores = nugget_scores(*choice.source, choice.topics)
        except DomainError as error:
            context["error"] = str(error)
        else:
            rows = topic_rows(scores, choice.score)
            if "csv" in request.GET:
                return _topics_csv(slug, scores, choice.score, rows)
            context |= _topics_table(request.GET, slug, scores, choice.score, rows)
    return render(request, "nuggets/nugget_topics.html", context)


@login_required
@require_GET
def nugget_topic(request, slug, pk):
    """One topic: its runs with the length beside the score, and what its nuggets tell."""
    topic = get_topic_for_user(request.user, slug, pk, READERS)
    choice = choice_in(request.GET, topic.track)
    context = {"track": topic.track, "topic": topic, "choice": choice}
    if choice:
        try:
            scores = nugget_scores(*choice.source, choice.topics)
        except DomainError as error:
            context["error"] = str(error)
        else:
            context["neighbours"] = _neighbours(scores, topic)
            if topic.qid in scores.topics:
                found = topic_scores(scores, choice.score, topic)
                if "csv" in request.GET:
                    return _topic_csv(slug, scores, choice, found, request.GET["csv"])
                context |= _topic_context(request.GET, slug, scores, choice, found)
    return render(request, "nuggets/nugget_topic.html", context)


def _topics_table(query: QueryDict, slug: str, scores: NuggetScores, name: str, rows: list[TopicRow]) -> dict:
    columns = {
        "topic": ("topic", lambda row: row.topic.position),
        "runs": ("runs", lambda row: -row.runs),
        "missing": ("missing", lambda row: -row.missing),
        "mean": ("mean", lambda row: (row.mean is None, -(row.mean or 0))),
        "lowest": ("lowest", lambda row: (row.lowest is None, -(row.lowest or 0))),
        "highest": ("highest", lambda row: (row.highest is None, -(row.highest or 0))),
        "nuggets": ("nuggets", lambda row: -row.n_nuggets),
        "vital": ("vital", lambda row: -row.vital_share),
    }
    columns |= {mark.value: (mark.value, lambda row, mark=mark: -row.marks[mark]) for mark in Mark}
    shown, sort = sorted_rows(query, rows, columns, default="topic")
    urls = {row.topic.qid: f"{reverse('nugget_topic', args=[slug, row.topic.pk])}?{query.urlencode()}" for row in rows}
    return {
        "scores": scores,
        "rows": shown,
        "columns": headings(query, {key: label for key, (label, _) in columns.items()}, sort, plain=("topic",)),
        "chart": json.dumps(topic_ranges(rows, name, urls), ensure_ascii=False),
        "missing": sum(row.missing for row in rows),
        "unlabelled": sum(row.unlabelled for row in rows),
        "undefined": sum(row.mean is None for row in rows),
        "is_draft": any(row.frozen is None for row in rows),
        "csv": f"?{changed(query, csv='topics')}",
        "file": f"{slug}-{scores.bank.name}-{scores.assessor.name}-topics",
    }


def _topic_context(query: QueryDict, slug: str, scores: NuggetScores, choice: Choice, found: TopicScores) -> dict:
    urls = {row.tag: f"{reverse('answer_run', args=[slug, row.pk])}?topic={found.topic.pk}" for row in found.runs}
    columns = {
        "rank": ("rank", lambda row: (row.rank is None, row.rank)),
        "run": ("run", lambda row: row.tag),
        "score": (choice.score.replace("_", " "), lambda row: (row.score is None, -(row.score or 0))),
        "words": ("words", lambda row: -(row.words or 0)),
    }
    rows, sort = sorted_rows(query, found.runs, columns, default="rank")
    return {
        "rows": rows,
        "columns": headings(query, {key: label for key, (label, _) in columns.items()}, sort, plain=("run",)),
        "scores": scores,
        "found": found,
        "chart": json.dumps(score_by_length(found, choice.score, urls), ensure_ascii=False),
        "missing": sum(row.is_missing for row in found.runs),
        "unlabelled": sum(row.is_unlabelled for row in found.runs),
        "csv": {table: f"?{changed(query, csv=table)}" for table in ("runs", "nuggets")},
        "file": f"{slug}-{scores.bank.name}-{scores.assessor.name}-{found.topic.qid}-length",
        "hard_share": HARD_SHARE,
        "discriminates_from": DISCRIMINATES_FROM,
    }


def _neighbours(scores: NuggetScores, topic) -> dict:
    """The topics that are scored, and the ones before and after this one."""
    topics = list(topic.track.topics.filter(qid__in=scores.topics).order_by("position"))
    before = [one for one in topics if one.position < topic.position]
    after = [one for one in topics if one.position > topic.position]
    return {"all": topics, "before": before[-1] if before else None, "after": after[0] if after else None}


def _topics_csv(slug: str, scores: NuggetScores, name: str, rows: list[TopicRow]) -> HttpResponse:
    head = ["topic", "score", "runs", "missing", "unlabelled", "mean", "lowest", "highest", "nuggets", "vital_share"]
    told = [
        [row.topic.qid, name, row.runs, row.missing, row.unlabelled]
        + [_decimals(value) for value in (row.mean, row.lowest, row.highest)]
        + [row.n_nuggets, _decimals(row.vital_share), *row.marks.values()]
        for row in rows
    ]
    return csv_file(_file(slug, scores, "topics"), [[*head, *(mark.value for mark in Mark)], *told])


def _topic_csv(slug: str, scores: NuggetScores, choice: Choice, found: TopicScores, table: str) -> HttpResponse:
    """`runs` or `nuggets` of the topic."""
    if table == "nuggets":
        rows = [["topic", "place", "nugget", "importance", *Label.values, "share", "correlation", "mark"]]
        rows += [
            [found.topic.qid, row.place, plain_text(row.nugget.text), row.nugget.importance, *row.figures[:3]]
            + [_decimals(row.figures.share), _decimals(row.figures.correlation), row.figures.mark or ""]
            for row in found.nuggets
        ]
    else:
        rows = [["topic", "run", "score", "value", "words", *Label.values]]
        rows += [
            [found.topic.qid, row.tag, choice.score, _decimals(row.score)]
            + (["", "", "", ""] if row.is_missing else [row.words, *row.labels])
            for row in found.runs
        ]
    return csv_file(_file(slug, scores, f"{found.topic.qid}-{table}"), rows)


def _file(slug: str, scores: NuggetScores, what: str) -> str:
    return f"{slug}-{scores.bank.name}-{scores.assessor.name}-{what}"


def _decimals(value: float | None) -> str:
    return "" if value is None else f"{value:.8f}"
