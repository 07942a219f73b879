"""Learning from data, whatever it is of: a trainer, runs, splits, figures. PyTorch is loaded where it is needed."""
