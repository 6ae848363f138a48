"""The tabs of a track: what its reader may open, and where he or she is."""

from typing import NamedTuple

from django import template
from django.urls import NoReverseMatch, reverse

from assessment.models import Role

register = template.Library()

ALL = frozenset(Role)
RESULTS = frozenset({Role.ORGANIZER, Role.VIEWER})
ORGANIZING = frozenset({Role.ORGANIZER})

# label, URL name, further URL names under the same tab, roles
TABS = (
    ("Overview", "track", (), ALL),
    ("Topics", "topics", (), ORGANIZING),
    ("Documents", "documents", (), ORGANIZING),
    ("Runs", "runs", ("run",), RESULTS),
    ("Pools", "pools", ("pool", "plan", "plan_file", "pool_route", "job"), ORGANIZING),
    ("Board", "board", ("board_duty", "board_passage"), ORGANIZING),
    ("Assessors", "assessors", ("calibration",), RESULTS),
    (
        "Compare",
        "compare",
        ("leaderboard", "leaderboard_run", "compare_topic", "compare_swap", "compare_bias", "effort", "report"),
        RESULTS,
    ),
    ("Agreement", "agreement", (), RESULTS),
    ("Answers", "answers", ("answer_run", "citations"), RESULTS),
    (
        "Nuggets",
        "nuggets",
        (
            "nugget_jobs",
            "nugget_files",
            "nugget_duties",
            "nugget_grid",
            "nugget_topics",
            "nugget_topic",
            "nugget_compare",
        ),
        RESULTS,
    ),
    ("Adjudication", "adjudications", (), ORGANIZING),
    ("People", "people", (), ORGANIZING),
    ("Settings", "track_edit", (), ORGANIZING),
)


class Tab(NamedTuple):
    label: str
    url: str
    current: bool


@register.simple_tag(takes_context=True)
def track_tabs(context) -> list[Tab]:
    """The tabs that `track.role` may open, in their order; a page that is not installed has none. A page that may
    stand under several names in its context, as `tab`, the address under whose tab it is."""
    track = context["track"]
    request = context.get("request")
    here = context.get("tab") or getattr(getattr(request, "resolver_match", None), "url_name", None)
    tabs = []
    for label, name, others, roles in TABS:
        if track.role not in roles:
            continue
        try:
            url = reverse(name, args=[track.slug])
        except NoReverseMatch:
            continue
        tabs.append(Tab(label, url, here == name or here in others))
    return tabs
