"""The one exception that a user is meant to read."""


class ExportError(Exception):
    """A model that cannot be exported: what was expected, what was found, how to mend it."""
