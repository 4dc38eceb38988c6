"""Files of the field, recognised by content.

A format is one module here: its ``TABLES`` and ``TREES`` are what ``recognise`` asks, and what
messages, the command line and the Datasets page name (see ``reading.Format``).
"""
