package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func ExampleCognito_CheckToken() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()
	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}

	srv.Advance(2 * time.Hour)
	fmt.Println(bob.CheckToken(ctx, false))
	fmt.Println(bob.CheckToken(ctx, true)) // refreshes them
	fmt.Println(bob.Tokens().ExpiresAt.Format(time.TimeOnly))
	// Output:
	// true <nil>
	// false <nil>
	// 12:00:00
}

// A file holds the tokens. Other processes of the same user can share it.
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

// Call Token before each use of a token. It refreshes tokens that are about to expire.
func ExampleCognito_Token() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()
	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}

	srv.Advance(2 * time.Hour)
	tokens, err := bob.Token(ctx)
	fmt.Println(tokens.ExpiresAt.Format(time.TimeOnly), err)

	srv.Advance(31 * 24 * time.Hour) // the refresh token has expired, too
	_, err = bob.Token(ctx)
	fmt.Println(cognito.IsTerminal(err), errors.Is(err, cognito.ErrRefreshTokenExpired))
	// Output:
	// 12:00:00 <nil>
	// true true
}

// Tokens from elsewhere are not verified until you call VerifyTokens.
func ExampleWithTokens() {
	srv, pool := examplePool()
	defer srv.Close()
	tokens := cognito.Tokens{
		IDToken:     srv.Token("bob", cognitotest.TokenOptions{Use: "id"}),
		AccessToken: srv.Token("bob", cognitotest.TokenOptions{}),
	}

	session := pool.ForUser("", cognito.WithTokens(tokens))
	fmt.Println(session.IDClaims() == nil)
	fmt.Println(session.VerifyTokens(context.Background()), session.IDClaims().Email)
	// Output:
	// true
	// <nil> bob@example.com
}

// Offline verification cannot detect a revoked token. GetUser asks the service.
func ExampleCognito_Logout() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()
	here, there := pool.ForUser("bob"), pool.ForUser("bob")
	for _, session := range []*cognito.Cognito{here, there} {
		if err := session.Authenticate(ctx, "Correct-Horse-1"); err != nil {
			log.Fatal(err)
		}
	}
	raw := there.Tokens().AccessToken

	fmt.Println(here.Logout(ctx)) // RevokeToken would end this session only
	_, err := pool.VerifyToken(ctx, raw, cognito.AccessToken)
	fmt.Println("verifies offline:", err == nil)
	_, err = pool.ForUser("", cognito.WithTokens(cognito.Tokens{AccessToken: raw})).GetUser(ctx)
	fmt.Println("revoked:", errors.Is(err, cognito.ErrTokenRevoked))
	// Output:
	// <nil>
	// verifies offline: true
	// revoked: true
}

// Sessions with the same store share their tokens.
func ExampleWithTokenStore() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()
	store := cognito.NewMemoryStore()

	if err := pool.ForUser("bob", cognito.WithTokenStore(store)).Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	other := pool.ForUser("bob", cognito.WithTokenStore(store))
	tokens, err := other.Token(ctx)
	fmt.Println(tokens.AccessToken != "", err)
	fmt.Println(other.Logout(ctx)) // clears the store
	_, err = pool.ForUser("bob", cognito.WithTokenStore(store)).Token(ctx)
	fmt.Println(errors.Is(err, cognito.ErrNotSignedIn))
	// Output:
	// true <nil>
	// <nil>
	// true
}
