"""Looking at a dataset before anything is learnt from it."""
