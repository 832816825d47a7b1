"""What people and programs may read: resources, pages of them, and what was known at an instant."""
