"""Phase 5: calculated aggregates."""
