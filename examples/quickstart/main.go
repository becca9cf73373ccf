// Quickstart shows a user of a Cognito user pool from sign-up to sign-out. Without flags it starts a pool in
// its own process, so that it needs no AWS account:
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
	"os"
	"os/signal"
)

func main() {
	var real realPool
	flag.StringVar(&real.pool, "pool", "", "ID of a real user pool, such as eu-west-1_aBcDeFgHi")
	flag.StringVar(&real.client, "client", "", "ID of its app client")
	flag.StringVar(&real.user, "user", "", "username or alias to sign in with")
	flag.StringVar(&real.endpoint, "endpoint", "", "URL of a local pool, instead of AWS")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	story := tellStory
	if real != (realPool{}) {
		story = real.signIn
	}
	if err := story(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		stop()
		os.Exit(1)
	}
}
