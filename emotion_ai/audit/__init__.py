"""What is wrong with a dataset: copies, likely wrong labels, and its map."""
