"""`demo --check`: the main job, once, through HTTP as a browser would do it."""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx

from assessment.domain.errors import DomainError
from config.demo.load import JUDGE, PASSWORD, POOL

SUGGESTIONS = 5
SUGGESTION_S = 600
TRACK, BIG_TRACK = "/tracks/csfcube/", "/tracks/dl21/"
NUGGETS = "/tracks/rag24/nuggets/"


def check_demo(url: str) -> Iterator[str]:
    """Yield a line for each thing that was seen to work. Raises DomainError at the first that did not."""
    with closing(_logged_in(url, "bob")) as bob, closing(_logged_in(url, "alice")) as alice:
        yield from _suggestions(alice)
        yield from _judgment(bob, alice)
        yield _dashboard(alice)
        yield _nuggets(alice)


class Visitor(httpx.Client):
    """A browser with a login: follows redirects and sends the CSRF token."""

    def page(self, path: str, **parameters: str) -> str:
        return self._checked(self.get(path, params=parameters)).text

    def submit(self, path: str, **fields) -> httpx.Response:
        return self._checked(self._send(path, fields))

    def submit_json(self, path: str, **fields) -> dict:
        return self._checked(self._send(path, fields, {"Accept": "application/json"})).json()

    def _send(self, path: str, fields: dict, headers: dict | None = None) -> httpx.Response:
        token = {"X-CSRFToken": self.cookies.get("csrftoken", ""), "Referer": str(self.base_url)}
        return self.post(path, data=fields, headers={**token, **(headers or {})})

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.status_code != 200:
            raise DomainError(f"{response.request.method} {response.url} answered {response.status_code}.")
        return response


def _logged_in(url: str, name: str) -> Visitor:
    visitor = Visitor(base_url=url, follow_redirects=True, timeout=60)
    visitor.page("/login/")
    home = visitor.submit("/login/", username=name, password=PASSWORD)
    if home.url.path != "/":
        raise DomainError(f"{name} could not log in.")
    return visitor


def _suggestions(alice: Visitor) -> Iterator[str]:
    """Ask the judge about a few passages and wait until it has answered."""
    pool = _found(rf'href="({TRACK}pools/\d+/)"[^>]*>\s*{re.escape(POOL)}', alice.page(f"{TRACK}pools/"), "the pool")
    job = alice.submit(f"{pool}jobs/", judge=JUDGE, limit=SUGGESTIONS)
    if not job.url.path.startswith("/jobs/"):
        # The demo has run before, and its pool is done: a fresh pool has passages that nobody has asked about.
        job = alice.submit(f"{_new_pool(alice)}jobs/", judge=JUDGE, limit=SUGGESTIONS)
    path = job.url.path
    yield f"{JUDGE} was asked for {SUGGESTIONS} suggestions"
    progress = _wait(lambda: alice.page(f"{path}progress/"), lambda html: "every 2s" not in html)
    judged = int(_found(r"<strong>(\d+)</strong> of", progress, "the job's progress"))
    if not judged:
        raise DomainError(f"The judge gave no grade: {_words(progress)}")
    yield f"{JUDGE} gave {judged} of them; a failed reply is no grade"


def _new_pool(alice: Visitor) -> str:
    page = alice.page(f"{TRACK}pools/")
    runs = re.findall(r'name="runs" value="(\d+)"', page)
    terms = {"depth": 20, "order": "shuffle", "seed": 0, "sharing": "everyone", "runs": runs}
    made = alice.submit(f"{TRACK}pools/", name=f"check-{uuid.uuid4().hex[:8]}", **terms)
    if made.url.path == f"{TRACK}pools/":
        raise DomainError("The check could not make a pool of its own.")
    return made.url.path


def _judgment(bob: Visitor, alice: Visitor) -> Iterator[str]:
    """Grade a passage as bob, see it in the exported qrels, and take it back, so that the check leaves no trace."""
    duty = _found(r'href="(/judge/\d+/)', bob.page("/"), "bob's work")
    save = _found(r'"(/judge/\d+/items/\d+/judgment/)"', bob.page(duty), "a passage to judge")
    saved = bob.submit_json(save, grade=1, idempotency_key=str(uuid.uuid4()))
    if saved["item"]["grade"] != 1:
        raise DomainError(f"The judgment was not stored: {saved['item']}")
    yield "bob judged a passage"
    export = _found(
        rf'href="({TRACK}assessors/\d+/qrels/)"[^>]*>[^<]*<span[^>]*> of bob<',
        alice.page(f"{TRACK}assessors/"),
        "qrels",
    )
    lines = alice.page(export).splitlines()
    if not lines or any(len(line.split()) != 4 for line in lines):
        raise DomainError("The exported qrels do not hold the judgment.")
    yield f"alice exported bob's qrels: {lines[0]}"
    bob.submit_json(save.replace("/judgment/", "/undo/"), idempotency_key=str(uuid.uuid4()))


def _dashboard(alice: Visitor) -> str:
    choice = {"manual": "NIST", "automatic": "UMBRELA-GPT-4o", "measure": "nDCG@10"}
    page = alice.page(f"{BIG_TRACK}compare/", **choice)
    # Published data, computed by others too: any other figure is a fault of ours.
    tau = _found(r"\b(0\.9395)\b", page, "Kendall's tau between NIST and UMBRELA")
    return f"the dashboard compares 63 systems of TREC 2021 DL: tau {tau}"


def _nuggets(alice: Visitor) -> str:
    nist = _found(r'value="(\d+-\d+)"[^>]*>NIST ', alice.page(NUGGETS), "NIST's labels")
    page = alice.page(NUGGETS, source=nist)
    # Σ of the vital nuggets that the answers support, by topic, over ten topics; counted from the file alone.
    score = _found(
        r"ldilab_gpt_4o</a>(?:(?!</tr>)[\s\S])*?\b(0\.7691)\b", page, "the best run's vital_strict by NIST's nuggets"
    )
    return f"45 systems are ranked by NIST's nuggets: ldilab_gpt_4o first, vital_strict {score}"


def _words(html: str) -> str:
    """What a fragment says, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def _found(pattern: str, text: str, what: str) -> str:
    found = re.search(pattern, text)
    if not found:
        raise DomainError(f"{what} is not where it should be on the page.")
    return found.group(1)


def _wait(get: Callable[[], str], is_done: Callable[[str], bool]) -> str:
    deadline = time.monotonic() + SUGGESTION_S
    while time.monotonic() < deadline:
        text = get()
        if is_done(text):
            return text
        time.sleep(1)
    raise DomainError(f"The judge did not finish within {SUGGESTION_S} seconds.")
