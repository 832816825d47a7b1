"""The figures of docs/figures.md: `python -m benchmarks` measures them and writes benchmarks/latest.json."""
