package cognito_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// hostsAsked are the hosts that a user call and a signed call of a client with opts go to.
func hostsAsked(t *testing.T, opts ...cognito.Option) []string {
	t.Helper()
	keys := keySetOf(t, newServer(t, cognitotest.Config{}))
	var hosts []string
	record := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		hosts = append(hosts, r.URL.Host)
		return nil, io.ErrUnexpectedEOF
	})}
	opts = append([]cognito.Option{
		cognito.WithStaticCredentials("AKID", "secret", ""), cognito.WithHTTPClient(record), cognito.WithJWKS(keys),
		cognito.WithUsername("bob"), cognito.WithClientOptions(func(o *cognitoidentityprovider.Options) { o.Retryer = aws.NopRetryer{} }),
	}, opts...)
	c, err := cognito.New(testPool, testClient, opts...)
	require.NoError(t, err)
	require.Error(t, c.Authenticate(t.Context(), testPassword))
	_, err = c.AdminGetUser(t.Context(), "bob")
	require.Error(t, err)
	return hosts
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The expected hosts are those of AWS's documentation of the settings and of its list of endpoints.
func TestEnvironmentMovesAllCalls(t *testing.T) {
	const ofRegion, fips = "cognito-idp.eu-west-1.amazonaws.com", "cognito-idp-fips.eu-west-1.amazonaws.com"
	tests := []struct {
		name string
		env  map[string]string
		opts []cognito.Option
		want string
	}{
		{"nothing", nil, nil, ofRegion},
		{"endpoint", map[string]string{"AWS_ENDPOINT_URL": "https://all.example"}, nil, "all.example"},
		{"service's endpoint", map[string]string{
			"AWS_ENDPOINT_URL": "https://all.example", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": "https://idp.example",
		}, nil, "idp.example"},
		{"service's endpoint alone", map[string]string{"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": "https://idp.example"}, nil, "idp.example"},
		{"ignored endpoints", map[string]string{
			"AWS_ENDPOINT_URL": "https://all.example", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": "https://idp.example",
			"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
		}, nil, ofRegion},
		{"ignored endpoint", map[string]string{
			"AWS_ENDPOINT_URL": "https://all.example", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
		}, nil, ofRegion},
		{"FIPS", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, nil, fips},
		{"no FIPS", map[string]string{"AWS_USE_FIPS_ENDPOINT": "false"}, nil, ofRegion},
		{"option before the environment", map[string]string{
			"AWS_ENDPOINT_URL": "https://all.example", "AWS_USE_FIPS_ENDPOINT": "true",
		}, []cognito.Option{cognito.WithEndpoint("https://option.example")}, "option.example"},
		{
			"configuration before the environment's FIPS setting",
			map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"},
			[]cognito.Option{cognito.WithAWSConfig(aws.Config{BaseEndpoint: aws.String("https://config.example")})},
			"config.example",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{
				"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
				"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
			} {
				t.Setenv(name, "")
			}
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			assert.Equal(t, []string{tt.want, tt.want}, hostsAsked(t, tt.opts...))
		})
	}
}

// A setting that cannot be read may have asked for FIPS endpoints: calls must not go elsewhere for
// that.
func TestUnreadableEnvironment(t *testing.T) {
	t.Setenv("AWS_USE_FIPS_ENDPOINT", "perhaps")
	_, err := cognito.New(testPool, testClient)
	require.ErrorContains(t, err, "AWS_USE_FIPS_ENDPOINT")
	require.ErrorIs(t, err, cognito.ErrInvalidArgument)
	_, err = cognito.New(testPool, testClient, cognito.WithEndpoint("https://idp.example"))
	require.NoError(t, err, "the environment does not count with an endpoint")
}

