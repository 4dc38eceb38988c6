"""Saved models: the store, earlier versions, and the runtime that asks them."""
