# SPDX-License-Identifier: GPL-2.0
"""The reports of check.py: terminal, HTML, JSON, JUnit, and a text for a cover letter."""

import html
import json
import os
import re
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List
from xml.etree import ElementTree

from series import Patch

OK, FAIL, NOT_RUN = 'ok', 'FAIL', 'not run'
COLUMNS = ('applies', 'checkpatch', 'kernel-doc', 'names', 'default', 'thp-off', 'sparse',
           'suites', 'coverage')
MEANING = {
    'applies': 'git am takes the patch',
    'checkpatch': 'checkpatch.pl --strict is silent',
    'kernel-doc': 'no new warning of kernel-doc in the files it touches',
    'names': 'no old name of the Kconfig gate, no new use of a helper that softleaf replaced',
    'default': 'builds for UML with huge pages and swap, without new warnings of W=1',
    'thp-off': 'the same without huge pages',
    'sparse': 'sparse says nothing of the lines it adds',
    'suites': 'all KUnit suites pass with the series up to here',
    'coverage': 'a test reaches each line and branch that it adds, or a list says why none can',
}


@dataclass
class Result:
    """What one check said."""
    name: str
    status: str
    text: str
    details: List[str] = field(default_factory=list)
    advice: str = ''
    seconds: float = 0.0
    # The folder below arch/ that it is for.
    arch: str = ''

    def plain(self) -> Dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


@dataclass
class Row:
    """A patch, and what the checks said of it."""
    patch: Patch
    results: Dict[str, Result] = field(default_factory=dict)
    # Nothing had to be done again.
    cached: bool = False

    def set(self, column: str, result: Result) -> None:
        """Fill a cell."""
        self.results[column] = result

    def status(self, column: str) -> str:
        """Return ok, FAIL or not run."""
        return self.results[column].status if column in self.results else NOT_RUN

    def failures(self) -> List[Result]:
        """Return what failed, in the order of the columns."""
        return [self.results[c] for c in COLUMNS if self.status(c) == FAIL]

    def in_short(self) -> str:
        """Return the cells in one line."""
        return ', '.join(f'{c} {"FAIL: " if self.status(c) == FAIL else ""}{self.results[c].text}'
                         for c in COLUMNS if c in self.results)


@dataclass
class Report:  # pylint: disable=too-many-instance-attributes
    """All of a run."""
    rows: List[Row]
    final: List[Result]
    base: str
    series: str
    tools: Dict[str, str]
    fast: bool
    seconds: int
    project: str
    # What checkpatch.pl was not asked for.
    ignored: List[str] = field(default_factory=list)
    # Mails that were left out.
    others: List[str] = field(default_factory=list)

    def failures(self) -> int:
        """Count the cells that failed."""
        return sum(len(row.failures()) for row in self.rows) + sum(
            result.status == FAIL for result in self.final)

    def good(self) -> bool:
        """Whether the series may be sent."""
        return not self.failures()

    def columns(self) -> List[str]:
        """Return the columns that have something in them."""
        return [c for c in COLUMNS if any(c in row.results for row in self.rows)]

    def left_out(self) -> List[str]:
        """Say what was not run, and why."""
        reasons: Dict[str, List[str]] = {}
        for result in self.final:
            if result.status == NOT_RUN:
                reasons.setdefault('; '.join(result.details), []).append(result.name)
        found = [f'{", ".join(names)} ({why})' for why, names in reasons.items()]
        for column in self.columns():
            missing = [row for row in self.rows if column in row.results
                       and row.status(column) == NOT_RUN]
            if missing:
                why = missing[0].results[column].details
                numbers = ', '.join(str(row.patch.number) for row in missing[:8])
                found.append(f'{column} of patch {numbers}{" ..." if len(missing) > 8 else ""}'
                             + (f' ({why[0]})' if why else ''))
        if files := self.uncompiled():
            found.append(f'compiling of {", ".join(files)} (not part of the kernel that UML is)')
        if self.ignored and any('checkpatch' in row.results for row in self.rows):
            found.append(f'{", ".join(self.ignored)} of checkpatch.pl')
        found += [f'a mail without a patch, {other}' for other in self.others]
        return found

    def uncompiled(self) -> List[str]:
        """Return the files that neither UML nor a kernel of make cross was built of."""
        crossed = {result.arch for result in self.final if result.arch and result.status == OK}
        return sorted({name for row in self.rows if 'sparse' in row.results
                       for name, _, why in (line.rpartition(': ') for line in
                                            row.results['sparse'].details)
                       if why == 'not compiled for UML'
                       and not (name.startswith('arch/') and name.split('/')[1] in crossed)})

    def meaning(self, column: str) -> str:
        """Say what it means that the check passed."""
        if column == 'suites' and any('fail without' in row.results[column].text
                                      for row in self.rows if row.status(column) == OK):
            return 'no case of the KUnit suites fails that passes without the series'
        return MEANING[column]

    def verdict(self) -> str:
        """Return the last word."""
        if self.good():
            return f'ready: all checks that were run passed for {counted_patches(len(self.rows))}'
        bad = sum(bool(row.failures()) for row in self.rows)
        final = [result.name for result in self.final if result.status == FAIL]
        parts = [f'failures in {bad} of {counted_patches(len(self.rows))}'] if bad else []
        if final:
            parts.append(f'the whole series fails: {", ".join(final)}')
        return 'not ready: ' + '; '.join(parts)


