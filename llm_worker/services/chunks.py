"""One chunk of a job: claim calls, ask the judge, store each answer as it comes."""

import logging
import random
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import getpid

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from assessment.domain.errors import DomainError
from llm_worker.domain.replies import State
from llm_worker.engines import EngineUnavailable
from llm_worker.job_kinds import Labeller, labeller_for
from llm_worker.models import CallStatus, LlmCall, LlmJob
from llm_worker.services.brakes import Brakes
from llm_worker.services.calls import Answer, call_finish, calls_claim, calls_hand_back, lease_renew
from llm_worker.services.running import is_to_run, job_engine_failed, job_engine_works, job_halt

log = logging.getLogger(__name__)

CHUNK_SECONDS = 20
FIRST_CHUNK = 4
LARGEST_CHUNK = 512
ENGINE_TRIES = 6
LONGEST_WAIT_S = 120
DATABASE_WAIT_S = 5
# A reply in hand has been paid for: it is kept so long while the database restarts.
DATABASE_PATIENCE_S = 120
# Where the job's limits leave no room beside the calls under way, a chain looks again after so long.
ROOM_WAIT_S = 1.0

# How fast each judge answers in this process, in seconds a call: a chunk is as many calls as take CHUNK_SECONDS.
_pace: dict[int, float] = {}
_labellers: dict[int, Labeller] = {}


def worker_name() -> str:
    return f"{socket.gethostname()}:{getpid()}"


def run_chunk(job_id: int) -> float | None:
    """Work on one chunk of the job. Returns the seconds to wait before the next one, None when there is none."""
    try:
        job = LlmJob.objects.select_related("track", "judge", "assessor", "bank").filter(pk=job_id).first()
        if job is None or not is_to_run(job):
            return None
        if job.retry_at and job.retry_at > timezone.now():
            return (job.retry_at - timezone.now()).total_seconds()
        calls = calls_claim(job=job, size=_chunk_size(job), worker=worker_name())
        return _work_on(job, calls) if calls else _nothing_to_claim(job)
    except (OperationalError, InterfaceError):
        # The database is restarting. What was not stored stays leased until the lease ends, and is then asked again.
        log.warning("job %s: the database was lost", job_id, exc_info=True)
        connection.close()
        return DATABASE_WAIT_S


def _nothing_to_claim(job: LlmJob) -> float | None:
    """All is asked, or stopped, or what is under way may use up the limits: then it is worth another look."""
    job.refresh_from_db()
    if is_to_run(job) and job.calls.filter(status=CallStatus.WAITING).exists():
        return ROOM_WAIT_S
    _labellers.pop(job.pk, None)
    return None


def _work_on(job: LlmJob, calls: list[LlmCall]) -> float | None:
    """Answer these leased calls; hand back those that were not asked."""
    try:
        with lease_kept(calls[0].lease):
            _answer(job, calls)
    except EngineUnavailable as error:
        return _wait_for_engine(job, error)
    except DomainError as error:
        job_halt(job=job, reason=str(error))
        return None
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        # A defect of ours: the job must not hang, and the sweeper must not start it over and over.
        log.exception("job %s", job.pk)
        job_halt(job=job, reason=f"The worker failed: {type(error).__name__}: {error}")
        return None
    finally:
        with suppress(OperationalError, InterfaceError):
            calls_hand_back(job_id=job.pk, lease=calls[0].lease)
    return 0


def _answer(job: LlmJob, calls: list[LlmCall]) -> None:
    """Store the answers as they come; begin no more once the job or this worker is to stop."""
    labeller = _labeller(job)
    brakes = Brakes(job)
    began = time.monotonic()
    for done, (call, answer) in enumerate(labeller.label(calls, brakes.go_on), 1):
        _store(job, call, answer)
        brakes.answered(answer)
        _pace[job.judge_id] = (time.monotonic() - began) / done
        # An error may be about the pair alone, without a word from the engine; anything else shows that it works.
        if job.engine_failures and answer.state is not State.ERROR:
            job_engine_works(job=job)
    brakes.look()


def _store(job: LlmJob, call: LlmCall, answer: Answer) -> None:
    """Store what has been paid for, if need be once the database is back; raises its error where it stays away."""
    deadline = time.monotonic() + DATABASE_PATIENCE_S
    while True:
        try:
            call_finish(call=call, assessor=job.assessor, answer=answer)
            return
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            log.warning("job %s: the database is away; the reply waits for it", job.pk)
            time.sleep(1)


def _labeller(job: LlmJob) -> Labeller:
    if job.pk not in _labellers:
        _labellers.clear()  # one job at a time holds its index or its rendered prompts
        _labellers[job.pk] = labeller_for(job)
    return _labellers[job.pk]


def _chunk_size(job: LlmJob) -> int:
    pace = _pace.get(job.judge_id)
    return FIRST_CHUNK if pace is None else max(1, min(LARGEST_CHUNK, round(CHUNK_SECONDS / max(pace, 1e-3))))


def _wait_for_engine(job: LlmJob, error: EngineUnavailable) -> float | None:
    """Back off exponentially with jitter, or as long as the engine asked for; after several tries halt and say why."""
    backoff = min(LONGEST_WAIT_S, 2 ** (job.engine_failures + 1)) * random.uniform(0.5, 1.0)
    wait_s = min(LONGEST_WAIT_S, max(error.retry_after or 0, backoff))
    reason = f"The engine could not work: {error}"
    return wait_s if job_engine_failed(job=job, reason=reason, wait_s=wait_s, limit=ENGINE_TRIES) else None


@contextmanager
def lease_kept(lease: uuid.UUID) -> Iterator[None]:
    """Renew the lease in the background for as long as the block runs."""
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(settings.LEASE_SECONDS / 4):
            try:
                close_old_connections()
                lease_renew(lease)
            except Exception:
                log.exception("renewing a lease")
        connection.close()

    keeper = threading.Thread(target=keep, daemon=True, name="lease-keeper")
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