// A forgotten scheme is found where the setting can be named, as with WithEndpoint.
func TestEndpointOfTheEnvironmentIsChecked(t *testing.T) {
	const general, own = "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"
	for _, tt := range []struct {
		env  map[string]string
		opts []cognito.Option
		want string // the variable that the error names; "" for no error
	}{
		{map[string]string{general: "localhost:4566"}, nil, general},
		{map[string]string{own: "localhost:4566"}, nil, own},
		{map[string]string{own: "ftp://pool.example", general: "https://all.example"}, nil, own},
		{map[string]string{own: "https://idp.example", general: "localhost:4566"}, nil, ""},
		{map[string]string{general: "localhost:4566", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, nil, ""},
		{map[string]string{general: "localhost:4566"}, []cognito.Option{cognito.WithEndpoint("https://idp.example")}, ""},
		{map[string]string{general: "localhost:4566"}, []cognito.Option{cognito.WithAWSConfig(aws.Config{})}, ""},
	} {
		for _, name := range []string{general, own, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"} {
			t.Setenv(name, tt.env[name])
		}
		_, err := cognito.New(testPool, testClient, tt.opts...)
		if tt.want == "" {
			require.NoError(t, err, tt.env)
			continue
		}
		require.EqualError(t, err, "cognito: New: environment variable "+tt.want+": want an absolute http or https URL without user info, query and fragment", tt.env)
		require.ErrorIs(t, err, cognito.ErrInvalidArgument)
	}
}

func TestPlainHTTPIsAWarning(t *testing.T) {
	t.Parallel()
	warned := func(construct func(cognito.SharedOption) error) []string {
		var log bytes.Buffer
		require.NoError(t, construct(cognito.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})))))
		return strings.Split(strings.TrimSpace(log.String()), "\n")
	}
	client := func(opts ...cognito.Option) func(cognito.SharedOption) error {
		return func(logger cognito.SharedOption) error {
			_, err := cognito.New(testPool, testClient, append(opts, logger)...)
			return err
		}
	}
	verifier := func(opts ...cognito.VerifierOption) func(cognito.SharedOption) error {
		return func(logger cognito.SharedOption) error {
			_, err := cognito.NewVerifier(testPool, []string{testClient}, append(opts, logger)...)
			return err
		}
	}
	base := func(o *cognitoidentityprovider.Options) { o.BaseEndpoint = aws.String("http://pool.example") }
	keySet := keySetOf(t, newServer(t, cognitotest.Config{}))
	const none, service, keys = "", "the service", "the keys"
	tests := []struct {
		name      string
		construct func(cognito.SharedOption) error
		want      []string
	}{
		{"AWS", client(), []string{none}},
		{"https", client(cognito.WithEndpoint("https://pool.example")), []string{none}},
		{"loopback", client(cognito.WithEndpoint("http://127.0.0.1:9000")), []string{none}},
		{"localhost", client(cognito.WithEndpoint("http://localhost:9000")), []string{none}},
		{"IPv6", client(cognito.WithEndpoint("http://[::1]:9000")), []string{none}},
		{"endpoint", client(cognito.WithEndpoint("http://pool.example:9000")), []string{keys, service}},
		{"key set", client(cognito.WithJWKSURL("http://pool.example/keys")), []string{keys}},
		{"SDK's option", client(cognito.WithClientOptions(base)), []string{service}},
		{"verifier's issuer", verifier(cognito.WithIssuers("https://a.example", "http://pool.example")), []string{keys}},
		{"verifier's endpoint", verifier(cognito.WithEndpoint("http://pool.example")), []string{keys}},
		{"verifier with keys", verifier(cognito.WithEndpoint("http://pool.example"), cognito.WithJWKS(keySet)), []string{none}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := warned(tt.construct)
			require.Len(t, got, len(tt.want), "%q", got)
			for i, line := range got {
				assert.Contains(t, line, tt.want[i])
				if tt.want[i] != none {
					assert.Contains(t, line, "level=WARN")
					assert.Contains(t, line, "host=pool.example")
				}
			}
		})
	}
}

// silentServer takes connections and answers nothing.
func silentServer(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	var ends []net.Conn
	t.Cleanup(func() {
		for _, end := range ends {
			end.Close()
		}
	})
	return func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		ends = append(ends, far)
		go func() { _, _ = io.Copy(io.Discard, far) }()
		return near, nil
	}
}

