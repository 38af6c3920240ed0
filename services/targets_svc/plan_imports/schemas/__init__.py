"""The files that come in and go out, and the answer."""
