"""What a terminal shows: a model of an xterm that is fed with a program's output.

It keeps text, attributes, cursor and private modes, and it is strict: every sequence that is not in its
tables, every invisible character and every byte that is not UTF-8 is noted in `violations`. So it is both the eyes of a test and the proof that no foreign byte reached
the terminal.
"""
import codecs
import re
import unicodedata

# Private modes that a program must leave as it found them: on at the start or off.
WATCHED_MODES = (1, 25, 47, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1047, 1049, 2004)
ON_AT_START = frozenset({7, 25})
OTHER_MODES = frozenset({3, 4, 5, 7, 12, 1034, 1048, 2026})

LINE_DRAWING = dict(zip('`afgijklmnopqrstuvwxyz{|}~', '◆▒°±␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·'))

SEQUENCE = re.compile(r'''
    \x1b\[ (?P<private>[<-?]*) (?P<args>[0-9;:]*) (?P<between>[ -/]*) (?P<final>[@-~])
  | \x1b (?P<string>[\]PX^_]) [^\x07\x1b]* (?: \x07 | \x1b\\ )
  | \x1b (?P<charset>[()*+]) (?P<set>.)
  | \x1b (?P<escape>[0-Z\\^_`-~])
  | (?P<control>[\x00-\x1a\x1c-\x1f\x7f-\x9f])
  | (?P<text>[^\x00-\x1f\x7f-\x9f]+)
''', re.X | re.S)
UNFINISHED = re.compile(r'\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[()*+]?)?\Z')


def width(char):
    """The cells a character takes."""
    if unicodedata.category(char) in ('Mn', 'Me'):
        return 0
    return 2 if unicodedata.east_asian_width(char) in 'WF' else 1


class Cell:
    """One place on the screen; the right half of a wide character is an empty text."""
    __slots__ = ('text', 'look')

    def __init__(self, text=' ', look=()):
        self.text = text
        self.look = look