func TestEveryAttemptEnds(t *testing.T) {
	t.Parallel()
	ofSDK := func(dial func(context.Context, string, string) (net.Conn, error), timeout time.Duration) cognito.Option {
		client := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.DialContext = dial })
		if timeout > 0 {
			client = client.WithTimeout(timeout)
		}
		return cognito.WithAWSConfig(aws.Config{HTTPClient: client})
	}
	keys := keySetOf(t, newServer(t, cognitotest.Config{}))
	tests := []struct {
		name     string
		client   func(dial func(context.Context, string, string) (net.Conn, error)) cognito.Option
		deadline time.Duration // of the caller; 0: it only gives up after 10 minutes
		want     time.Duration
		signIn   time.Duration // for a sign-in, which has a limit on all its requests
	}{
		{"SDK's client", func(dial func(context.Context, string, string) (net.Conn, error)) cognito.Option {
			return ofSDK(dial, 0)
		}, 0, 30 * time.Second, 30 * time.Second},
		{"deadline of the caller's", func(dial func(context.Context, string, string) (net.Conn, error)) cognito.Option {
			return ofSDK(dial, 0)
		}, 50 * time.Second, 50 * time.Second, 50 * time.Second},
		{"timeout of the caller's", func(dial func(context.Context, string, string) (net.Conn, error)) cognito.Option {
			return ofSDK(dial, 45*time.Second)
		}, 0, 45 * time.Second, 45 * time.Second},
		{"client of the caller's", func(dial func(context.Context, string, string) (net.Conn, error)) cognito.Option {
			return cognito.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: dial}})
		}, 0, 10 * time.Minute, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, signIn := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					c, err := cognito.New(testPool, testClient, cognito.WithUsername("bob"), tt.client(silentServer(t)),
						cognito.WithJWKS(keys), cognito.WithClientOptions(func(o *cognitoidentityprovider.Options) {
							o.BaseEndpoint, o.Retryer = aws.String("http://127.0.0.1"), aws.NopRetryer{}
						}))
					require.NoError(t, err)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if tt.deadline > 0 {
						ctx, cancel = context.WithTimeout(ctx, tt.deadline)
						defer cancel()
					} else {
						defer time.AfterFunc(10*time.Minute, cancel).Stop()
					}
					begun := time.Now()
					if signIn {
						require.Error(t, c.Authenticate(ctx, testPassword))
						assert.Equal(t, tt.signIn, time.Since(begun))
					} else {
						require.Error(t, err1(c.InitiateForgotPassword(ctx)))
						assert.Equal(t, tt.want, time.Since(begun))
					}
					c.CloseIdleConnections()
				})
			}
		})
	}
}

func TestLocalServersHaveTheirOwnIDs(t *testing.T) {
	t.Parallel()
	const pool, client = "local_my-pool", "my-app.dev:1"
	srv := newServer(t, cognitotest.Config{UserPoolID: testPool, Clients: []cognitotest.Client{{ID: testClient}}})
	asked := func(op string) (ids []any) {
		for _, r := range srv.Requests() {
			if r.Op == op {
				ids = append(ids, r.Body["ClientId"])
			}
		}
		return ids
	}
	c, err := cognito.New(pool, client, cognito.WithEndpoint(srv.URL), cognito.WithUsername("bob"), cognito.WithStaticCredentials("a", "b", ""))
	require.NoError(t, err)
	require.Error(t, c.Authenticate(t.Context(), testPassword), "cognitotest has no such app client")
	assert.Equal(t, []any{client}, asked("InitiateAuth"))
	_, err = c.DescribeUserPoolClient(t.Context(), "other-app")
	require.Error(t, err)
	assert.Equal(t, []any{"other-app"}, asked("DescribeUserPoolClient"))
	_, err = cognito.NewVerifier(pool, []string{client}, cognito.WithEndpoint(srv.URL))
	require.NoError(t, err)

	for _, bad := range []string{"my app", "my/app", `my"app`, "", strings.Repeat("a", 129)} {
		_, err = cognito.New(pool, bad, cognito.WithEndpoint(srv.URL))
		require.ErrorContains(t, err, "client ID", bad)
	}
	_, err = cognito.New(client, pool, cognito.WithEndpoint(srv.URL))
	require.ErrorContains(t, err, "swapped")
	_, err = cognito.New(testPool, client)
	require.ErrorContains(t, err, "client ID", "AWS has no such IDs")
	_, err = cognito.New(pool, testClient)
	require.ErrorContains(t, err, "user pool ID", "AWS has no such IDs")
}

