"""Small banks for the tests of nuggets: plain functions that store rows and return them."""

from functools import partial

from assessment.models import Assessor, Topic, Track
from nuggets.domain import edits
from nuggets.models import (
    Answer,
    AnswerRun,
    Bank,
    BankCondition,
    BankEdit,
    Importance,
    Nugget,
    NuggetAssignment,
    TopicBank,
    Wording,
)
from nuggets.services.edits import list_edit


def make_list(track: Track, *texts: str, bank: str = "people", qid: str = "q1", importance: str = "vital") -> TopicBank:
    """A topic's list with these nuggets, numbered from 1; the topic and the bank are made where they are missing."""
    topic, _ = Topic.objects.get_or_create(
        track=track, qid=qid, defaults={"query": "why is the sky blue", "position": track.topics.count() + 1}
    )
    made, _ = Bank.objects.get_or_create(track=track, name=bank, defaults={"condition": BankCondition.MANUAL})
    row = TopicBank.objects.create(bank=made, topic=topic)
    for number, text in enumerate(texts):
        edit = partial(edits.add, text=text, importance=importance)
        list_edit(topic_bank=row, kind=BankEdit.Kind.ADD, edit=edit, actor=None, seen=number)
    row.refresh_from_db()
    return row


def make_topic(track: Track, qid: str = "q1", position: int = 1) -> Topic:
    return Topic.objects.create(track=track, qid=qid, query=f"question {qid}", position=position)


def make_topic_bank(
    topic: Topic, texts=("light scatters", "the sky is blue"), name: str = "bank", condition=BankCondition.AUTO
) -> TopicBank:
    """A topic's list without history; its nuggets are vital and okay in turn."""
    bank, _ = Bank.objects.get_or_create(track=topic.track, name=name, defaults={"condition": condition})
    topic_bank = TopicBank.objects.create(bank=bank, topic=topic)
    for place, text in enumerate(texts, 1):
        importance = Importance.VITAL if place % 2 else Importance.OKAY
        nugget = Nugget.objects.create(
            topic_bank=topic_bank,
            number=place,
            position=place,
            importance=importance,
            origin=Nugget.Origin.IMPORTED,
        )
        Wording.objects.create(nugget=nugget, number=1, text=text)
    return topic_bank


def wordings_of(topic_bank: TopicBank) -> list[Wording]:
    """The current wordings of what is not retired, in the list's order."""
    current = Wording.objects.filter(nugget__topic_bank=topic_bank, nugget__retired_at=None, current=True)
    return list(current.order_by("nugget__position"))


def reword(nugget: Nugget, text: str) -> Wording:
    nugget.wordings.update(current=False)
    return Wording.objects.create(nugget=nugget, number=nugget.wordings.count() + 1, text=text)


def make_answer(topic: Topic, tag: str = "r1", sentences=("Light scatters.", "So it is blue.")) -> Answer:
    """Its first sentence cites `d1`."""
    run, _ = AnswerRun.objects.get_or_create(track=topic.track, tag=tag)
    cited = [
        {"text": text, "citations": [{"docid": "d1", "weight": 0.9}] if place == 0 else []}
        for place, text in enumerate(sentences)
    ]
    text = " ".join(sentences)
    return Answer.objects.create(
        run=run, topic=topic, text=text, sentences=cited, references=["d1"] * bool(sentences), words=len(text.split())
    )


def assign(assessor: Assessor, answer: Answer, wording: Wording, label: str, **more) -> NuggetAssignment:
    return NuggetAssignment.objects.create(assessor=assessor, answer=answer, wording=wording, label=label, **more)
