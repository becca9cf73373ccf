// Cognito signs in to Amazon Cognito user pools from the command line, prints tokens for other
// programs, explains tokens, and serves a local user pool:
//
//	cognito token      print an access token; sign in if needed
//	cognito explain    say what is in a token, and whether it is valid
//	cognito logout     sign out and remove the kept session
//	cognito pool       serve a local user pool
//	cognito version    print the version
//	cognito help       describe a command
//
// See README.md for its settings and exit codes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/gocognito/cognito"
)

// The exit codes. They are part of the program's interface and listed in README.md.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInput       = 3
	exitInterrupted = 130 // 128 and the number of SIGINT, as shells have it
	exitTerminated  = 143 // the same with SIGTERM
)

// program is what a command may use of the process.
type program struct {
	stdin  *os.File
	stdout io.Writer
	stderr io.Writer
	env    func(string) string
}

// command is a subcommand.
type command struct {
	name, arguments, summary, description string
	// prepare declares the flags. The function it returns runs the command.
	prepare func(p program, flags *flag.FlagSet) func(ctx context.Context, args []string) error
}

var commands = []command{tokenCommand, explainCommand, logoutCommand, poolCommand, versionCommand}

// usageError reports that the program was called wrongly.
type usageError string

// Error returns what was called wrongly.
func (e usageError) Error() string { return string(e) }

// errReported is the error of a command that has said all itself.
var errReported = errors.New("reported")

// stopped is the cause of a context that a signal ended.
type stopped struct{ signal os.Signal }

// Error returns the name of the signal.
func (s stopped) Error() string { return s.signal.String() }

func main() {
	p := program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv}
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		received := <-signals
		signal.Stop(signals) // a second one ends the process at once
		cancel(stopped{received})
	}()
	restore := keepTerminal(p.stdin)
	code := p.run(ctx, os.Args[1:])
	restore()
	os.Exit(code)
}

// run runs the command that args name and returns the exit code.
func (p program) run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		overview(p.stderr)
		return exitUsage
	}
	name, args := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		return p.help(args)
	case "-version", "--version":
		name = "version"
	}
	for _, c := range commands {
		if c.name == name {
			return p.runCommand(ctx, c, args)
		}
	}
	_, _ = fmt.Fprintf(p.stderr, "cognito: unknown command %q; see cognito help\n", name)
	return exitUsage
}

func (p program) runCommand(ctx context.Context, c command, args []string) int {
	flags, run := c.flags(p)
	flags.SetOutput(io.Discard) // the errors are printed below, in one form
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		c.help(p.stdout, flags)
		return exitOK
	case err != nil:
		_, _ = fmt.Fprintf(p.stderr, "cognito %s: %v; see cognito help %s\n", c.name, err, c.name)
		return exitUsage
	}
	return p.exitCode(ctx, c, run(ctx, flags.Args()))
}

// exitCode prints err and returns the exit code for it.
func (p program) exitCode(ctx context.Context, c command, err error) int {
	var byCaller usageError
	var signaled stopped
	code := exitFailed
	switch {
	case err == nil:
		return exitOK
	case errors.As(context.Cause(ctx), &signaled):
		if signaled.signal == syscall.SIGTERM {
			return exitTerminated
		}
		return exitInterrupted
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &byCaller):
		code = exitUsage
	case errors.Is(err, errNoInput):
		code = exitInput
	}
	text := strings.TrimPrefix(err.Error(), "cognito: ")
	_, _ = fmt.Fprintf(p.stderr, "cognito %s: %s\n", c.name, printable(text))
	if errors.Is(err, cognito.ErrSecretHash) {
		_, _ = fmt.Fprintln(p.stderr, "The environment variable COGNITO_CLIENT_SECRET sets the app client's secret.")
	}
	return code
}

func (c command) flags(p program) (flags *flag.FlagSet, run func(context.Context, []string) error) {
	flags = flag.NewFlagSet("cognito "+c.name, flag.ContinueOnError)
	flags.Usage = func() {}
	return flags, c.prepare(p, flags)
}

// help describes the command that args name, or all.
func (p program) help(args []string) int {
	if len(args) == 0 {
		overview(p.stdout)
		return exitOK
	}
	for _, c := range commands {
		if c.name == args[0] && len(args) == 1 {
			flags, _ := c.flags(p)
			c.help(p.stdout, flags)
			return exitOK
		}
	}
	_, _ = fmt.Fprintf(p.stderr, "cognito help: unknown command %q\n", strings.Join(args, " "))
	return exitUsage
}

func (c command) help(out io.Writer, flags *flag.FlagSet) {
	text := "Usage: cognito " + c.name
	declared := 0
	flags.VisitAll(func(*flag.Flag) { declared++ })
	if declared > 0 {
		text += " [flags]"
	}
	if c.arguments != "" {
		text += " " + c.arguments
	}
	_, _ = fmt.Fprintf(out, "%s\n\n%s\n", text, strings.TrimSpace(c.description))
	if declared > 0 {
		_, _ = fmt.Fprintln(out, "\nFlags:")
		flags.SetOutput(out)
		flags.PrintDefaults()
	}
}

func overview(out io.Writer) {
	var text strings.Builder
	text.WriteString("Cognito signs in to Amazon Cognito user pools from the command line.\n\nCommands:\n")
	for _, c := range commands {
		fmt.Fprintf(&text, "  %-8s  %s\n", c.name, c.summary)
	}
	fmt.Fprintf(&text, "  %-8s  %s\n", "help", "describe a command: cognito help token")
	text.WriteString(`
Settings come from flags, from the profile that -profile or COGNITO_PROFILE names, or
from the environment: COGNITO_USER_POOL_ID, COGNITO_CLIENT_ID, COGNITO_USERNAME,
COGNITO_REGION, COGNITO_ENDPOINT. No flag takes a secret: these come from the
environment (COGNITO_CLIENT_SECRET, COGNITO_PASSWORD), a prompt or standard input.

Exit codes:
  0    done
  1    failed: a wrong password, an invalid token, no network
  2    called wrongly
  3    an answer is needed, and there is no terminal to ask at or the input has ended
  130  interrupted (143: terminated)
`)
	_, _ = io.WriteString(out, text.String())
}

// version is set in the programs of a release. The go command knows that of others.
var version string

var versionCommand = command{
	name: "version", summary: "print the version",
	description: "It prints the version of this program.",
	prepare: func(p program, _ *flag.FlagSet) func(context.Context, []string) error {
		return func(_ context.Context, args []string) error {
			if len(args) > 0 {
				return usageError("want no arguments")
			}
			name := version
			if info, ok := debug.ReadBuildInfo(); ok && name == "" {
				name = info.Main.Version
			}
			_, err := fmt.Fprintln(p.stdout, "cognito", name)
			return err
		}
	},
}
