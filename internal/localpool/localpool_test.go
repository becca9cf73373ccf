package localpool

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

// terminal is what the program has printed.
type terminal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (t *terminal) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

// find is the first group of a pattern in what was printed; "" while it is not there.
func (t *terminal) find(pattern string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if found := regexp.MustCompile(pattern).FindStringSubmatch(t.text.String()); found != nil {
		return found[1]
	}
	return ""
}

func local() Settings {
	return Settings{
		addr: "127.0.0.1:0", pool: "us-east-1_Local0001", client: "1localpoolexample23456789",
		mfa: "OPTIONAL", user: "bob:Correct-Horse-1", callbacks: "http://localhost:3000/callback, http://localhost:4000", logouts: "http://localhost:3000/",
	}
}

// start runs the program, and returns where its pool is, once it says so, and a function that ends
// the program.
func start(t *testing.T, f Settings) (screen *terminal, url string, stop func()) {
	t.Helper()
	screen = &terminal{}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() { ended <- f.Run(ctx, screen) }()
	require.Eventually(t, func() bool { return screen.find("(Interrupt to stop|jwks_url)") != "" }, 10*time.Second, time.Millisecond)
	return screen, screen.find(`(http://[\d.:]+)`), func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

// The whole of it: it says where it is, serves, prints codes, and ends on interrupt.
func TestLocalPool(t *testing.T) {
	t.Setenv("COGNITO_JWKS", "")
	f := local()
	f.secret = "a secret of the app client"
	screen, url, stop := start(t, f)
	pool, err := cognito.New(f.pool, f.client, cognito.WithEndpoint(url), cognito.WithClientSecret(f.secret))
	require.NoError(t, err)
	require.NoError(t, pool.ForUser("bob").Authenticate(t.Context(), "Correct-Horse-1"))

	_, err = pool.Register(t.Context(), "eve", "Correct-Horse-2", cognito.Attributes{"email": "eve@example.com"})
	require.NoError(t, err)
	code := screen.find(`EMAIL to eve@example.com for eve \(SignUp\): code (\d{6})\n`)
	require.NotEmpty(t, code, "the code is on the screen before the sign-up is answered")
	require.NoError(t, pool.ConfirmSignUp(t.Context(), "eve", code))
	eve := pool.ForUser("EVE@example.com")
	require.NoError(t, eve.Authenticate(t.Context(), "Correct-Horse-2"), "by SRP, with the address")
	assert.Equal(t, "eve", eve.IDClaims().Username)

	stop()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.Error(t, err, "nobody listens any more")
}

// What was there in the end is there in the beginning: pools, users, and the tokens that they have.
func TestData(t *testing.T) {
	t.Setenv("COGNITO_JWKS", "")
	f := local()
	f.data = filepath.Join(t.TempDir(), "pools.json")
	f.users = filepath.Join(t.TempDir(), "users.json")
	require.NoError(t, os.WriteFile(f.users, []byte(`[{"username":"ana","password":"Correct-Horse-2","groups":["admins"]}]`), 0o600))
	_, url, stop := start(t, f)
	pool, err := cognito.New(f.pool, f.client, cognito.WithEndpoint(url))
	require.NoError(t, err)
	ana := pool.ForUser("ana")
	require.NoError(t, ana.Authenticate(t.Context(), "Correct-Horse-2"))
	sdk := func(url string) *cognitoidentityprovider.Client {
		admin, err := cognito.New(f.pool, f.client, cognito.WithEndpoint(url), cognito.WithStaticCredentials("local", "local", ""))
		require.NoError(t, err)
		return admin.Client()
	}
	another, err := sdk(url).CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("another")})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		raw, err := os.ReadFile(f.data)
		return err == nil && strings.Contains(string(raw), *another.UserPool.Id)
	}, 10*time.Second, 10*time.Millisecond, "it does not wait for the end")
	_, err = sdk(url).AdminDeleteUser(t.Context(), &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: aws.String(f.pool), Username: aws.String("bob")})
	require.NoError(t, err)
	stop()
	info, err := os.Stat(f.data)
	require.NoError(t, err)
	if runtime.GOOS != "windows" { // which has no such modes
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	files, err := filepath.Glob(f.data + "*")
	require.NoError(t, err)
	assert.Equal(t, []string{f.data, f.data + ".lock"}, files, "nothing else is left")

	f.users = filepath.Join(t.TempDir(), "users.json")
	require.NoError(t, os.WriteFile(f.users, []byte(`[{"username":"late","password":"Correct-Horse-2"}]`), 0o600))
	_, url, stop = start(t, f)
	defer stop()
	pool, err = cognito.New(f.pool, f.client, cognito.WithEndpoint(url), cognito.WithTokens(ana.Tokens()))
	require.NoError(t, err)
	require.NoError(t, pool.RenewAccessToken(t.Context()), "the refresh token is good")
	require.NoError(t, pool.ForUser("ana").Authenticate(t.Context(), "Correct-Horse-2"))
	require.ErrorIs(t, pool.ForUser("bob").Authenticate(t.Context(), "Correct-Horse-1"), cognito.ErrUserNotFound, "who was deleted is not made again")
	require.ErrorIs(t, pool.ForUser("late").Authenticate(t.Context(), "Correct-Horse-2"), cognito.ErrUserNotFound)
	_, err = sdk(url).DescribeUserPool(t.Context(), &cognitoidentityprovider.DescribeUserPoolInput{UserPoolId: another.UserPool.Id})
	require.NoError(t, err)
}

