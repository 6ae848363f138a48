"""The organizer's board, the fragment that keeps it fresh, and a passage that somebody flagged."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from assessment.access import ORGANIZERS, get_track_for_user
from assessment.forms.oversight import BoardFilterForm
from assessment.models import Condition, Pool, Track
from assessment.selectors.attention import attention_of, board_digest
from assessment.selectors.board import board_of, pools_with_duties
from assessment.selectors.passages import passage_said


@login_required
@never_cache
@require_GET
def board(request, slug):
    """Topics down, people across, and what needs attention; `?pool=` picks the pool."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    pools = pools_with_duties(track)
    pool = _asked_pool(request, track, pools)
    context = {"track": track, "pools": pools, "pool": pool, "conditions": Condition.choices}
    if pool is not None:
        context |= _live_context(request, pool)
    return render(request, "assessment/board.html", context)


@login_required
@never_cache
@require_GET
def board_live(request, slug):
    """A fragment: the board again; nothing (204) while it is what the browser has seen."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    pool = _asked_pool(request, track, [])
    if pool is None:
        raise Http404("Say of which pool.")
    if request.GET.get("seen") == board_digest(pool):
        return HttpResponse(status=204)
    return render(request, "assessment/_board_live.html", _live_context(request, pool))


@login_required
@require_GET
def board_passage(request, slug, pk):
    """A passage of a pool with what everybody has said of it."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    passage = passage_said(track, pk)
    if passage is None:
        raise Http404("There is no such passage in this track.")
    name = "_board_passage" if request.htmx else "board_passage"
    return render(request, f"assessment/{name}.html", {"track": track, "passage": passage})


def _asked_pool(request, track: Track, pools: list[Pool]) -> Pool | None:
    """The pool that the address names (404 where the track has none such), else the first of `pools`."""
    asked = request.GET.get("pool", "")
    if not asked:
        pool = pools[0] if pools else None
    else:
        known = asked.isascii() and asked.isdecimal() and len(asked) < 19
        pool = track.pools.filter(pk=int(asked)).first() if known else None
        if pool is None:
            raise Http404("There is no such pool in this track.")
    if pool is not None:
        pool.track = track
    return pool


def _live_context(request, pool: Pool) -> dict:
    # The digest first: what happens while the board is read is then seen the next time.
    seen = board_digest(pool)
    form = BoardFilterForm(request.GET)
    board = board_of(pool, form.filter())
    return {
        "track": pool.track,
        "pool": pool,
        "board": board,
        "attention": attention_of(board),
        "seen": seen,
        "narrowed": form.filter(),
        "duties_url": reverse("board_duty", args=[pool.track.slug, 0]).removesuffix("0/"),
        "passages_url": reverse("board_passage", args=[pool.track.slug, 0]).removesuffix("0/"),
    }
