package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// errNoInput reports that an answer is needed and nobody can give it.
var errNoInput = errors.New("an answer is needed")

// maxInput bounds what is read of standard input.
const maxInput = 1 << 20

// console asks the user. Questions go to standard error, so that standard output has the result
// alone.
type console struct {
	in       *os.File
	out      io.Writer
	lines    *bufio.Reader // of in
	piped    bool          // answers are the lines of in
	terminal bool          // in is a terminal
}

func newConsole(p program, piped bool) *console {
	return &console{
		in: p.stdin, out: p.stderr, lines: bufio.NewReader(io.LimitReader(p.stdin, maxInput)),
		piped: piped, terminal: !piped && term.IsTerminal(descriptor(p.stdin)),
	}
}

func descriptor(file *os.File) int { return int(file.Fd()) }

// keepTerminal returns a function that gives the terminal the state that it has now.
func keepTerminal(file *os.File) (restore func()) {
	fd := descriptor(file)
	state, err := term.GetState(fd)
	if err != nil {
		return func() {} // no terminal
	}
	return func() { _ = term.Restore(fd, state) }
}

// Say shows a text.
func (c *console) Say(text string) { _, _ = fmt.Fprintln(c.out, text) }

// Ask reads a line, without spaces around it.
func (c *console) Ask(ctx context.Context, prompt string) (string, error) {
	line, err := c.read(ctx, prompt, c.line)
	return strings.TrimSpace(line), err
}

// AskSecret reads a line without showing it. A password may begin or end with a space.
func (c *console) AskSecret(ctx context.Context, prompt string) (string, error) {
	if !c.terminal {
		return c.read(ctx, prompt, c.line)
	}
	defer c.Say("") // for the line end that was not shown
	return c.read(ctx, prompt, func() (string, error) {
		secret, err := term.ReadPassword(descriptor(c.in))
		return string(secret), err
	})
}

// line reads a line without its end.
func (c *console) line() (string, error) {
	line, err := c.lines.ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}

// read shows the prompt and reads an answer, until ctx is done. The read itself cannot be canceled
// and goes on, so the terminal gets its state back here.
func (c *console) read(ctx context.Context, prompt string, read func() (string, error)) (string, error) {
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case c.terminal:
		_, _ = fmt.Fprintf(c.out, "%s: ", prompt)
	case !c.piped:
		return "", fmt.Errorf("%w, and standard input is no terminal: %s", errNoInput, prompt)
	}
	type answer struct {
		text string
		err  error
	}
	restore := keepTerminal(c.in)
	answered := make(chan answer, 1)
	go func() {
		text, err := read()
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		if errors.Is(a.err, io.EOF) {
			a.err = fmt.Errorf("%w, and standard input has ended: %s", errNoInput, prompt)
		}
		return a.text, a.err
	case <-ctx.Done():
		restore()
		return "", context.Cause(ctx)
	}
}
