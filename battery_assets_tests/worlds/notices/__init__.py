"""What tests of notifications share: people and webhooks, real receivers, workers that are killed."""
