"""Inputs that were once read wrong: what is right for each, and what comes out."""
