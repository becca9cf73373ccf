//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"

	"github.com/gocognito/cognito/cognitotest"
)

// program is this example, built once.
var program = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "signin")
	if err != nil {
		return "", err
	}
	name := filepath.Join(folder, "signin")
	output, err := exec.CommandContext(context.Background(), "go", "build", "-o", name, ".").CombinedOutput()
	if err != nil {
		_, _ = os.Stderr.Write(output)
	}
	return name, err
})

func TestMain(m *testing.M) {
	status := m.Run()
	if name, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(name))
	}
	os.Exit(status)
}

// screen is what a program has shown.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// waitFor waits until the screen ends with text, and clears it.
func (s *screen) waitFor(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !strings.HasSuffix(s.text.String(), text) {
			return false
		}
		s.text.Reset()
		return true
	}, 30*time.Second, 10*time.Millisecond, "want %q", text)
}

// exitStatus waits for the program to end.
func exitStatus(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
		t.Error("the program goes on")
	}
	return cmd.ProcessState.ExitCode()
}

// typed is what the user answers to a prompt.
type typed struct{ prompt, answer string }

// prompts are the ways to each prompt. The last one of each is where the user gives up. factors are those of a pool in which
// everybody must have one.
var prompts = map[string]struct {
	user, flow string
	factors    []string
	typed      []typed
}{
	"password":   {"bob", "srp", nil, []typed{{"Password of bob", ""}}},
	"code":       {"dave", "srp", nil, []typed{{"Password of dave", password}, {"Code of your authenticator app", ""}}},
	"code again": {"dave", "srp", nil, []typed{{"Password of dave", password}, {"authenticator app", "000000"}, {"authenticator app", ""}}},
	"new password": {
		"carol", "srp", nil,
		[]typed{{"Password of carol", "Temporary-1"}, {"New password", ""}},
	},
	"new password, again": {
		"carol", "srp", nil,
		[]typed{{"Password of carol", "Temporary-1"}, {"New password", "x"}, {"The same again", ""}},
	},
	"first factor":    {"bob", "choice", nil, []typed{{"Number of the way to sign in", ""}}},
	"chosen password": {"bob", "choice", nil, []typed{{"Number of the way to sign in", "1"}, {"Password of bob", ""}}},
	"set-up": {
		"bob", "srp",
		[]string{"SOFTWARE_TOKEN_MFA"},
		[]typed{{"Password of bob", password}, {"Code that it shows", ""}},
	},
	"choice of set-up": {
		"bob", "srp",
		[]string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"},
		[]typed{{"Password of bob", password}, {"Number of the second factor to set up", ""}},
	},
	"address": {
		"bob", "srp",
		[]string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"},
		[]typed{{"Password of bob", password}, {"Number of the second factor to set up", "2"}, {"E-mail address", ""}},
	},
}

// Ctrl-C ends the program at every prompt, and leaves the terminal as it was.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	name, err := program()
	require.NoError(t, err)
	for prompt, tt := range prompts {
		t.Run(prompt, func(t *testing.T) {
			t.Parallel()
			args := []string{"-user", tt.user, "-flow", tt.flow}
			if tt.factors != nil {
				srv, pool := newPool(t, cognitotest.Config{MFA: "ON", MFAFactors: tt.factors}, cognitotest.User{})
				args = append(args, "-endpoint", srv.URL, "-pool", pool.UserPoolID(), "-client", pool.ClientID())
			}
			cmd := exec.CommandContext(t.Context(), name, args...)
			keyboard, tty, err := pty.Open()
			require.NoError(t, err)
			defer func() { _, _ = keyboard.Close(), tty.Close() }()
			cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			before, err := term.GetState(int(tty.Fd()))
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			var shown screen
			go func() { _, _ = io.Copy(&shown, keyboard) }()
			for _, step := range tt.typed {
				shown.waitFor(t, step.prompt+": ")
				input := step.answer + "\n"
				if step.answer == "" {
					input = "half a line\x03"
				}
				_, err := keyboard.WriteString(input)
				require.NoError(t, err)
			}
			assert.Equal(t, 130, exitStatus(t, cmd))
			after, err := term.GetState(int(tty.Fd()))
			require.NoError(t, err)
			assert.Equal(t, before, after, "the terminal shows what is typed")
		})
	}
}

// So does the signal, where standard input is a pipe.
func TestInterruptWithoutTerminal(t *testing.T) {
	t.Parallel()
	name, err := program()
	require.NoError(t, err)
	for _, answered := range []string{"", password + "\n"} {
		cmd := exec.CommandContext(t.Context(), name, "-user", "dave")
		var shown screen
		cmd.Stdout = &shown
		input, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = io.WriteString(input, answered)
		require.NoError(t, err)
		if answered == "" {
			shown.waitFor(t, ").\n") // the program is at its first prompt, or about to be
		} else {
			shown.waitFor(t, "authenticator app: ")
		}
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		assert.Equal(t, 130, exitStatus(t, cmd))
		_ = input.Close()
	}
}
