#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Say how a run went: cases, skips with their reasons, failures, the log, times.

Reads results.json and test.log of a run, writes counts (and results.xml, when
kunit.py was too old to). Exits with 1 when a case failed, the kernel crashed,
nothing ran, or the log has a complaint that no case announced.
"""

import argparse
import json
import os
import re
import sys
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List
from xml.etree import ElementTree

import logcheck

RESULT = re.compile(r'^(?P<indent> *)(?:not )?ok \d+ (?:- )?(?P<name>[^#]*?)'
                    r'(?: # SKIP ?(?P<skip>.*)| #.*)?$')
SUBTEST = re.compile(r'^(?P<indent> *)# Subtest: (?P<name>.*)$')
# The first of the lines that say why a case failed.
FAILURE = re.compile(r'^ *# [^:]*: (EXPECTATION|ASSERTION) FAILED at')


@dataclass
class Case:
    """One case, or one parameter of a case."""
    name: str
    status: str


@dataclass
class Log:
    """What test.log knows and results.json does not."""
    version: str = 'unknown'
    skips: Dict[str, str] = field(default_factory=dict)
    messages: Dict[str, List[str]] = field(default_factory=dict)
    panic: str = ''
    complaints: List[str] = field(default_factory=list)


@dataclass
class Run:
    """All that is known of a run."""
    cases: List[Case]
    log: Log
    problems: List[str]

    def with_status(self, *statuses: str) -> List[Case]:
        """Return the cases that ended so."""
        return [case for case in self.cases if case.status in statuses]

    def failed(self) -> List[Case]:
        """Return the cases that neither passed nor were skipped."""
        return [case for case in self.cases if case.status not in ('PASS', 'SKIP')]


def walk(group: Dict[str, Any], path: str = '') -> Iterator[Case]:
    """Find the cases in results.json."""
    for sub in group['sub_groups']:
        yield from walk(sub, f'{path}{sub["name"]}.')
    for case in group['test_cases']:
        yield Case(path + case['name'], case['status'])


def read_log(lines: List[str]) -> Log:
    """Collect version, skip reasons and failure messages."""
    log = Log(complaints=logcheck.complaints(lines))
    path: List[str] = []
    pending: List[str] = []
    in_failure = False
    for line in lines:
        line = logcheck.TIMESTAMP.sub('', line.rstrip())
        if match := re.match(r'Linux version (\S+)', line):
            log.version = match.group(1)
        elif 'Kernel panic' in line:
            log.panic = log.panic or line.strip()
        elif match := SUBTEST.match(line):
            # A subtest is indented once more than its result.
            path[len(match.group('indent')) // 4 - 1:] = [match.group('name')]
        elif match := RESULT.match(line):
            name = '.'.join(path[:len(match.group('indent')) // 4] + [match.group('name')])
            if match.group('skip') is not None:
                log.skips[name] = match.group('skip')
            log.messages[name] = pending
            pending = []
            in_failure = False
        elif FAILURE.match(line):
            pending.append(line.strip())
            in_failure = True
        elif in_failure and line.startswith('    ') and not line.lstrip().startswith('#'):
            pending.append('  ' + line.strip())
        else:
            in_failure = False
    return log


def read_run(out: str) -> Run:
    """Read the files of a run; those that are missing are a problem."""
    run = Run([], Log(), [])
    try:
        with open(os.path.join(out, 'test.log'), encoding='utf-8',
                  errors='backslashreplace') as file:
            run.log = read_log(file.readlines())
        with open(os.path.join(out, 'results.json'), encoding='utf-8') as file:
            results = json.load(file)
        run.cases = list(walk(results))
        if errors := results['misc']['errors']:
            run.problems.append(f'{errors} errors in the results: '
                                'suites or cases are missing or cut short')
    except (OSError, ValueError) as error:
        run.problems.append(f'no results: {error}')
    if not run.with_status('PASS') and not run.failed():
        run.problems.append('no case ran')
    if run.log.panic:
        run.problems.append(f'the kernel crashed: {run.log.panic}')
        run.log.complaints = [line for line in run.log.complaints if line != run.log.panic]
    elif run.with_status('ERROR'):
        run.problems.append('the kernel stopped in the middle of a case')
    return run


def write_junit(run: Run, path: str) -> None:
    """Stand in for kunit.py --junit, which older trees lack."""
    root = ElementTree.Element('testsuite', name='KUnit', tests=str(len(run.cases)))
    for case in run.cases:
        element = ElementTree.SubElement(root, 'testcase', name=case.name)
        if case.status == 'SKIP':
            ElementTree.SubElement(element, 'skipped').text = run.log.skips.get(case.name, '')
        elif case.status != 'PASS':
            text = '\n'.join(run.log.messages.get(case.name, []))
            ElementTree.SubElement(element, 'failure').text = text
    ElementTree.ElementTree(root).write(path, encoding='utf-8', xml_declaration=True)


def print_details(run: Run, left_out: List[str]) -> None:
    """Print what did not simply pass."""
    for case in run.with_status('SKIP'):
        print(f'  skipped  {case.name}: {run.log.skips.get(case.name) or "no reason given"}')
    for suite in left_out:
        print(f'  left out {suite}: not in this configuration')
    for case in run.failed():
        print(f'  FAILED   {case.name}')
        for message in run.log.messages.get(case.name, []):
            print(f'             {message}')
    for complaint in run.log.complaints:
        print(f'  LOG      {complaint}')
    for problem in run.problems:
        print(f'  FAILED   {problem}')


def report(args: argparse.Namespace) -> bool:
    """Print the summary; true when all is well."""
    run = read_run(args.out)
    xml = os.path.join(args.out, 'results.xml')
    if not os.path.exists(xml):
        write_junit(run, xml)

    suites = {case.name.split('.')[0] for case in run.cases}
    print(f'\nLinux {run.log.version}, flavour {args.flavour}: {len(suites)} suites')
    print_details(run, args.left_out.split())
    print('Seconds: ' + args.times.replace(' ', ', ').replace('=', ' '))
    print('Results: ' + ', '.join(os.path.join(os.path.relpath(args.out), name)
                                  for name in ('results.json', 'results.xml', 'test.log')))
    passed, failed, skipped = (len(run.with_status('PASS')), len(run.failed()),
                               len(run.with_status('SKIP')))
    # A crash, or a complaint in the log, is a failure too.
    others = len(run.log.complaints) + len(run.problems)
    print(f'{passed} cases passed, {failed} failed, {skipped} skipped'
          + (f', {others} other problems' if others else ''))
    with open(os.path.join(args.out, 'counts'), 'w', encoding='utf-8') as file:
        print(passed, failed + others, skipped, file=file)
    return failed + others == 0


def main() -> int:
    """Parse the arguments, report."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--flavour', default='default')
    parser.add_argument('--times', default='', help='"step=seconds step=seconds"')
    parser.add_argument('--left-out', default='', help='suites this flavour does not have')
    parser.add_argument('out', help='folder of the run')
    return 0 if report(parser.parse_args()) else 1


if __name__ == '__main__':
    sys.exit(main())
