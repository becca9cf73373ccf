//go:build !windows

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// screen is a terminal with the program in it. Standard output goes elsewhere, as in $(cognito
// token).
type screen struct {
	t      *testing.T
	cmd    *exec.Cmd
	keys   *os.File // where a user types
	tty    *os.File // the program's side
	state  *term.State
	stdout bytes.Buffer
	mu     sync.Mutex
	shown  strings.Builder
}

func (u *user) atTerminal(args ...string) *screen {
	u.t.Helper()
	keys, tty, err := pty.Open()
	require.NoError(u.t, err)
	u.t.Cleanup(func() { _ = keys.Close(); _ = tty.Close() })
	s := &screen{t: u.t, cmd: u.command(args...), keys: keys, tty: tty}
	s.state, err = term.GetState(int(tty.Fd()))
	require.NoError(u.t, err)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, &s.stdout, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(u.t, s.cmd.Start())
	go func() {
		part := make([]byte, 4096)
		for {
			n, err := keys.Read(part)
			s.mu.Lock()
			s.shown.Write(part[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	u.t.Cleanup(func() {
		after, err := term.GetState(int(tty.Fd()))
		require.NoError(u.t, err)
		assert.Equal(u.t, s.state, after, "the terminal is as it was")
	})
	return s
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// see waits until the terminal shows text.
func (s *screen) see(text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return strings.Contains(s.text(), text) }, 30*time.Second, 5*time.Millisecond, "%s: %s", text, s.text())
}

// typed waits for a prompt and types a text. A prompt for a secret is ready once nothing is echoed.
func (s *screen) typed(prompt, text string, secret bool) {
	s.t.Helper()
	s.see(prompt)
	if secret {
		require.Eventually(s.t, func() bool {
			now, err := term.GetState(int(s.tty.Fd()))
			return err == nil && !assert.ObjectsAreEqual(s.state, now)
		}, 30*time.Second, 5*time.Millisecond)
	}
	_, err := s.keys.WriteString(text)
	require.NoError(s.t, err)
}

// code waits for the end and returns the exit code.
func (s *screen) code() int {
	s.t.Helper()
	err := s.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(s.t, err)
	}
	return s.cmd.ProcessState.ExitCode()
}

// A user at a terminal is asked on standard error, and the password is not shown.
func TestTerminal(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{
		ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true,
	}}, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	s := u.atTerminal("token")
	s.typed("Password of bob: ", password+"\n", true)
	s.typed("Code of your authenticator app: ", "000000\n", false)
	s.see("That was not right")
	s.typed("That was not right", srv.TOTP("bob")+"\n", false)
	s.typed("remember this device", "y\n", false)
	assert.Equal(t, 0, s.code(), s.text())
	assert.NotContains(t, s.text(), password)
	assert.Regexp(t, `^eyJ\S+\n$`, s.stdout.String())
	assert.NotContains(t, s.text(), strings.TrimSpace(s.stdout.String()))

	again := u.atTerminal("token")
	assert.Equal(t, 0, again.code())
	assert.Empty(t, again.text(), "nothing is asked")
	assert.Equal(t, s.stdout.String(), again.stdout.String())

	explain := u.atTerminal("explain")
	assert.Equal(t, 2, explain.code())
	assert.Contains(t, explain.text(), "want the token on standard input")
}

// Ctrl-C at any prompt ends the program with 130. Ctrl-D ends it with 3, except where nothing is
// shown: package term takes no notice of it there. The terminal is as it was.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	address := map[string]string{"email": "bob@example.com", "email_verified": "true", "phone_number": "+49301234567"}
	type step struct {
		prompt, text string
		secret       bool
	}
	first := step{"Password of bob: ", password + "\n", true}
	for _, tt := range []struct {
		name   string
		cfg    cognitotest.Config
		user   cognitotest.User
		flow   string
		before []step
		prompt string
		secret bool
	}{
		{"password", cognitotest.Config{}, cognitotest.User{}, "srp", nil, "Password of bob: ", true},
		{"code", cognitotest.Config{}, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}}, "srp", []step{first}, "authenticator app: ", false},
		{
			"choice",
			cognitotest.Config{},
			cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA", "SMS_MFA"}, Attributes: address},
			"srp",
			[]step{first},
			"Number of the second factor: ", false,
		},
		{"new password", cognitotest.Config{}, cognitotest.User{Status: "FORCE_CHANGE_PASSWORD"}, "srp", []step{first}, "New password: ", true},
		{
			"new password again",
			cognitotest.Config{},
			cognitotest.User{Status: "FORCE_CHANGE_PASSWORD"},
			"srp",
			[]step{first, {"New password: ", "Permanent-1\n", true}},
			"The same again: ", true,
		},
		{"set-up", cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA"}}, cognitotest.User{}, "srp", []step{first}, "Code that it shows: ", false},
		{"way to sign in", cognitotest.Config{}, cognitotest.User{}, "choice", nil, "Number of the way to sign in: ", false},
		{
			"device",
			cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{DeviceOnlyRememberedOnUserPrompt: true}},
			cognitotest.User{},
			"srp",
			[]step{first},
			"remember this device", false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u, _ := newUser(t, tt.cfg, tt.user)
			s := u.atTerminal("token", "-flow", tt.flow)
			for _, before := range tt.before {
				s.typed(before.prompt, before.text, before.secret)
			}
			s.typed(tt.prompt, "\x03", tt.secret)
			assert.Equal(t, 130, s.code(), s.text())
			assert.Empty(t, s.stdout.String())
			if tt.name == "device" {
				u.ok("", "token") // the sign-in was done
				return
			}
			assert.Empty(t, u.files())
			if tt.secret {
				return
			}
			s = u.atTerminal("token", "-flow", tt.flow)
			for _, before := range tt.before {
				s.typed(before.prompt, before.text, before.secret)
			}
			s.typed(tt.prompt, "\x04", tt.secret)
			assert.Equal(t, 3, s.code(), s.text())
		})
	}
}

