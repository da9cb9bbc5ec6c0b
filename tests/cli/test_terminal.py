"""Lines for a terminal: filled as far as it is wide, with wide letters counted and nothing broken that is copied."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from gateway.cli.terminal import columns, hanging, own_line, printable, rows, width

WIDTH = "from gateway.cli.terminal import width; print(width())"
LONG = "https://benefits.sandbox.invalid/privacy"


@pytest.fixture(autouse=True)
def forty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def without_columns() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "COLUMNS"}


@pytest.mark.parametrize(("terminal", "written"), [(60, 60), (80, 80), (120, 100), (0, 80)])
def test_the_width_is_the_terminals_up_to_100(terminal: int, written: int) -> None:
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, terminal, 0, 0))
        subprocess.run([sys.executable, "-c", WIDTH], stdout=theirs, env=without_columns(), check=True, timeout=30)
        assert int(os.read(ours, 100)) == written
    finally:
        os.close(ours)
        os.close(theirs)


def test_it_is_80_where_nothing_tells_and_what_columns_says_where_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", WIDTH]
    done = subprocess.run(command, capture_output=True, text=True, env=without_columns(), check=True, timeout=30)
    assert done.stdout == "80\n"
    assert width() == 40
    monkeypatch.setenv("COLUMNS", "nonsense")
    assert width() <= 100


def test_a_text_goes_on_below_itself() -> None:
    named = [("kept", "Until the decision is final, and one year after it."), ("used", "")]
    assert list(rows(named, 8)) == [
        "  kept      Until the decision is final,",
        "            and one year after it.",
        "  used",
    ]


def test_a_word_that_has_no_room_stands_whole_on_a_line_of_its_own_further_left() -> None:
    at = "desk@benefits.sandbox.invalid"
    assert list(hanging("  questions    ", at)) == ["  questions", f"    {at}"]
    assert list(hanging("  questions    ", f"by mail {at} or by hand")) == [
        "  questions    by mail",
        f"    {at}",
        "               or by hand",
    ]
    assert list(hanging("  questions    ", LONG)) == ["  questions", LONG]
    assert list(hanging("", f"see {LONG}x")) == ["see", f"{LONG}x"]


def test_a_command_stands_whole_whatever_its_length() -> None:
    assert own_line("threekeys consent list") == "  threekeys consent list"
    command = f"threekeys consent list --sandbox {LONG}"
    assert own_line(command) == command


def test_wide_letters_take_two_columns_and_marks_on_letters_none() -> None:
    assert [columns(text) for text in ("abc", "日本語", "ｈ", "e\u0301", "か\u3099")] == [3, 6, 2, 1, 2]
    assert list(rows([("名前", "one"), ("name", "two")], 6)) == ["  名前    one", "  name    two"]


def test_a_text_in_wide_letters_breaks_between_them_and_never_before_its_punctuation() -> None:
    text = "障害者手帳の申請を審査するために。「運転免許証」"
    lines = list(hanging("  目的  ", text))
    assert len(lines) > 1
    assert "".join(line.strip() for line in lines).removeprefix("目的").strip() == text
    for line in lines:
        assert 36 <= columns(line) <= 40 or line == lines[-1]
        assert line.strip()[0] not in "。」"
        assert line[-1] != "「"


def test_what_could_make_a_terminal_show_something_else_is_not_printed() -> None:
    assert printable("\x1b[2Jfor \u202eevil") == "\ufffd[2Jfor \ufffdevil"
    assert printable("Führerscheine → Wohngeld") == "Führerscheine → Wohngeld"
    assert printable("Art.\u00a06 und\u30007") == "Art. 6 und 7", "blanks that do not break are blanks"
