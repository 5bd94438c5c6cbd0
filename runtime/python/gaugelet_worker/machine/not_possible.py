"""Why there can be no image of machines."""


class NotPossibleError(Exception):
    """Something is missing. The message says what, and how to get it."""
