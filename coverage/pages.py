#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Write the pages of a report: the index with its heat map, and one page a patch."""

import html
import os
import shutil
from typing import Dict, Iterator, List

import points
import source

CONTEXT = 3
CELL = 15
LEFT = 24


def escape(text: str) -> str:
    """Make text safe between tags and in attributes."""
    return html.escape(text, quote=True)


def percent(reached: int, total: int) -> str:
    """Return "98.1 %", and never 100 when something is missing."""
    if not total:
        return '–'
    return f'{int(1000 * reached / total) / 10:g} %'


def page(title: str, body: str) -> str:
    """Return a page with this body."""
    return ('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<title>{escape(title)}</title>\n<link rel="stylesheet" href="style.css">\n'
            f'</head>\n<body>\n{body}\n</body>\n</html>\n')


def share(reached: int, total: int) -> str:
    """Return a cell with a bar and figures."""
    if not total:
        return '<td class="n">–</td>'
    return (f'<td class="n"><span class="bar"><i style="width:{100 * reached / total:.0f}%"></i>'
            f'</span>{reached} / {total}</td>')


def colour(reached: int, total: int) -> str:
    """Return the colour of a cell of the heat map: the more, the darker."""
    if not reached:
        return '#eef1f5'
    # From pale to dark green.
    low, high = (203, 232, 214), (14, 96, 56)
    mixed = (round(a + (b - a) * reached / total) for a, b in zip(low, high))
    return '#' + ''.join(f'{part:02x}' for part in mixed)


def cell(result: points.Result, index: int, suite: str, place: str) -> str:
    """Return a cell of the heat map; without a suite it is that of all of them."""
    totals = result.totals(patch=index, suite=suite)
    text = (f'{suite or "any suite"}: {totals.lines_reached} of {totals.lines} lines of '
            f'{index + 1} {result.patches[index].subject}')
    return (f'<rect {place} width="{CELL - 1}" height="{CELL - 1}" rx="2" '
            f'fill="{colour(totals.lines_reached, totals.lines)}">'
            f'<title>{escape(text)}</title></rect>')


def heat_map(result: points.Result) -> str:
    """Return the plot of patches by suites."""
    columns = result.suites + ['']
    rows = [index for index in range(len(result.patches)) if result.of_patch(index)]
    top = 8 + max(len(name) for name in columns) * 6
    height = top + CELL * len(rows) + 4
    out = ['<svg xmlns="http://www.w3.org/2000/svg" '
           f'viewBox="0 0 {LEFT + CELL * len(columns) + 4} {height}" role="img" '
           'aria-label="Which share of the lines of each patch each suite reaches" '
           'font-family="system-ui, sans-serif" font-size="10">']
    for column, name in enumerate(columns):
        place = f'{LEFT + CELL * column + CELL / 2 + 3.5} {top - 5}'
        out.append(f'<text transform="translate({place}) rotate(-90)">'
                   f'{escape(name or "any suite")}</text>')
    for row, index in enumerate(rows):
        down = top + CELL * row
        subject = f'{index + 1} {result.patches[index].subject}'
        out.append(f'<a href="patch-{index + 1:04}.html"><text x="{LEFT - 5}" y="{down + 11}" '
                   f'text-anchor="end" fill="#0b57a4">{index + 1}<title>{escape(subject)}'
                   '</title></text></a>')
        out += [cell(result, index, name, f'x="{LEFT + CELL * column}" y="{down}"')
                for column, name in enumerate(columns)]
    out.append('</svg>')
    return '\n'.join(out)


def figures(result: points.Result, listed: Dict[str, str], problems: List[str]) -> str:
    """Return the boxes at the top."""
    totals = result.totals()
    state = ('bad', 'no', f'{len(problems)} problems, see below') if problems else \
        ('good', 'yes', 'all that is unreached has a reason') if listed else \
        ('', '–', 'nothing was compared')
    return ('<div class="figures">'
            f'<div><b>{percent(totals.lines_reached, totals.lines)}</b> of lines: '
            f'{totals.lines_reached} of {totals.lines}</div>'
            f'<div><b>{percent(totals.branches_reached, totals.branches)}</b> of branches: '
            f'{totals.branches_reached} of {totals.branches}</div>'
            f'<div><b>{len(result.suites)}</b> suites, {len(result.patches)} patches</div>'
            f'<div class="{state[0]}"><b>{state[1]}</b> {state[2]}</div></div>')


def open_points(lines: List[points.Line], listed: Dict[str, str]) -> str:
    """Return the list of what no suite reaches."""
    items = []
    for line in lines:
        for name, side in line.unreached():
            where = f'{line.file}:{line.number} {line.function}()'
            text = f'<code>{escape(line.text)}</code>'
            if side:
                text += f' &rarr; <code>{escape(side)}</code>'
            why = escape(listed[name]) if name in listed else '<b>no reason is listed</b>'
            items.append(f'<li>{escape(where)}<br>{text}<br><span class="why">{why}</span></li>')
    return f'<ul class="open">{"".join(items)}</ul>' if items else '<p>Nothing.</p>'


