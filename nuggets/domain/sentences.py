"""The sentences of an answer whose file did not say where one ends."""

import re

# An end mark, perhaps with closing quotes or references behind it, and white space before what can begin a sentence.
_END = re.compile(r"(?<=[.!?])([\"')\]»”]*(?:\s*\[\d+(?:,\s*\d+)*\])*)\s+(?=[\"'(\[«“]?[^\W_a-z])|\n+")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[A-Za-z]|Dr|Mr|Mrs|Ms|Prof|St|Inc|vs|etc|e\.g|i\.e|U\.S|No)\.$")


def split_sentences(text: str) -> list[str]:
    """The text's sentences in their order, without the white space between them; nothing is lost or changed. The same
    text has the same sentences always: marks name them by their place."""
    found, start = [], 0
    for match in _END.finditer(text):
        end = match.end(1) if match.group(1) is not None else match.start()
        if match.group(1) == "" and _ABBREVIATION.search(text[start:end]):
            continue
        found.append(text[start:end].strip())
        start = match.end()
    return [sentence for sentence in [*found, text[start:].strip()] if sentence]
