"""The architectures, pure Keras 3. Importing this package imports no Keras."""
