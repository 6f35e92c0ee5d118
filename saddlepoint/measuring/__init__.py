"""Named metrics on samples and real data: which of them, on what features, against which reference, beside what real
data would score, and which records may be compared."""
