"""Cells on cyclers: cycles, their features, labels and the training table. Positive current charges."""
