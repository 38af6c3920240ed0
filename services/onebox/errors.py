"""What can go wrong on the machine, told to the person at the keyboard."""


class OneboxError(Exception):
    """A start that cannot succeed. The message says what happened and what to do, first in Chinese, then in English."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese}\n{english}")
        self.chinese = chinese
        self.english = english
