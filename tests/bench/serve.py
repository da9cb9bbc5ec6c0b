"""The gateway's process: `threekeys serve` with the bench's adapter. SIGUSR1 writes the threads' names.

python -m tests.bench.serve SETTINGS.json THREADS.json [--direct URL] [--unsafe] [--floor server|fetch]
"""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from gateway import serve
from gateway.exchange.sources import Source
from gateway.settings import Settings
from gateway.telemetry import log
from tests.bench.adapter import DirectAdapter, DirectSettings
from tests.bench.floors import Floor
from tests.bench.unsafe import without_proof_and_receipts


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("settings", type=Path)
    parser.add_argument("threads", type=Path)
    parser.add_argument("--direct", default="")
    parser.add_argument("--unsafe", action="store_true")
    parser.add_argument("--floor", choices=("server", "fetch"))
    parser.add_argument("--switch-interval", type=float, default=0.0)
    given = parser.parse_args()
    settings = Settings.model_validate_json(given.settings.read_text())
    log.configure(level=settings.log_level)
    if given.switch_interval:
        sys.setswitchinterval(given.switch_interval)

    def ready() -> None:
        if given.direct:
            adapter = DirectAdapter(DirectSettings(base_url=given.direct))
            gateway.sources.put({"scripted": Source("scripted", adapter, gateway.clock, deadline=5.0)})
        print("ready", flush=True)

    def name_threads(*_: object) -> None:
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        given.threads.write_text(json.dumps(names))

    signal.signal(signal.SIGUSR1, name_threads)
    running = serve.server(settings, ready)
    gateway = running._gateway
    if given.unsafe:
        without_proof_and_receipts(gateway)
    if given.floor:
        gateway.asgi = Floor(gateway.asgi, given.direct if given.floor == "fetch" else "")
    running.run()


if __name__ == "__main__":
    main()
