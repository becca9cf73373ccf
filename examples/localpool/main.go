// Localpool serves user pools on a port of this machine, for front ends, for programs in other languages, and for
// whoever wants to look at one. It needs no AWS account and ends on interrupt:
//
//	go run ./examples/localpool
//
// It begins with one pool and says how to point clients at it. CreateUserPool adds others, as many as there is memory
// for. Codes that a pool at AWS would mail are printed as they are delivered.
//
// With -data it keeps everything in a file: pools, users, tokens and the keys that sign them. A change is in the file
// within a second, and the file is replaced as a whole, so that a crash leaves the one before. It has secrets and
// private keys, and only its owner may read it. One process at a time uses it: a second one ends with an error, and the file
// with the name's ending .lock is how it knows. Without -data everything is gone in the end.
//
// With -users it begins with the users of a JSON file, unless the file of -data is there already:
//
//	[{"username": "bob", "password": "Correct-Horse-1", "attributes": {"email": "bob@example.com", "email_verified": "true"},
//	  "groups": ["admins"], "totpSecret": "GEZDGNBVGY3TQOJQ"}]
//
// With -trigger it calls a Lambda function behind a URL, such as one that runs in the Lambda runtime interface emulator:
//
//	go run ./examples/localpool -trigger PreSignUp=http://127.0.0.1:9000/2015-03-31/functions/function/invocations
//
// It is for development only: whoever reaches the port may do anything, AWS credentials are not checked. The command
// "cognito pool" of cmd/cognito is the same program.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/gocognito/cognito/internal/localpool"
)

func main() {
	var s localpool.Settings
	s.Flags(flag.CommandLine)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := s.Run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "localpool:", err)
		os.Exit(1)
	}
}
