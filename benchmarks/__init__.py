"""The figures of the README: `python -m benchmarks` measures them and writes benchmarks/latest.json."""
