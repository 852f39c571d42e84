"""Reads a Dockerfile: its arguments, its stages, and the instructions of each."""

import re
import shlex
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continuation lines joined."""

    word: str  # such as RUN
    rest: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands from one FROM to the next."""

    options: tuple[str, ...]  # of FROM, such as --platform=...
    image: str
    instructions: tuple[Instruction, ...]

    def all(self, word: str) -> list[str]:
        """Return what follows each of an instruction."""
        return [each.rest for each in self.instructions if each.word == word]

    def pairs(self, word: str) -> dict[str, str]:
        """Return the names and values of all LABELs or ENVs."""
        parts = [part for rest in self.all(word) for part in shlex.split(rest)]
        return {name: value for name, _, value in (part.partition("=") for part in parts)}


def arguments(text: str) -> dict[str, str]:
    """Return the arguments before the first stage, and their defaults."""
    head = _instructions(text.partition("\nFROM ")[0])
    return {
        name: default
        for name, _, default in (each.rest.partition("=") for each in head if each.word == "ARG")
    }


def stages(text: str) -> list[Stage]:
    """Return the stages in their order; the last one is the image."""
    found: list[Stage] = []
    for part in text.split("\nFROM ")[1:]:
        line, _, body = part.partition("\n")
        words = line.split()
        options = tuple(word for word in words if word.startswith("--"))
        found.append(Stage(options, words[len(options)], tuple(_instructions(body))))
    return found


def _instructions(text: str) -> list[Instruction]:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", lines)
    words = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [Instruction(word, rest.strip()) for word, _, rest in words]
