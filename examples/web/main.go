// Web is the part of a web application that deals with accounts: sign-up, sign-in with every
// challenge of the pool, passkeys, sign-in on the pool's own pages, and a page for the user's
// account. It is meant to be copied. Without flags it starts a pool in its own process and needs no
// AWS account:
//
//	go run -C examples/web .
//
// With -pool and -client it works with a real pool, and with -domain it offers the pool's own
// pages, too. The key of the cookies is COGNITO_COOKIE_KEY, 32 bytes in base64; without it a random
// one is made, and sign-ins that are under way do not survive a restart. -sessions is the folder in
// which the tokens of signed-in users are; without it they do not survive the program, either.
//
// Each file is one subject: signin.go, signup.go and managed.go are the ways in, account.go is what
// users do once they are in, session.go ties a browser to the tokens of its user, seal.go keeps the
// rest in cookies, and site.go has the routes and the rules for all pages. It is a module of its
// own, which keeps the library's dependencies small.
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/gocognito/cognito"
)

func main() {
	var f flags
	flag.StringVar(&f.address, "address", "localhost:8080", "where to listen; port 0 is a free one")
	flag.StringVar(&f.url, "url", "", "where browsers reach this program, such as https://app.example.com; "+
		"http:// and the address, if empty. With https\n"+
		"cookies are sent over HTTPS only. The app client must allow /callback there, and / as a sign-out URL")
	flag.StringVar(&f.sessions, "sessions", "", "folder to keep the users' tokens in; a temporary one if empty")
	flag.StringVar(&f.pool, "pool", "", "ID of a real user pool, such as eu-west-1_aBcDeFgHi")
	flag.StringVar(&f.client, "client", "", "ID of its app client; its secret is COGNITO_CLIENT_SECRET")
	flag.StringVar(&f.domain, "domain", "", "the real pool's domain, such as auth.example.com, or its prefix; "+
		"with it users can sign in on the pool's own pages")
	flag.StringVar(&f.mfa, "mfa", "OPTIONAL", "who is asked for a second factor by the pool in this process: "+
		"OPTIONAL, those who have one, or ON, everybody")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := f.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

// flags are those of the command line.
type flags struct {
	address, url, sessions, pool, client, domain, mfa string
}

// callbackPath is where browsers come back to from the pool's own pages.
const callbackPath = "/callback"

// run serves until ctx is done.
func (f flags) run(ctx context.Context) error {
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", f.address)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	domain, set := f.domain, settings{home: strings.TrimSuffix(f.url, "/") + "/"}
	if f.url == "" {
		host, _, err := net.SplitHostPort(f.address)
		if err != nil {
			return err
		}
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return err
		}
		// The host stays as it was given: passkeys need a name, not an IP address.
		set.home = "http://" + net.JoinHostPort(host, port) + "/"
	}
	if f.pool == "" && f.client == "" {
		srv := startPool(set.home, f.mfa)
		defer srv.Close()
		domain = srv.URL
		set.pool, err = cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL))
	} else {
		set.pool, err = cognito.New(f.pool, f.client, cognito.WithClientSecret(os.Getenv("COGNITO_CLIENT_SECRET")))
	}
	if err != nil {
		return err
	}
	if domain != "" {
		callback := strings.TrimSuffix(set.home, "/") + callbackPath
		if set.login, err = set.pool.ManagedLogin(domain, cognito.WithRedirectURL(callback)); err != nil {
			return err
		}
	}
	if set.key, err = cookieKey(); err != nil {
		return err
	}
	set.sessions.folder = f.sessions
	if f.sessions == "" {
		if set.sessions.folder, err = os.MkdirTemp("", "sessions"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(set.sessions.folder) }()
	} else if err := os.MkdirAll(f.sessions, 0o700); err != nil {
		return err
	}
	handler, err := newSite(set)
	if err != nil {
		return err
	}
	go set.sessions.keepSwept(ctx)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	fmt.Println("Open " + set.home)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func cookieKey() ([]byte, error) {
	text := os.Getenv("COGNITO_COOKIE_KEY")
	if text == "" {
		key := make([]byte, keySize)
		_, _ = rand.Read(key) // it never fails
		return key, nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("COGNITO_COOKIE_KEY: want %d bytes in base64", keySize)
	}
	return key, nil
}
