"""What is judged of days before anything is computed from them."""
