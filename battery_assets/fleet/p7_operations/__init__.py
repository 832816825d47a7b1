"""Phase 7: alerts, incidents, work orders."""
