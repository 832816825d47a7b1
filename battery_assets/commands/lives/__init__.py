"""Commands of the models of remaining life."""
