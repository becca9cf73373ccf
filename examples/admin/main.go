// Admin is a small operator's program: it lists and exports users, puts them into groups and
// disables them. Without -pool it needs no AWS account: it starts a pool with some users in its own
// process.
//
//	go run ./examples/admin list -email an
//	go run ./examples/admin add ann editors
//	go run ./examples/admin disable ann
//	go run ./examples/admin export
//
// Changes to that pool are lost when the program ends. With -pool and -client it works on a real
// pool, using the AWS credentials of the default configuration. Flags come before the command:
//
//	go run ./examples/admin -pool eu-west-1_aBcDeFgHi -client 3n4b5urk1ft4fl3mg5e62d9ado export > users.csv
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/gocognito/cognito"
)

func main() {
	var at address
	flag.StringVar(&at.pool, "pool", "", "ID of a real user pool, such as eu-west-1_aBcDeFgHi")
	flag.StringVar(&at.client, "client", "", "ID of one of its app clients")
	flag.StringVar(&at.endpoint, "endpoint", "", "URL of a local pool, instead of AWS")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "%s\n\nFlags:\n", usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(at, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "admin:", err)
		os.Exit(1)
	}
}

func run(at address, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	pool, done, err := at.open()
	if err != nil {
		return err
	}
	defer done()
	return operator{pool: pool, out: os.Stdout}.do(ctx, args)
}

// address says where the pool is; the zero address is a pool in this process.
type address struct{ pool, client, endpoint string }

func (a address) open() (pool *cognito.Cognito, done func(), err error) {
	if a == (address{}) {
		return openDemo()
	}
	var opts []cognito.Option
	if a.endpoint != "" {
		opts = append(opts, cognito.WithEndpoint(a.endpoint))
	}
	pool, err = cognito.New(a.pool, a.client, opts...)
	return pool, func() {}, err
}
