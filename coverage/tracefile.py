#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Read lcov's tracefiles: the lines and branches of the files that are asked for."""

import os
from dataclasses import dataclass, field
from typing import Dict, Iterable, List, Optional, TextIO, Tuple

# gcov's name of a branch: line, block, number.
Key = Tuple[int, str, int]
# Of each line: which branch of a tracefile stands for each of the merged ones.
Merged = Dict[int, List[Optional[Key]]]


@dataclass
class FileData:
    """How often each line, and each (line, block, branch), was reached."""
    lines: Dict[int, int] = field(default_factory=dict)
    branches: Dict[Key, int] = field(default_factory=dict)


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


class Writer:
    """Makes one tracefile of those of all suites and flavours, which lcov can add up."""

    def __init__(self, tree: str, out: TextIO) -> None:
        self.tree = tree
        self.out = out
        # By file and name of a function: the line where it begins.
        self.starts: Dict[Tuple[str, str], str] = {}

    def branches(self, merged: Merged, lines: Dict[int, str], counts: Dict[Key, str]) -> None:
        """Write the records of branches, by numbers that are the same in all flavours."""
        found: List[str] = []
        for line in sorted(set(merged) & set(lines)):
            # Where the line is reached, what its flavour does not have is not taken.
            other = '-' if lines[line] == '0' else '0'
            for number, key in enumerate(merged[line]):
                count = counts.get(key, '-') if key else '-'
                found.append(other if count == '-' else count)
                self.out.write(f'BRDA:{line},0,{number},{found[-1]}\n')
        if found:
            self.out.write(f'BRF:{len(found)}\n'
                           f'BRH:{sum(count not in ("-", "0") for count in found)}\n')

    def function(self, file: str, start: str, name: str) -> str:
        """Return a name that is not that of a function elsewhere in the file."""
        # One of the flavours may have it as a stub behind an #else.
        return name if self.starts.setdefault((file, name), start) == start else f'{name}:{start}'

    def section(self, file: str, merged: Merged, records: List[str]) -> None:
        """Write what a tracefile has of a file."""
        lines: Dict[int, str] = {}
        counts: Dict[Key, str] = {}
        starts: Dict[str, str] = {}
        for record in records:
            kind, _, rest = record.partition(':')
            parts = rest.split(',', 3)
            if kind == 'BRDA':
                counts[int(parts[0]), parts[1], int(parts[2])] = parts[3]
            elif kind == 'DA':
                lines[int(parts[0])] = parts[1]
            elif kind == 'FNL':
                starts[parts[0]] = parts[1]
            elif kind == 'FNA':
                parts[2] = self.function(file, starts[parts[0]], parts[2])
                record = f'{kind}:{",".join(parts)}'
            if kind not in ('BRDA', 'BRF', 'BRH'):
                self.out.write(record + '\n')
        self.branches(merged, lines, counts)
        self.out.write('end_of_record\n')

    def add(self, path: str, wanted: Dict[str, Merged]) -> None:
        """Append the records of the wanted files."""
        test = file = ''
        records: List[str] = []
        with open(path, encoding='utf-8') as info:
            for record in info.read().splitlines():
                if record.startswith('TN:'):
                    test = record
                elif record.startswith('SF:'):
                    file = os.path.relpath(record[3:], self.tree)
                    records = [record]
                elif record != 'end_of_record':
                    records.append(record)
                elif file in wanted:
                    self.out.write(test + '\n')
                    self.section(file, wanted[file], records)
