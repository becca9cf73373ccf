// Quickstart shows a user of a Cognito user pool from sign-up to sign-out. Without flags it starts
// a pool in its own process and needs no AWS account:
//
//	go run ./examples/quickstart
//
// With -pool, -client and -user it signs in to a real pool instead and asks for the password:
//
//	go run ./examples/quickstart -pool eu-west-1_aBcDeFgHi -client 3n4b5urk1ft4fl3mg5e62d9ado -user bob@example.com
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	var elsewhere realPool
	flag.StringVar(&elsewhere.pool, "pool", "", "ID of a real user pool, such as eu-west-1_aBcDeFgHi")
	flag.StringVar(&elsewhere.client, "client", "", "ID of its app client")
	flag.StringVar(&elsewhere.user, "user", "", "username or alias to sign in with")
	flag.StringVar(&elsewhere.endpoint, "endpoint", "", "URL of a local pool, instead of AWS")
	flag.Parse()

	story := tellStory
	if elsewhere != (realPool{}) {
		story = elsewhere.signIn
	}
	if err := run(story); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run tells a story until it ends or is interrupted.
func run(story func(context.Context, io.Writer) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return story(ctx, os.Stdout)
}