def index_page(result: points.Result, listed: Dict[str, str], problems: List[str]) -> str:
    """Return the page that one sees first."""
    out = ['<h1>What the suites reach</h1>',
           f'<p class="note">{escape(", ".join(f"{k} {v}" for k, v in result.about.items() if v))}'
           '</p>', figures(result, listed, problems)]
    # Of what is unreached there is a list below.
    others = [problem for problem in problems if not problem.startswith('unreached')]
    if others:
        out.append('<ul class="open">'
                   + ''.join(f'<li>{escape(problem)}</li>' for problem in others) + '</ul>')
    out += ['<h2>Patches and suites</h2>',
            '<p class="note">A row is a patch, by its number below, a column a suite. The '
            'darker, the more of the patch\'s lines the suite reaches; grey: none.</p>',
            f'<div class="map">{heat_map(result)}</div>',
            '<h2>Patches</h2>', '<table><tr><th>No.</th><th>Patch</th><th>Lines</th>'
            '<th>Branches</th></tr>']
    for index, commit in enumerate(result.patches):
        totals = result.totals(patch=index)
        name = escape(commit.subject)
        if totals.lines:
            name = f'<a href="patch-{index + 1:04}.html">{name}</a>'
        out.append(f'<tr><td class="n">{index + 1}</td><td>{name}</td>'
                   + share(totals.lines_reached, totals.lines)
                   + share(totals.branches_reached, totals.branches) + '</tr>')
    out += ['</table>', '<h2>Not reached</h2>', open_points(result.lines, listed),
            '<h2>Suites</h2>', '<p class="note">Of the lines and branches of the series.</p>',
            '<table><tr><th>Suite</th><th>Lines</th><th>Branches</th></tr>']
    for suite in result.suites:
        totals = result.totals(suite=suite)
        out.append(f'<tr><td>{escape(suite)}</td>'
                   + share(totals.lines_reached, totals.lines)
                   + share(totals.branches_reached, totals.branches) + '</tr>')
    out += ['</table>', '<h2>Files</h2>',
            '<p class="note">All of their lines, the series and the rest; '
            '<a href="files/index.html">line by line, with the suites of each</a> (genhtml).</p>',
            '<table><tr><th>File</th><th>Lines</th><th>Branches</th></tr>']
    for file, totals in result.files.items():
        link = f'files/{file}.gcov.html'
        out.append(f'<tr><td><a href="{escape(link)}">{escape(file)}</a></td>'
                   + share(totals.lines_reached, totals.lines)
                   + share(totals.branches_reached, totals.branches) + '</tr>')
    out.append('</table>')
    return page('What the suites reach', '\n'.join(out))


def code_row(line: points.Line, text: str) -> str:
    """Return a line of a patch, with what reached it."""
    missing = any(not branch.suites for branch in line.branches)
    state = 'no' if not line.suites else 'some' if missing else 'yes'
    names = '<br>'.join(f'{escape(suite)} {count}' for suite, count in
                        sorted(line.suites.items(), key=lambda item: -item[1]))
    suites = (f'<details><summary>{len(line.suites)}</summary><div>{names}</div></details>'
              if names else '0')
    sides = ''.join(
        f'<span class="side {"yes" if branch.suites else "no"}" title="'
        + escape(f'to {branch.side}: {", ".join(branch.suites) or "no suite"}') + '">'
        + ('+' if branch.suites else '−') + '</span>' for branch in line.branches)
    return (f'<tr class="{state}" id="{escape(line.file)}-{line.number}">'
            f'<td class="n">{line.number}</td><td>{suites}</td><td>{sides}</td>'
            f'<td class="text">{escape(text)}</td></tr>')


def code(lines: Dict[int, points.Line], texts: List[str], written: List[int]) -> Iterator[str]:
    """Return the rows of a file: what the patch wrote, and a little around it."""
    shown = sorted({number for base in written
                    for number in range(max(base - CONTEXT, 1),
                                        min(base + CONTEXT + 1, len(texts)))})
    last = 0
    for number in shown:
        if last and number != last + 1:
            yield '<tr class="gap"><td colspan="4">…</td></tr>'
        last = number
        if number in lines:
            yield code_row(lines[number], texts[number])
        else:
            yield (f'<tr class="other"><td class="n">{number}</td><td></td><td></td>'
                   f'<td class="text">{escape(texts[number])}</td></tr>')


def patch_page(result: points.Result, index: int, listed: Dict[str, str], tree: str) -> str:
    """Return the page of one patch."""
    commit = result.patches[index]
    lines = result.of_patch(index)
    totals = result.totals(patch=index)
    out = ['<p><a href="index.html">All patches</a></p>',
           f'<h1>{index + 1}. {escape(commit.subject)}</h1>',
           f'<p class="note">{escape(commit.sha[:12])}: '
           f'{totals.lines_reached} of {totals.lines} lines, '
           f'{totals.branches_reached} of {totals.branches} branches. '
           'The columns: line, suites that reach it (open it for names and counts), '
           'a sign for each branch (+ taken, − not; where it goes is its tooltip).</p>',
           '<h2>Not reached</h2>', open_points(lines, listed)]
    for file in dict.fromkeys(line.file for line in lines):
        of_file = {line.number: line for line in lines if line.file == file}
        texts = source.read_lines(tree, file)
        rows = ''.join(code(of_file, texts, list(of_file)))
        out.append(f'<h2><a href="files/{escape(file)}.gcov.html">{escape(file)}</a></h2>'
                   f'<div class="source code"><table class="code">{rows}</table></div>')
    return page(f'{index + 1} {commit.subject}', '\n'.join(out))


def write(result: points.Result, listed: Dict[str, str], problems: List[str], out: str,
          tree: str) -> None:
    """Write all pages into a folder."""
    os.makedirs(out, exist_ok=True)
    shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'style.css'), out)
    pages = {'index': index_page(result, listed, problems)}
    for index in range(len(result.patches)):
        if result.of_patch(index):
            pages[f'patch-{index + 1:04}'] = patch_page(result, index, listed, tree)
    for name, text in pages.items():
        with open(os.path.join(out, f'{name}.html'), 'w', encoding='utf-8') as file:
            file.write(text)
    with open(os.path.join(out, 'heatmap.svg'), 'w', encoding='utf-8') as file:
        file.write(heat_map(result) + '\n')
