"""Run as a script in a process of its own: another script, under limits of memory and time.

Arguments: the script, and one JSON object with its request, of which cpu_seconds and memory_bytes are read
here. A process started with -I need not have this package on its path, so nothing of it is imported.
"""

import ctypes
import json
import resource
import runpy
import signal
import sys


def main(script: str, request: dict) -> None:
    """Set the limits, then do what the script does."""
    if sys.platform == "linux":
        # PR_SET_PDEATHSIG: whoever asked for the file may be killed meanwhile.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (request["cpu_seconds"], request["cpu_seconds"]))
    resource.setrlimit(resource.RLIMIT_AS, (request["memory_bytes"], request["memory_bytes"]))
    del sys.argv[0]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
