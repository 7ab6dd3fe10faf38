"""A server that answers pings, first pages and Motion's status, and nothing else."""

from __future__ import annotations

import json
import re
import socket
import threading
from types import TracebackType
from typing import Self

PHOTO = {"image_id": "a", "img_url": "https://p.example/a.jpg", "thumbnail_url": "https://p.example/a.jpg"}
PAGINATION = {
    "total": 900,
    "currentPage": 1,
    "totalPages": 900,
    "hasNextPage": True,
    "hasPreviousPage": False,
    "page_size": 1,
}
ANSWERS: tuple[tuple[str, dict[str, object]], ...] = (
    (r"/ping ", {"status": "ok", "org_id": 1, "event_id": 2}),
    (r"/(images|faces/r)\?.*\bpage=1&", {"images": [PHOTO], "pagination": PAGINATION}),
    (r"^GET .*/video-clipping/", {"request_id": "r", "status": "processing"}),
)


class ReluctantServer:
    """Counts the connections that wait for an answer, and notices when they close."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._change = threading.Condition()
        self.asked: list[str] = []
        self.waiting = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def wait_until_asked(self, path: str) -> None:
        with self._change:
            assert self._change.wait_for(lambda: any(path in line for line in self.asked), 30), self.asked

    def hung_up_within(self, seconds: float) -> bool:
        """Return whether no connection waits for an answer any more, after at most that time."""
        with self._change:
            return self._change.wait_for(lambda: self.waiting == 0, seconds)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        waits = False
        with connection:
            try:
                while not waits and (request := connection.recv(65536).decode(errors="replace")):
                    line = request.partition("\r\n")[0]
                    answer = next((data for path, data in ANSWERS if re.search(path, line)), None)
                    waits = answer is None
                    self._note(line, waits)
                    if answer is not None:
                        connection.sendall(_reply(answer))
                while waits and connection.recv(65536):
                    pass
            except OSError:
                pass
        with self._change:
            self.waiting -= waits
            self._change.notify_all()

    def _note(self, line: str, waits: bool) -> None:
        with self._change:
            self.asked.append(line)
            self.waiting += waits
            self._change.notify_all()


def _reply(data: dict[str, object]) -> bytes:
    body = json.dumps({"responseType": "success", "message": "", "data": data}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )
