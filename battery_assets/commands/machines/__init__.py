"""Commands of machines that work beside the one of `up`."""
