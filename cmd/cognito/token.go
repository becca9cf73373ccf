package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/gocognito/cognito"
)

var tokenCommand = command{
	name: "token", summary: "print an access token; sign in if needed",
	description: `
It prints an access token that is valid for at least a minute. The session is kept in
the user's configuration folder, so that the next call asks for nothing; expired
tokens are refreshed. Without a session it signs in: it asks for the password and for
what else the pool wants, on standard error. Passkeys cannot be used at a terminal.

	cognito token -header | curl -H @- https://api.example.com/orders

The password is COGNITO_PASSWORD, or the first line of standard input with
-password-stdin, or it is asked for.`,
	prepare: func(p program, flags *flag.FlagSet) func(context.Context, []string) error {
		t := &tokenRun{program: p}
		t.flags(flags)
		t.userFlag(flags)
		flags.BoolVar(&t.id, "id", false, "print the ID token")
		flags.BoolVar(&t.header, "header", false, `print it as a header, "Authorization: Bearer …", for curl -H @-`)
		flags.BoolVar(&t.json, "json", false, "print it as JSON, with its user and expiry")
		flags.BoolVar(&t.refresh, "refresh", false, "refresh first, for example after a change of groups")
		flags.StringVar(&t.flow, "flow", "srp", "how to begin: srp, password (which sends it), custom or choice")
		flags.BoolVar(&t.passwordStdin, "password-stdin", false,
			"read the password, and then answers to challenges, from standard\ninput, a line each")
		flags.StringVar(&t.device, "device-name", "", `name of this device in the pool; "cognito on" and the host if empty`)
		flags.BoolVar(&t.remember, "remember-device", false, "let the pool remember this device without asking")
		return t.run
	},
}

// tokenRun is a run of the command token.
type tokenRun struct {
	program
	settings
	id, header, json, refresh, passwordStdin, remember bool
	flow, device                                       string
}

func (t *tokenRun) run(ctx context.Context, args []string) error {
	switch {
	case len(args) > 0:
		return usageError("want no arguments")
	case t.header && t.json:
		return usageError("want -header or -json, not both")
	}
	begin, ok := flows[t.flow]
	if !ok {
		return usageError(fmt.Sprintf("-flow: want srp, password, custom or choice, got %q", t.flow))
	}
	session, _, err := t.session(t.program)
	if err != nil {
		return err
	}
	tokens, err := t.kept(ctx, session)
	if cognito.IsTerminal(err) || errors.Is(err, cognito.ErrNotSignedIn) {
		tokens, err = t.signIn(ctx, session, begin)
	}
	if err != nil {
		return err
	}
	return t.print(session, tokens)
}

// kept returns the tokens of the kept session, refreshed if needed.
func (t *tokenRun) kept(ctx context.Context, session *cognito.Cognito) (cognito.Tokens, error) {
	if t.refresh {
		if err := session.RenewAccessToken(ctx); err != nil {
			return cognito.Tokens{}, err
		}
	}
	return session.Token(ctx)
}

func (t *tokenRun) signIn(ctx context.Context, session *cognito.Cognito, begin flow) (cognito.Tokens, error) {
	user := &dialog{console: newConsole(t.program, t.passwordStdin), session: session, password: t.env("COGNITO_PASSWORD")}
	if t.passwordStdin {
		user.password = ""
	}
	if err := user.signIn(ctx, begin); err != nil {
		return cognito.Tokens{}, err
	}
	if err := t.confirmDevice(ctx, user); err != nil {
		return cognito.Tokens{}, err
	}
	return session.Tokens(), nil
}

// confirmDevice confirms the device of a sign-in, without which the pool would refuse a refresh. A
// failure of the pool is no failure of the sign-in.
func (t *tokenRun) confirmDevice(ctx context.Context, user *dialog) error {
	if err := user.session.DeviceError(); err != nil {
		user.Say("The device: " + printable(err.Error()))
	}
	name := t.device
	if name == "" {
		name = "cognito"
		if host, err := os.Hostname(); err == nil {
			name += " on " + host
		}
	}
	device, err := user.session.ConfirmDevice(ctx, name)
	if err == nil && device.UserConfirmationNecessary {
		var yes bool
		if yes, err = t.mayRemember(ctx, user); err == nil && yes {
			err = user.session.UpdateDeviceStatus(ctx, device.Key, true)
		}
	}
	switch {
	case err == nil || errors.Is(err, cognito.ErrNoNewDevice):
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		user.Say("The device: " + printable(err.Error()))
	}
	return nil
}

// mayRemember reports whether the user wants the pool to remember the device. Without a terminal,
// nobody is asked.
func (t *tokenRun) mayRemember(ctx context.Context, user *dialog) (bool, error) {
	if t.remember || !user.terminal {
		return t.remember, nil
	}
	text, err := user.Ask(ctx, "Shall the pool remember this device, so that it may ask for less? [y/N]")
	if errors.Is(err, errNoInput) {
		return false, nil
	}
	return strings.EqualFold(text, "y") || strings.EqualFold(text, "yes"), err
}

func (t *tokenRun) print(session *cognito.Cognito, tokens cognito.Tokens) error {
	text, use := tokens.AccessToken, cognito.AccessToken
	expires := session.AccessClaims().ExpiresAt
	if t.id {
		text, use = tokens.IDToken, cognito.IDToken
		expires = session.IDClaims().ExpiresAt
	}
	if t.json {
		return printJSON(t.stdout, map[string]any{
			"token": text, "token_use": use, "token_type": "Bearer", "username": session.AccessClaims().Username,
			"expires_at": expires.UTC().Format(time.RFC3339),
		})
	}
	if t.header {
		text = "Authorization: Bearer " + text
	}
	_, err := fmt.Fprintln(t.stdout, text)
	return err
}
