"""Reading the data files of the catalogue: YAML without its guesses, every value with its file, line and column.

Scalars are taken as they are written (`no`, `2018-05-27` and `七` are text until a reader asks for more), a key
that stands twice or is not asked for is a fault, and every fault names its place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NoReturn, TypeVar

import yaml

from kit.dates import parse_date

T = TypeVar("T")


class DataFileError(Exception):
    """A fault in a data file; its text begins with `file:line:column`."""

    def __init__(self, message: str, file: str, line: int, column: int) -> None:
        super().__init__(f"{file}:{line}:{column}: {message}")
        self.message = message
        self.file = file
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Item:
    """A node of a YAML file and where it stands (line and column from 1)."""

    node: yaml.Node
    file: str

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    @property
    def column(self) -> int:
        return int(self.node.start_mark.column) + 1

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_text(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode)

    def fail(self, message: str) -> NoReturn:
        raise DataFileError(message, self.file, self.line, self.column)

    def fail_within(self, message: str, line: int, column: int) -> NoReturn:
        """Points into the text of a scalar: line from 1, column from 0, as the text itself counts them."""
        style = self.node.style if isinstance(self.node, yaml.ScalarNode) else None
        if style == "|":
            # The indentation of a block is not part of the text; the column is that of the text.
            raise DataFileError(message, self.file, self.line + line, column + 1)
        quote = 1 if style in {"'", '"'} else 0
        raise DataFileError(message, self.file, self.line, self.column + quote + column)

    def mapping(self, required: frozenset[str], optional: frozenset[str] = frozenset()) -> dict[str, "Item"]:
        """The entries, when all required keys are there and no other than the optional ones."""
        entries = self.entries()
        for key, value in entries.items():
            if key not in required and key not in optional:
                value.fail(f"unknown key {key}; known are {', '.join(sorted(required | optional))}")
        if missing := required - entries.keys():
            self.fail(f"missing {', '.join(sorted(missing))}")
        return entries

    def entries(self) -> dict[str, "Item"]:
        """Any keys, each once, in the order of the file."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fail("expected key: value pairs")
        found: dict[str, Item] = {}
        for key_node, value_node in self.node.value:
            key = Item(key_node, self.file)
            name = key.text()
            if name in found:
                key.fail(f"{name} stands twice")
            found[name] = Item(value_node, self.file)
        return found

    def items(self) -> list["Item"]:
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail("expected a list")
        return [Item(node, self.file) for node in self.node.value]

    def text(self) -> str:
        """A scalar as written, not empty, on one line (a `|` block may have several)."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value.strip():
            self.fail("expected text")
        if self.node.start_mark.line != self.node.end_mark.line and self.node.style != "|":
            self.fail("text of several lines is written as a | block")
        return str(self.node.value)

    def boolean(self) -> bool:
        if (text := self.text()) not in {"true", "false"}:
            self.fail("expected true or false")
        return text == "true"

    def integer(self) -> int:
        text = self.text()
        if not (text.isascii() and text.isdigit()):
            self.fail("expected a whole number")
        return int(text)

    def day(self) -> date:
        return self.read(parse_date, "expected a date of the form YYYY-MM-DD")

    def one_of(self, choices: Mapping[str, T]) -> T:
        if (text := self.text()) not in choices:
            self.fail(f"expected one of {', '.join(choices)}")
        return choices[text]

    def read(self, reader: Callable[[str], T], message: str) -> T:
        """The text through a reader that answers a fault with ValueError."""
        try:
            return reader(self.text())
        except ValueError:
            self.fail(message)

    def plain(self) -> object:
        """The content without its places, for a digest of the data."""
        if isinstance(self.node, yaml.MappingNode):
            return {key: value.plain() for key, value in self.entries().items()}
        if isinstance(self.node, yaml.SequenceNode):
            return [item.plain() for item in self.items()]
        return str(self.node.value)


def read_yaml(path: Path) -> Item:
    """The one document of a YAML file.

    Raises:
        DataFileError: not UTF-8, not YAML, empty, or more than one document.
    """
    try:
        # The C parser is libyaml's; the pure one is the same grammar, ten times slower.
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except UnicodeDecodeError:
        raise DataFileError("not UTF-8", path.name, 1, 1) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise DataFileError(f"not YAML: {error.problem}", path.name, *place) from None
    except yaml.YAMLError:
        raise DataFileError("not YAML: a character that may not stand in it", path.name, 1, 1) from None
    if node is None:
        raise DataFileError("the file is empty", path.name, 1, 1)
    return Item(node, path.name)
