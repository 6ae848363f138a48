"""Celery tasks. They take ids, and are safe to run twice: what a task works on is leased on its rows."""

from celery import shared_task


@shared_task
def judge_chunk(job_id: int) -> None:
    """Ask the judge for the job's next calls, then send the task for those after them."""
    from llm_worker.services.chunks import run_chunk

    wait_s = run_chunk(job_id)
    if wait_s is not None:
        judge_chunk.apply_async(
            args=[job_id], countdown=wait_s or None, queue=judge_chunk.request.delivery_info.get("routing_key")
        )