// With -json, every line is JSON.
func TestJSON(t *testing.T) {
	t.Setenv("COGNITO_JWKS", "")
	f := local()
	f.json = true
	screen, _, stop := start(t, f)
	var at place
	require.NoError(t, json.Unmarshal([]byte(screen.find(`^(.*)\n$`)), &at))
	assert.Equal(t, place{
		Endpoint: at.Endpoint, UserPoolID: f.pool, ClientID: f.client, Issuer: at.Endpoint + "/" + f.pool,
		JWKSURL: at.Issuer + "/.well-known/jwks.json",
	}, at)
	pool, err := cognito.New(at.UserPoolID, at.ClientID, cognito.WithEndpoint(at.Endpoint))
	require.NoError(t, err)
	_, err = pool.Register(t.Context(), "eve", "Correct-Horse-2", cognito.Attributes{"email": "eve@example.com"})
	require.NoError(t, err)
	stop()
	var sent message
	require.NoError(t, json.Unmarshal([]byte(screen.find(`^.*\n(.*)\n$`)), &sent))
	assert.Equal(t, message{"EMAIL", "eve@example.com", "eve", "SignUp", sent.Code}, sent)
	assert.Len(t, sent.Code, 6)
}

// Two processes do not write one file: the second is told so, and what the first has written stays.
func TestDataOfAnotherProcess(t *testing.T) {
	t.Parallel()
	f := local()
	f.data = filepath.Join(t.TempDir(), "pools.json")
	unlock, err := f.lock()
	require.NoError(t, err)
	screen := &terminal{}
	err = f.Run(t.Context(), screen)
	require.EqualError(t, err, "-data: another process uses "+f.data+"; stop that one, or name another file")
	assert.Empty(t, screen.find("(.)"), "no pool was started")
	require.NoFileExists(t, f.data)
	unlock()
	again, err := f.lock()
	require.NoError(t, err, "the lock ends with the process that has it")
	again()
	f.data = filepath.Join(t.TempDir(), "none", "pools.json")
	require.ErrorContains(t, f.Run(t.Context(), screen), "-data: open ")
}

// The file may be a link, also one to a file that is not there yet: both names are one file to
// write, and the link stays.
func TestDataBehindALink(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]bool{"a file": true, "no file yet": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testDataBehindALink(t, there)
		})
	}
}

func testDataBehindALink(t *testing.T, there bool) {
	t.Helper()
	f, middle, link := local(), filepath.Join(t.TempDir(), "middle.json"), filepath.Join(t.TempDir(), "link.json")
	folder := t.TempDir()
	f.data = filepath.Join(folder, "pools.json")
	if there {
		require.NoError(t, os.WriteFile(f.data, []byte("old"), 0o600))
	}
	if err := os.Symlink(f.data, middle); err != nil {
		t.Skip("links: ", err)
	}
	relative, err := filepath.Rel(filepath.Dir(link), middle)
	require.NoError(t, err)
	require.NoError(t, os.Symlink(relative, link))
	unlock, err := f.lock()
	require.NoError(t, err)
	defer unlock()
	linked := f
	linked.data = link
	_, err = linked.lock()
	require.EqualError(t, err, "-data: another process uses "+link+"; stop that one, or name another file")
	require.NoError(t, replaceFile(linked.file(), []byte("new")))
	raw, err := os.ReadFile(f.data)
	require.NoError(t, err)
	assert.Equal(t, "new", string(raw))
}

