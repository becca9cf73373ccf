package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// terminal is where the user sits.
type terminal interface {
	// Say shows a line or several.
	Say(text string)
	// Ask reads a line.
	Ask(prompt string) (string, error)
	// AskSecret reads a line without showing it.
	AskSecret(prompt string) (string, error)
}

// console is the process's own.
type console struct{}

// lines is standard input, for all that is read of it.
var lines = bufio.NewReader(os.Stdin)

func (console) Say(text string) { fmt.Println(text) }

func (console) Ask(prompt string) (string, error) {
	fmt.Print(prompt + ": ")
	line, err := lines.ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	return strings.TrimSpace(line), err
}

// AskSecret shows nothing of what is typed. From a pipe it reads what is there, for use in scripts.
func (c console) AskSecret(prompt string) (string, error) {
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) && line != "" {
			err = nil
		}
		return strings.TrimRight(line, "\r\n"), err // a password may begin or end with a space
	}
	fmt.Print(prompt + ": ")
	secret, err := term.ReadPassword(fd)
	fmt.Println()
	return string(secret), err
}
