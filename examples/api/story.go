package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

const (
	username = "bob"
	password = "Correct-Horse-1"
)

// tellStory runs the whole story against a pool and a server in this process.
func tellStory(ctx context.Context, out io.Writer) error {
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: username, Password: password, Groups: []string{"readers"}})
	api, err := newAPI(srv)
	if err != nil {
		return err
	}
	defer api.Close()

	// The client is an http.Client that signs in by itself. It sends its tokens to the API only.
	pool, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))
	if err != nil {
		return err
	}
	bob := pool.ForUser(username)
	client := bob.HTTPClient(api.Client(), password, cognito.WithOrigins(api.URL))
	defer client.CloseIdleConnections()
	t := &teller{srv: srv, out: out}

	for _, step := range []struct {
		title  string
		client *http.Client
		path   string
		first  func()
	}{
		{"Without a token", api.Client(), "/notes", func() {}},
		{"The first call signs in", client, "/notes", func() {}},
		{"The next one has a token", client, "/notes", func() {}},
		{"Not in the group", client, "/admin", func() {}},
		{"Two hours later", client, "/notes", func() { srv.Advance(2 * time.Hour) }},
		{"The pool has new keys", client, "/notes", srv.RotateKeys},
		{"And new tokens with them", client, "/notes", func() { srv.Advance(2 * time.Hour) }},
	} {
		step.first()
		if err := t.call(ctx, step.title, step.client, api.URL+step.path); err != nil {
			return err
		}
	}

	// Bob signs out everywhere, on another device. The refresh token is revoked, and the client
	// signs in again.
	other := pool.ForUser(username)
	if err := other.Authenticate(ctx, password); err != nil {
		return err
	}
	if err := other.Logout(ctx); err != nil {
		return err
	}
	srv.Advance(2 * time.Hour)
	return t.call(ctx, "Signed out elsewhere", client, api.URL+"/notes")
}

// teller prints what each call did.
type teller struct {
	srv  *cognitotest.Server
	out  io.Writer
	step int
}

// call gets url. It prints the response and the calls that the pool received for it.
func (t *teller) call(ctx context.Context, title string, client *http.Client, url string) error {
	before := len(t.srv.Requests())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	answer := string(body)
	if resp.StatusCode != http.StatusOK {
		answer = resp.Header.Get("WWW-Authenticate")
	}
	t.step++
	requests := asked(t.srv.Requests()[before:])
	_, err = fmt.Fprintf(t.out, "%d. %-24s  %d %s%s\n", t.step, title, resp.StatusCode, answer, requests)
	return err
}

// asked lists the calls that the pool received. It omits fetches of the keys, which run
// concurrently.
func asked(requests []cognitotest.Request) string {
	var calls []string
	for _, r := range requests {
		if r.Op != "JWKS" {
			calls = append(calls, r.Op)
		}
	}
	if calls == nil {
		return ""
	}
	return "  (" + strings.Join(calls, ", ") + ")"
}
