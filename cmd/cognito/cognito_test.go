package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

const password = "Correct-Horse-1"

// binary is the program, built once. The tests run it as a user would.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "cognito")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binary = filepath.Join(dir, "cognito")
		if runtime.GOOS == "windows" {
			binary += ".exe"
		}
		out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, ".").CombinedOutput()
		if err != nil {
			panic(string(out))
		}
		return m.Run()
	}())
}

// user is a person with a folder of settings and an environment.
type user struct {
	t    *testing.T
	home string
	env  []string
}

// newUser starts a pool with bob in it. The environment names all but the password.
func newUser(t *testing.T, cfg cognitotest.Config, bob cognitotest.User) (*user, *cognitotest.Server) {
	t.Helper()
	if cfg.Clients == nil {
		cfg.Clients = []cognitotest.Client{{ExplicitAuthFlows: []string{
			"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
		}}}
	}
	srv := cognitotest.NewServer(cfg)
	t.Cleanup(srv.Close)
	bob.Username, bob.Password = "bob", password
	srv.AddUser(bob)
	u := nobody(t)
	u.env = append(u.env, "COGNITO_ENDPOINT="+srv.URL, "COGNITO_USER_POOL_ID="+srv.UserPoolID, "COGNITO_CLIENT_ID="+srv.ClientID,
		"COGNITO_USERNAME=bob", "COGNITO_CLIENT_SECRET="+srv.ClientSecret)
	return u, srv
}

// nobody is a user without settings.
func nobody(t *testing.T) *user {
	t.Helper()
	home := t.TempDir()
	return &user{t: t, home: home, env: []string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "AppData=" + filepath.Join(home, "config"), "SystemRoot=" + os.Getenv("SystemRoot"),
	}}
}

// with returns u with more variables.
func (u *user) with(env ...string) *user {
	return &user{t: u.t, home: u.home, env: append(append([]string{}, u.env...), env...)}
}

// result is what a run left.
type result struct {
	stdout, stderr string
	code           int
}

func (u *user) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(u.t.Context(), binary, args...)
	cmd.Env = u.env
	return cmd
}

// run runs the program with a text as its standard input.
func (u *user) run(stdin string, args ...string) result {
	u.t.Helper()
	cmd := u.command(args...)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(u.t, err)
	}
	return result{out.String(), errOut.String(), cmd.ProcessState.ExitCode()}
}

// ok runs the program, which must succeed.
func (u *user) ok(stdin string, args ...string) string {
	u.t.Helper()
	r := u.run(stdin, args...)
	require.Equal(u.t, 0, r.code, r.stderr)
	return strings.TrimSpace(r.stdout)
}

// fails runs the program, which must exit with code and say text.
func (u *user) fails(code int, text, stdin string, args ...string) result {
	u.t.Helper()
	r := u.run(stdin, args...)
	require.Equal(u.t, code, r.code, r.stderr)
	assert.Contains(u.t, r.stdout+r.stderr, text)
	return r
}

// files returns the files of the sessions.
func (u *user) files() []string {
	u.t.Helper()
	files, err := filepath.Glob(filepath.Join(u.home, "*", "cognito", "sessions", "*.json"))
	require.NoError(u.t, err)
	if runtime.GOOS == "darwin" {
		files, err = filepath.Glob(filepath.Join(u.home, "Library", "Application Support", "cognito", "sessions", "*.json"))
		require.NoError(u.t, err)
	}
	return files
}

func count(srv *cognitotest.Server, operation string) (n int) {
	for _, r := range srv.Requests() {
		if r.Op == operation {
			n++
		}
	}
	return n
}

