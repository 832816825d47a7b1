"""Phase 1: who and what is there."""
