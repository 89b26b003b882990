#!/usr/bin/env python3
"""How fast is muntin, as a multiple of the least that is possible and of what others take? `make bench` runs this.

  run.py [OPTION]...

Makes its trees below BENCH_DIR (default: muntin-bench below TMPDIR) and uses them again the next time; there they stay
until you remove them. MUNTIN names the program, CC the compiler for floor.c and mktree.c. Peers that are not installed
are left out. Ratios of one run travel to other machines, seconds do not; and what was disturbed is marked.

Exit status: 0, also when a target is missed; 1 if something could not be measured; 2 for bad usage.
"""
import argparse
import json
import os
import platform
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

from sections import SECTIONS, Series  # noqa: E402  (found beside this file)
from ttytime import percentile  # noqa: E402
from world import World, say  # noqa: E402

PEERS = ('bfs', 'fd', 'fdfind', 'find', 'du', 'ncdu', 'gdu', 'nnn', 'mc', 'vifm', 'lf', 'rsync', 'diff', 'rm', 'chmod')


# ---- targets -------------------------------------------------------------------
#
# Each: section, what, how the limit reads, the limit, the unit of the value, and a function that makes the value
# of the section, with another that picks one number of a series (the median; or the least, to see whether something
# disturbed). The function raises KeyError when one of the series it needs is not there.

def ratio(one, other):
    return lambda section, pick: pick(section.series[one]) / pick(section.series[other])


def value_of(*names):
    """The largest of these series."""
    return lambda section, pick: max(pick(section.series[name]) for name in names)


def bytes_an_entry(section, pick):
    """The peak less that of the idle program."""
    more = pick(section.series['muntin threads, memory']) - pick(section.series['muntin threads, idle memory'])
    return more * 2 ** 20 / section.facts['entries']


def apart(*names):
    """How far these series are apart, as a ratio."""
    def compute(section, pick):
        found = [pick(section.series[name]) for name in names]
        return max(found) / min(found)
    return compute


def spread(kind, how, sizes):
    """The same for the largest sizes of a kind of tree."""
    def compute(section, pick):
        names = [name for name in section.series if name.startswith(kind) and name.endswith(how)]
        if len(names) < sizes:
            raise KeyError(kind)
        return apart(*names[-sizes:])(section, pick)
    return compute


def delay_p99(section, _):
    """The worst of the panes."""
    return max(percentile(series.values, 0.99) for series in section.series.values())


TARGETS = (
    ('count', '--count of a tree', '1.08 × floor, 2 threads', 1.08, '×', ratio('muntin --count', 'floor, 2 threads')),
    ('pane', 'tree in a pane until complete', '1.15 × floor, 2 threads', 1.15, '×', ratio('muntin threads', 'floor, 2 threads')),
    ('pane', 'tree in a pane until complete', '0.4 × ncdu', 0.4, '×', ratio('muntin threads', 'ncdu')),
    ('pane', 'tree in a pane until complete', '0.6 × gdu', 0.6, '×', ratio('muntin threads', 'gdu')),
    ('pane', 'tree in a pane until complete', '0.95 × bfs, sizes', 0.95, '×', ratio('muntin threads', 'bfs, sizes')),
    ('pane', 'memory for an entry', '92 bytes', 92, 'B', bytes_an_entry),
    ('pane', 'threads and workers apart', '1.1 ×', 1.1, '×', apart('muntin threads', 'muntin workers')),
    ('flat', 'one directory: first rows', '50 ms', 0.05, 's', value_of('muntin, first rows')),
    ('flat', 'one directory: every name', '0.25 × nnn', 0.25, '×', ratio('muntin, every name', 'nnn')),
    ('flat', 'one directory: complete', '0.4 × nnn', 0.4, '×', ratio('muntin, complete', 'nnn')),
    ('flat', 'one directory: complete', '0.75 × floor, 1 thread', 0.75, '×', ratio('muntin, complete', 'floor, 1 thread')),
    # What is small is in a pane within a frame or two: that says nothing about entries.
    ('scale', 'cost per entry, three sizes of tree, --count', '1.2 × apart', 1.2, '×', spread('tree', '--count', 3)),
    ('scale', 'cost per entry, the larger two in a pane', '1.2 × apart', 1.2, '×', spread('tree', 'pane', 2)),
    ('scale', 'cost per entry, three sizes of directory, --count', '1.5 × apart', 1.5, '×', spread('directory', '--count', 3)),
    ('scale', 'cost per entry, the larger two in a pane', '1.5 × apart', 1.5, '×', spread('directory', 'pane', 2)),
    # Whatever is there once, rings and buffers, is seen in the smaller ones.
    ('memory', 'memory for an entry, the larger two sizes', '1.05 × apart', 1.05, '×', spread('', 'entries', 2)),
    ('keys', 'key to screen while all scan, p99 of the worst pane', '16 ms', 0.016, 's', delay_p99),
    ('start', 'start to first full screen', '10 ms', 0.01, 's', value_of('muntin')),
    ('idle', 'system calls when idle', '0', 0, '', value_of('threads, system calls', 'workers, system calls')),
    ('diff', '--diff by type, size and mtime', '0.35 × rsync', 0.35, '×', ratio('muntin, stat', 'rsync')),
    ('diff', '--diff by content', '0.6 × diff -rq', 0.6, '×', ratio('muntin, content', 'diff -rq')),
    ('change', 'delete', '1.3 × rm -rf', 1.3, '×', ratio('muntin delete', 'rm -rf')),
    ('change', 'chmod -R', '1.5 × chmod -R', 1.5, '×', ratio('muntin chmod -R', 'chmod -R')),
)


