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

// terminal is where the user sits. Ask and AskSecret return when ctx is done, at the latest.
type terminal interface {
	// Say shows a line or several.
	Say(text string)
	// Ask reads a line.
	Ask(ctx context.Context, prompt string) (string, error)
	// AskSecret reads a line without showing it.
	AskSecret(ctx context.Context, prompt string) (string, error)
}

// console is the process's own.
type console struct{}

// lines is standard input, for all that is read of it.
var lines = bufio.NewReader(os.Stdin)

func (console) Say(text string) { fmt.Println(text) }

func (console) Ask(ctx context.Context, prompt string) (string, error) {
	fmt.Print(prompt + ": ")
	line, err := orDone(ctx, readLine)
	if ctx.Err() != nil {
		fmt.Println() // the prompt of the shell begins a line
	}
	return strings.TrimSpace(line), err
}

// AskSecret shows nothing of what is typed. From a pipe it reads what is there, for use in scripts.
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

// readLine reads a line of standard input. The last one may lack its end.
func readLine() (string, error) {
	line, err := lines.ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	return line, err
}

// orDone returns the result of read, or the error of ctx when that is done. A read of standard
// input cannot be canceled: it goes on until the program ends, so the caller must end the program.
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
