"""The page of a month: health, lives, ride-through and open work of a fleet, in one HTML file."""
