// Package localpool serves user pools on a port of this machine. examples/localpool and the command
// "cognito pool" share it.
package localpool

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"

	"github.com/gocognito/cognito/cognitotest"
)

// Settings configure the pool. Set them with [Settings.Flags].
type Settings struct {
	addr, pool, client, secret, mfa, user, users, issuer, data string

	triggers           map[string]string
	callbacks, logouts string // URLs, separated by commas
	json               bool
}

// Flags declares the flags that set f.
func (f *Settings) Flags(flags *flag.FlagSet) {
	flags.StringVar(&f.addr, "addr", "127.0.0.1:9229", "where to listen")
	flags.StringVar(&f.pool, "pool", "us-east-1_Local0001", "ID of the pool")
	flags.StringVar(&f.client, "client", "1localpoolexample23456789", "ID of its app client")
	flags.StringVar(&f.secret, "secret", "",
		"secret of the app client, which protects nothing here; none, as front ends\nneed it, if empty")
	flags.StringVar(&f.mfa, "mfa", "OPTIONAL",
		"who is asked for a second factor: OFF, OPTIONAL (those who have one) or ON")
	flags.StringVar(&f.user, "user", "bob:Correct-Horse-1", "a user to begin with, as name:password; none if empty")
	flags.StringVar(&f.users, "users", "", "JSON file of more users to begin with")
	flags.StringVar(&f.data, "data", "",
		"file to keep everything in; nowhere if empty. If it is there, the pools are those of the file\n"+
			"and not those of the other flags")
	flags.Func("trigger",
		"a trigger, as name=URL, such as PreSignUp=http://127.0.0.1:9000/; may be given more than once", f.addTrigger)
	flags.StringVar(&f.issuer, "issuer", "",
		"issuer that tokens name, such as https://cognito-idp.us-east-1.amazonaws.com/<pool>;\n"+
			"this server and the pool if empty. Keys are served here in any case")
	flags.StringVar(&f.callbacks, "callback", "http://localhost:3000/callback",
		"URLs that the sign-in page may send browsers back to, separated by commas")
	flags.StringVar(&f.logouts, "logout", "http://localhost:3000/",
		"URLs that the sign-out may send browsers to, separated by commas")
	flags.BoolVar(&f.json, "json", false, "print where the pool is, and messages, as lines of JSON")
}

// Run serves the pool until ctx is done. It prints the pool's address and the messages that it
// delivers to out. The error names the invalid flag, or reports that the port is taken.
func (f Settings) Run(ctx context.Context, out io.Writer) error {
	mail := &mailbox{out: out, json: f.json}
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
	mail.write(f.greeting(srv), place{
		Endpoint: srv.URL, UserPoolID: srv.UserPoolID, ClientID: srv.ClientID, Issuer: srv.Issuer(), JWKSURL: srv.JWKSURL(),
	})
	if f.data == "" {
		<-ctx.Done()
		mail.write("\nStopped; the pools are gone.\n", nil)
		return nil
	}
	if err := f.keep(ctx, srv); err != nil {
		return err
	}
	mail.write("\nStopped; the pools are in "+f.data+".\n", nil)
	return nil
}

// place is where a pool is, for programs that start one.
type place struct {
	Endpoint   string `json:"endpoint"`
	UserPoolID string `json:"user_pool_id"`
	ClientID   string `json:"client_id"`
	Issuer     string `json:"issuer"`
	JWKSURL    string `json:"jwks_url"`
}

// start starts the pool. It returns an error if the port is taken or a flag is invalid.
func (f Settings) start(deliver func(cognitotest.Message)) (srv *cognitotest.Server, err error) {
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
