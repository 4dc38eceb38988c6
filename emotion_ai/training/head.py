"""Starting from ours: before all of a network learns, its new last layer alone does.

Random, it would send large gradients through a body that has learned already. What the body says
of the training faces is computed once, and a logistic regression on it is the last layer (a linear
probe: Alain and Bengio 2016, arXiv:1610.01644; then fine-tuning: Kumar et al. 2022,
arXiv:2202.10054).
"""

import keras
import numpy as np

from emotion_ai.training.examples import Examples


def fit_head(model: keras.Model, examples: Examples) -> None:
    """Set the weights of ``logits`` of a network for expressions with one head; the faces are the
    crops of ``examples`` as they are, their classes those with the largest share."""
    from sklearn.linear_model import LogisticRegression

    border = examples.border_px
    faces = examples.images[:, border : -border or None, border : -border or None, None]
    logits = model.get_layer("logits")
    body = keras.Model(model.inputs, logits.input)
    said = body.predict(faces, batch_size=256, verbose=0).astype(np.float32)
    classes = examples.targets.shape[-1]
    found = LogisticRegression(C=1.0, max_iter=500).fit(said, examples.targets.argmax(axis=1))
    weights, bias = found.coef_, found.intercept_
    if classes == 2:  # one line parts them: half of it to each side
        weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    logits.set_weights([weights.T.astype(np.float32), bias.astype(np.float32)])
