"""Mail: single messages and digests, by SMTP."""
