"""How good a model is: scores from plain arrays, and a model on a dataset."""
