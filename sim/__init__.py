"""Production: samples, generators, reconstruction, files and the command line."""