// The first call signs in. The second asks for nothing and sends nothing.
func TestToken(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{}, cognitotest.User{})
	first := u.with("COGNITO_PASSWORD="+password).run("", "token")
	require.Equal(t, 0, first.code, first.stderr)
	assert.Empty(t, first.stderr)
	verifier, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, cognito.WithEndpoint(srv.URL))
	require.NoError(t, err)
	raw := strings.TrimSuffix(first.stdout, "\n")
	claims, err := verifier.VerifyAccessToken(t.Context(), raw)
	require.NoError(t, err)
	assert.Equal(t, "bob", claims.Username)
	sent := len(srv.Requests())

	assert.Equal(t, raw, u.ok("", "token"))
	assert.Equal(t, "Authorization: Bearer "+raw, u.ok("", "token", "-header"))
	_, err = verifier.VerifyIDToken(t.Context(), u.ok("", "token", "-id"))
	require.NoError(t, err)
	assert.JSONEq(t, fmt.Sprintf(`{"token":%q,"token_type":"Bearer","token_use":"access","username":"bob","expires_at":%q}`,
		raw, claims.ExpiresAt.UTC().Format(time.RFC3339)), u.ok("", "token", "-json"))
	for _, r := range srv.Requests()[sent:] {
		assert.Equal(t, "JWKS", r.Op, "only keys are fetched")
	}
	require.Len(t, u.files(), 1)
	if runtime.GOOS != "windows" { // which has no such modes
		info, err := os.Stat(u.files()[0])
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	assert.NotContains(t, u.files()[0], "bob")

	renewed := u.ok("", "token", "-refresh")
	assert.NotEqual(t, raw, renewed)
	assert.Equal(t, renewed, u.ok("", "token"))

	other := u.with("COGNITO_USERNAME=carol").run("", "token")
	assert.Equal(t, 3, other.code, "a session is one user's")
}

// A token that has less than a minute left is refreshed without a question.
func TestTokenIsRefreshed(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{Now: func() time.Time { return time.Now().Add(-59*time.Minute - 30*time.Second) }}, cognitotest.User{})
	first := u.ok(password+"\n", "token", "-password-stdin")
	srv.Advance(59*time.Minute + 30*time.Second)
	second := u.ok("", "token")
	assert.NotEqual(t, first, second)
	assert.Equal(t, 1, count(srv, "GetTokensFromRefreshToken"))
	assert.Equal(t, 1, count(srv, "InitiateAuth"))
}

// A session that is over needs a new sign-in, which is refused where nobody can be asked.
func TestSessionThatIsOver(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{}, cognitotest.User{})
	u.ok(password+"\n", "token", "-password-stdin")
	require.NoError(t, srv.Client(t).AdminSignOut(t.Context(), "bob"))
	u.fails(3, "standard input is no terminal: Password of bob", "", "token", "-refresh")
	u.ok(password+"\n", "token", "-password-stdin")
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	u, _ := newUser(t, cognitotest.Config{}, cognitotest.User{})
	r := u.fails(1, "Incorrect username or password", "a-wrong-password\n", "token", "-password-stdin")
	assert.Empty(t, r.stdout)
	assert.NotContains(t, r.stderr, "a-wrong-password")
	assert.NotContains(t, r.stderr, "cognito: cognito")
	u.with("COGNITO_PASSWORD=another-wrong-one").fails(1, "Incorrect username or password", "", "token")
	u.fails(3, "standard input is no terminal: Password of bob; set COGNITO_PASSWORD or use -password-stdin", "", "token")
	u.fails(3, "standard input has ended: Password of bob", "", "token", "-password-stdin")
	assert.Empty(t, u.files())
}

func TestClientSecret(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{Clients: []cognitotest.Client{{Secret: "a-secret-of-the-client"}}}, cognitotest.User{})
	u.ok(password+"\n", "token", "-password-stdin")
	r := u.with("COGNITO_CLIENT_SECRET=", "COGNITO_USERNAME=BOB").fails(1, "COGNITO_CLIENT_SECRET sets", password+"\n", "token", "-password-stdin")
	assert.NotContains(t, r.stderr, srv.ClientSecret)
}

// Answers to challenges are the lines after the password.
func TestCodesFromStandardInput(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{}, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	u.fails(3, "standard input has ended: Code of your authenticator app", password+"\n", "token", "-password-stdin")
	u.with("COGNITO_PASSWORD="+password).fails(3, "standard input is no terminal: Code of your", "", "token")
	r := u.fails(1, "That was not right", password+"\n000000\n", "token", "-password-stdin")
	assert.Regexp(t, `(?m)^cognito token: .*CodeMismatchException`, r.stderr)
	u.ok(password+"\n000000\n"+srv.TOTP("bob"), "token", "-password-stdin")
}

