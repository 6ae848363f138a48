"""What judges read of topics and documents."""

from assessment.models import Document, Topic
from llm_worker.domain.relevance_values import TopicText


def topic_text(topic: Topic) -> str:
    """All that the topic says, as one query."""
    parts = [topic.query, topic.description, topic.narrative, *topic.sub_narratives]
    return "\n".join(part for part in parts if part)


def topic_parts(topic: Topic) -> TopicText:
    """The topic's text, whole and in its parts."""
    sub_narratives = tuple(part for part in topic.sub_narratives if part)
    return TopicText(topic_text(topic), topic.query, topic.description, topic.narrative, sub_narratives)


def passage_text(document: Document) -> str:
    """The document's title, where it has one, and its text."""
    return "\n".join(part for part in (document.title, document.text) if part)