def judge(sections):
    """The targets of the sections that ran; `value` and `holds` are None where one could not be measured."""
    def attempt(compute, section, pick):
        try:
            return compute(section, pick)
        except (KeyError, ValueError, ZeroDivisionError):
            return None

    found = []
    for name, what, reads, limit, unit, compute in TARGETS:
        if name in sections:
            value = attempt(compute, sections[name], Series.median)
            found.append({'section': name, 'what': what, 'target': '≤ ' + reads, 'limit': limit, 'unit': unit,
                          'value': value, 'by_least': attempt(compute, sections[name], Series.least),
                          'holds': None if value is None else value <= limit})
    return found


# ---- what is printed -----------------------------------------------------------

def shown(value, unit):
    """A number as people read it."""
    if unit == 's':
        return '%.3f s' % value if value >= 1 else '%.1f ms' % (1000 * value)
    digits = {'ns': 0, 'B': 1, 'MiB': 1, '×': 2}
    return '%.*f %s' % (digits[unit], value, unit) if unit in digits else '%g' % value


def table(head, rows):
    """A table in Markdown, the columns aligned; the first is text, the others are numbers."""
    cells = [head] + rows
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]

    def line(row):
        parts = [cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        return '| %s |' % ' | '.join(parts)
    rule = '|%s|' % '|'.join('-' * (width + 1) + (':' if i else '-') for i, width in enumerate(widths))
    return '\n'.join([line(head), rule] + [line(row) for row in rows])


def print_section(section):
    base = section.series.get(section.base)
    head = ['what', 'median', 'least', 'p99' if section.delays else 'most', 'runs']
    if base:
        head.insert(1, '× ' + section.base)
    rows = []
    for name, series in section.series.items():
        mark = '~' if series.disturbed() and not section.delays else ''
        last = percentile(series.values, 0.99) if section.delays else max(series.values)
        row = [name, mark + shown(series.median(), series.unit), shown(min(series.values), series.unit),
               shown(last, series.unit), str(len(series.values))]
        if base:
            row.insert(1, '%.2f' % (series.median() / base.median()) if series.unit == base.unit else '')
        rows.append(row)
    print('\n## %s: %s\n' % (section.name, section.title))
    if rows:
        print(table(head, rows))
    if section.notes:
        print('\n- ' + '\n- '.join(section.notes))


def print_targets(targets):
    words = {True: 'yes', False: 'NO', None: 'not measured'}

    def number(row, name):
        return '' if row[name] is None else shown(row[name], row['unit'])
    print('\n## targets\n')
    print(table(['what', 'target', 'measured', 'by the least', 'holds'],
                [[row['what'], row['target'], number(row, 'value'), number(row, 'by_least'), words[row['holds']]]
                 for row in targets]))


def machine(world):
    """What should be known about the place, but not which one it is."""
    kind = world.output(['df', '--output=fstype', world.base]).split()[-1]
    return {'system': '%s %s %s' % (platform.system(), platform.release(), platform.machine()), 'processors': world.cpus,
            'filesystem': kind, 'load': os.getloadavg()[0], 'muntin': world.version(world.muntin[0]).split()[-1],
            'peers': [world.version(name) for name in PEERS if world.which(name)]}


def warnings(world, about):
    """What makes the numbers worth less."""
    found = []
    if world.quick:
        found.append('--quick: small trees, few rounds; the targets are meant for the large ones')
    if about['load'] > 0.3 * world.cpus:
        found.append('the machine was busy when this began: load average %.1f' % about['load'])
    if world.cpus != 2:
        found.append('the targets are for two processors, not %d: taskset -c 0,1 make bench' % world.cpus)
    if os.environ.get('MUNTIN_INSTRUMENTED', 'no') != 'no':
        found.append('this muntin is instrumented, and slow for that')
    return found


def report(about, hints, sections, targets):
    print('# muntin %s\n' % about['muntin'])
    print('%s, %d processors, %s; %s' % (about['system'], about['processors'], about['filesystem'], ', '.join(about['peers'])))
    for hint in hints:
        print('\n**Note:** ' + hint)
    for section in sections.values():
        print_section(section)
    if any(series.disturbed() for section in sections.values() if not section.delays for series in section.series.values()):
        print('\n`~`: disturbed; the median is more than a tenth above the least.')
    print_targets(targets)


def as_json(about, hints, sections, targets):
    return json.dumps({
        'machine': about, 'warnings': hints, 'targets': targets,
        'sections': {name: {'title': section.title, 'notes': section.notes, 'series': {
            one: {'unit': series.unit, 'median': series.median(), 'disturbed': series.disturbed(), 'values': series.values}
            for one, series in section.series.items()}} for name, section in sections.items()}},
        indent=1, ensure_ascii=False)


def arguments():
    parser = argparse.ArgumentParser(prog='run.py', description='Measure muntin against the floor and its peers.',
                                     epilog='Sections: ' + ', '.join(SECTIONS))
    parser.add_argument('--quick', action='store_true', help='small trees, 3 rounds: a minute or two')
    parser.add_argument('--only', action='append', default=[], metavar='NAME', help='only these sections (repeatable, or with commas)')
    parser.add_argument('--rounds', type=int, metavar='N', help='rounds that count (7; 3 with --quick)')
    parser.add_argument('--content', type=float, metavar='GB', help='in each tree of the diff section (8.5, or what fits into memory)')
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    options = parser.parse_args()
    options.only = [name for names in options.only for name in names.split(',')] or list(SECTIONS)
    for name in options.only:
        if name not in SECTIONS:
            parser.error('--only: no such section: %s (there are %s)' % (name, ', '.join(SECTIONS)))
    if options.rounds is not None and options.rounds < 1:
        parser.error('--rounds: at least 1')
    return options


def main():
    options = arguments()
    sys.stdout.reconfigure(encoding='utf-8')
    base = os.environ.get('BENCH_DIR') or os.path.join(os.environ.get('TMPDIR') or '/tmp', 'muntin-bench')
    muntin = os.environ.get('MUNTIN') or './muntin'
    if not os.access(muntin, os.X_OK):
        say('run.py: no program: %s (MUNTIN names it)' % muntin)
        return 2
    world = World(base, muntin, options.quick, options.content)
    world.rounds = options.rounds or world.rounds
    about = machine(world)
    hints = warnings(world, about)
    for hint in hints:
        say('run.py: ' + hint)
    sections = {name: function(world) for name, function in SECTIONS.items() if name in options.only}
    targets = judge(sections)
    if options.json:
        print(as_json(about, hints, sections, targets))
    else:
        report(about, hints, sections, targets)
    return 1 if any(section.failed for section in sections.values()) else 0


if __name__ == '__main__':
    sys.exit(main())
