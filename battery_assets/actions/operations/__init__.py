"""What people do about incidents and work orders."""
