#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the measurements of scripts/bench as a table of medians and ratios, and where
our time went; write them as JSON.
"""

import argparse
import json
import os
import statistics
import sys
import time
from typing import Any, Dict, List

WAYS = {'ours': 'make run', 'stock': 'stock kunit.py', 'qemu': 'x86_64, QEMU'}


def median_steps(runs: List[Dict[str, Any]]) -> Dict[str, float]:
    """Return the median of each step over some runs."""
    names = list(dict.fromkeys(name for run in runs for name in run['steps']))
    return {name: statistics.median(run['steps'].get(name, 0.0) for run in runs)
            for name in names}


def collect(lines: List[str]) -> List[Dict[str, Any]]:
    """Put the measurements of a scenario together."""
    found: Dict[str, Dict[str, List[Dict[str, Any]]]] = {}
    for line in lines:
        run = json.loads(line)
        found.setdefault(run['scenario'], {}).setdefault(run['way'], []).append(run)
    scenarios = []
    for name, ways in found.items():
        seconds = {way: statistics.median(run['seconds'] for run in runs)
                   for way, runs in ways.items()}
        scenarios.append({
            'scenario': name, 'seconds': seconds,
            'all': {way: [run['seconds'] for run in runs] for way, runs in ways.items()},
            'ratio': {way: round(seconds[way] / seconds['ours'], 1)
                      for way in seconds if way != 'ours'},
            'steps': median_steps(ways['ours'])})
    return scenarios


def print_table(scenarios: List[Dict[str, Any]]) -> None:
    """Print seconds and ratios, then the steps of ours."""
    print(f'\n{"seconds from edit to verdict":<34}' + ''.join(f'{n:>18}' for n in WAYS.values()))
    for scenario in scenarios:
        cells = ''
        for way in WAYS:
            if way not in scenario['seconds']:
                cells += f'{"-":>18}'
                continue
            ratio = f' ({scenario["ratio"][way]:.1f} x)' if way != 'ours' else ''
            cells += f'{scenario["seconds"][way]:.1f}{ratio}'.rjust(18)
        print(f'{scenario["scenario"]:<34}{cells}')
    print('\nWhere the time of make run goes:')
    for scenario in scenarios:
        steps = ', '.join(f'{name} {seconds:.1f}' for name, seconds in scenario['steps'].items())
        print(f'  {scenario["scenario"]:<34}{steps}')


def main() -> int:
    """Read the lines, print, write."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('lines', help='a JSON object a measurement')
    parser.add_argument('out', help='JSON to write')
    args = parser.parse_args()
    with open(args.lines, encoding='utf-8') as file:
        scenarios = collect(file.read().splitlines())
    print_table(scenarios)
    with open(args.out, 'w', encoding='utf-8') as file:
        json.dump({'schema': 'softleaf-kunit bench 1', 'processors': os.cpu_count(),
                   'date': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
                   'scenarios': scenarios}, file, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
