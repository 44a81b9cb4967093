#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Whose lines they are: git's blame over a range of commits, and C's functions."""

import os
import re
import subprocess
from dataclasses import dataclass
from typing import Dict, List, Tuple

# A line that begins a function in kernel style, and what is none.
DEFINITION = re.compile(r'^[A-Za-z_][\w\s*,()]*?\b(\w+)\(')
NO_FUNCTION = re.compile(r'^(#|extern\b|typedef\b|\w+:|[A-Z0-9_]+\()|;\s*$')
# An assertion, which a correct kernel never leaves on its other side.
ASSERTION = re.compile(r'\b((VM_|DEBUG_|MMAP_|NODES_)?(BUG|WARN)_?ON\w*|BUILD_BUG\w*'
                       r'|BUG|WARN|WARN_ONCE|unreachable)\(')
UNCOMMITTED = '0' * 40


class GitError(Exception):
    """git could not do it; the message is its own."""


@dataclass
class Commit:
    """A patch: its commit, and the first line of its message."""
    sha: str
    subject: str


class Repo:
    """A git repository that is only read."""

    def __init__(self, work_tree: str, git_dir: str = '') -> None:
        self.command = ['git', '--no-optional-locks', '-c', 'safe.directory=*', '-C', work_tree]
        if git_dir:
            self.command += ['--git-dir', git_dir, '--work-tree', '.']

    def run(self, *args: str) -> str:
        """Run git, return its output."""
        done = subprocess.run(self.command + list(args), capture_output=True,
                              encoding='utf-8', errors='replace', check=False)
        if done.returncode:
            raise GitError((done.stderr.strip() or 'git failed').splitlines()[0])
        return done.stdout

    def commits(self, revisions: str) -> List[Commit]:
        """Return the commits of a range, the oldest first."""
        log = self.run('log', '--reverse', '--no-merges', '--format=%H %s', revisions)
        return [Commit(*line.split(' ', 1)) for line in log.splitlines()]

    def blame(self, base: str, file: str) -> Dict[int, str]:
        """Return the commit after the base that each line of the work tree is of."""
        lines: Dict[int, str] = {}
        boundary: Dict[str, bool] = {}
        sha = number = ''
        for line in self.run('blame', '-w', '--porcelain', f'^{base}', '--', file).splitlines():
            if match := re.match(r'([0-9a-f]{40}) \d+ (\d+)', line):
                sha, number = match.groups()
                boundary.setdefault(sha, False)
            elif line == 'boundary':
                boundary[sha] = True
            elif line.startswith('\t') and not boundary[sha]:
                lines[int(number)] = sha
        return lines


def read_lines(tree: str, file: str) -> List[str]:
    """Return the lines of a source file; the first one is number 1."""
    with open(os.path.join(tree, file), encoding='utf-8', errors='replace') as source:
        return [''] + source.read().splitlines()


def functions(lines: List[str]) -> List[str]:
    """Return the function that each line is in, or an empty string."""
    found = [''] * len(lines)
    name = ''
    inside = False
    for number, line in enumerate(lines):
        if not inside and (match := DEFINITION.match(line)) and not NO_FUNCTION.search(line):
            name = match.group(1)
        if line.startswith('{') and name:
            inside = True
        found[number] = name if inside or line.strip() else ''
        if line.startswith('}'):
            inside, name = False, ''
    return found


def assertions(lines: List[str]) -> List[bool]:
    """Return which lines belong to an assertion, up to its closing bracket."""
    found = [False] * len(lines)
    depth = 0
    for number, line in enumerate(lines):
        start = 0
        if not depth:
            match = ASSERTION.search(line)
            if not match or line.startswith('#'):
                continue
            start = match.end() - 1
        found[number] = True
        depth += line.count('(', start) - line.count(')', start)
        depth = max(depth, 0) if not line.rstrip().endswith(';') else 0
    return found


def span(revisions: str) -> Tuple[str, str]:
    """Return both ends of a range a..b."""
    base, dots, tip = revisions.partition('..')
    if not dots or not base or base.startswith('-'):
        raise GitError(f'"{revisions}" is no range of commits')
    return base, tip or 'HEAD'
