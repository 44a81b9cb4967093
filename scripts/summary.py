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
SUBTEST = re.compile(r'^ *# Subtest: (.*)$')
# The lines of a case that say why it failed.
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


def cases(group: Dict[str, Any], path: str = '') -> Iterator[Case]:
    """Walk results.json."""
    for case in group['test_cases']:
        yield Case(path + case['name'], case['status'])
    for sub in group['sub_groups']:
        yield from cases(sub, f'{path}{sub["name"]}.')


def read_log(lines: List[str]) -> Log:
    """Collect version, skip reasons and failure messages."""
    log = Log()
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
            path.append(match.group(1))
        elif match := RESULT.match(line):
            depth = len(match.group('indent')) // 4
            del path[depth:]
            name = '.'.join(path + [match.group('name')])
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


def write_junit(found: List[Case], log: Log, path: str) -> None:
    """Stand in for kunit.py --junit, which trees before 7.1 lack."""
    root = ElementTree.Element('testsuite', name='KUnit', tests=str(len(found)))
    for case in found:
        element = ElementTree.SubElement(root, 'testcase', name=case.name)
        if case.status == 'SKIP':
            ElementTree.SubElement(element, 'skipped').text = log.skips.get(case.name, '')
        elif case.status != 'PASS':
            text = '\n'.join(log.messages.get(case.name, []))
            ElementTree.SubElement(element, 'failure').text = text
    ElementTree.ElementTree(root).write(path, encoding='utf-8', xml_declaration=True)


def report(args: argparse.Namespace) -> bool:
    """Print the summary; true when all is well."""
    lines: List[str] = []
    found: List[Case] = []
    problems: List[str] = []
    log_path = os.path.join(args.out, 'test.log')
    json_path = os.path.join(args.out, 'results.json')
    if os.path.exists(log_path):
        with open(log_path, encoding='utf-8', errors='backslashreplace') as file:
            lines = file.readlines()
    log = read_log(lines)
    if os.path.exists(json_path):
        with open(json_path, encoding='utf-8') as file:
            results = json.load(file)
        found = list(cases(results))
        if results['misc']['errors']:
            problems.append(f'kunit.py met {results["misc"]["errors"]} errors in the results: '
                            'suites are missing or cut short')
    if not found:
        problems.append('no case ran')
    if log.panic:
        problems.append(f'the kernel crashed: {log.panic}')
    elif any(case.status == 'ERROR' for case in found):
        problems.append('the kernel stopped in the middle of a case')

    xml_path = os.path.join(args.out, 'results.xml')
    if not os.path.exists(xml_path):
        write_junit(found, log, xml_path)

    failed = [case for case in found if case.status not in ('PASS', 'SKIP')]
    skipped = [case for case in found if case.status == 'SKIP']
    passed = len(found) - len(failed) - len(skipped)
    complaints = logcheck.complaints(lines)
    suites = {case.name.split('.')[0] for case in found}

    print()
    print(f'Linux {log.version}, flavour {args.flavour}: {len(suites)} suites')
    for case in skipped:
        print(f'  skipped  {case.name}: {log.skips.get(case.name) or "no reason given"}')
    for suite in args.left_out.split():
        print(f'  left out {suite}: the flavour does not meet its dependencies')
    for case in failed:
        print(f'  FAILED   {case.name}')
        for message in log.messages.get(case.name, []):
            print(f'             {message}')
    for complaint in complaints:
        print(f'  LOG      {complaint}')
    for problem in problems:
        print(f'  FAILED   {problem}')
    seconds = args.times.replace('=', ' ').split()
    print('Seconds: ' + ', '.join(f'{a} {b}' for a, b in zip(seconds[::2], seconds[1::2])))
    print('Results: ' + ', '.join(os.path.join(os.path.relpath(args.out), name)
                                  for name in ('results.json', 'results.xml', 'test.log')))
    # A complaint of the log, or a crash, is a failure too.
    others = len(complaints) + len(problems)
    print(f'{passed} cases passed, {len(failed)} failed, {len(skipped)} skipped'
          + (f', {others} other problems' if others else ''))
    with open(os.path.join(args.out, 'counts'), 'w', encoding='utf-8') as file:
        print(passed, len(failed) + others, len(skipped), file=file)
    return not failed and not others


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