def counted_patches(number: int) -> str:
    """Return "1 patch", "2 patches"."""
    return f'{number} patch{"" if number == 1 else "es"}'


def took(seconds: int) -> str:
    """Return a time as a person says it."""
    return f'{seconds // 60} min {seconds % 60} s' if seconds >= 60 else f'{seconds} s'


# --- terminal ----------------------------------------------------------------

def mark(row: Row, column: str) -> str:
    """Return a cell's text for the table."""
    return {OK: 'ok', FAIL: 'FAIL'}.get(row.status(column), '-')


def print_table(report: Report) -> None:
    """Print the table, then each failure with what to do, then the verdict."""
    columns = report.columns()
    print(f'\n{report.series} on {report.base}')
    print('  no. ' + f'{"patch":<40} ' + ' '.join(f'{c:<{max(len(c), 4)}}' for c in columns))
    for row in report.rows:
        print(f'  {row.patch.number:>3} {row.patch.subject:<41.40}' + ' '.join(
            f'{mark(row, c):<{max(len(c), 4)}}' for c in columns).rstrip())
    for result in report.final:
        print(f'  end {result.name:<41}{result.status if result.status != NOT_RUN else "-"}'
              + (f'  {result.text}' if result.status != NOT_RUN else ''))
    for row in report.rows:
        for result in row.failures():
            print(f'\nFAIL patch {row.patch.number}, {row.patch.subject} ({row.patch.origin})')
            print_failure(result)
    for result in report.final:
        if result.status == FAIL:
            print('\nFAIL the whole series')
            print_failure(result)
    for line in report.left_out():
        print(f'Not run: {line}')
    print(f'\n{report.verdict()} ({took(report.seconds)})')


def print_failure(result: Result, most: int = 12) -> None:
    """Print what is wrong and what to do."""
    print(f'  {result.name}: {result.text}')
    for line in result.details[:most]:
        print(f'    {line}')
    if len(result.details) > most:
        print(f'    and {len(result.details) - most} more, see the reports')
    if result.advice:
        print(f'  What to do: {result.advice}')


def print_b4(report: Report) -> int:
    """Print what b4 expects of a per-patch check: nothing, or a line a finding."""
    for result in [r for row in report.rows for r in row.failures()] + [
            r for r in report.final if r.status == FAIL]:
        # What is indented explains the line before.
        lines = [line for line in result.details if not line.startswith(' ')]
        for line in lines[:10] or [result.text]:
            print(f'{result.name}: ERROR: {line}')
    return 0 if report.good() else 1


# --- files -------------------------------------------------------------------

def text_report(report: Report) -> str:
    """Return what can stand below a cover letter."""
    fast = ' FAST=1' if report.fast else ''
    lines = [f'Tested with softleaf-kunit {report.project}, make check{fast}, on {report.base}, '
             f'{report.tools["gcc"]}.']
    for column in report.columns():
        bad = [row for row in report.rows if row.status(column) == FAIL]
        good = [row for row in report.rows if row.status(column) == OK]
        which = 'each patch'
        if len(good) < len(report.rows):
            which = f'{len(good)} of {len(report.rows)} patches'
        if good:
            lines.append(f'  {column}: {which}: {report.meaning(column)}.')
        if bad:
            lines.append(f'  {column} FAILS at patch ' + ', '.join(
                f'{row.patch.number} ({row.results[column].text})' for row in bad) + '.')
    tip = report.rows[-1].results.get('suites') if report.rows else None
    if tip and tip.status == OK:
        lines.append(f'  At the tip: {tip.text}.')
    for result in report.final:
        if result.status != NOT_RUN:
            fails = ' FAILS' if result.status == FAIL else ''
            lines.append(f'  {result.name}{fails}: {result.text}.')
    missing = report.left_out()
    lines.append('Not run: ' + ('; '.join(missing) if missing else 'nothing was left out') + '.')
    return '\n'.join(lines) + '\n'