// Each challenge is answered from standard input.
func TestChallenges(t *testing.T) {
	t.Parallel()
	address := map[string]string{"email": "bob@example.com", "email_verified": "true", "phone_number": "+49301234567"}
	tests := []struct {
		name, flow string
		cfg        cognitotest.Config
		user       cognitotest.User
		answers    []string // after the password; TOTP and CODE stand for codes
		said       string
	}{
		{"password in clear", "password", cognitotest.Config{}, cognitotest.User{}, nil, ""},
		{"SMS", "srp", cognitotest.Config{}, cognitotest.User{MFA: []string{"SMS_MFA"}, Attributes: address}, []string{"", "CODE"}, ""},
		{
			"choice of factors", "srp",
			cognitotest.Config{},
			cognitotest.User{MFA: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}, Attributes: address},
			[]string{"7", "2", "TOTP"},
			"There is no such number.",
		},
		{
			"new password", "srp",
			cognitotest.Config{},
			cognitotest.User{Status: "FORCE_CHANGE_PASSWORD"},
			[]string{"a", "b", "weak", "weak", "Permanent-1", "Permanent-1"},
			"The two differ.",
		},
		{
			"set-up", "srp",
			cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA"}},
			cognitotest.User{},
			[]string{"000000", "TOTP"},
			"█",
		},
		{
			"set-up of an address", "srp",
			cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}},
			cognitotest.User{},
			[]string{"2", "bob@example.com", "CODE"},
			"",
		},
		{
			"choice, e-mail, without a passkey", "choice",
			cognitotest.Config{FirstFactors: []string{"PASSWORD", "EMAIL_OTP"}},
			cognitotest.User{Attributes: address},
			[]string{"3", "CODE"},
			"3: EMAIL_OTP",
		},
		{"choice, password", "choice", cognitotest.Config{}, cognitotest.User{}, []string{"1", password}, "1: PASSWORD_SRP"},
		{"custom", "custom", cognitotest.Config{Triggers: cognitotest.Triggers{
			DefineAuthChallenge: func(e *cognitotest.DefineAuthChallengeEvent) error {
				if len(e.Session) == 1 {
					e.ChallengeName = "PASSWORD_VERIFIER"
					return nil
				}
				e.ChallengeName = "CUSTOM_CHALLENGE"
				for _, round := range e.Session {
					e.IssueTokens = e.IssueTokens || round.Name == "CUSTOM_CHALLENGE" && round.Passed
				}
				return nil
			},
			CreateAuthChallenge: func(e *cognitotest.CreateAuthChallengeEvent) error {
				e.PublicParameters = map[string]string{"question": "the word?\x1b[2J"}
				return nil
			},
			VerifyAuthChallenge: func(e *cognitotest.VerifyAuthChallengeEvent) error {
				e.Correct = e.Answer == "sesame"
				return nil
			},
		}}, cognitotest.User{}, []string{"wrong", "sesame"}, `question: the word?\u001b[2J`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u, srv := newUser(t, tt.cfg, tt.user)
			cmd := u.command("token", "-password-stdin", "-flow", tt.flow)
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			var out, errOut bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errOut
			require.NoError(t, cmd.Start())
			if tt.flow != "choice" {
				_, err = io.WriteString(in, password+"\n")
				require.NoError(t, err)
			}
			for _, answer := range tt.answers {
				switch answer { // a code is there once it was asked for
				case "CODE":
					require.Eventually(t, func() bool { return srv.Code("bob") != "" }, 20*time.Second, 5*time.Millisecond)
					answer = srv.Code("bob")
				case "TOTP":
					require.Eventually(t, func() bool { return srv.TOTP("bob") != "" }, 20*time.Second, 5*time.Millisecond)
					answer = srv.TOTP("bob")
				}
				_, err = io.WriteString(in, answer+"\n")
				require.NoError(t, err)
			}
			require.NoError(t, in.Close())
			err = cmd.Wait()
			require.NoError(t, err, errOut.String())
			assert.Contains(t, errOut.String(), tt.said)
			assert.Regexp(t, `^eyJ\S+\n$`, out.String())
		})
	}
}

// A passkey cannot be used: it is left out of a choice, and an error where there is nothing else.
func TestPasskey(t *testing.T) {
	t.Parallel()
	d := &dialog{console: &console{out: io.Discard}}
	_, err := d.choose(t.Context(), "way to sign in", []cognito.ChallengeName{cognito.ChallengeWebAuthn})
	require.ErrorContains(t, err, "no way to sign in that can be used at a terminal")
	require.ErrorContains(t, d.answer(t.Context(), cognito.Challenge{Name: cognito.ChallengeWebAuthn}), "needs a browser")
	require.ErrorContains(t, d.answer(t.Context(), cognito.Challenge{Name: "NEW"}), "asks for NEW")
}