class Screen:
    """The model. feed() takes bytes; everything else is to be looked at."""

    def __init__(self, cols, rows):
        self.cols, self.rows = cols, rows
        self.decoder = codecs.getincrementaldecoder('utf-8')('surrogateescape')
        self.rest = ''
        self.modes = set(ON_AT_START)
        self.seen_modes = set()
        self.violations = []
        self.bells = 0
        self.cursor_style = 0
        self._main = None
        self._reset()

    # ---- what tests ask ----

    def line(self, y):
        """The text of one line, without the blanks at its end."""
        return ''.join(cell.text for cell in self.grid[y]).rstrip()

    def text(self):
        """All lines."""
        return '\n'.join(self.line(y) for y in range(self.rows))

    def look(self, x, y):
        """The attributes of a cell: a sorted tuple of words as bold, reverse, fg=4, bg=#102030."""
        return self.grid[y][x].look

    @property
    def cursor(self):
        """(x, y), counted from 0."""
        return min(self.x, self.cols - 1), self.y

    @property
    def alternate(self):
        """Is this the alternate screen?"""
        return self._main is not None

    def left_on(self):
        """The watched modes that differ from those of a fresh terminal."""
        return sorted(mode for mode in WATCHED_MODES if (mode in self.modes) != (mode in ON_AT_START))

    def resize(self, cols, rows):
        """As a terminal does: what does not fit is cut off, what is new is empty."""
        for grid in (self.grid, self._main[0] if self._main else None):
            if grid is None:
                continue
            for line in grid:
                line[cols:] = []
                line.extend(Cell() for _ in range(cols - len(line)))
            grid[rows:] = []
            grid.extend(self._blank_line(cols) for _ in range(rows - len(grid)))
        self.cols, self.rows = cols, rows
        self.top, self.bottom = 0, rows - 1
        self._move(self.x, self.y)

    # ---- input ----

    def feed(self, data):
        """Take the next bytes of the program's output; a sequence may be cut anywhere."""
        text = self.rest + self.decoder.decode(data)
        cut = UNFINISHED.search(text)
        self.rest = text[cut.start():] if cut else ''
        if cut:
            text = text[:cut.start()]
        place = 0
        while place < len(text):
            match = SEQUENCE.match(text, place)
            if match is None:
                self._violation(text[place:place + 8])
                place += 1
                continue
            place = match.end()
            self._obey(match)

    def _obey(self, match):
        if match['text'] is not None:
            for char in match['text']:
                self._print(char)
        elif match['final'] is not None:
            self._control_sequence(match)
        elif match['control'] is not None:
            self._control(match['control'])
        elif match['charset'] is not None:
            self._choose_charset(match)
        elif match['escape'] is not None:
            self._escape(match['escape'])
        else:
            self._violation(match.group())

    def _violation(self, sequence):
        self.violations.append(sequence)

    # ---- text ----

    def _print(self, char):
        if self.line_drawing:
            char = LINE_DRAWING.get(char, char)
        if unicodedata.category(char) in ('Cf', 'Cs', 'Zl', 'Zp'):    # invisible, or a byte that is not UTF-8
            self._violation(char)
            return
        cells = width(char)
        if cells == 0:
            if self.x > 0:
                self.grid[self.y][min(self.x, self.cols) - 1].text += char
            return
        if self.x + cells > self.cols:
            if 7 in self.modes:
                self.x = 0
                self._line_feed()
            else:
                self.x = max(0, self.cols - cells)
        if self.insert:
            self._insert_cells(cells)
        line = self.grid[self.y]
        self._split_wide(line, self.x)
        self._split_wide(line, self.x + cells)
        line[self.x] = Cell(char, self.style)
        if cells == 2 and self.x + 1 < self.cols:
            line[self.x + 1] = Cell('', self.style)
        self.x += cells
        self.last = char

    def _split_wide(self, line, x):
        """What begins at x overwrites a half of a wide character: the other half becomes blank."""
        if 0 < x < self.cols and line[x].text == '':
            line[x - 1].text = ' '
            line[x].text = ' '

    def _control(self, char):
        if char == '\n' or char == '\x0b' or char == '\x0c':
            self._line_feed()
        elif char == '\r':
            self.x = 0
        elif char == '\b':
            self.x = max(0, min(self.x, self.cols - 1) - 1)
        elif char == '\t':
            self.x = min(self.cols - 1, (self.x // 8 + 1) * 8)
        elif char == '\x07':
            self.bells += 1
        elif char not in '\x00\x18':
            self._violation(char)

    def _choose_charset(self, match):
        if match['charset'] != '(' or match['set'] not in 'B0':
            self._violation(match.group())
            return
        self.line_drawing = match['set'] == '0'

    def _escape(self, final):
        if final == '7':
            self.kept = (self.x, self.y, self.style)
        elif final == '8':
            self.x, self.y, self.style = self.kept
        elif final == 'M':
            self._reverse_feed()
        elif final == 'D':
            self._line_feed()
        elif final == 'E':
            self.x = 0
            self._line_feed()
        elif final == 'c':
            self._reset()
        elif final not in '=>':
            self._violation('\x1b' + final)

    # ---- control sequences ----

    def _control_sequence(self, match):
        final, private, between = match['final'], match['private'], match['between']
        args = match['args']
        if private == '?' and final in 'hl' and not between:
            for mode in args.split(';'):
                self._set_mode(int(mode or 0), final == 'h')
            return
        if final == 'm' and not private and not between:
            self._set_style(args)
            return
        numbers = [int(arg) if arg.isdigit() else 0 for arg in args.split(';')]
        if (private, between, final) == ('', ' ', 'q'):
            self.cursor_style = numbers[0]
        elif (private, between, final) == ('', '!', 'p'):
            self.style, self.insert = (), False
        elif private or between or final not in self.HANDLERS:
            self._violation(match.group())
        else:
            self.HANDLERS[final](self, numbers)

    def _set_mode(self, mode, on):
        if mode not in WATCHED_MODES and mode not in OTHER_MODES:
            self._violation('\x1b[?%d%s' % (mode, 'h' if on else 'l'))
            return
        self.seen_modes.add(mode)
        if mode in (47, 1047, 1049) and on != self.alternate:
            self._switch(on, mode == 1049)
        (self.modes.add if on else self.modes.discard)(mode)

    def _switch(self, alternate, with_cursor):
        if alternate:
            self._main = (self.grid, self.x, self.y, self.style)
            self.grid = [self._blank_line(self.cols) for _ in range(self.rows)]
            return
        self.grid, x, y, style = self._main
        self._main = None
        if with_cursor:
            self._move(x, y)
            self.style = style

    def _set_style(self, args):
        words = {} if not args else {word.split('=')[0]: word for word in self.style}
        numbers = [int(part) if part else 0 for part in re.split('[;:]', args)]
        while numbers:
            number = numbers.pop(0)
            if number == 0:
                words = {}
            elif number in (38, 48):
                self._extended_colour(words, 'fg' if number == 38 else 'bg', numbers)
            elif number in self.STYLES:
                words[self.STYLES[number]] = self.STYLES[number]
            elif number in self.STYLES_OFF:
                for word in self.STYLES_OFF[number]:
                    words.pop(word, None)
            elif number // 10 in (3, 4, 9, 10) and number % 10 < 8:
                bright = 8 if number >= 90 else 0
                side = 'fg' if number // 10 in (3, 9) else 'bg'
                words[side] = '%s=%d' % (side, number % 10 + bright)
            else:
                self._violation('\x1b[%sm' % args)
                break
        self.style = tuple(sorted(words.values()))

    def _extended_colour(self, words, side, numbers):
        if len(numbers) >= 2 and numbers[0] == 5:
            words[side] = '%s=%d' % (side, numbers[1])
            del numbers[:2]
        elif len(numbers) >= 4 and numbers[0] == 2:
            words[side] = '%s=#%02x%02x%02x' % (side, numbers[1], numbers[2], numbers[3])
            del numbers[:4]
        else:
            self._violation('colour %s' % numbers)
            numbers.clear()

    STYLES = {1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 5: 'blink', 7: 'reverse', 8: 'invisible', 9: 'struck'}
    STYLES_OFF = {21: ('bold',), 22: ('bold', 'dim'), 23: ('italic',), 24: ('underline',), 25: ('blink',),
                  27: ('reverse',), 28: ('invisible',), 29: ('struck',), 39: ('fg',), 49: ('bg',)}

    # ---- moving and erasing ----

    def _blank_line(self, cols):
        return [Cell() for _ in range(cols)]

    def _reset(self):
        self.grid = [self._blank_line(self.cols) for _ in range(self.rows)]
        self._main = None
        self.x = self.y = 0
        self.top, self.bottom = 0, self.rows - 1
        self.style = ()
        self.insert = self.line_drawing = False
        self.kept = (0, 0, ())
        self.last = ' '

    def _move(self, x, y):
        self.x = max(0, min(self.cols - 1, x))
        self.y = max(0, min(self.rows - 1, y))

    def _line_feed(self):
        if self.y == self.bottom:
            self._scroll(self.top, 1)
        else:
            self.y = min(self.rows - 1, self.y + 1)

    def _reverse_feed(self):
        if self.y == self.top:
            self._scroll(self.top, -1)
        else:
            self.y = max(0, self.y - 1)

    def _scroll(self, top, count):
        """Move the lines from top to the bottom of the region up by count, down if it is negative."""
        if not top <= self.bottom:
            return
        region = self.grid[top:self.bottom + 1]
        height = len(region)
        count = max(-height, min(height, count))
        blank = [self._erased_line() for _ in range(abs(count))]
        region = region[count:] + blank if count > 0 else blank + region[:height + count]
        self.grid[top:self.bottom + 1] = region

    def _erased(self):
        return Cell(' ', tuple(word for word in self.style if word.startswith('bg=')))

    def _erased_line(self):
        return [self._erased() for _ in range(self.cols)]

    def _erase(self, y, first, last):
        for x in range(max(0, first), min(self.cols, last)):
            self.grid[y][x] = self._erased()

    def _insert_cells(self, count):
        line = self.grid[self.y]
        line[self.x:self.x] = [self._erased() for _ in range(count)]
        del line[self.cols:]

    def _delete_cells(self, count):
        line = self.grid[self.y]
        del line[self.x:self.x + count]
        line.extend(self._erased() for _ in range(self.cols - len(line)))

    def _erase_line(self, n):
        if n[0] == 0:
            self._erase(self.y, self.x, self.cols)
        elif n[0] == 1:
            self._erase(self.y, 0, self.x + 1)
        else:
            self._erase(self.y, 0, self.cols)

    def _erase_display(self, n):
        if n[0] == 0:
            self._erase(self.y, self.x, self.cols)
            lines = range(self.y + 1, self.rows)
        elif n[0] == 1:
            self._erase(self.y, 0, self.x + 1)
            lines = range(self.y)
        else:
            lines = range(self.rows)
        for y in lines:
            self._erase(y, 0, self.cols)

    def _set_region(self, n):
        bottom = (n[1] if len(n) > 1 else 0) or self.rows
        top = (n[0] or 1) - 1
        if top < bottom - 1 < self.rows:
            self.top, self.bottom = top, bottom - 1
            self._move(0, 0)

    def _set_ansi_mode(self, on):
        def handle(self, n):
            if n == [4]:
                self.insert = on
            elif n != [34]:
                self._violation('\x1b[%s%s' % (n, 'h' if on else 'l'))
        return handle

    def _repeat(self, n):
        for _ in range(n[0] or 1):
            self._print(self.last)

    def _window(self, n):
        if n[0] not in (22, 23):     # saving and restoring the title, a part of smcup and rmcup
            self._violation('\x1b[%st' % n)

    def _at(self):
        return min(self.x, self.cols - 1)

    HANDLERS = {
        'A': lambda self, n: self._move(self._at(), self.y - (n[0] or 1)),
        'B': lambda self, n: self._move(self._at(), self.y + (n[0] or 1)),
        'C': lambda self, n: self._move(self._at() + (n[0] or 1), self.y),
        'D': lambda self, n: self._move(self._at() - (n[0] or 1), self.y),
        'E': lambda self, n: self._move(0, self.y + (n[0] or 1)),
        'F': lambda self, n: self._move(0, self.y - (n[0] or 1)),
        'G': lambda self, n: self._move((n[0] or 1) - 1, self.y),
        'H': lambda self, n: self._move(((n[1] if len(n) > 1 else 1) or 1) - 1, (n[0] or 1) - 1),
        'J': _erase_display,
        'K': _erase_line,
        'L': lambda self, n: self._scroll(self.y, -(n[0] or 1)),
        'M': lambda self, n: self._scroll(self.y, n[0] or 1),
        'P': lambda self, n: self._delete_cells(n[0] or 1),
        'S': lambda self, n: self._scroll(self.top, n[0] or 1),
        'T': lambda self, n: self._scroll(self.top, -(n[0] or 1)),
        'X': lambda self, n: self._erase(self.y, self.x, self.x + (n[0] or 1)),
        'Z': lambda self, n: self._move((self._at() - 1) // 8 * 8, self.y),
        '@': lambda self, n: self._insert_cells(n[0] or 1),
        'b': _repeat,
        'd': lambda self, n: self._move(self._at(), (n[0] or 1) - 1),
        'h': _set_ansi_mode(None, True),
        'l': _set_ansi_mode(None, False),
        'r': _set_region,
        't': _window,
    }
