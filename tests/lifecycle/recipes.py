"""The commands of the documentation, and a shell to run them in as its reader would."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from testbed.operator import ROOT

PAGE = (ROOT / "docs" / "coming-and-going.md").read_text(encoding="utf-8")
NAMES = "Names used below"  # heading of the variables that the reader sets

_LIMIT = timedelta(seconds=90)  # of one section
_SECTION = re.compile(r"^#{2,3} (.+)\n((?:(?!^#{2,3} ).*\n?)*)", re.MULTILINE)
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"^([A-Z_]+)=(\S+)", re.MULTILINE)


def sections() -> dict[str, str]:
    """Return the commands of every section that has some, by its heading."""
    found = {title: "".join(_BLOCK.findall(text)) for title, text in _SECTION.findall(PAGE)}
    return {title: commands for title, commands in found.items() if commands}


def variables() -> dict[str, str]:
    """Return what the page has its reader set, with its own examples as values."""
    return dict(_VARIABLE.findall(sections()[NAMES]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Runs sections, with nothing but a cluster, kubectl and a Helm at hand."""

    folder: Path  # where files are written, and where `bin` has the programs
    kubeconfig: Path

    def follow(self, title: str, chosen: Mapping[str, str]) -> str:
        """Run the commands under a heading, which have to work; return what they print.

        Args:
            chosen: variables that differ from the page's examples.
        """
        return self.run(sections()[title], {**variables(), **chosen})

    def run(self, commands: str, names: Mapping[str, str]) -> str:
        """Run any commands that have to work; return what they print."""
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", commands],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={
                "PATH": f"{self.folder}/bin:/usr/bin:/bin",
                "HOME": str(self.folder),
                "KUBECONFIG": str(self.kubeconfig),
                **names,
            },
            timeout=_LIMIT.total_seconds(),
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout
