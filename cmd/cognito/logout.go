package main

import (
	"context"
	"errors"
	"flag"

	"github.com/gocognito/cognito"
)

var logoutCommand = command{
	name: "logout", summary: "sign out and remove the kept session",
	description: `
It revokes the tokens of the kept session and removes them. Without a session it does
nothing. The device is kept, so that the next sign-in may ask for less.`,
	prepare: func(p program, flags *flag.FlagSet) func(context.Context, []string) error {
		l := &logoutRun{program: p}
		l.flags(flags)
		l.userFlag(flags)
		flags.BoolVar(&l.everywhere, "everywhere", false, "sign the user out of all sessions, those of other programs too")
		flags.BoolVar(&l.local, "local", false, "remove the session without telling the pool: its tokens stay valid")
		flags.BoolVar(&l.device, "forget-device", false, "forget this device, in the pool and here")
		flags.BoolVar(&l.json, "json", false, "print the result as JSON")
		return l.run
	},
}

// logoutRun is a run of the command logout.
type logoutRun struct {
	program
	settings
	everywhere, local, device, json bool
}

func (l *logoutRun) run(ctx context.Context, args []string) error {
	switch {
	case len(args) > 0:
		return usageError("want no arguments")
	case l.everywhere && l.local:
		return usageError("want -everywhere or -local, not both")
	}
	session, store, err := l.session(l.program)
	if err != nil {
		return err
	}
	if l.device {
		if err := l.forgetDevice(ctx, session, store); err != nil {
			return err
		}
	}
	signOut := session.RevokeToken
	switch {
	case l.everywhere:
		signOut = session.Logout
	case l.local:
		signOut = func(ctx context.Context) error { return forget(ctx, session, store) }
	}
	err = signOut(ctx)
	signedOut := err == nil
	if errors.Is(err, cognito.ErrNotSignedIn) {
		err = store.Delete(ctx) // what cannot be used is removed, too
	}
	if err != nil {
		if ctx.Err() == nil && !l.local {
			newConsole(l.program, false).Say("The session is kept. -local removes it without telling the pool.")
		}
		return err
	}
	if l.json {
		return printJSON(l.stdout, map[string]any{"signed_out": signedOut})
	}
	text := "Signed out."
	if !signedOut {
		text = "Not signed in."
	}
	newConsole(l.program, false).Say(text)
	return nil
}

// forget removes the session here.
func forget(ctx context.Context, session *cognito.Cognito, store *cognito.FileStore) error {
	tokens, err := store.Load(ctx)
	if err == nil && tokens.AccessToken == "" {
		return cognito.ErrNotSignedIn
	}
	return session.ForgetTokens(ctx)
}

// forgetDevice removes the device. One that the pool does not know any more is only removed here.
func (l *logoutRun) forgetDevice(ctx context.Context, session *cognito.Cognito, store *cognito.FileStore) error {
	device, err := store.LoadDevice(ctx)
	if err != nil && !errors.Is(err, cognito.ErrStoreContent) {
		return err
	}
	if device.Key != "" && !l.local {
		err := session.ForgetDevice(ctx, device.Key)
		if err != nil && !errors.Is(err, cognito.ErrDeviceNotFound) && !errors.Is(err, cognito.ErrNotSignedIn) {
			return err
		}
	}
	return store.DeleteDevice(ctx)
}
