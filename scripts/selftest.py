#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Turn the console logs of make selftest into a table, results.json and counts.

Reads run-*/console.log in the folder, where scripts/selftest-init.sh marks the
output of each program; that is KTAP, or only an exit status. Exits with 1 when a
test failed that is not known to, or failed that passes without our series, or the
kernel crashed or complained, or nothing ran.
"""

import argparse
import glob
import json
import os
import re
import sys
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from typing import Dict, Iterable, List, Optional, Tuple

import logcheck

BEGIN = re.compile(r'^### (?P<mark>begin|again) (?P<command>.*)$')
END = re.compile(r'^### end (?P<command>.*): (?P<status>\d+) (?P<begin>[\d.]+) (?P<end>[\d.]+)$')
RESULT = re.compile(r'^(?P<failed>not )?ok \d+(?: -)? ?(?P<name>.*?)'
                    r'(?: ?# (?P<directive>SKIP|XFAIL|XPASS|TODO)\b ?(?P<why>.*))?$')
PLAN = re.compile(r'^1\.\.(?P<count>\d+)(?: # SKIP ?(?P<why>.*))?$')
CRASH = re.compile(r'Kernel panic|Kernel mode (fault|signal)')
# As kselftest.h has them.
EXIT_SKIP = 4
EXIT_KILLED = 137

OK, FAILED, SKIPPED = 'ok', 'not ok', 'skipped'
# The names that parse_tests() gives to the failures of a program as a whole.
CUT_SHORT = ('exit', 'plan')


@dataclass
class Test:
    """One result line, or the exit of a program that prints none."""
    name: str
    status: str
    why: str = ''
    # For a failure: why it is no surprise.
    known: str = ''
    # Of how many attempts it failed in how many, if in some only.
    failed_in: str = ''


@dataclass
class Program:
    """One command with one kind of swap area."""
    command: str
    swap: str
    # It is one more attempt of the program before it.
    again: bool = False
    seconds: float = 0.0
    tests: List[Test] = field(default_factory=list)
    output: List[str] = field(default_factory=list)

    def count(self, status: str) -> int:
        """Return how many of its tests ended so."""
        return sum(test.status == status for test in self.tests)

    def title(self) -> str:
        """Return what the table calls it."""
        return f'{self.command} ({self.swap})'


@dataclass
class Known:
    """A line of the list of known failures."""
    command: str
    test: str
    cause: str
    seen: bool = False

    def covers(self, program: Program, test: Test) -> bool:
        """Tell whether this is the failure meant; a * at the end stands for any."""
        if program.command != self.command:
            return False
        if self.test.endswith('*'):
            return test.name.startswith(self.test[:-1])
        return test.name == self.test


def squeeze(text: str) -> str:
    """Make one blank of many, and one name of those that differ by an address."""
    return re.sub(r'0x[0-9a-f]+', '0x...', ' '.join(text.split()))


def parse_tests(output: Iterable[str], status: Optional[int]) -> List[Test]:
    """Read the results of one program; no status means that it never ended."""
    tests: List[Test] = []
    planned = None
    why = ''
    last = ''
    for line in output:
        last = line.strip().lstrip('# ') or last
        if match := PLAN.match(line):
            planned = int(match.group('count'))
            why = match.group('why') or why
        elif line.startswith('Bail out!'):
            why = line
        elif match := RESULT.match(line):
            skipped = match.group('directive') == 'SKIP'
            reason = squeeze(match.group('why') or '')
            result = FAILED if match.group('failed') else SKIPPED if skipped else OK
            tests.append(Test(squeeze(match.group('name')) or reason, result, reason))

    failed = any(test.status == FAILED for test in tests)
    if status is None:
        tests.append(Test('exit', FAILED, 'the kernel ended before it'))
    elif status == EXIT_KILLED:
        tests.append(Test('exit', FAILED, 'killed, its time was over'))
    elif status == EXIT_SKIP and not tests:
        tests.append(Test('exit', SKIPPED, squeeze(why or last)))
    elif status not in (0, EXIT_SKIP) and not failed:
        tests.append(Test('exit', FAILED, squeeze(f'status {status}: {why or last}')))
    elif planned and planned != len(tests):
        tests.append(Test('plan', FAILED, f'{planned} tests planned, {len(tests)} ran'))
    elif not tests:
        tests.append(Test('exit', OK))
    return tests


def parse_console(lines: Iterable[str], swap: str) -> Tuple[List[Program], str]:
    """Find the programs in a console log, and how the kernel crashed if it did."""
    programs: List[Program] = []
    current: Optional[Program] = None
    crash = ''
    for raw in lines:
        line = logcheck.TIMESTAMP.sub('', raw.rstrip())
        if CRASH.search(line):
            crash = crash or line
        if match := BEGIN.match(line):
            current = Program(match.group('command'), swap, match.group('mark') == 'again')
            programs.append(current)
        elif current and (match := END.match(line)):
            current.seconds = float(match.group('end')) - float(match.group('begin'))
            current.tests = parse_tests(current.output, int(match.group('status')))
            current = None
        elif current:
            current.output.append(line)
    if current:
        current.tests = parse_tests(current.output, None)
    return programs, crash


def merge_attempts(programs: List[Program]) -> List[Program]:
    """Make one of the attempts of a program: a test that passed in one has passed.

    scripts/selftest-init.sh repeats only what scripts/selftest-programs.txt calls
    racy. Programs that have many tests of one name run them in one order.
    """
    groups: List[List[Program]] = []
    for program in programs:
        if program.again:
            groups[-1].append(program)
        else:
            groups.append([program])
    merged = []
    for group in groups:
        # Of the one that came furthest are the tests, and their order.
        program = max(group, key=lambda attempt: len(attempt.tests))
        if len(group) > 1:
            attempts = [by_occurrence(attempt.tests) for attempt in group]
            program.tests = [merge_test([attempt[key] for attempt in attempts if key in attempt],
                                        len(group))
                             for key in by_occurrence(program.tests)]
            ended = any(attempt.tests and not cut_short(attempt) for attempt in group)
            program.tests = [test for test in program.tests
                             if not ended or test.name not in CUT_SHORT]
            program.seconds = sum(attempt.seconds for attempt in group)
            program.output = [line for attempt in group for line in attempt.output]
        merged.append(program)
    return merged


def by_occurrence(tests: List[Test]) -> Dict[Tuple[str, int], Test]:
    """Tell apart tests that have the same name."""
    seen: Counter = Counter()
    named = {}
    for test in tests:
        seen[test.name] += 1
        named[test.name, seen[test.name]] = test
    return named


def merge_test(results: List[Test], attempts: int) -> Test:
    """Take the best of the results, and note how often it was not that."""
    best = min(results, key=lambda test: (OK, SKIPPED, FAILED).index(test.status))
    failures = sum(test.status == FAILED for test in results)
    if failures and best.status != FAILED:
        best.failed_in = f'{failures} of {attempts} attempts'
    return best


def cut_short(program: Program) -> bool:
    """Tell whether it did not come to its end."""
    return any(test.status == FAILED and test.name in CUT_SHORT for test in program.tests)


def read_known(path: str) -> List[Known]:
    """Read the list: program, test and cause, with tabs between."""
    known = []
    with open(path, encoding='utf-8') as file:
        for line in file:
            if line.strip() and not line.startswith('#'):
                command, test, cause = line.rstrip('\n').split('\t')
                known.append(Known(command, test, cause))
    return known


def read_baseline(path: str) -> Dict[Tuple[str, str, str], str]:
    """Read which tests of another run ended how; one that failed once, failed."""
    with open(path, encoding='utf-8') as file:
        results = json.load(file)
    statuses: Dict[Tuple[str, str, str], str] = {}
    for program in results['programs']:
        for test in program['tests']:
            key = program['command'], program['swap'], test['name']
            if statuses.get(key) != FAILED:
                statuses[key] = test['status']
    return statuses


def judge(programs: List[Program], known: List[Known],
          baseline: Dict[Tuple[str, str, str], str]) -> List[str]:
    """Find what is known of the failures; return the others, a line each."""
    problems = []
    for program in programs:
        for test in program.tests:
            if test.status != FAILED:
                continue
            line = f'{program.title()}: {test.name}' + (f': {test.why}' if test.why else '')
            covering = [entry for entry in known if entry.covers(program, test)]
            for entry in covering:
                entry.seen = True
            if baseline.get((program.command, program.swap, test.name)) == OK:
                problems.append(f'{line} (passes without our series)')
            elif covering:
                test.known = covering[0].cause
            else:
                problems.append(line)
    return problems


def print_table(programs: List[Program]) -> None:
    """Print a row a program, and the sums."""
    width = max(len(program.title()) for program in programs)
    row = '{:<' + str(width) + '} {:>6} {:>7} {:>8} {:>8}'
    print(row.format('program (swap)', 'ok', 'not ok', 'skipped', 'seconds'))
    for program in programs:
        counts = [program.count(status) or '' for status in (OK, FAILED, SKIPPED)]
        print(row.format(program.title(), *counts, f'{program.seconds:.1f}'))
    sums = [sum(program.count(status) for program in programs)
            for status in (OK, FAILED, SKIPPED)]
    seconds = sum(program.seconds for program in programs)
    print(row.format(f'{len(programs)} in all', *sums, f'{seconds:.1f}'))


def print_skips(programs: List[Program]) -> None:
    """Print the reasons, each once with the programs that gave it."""
    reasons: Dict[str, Counter] = defaultdict(Counter)
    for program in programs:
        for test in program.tests:
            if test.status == SKIPPED:
                reasons[test.why or test.name][program.command] += 1
    for reason, commands in sorted(reasons.items(), key=lambda item: -sum(item[1].values())):
        print(f'skipped {sum(commands.values())}: {reason} ({", ".join(commands)})')


def read_runs(folder: str) -> Tuple[List[Program], List[str]]:
    """Read all console logs, and write a log a program."""
    programs: List[Program] = []
    problems = []
    os.makedirs(os.path.join(folder, 'logs'), exist_ok=True)
    # ubd, which runs all of them, first.
    for path in sorted(glob.glob(os.path.join(folder, 'run-*/console.log')), reverse=True):
        swap = os.path.basename(os.path.dirname(path)).partition('-')[2]
        with open(path, encoding='utf-8', errors='backslashreplace') as file:
            lines = file.read().splitlines()
        found, crash = parse_console(lines, swap)
        programs += found
        if crash:
            problems.append(f'the kernel crashed ({swap}): {crash}')
        elif '### done' not in lines:
            problems.append(f'the kernel ({swap}) did not come to the end of the list: '
                            + (lines[-1] if lines else 'no output'))
        problems += [f'kernel log ({swap}): {line}' for line in logcheck.complaints(lines)
                     if line != crash.strip()]
    programs = merge_attempts(programs)
    for program in programs:
        name = re.sub(r'[^\w.-]+', '_', f'{program.command}-{program.swap}')
        with open(os.path.join(folder, 'logs', f'{name}.log'), 'w', encoding='utf-8') as log:
            log.write('\n'.join(program.output) + '\n')
    return programs, problems


def write_results(folder: str, programs: List[Program], problems: List[str]) -> str:
    """Write results.json and counts; return the sums as a line."""
    passed = sum(program.count(OK) for program in programs)
    skipped = sum(program.count(SKIPPED) for program in programs)
    known = sum(bool(test.known) for program in programs for test in program.tests)
    results = [{key: value for key, value in asdict(program).items()
                if key not in ('output', 'again')}
               for program in programs]
    with open(os.path.join(folder, 'results.json'), 'w', encoding='utf-8') as file:
        json.dump({'programs': results, 'problems': problems}, file, indent=1)
    with open(os.path.join(folder, 'counts'), 'w', encoding='utf-8') as file:
        file.write(f'{passed} {len(problems)} {skipped + known}\n')
    return (f'{passed} tests passed, {len(problems)} failed, {skipped} skipped, '
            f'{known} fail without our series too')


def print_known(programs: List[Program], known: List[Known]) -> None:
    """Print the failures that are no surprise, and what surprises by passing."""
    for program in programs:
        for test in program.tests:
            if test.known:
                print(f'known: {program.title()}: {test.name}: {test.known}')
            if test.failed_in:
                print(f'racy: {program.title()}: {test.name}: failed in {test.failed_in}')
    ran = {program.command for program in programs}
    for entry in known:
        if entry.command in ran and not entry.seen:
            print(f'passes now: {entry.command}: {entry.test}: take it off the list')


def main() -> int:
    """Read a run, print what it gave, write results.json and counts."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--known', required=True, help='list of known failures')
    parser.add_argument('--baseline', help='results.json of the kernel without our series')
    parser.add_argument('--must-run', help='a program that may not skip a test')
    parser.add_argument('--times', help='name=seconds, with blanks between')
    parser.add_argument('folder', help='where the run left its logs')
    args = parser.parse_args()

    known = read_known(args.known)
    programs, problems = read_runs(args.folder)
    if programs:
        print_table(programs)
        print_skips(programs)
    else:
        problems.append('no program ran')
    problems += judge(programs, known, read_baseline(args.baseline) if args.baseline else {})
    problems += [f'{program.title()}: {test.name}: skipped: {test.why}'
                 for program in programs if program.command == args.must_run
                 for test in program.tests if test.status == SKIPPED]
    print_known(programs, known)
    for line in problems:
        print(f'FAILED: {line}')
    if args.times:
        print('Seconds:', args.times)
    print(write_results(args.folder, programs, problems))
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
