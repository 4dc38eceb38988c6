"""Work in processes of its own: started, watched and stopped through files."""
