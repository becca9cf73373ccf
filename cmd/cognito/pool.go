package main

import (
	"context"
	"flag"

	"github.com/gocognito/cognito/internal/localpool"
)

var poolCommand = command{
	name: "pool", summary: "serve a local user pool",
	description: `
It serves a user pool on a port of this machine, for tests and development, until it is
interrupted, and prints how to point clients at it. It needs no AWS account. Codes that
a pool at AWS would send are printed. Anyone who reaches the port may do anything.

	cognito pool &
	cognito token -endpoint http://127.0.0.1:9229 -pool us-east-1_Local0001 \
	  -client 1localpoolexample23456789 -user bob`,
	prepare: func(p program, flags *flag.FlagSet) func(context.Context, []string) error {
		var s localpool.Settings
		s.Flags(flags)
		return func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return usageError("want no arguments")
			}
			return s.Run(ctx, p.stdout)
		}
	},
}
