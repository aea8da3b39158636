package report

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

// TextOptions say what the terminal can show. The zero value is what suits a
// file or a pipe, apart from the signs, which are Unicode unless ASCII is set.
type TextOptions struct {
	Width  int    // columns; 0 means 80, less than 40 means 40
	Color  bool   // use ANSI colours
	ASCII  bool   // write signs and punctuation in ASCII; quoted text stays as it is
	Links  bool   // make the path of the report a hyperlink (OSC 8)
	Report string // path of the page; "" when none was written
}

// TextOptionsFrom derives what a terminal can show from the environment. tty is
// whether the output is a terminal, width its columns. NO_COLOR, if not empty,
// wins over CLICOLOR_FORCE and FORCE_COLOR, and they over TERM=dumb; see
// https://no-color.org. Without a locale of UTF-8 the signs are ASCII.
func TextOptionsFrom(getenv func(string) string, tty bool, width int) TextOptions {
	set := func(name string) bool { v := getenv(name); return v != "" && v != "0" }
	dumb := getenv("TERM") == "dumb"
	forced := set("CLICOLOR_FORCE") || set("FORCE_COLOR")
	return TextOptions{
		Width: width,
		Color: getenv("NO_COLOR") == "" && (forced || tty && !dumb),
		ASCII: dumb || !utf8Locale(getenv),
		Links: tty && !dumb && !set("CI"),
	}
}

// utf8Locale asks the first of the variables that is set, as POSIX does. A
// machine that sets none of them is taken to be able to show UTF-8.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}

// maxLines is what [Text] writes at most: one screen.
const maxLines = 25

// Text writes the result of a run for a terminal in at most 25 lines: the
// verdict's word first, then what happened, and at last where the page is and
// how to repeat the run.
func Text(w io.Writer, p Page, o TextOptions) error {
	d := newDigest(p)
	t := texter{o: o, width: min(max(o.Width, 40), 160)}
	if o.Width == 0 {
		t.width = 80
	}
	head, foot := t.head(d), t.foot(d)
	body := t.body(d, maxLines-len(head)-len(foot))
	lines := strings.Join(append(append(head, body...), foot...), "\n") + "\n"
	if _, err := io.WriteString(w, lines); err != nil {
		return fmt.Errorf("report of %q: %w", p.Title, err)
	}
	return nil
}

// texter makes lines.
type texter struct {
	o     TextOptions
	width int
}

// head is the verdict and the figures of the run.
func (t *texter) head(d *digest) []string {
	v := d.Verdict.Validity
	line := t.sign(v) + " " + verdictWord(v)
	if d.Title != "" {
		line += "  " + shown(d.Title, 100)
	}
	lines := []string{t.paint(v, line)}
	figures := fmt.Sprintf("%s (%s ok, %s fail, %s info) in %s, %d of %s had an effect",
		plural(len(d.ops), "operation"), count(d.counts[histories.OK]), count(d.counts[histories.Fail]), count(d.counts[histories.Info]),
		span(d.end), d.effective(), plural(len(d.faults), "fault"))
	lines = append(lines, t.wrap(figures, "  ", 2)...)
	if d.History.Interrupted != "" {
		lines = append(lines, t.wrap("the history is not complete: "+shown(d.History.Interrupted, 200), "  ", 2)...)
	}
	return lines
}

// sign is the mark of a verdict; its word always follows.
func (t *texter) sign(v checker.Validity) string {
	if !t.o.ASCII {
		return signs[v]
	}
	return map[checker.Validity]string{checker.Valid: "[ok]", checker.Invalid: "[X]"}[v] +
		map[bool]string{true: "[?]"}[v != checker.Valid && v != checker.Invalid]
}

func (t *texter) paint(v checker.Validity, line string) string {
	if !t.o.Color {
		return line
	}
	code := "33" // yellow: unknown
	switch v {
	case checker.Valid:
		code = "32"
	case checker.Invalid:
		code = "31"
	}
	return "\x1b[1;" + code + "m" + line + "\x1b[0m"
}

