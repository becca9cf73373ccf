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

// terminal talks to the user. Ask and AskSecret return at the latest when ctx is done.
type terminal interface {
	// Say shows one or more lines.
	Say(text string)
	// Ask reads a line.
	Ask(ctx context.Context, prompt string) (string, error)
	// AskSecret reads a line without showing it.
	AskSecret(ctx context.Context, prompt string) (string, error)
}

// console is the terminal of this process.
type console struct{}

// lines buffers standard input. All reads share it, so that none loses what another has buffered.
var lines = bufio.NewReader(os.Stdin)

func (console) Say(text string) { fmt.Println(text) }

func (console) Ask(ctx context.Context, prompt string) (string, error) {
	fmt.Print(prompt + ": ")
	line, err := orDone(ctx, readLine)
	if ctx.Err() != nil {
		fmt.Println() // start the shell's prompt on a new line
	}
	return strings.TrimSpace(line), err
}

// AskSecret reads a line without showing it. It also reads from a pipe, for use in scripts.
func (console) AskSecret(ctx context.Context, prompt string) (string, error) {
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		line, err := orDone(ctx, readLine)
		return strings.TrimRight(line, "\r\n"), err // a password may begin or end with a space
	}
	shown, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Print(prompt + ": ")
	secret, err := orDone(ctx, func() (string, error) {
		secret, err := term.ReadPassword(fd)
		return string(secret), err
	})
	fmt.Println()
	// ReadPassword still waits, and the terminal shows nothing until it has returned.
	if ctx.Err() != nil {
		err = errors.Join(err, term.Restore(fd, shown))
	}
	return secret, err
}

// readLine reads a line of standard input. The last line may lack a newline.
func readLine() (string, error) {
	line, err := lines.ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	return line, err
}

// orDone returns the result of read, or the error of ctx when that is done. A read of standard
// input cannot be canceled: it continues until the program ends, so the caller must end the program.
func orDone(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
