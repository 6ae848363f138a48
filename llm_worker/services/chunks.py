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

from celery.worker import state as worker_state
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from assessment.domain.errors import DomainError
from llm_worker.domain.replies import State
from llm_worker.engines import EngineUnavailable
from llm_worker.job_kinds import Labeller, labeller_for
from llm_worker.models import LlmCall, LlmJob
from llm_worker.services.calls import call_finish, calls_claim, calls_hand_back, lease_renew
from llm_worker.services.jobs import job_engine_failed, job_engine_works, job_halt

log = logging.getLogger(__name__)

CHUNK_SECONDS = 20
FIRST_CHUNK = 4
LARGEST_CHUNK = 512
ENGINE_TRIES = 6
LONGEST_WAIT_S = 120
DATABASE_WAIT_S = 5

# How fast each judge answers in this process, in seconds a call: a chunk is as many calls as take CHUNK_SECONDS.
_pace: dict[int, float] = {}
_labellers: dict[int, Labeller] = {}


def worker_name() -> str:
    return f"{socket.gethostname()}:{getpid()}"


def run_chunk(job_id: int) -> float | None:
    """Work on one chunk of the job. Returns the seconds to wait before the next one, None when there is none."""
    job = LlmJob.objects.select_related("track", "judge", "assessor").filter(pk=job_id).first()
    if job is None or job.wanted != LlmJob.Wanted.RUN or job.halted_because:
        return None
    if job.retry_at and job.retry_at > timezone.now():
        return (job.retry_at - timezone.now()).total_seconds()
    calls = calls_claim(job=job, size=_chunk_size(job), worker=worker_name())
    if not calls:
        _labellers.pop(job.pk, None)
        return None
    try:
        with lease_kept(calls[0].lease):
            _answer(job, calls)
    except EngineUnavailable as error:
        return _wait_for_engine(job, error)
    except DomainError as error:
        job_halt(job=job, reason=str(error))
        return None
    except (OperationalError, InterfaceError):
        # The database is restarting. What was not stored stays leased until the lease ends, and is then asked again.
        log.warning("job %s: the database was lost", job.pk, exc_info=True)
        connection.close()
        return DATABASE_WAIT_S
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
    """Store the answers as they come; stop early when the job is cancelled or this worker is asked to end."""
    labeller = _labeller(job)
    began = time.monotonic()
    for done, (call, answer) in enumerate(labeller.label(calls, lambda: _goes_on(job)), 1):
        call_finish(call=call, assessor=job.assessor, answer=answer)
        _pace[job.judge_id] = (time.monotonic() - began) / done
        # An error may be about the pair alone, without a word from the engine; anything else shows that it works.
        if job.engine_failures and answer.state is not State.ERROR:
            job_engine_works(job=job)


def _goes_on(job: LlmJob) -> bool:
    """Whether a further request may be begun."""
    return worker_state.should_stop is None and LlmJob.objects.filter(pk=job.pk, wanted=LlmJob.Wanted.RUN).exists()


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
