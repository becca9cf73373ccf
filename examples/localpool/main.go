// Localpool serves user pools on a port of this machine, for front ends, for programs in other languages, and for
// whoever wants to look at one. It needs no AWS account and ends on interrupt:
//
//	go run ./examples/localpool
//
// It begins with one pool and says how to point clients at it. CreateUserPool adds others, as many as there is memory
// for. Codes that a pool at AWS would mail are printed as they are delivered.
//
// With -data it keeps everything in a file: pools, users, tokens and the keys that sign them. A change is in the file
// within a second, and the file is replaced as a whole, so that a crash leaves the one before. It has secrets and
// private keys, and only its owner may read it. One process at a time uses it: a second one ends with an error, and the file
// with the name's ending .lock is how it knows. Without -data everything is gone in the end.
//
// With -users it begins with the users of a JSON file, unless the file of -data is there already:
//
//	[{"username": "bob", "password": "Correct-Horse-1", "attributes": {"email": "bob@example.com", "email_verified": "true"},
//	  "groups": ["admins"], "totpSecret": "GEZDGNBVGY3TQOJQ"}]
//
// With -trigger it calls a Lambda function behind a URL, such as one that runs in the Lambda runtime interface emulator:
//
//	go run ./examples/localpool -trigger PreSignUp=http://127.0.0.1:9000/2015-03-31/functions/function/invocations
//
// It is for development only: whoever reaches the port may do anything, AWS credentials are not checked.
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
	flag.StringVar(&f.users, "users", "", "JSON file of more users to begin with")
	flag.StringVar(&f.data, "data", "", "file to keep everything in; nowhere if empty. If it is there, the pools are those of the file\n"+
		"and not those of the other flags")
	flag.Func("trigger", "a trigger, as name=URL, such as PreSignUp=http://127.0.0.1:9000/; may be given more than once", f.addTrigger)
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
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	_, err = os.Stat(f.data)
	restored := f.data != "" && err == nil
	srv, err := f.start(mail.deliver)
	if err != nil {
		return err
	}
	defer srv.Close()
	if restored {
		f.user, f.mfa = "", "as it was" // the flags say nothing about it
	}
	mail.write(f.greeting(srv))
	if f.data == "" {
		<-ctx.Done()
		mail.write("\nStopped; the pools are gone.\n")
		return nil
	}
	if err := f.keep(ctx, srv); err != nil {
		return err
	}
	mail.write("\nStopped; the pools are in " + f.data + ".\n")
	return nil
}

// start starts the pool. That the port is taken, or that a flag describes no pool, is an error.
func (f settings) start(deliver func(cognitotest.Message)) (srv *cognitotest.Server, err error) {
	users, err := f.firstUsers()
	if err != nil {
		return nil, err
	}
	cfg := f.config(deliver)
	if cfg.Snapshot, err = f.load(); err != nil {
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
	srv = cognitotest.NewServer(cfg)
	if cfg.Snapshot == nil {
		for _, user := range users {
			srv.AddUser(user)
		}
	}
	return srv, nil
}
