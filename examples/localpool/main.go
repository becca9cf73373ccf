// Localpool serves a user pool on a port of this machine, for front ends, for programs in other languages, and for
// whoever wants to look at one. It needs no AWS account, keeps everything in memory and ends on interrupt:
//
//	go run ./examples/localpool
//
// It says how to point clients at it. Codes that a pool at AWS would mail are printed as they are delivered. It is for
// development only: whoever reaches the port may do anything, AWS credentials are not checked.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/gocognito/cognito/cognitotest"
)

func main() {
	var f settings
	flag.StringVar(&f.addr, "addr", "127.0.0.1:9229", "where to listen")
	flag.StringVar(&f.pool, "pool", "us-east-1_Local0001", "ID of the pool")
	flag.StringVar(&f.client, "client", "1localpoolexample23456789", "ID of its app client")
	flag.StringVar(&f.secret, "secret", "", "secret of the app client; none, as front ends need it, if empty")
	flag.StringVar(&f.mfa, "mfa", "OPTIONAL", "who is asked for a second factor: OFF, OPTIONAL (those who have one) or ON")
	flag.StringVar(&f.user, "user", "bob:Correct-Horse-1", "a user to begin with, as name:password; none if empty")
	flag.StringVar(&f.issuer, "issuer", "", "issuer that tokens name, such as https://cognito-idp.us-east-1.amazonaws.com/<pool>;\n"+
		"this server and the pool if empty. Keys are served here in any case")
	flag.StringVar(&f.callbacks, "callback", "http://localhost:3000/callback", "URLs that the sign-in page may send browsers back to, separated by commas")
	flag.StringVar(&f.logouts, "logout", "http://localhost:3000/", "URLs that the sign-out may send browsers to, separated by commas")
	flag.Parse()
	if err := run(f, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "localpool:", err)
		os.Exit(1)
	}
}

// run serves the pool until it is interrupted.
func run(f settings, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	mail := &mailbox{out: out}
	srv, err := f.start(mail.deliver)
	if err != nil {
		return err
	}
	defer srv.Close()
	mail.write(f.greeting(srv))
	<-ctx.Done()
	mail.write("\nStopped; the pool is gone.\n")
	return nil
}

// start starts the pool. That the port is taken, or that a flag describes no pool, is an error.
func (f settings) start(deliver func(cognitotest.Message)) (srv *cognitotest.Server, err error) {
	user, err := f.firstUser()
	if err != nil {
		return nil, err
	}
	defer func() {
		// NewServer and AddUser panic with a text, since in a test there is nothing to go on with.
		switch reason := recover().(type) {
		case nil:
		case string:
			if srv != nil {
				srv.Close()
			}
			srv, err = nil, errors.New(reason)
		default:
			panic(reason)
		}
	}()
	srv = cognitotest.NewServer(f.config(deliver))
	if user != nil {
		srv.AddUser(*user)
	}
	return srv, nil
}
