"""Plotly figures of scores, each with its data. The dashboard and the report draw with these."""
