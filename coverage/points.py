#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The lines and branches of a series, and the suites that reach each.

Several kernels are counted, one a flavour, of the same source. A line is the same in all
of them. gcov's numbers of its branches are not, where one has code that another leaves
out: a branch is the same when it has the same name.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Optional, Tuple

import graph
import source
import tracefile

SCHEMA = 'softleaf-coverage-1'
BOOT = 'boot'

# By line, or by key of a branch: the suites, and how often they get there.
Counts = Dict[Any, Dict[str, int]]
# A branch, and where it leads to.
Side = Tuple[tracefile.Key, str]


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


def split(folder: str) -> Tuple[str, str]:
    """Return the suite and the flavour that a folder is of: "boot.swap-off"."""
    suite, _, flavour = folder.partition('.')
    return suite, flavour


def label(suite: str, flavour: str) -> str:
    """Return what a suite is called; on the first flavour that is its name."""
    return f'{suite} [{flavour}]' if flavour else suite


def is_boot(suite: str) -> bool:
    """Tell whether it is the boot of a flavour."""
    return suite.partition(' ')[0] == BOOT


def numbered(names: List[str]) -> List[str]:
    """Put a number behind a name that was there before."""
    seen: Counter = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f'{name} #{seen[name]}')
    return found


def alike(first: List[str], other: List[str]) -> Dict[str, str]:
    """Return other names for the sides of a line in another flavour; '' for one of several.

    As many sides are the same conditions, but a side leads further in a flavour that has
    no code behind it.
    """
    if len(first) != len(other):
        return {}
    missing, more = Counter(first) - Counter(other), Counter(other) - Counter(first)
    names = {name: '' for name in more if name in first}
    if len(missing) == len(more) == 1 and not names and not set(missing) & set(other):
        names = dict(zip(more, missing))
    return names


def merge_sides(flavours: List[List[Side]]) -> Tuple[List[str],
                                                    List[List[Optional[tracefile.Key]]]]:
    """Return the sides of a line in all flavours, and which of its branches each one's are.

    Where one flavour has more sides of a name than another, that has left out some
    operands, and nothing tells which: only the one with the most says what is reached.
    """
    names = [[name for _, name in sides] for sides in flavours]
    first: List[str] = next((of_one for of_one in names if of_one), [])
    for of_one in names:
        other = alike(first, of_one)
        of_one[:] = [other.get(name, name) for name in of_one]
    merged: List[str] = []
    for of_one in names:
        merged += [name for name in numbered([name for name in of_one if name])
                   if name not in merged]
    keys: List[List[Optional[tracefile.Key]]] = []
    for sides, of_one in zip(flavours, names):
        known = {unique: key for unique, name, (key, _) in zip(numbered(of_one), of_one, sides)
                 if of_one.count(name) == max(other.count(name) for other in names)}
        keys.append([known.get(name) for name in merged])
    return merged, keys


def reached_by(counts: Dict[str, int]) -> Dict[str, int]:
    """Return the suites of a flavour that reach it; what the boot does as well is not theirs."""
    boots = {suite: count for suite, count in counts.items() if is_boot(suite) and count}
    boot = sum(boots.values())
    return {**{suite: count for suite, count in counts.items()
               if not is_boot(suite) and count > boot}, **boots}


def name_points(lines: List[Line]) -> None:
    """Name lines by what they say, and by a number where that is not enough."""
    names = numbered([f'{line.file}: {line.function or "(no function)"}: {line.text}'
                      for line in lines])
    for line, name in zip(lines, names):
        line.name = name


class Flavour:
    """A kernel, and what each suite has reached on it."""

    def __init__(self, kernel: str, tree: str, files: List[str]) -> None:
        # Of gcov-swap-off it is swap-off, and of gcov nothing.
        self.name = os.path.basename(kernel).partition('-')[2]
        self.graph = graph.Graph(kernel, tree, files)
        self.data: Dict[str, Dict[str, tracefile.FileData]] = {}
        # By file and line: which of gcov's branches each of the merged ones is here.
        self.merged: Dict[str, tracefile.Merged] = {}

    def counts(self, file: str) -> Tuple[Counts, Dict[int, Counts]]:
        """Return the counts by suite of the lines of a file, and of each one's branches."""
        lines: Counts = {}
        branches: Dict[int, Counts] = {}
        for suite, files in self.data.items():
            data = files.get(file, tracefile.FileData())
            for number, count in data.lines.items():
                lines.setdefault(number, {})[label(suite, self.name)] = count
            for key, count in data.branches.items():
                branches.setdefault(key[0], {}).setdefault(key, {})[label(suite, self.name)] = count
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


class Collector:
    """Puts the data of the suites and the sources together."""

    def __init__(self, tree: str, kernels: List[str], files: List[str]) -> None:
        self.tree = tree
        self.files = files
        self.flavours = [Flavour(kernel, tree, files) for kernel in kernels]

    def flavour(self, name: str) -> Flavour:
        """Return the flavour of this name."""
        return next(flavour for flavour in self.flavours if flavour.name == name)

    def add(self, suite: str, flavour: str, path: str) -> None:
        """Take the tracefile in of a suite on a flavour."""
        self.flavour(flavour).data[suite] = tracefile.read(path, self.tree, self.files)

    def lines_of(self, file: str) -> Iterator[Line]:
        """Return every line of a file that is code, with its branches."""
        texts = source.read_lines(self.tree, file)
        functions = source.functions(texts)
        asserted = source.assertions(texts)
        counts = [flavour.counts(file) for flavour in self.flavours]
        for number in sorted({number for lines, _ in counts for number in lines}):
            if number >= len(texts):
                continue
            branches = self.branches_of(file, texts, number,
                                        [branches.get(number, {}) for _, branches in counts])
            if not asserted[number]:
                line = Line(file, number, functions[number], texts[number].strip(), -1,
                            branches=branches)
                for lines, _ in counts:
                    line.suites.update(reached_by(lines.get(number, {})))
                yield line

    def branches_of(self, file: str, texts: List[str], number: int,
                    counts: List[Counts]) -> List[Branch]:
        """Return the branches of a line in all flavours."""
        sides, merged = merge_sides([[(key, flavour.side(file, texts, number, key[2]))
                                      for key in sorted(of_flavour)]
                                     for flavour, of_flavour in zip(self.flavours, counts)])
        branches = [Branch(side) for side in sides]
        for flavour, of_flavour, keys in zip(self.flavours, counts, merged):
            flavour.merged.setdefault(file, {})[number] = keys
            for branch, key in zip(branches, keys):
                if key:
                    branch.suites.update(reached_by(of_flavour[key]))
        return branches

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
