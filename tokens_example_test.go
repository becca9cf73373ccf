package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// exampleAPI is a server that takes the access tokens of srv's pool.
func exampleAPI(srv *cognitotest.Server, opts ...cognito.VerifierOption) *httptest.Server {
	// At AWS the pool ID and the client IDs are enough.
	opts = append(opts, cognito.WithIssuers(srv.Issuer()), cognito.WithVerifierClock(srv.Now))
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, opts...)
	if err != nil {
		log.Fatal(err)
	}
	return httptest.NewServer(v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := cognito.ClaimsFromContext(r.Context())
		_, _ = fmt.Fprintf(w, "hello %s", claims.Username)
	})))
}

func get(client *http.Client, url string) {
	resp, err := client.Get(url) //nolint:noctx // an example
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	fmt.Printf("%d %s %s\n", resp.StatusCode, resp.Header.Get("WWW-Authenticate"), body)
}

// A client that signs in on the first request and stays signed in.
func ExampleCognito_HTTPClient() {
	srv, pool := examplePool()
	defer srv.Close()
	api := exampleAPI(srv)
	defer api.Close()

	client := pool.ForUser("bob").HTTPClient(nil, "Correct-Horse-1", cognito.WithOrigins(api.URL))
	get(client, api.URL)
	srv.Advance(2 * time.Hour) // the tokens have expired
	get(client, api.URL)
	// Output:
	// 200  hello bob
	// 200  hello bob
}

func ExampleNewTransport_challenge() {
	srv, pool := examplePool()
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "carol", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD"})

	transport := cognito.NewTransport(pool.ForUser("carol"), "Temporary-1", cognito.WithOrigins("https://api.example.com"))
	_, err := (&http.Client{Transport: transport}).Get("https://api.example.com") //nolint:noctx,bodyclose // an example that fails
	var challenge *cognito.ChallengeError
	fmt.Println(errors.As(err, &challenge), challenge.Challenge.Name)
	// Output: true NEW_PASSWORD_REQUIRED
}

func ExampleVerifier_Handler() {
	srv, _ := examplePool()
	defer srv.Close()
	api := exampleAPI(srv, cognito.WithGroups("admins"))
	defer api.Close()

	request := func(token string) {
		req := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		api.Config.Handler.ServeHTTP(w, req)
		fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	}
	request("")
	request("garbage")
	request(srv.Token("bob", cognitotest.TokenOptions{}))
	request(srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"cognito:groups": []string{"admins"}}}))
	// Output:
	// 401 Bearer realm="api"
	// 401 Bearer error="invalid_token"
	// 403 Bearer error="insufficient_scope"
	// 200
}

func ExampleVerifier_VerifyInto() {
	srv, _ := examplePool()
	defer srv.Close()
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		cognito.WithIssuers(srv.Issuer()), cognito.WithVerifierClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}
	var claims struct {
		cognito.AccessClaims

		Tenant string `json:"tenant"` // as a Lambda function added it
	}
	raw := srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"tenant": "blue"}})
	if err := v.VerifyInto(context.Background(), raw, cognito.AccessToken, &claims); err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Username, claims.Tenant)
	// Output: bob blue
}

// The tokens are kept in a file, which other processes of the user may share.
func ExampleNewFileStore() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	store := cognito.NewFileStore(filepath.Join(folder, "tokens.json"))

	if err := pool.ForUser("bob", cognito.WithTokenStore(store)).Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	// Another process, on another day.
	srv.Advance(24 * time.Hour)
	tokens, err := pool.ForUser("bob", cognito.WithTokenStore(store)).Token(ctx)
	fmt.Println(tokens, err)
	// Output: Tokens{ID true, access true, refresh true, expires 2026-11-25T10:00:00Z} <nil>
}

func ExampleCognito_TokenSource() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()
	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	token, err := bob.TokenSource(ctx).Token()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Type(), token.Expiry.UTC().Format(time.TimeOnly), token.Extra("id_token") != "")
	// Output: Bearer 10:00:00 true
}