// body tells why, in at most room lines.
func (t *texter) body(d *digest, room int) []string {
	switch {
	case d.Verdict.Validity == checker.Valid:
		return nil
	case d.Verdict.Validity == checker.Invalid && len(d.anomalies) > 0:
		return t.anomaly(d, room)
	default:
		return t.wrap(d.summary(), "  ", min(room, 6))
	}
}

// anomaly tells the first anomaly and names the others.
func (t *texter) anomaly(d *digest, room int) []string {
	a := d.anomalies[0]
	title := shown(a.Name, 80)
	if a.Key != "" {
		title += " on key " + shown(a.Key, maxValue)
	}
	lines := append([]string{""}, t.wrap(title, "  ", 1)...)
	room -= len(lines) + 1
	var others []string
	if more := len(d.anomalies) + d.skipped - 1; more > 0 {
		others = t.wrap("and "+plural(more, "more anomaly"), "  ", 1)
	}
	proof := t.proof(d, a, min(6, len(a.proof)))
	room -= len(others) + len(proof)
	lines = append(lines, t.wrap(shown(a.Explanation, 4000), "    ", room)...)
	return append(append(append(lines, proof...), others...), "")
}

// proof lists the first operations of a proof, one on a line.
func (t *texter) proof(d *digest, a anomaly, n int) []string {
	var lines []string
	for i, at := range a.proof[:n] {
		o := &d.ops[at]
		lines = append(lines, t.clip(fmt.Sprintf("    %d. %11s s  client %-3d %s: %s", i+1, fine(o.start), o.lane, caption(o), result(o))))
	}
	return lines
}

// inASCII replaces the signs that this package writes itself.
var inASCII = strings.NewReplacer("→", "->", "…", "...", "µs", "us", "–", "-")

func (t *texter) plain(line string) string {
	if t.o.ASCII {
		return inASCII.Replace(line)
	}
	return line
}

// clip cuts a line at the edge of the terminal.
func (t *texter) clip(line string) string {
	runes := []rune(t.plain(line))
	if len(runes) <= t.width {
		return string(runes)
	}
	return string(runes[:t.width-3]) + t.plain("…")
}

// foot is where the page is and how to repeat the run. Neither is cut: a path
// or a command that was cut is of no use.
func (t *texter) foot(d *digest) []string {
	var lines []string
	if t.o.Report != "" {
		lines = append(lines, "  report: "+t.link(t.o.Report))
	}
	if d.Replay != "" {
		lines = append(lines, "  replay: "+shown(d.Replay, 2000))
	}
	return lines
}

// link is a path as a file URL, with the escape sequence that makes terminals
// open it where that is wanted.
func (t *texter) link(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	target := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
	if !t.o.Links {
		return target
	}
	return "\x1b]8;;" + target + "\x1b\\" + target + "\x1b]8;;\x1b\\"
}

// wrap breaks a line between words, with an indent before each of at most most
// lines; what does not fit is replaced by an ellipsis.
func (t *texter) wrap(line, indent string, most int) []string {
	room := t.width - len(indent)
	var lines []string
	current := ""
	for _, word := range strings.Fields(t.plain(line)) {
		for _, part := range chop(word, room) {
			switch {
			case current == "":
				current = part
			case columnsOf(current)+1+columnsOf(part) <= room:
				current += " " + part
			default:
				lines, current = append(lines, current), part
			}
		}
	}
	if current != "" {
		lines = append(lines, current)
	}
	if most = max(most, 1); len(lines) > most {
		lines = lines[:most]
		last := []rune(lines[most-1])
		lines[most-1] = string(last[:min(len(last), room-4)]) + " " + t.plain("…")
	}
	for i := range lines {
		lines[i] = indent + lines[i]
	}
	return lines
}

func columnsOf(s string) int { return len([]rune(s)) }

// chop cuts a word that is longer than a line.
func chop(word string, room int) []string {
	runes := []rune(word)
	var parts []string
	for len(runes) > room {
		parts, runes = append(parts, string(runes[:room])), runes[room:]
	}
	return append(parts, string(runes))
}
