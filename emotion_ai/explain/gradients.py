"""``python -m emotion_ai.explain.gradients MODEL_FOLDER EXPRESSION < face.npy > map.npz``: the
Grad-CAM map of one face (Selvaraju et al. 2017, arXiv:1610.02391), for ``gradcam``."""

import io
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from emotion_ai.explain.pooled import heat_map
from emotion_ai.models.store import KERAS, SavedModel, open_model
from emotion_ai.networks.files import load_network


def compute(model: SavedModel, face: np.ndarray, expression: int) -> np.ndarray:
    """The map itself, in this process: TensorFlow's gradients of one logit in the last feature
    map, averaged over places, weigh that map's channels."""
    network = load_network(model.folder / KERAS, f"model {model.name}")
    places = [layer for layer in network.layers if len(layer.output.shape) == 4]
    logits = network.get_layer("logits").output
    both = keras.Model(network.inputs, [places[-1].output, logits])
    with tf.GradientTape() as tape:
        features, said = both(face[None, :, :, None], training=False)
        score = said[0, expression]
    weights = tf.reduce_mean(tape.gradient(score, features), axis=(1, 2), keepdims=True)
    return heat_map((weights * features).numpy().sum(axis=-1)[0], len(face))


def main() -> int:
    folder, expression = Path(sys.argv[1]), int(sys.argv[2])
    answer = sys.stdout.buffer
    sys.stdout = sys.stderr  # what Keras prints must not end up in the answer
    face = np.load(io.BytesIO(sys.stdin.buffer.read()))
    heat = compute(open_model(folder.parent, str(folder)), face, expression)
    content = io.BytesIO()
    np.savez(content, map=heat)
    answer.write(content.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
