"""What the operating system says of a file or folder, in words that say what to look at."""


def why_refused(error: OSError) -> str:
    """Why a file or folder cannot be used, and what to look at where this user may not use it."""
    said = error.strerror or type(error).__name__
    return f"{said}; check who owns it" if isinstance(error, PermissionError) else said
