"""Phase 4: calculated telemetry."""
