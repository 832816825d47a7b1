"""Phase 6: digital twin, models, remaining useful life."""
