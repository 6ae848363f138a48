"""A real Chromium for the tests that need a browser."""

import os
import re
import shutil
from urllib.parse import urlsplit

import pytest

from tests.e2e.gate import Gate

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    """One headless Chromium for the session; skips where the machine has none."""
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        pytest.skip("No Chromium found; install one with `apt-get install chromium`.")
    from playwright.sync_api import sync_playwright

    # Playwright's synchronous interface keeps an event loop in this thread; Django would take the test's own queries
    # for queries of asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield chromium
        chromium.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture(scope="session")
def gate(live_server) -> Gate:
    """The door of the live server."""
    server = live_server.thread.httpd
    server.set_app(Gate(server.get_app()))
    return server.get_app()


@pytest.fixture
def allowed_console_errors() -> list[str]:
    """Regular expressions of the console errors that a test expects; the test appends its own."""
    return []


@pytest.fixture
def new_page(browser, live_server, gate, allowed_console_errors):
    """`new_page(**context_options)` opens a page in a browser context of its own (its own cookies), at the live server.

    At the end of the test no page may have logged an error, thrown one, or asked another host for anything.
    """
    contexts, complaints = [], []
    gate.open()

    def open_page(**options):
        options = {"base_url": live_server.url, "viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.extend(foreign_address(request.url, live_server.url)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    gate.close()
    unexpected = [text for text in complaints if not any(re.search(each, text) for each in allowed_console_errors)]
    assert unexpected == []


@pytest.fixture
def page(new_page):
    """A page of a fresh browser context, 1280 x 800."""
    return new_page()


def foreign_address(url: str, home: str) -> list[str]:
    parts = urlsplit(url)
    at_home = parts.scheme not in ("http", "https") or parts.netloc == urlsplit(home).netloc
    return [] if at_home else [f"asked another host: {url}"]
