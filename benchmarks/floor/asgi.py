"""The floor: raw ASGI on uvicorn, uvloop and httptools, answering a constant. Frozen. `python asgi.py PORT`."""

import sys

import uvicorn

BODY = b'{"prediction":true,"score":0.5}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


async def app(scope, receive, send):  # noqa: ARG001 - the form of an ASGI application
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), http="httptools", loop="uvloop", lifespan="off",
                ws="none", interface="asgi3", log_config=None, access_log=False, server_header=False,
                date_header=False, proxy_headers=False)  # fmt: skip
