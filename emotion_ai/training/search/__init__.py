"""Searches for better settings: plan, trials, workers."""
