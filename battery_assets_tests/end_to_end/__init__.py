"""The running services, used as a person uses them."""
