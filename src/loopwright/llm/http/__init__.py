"""Connections to upstreams: HTTP/1.1 on raw sockets, kept alive, with deadlines. Needs `httptools`."""
