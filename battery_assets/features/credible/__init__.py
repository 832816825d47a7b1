"""What of a day of telemetry can be what it says."""
