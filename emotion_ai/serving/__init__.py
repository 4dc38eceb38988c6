"""Models behind TensorFlow Serving: exported versions, the REST client, readings through it."""
