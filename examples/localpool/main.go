// Localpool serves user pools on a port of this machine, for front ends, for programs in other
// languages, and for a first look. It needs no AWS account and ends on interrupt:
//
//	go run ./examples/localpool
//
// It starts with one pool and prints how to point clients at it. CreateUserPool adds others,
// limited only by memory. It prints the codes that a pool at AWS would mail.
//
// With -data it keeps everything in a file: pools, users, tokens and the keys that sign them. A
// change is saved within a second. The file is replaced as a whole: after a crash it is the
// previous one. The file contains secrets and private keys, and only its owner may read it. Only
// one process can use it at a time: a lock file beside it, with the ending .lock, makes a second
// process end with an error. Without -data everything is lost when the program ends.
//
// With -users it starts with the users of a JSON file, unless the file of -data exists already:
//
//	[{"username": "bob", "password": "Correct-Horse-1",
//	  "attributes": {"email": "bob@example.com", "email_verified": "true"},
//	  "groups": ["admins"], "totpSecret": "GEZDGNBVGY3TQOJQ"}]
//
// With -trigger it calls a Lambda function behind a URL, such as one that runs in the Lambda
// runtime interface emulator:
//
//	go run ./examples/localpool -trigger PreSignUp=http://127.0.0.1:9000/2015-03-31/functions/function/invocations
//
// It is for development only: AWS credentials are not checked, and anyone who can reach the port
// may do anything. The command "cognito pool" of cmd/cognito is the same program.
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
