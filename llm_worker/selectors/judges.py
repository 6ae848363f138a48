"""What pages show of judges: their record in the tracks that a user may read."""

from dataclasses import dataclass

from django.db.models import Exists, Max, OuterRef, Prefetch

from assessment.access import ORGANIZERS, READERS, role_in_track, tracks_for_user
from assessment.models import Assessor, Track, User
from assessment.selectors.agreements import PairAgreement, agreement_with_people
from llm_worker.models import FAILED_STATUSES, JudgeConfiguration, LlmCall


@dataclass(frozen=True)
class JudgeInTrack:
    """What a judge has done in one track: judgments, failed pairs, and agreement with people on the same pairs."""

    assessor: Assessor
    judged: int
    failed: int
    agreements: list[PairAgreement]


@dataclass(frozen=True)
class JudgeInUse:
    """A judge configuration, and its record in the tracks that this user may read; `against` names another judge."""

    judge: JudgeConfiguration
    tracks: list[JudgeInTrack]
    against: str = ""


def judges_in_use(user: User) -> list[JudgeInUse]:
    """Every judge configuration with its record in the tracks whose results the user may see."""
    readable = [track for track in tracks_for_user(user) if role_in_track(user, track) in READERS]
    judges = JudgeConfiguration.objects.prefetch_related(
        Prefetch("assessors", Assessor.objects.filter(track__in=readable).select_related("track"))
    )
    names = [judge.name for judge in judges if judge.task == JudgeConfiguration.Task.RELEVANCE]
    return [
        JudgeInUse(
            judge,
            [_record(judge, assessor) for assessor in judge.assessors.all()],
            next((name for name in names if name != judge.name and judge.name in names), ""),
        )
        for judge in judges
    ]


def _record(judge: JudgeConfiguration, assessor: Assessor) -> JudgeInTrack:
    failed = LlmCall.objects.filter(judge=judge, job__track=assessor.track, status__in=FAILED_STATUSES)
    judged = assessor.judgments.filter(topic=OuterRef("topic"), document=OuterRef("document"))
    pairs = failed.filter(~Exists(judged)).values("topic", "document").distinct()
    return JudgeInTrack(assessor, assessor.judgments.count(), pairs.count(), agreement_with_people(assessor))


def tracks_to_judge(user: User) -> list[Track]:
    """The tracks, with a pool, in which this user may ask judges, the newest pool's first."""
    found = tracks_for_user(user).filter(pools__isnull=False).annotate(newest=Max("pools__created_at"))
    return [track for track in found.order_by("-newest") if role_in_track(user, track) in ORGANIZERS]