// allocated returns how many bytes call allocates. The counter is the whole process's: it counts
// what earlier tests left running, too. So a call that allocated most or more is made again, and the
// result is the least.
func allocated(most int, call func()) int {
	least := math.MaxInt
	for range 4 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		call()
		runtime.ReadMemStats(&after)
		if least = min(least, int(after.TotalAlloc-before.TotalAlloc)); least < most {
			break
		}
	}
	return least
}

// A small answer must not become a large one in memory, and the largest honest ones must pass.
func TestAnswersCostWhatTheyAreWorth(t *testing.T) {
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithStaticCredentials("a", "b", ""), cognito.WithClientOptions(noBackoff))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	users := func() error { _, err := c.GetUsers(t.Context()); return err }
	user := func() error { _, err := c.GetUser(t.Context()); return err }
	signIn := func() error { return c.ForUser("bob").Authenticate(t.Context(), testPassword) }
	repeated := func(before, element, after string, size int) string {
		return before + strings.Repeat(element+",", size/(len(element)+1)) + element + after
	}
	value := strings.Repeat(`\u00e9`, 2048)
	var attributes, members []string
	for i := range 50 {
		attributes = append(attributes, fmt.Sprintf(`{"Name":"custom:a%d","Value":"%s"}`, i, value))
	}
	for i := range 300_000 {
		members = append(members, fmt.Sprintf(`"%d":""`, i))
	}
	attributeList := `"Attributes":[` + strings.Join(attributes, ",") + `]`
	plainList := `"Attributes":[` + strings.ReplaceAll(strings.Join(attributes, ","), value, strings.Repeat("😀", 2040)) + `]`
	fullUser := `{"Username":"bob","UserStatus":"CONFIRMED","Enabled":true,"UserCreateDate":1,"UserLastModifiedDate":1,` + plainList + `}`
	tests := []struct {
		name, op, body string
		call           func() error
		want           string // part of the error; "" for none
		most           int    // times the answer's length that may be allocated
	}{
		{"users", "ListUsers", repeated(`{"Users":[`, `{}`, `]}`, 12<<20), users, "more than 30000 values", 2},
		{"attributes of a user", "ListUsers", repeated(`{"Users":[{"Attributes":[`, `{}`, `]}]}`, 12<<20), users, "more than 30000 values", 2},
		{"lists of attributes", "ListUsers", repeated(`{"Users":[`, `{"Attributes":[{}]}`, `]}`, 12<<20), users, "more than 30000 values", 2},
		{"factors", "InitiateAuth", repeated(`{"AvailableChallenges":[`, `""`, `]}`, 3<<20), signIn, "more than 10000 values", 2},
		{"parameters", "InitiateAuth", `{"ChallengeParameters":{` + strings.Join(members, ",") + `}}`, signIn, "more than 10000 values", 2},
		{"unknown members", "InitiateAuth", repeated(`{"X":[`, `{"a":[]}`, `]}`, 3<<20), signIn, "more than 10000 values", 2},
		{"quotes in a text", "GetUser", `{"Username":"` + strings.Repeat(`\",`, 1<<20) + `"}`, user, "", 8},
		{"a text that is too long", "GetUser", `{"Username":"` + strings.Repeat("a", 4<<20) + `"}`, user, "longer than", 8},
		{"the largest user", "GetUser", `{"Username":"bob","User` + strings.TrimPrefix(attributeList, `"`) + `}`, user, "", 8},
		{"the largest page", "ListUsers", repeated(`{"Users":[`, fullUser, `]}`, 60*len(fullUser)), users, "", 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer(srv, tt.op, http.StatusOK, tt.body)
			var err error
			got := allocated(tt.most*len(tt.body), func() { err = tt.call() })
			t.Logf("%d bytes of answer, %d bytes allocated", len(tt.body), got)
			if tt.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.want)
				assert.Less(t, len(err.Error()), 1000)
			}
			if !raceDetector {
				assert.Less(t, got, tt.most*len(tt.body))
			}
		})
	}
}
