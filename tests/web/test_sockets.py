import socket

import pytest

from loopwright.errors import PortInUseError, UsageError
from loopwright.web.sockets import check_free, listen


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(port)):
            check_free("127.0.0.1", 0, port)


def test_a_port_is_free_again_after_it_was_looked_at():
    with listen("127.0.0.1", 0) as found:
        port = found.getsockname()[1]
    check_free("127.0.0.1", port)
    listen("127.0.0.1", port).close()


def test_an_address_that_is_not_ours_is_a_mistake_of_the_user():
    with pytest.raises(UsageError):
        listen("192.0.2.1", 0)
