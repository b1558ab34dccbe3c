"""The instrument: turns true particles into tracks, clusters and likelihoods. Knows no generator, no file."""
