"""Why a worker cannot be had at the level that was asked for."""


class Refused(Exception):
    """The reason in words for the user: what is missing, and what to enable."""
