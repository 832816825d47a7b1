"""The log of requests to the service: rows by COPY, a part for each day, and what they come to."""
