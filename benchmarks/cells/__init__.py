"""Models of cells on public data sets: trained, judged by cell, and set down in docs/lab.md."""
