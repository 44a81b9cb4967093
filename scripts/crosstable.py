#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Say how the targets of make cross went: what was skipped and why, failures, a table.

Reads what scripts/cross left in the folder of each target, writes counts there, and
for all of them in the folder above when each of them ran. Exits with 1 when a case
failed, a kernel crashed, its log has a complaint that no case announced, or something
that has to run did not; with 2 when a target could not run.
"""

import argparse
import os
import re
import sys
from dataclasses import dataclass, field
from typing import Dict, List, Set

import summary

# These run on every target: a skip of all their cases would prove nothing.
MUST_RUN = ('pmd_softleaf_encoding', 'pmd_swap_entry')
PGTABLE = re.compile(r'debug_vm_pgtable: \[\w+ *\]: Validating (?P<what>.+)$')
# What pmd_softleaf_encoding says of the architecture.
ENCODING = re.compile(r'# pmd_softleaf_test_offset_bits: .*: (?P<bits>\d+ offset bits in a .*)$')
FLAG = re.compile(r'# pmd_softleaf_test_offset_bits: flag (?P<flag>[\w-]+): (?P<has>yes|no)$')
# Of debug_vm_pgtable: what every CPU runs, and what one with huge pages does.
PGTABLE_ALWAYS = {'PTE basic', 'PTE swap', 'PTE swap exclusive', 'swap migration'}
PGTABLE_HUGE = {'PMD basic', 'PMD swap', 'PMD based THP'}
COLUMNS = ('target', 'pages', 'on', 'built s', 'run s', 'passed', 'failed', 'skipped',
           'warnings', 'pgtable')


@dataclass
class Said:
    """What a log says beside results: tests of debug_vm_pgtable, what an entry can hold."""
    pgtable: Set[str] = field(default_factory=set)
    encoding: List[str] = field(default_factory=list)


@dataclass
class Target:
    """A target and what is known of it."""
    name: str
    pages: str
    lacks: str
    cannot: str
    out: str
    run: summary.Run = field(default_factory=lambda: summary.Run([], summary.Log(), []))
    said: Said = field(default_factory=Said)

    def noted(self, name: str) -> str:
        """Return what a file of the target's folder says."""
        try:
            with open(os.path.join(self.out, name), encoding='utf-8') as file:
                return file.read().strip()
        except OSError:
            return '-'

    def others(self) -> int:
        """Return how much is wrong that is no case."""
        return len(self.run.log.complaints) + len(self.run.problems)

    def counts(self) -> List[int]:
        """Return how many passed, failed, were skipped."""
        return [len(self.run.with_status('PASS')), len(self.run.failed()),
                len(self.run.with_status('SKIP'))]

    def row(self) -> List[str]:
        """Return its line of the table."""
        start = [self.name, self.pages, self.noted('accel'), self.noted('built')]
        if self.cannot:
            return [*start, '-', 'not run', '', '', '', '']
        passed, failed, skipped = self.counts()
        return [*start, self.noted('ran'), str(passed), str(failed + len(self.run.problems)),
                str(skipped), str(len(self.run.log.complaints)), str(len(self.said.pgtable))]


def read_log(target: Target) -> None:
    """Find what debug_vm_pgtable has run, and what the entries of this machine can hold."""
    path = os.path.join(target.out, 'test.log')
    has: Dict[str, List[str]] = {'yes': [], 'no': []}
    try:
        with open(path, encoding='utf-8', errors='backslashreplace') as file:
            for line in file:
                line = line.rstrip()
                if match := PGTABLE.search(line):
                    target.said.pgtable.add(match.group('what').partition(' (')[0])
                elif match := ENCODING.search(line):
                    target.said.encoding.append(match.group('bits'))
                elif match := FLAG.search(line):
                    has[match.group('has')].append(match.group('flag'))
    except OSError:
        pass
    for word, flags in (('with', has['yes']), ('without', has['no'])):
        if flags:
            target.said.encoding.append(f'{word} ' + ', '.join(flags))


