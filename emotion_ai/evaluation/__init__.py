"""How good a model is. ``assessment``: a model on a dataset; ``scores``: the list of scores, where
a new one is added; the rest: what they and the pages compute, from plain arrays."""
