"""Learning from data, whatever it is of: a trainer, runs, splits, metrics. PyTorch is loaded where it is needed."""
