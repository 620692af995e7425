"""A small upstream that embeds, on a real socket: what tests of the remote embedder ask."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from loopwright.llm.embedding.hashing import HashingEmbedder

_VECTORS = HashingEmbedder(32)


class EmbeddingUpstream:
    """Answers with hashed vectors of 32 numbers, not of length one and in reverse order, as upstreams may.

    Attributes:
        asked: Bodies and headers of the requests, oldest first.
        script: What comes before it answers well: (status, body, headers) each; a status of 0 hangs up.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[dict, dict]] = []
        self.script: list[tuple[int, bytes, dict]] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                upstream.asked.append((body, {name.lower(): value for name, value in self.headers.items()}))
                status, answer, headers = upstream.script.pop(0) if upstream.script else (200, _answer(body), {})
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {"content-length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _answer(body) -> bytes:
    vectors = _VECTORS.embed(body["input"])
    # A text without a word has no hashed direction, and an upstream's model always has one.
    vectors[~vectors.any(axis=1), 0] = 1.0
    data = [{"index": index, "embedding": (3.0 * vector).tolist()} for index, vector in enumerate(vectors)]
    return json.dumps({"object": "list", "data": data[::-1], "model": body["model"]}).encode()


@pytest.fixture
def upstream():
    made = EmbeddingUpstream()
    yield made
    made.close()
