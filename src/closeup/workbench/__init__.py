"""The workbench: look at data, correct labels, train in stages, keep every run, export."""