// A process that was killed as it wrote leaves a file with secrets, which the next one removes.
func TestDataAfterAKill(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "pools.json")
	require.NoError(t, os.WriteFile(name+".tmp", []byte("half a fi"), 0o644)) //nolint:gosec,nolintlint // wider than what is kept
	require.NoError(t, replaceFile(name, []byte("data")))
	files, err := filepath.Glob(name + "*")
	require.NoError(t, err)
	assert.Equal(t, []string{name}, files)
	info, err := os.Stat(name)
	require.NoError(t, err)
	if runtime.GOOS != "windows" { // which has no such modes
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func TestTriggerFlag(t *testing.T) {
	t.Parallel()
	function := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"errorMessage":"not today"}`)
	}))
	t.Cleanup(function.Close)
	f := local()
	require.NoError(t, f.addTrigger("PreAuthentication="+function.URL))
	require.Error(t, f.addTrigger("PreAuthentication"))
	srv, err := f.start(nil)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	err = srv.Client(t).ForUser("bob").Authenticate(t.Context(), "Correct-Horse-1")
	require.ErrorIs(t, err, cognito.ErrLambda)
	require.ErrorContains(t, err, "not today")
}

func written(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.json")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

// What cannot be written is an error, and leaves nothing behind.
func TestDataThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.Error(t, replaceFile(filepath.Join(dir, "none", "x"), nil))
	name := filepath.Join(dir, "x")
	require.NoError(t, os.Mkdir(name, 0o700))
	require.Error(t, replaceFile(name, []byte("data")), "there is a directory of that name")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	f := local()
	f.data = filepath.Join(dir, "none", "x")
	srv, err := f.start(nil)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	require.ErrorContains(t, f.keep(t.Context(), srv), "-data")
}

func TestSettingsThatMakeNoPool(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Settings){
		"Config.UserPoolID": func(f *Settings) { f.pool = "local" },
		"Client.ID":         func(f *Settings) { f.client = "-" },
		"Config.MFA":        func(f *Settings) { f.mfa = "maybe" },
		"-user":             func(f *Settings) { f.user = "bob" },
		"CallbackURLs":      func(f *Settings) { f.callbacks = "" },
		"listen":            func(f *Settings) { f.addr = "nowhere" },
		"-users: open":      func(f *Settings) { f.users = filepath.Join(t.TempDir(), "none") },
		`unknown field "x"`: func(f *Settings) { f.users = written(t, `[{"x":1}]`) },
		"Config.Snapshot":   func(f *Settings) { f.data = written(t, `{}`) },
		"an empty file":     func(f *Settings) { f.data = written(t, ``) },
		"-data":             func(f *Settings) { f.data = t.TempDir() },
		"TriggerURLs":       func(f *Settings) { f.triggers = map[string]string{"x": "y"} },
	} {
		f := local()
		change(&f)
		srv, err := f.start(nil)
		assert.Nil(t, srv, name)
		require.ErrorContains(t, err, name)
		assert.NotContains(t, err.Error(), "Correct-Horse-1")
	}
}

// What is printed of the sign-in pages works.
func TestManagedLogin(t *testing.T) {
	t.Setenv("COGNITO_JWKS", "")
	f := local()
	srv, err := f.start(nil)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	text := f.greeting(srv)
	signIn := regexp.MustCompile(`sign in +(\S+)`).FindStringSubmatch(text)
	require.NotNil(t, signIn, text)
	assert.Contains(t, srv.Authorize(signIn[1], "bob"), "http://localhost:3000/callback?code=")
	signOut := regexp.MustCompile(`sign out +(\S+)`).FindStringSubmatch(text)
	require.NotNil(t, signOut, text)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, signOut[1], nil)
	require.NoError(t, err)
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, "http://localhost:3000/", resp.Header.Get("Location"))

	c, err := cognito.New(f.pool, machineID, cognito.WithEndpoint(srv.URL), cognito.WithClientSecret(machineSecret))
	require.NoError(t, err)
	token, err := c.MachineTokens(apiIdentifier + "/read").Token()
	require.NoError(t, err)
	assert.Equal(t, "Bearer", token.TokenType)
}

// Front ends cannot keep a secret, so they are told how to connect only where there is none.
func TestGreeting(t *testing.T) {
	t.Parallel()
	f := local()
	f.user = ""
	srv, err := f.start(nil)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	text := f.greeting(srv)
	for _, line := range []string{
		`userPoolEndpoint: "` + srv.URL + `"`, `endpoint: "` + srv.URL + `"`, "--endpoint-url " + srv.URL,
		`cognito.WithEndpoint("` + srv.URL + `")`, "quickstart -endpoint " + srv.URL, srv.JWKSURL(), srv.Issuer(), `region_name="us-east-1"`,
	} {
		assert.Contains(t, text, line)
	}
	assert.NotContains(t, text, "password", "there is no user")

	f.issuer = "https://cognito-idp.us-east-1.amazonaws.com/" + f.pool
	foreign, err := f.start(nil)
	require.NoError(t, err)
	t.Cleanup(foreign.Close)
	assert.Equal(t, f.issuer, foreign.Issuer())
	text = f.greeting(foreign)
	assert.Contains(t, text, `cognito.WithIssuer("`+f.issuer+`"), cognito.WithJWKSURL("`+foreign.JWKSURL()+`")`)
	f.issuer = ""

	f.secret = "hidden"
	secret, err := f.start(nil)
	require.NoError(t, err)
	t.Cleanup(secret.Close)
	text = f.greeting(secret)
	assert.Contains(t, text, `cognito.WithClientSecret("hidden")`)
	assert.NotContains(t, text, "userPoolEndpoint")
}
