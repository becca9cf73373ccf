package cognito_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/gocognito/cognito"
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
	fmt.Println(bob.CheckToken(ctx, true)) // renews them
	fmt.Println(bob.Tokens().ExpiresAt.Format(time.TimeOnly))
	// Output:
	// true <nil>
	// false <nil>
	// 12:00:00
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
