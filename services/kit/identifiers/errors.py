"""What an identifier can be faulted for."""

from dataclasses import dataclass


class IdentifierError(ValueError):
    """The input is not a usable identifier.

    Attributes:
        code: UPPER_SNAKE, stable.
        message: Chinese, at most 40 characters, says where the fault is and what to do, never repeats the input.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class IdentifierWarning:
    """A doubt that does not make the identifier unusable; same form as the error."""

    code: str
    message: str
