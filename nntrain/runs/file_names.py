"""What the files of a run are called."""

CONFIG = "config.yaml"
SOURCE = "source.yaml"
HISTORY = "history.jsonl"
WEIGHTS = "weights.npz"
PREPROCESS = "preprocess.json"
CHECKPOINT = "checkpoint.npz"
PREVIOUS_CHECKPOINT = "checkpoint.previous.npz"
RESULT = "result.json"
DIVERGENCE = "divergence.json"
ENVIRONMENT = "environment.json"
STATUS = "status.json"
FILES = (
    CONFIG,
    SOURCE,
    HISTORY,
    WEIGHTS,
    PREPROCESS,
    CHECKPOINT,
    PREVIOUS_CHECKPOINT,
    RESULT,
    DIVERGENCE,
    ENVIRONMENT,
    STATUS,
)
CHECKPOINTS = (CHECKPOINT, PREVIOUS_CHECKPOINT)
"""The newest first."""
LEADERBOARD = "leaderboard.csv"
"""Of a search."""
NEXT_CHECKPOINT = "checkpoint.next.npz"
"""While it is written."""
LOCK = "lock"
"""While a process works on the run."""
OWN = (*FILES, LEADERBOARD, NEXT_CHECKPOINT, LOCK)
"""All that a run has or may have."""
