"""Training runs: folders that are kept for ever, never overwritten; read, compared, drawn, exported."""
