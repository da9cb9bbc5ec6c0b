"""One whole HTTP answer from a raw socket: its head and its body may come in pieces, however short it is."""

import re
import socket

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


def one_answer(connection: socket.socket) -> bytes:
    """Head and body by its Content-Length, or what came until the other end closed."""
    found = b""
    while not _whole(found):
        piece = connection.recv(65_536)
        if not piece:
            break
        found += piece
    return found


def _whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = _LENGTH.search(head + b"\r\n")
    return bool(end) and len(body) >= (int(length[1]) if length else 0)
