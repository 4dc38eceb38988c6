"""Reading in the visitor's own browser: what is served for it, and a folder without a server."""
