"""Pages, one file for each thing that a person looks at."""