def json_report(report: Report) -> Dict[str, Any]:
    """Return all of it."""
    return {
        'schema': 'softleaf-kunit check 1', 'verdict': 'pass' if report.good() else 'fail',
        'base': report.base, 'series': report.series, 'project': report.project,
        'fast': report.fast, 'seconds': report.seconds, 'tools': report.tools,
        'date': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
        'patches': [{'number': row.patch.number, 'subject': row.patch.subject,
                     'origin': row.patch.origin, 'files': sorted(row.patch.added),
                     'checks': {c: row.results[c].plain() for c in COLUMNS if c in row.results}}
                    for row in report.rows],
        'final': [result.plain() for result in report.final], 'not_run': report.left_out(),
    }


def printable(text: str) -> str:
    """Leave out what XML cannot hold: a kernel log may have it."""
    return re.sub('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]', '', text)


def junit_report(report: Report) -> ElementTree.ElementTree:
    """Return a suite a patch, a case a check."""
    root = ElementTree.Element('testsuites', name='check')
    suites = [(f'{row.patch.number:04d} {row.patch.subject}', list(row.results.values()))
              for row in report.rows] + [('the whole series', report.final)]
    for name, results in suites:
        suite = ElementTree.SubElement(
            root, 'testsuite', name=printable(name), tests=str(len(results)),
            failures=str(sum(r.status == FAIL for r in results)),
            skipped=str(sum(r.status == NOT_RUN for r in results)))
        for result in results:
            case = ElementTree.SubElement(suite, 'testcase', name=result.name,
                                          classname=printable(name),
                                          time=str(result.seconds))
            if result.status == FAIL:
                ElementTree.SubElement(case, 'failure', message=printable(result.text)
                                       ).text = printable('\n'.join(
                                           result.details + [result.advice]).strip())
            elif result.status == NOT_RUN:
                ElementTree.SubElement(case, 'skipped',
                                       message=printable('; '.join(result.details)))
    return ElementTree.ElementTree(root)


STYLE = """
:root { --line: #d8dce2; --soft: #f5f6f8; --text: #1c2430; --dim: #5c6675;
  --ok: #19703a; --okback: #e3f4e8; --bad: #a4161a; --badback: #fde7e7; }
@media (prefers-color-scheme: dark) { :root { --line: #384250; --soft: #1d242d;
  --text: #e4e8ee; --dim: #9aa5b4; --ok: #7fdc9d; --okback: #17351f; --bad: #ff9a9a;
  --badback: #471b1d; } body { background: #12171d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1200px; padding: 16px; color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.35rem; margin: 0 0 4px; } h2 { font-size: 1.1rem; margin: 28px 0 8px; }
p { margin: 4px 0; } .dim { color: var(--dim); }
.verdict { padding: 10px 14px; border-radius: 8px; margin: 12px 0; font-weight: 600; }
.good { background: var(--okback); color: var(--ok); }
.bad { background: var(--badback); color: var(--bad); }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { text-align: left; padding: 5px 7px; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 600; } td.n { color: var(--dim); text-align: right; }
.cell { white-space: nowrap; } .cell span { border-radius: 5px; padding: 1px 6px; }
.ok span { color: var(--ok); background: var(--okback); }
.FAIL span { color: var(--bad); background: var(--badback); font-weight: 700; }
.none span { color: var(--dim); }
.card { border: 1px solid var(--line); border-left: 5px solid var(--bad); border-radius: 8px;
  padding: 8px 12px; margin: 10px 0; }
pre { background: var(--soft); padding: 8px 10px; border-radius: 6px; overflow-x: auto;
  font-size: .82rem; margin: 6px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.do { margin-top: 4px; } ul { margin: 4px 0; padding-left: 20px; }
@media (max-width: 760px) {
  thead { display: none; } table, tbody { display: block; }
  tr { display: flex; flex-wrap: wrap; gap: 4px 6px; padding: 8px 0;
    border-bottom: 1px solid var(--line); }
  td { border: 0; padding: 0; } td.n { flex: 0 0 1.7em; text-align: left; }
  td.subject { flex: 1 0 calc(100% - 3em); font-weight: 600; overflow-wrap: anywhere; }
  .cell { font-size: .78rem; } .cell::before { content: attr(data-c) ' '; color: var(--dim); }
}
"""