// A remembered device spares the code, also after a sign-out, until it is forgotten.
func TestDevice(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{
		ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true,
	}}, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	u.ok(password+"\n"+srv.TOTP("bob")+"\n", "token", "-password-stdin", "-remember-device", "-device-name", "the desk")
	u.ok("", "token", "-refresh")
	u.ok("", "logout")
	u.ok(password+"\n", "token", "-password-stdin")
	u.ok("", "logout", "-forget-device")
	u.fails(3, "Code of your authenticator app", password+"\n", "token", "-password-stdin")
}

// Without consent the device is confirmed, so that tokens can be refreshed, but not remembered.
func TestDeviceWithoutConsent(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{
		ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true,
	}}, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	u.ok(password+"\n"+srv.TOTP("bob")+"\n", "token", "-password-stdin")
	u.ok("", "token", "-refresh")
	u.ok("", "logout")
	u.fails(3, "Code of your authenticator app", password+"\n", "token", "-password-stdin")
}

func TestLogout(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{nil, {"-everywhere"}, {"-local"}} {
		t.Run(strings.Join(flags, ""), func(t *testing.T) {
			t.Parallel()
			u, srv := newUser(t, cognitotest.Config{}, cognitotest.User{})
			raw := u.ok(password+"\n", "token", "-password-stdin")
			require.Len(t, u.files(), 1)
			r := u.run("", append([]string{"logout"}, flags...)...)
			require.Equal(t, 0, r.code, r.stderr)
			assert.Equal(t, "Signed out.\n", r.stderr)
			assert.Empty(t, r.stdout)
			assert.Empty(t, u.files())
			_, err := srv.Client(t, cognito.WithTokens(cognito.Tokens{AccessToken: raw})).GetUser(t.Context())
			if flags != nil && flags[0] == "-local" {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, cognito.ErrTokenRevoked)
			}
			u.fails(3, "Password of bob", "", "token")
			assert.JSONEq(t, `{"signed_out":false}`, u.ok("", append([]string{"logout", "-json"}, flags...)...))
		})
	}
}

// A sign-out that the pool does not carry out keeps the session, and says so.
func TestLogoutFails(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{}, cognitotest.User{})
	u.ok(password+"\n", "token", "-password-stdin")
	srv.Fault(cognitotest.Fault{Op: "RevokeToken", Kind: cognitotest.FaultServerError, Times: -1})
	u.fails(1, "-local removes it", "", "logout")
	require.Len(t, u.files(), 1)
	u.ok("", "logout", "-local")
	assert.Empty(t, u.files())
}

func TestProfile(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{}, cognitotest.User{})
	alone := nobody(t)
	alone.fails(2, `profile "dev": there is no file`, "", "token", "-profile", "dev")
	dir := filepath.Join(alone.home, "config", "cognito")
	if runtime.GOOS == "darwin" {
		dir = filepath.Join(alone.home, "Library", "Application Support", "cognito")
	}
	require.NoError(t, os.MkdirAll(dir, 0o700))
	text := fmt.Sprintf(`{"dev":{"pool":%q,"client":%q,"endpoint":%q,"user":"bob"}}`, srv.UserPoolID, srv.ClientID, srv.URL)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "profiles.json"), []byte(text), 0o600))
	raw := alone.ok(password+"\n", "token", "-profile", "dev", "-password-stdin")
	assert.Equal(t, raw, alone.with("COGNITO_PROFILE=dev", "COGNITO_USERNAME=carol").ok("", "token"), "a profile goes before the environment")
	assert.Equal(t, raw, alone.ok("", "token", "-pool", srv.UserPoolID, "-client", srv.ClientID, "-endpoint", srv.URL, "-user", "bob"), "the same session")
	alone.fails(3, "Password of carol", "", "token", "-profile", "dev", "-user", "carol")
	alone.fails(2, `has no profile "prod"`, "", "token", "-profile", "prod")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "profiles.json"), []byte(`{"dev":{"password":"x"}}`), 0o600))
	alone.fails(2, `unknown field "password"`, "", "token", "-profile", "dev")
	_ = u
}