// A signal from elsewhere does the same, also while the program waits for the pool or for a token.
func TestSignals(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{}, cognitotest.User{})
	s := u.atTerminal("token")
	s.typed("Password of bob: ", "half a password", true)
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 143, s.code(), s.text())

	entered, release := make(chan struct{}, 8), make(chan struct{})
	defer close(release)
	srv.Fault(cognitotest.Fault{Op: "InitiateAuth", Times: -1, Release: release, Entered: func(string) { entered <- struct{}{} }})
	s = u.atTerminal("token")
	s.typed("Password of bob: ", password+"\n", true)
	<-entered
	s.typed("", "\x03", false)
	assert.Equal(t, 130, s.code(), s.text())

	explain := u.command("explain")
	stdin, err := explain.StdinPipe()
	require.NoError(t, err)
	defer func() { _ = stdin.Close() }()
	require.NoError(t, explain.Start())
	_, err = stdin.Write(bytes.Repeat([]byte("e"), 256<<10)) // more than a pipe holds: the program has begun to read
	require.NoError(t, err)
	require.NoError(t, explain.Process.Signal(os.Interrupt))
	_ = explain.Wait()
	assert.Equal(t, 130, explain.ProcessState.ExitCode())
}

// While the program asks, the list of processes shows no secret.
func TestListOfProcesses(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("there is no /proc")
	}
	u, _ := newUser(t, cognitotest.Config{}, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	s := u.atTerminal("token")
	s.typed("Password of bob: ", password+"\n", true)
	s.see("authenticator app: ")
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), "cmdline"))
	require.NoError(t, err)
	assert.Equal(t, binary+"\x00token\x00", string(raw))
	s.typed("", "\x03", false)
	assert.Equal(t, 130, s.code())
}
