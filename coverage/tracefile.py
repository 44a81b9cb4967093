#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Read lcov's tracefiles: the lines and branches of the files that are asked for."""

import os
from dataclasses import dataclass, field
from typing import Dict, Iterable, TextIO, Tuple


@dataclass
class FileData:
    """How often each line, and each (line, block, branch), was reached."""
    lines: Dict[int, int] = field(default_factory=dict)
    branches: Dict[Tuple[int, str, int], int] = field(default_factory=dict)


def add(data: FileData, kind: str, rest: str) -> None:
    """Add a record of a file."""
    if kind == 'DA':
        line, count = rest.split(',')[:2]
        data.lines[int(line)] = data.lines.get(int(line), 0) + int(count)
    elif kind == 'BRDA':
        line, block, branch, count = rest.split(',')
        key = (int(line), block, int(branch))
        # "-": the condition itself was not reached.
        data.branches[key] = data.branches.get(key, 0) + (0 if count == '-' else int(count))


def read(path: str, tree: str, wanted: Iterable[str]) -> Dict[str, FileData]:
    """Return the data of the wanted files, whose names are relative to the tree."""
    names = set(wanted)
    found: Dict[str, FileData] = {}
    data = None
    with open(path, encoding='utf-8') as info:
        for record in info:
            kind, _, rest = record.rstrip('\n').partition(':')
            if kind == 'SF':
                name = os.path.relpath(rest, tree)
                data = found.setdefault(name, FileData()) if name in names else None
            elif data is not None:
                add(data, kind, rest)
    return found


def copy(path: str, tree: str, wanted: Iterable[str], out: TextIO) -> None:
    """Append the records of the wanted files to a tracefile."""
    names = {os.path.join(tree, name) for name in wanted}
    test = ''
    inside = False
    with open(path, encoding='utf-8') as info:
        for record in info:
            if record.startswith('TN:'):
                test = record
            elif record.startswith('SF:'):
                inside = record[3:].rstrip('\n') in names
                if inside:
                    out.write(test)
            if inside and not record.startswith('TN:'):
                out.write(record)
            if record.startswith('end_of_record'):
                inside = False
