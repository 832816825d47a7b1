"""Phase 3: raw transactions."""
