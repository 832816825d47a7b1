"""The commands of battery-assets, one module each."""
