"""The names in a run folder, which is the interface between training and everything that looks at a run."""

# The whole effective recipe, and what the run recorded beside it.
RECIPE = "recipe.yaml"
# Files of one JSON value a line: logged steps, what happened between them, what the diagnosis has found and the
# signals that it read, evaluations.
LOG = "log.jsonl"
EVENTS = "events.jsonl"
FINDINGS = "findings.jsonl"
PROBES = "probes.jsonl"
METRICS = "metrics.jsonl"
# Folders: requests of other processes, pictures, saved states, the log for TensorBoard.
REQUESTS = "requests"
SAMPLES = "samples"
# What stands beside the samples at the end: real images, and the training images nearest to the first samples.
BESIDE = "beside"
REAL, NEAREST, DISTANCES = "real.png", "nearest.png", "nearest.json"
CHECKPOINTS = "checkpoints"
TENSORBOARD = "tensorboard"
REPORT = "report.html"
