// Web is a sign-in of two pages over net/http: one for the name and the password, one for whatever the pool asks then. A
// link leads to the pool's own pages instead, where it has some.
//
// Between the two requests the challenge is in an encrypted cookie, so that any process with the key can answer it and
// the server keeps nothing. Without flags it starts a pool in its own process, so that it needs no AWS account:
//
//	go run ./examples/web
//
// With -pool and -client it signs in to a real pool, and with -domain on the pool's own pages, too. The key of the
// cookies is COGNITO_COOKIE_KEY, 32 bytes in base64; without it a random one is made, and sign-ins that are under way do
// not survive a restart.
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/gocognito/cognito"
)

func main() {
	var f settings
	flag.StringVar(&f.address, "address", "localhost:8080", "where to listen")
	flag.BoolVar(&f.secure, "secure", false, "send cookies over HTTPS only; to be set behind a proxy that speaks it")
	flag.StringVar(&f.pool, "pool", "", "ID of a real user pool, such as eu-west-1_aBcDeFgHi")
	flag.StringVar(&f.client, "client", "", "ID of its app client; its secret is COGNITO_CLIENT_SECRET")
	flag.StringVar(&f.domain, "domain", "", "the real pool's domain, such as auth.example.com; with it users can sign in on the pool's own pages")
	flag.StringVar(&f.url, "url", "", "where browsers reach this program; http://, and the address, if empty. The app client must allow /callback there,\n"+
		"and / as a sign-out URL")
	flag.Parse()
	if err := run(f); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	address, pool, client, domain, url string
	secure                             bool
}

// run serves until it is interrupted.
func run(f settings) error {
	home := strings.TrimSuffix(f.url, "/")
	if home == "" {
		home = "http://" + f.address
	}
	pool, domain, stop, err := f.open(home)
	if err != nil {
		return err
	}
	defer stop()
	var login *cognito.ManagedLogin
	if domain != "" {
		if login, err = pool.ManagedLogin(domain, cognito.WithRedirectURL(home+callbackPath)); err != nil {
			return err
		}
	}
	key, err := cookieKey()
	if err != nil {
		return err
	}
	handler, err := newSite(pool, login, home+"/", key, f.secure)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: f.address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	fmt.Printf("Listening on http://%s\n", f.address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// callbackPath is where browsers come back to from the pool's own pages.
const callbackPath = "/callback"

// open makes the client of a real pool, or of one in this process.
func (f settings) open(home string) (pool *cognito.Cognito, domain string, stop func(), err error) {
	if f.pool == "" && f.client == "" {
		return localPool(home)
	}
	pool, err = cognito.New(f.pool, f.client, cognito.WithClientSecret(os.Getenv("COGNITO_CLIENT_SECRET")))
	return pool, f.domain, func() {}, err
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
