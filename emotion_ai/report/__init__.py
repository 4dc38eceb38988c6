"""A self-contained HTML report of a model on a split: opens without the app or the internet."""
