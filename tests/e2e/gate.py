"""A gate before the tests' web server: closed between tests, so that no late request meets a database being emptied."""

from threading import Condition

PATIENCE = 20.0  # seconds for requests under way to end


class Gate:
    """A WSGI application around another one. `close` waits for the requests under way and lets no other in; a page
    that is gone may still have sent one (a lease handed back, a clock's beat), and TRUNCATE would deadlock with it."""

    def __init__(self, application) -> None:
        self.application = application
        self._changed = Condition()
        self._inside = 0
        self._is_open = True

    def __call__(self, environ, start_response):
        with self._changed:
            if is_open := self._is_open:
                self._inside += 1
        if not is_open:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return
        response = None
        try:
            response = self.application(environ, start_response)
            yield from response
        finally:
            if hasattr(response, "close"):
                response.close()
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def open(self) -> None:
        with self._changed:
            self._is_open = True

    def close(self) -> None:
        with self._changed:
            self._is_open = False
            ended = self._changed.wait_for(lambda: self._inside == 0, PATIENCE)
        assert ended, f"{self._inside} requests have not ended {PATIENCE:.0f} s after their page was closed."
