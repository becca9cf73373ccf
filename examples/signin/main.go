// Signin signs in to a Cognito user pool at the terminal, whatever the pool asks for: a password,
// codes, a new password, a choice of factors, the set-up of an authenticator app, or the questions
// of the pool's Lambda functions. It is meant to be read and copied. Without flags it starts a pool
// in its own process and needs no AWS account:
//
//	go run . -user dave
//
// Ctrl-C ends it at every prompt. With -pool, -client and -user it signs in to a real pool. -store
// names a file; the remembered device is kept beside it. It is a module of its own, which keeps the
// library's dependencies small.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/gocognito/cognito"
)

func main() {
	var s settings
	flag.StringVar(&s.pool, "pool", "", "ID of a real user pool, such as eu-west-1_aBcDeFgHi")
	flag.StringVar(&s.client, "client", "", "ID of its app client; its secret is COGNITO_CLIENT_SECRET")
	flag.StringVar(&s.endpoint, "endpoint", "", "URL of a local pool, instead of AWS")
	flag.StringVar(&s.user, "user", "bob", "username or alias to sign in with")
	flag.StringVar(&s.flow, "flow", "srp", "how to begin: srp, password, custom or choice")
	flag.StringVar(&s.store, "store", "",
		"file of a cognito.FileStore, which keeps the remembered device; none without it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // the second one ends the program in any case
	err := s.run(ctx, console{})
	switch {
	case ctx.Err() != nil:
		os.Exit(interrupted)
	case err != nil:
		fmt.Fprintln(os.Stderr, "signin:", err)
		os.Exit(1)
	}
}

// interrupted is the exit status of programs that Ctrl-C has ended.
const interrupted = 130

// settings are the flags.
type settings struct {
	pool, client, endpoint, user, flow, store string
}

// run signs in and out again. The device stays in the store.
func (s settings) run(ctx context.Context, term terminal) error {
	pool, stop, err := s.open(term)
	if err != nil {
		return err
	}
	defer stop()
	var options []cognito.SessionOption
	if s.store != "" {
		options = append(options,
			cognito.WithTokenStore(cognito.NewFileStore(s.store)), cognito.WithDeviceTracking("terminal"))
	}
	session := pool.ForUser(s.user, options...)
	if err := signIn(ctx, session, term, s.flow); err != nil {
		return err
	}
	until := session.Tokens().ExpiresAt.Local().Format("15:04")
	term.Say(fmt.Sprintf("Signed in as %s until %s.", session.AccessClaims().Username, until))
	if err := session.DeviceError(); err != nil {
		term.Say("The device is not remembered: " + err.Error())
	}
	return session.RevokeToken(ctx)
}

func (s settings) open(term terminal) (pool *cognito.Cognito, stop func(), err error) {
	if s.pool == "" && s.client == "" && s.endpoint == "" {
		return localPool(term)
	}
	// The secret comes from the environment, because flags are visible in the process list.
	options := []cognito.Option{cognito.WithClientSecret(os.Getenv("COGNITO_CLIENT_SECRET"))}
	if s.endpoint != "" {
		options = append(options, cognito.WithEndpoint(s.endpoint))
	}
	pool, err = cognito.New(s.pool, s.client, options...)
	return pool, func() {}, err
}