def cell(column: str, row: Row) -> str:
    """Return one cell of the table."""
    status = row.status(column)
    result = row.results.get(column)
    title = html.escape(f'{result.text} {" ".join(result.details[:3])}' if result else 'not run')
    kind = status if status in (OK, FAIL) else 'none'
    return (f'<td class="cell {kind}" data-c="{column}" title="{title}">'
            f'<span>{mark(row, column) if kind != "none" else "–"}</span></td>')


def card(title: str, result: Result) -> str:
    """Return one failure."""
    advice = f'<p class="do"><b>What to do:</b> {html.escape(result.advice)}</p>' \
        if result.advice else ''
    details = html.escape('\n'.join(result.details))
    return (f'<div class="card"><b>{html.escape(title)}</b>'
            f'<p>{html.escape(result.name)}: {html.escape(result.text)}</p>'
            + (f'<pre>{details}</pre>' if details else '') + advice + '</div>')


def html_report(report: Report) -> str:
    """Return one page that needs nothing else."""
    columns = report.columns()
    rows = ''.join(
        f'<tr><td class="n">{row.patch.number}</td>'
        f'<td class="subject" title="{html.escape(row.patch.origin)}">'
        f'{html.escape(row.patch.subject)}</td>'
        + ''.join(cell(column, row) for column in columns) + '</tr>' for row in report.rows)
    cards = [card(f'Patch {row.patch.number}: {row.patch.subject}', result)
             for row in report.rows for result in row.failures()]
    cards += [card('The whole series', result) for result in report.final
              if result.status == FAIL]
    final = ''.join(
        f'<tr><td class="subject">{html.escape(result.name)}</td>'
        f'<td class="cell {result.status if result.status != NOT_RUN else "none"}"><span>'
        f'{html.escape(result.status)}</span></td><td>{html.escape(result.text)}'
        f'{"" if result.status != NOT_RUN else ": " + html.escape("; ".join(result.details))}'
        '</td></tr>' for result in report.final)
    left_out = ''.join(f'<li>{html.escape(line)}</li>' for line in report.left_out())
    legend = ''.join(f'<li><b>{c}</b>: {html.escape(report.meaning(c))}</li>' for c in columns)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>make check: {"ready" if report.good() else "not ready"}</title>
<style>{STYLE}</style></head><body>
<h1>make check</h1>
<p>{html.escape(report.series)}</p>
<p class="dim">on {html.escape(report.base)}, {html.escape(report.tools["gcc"])},
{took(report.seconds)}{", FAST=1" if report.fast else ""}</p>
<div class="verdict {"good" if report.good() else "bad"}">{html.escape(report.verdict())}</div>
{"<h2>What to mend</h2>" + "".join(cards) if cards else ""}
<h2>Each patch</h2>
<table><thead><tr><th></th><th>patch</th>{"".join(f"<th>{c}</th>" for c in columns)}</tr></thead>
<tbody>{rows}</tbody></table>
<h2>The whole series</h2>
<table><tbody>{final}</tbody></table>
{"<h2>Not run</h2><ul>" + left_out + "</ul>" if left_out else ""}
<h2>For the cover letter</h2>
<pre>{html.escape(text_report(report))}</pre>
<h2>The checks</h2><ul class="dim">{legend}</ul>
</body></html>
"""


def write(report: Report, folder: str) -> None:
    """Write report.html, .json, .xml and .txt."""
    for name, text in (('html', html_report(report)), ('txt', text_report(report)),
                       ('json', json.dumps(json_report(report), indent=1) + '\n')):
        path = os.path.join(folder, f'report.{name}')
        with open(path + '.tmp', 'w', encoding='utf-8') as file:
            file.write(text)
        os.replace(path + '.tmp', path)
    junit_report(report).write(os.path.join(folder, 'report.xml'), encoding='utf-8',
                               xml_declaration=True)
