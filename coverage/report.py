#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tell which lines and branches of each patch the suites reach, and which not.

Prints tables, writes summary.json (and report.txt, the same tables). Exits with 1 when
something is unreached and not in the list, or in the list and reached, or when an
earlier result had reached it.
"""

import argparse
import contextlib
import io
import json
import os
import sys
from typing import Any, Dict, List, Set

import pages
import points
import source
import tracefile
import unreached

WIDTH = 100


def share(reached: int, total: int) -> str:
    """Return "12 of 14   85.7 %", and never 100 % when something is missing."""
    percent = f'{int(1000 * reached / total) / 10:5.1f} %' if total else '      -'
    return f'{reached:5} of {total:<5}{percent}'


def row(name: str, totals: points.Totals, more: str = '') -> None:
    """Print one row of a table."""
    print(f'{name:<60.60} {share(totals.lines_reached, totals.lines)}'
          f'  {share(totals.branches_reached, totals.branches)}  {more}'.rstrip())


def head(name: str) -> None:
    """Print the first row of a table."""
    print(f'\n{name:<60} {"lines":^21}  {"branches":^21}'.rstrip())


def print_patches(result: points.Result, listed: Dict[str, str]) -> None:
    """Print the patches, and below each what no suite reaches."""
    head('Patch')
    for index, commit in enumerate(result.patches):
        lines = result.of_patch(index)
        row(f'{index + 1:2} {commit.subject}', result.totals(patch=index),
            '' if lines else '(nothing that is compiled here)')
        for line in lines:
            for name, side in line.unreached():
                where = f'   {line.file}:{line.number} {line.function}(): {line.text}'
                print(where + (f'  -> {side}' if side else ''))
                print('      ' + (f'listed: {listed[name]}' if name in listed
                                  else 'no suite gets there' if not side else
                                  'no suite takes this side'))
    row('all', result.totals())


def print_others(result: points.Result) -> None:
    """Print the tables of the files and the suites."""
    head('File (lines of the series; all lines)')
    for file, totals in result.files.items():
        of_series = result.totals(file=file)
        if of_series.lines:
            row(file, of_series, f'(all: {share(totals.lines_reached, totals.lines).strip()})')
    head('Suite (lines of the series it reaches; that only it reaches)')
    for suite in result.suites:
        only = sum(set(line.suites) == {suite} for line in result.lines)
        only_branches = sum(set(branch.suites) == {suite}
                            for line in result.lines for branch in line.branches)
        row(suite, result.totals(suite=suite), f'(alone: {only}, {only_branches})')


def check_list(result: points.Result, listed: Dict[str, str], path: str,
               whole: bool) -> List[str]:
    """Compare what is unreached with the list, which is of all flavours."""
    found = {name: f'{line.file}:{line.number}'
             for line in result.lines for name, _ in line.unreached()}
    known: Set[str] = set()
    for line in result.lines:
        known.add(line.name)
        known.update(f'{line.name} -> {branch.side}' for branch in line.branches)
    problems = [f'unreached, and not in {path}: {name} ({found[name]})'
                for name in found if name not in listed]
    for name in listed:
        if name in known and name not in found:
            problems.append(f'in {path}, and reached: {name}')
        elif name not in known and whole:
            problems.append(f'in {path}, and not in the series: {name}')
    return problems


def reached_names(lines: List[Dict[str, Any]]) -> Dict[str, bool]:
    """Return every line and branch of a summary, and whether it is reached."""
    names = {}
    for line in lines:
        names[line['name']] = bool(line['suites'])
        for branch in line['branches']:
            names[f'{line["name"]} -> {branch["side"]}'] = bool(branch['suites'])
    return names


def compare(summary: Dict[str, Any], path: str) -> List[str]:
    """Print what is other than in an earlier summary; return what was lost."""
    with open(path, encoding='utf-8') as file:
        earlier = json.load(file)
    if earlier.get('schema') != points.SCHEMA:
        return [f'{path} is of another version of make coverage: make it again']
    before, after = reached_names(earlier['lines']), reached_names(summary['lines'])
    lost = [name for name, reached in after.items() if not reached and before.get(name)]
    gained = [name for name, reached in after.items() if reached and before.get(name) is False]
    new = [name for name in after if name not in before]
    untested = [name for name in new if not after[name]]
    gone = [name for name in before if name not in after]
    print(f'\nCompared with {earlier["revision"]}: {len(lost)} lost, {len(gained)} gained, '
          f'{len(new)} new ({len(untested)} of them untested), {len(gone)} gone')
    for name in untested:
        print(f'  new and untested: {name}')
    for name in gained:
        print(f'  gained: {name}')
    # What one failed to reach, with the suites that did reach it.
    names = {}
    for line in earlier['lines']:
        names[line['name']] = line['suites']
        for branch in line['branches']:
            names[f'{line["name"]} -> {branch["side"]}'] = branch['suites']
    return [f'lost: {name} (was reached by {", ".join(names[name])})' for name in lost]


def gather(args: argparse.Namespace) -> points.Result:
    """Read sources, blame and tracefiles."""
    repo = source.Repo(args.repo or args.tree)
    base, tip = source.span(args.range)
    commits = [commit for commit in repo.commits(f'{base}..{tip}') if commit.sha != args.without]
    if not commits:
        raise source.GitError(f'there is no commit in {args.range}')
    with open(args.files, encoding='utf-8') as file:
        files = file.read().splitlines()
    result = points.Result(dict(item.split('=', 1) for item in args.about), commits, [], [])
    collector = points.Collector(args.tree, args.kernel, files)
    for folder in args.suite:
        suite, flavour = points.split(folder)
        collector.add(suite, flavour, os.path.join(args.suites, folder, 'coverage.info'))
        if suite != points.BOOT:
            result.suites.append(points.label(suite, flavour))
    collector.collect(result, repo, base)
    with open(os.path.join(args.out, 'coverage.info'), 'w', encoding='utf-8') as file:
        writer = tracefile.Writer(args.tree, file)
        for folder in args.suite:
            merged = collector.flavour(points.split(folder)[1]).merged
            writer.add(os.path.join(args.suites, folder, 'coverage.info'),
                       {name: merged[name] for name in result.files})
    return result


def verdict(result: points.Result, problems: List[str], listed: Dict[str, str]) -> None:
    """Print the last lines: the figures, with what is listed left out, and the problems."""
    totals = result.totals()
    lines = [line for line in result.lines if line.name not in listed]
    reachable = points.Totals()
    for line in lines:
        reachable.add(line)
        reachable.branches -= sum(f'{line.name} -> {branch.side}' in listed
                                  for branch in line.branches)
    print(f'\nLines    {share(totals.lines_reached, totals.lines)}'
          f'   of those that can be reached {share(reachable.lines_reached, reachable.lines)}')
    print(f'Branches {share(totals.branches_reached, totals.branches)}'
          f'   of those that can be reached '
          f'{share(reachable.branches_reached, reachable.branches)}')
    for problem in problems:
        print(f'FAILED: {problem}')


def main() -> int:
    """Parse the arguments, report."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--tree', required=True, help='the kernel tree that was built')
    parser.add_argument('--kernel', required=True, action='append',
                        help='its build folder, of each flavour')
    parser.add_argument('--suites', required=True, help='folder of the results of suites')
    parser.add_argument('--range', required=True, help='commits a..b')
    parser.add_argument('--files', required=True, help='file with the names of the files')
    parser.add_argument('--repo', help='where the commits are, when not in the tree')
    parser.add_argument('--without', help='a commit of the range that does not count')
    parser.add_argument('--unreached', help='the list to check against')
    parser.add_argument('--compare', help='an earlier summary.json')
    parser.add_argument('--about', action='append', default=[], help='key=value of the summary')
    parser.add_argument('--out', required=True, help='folder to write to')
    parser.add_argument('--missing', action='append', default=[],
                        help='what is wrong with a flavour that is not here')
    parser.add_argument('suite', nargs='+', help='its folder: suite, or suite.flavour')
    args = parser.parse_args()
    try:
        listed = unreached.read(args.unreached) if args.unreached else {}
        result = gather(args)
    except (source.GitError, unreached.ListError, OSError) as error:
        print(f'report: error: {error}', file=sys.stderr)
        return 2

    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        print_patches(result, listed)
        print_others(result)
        summary = {**points.to_json(result), 'missing': args.missing}
        problems = list(args.missing)
        if args.unreached:
            problems += check_list(result, listed, points.relative(args.unreached),
                                   not args.missing)
        if args.compare:
            problems += compare(summary, args.compare)
        verdict(result, problems, listed)
    print(text.getvalue(), end='')
    with open(os.path.join(args.out, 'report.txt'), 'w', encoding='utf-8') as file:
        file.write(text.getvalue())
    with open(os.path.join(args.out, 'summary.json'), 'w', encoding='utf-8') as file:
        json.dump(summary, file, indent=1)
    pages.write(result, listed, problems, os.path.join(args.out, 'html'), args.tree)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
