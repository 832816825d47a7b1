"""python -m battery_assets_tests.worlds.spread.store_server PORT: moto's S3 alone, on loopback, until it is ended.

moto's own server looks through its folder of services at each request, and writes a line for each: half of
what a request costs it, which a benchmark would count as a cost of stores.
"""

import signal
import sys
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple


class Quiet(MotoRequestHandler):
    """Says nothing of requests."""

    def log_request(self, *_said: Any) -> None:
        """Leave it out."""


def main(port: int) -> None:
    """Serve until the process is ended."""
    # Who starts it may ignore the signal, as Dagster does where nobody can press Ctrl-C; a child inherits that.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    app = create_backend_app("s3")
    app.debug = False
    run_simple("127.0.0.1", port, app, threaded=True, request_handler=Quiet)


if __name__ == "__main__":
    main(int(sys.argv[1]))
