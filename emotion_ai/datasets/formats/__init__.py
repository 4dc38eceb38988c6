"""Files of the field, recognised by content: one module a format."""
