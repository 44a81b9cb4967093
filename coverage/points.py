#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The lines and branches of a series, and the suites that reach each."""

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Optional, Tuple

import graph
import source
import tracefile

SCHEMA = 'softleaf-coverage-1'
BOOT = 'boot'


@dataclass
class Branch:
    """One side of a condition: the source line it leads to."""
    side: str
    suites: Dict[str, int] = field(default_factory=dict)


@dataclass
class Line:  # pylint: disable=too-many-instance-attributes
    """A line of code that somebody is to blame for."""
    file: str
    number: int
    function: str
    text: str
    patch: int
    name: str = ''
    suites: Dict[str, int] = field(default_factory=dict)
    branches: List[Branch] = field(default_factory=list)

    def unreached(self) -> List[Tuple[str, str]]:
        """Return name and side ('' is the line itself) of what no suite reaches."""
        if not self.suites:
            return [(self.name, '')]
        return [(f'{self.name} -> {branch.side}', branch.side)
                for branch in self.branches if not branch.suites]


@dataclass
class Totals:
    """Counts of lines and branches."""
    lines: int = 0
    lines_reached: int = 0
    branches: int = 0
    branches_reached: int = 0

    def add(self, line: Line, suite: str = '') -> None:
        """Count a line, and whether any suite (or this one) reaches it."""
        self.lines += 1
        self.lines_reached += bool(suite in line.suites if suite else line.suites)
        self.branches += len(line.branches)
        self.branches_reached += sum(bool(suite in branch.suites if suite else branch.suites)
                                     for branch in line.branches)


@dataclass
class Result:
    """All that a report is made of."""
    about: Dict[str, Any]
    patches: List[source.Commit]
    suites: List[str]
    lines: List[Line]
    # Of the files that the series touches, all lines of them.
    files: Dict[str, Totals] = field(default_factory=dict)

    def of_patch(self, patch: int) -> List[Line]:
        """Return the lines that a patch has written."""
        return [line for line in self.lines if line.patch == patch]

    def totals(self, patch: Optional[int] = None, suite: str = '', file: str = '') -> Totals:
        """Count what is left after these choices."""
        totals = Totals()
        for line in self.lines:
            if patch in (None, line.patch) and file in ('', line.file):
                totals.add(line, suite)
        return totals


def reached_by(counts: Dict[str, int]) -> Dict[str, int]:
    """Return the suites that reach it; what the boot does as well is not theirs."""
    boot = counts.get(BOOT, 0)
    suites = {suite: count for suite, count in counts.items() if suite != BOOT and count > boot}
    if boot:
        suites[BOOT] = boot
    return suites


def name_points(lines: List[Line]) -> None:
    """Name lines and sides by what they say, and by a number where that is not enough."""
    seen: Counter = Counter()
    for line in lines:
        name = f'{line.file}: {line.function or "(no function)"}: {line.text}'
        seen[name] += 1
        line.name = name if seen[name] == 1 else f'{name} #{seen[name]}'
        sides: Counter = Counter()
        for branch in line.branches:
            sides[branch.side] += 1
            if sides[branch.side] > 1:
                branch.side += f' #{sides[branch.side]}'


class Collector:
    """Puts the data of the suites and the sources together."""

    def __init__(self, tree: str, kernel: str, files: List[str]) -> None:
        self.tree = tree
        self.files = files
        self.graph = graph.Graph(kernel, tree, files)
        self.data: Dict[str, Dict[str, tracefile.FileData]] = {}

    def add(self, suite: str, path: str) -> None:
        """Take a suite's tracefile in."""
        self.data[suite] = tracefile.read(path, self.tree, self.files)

    def counts(self, file: str) -> Tuple[Dict[int, Dict[str, int]], Dict[Any, Dict[str, int]]]:
        """Return the counts by suite, of the lines and of the branches of a file."""
        lines: Dict[int, Dict[str, int]] = {}
        branches: Dict[Any, Dict[str, int]] = {}
        for suite, files in self.data.items():
            data = files.get(file, tracefile.FileData())
            for number, count in data.lines.items():
                lines.setdefault(number, {})[suite] = count
            for key, count in data.branches.items():
                branches.setdefault(key, {})[suite] = count
        return lines, branches

    def side(self, file: str, texts: List[str], line: int, branch: int) -> str:
        """Say where a branch goes."""
        target = self.graph.target(file, line, branch)
        if target == 0:
            return 'return'
        if target < 0 or target >= len(texts):
            return f'branch {branch}'
        if target == line:
            return '(the same line)'
        text = texts[target].strip()
        return 'return' if text == '}' else text

    def lines_of(self, file: str) -> Iterator[Line]:
        """Return every line of a file that is code, with its branches."""
        texts = source.read_lines(self.tree, file)
        functions = source.functions(texts)
        asserted = source.assertions(texts)
        lines, branches = self.counts(file)
        for number in sorted(lines):
            if number >= len(texts) or asserted[number]:
                continue
            line = Line(file, number, functions[number], texts[number].strip(), -1,
                        suites=reached_by(lines[number]))
            for key in sorted(key for key in branches if key[0] == number):
                line.branches.append(Branch(self.side(file, texts, number, key[2]),
                                            reached_by(branches[key])))
            yield line

    def collect(self, result: Result, repo: source.Repo, base: str) -> None:
        """Fill in the lines of the patches, and the totals of the files."""
        index_of = {commit.sha: index for index, commit in enumerate(result.patches)}
        for file in self.files:
            blame = repo.blame(base, file)
            if source.UNCOMMITTED in blame.values() and source.UNCOMMITTED not in index_of:
                index_of[source.UNCOMMITTED] = len(result.patches)
                result.patches.append(source.Commit(source.UNCOMMITTED, '(not committed)'))
            lines = list(self.lines_of(file))
            name_points(lines)
            totals = Totals()
            for line in lines:
                totals.add(line)
                line.patch = index_of.get(blame.get(line.number, ''), -1)
            if lines:
                result.files[file] = totals
            result.lines += [line for line in lines if line.patch >= 0]


def to_json(result: Result) -> Dict[str, Any]:
    """Return the summary as coverage/README.md describes it."""
    def totals(counts: Totals) -> Dict[str, int]:
        return vars(counts).copy()

    return {
        'schema': SCHEMA,
        **result.about,
        'totals': totals(result.totals()),
        'patches': [{'commit': commit.sha, 'subject': commit.subject,
                     **totals(result.totals(patch=index))}
                    for index, commit in enumerate(result.patches)],
        'suites': [{'name': suite, **totals(result.totals(suite=suite))}
                   for suite in result.suites],
        'files': [{'name': file, 'series': totals(result.totals(file=file)), 'all': totals(counts)}
                  for file, counts in result.files.items()],
        'lines': [{'name': line.name, 'file': line.file, 'line': line.number,
                   'function': line.function, 'source': line.text, 'patch': line.patch,
                   'suites': line.suites,
                   'branches': [vars(branch) for branch in line.branches]}
                  for line in result.lines],
    }


def relative(path: str) -> str:
    """Return a path as the user would type it."""
    return os.path.relpath(path) if path.startswith(os.getcwd() + os.sep) else path
