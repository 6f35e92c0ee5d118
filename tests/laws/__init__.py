"""Laws: tests that run over every member of a family, and over every file of the package."""
