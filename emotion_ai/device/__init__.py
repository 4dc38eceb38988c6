"""Reading in the visitor's own browser: what is served for it, and the folder that needs no server."""
