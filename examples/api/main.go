// Api shows both ends of an HTTP call with the tokens of a Cognito user pool: a server that checks
// them, and a client that stays signed in. The pool runs in the same process; no AWS account is
// needed:
//
//	go run ./examples/api
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	if err := tellStory(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}
