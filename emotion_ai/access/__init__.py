"""Who may change things, and how often somebody may ask for what is expensive."""