def read(target: Target, partial: bool) -> None:
    """Read its results, and demand that it ran what it has to."""
    target.run = summary.read_run(target.out)
    read_log(target)
    xml = os.path.join(target.out, 'results.xml')
    if not os.path.exists(xml):
        summary.write_junit(target.run, xml)
    problems = target.run.problems
    wanted = PGTABLE_ALWAYS | (PGTABLE_HUGE if not target.lacks else set())
    if missing := sorted(wanted - target.said.pgtable):
        problems.append('debug_vm_pgtable did not run: ' + ', '.join(missing))
    if partial:
        return
    ran = {case.name.split('.')[0] for case in target.run.with_status('PASS')
           + target.run.failed()}
    for suite in MUST_RUN:
        if suite not in ran:
            problems.append(f'suite {suite} did not run')


def print_skips(target: Target) -> None:
    """Print the reasons, each with its cases."""
    reasons: Dict[str, List[str]] = {}
    for case in target.run.with_status('SKIP'):
        reason = target.run.log.skips.get(case.name) or 'no reason given'
        reasons.setdefault(reason, []).append(case.name)
    for reason, cases in reasons.items():
        # The parameters of a case are one case here.
        names = sorted({'.'.join(case.split('.')[:2]) for case in cases})
        some = ', '.join(names[:3]) + (', ...' if len(names) > 3 else '')
        print(f'  {target.name}: skipped {len(cases)}: {reason} ({some})')


def print_details(target: Target) -> None:
    """Print what did not simply pass."""
    if target.cannot:
        print(f'  {target.name}: NOT RUN: {target.cannot}')
        return
    if target.lacks:
        print(f'  {target.name}: {target.lacks}')
    if target.said.encoding:
        print(f'  {target.name}: ' + '; '.join(target.said.encoding))
    print_skips(target)
    for case in target.run.failed():
        print(f'  {target.name}: FAILED: {case.name}')
        for message in target.run.log.messages.get(case.name, []):
            print(f'      {message}')
    for complaint in target.run.log.complaints:
        print(f'  {target.name}: LOG: {complaint}')
    for problem in target.run.problems:
        print(f'  {target.name}: FAILED: {problem}')


def print_table(targets: List[Target]) -> None:
    """Print a line a target."""
    rows = [list(COLUMNS)] + [target.row() for target in targets]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    for row in rows:
        cells = [cell.ljust(width) if i < 3 else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        print('  '.join(cells).rstrip())


def write_counts(folder: str, counts: List[int]) -> None:
    """For scripts/test."""
    with open(os.path.join(folder, 'counts'), 'w', encoding='utf-8') as file:
        print(*counts, file=file)


def report(folder: str, targets: List[Target], partial: bool) -> int:
    """Print all, return the exit code."""
    totals = [0, 0, 0]
    for target in targets:
        if not target.cannot:
            read(target, partial)
            passed, failed, skipped = target.counts()
            counts = [passed, failed + target.others(), skipped]
            write_counts(target.out, counts)
            totals = [a + b for a, b in zip(totals, counts)]
    print()
    for target in targets:
        print_details(target)
    print_table(targets)
    cannot = [target.name for target in targets if target.cannot]
    print(f'{totals[0]} cases passed, {totals[1]} failed, {totals[2]} skipped'
          + (f', not run: {" ".join(cannot)}' if cannot else ''))
    print('Results: ' + os.path.join(os.path.relpath(folder), '<target>',
                                     '{results.json,results.xml,test.log}'))
    if cannot:
        return 2
    write_counts(folder, totals)
    return 1 if totals[1] else 0


def main() -> int:
    """Parse the arguments, report."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--partial', action='store_true', help='only some suites were asked for')
    parser.add_argument('folder', help='build/cross')
    parser.add_argument('target', nargs='+',
                        help='"name|page size|what its machine lacks|why it did not run"')
    args = parser.parse_args()
    targets = []
    for text in args.target:
        name, pages, lacks, cannot = text.split('|', 3)
        targets.append(Target(name, pages, lacks, cannot, os.path.join(args.folder, name)))
    return report(args.folder, targets, args.partial)


if __name__ == '__main__':
    sys.exit(main())
