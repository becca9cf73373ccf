// Gateway shows a gateway that verifies the ID tokens of a Cognito user pool, and tells the service
// behind it who the user is. Pool and service run in the same process; no AWS account is needed:
//
//	go run ./examples/gateway
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	if err := tellStory(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}
