"""Workbooks before they are read: how much room their reader will make."""
