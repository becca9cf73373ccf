package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/gocognito/cognito"
)

// realPool is a pool elsewhere and the user to sign in as.
type realPool struct {
	pool, client, user, endpoint string
}

func (p realPool) signIn(ctx context.Context, out io.Writer) error {
	if p.pool == "" || p.client == "" || p.user == "" {
		return errors.New("a real pool needs -pool, -client and -user")
	}
	// The secret comes from the environment, because flags are visible in the process list.
	opts := []cognito.Option{cognito.WithClientSecret(os.Getenv("COGNITO_CLIENT_SECRET"))}
	if p.endpoint != "" {
		opts = append(opts, cognito.WithEndpoint(p.endpoint))
	}
	c, err := cognito.New(p.pool, p.client, append(opts, cognito.WithUsername(p.user))...)
	if err != nil {
		return err
	}
	password, err := askPassword("Password of " + p.user + ": ")
	if err != nil {
		return err
	}
	if err := c.Authenticate(ctx, password); err != nil {
		return err
	}
	id := c.IDClaims()
	_, err = fmt.Fprintf(out, "Signed in as %s <%s>, sub %s, until %s.\n",
		id.Username, id.Email, id.Subject, c.Tokens().ExpiresAt.Local().Format(time.DateTime))
	if err != nil {
		return err
	}
	return c.RevokeToken(ctx)
}

// askPassword reads a line without echo; from a pipe it reads what is there, for use in scripts.
func askPassword(prompt string) (string, error) {
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if errors.Is(err, io.EOF) && line != "" {
			err = nil
		}
		return strings.TrimRight(line, "\r\n"), err
	}
	fmt.Fprint(os.Stderr, prompt)
	password, err := term.ReadPassword(fd)
	fmt.Fprintln(os.Stderr)
	return string(password), err
}
