"""Pictures with labels: read from folders, tables and zip files, corrected, split, and loaded."""
