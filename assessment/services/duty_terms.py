"""The terms of a duty, and what of them goes together."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q

from assessment.domain.errors import DomainError
from assessment.models import RANKED_ORDERS, Assessor, Condition, Duty, Order, Pool, Reveal, Role, Track, User


class Terms(NamedTuple):
    """The condition, when the suggestion is shown, and whose it is; the order (empty: the pool's); which share of the
    pairs; how many vigilance items for a hundred passages, and whose grades those have; and the judge that orders."""

    condition: str
    reveal: str
    suggestion_source_id: int | None
    order: str = ""
    sample_percent: int = 100
    vigilance_percent: int = 0
    trusted_id: int | None = None
    ranked_by_id: int | None = None

    @property
    def binding(self) -> "Terms":
        """What must stay once something is judged; the order and the share of the pairs may change at any time."""
        return self.unordered._replace(sample_percent=100)

    @property
    def unordered(self) -> "Terms":
        return self._replace(order="", ranked_by_id=None)


def terms_of(duty: Duty) -> Terms:
    return Terms(*(getattr(duty, name) for name in Terms._fields))


def checked_terms(
    assessor: Assessor,
    condition: str,
    reveal: str,
    source: Assessor | None,
    *,
    order: str = "",
    sample_percent: int = 100,
    vigilance_percent: int = 0,
    trusted: Assessor | None = None,
    ranked_by: Assessor | None = None,
) -> Terms:
    """The terms of a person's duty. Raises DomainError where they contradict each other, or the assessor."""
    if condition not in Condition.values or reveal not in Reveal.values:
        raise DomainError(f"There is no condition “{condition}” with suggestions shown “{reveal}”.")
    if condition == Condition.AUTOMATIC:
        raise DomainError("Under the condition “automatic” nobody looks: start a judge on the pool instead.")
    if condition == Condition.MANUAL and source is not None:
        raise DomainError("Manual judging uses no suggestions: leave their source empty.")
    if condition != Condition.MANUAL and source is None:
        raise DomainError(f"Name whose suggestions the condition “{Condition(condition).label}” uses.")
    if source is not None and source.track_id != assessor.track_id:
        raise DomainError("The suggestions must come from an assessor of the same track.")
    if source is not None and source.pk == assessor.pk:
        raise DomainError(f"{assessor.name} cannot be shown his or her own grades as suggestions.")
    if condition == Condition.POST_EDIT and reveal == Reveal.NEVER:
        raise DomainError("Post-edit shows the suggestion: choose whether always, or after the first grade.")
    if condition != Condition.POST_EDIT and reveal != Reveal.NEVER:
        raise DomainError(f"The condition “{Condition(condition).label}” never shows a suggestion.")
    _check_order(assessor, order, ranked_by)
    if not 1 <= sample_percent <= 100:
        raise DomainError("A duty is for a share of the topic's pairs, from 1 to 100 %.")
    _check_vigilance(assessor, condition, vigilance_percent, trusted)
    return Terms(
        str(condition),
        str(reveal),
        source.pk if source else None,
        str(order),
        sample_percent,
        vigilance_percent,
        trusted.pk if trusted else None,
        ranked_by.pk if ranked_by else None,
    )


def checked_automatic_terms(pool: Pool, assessor: Assessor | None, source: Assessor | None, reveal: str) -> Terms:
    """The terms of a duty that nobody looks at. Raises DomainError unless it is its source's own, and no person's."""
    if assessor is None:
        raise DomainError(f"Name whose suggestions the condition “{Condition.AUTOMATIC.label}” uses.")
    if assessor.track_id != pool.track_id:
        raise DomainError("The suggestions must come from an assessor of the same track.")
    if assessor.kind == Assessor.Kind.HUMAN:
        raise DomainError(f"Under the condition “automatic” nobody looks, and {assessor.name} is a person.")
    if source is None or source.pk != assessor.pk:
        raise DomainError(f"Under the condition “automatic” {assessor.name} is also the source of the suggestions.")
    if reveal != Reveal.NEVER:
        raise DomainError(f"The condition “{Condition.AUTOMATIC.label}” never shows a suggestion.")
    return Terms(str(Condition.AUTOMATIC), str(Reveal.NEVER), assessor.pk)


def check_assessor(pool: Pool, assessor: Assessor, judging: set[int]) -> None:
    """Raises DomainError unless this is a person who may judge in the pool's track; `judging` are the keys of those."""
    if assessor.track_id != pool.track_id:
        raise DomainError(f"{assessor.name} is not an assessor of this track.")
    if assessor.kind != Assessor.Kind.HUMAN:
        raise DomainError(f"{assessor.name} is not a person; duties are for people.")
    if assessor.user_id not in judging:
        raise DomainError(f"{assessor.name} is not an assessor or organizer of this track: set the role first.")


def judging_users(track: Track, users: Iterable[int | None]) -> set[int]:
    """Which of these users, by key, may judge in the track. One query."""
    role = Q(memberships__track=track, memberships__role__in=[Role.ASSESSOR, Role.ORGANIZER])
    listed = [user for user in users if user is not None]
    return set(User.objects.filter(role | Q(is_staff=True), pk__in=listed).values_list("pk", flat=True))


def _check_order(assessor: Assessor, order: str, ranked_by: Assessor | None) -> None:
    if order and order not in Order.values:
        raise DomainError(f"There is no order “{order}”; the orders are {', '.join(Order.values)}.")
    if order not in RANKED_ORDERS:
        if ranked_by is not None:
            wanted = " or ".join(f"“{each.label}”" for each in RANKED_ORDERS)
            raise DomainError(f"{ranked_by.name} orders nothing: choose the order {wanted}, or leave the judge empty.")
        return
    if ranked_by is None:
        raise DomainError(f"Name the judge whose labels make the order “{Order(order).label}”.")
    if ranked_by.track_id != assessor.track_id or ranked_by.kind != Assessor.Kind.LLM:
        raise DomainError(f"{ranked_by.name} is not a judge of this track: only a judge can order the passages.")


def _check_vigilance(assessor: Assessor, condition: str, percent: int, trusted: Assessor | None) -> None:
    if not 0 <= percent <= 100:
        raise DomainError("Vigilance items are a share of the passages, from 0 to 100 %.")
    if not percent:
        if trusted is not None:
            raise DomainError("Without vigilance items nobody is to be trusted: leave that empty.")
        return
    if condition != Condition.POST_EDIT:
        raise DomainError("Vigilance items have a wrong suggestion: only post-edit shows suggestions.")
    if trusted is None:
        raise DomainError("Name the assessor whose grades vigilance items are known by.")
    if trusted.track_id != assessor.track_id or trusted.kind == Assessor.Kind.LLM:
        raise DomainError("Vigilance items are known by a person, an imported file or an adjudication of this track.")
    if trusted.pk is not None and trusted.pk == assessor.pk:
        raise DomainError(f"{assessor.name} cannot be tested with what he or she has graded: trust somebody else.")
