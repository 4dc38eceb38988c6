"""KServe's Python server (V1 protocol) with exported SavedModels behind it.

    python benchmarks/kserve/server.py SERVING_DIR PORT

Runs in an environment of its own (requirements.txt beside it); ``benchmarks/serving.py`` starts it.
Routes, decoding and replies are KServe's; what is ours is the call of the SavedModel.
"""

import base64
import sys
from pathlib import Path

import kserve
import numpy as np
import tensorflow as tf


class Served(kserve.Model):
    """The newest version in a model's folder."""

    def __init__(self, folder: Path):
        super().__init__(folder.name)
        newest = max((path for path in folder.iterdir() if path.name.isdecimal()),
                     key=lambda path: int(path.name))  # fmt: skip
        self.loaded = tf.saved_model.load(str(newest))
        self.ready = True

    def predict(self, payload: dict, headers=None, response_headers=None) -> dict:
        signature = self.loaded.signatures[payload.get("signature_name", "serving_default")]
        ((name, spec),) = signature.structured_input_signature[1].items()
        given = payload.get("instances", payload.get("inputs"))
        if spec.dtype == tf.string:
            values = tf.constant([base64.b64decode(one["b64"]) for one in given])
        else:
            values = tf.constant(np.array(given, spec.dtype.as_numpy_dtype))
        ((_, output),) = signature(**{name: values}).items()
        return {"predictions": output.numpy().tolist()}


if __name__ == "__main__":
    folder, port = Path(sys.argv[1]), sys.argv[2]
    models = [Served(path) for path in sorted(folder.iterdir()) if path.is_dir()]
    kserve.ModelServer(http_port=int(port), workers=1, enable_grpc=False).start(models)
