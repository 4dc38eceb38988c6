"""Starting from ours: before all of a network learns, its new last layer alone does.

Random, it would send large gradients through a body that has learned already. What the body says
of the training faces is computed once, and a logistic regression on it is the last layer (a linear
probe: Alain and Bengio 2016, arXiv:1610.01644; then fine-tuning: Kumar et al. 2022,
arXiv:2202.10054).
"""

import warnings

import keras
import numpy as np

from emotion_ai.training.examples import Examples


def fit_head(model: keras.Model, examples: Examples) -> None:
    """Set the weights of ``logits`` of a network for expressions, one head after the other; the
    faces are the crops of ``examples`` as they are, each of its classes counts by its share."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    border = examples.border_px
    faces = examples.images[:, border : -border or None, border : -border or None, None]
    logits = model.get_layer("logits")
    body = keras.Model(model.inputs, logits.input)
    said = body.predict(faces, batch_size=256, verbose=0).astype(np.float32)
    # Of one size all, features are fitted in a tenth of the steps.
    middle, size = said.mean(axis=0), said.std(axis=0) + 1e-3
    said = (said - middle) / size
    heads = examples.targets.reshape(len(said), -1, examples.targets.shape[-1])
    kernel, offsets = [], []
    for targets in heads.swapaxes(0, 1):
        rows, named = np.nonzero(targets)
        known = np.unique(named)
        if len(known) < 2:
            return  # nothing to tell apart: it learns with the rest
        found = LogisticRegression(C=1.0, max_iter=100)
        with warnings.catch_warnings():  # near enough: all of it learns on
            warnings.simplefilter("ignore", ConvergenceWarning)
            found.fit(said[rows], named, targets[rows, named])
        weights = found.coef_ / size
        bias = found.intercept_ - weights @ middle
        if len(known) == 2:  # one line parts them: half of it to each side
            weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        # A class without a face, as contempt among given labels, is the least likely of all.
        least = -1 - np.abs(found.decision_function(said)).max()
        every = np.zeros((targets.shape[1], weights.shape[1]))
        every[known] = weights
        kernel.append(every.T)
        offsets.append(np.full(targets.shape[1], least))
        offsets[-1][known] = bias
    logits.set_weights([np.hstack(kernel), np.concatenate(offsets)])