// Calls that make no sense exit with 2 and say what was expected.
func TestUsage(t *testing.T) {
	t.Parallel()
	u, _ := newUser(t, cognitotest.Config{}, cognitotest.User{})
	for _, tt := range []struct {
		args string
		text string
	}{
		{"", "Commands:"},
		{"sing-in", `unknown command "sing-in"`},
		{"help sing-in", `unknown command "sing-in"`},
		{"token -password x", "flag provided but not defined: -password"},
		{"token extra", "want no arguments"},
		{"token -json -header", "want -header or -json, not both"},
		{"token -flow magic", `-flow: want srp, password, custom or choice, got "magic"`},
		{"token -pool nonsense -endpoint=", "user pool ID"},
		{"token -endpoint nonsense", "WithEndpoint"},
		{"logout extra", "want no arguments"},
		{"logout -everywhere -local", "want -everywhere or -local, not both"},
		{"explain a b", "want one token"},
		{"explain -use refresh x", `-use: want access or id, got "refresh"`},
		{"explain -", "got none; such as: cognito token | cognito explain"},
		{"explain -endpoint nonsense eyJhbGciOiJSUzI1NiJ9.e30.AA", "WithEndpoint"},
		{"pool extra", "want no arguments"},
		{"version extra", "want no arguments"},
	} {
		r := u.run("", strings.Fields(tt.args)...)
		assert.Equal(t, 2, r.code, "%s: %s", tt.args, r.stderr)
		assert.Contains(t, r.stderr, tt.text, tt.args)
		assert.Empty(t, r.stdout, tt.args)
	}
	for _, missing := range []string{"USER_POOL_ID", "CLIENT_ID", "USERNAME"} {
		u.with("COGNITO_"+missing+"=").fails(2, "COGNITO_"+missing+" is required", "", "token")
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	u := nobody(t)
	assert.Contains(t, u.ok("", "help"), "Exit codes:")
	assert.Equal(t, u.ok("", "help"), u.ok("", "--help"))
	assert.Regexp(t, `^cognito \S+$`, u.ok("", "version"))
	for _, c := range commands {
		text := u.ok("", "help", c.name)
		assert.Contains(t, text, "Usage: cognito "+c.name)
		assert.Equal(t, text, u.ok("", c.name, "-h"))
		assert.Contains(t, u.ok("", "help"), c.summary)
	}
}

// Arguments show in the list of processes, so no flag takes a secret. Those of a local pool protect
// nothing.
func TestNoFlagTakesASecret(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`(?i)secret|password|token|code`)
	for _, c := range commands {
		flags, _ := c.flags(program{stdin: os.Stdin})
		flags.VisitAll(func(f *flag.Flag) {
			boolean, ok := f.Value.(interface{ IsBoolFlag() bool })
			if c.name != "pool" && secret.MatchString(f.Name) {
				assert.True(t, ok && boolean.IsBoolFlag(), "%s -%s", c.name, f.Name)
			}
		})
	}
}

// The program serves a pool, to which it signs in itself.
func TestPool(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted there")
	}
	u := nobody(t)
	cmd := u.command("pool", "-addr", "127.0.0.1:0", "-json", "-user", "ana:"+password)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line := make([]byte, 4096)
	n, err := out.Read(line)
	require.NoError(t, err)
	found := regexp.MustCompile(`"endpoint":"([^"]+)","user_pool_id":"([^"]+)","client_id":"([^"]+)"`).FindSubmatch(line[:n])
	require.NotNil(t, found)
	at := []string{"-endpoint", string(found[1]), "-pool", string(found[2]), "-client", string(found[3])}
	raw := u.ok(password, append([]string{"token", "-password-stdin", "-user", "ana"}, at...)...)
	assert.Contains(t, u.ok(raw, append([]string{"explain", "-online"}, at...)...), "The token is valid.")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Wait(), "an interrupt is how it ends")
	u.fails(1, "listen", "", "pool", "-addr", "nowhere")
}

func TestQR(t *testing.T) {
	t.Parallel()
	picture, err := drawQR("otpauth://totp/Cognito:bob?secret=GEZDGNBVGY3TQOJQ&issuer=Cognito")
	require.NoError(t, err)
	rows := strings.Split(strings.TrimSuffix(picture, "\n"), "\n")
	width := len([]rune(rows[0]))
	assert.Equal(t, strings.Repeat("█", width), rows[0], "white around it")
	for _, row := range rows {
		assert.Len(t, []rune(row), width)
	}
	// The finder pattern at the upper left: seven black modules, of which the second row is white inside.
	assert.Equal(t, "██ ▄▄▄▄▄ █", string([]rune(rows[1])[:10]))
	_, err = drawQR(strings.Repeat("x", 10_000))
	require.Error(t, err)
}
