"""Relevance by the lexical baseline: BM25 read as grades, fitted on the judgments of other topics.

It needs no prompt and no engine. The judgments to learn from are those of the person or imported assessor with the most
grades in the track; each call's raw reply says whose they were and how many.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence

from django.db.models import Count

from assessment.domain.errors import DomainError
from assessment.domain.retrieval import BM25Index
from assessment.models import Assessor, Document, Judgment, JudgmentState, Topic
from llm_worker.domain.lexical import JudgedPair, LexicalModel, fit_without, similarities
from llm_worker.domain.replies import State
from llm_worker.engines import Reply, always
from llm_worker.job_kinds.texts import topic_text
from llm_worker.models import LlmCall, LlmJob
from llm_worker.services.calls import Answer


class LexicalLabeller:
    """One job's lexical judge: the index over the collection's texts, and a model for each topic asked for.

    Raises DomainError where not even all judgments together suffice to learn from: the job then halts and says so.
    """

    def __init__(self, job: LlmJob):
        self.track = job.track
        self.scale = list(job.track.grades.values_list("value", flat=True))
        rows = Document.objects.filter(collection=job.track.collection_id, text__isnull=False).order_by("pk")
        texts = list(rows.values_list("pk", "title", "text"))
        self.place = {pk: place for place, (pk, _, _) in enumerate(texts)}
        self.index = BM25Index(f"{title}\n{text}" for _, title, text in texts)
        self.teacher = _teacher(job)
        self.judged = self._judged()
        fit_without("", self.judged, self.scale)
        self.models: dict[str, LexicalModel | DomainError] = {}

    def label(self, calls: Sequence[LlmCall], go_on: Callable[[], bool] = always) -> Iterator[tuple[LlmCall, Answer]]:
        """Yield each call with its answer, until `go_on` says no."""
        similarity: dict[int, object] = {}
        for call in calls:
            if not go_on():
                return
            began = time.monotonic()
            if call.topic_id not in similarity:
                similarity = {call.topic_id: similarities(self.index, topic_text(call.topic))}
            yield call, self._answer(call, similarity[call.topic_id], began)

    def _answer(self, call: LlmCall, similarity, began: float) -> Answer:
        place = self.place.get(call.document_id)
        if place is None:
            return Answer(State.ERROR, reply=Reply(error="The document's text is not loaded."))
        model = self._model(call.topic.qid)
        if isinstance(model, DomainError):
            return Answer(State.ERROR, reply=Reply(error=str(model)))
        grade, probabilities = model.grade(float(similarity[place]))
        said = {"similarity": round(float(similarity[place]), 6), "fitted_on": self.teacher.name, "pairs": model.pairs}
        reply = Reply(text=json.dumps(said), latency_ms=round((time.monotonic() - began) * 1000))
        return Answer(State.OK, grade, probabilities, reply=reply)

    def _model(self, qid: str) -> LexicalModel | DomainError:
        if qid not in self.models:
            try:
                self.models[qid] = fit_without(qid, self.judged, self.scale)
            except DomainError as error:
                self.models[qid] = error
        return self.models[qid]

    def _judged(self) -> list[JudgedPair]:
        if self.teacher is None:
            return []
        rows = Judgment.objects.filter(assessor=self.teacher, state=JudgmentState.GRADED)
        by_topic: dict[int, list[tuple[int, int]]] = {}
        for topic, document, grade in rows.values_list("topic_id", "document_id", "grade"):
            if document in self.place:
                by_topic.setdefault(topic, []).append((self.place[document], grade))
        pairs = []
        for topic in Topic.objects.filter(pk__in=by_topic):
            similarity = similarities(self.index, topic_text(topic))
            pairs += [JudgedPair(topic.qid, float(similarity[place]), grade) for place, grade in by_topic[topic.pk]]
        return pairs


def _teacher(job: LlmJob) -> Assessor | None:
    """The person or imported assessor of the track with the most grades; the first by name where several have."""
    graded = Assessor.objects.filter(track=job.track, judgments__state=JudgmentState.GRADED, judgments__vigilance=False)
    graded = graded.exclude(kind=Assessor.Kind.LLM)
    return graded.annotate(grades=Count("judgments")).order_by("-grades", "name").first()
