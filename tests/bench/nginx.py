"""nginx twice: the stub upstream, and `proxy_pass` before it. One worker each, kept connections, no access log."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ANSWER = (
    '{"licenceNumber":"SANDB804010A99AA","kind":"full","status":"valid","validFrom":"2021-04-01",'
    '"validUntil":"2031-03-31","categories":['
    '{"code":"AM","validFrom":"2001-06-12","validUntil":"2050-03-31"},'
    '{"code":"B","validFrom":"2001-06-12","validUntil":"2050-03-31"},'
    '{"code":"BE","validFrom":"2004-02-03","validUntil":"2050-03-31"},'
    '{"code":"A2","validFrom":"2010-05-03","validUntil":null},'
    '{"code":"C1","validFrom":"2011-09-19","validUntil":"2030-09-18"},'
    '{"code":"D1","validFrom":"2012-10-22","validUntil":"2030-10-21"}],'
    '"endorsements":[{"code":"SP30","offenceDate":"2025-02-14","points":3,"validUntil":"2029-02-13"},'
    '{"code":"CU80","offenceDate":"2025-11-30","points":3,"validUntil":"2029-11-29"}],'
    '"holder":{"familyName":"Sandbox-Ashworth","givenNames":"Amara","dateOfBirth":"1980-04-01",'
    '"nino":"$http_x_subject"},'
    '"address":{"addressLine1":"4 Sandpiper Row","town":"Sandham","postcode":"ZZ1 2AB",'
    '"uprn":"999900000104","country":"GB"}}'
)
"""About 1 KB. It is about whoever the header `X-Subject` names, so that the gateway's check of the person is real."""

_MAIN = """
daemon off; master_process on; worker_processes 1; {user}pid {folder}/{name}.pid;
error_log {folder}/{name}.error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 300s;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-f; uwsgi_temp_path {folder}/{name}-u; scgi_temp_path {folder}/{name}-s;
  {rest}
}}
"""
_UPSTREAM = (
    "server {{ listen 127.0.0.1:{port}; default_type application/json; location / {{ return 200 '{answer}'; }} }}"
)
_PROXY = """
  upstream source {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://source; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
"""


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[int, int]]:
    """(port of the upstream, port of the proxy), both answering."""
    upstream, proxy = free_port(), free_port()
    processes = [
        _start(folder, "upstream", _UPSTREAM.format(port=upstream, answer=ANSWER), upstream),
        _start(folder, "proxy", _PROXY.format(port=proxy, upstream=upstream), proxy),
    ]
    try:
        yield upstream, proxy
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)


def _start(folder: Path, name: str, rest: str, port: int) -> "subprocess.Popen[bytes]":
    user = "user root; " if os.geteuid() == 0 else ""
    configuration = folder / f"{name}.conf"
    configuration.write_text(_MAIN.format(folder=folder, name=name, rest=rest, user=user))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([program, "-c", str(configuration), "-p", str(folder)], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process
        time.sleep(0.02)
    process.terminate()
    raise RuntimeError(f"nginx ({name}) did not start; see {folder}/{name}.error.log")
