#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Where the branches of a line lead, from the notes that gcc leaves for gcov.

gcov numbers the branches of a line and says how often each was taken, not which side
of the condition it is: gcc may turn a condition round. The notes (.gcno) have the
graph of basic blocks, so the source line that a branch goes to tells.
"""

import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import Dict, List, Set, Tuple

Place = Tuple[str, int]

FOLDER = re.compile(r'^[^:]*:cwd: (.*)$')
FUNCTION = re.compile(r"FUNCTION ident=.*' (.*):\d+:\d+-\d+:\d+$")
BLOCK = re.compile(r'^[^:]*: +block (\d+):(.*)$')
ARC = re.compile(r'(\d+):([0-9a-f]{4})')
FILE = re.compile(r"`([^']*)':([\d, ]+)")
FAKE = 2
EXIT_BLOCK = 1


@dataclass
class Block:
    """A basic block: its lines in order, that of its branches, and the blocks it goes to."""
    lines: List[Place] = field(default_factory=list)
    line: Place = ('', 0)
    successors: List[int] = field(default_factory=list)


def read_functions(gcno: str) -> List[Dict[int, Block]]:
    """Return the blocks of each function in the notes, by gcov-dump."""
    dump = subprocess.run(['gcov-dump', '-l', gcno], check=True, capture_output=True,
                          encoding='utf-8', errors='replace').stdout
    functions: List[Dict[int, Block]] = []
    section = folder = home = ''
    for line in dump.splitlines():
        if match := FOLDER.match(line):
            folder = match.group(1)
        elif match := FUNCTION.search(line):
            home = match.group(1)
            functions.append({})
        elif match := BLOCK.match(line):
            block = functions[-1].setdefault(int(match.group(1)), Block())
            if section == 'ARCS':
                block.successors += [int(to) for to, flags in ARC.findall(match.group(2))
                                     if not int(flags, 16) & FAKE]
            elif section == 'LINES':
                for file, numbers in FILE.findall(match.group(2)):
                    # With ccache it is relative to where gcc ran.
                    path = os.path.normpath(os.path.join(folder, file))
                    found = [int(number) for number in numbers.split(',') if number.strip()]
                    block.lines += [(path, number) for number in found]
                    # gcov counts a block's branches to this line of the function.
                    if file == home:
                        block.line = (path, max(found))
        else:
            section = 'ARCS' if 'ARCS' in line else 'LINES' if 'LINES' in line else ''
    return functions


def follow(blocks: Dict[int, Block], number: int, file: str) -> int:
    """Return the next line of the file that control gets to; 0 when it leaves before."""
    seen = [number]
    for current in seen:
        block = blocks.get(current, Block())
        for name, line in block.lines:
            if name == file:
                return line
        # Of an inlined function, or of no line at all: the nearest one behind it.
        seen += [successor for successor in sorted(block.successors)
                 if successor not in seen and successor != EXIT_BLOCK]
    return 0


def targets(gcno: str, wanted: Set[str]) -> Dict[Place, List[int]]:
    """Return the target lines of the branches of each line, in the order of gcov."""
    found: Dict[Place, List[int]] = {}
    for blocks in read_functions(gcno):
        for number in sorted(blocks):
            block = blocks[number]
            if len(block.successors) < 2:
                continue
            file, line = block.line
            if file in wanted:
                found.setdefault((file, line), []).extend(
                    follow(blocks, successor, file) for successor in sorted(block.successors))
    return found


class Graph:  # pylint: disable=too-few-public-methods
    """The targets of the branches in a kernel's build folder."""

    def __init__(self, kernel: str, tree: str, files: List[str]) -> None:
        self.known: Dict[Place, List[int]] = {}
        wanted = {os.path.join(tree, name) for name in files}
        # The notes of these objects have what the headers are like, too.
        for name in files:
            gcno = os.path.join(kernel, os.path.splitext(name)[0] + '.gcno')
            if name.endswith('.c') and os.path.exists(gcno):
                for (file, line), lines in targets(gcno, wanted).items():
                    self.known.setdefault((os.path.relpath(file, tree), line), lines)

    def target(self, file: str, line: int, branch: int) -> int:
        """Return the line a branch leads to, 0 for a return, -1 when there is none."""
        lines = self.known.get((file, line), [])
        return lines[branch] if branch < len(lines) else -1
