"""Exports of other fleets: units, chemistries, odd rows."""
