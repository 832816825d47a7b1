"""Phase 2: raw time series."""
