package cognito_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

const (
	testPool     = "eu-west-1_aBcDeFgHi"
	testClient   = "3n4b5urk1ft4fl3mg5e62d9ado"
	testSecret   = "ps50nb7hd1umdnmlt1xa9nwiscqvdvzy5ijw63vcacd09yihc2"
	testPassword = "Correct-Horse-1"
)

// newServer starts a pool with the user bob. Its clock stands still unless it is advanced, so that
// cases near a limit of time do not drift over it on a busy machine.
func newServer(t *testing.T, cfg cognitotest.Config) *cognitotest.Server {
	t.Helper()
	if cfg.Now == nil {
		start := time.Now()
		cfg.Now = func() time.Time { return start }
	}
	if byManagedLogin {
		cfg.Clients = slices.Clone(cfg.Clients)
		if len(cfg.Clients) == 0 {
			cfg.Clients = []cognitotest.Client{{ID: testClient}}
		}
		for i := range cfg.Clients {
			if client := &cfg.Clients[i]; client.AllowedOAuthFlows == nil {
				client.AllowedOAuthFlows, client.CallbackURLs = []string{"code"}, []string{loginCallback}
			}
		}
	}
	srv := cognitotest.NewServer(cfg)
	t.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{
		Username: "bob", Password: testPassword,
		Attributes: map[string]string{"email": "bob@example.com", "email_verified": "true", "custom:team": "blue"},
		Groups:     []string{"readers"},
	})
	return srv
}

// newClient makes a client of srv, on its clock.
func newClient(t *testing.T, srv *cognitotest.Server, opts ...cognito.Option) *cognito.Cognito {
	t.Helper()
	opts = append([]cognito.Option{
		cognito.WithEndpoint(srv.URL), cognito.WithClientSecret(srv.ClientSecret), cognito.WithClock(srv.Now),
	}, opts...)
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, opts...)
	require.NoError(t, err)
	return c
}

// secretClient is an app client with a secret that allows the password flow too.
func secretClient() cognitotest.Client {
	return cognitotest.Client{
		ID: testClient, Secret: testSecret,
		ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
	}
}

func ops(requests []cognitotest.Request) []string {
	var ops []string
	for _, r := range requests {
		ops = append(ops, r.Op)
	}
	return ops
}

// serviceCalls are the requests without the fetches of the key set.
func serviceCalls(srv *cognitotest.Server) []cognitotest.Request {
	var calls []cognitotest.Request
	for _, r := range srv.Requests() {
		if r.Op != "JWKS" {
			calls = append(calls, r)
		}
	}
	return calls
}

func TestNewRefusesBadArguments(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		pool, client string
		opts         []cognito.Option
		want         []string
	}{
		{"empty pool ID", "", testClient, nil, []string{"user pool ID", "eu-west-1_aBcDeFgHi"}},
		{"pool ID without region", "aBcDeFgHi", testClient, nil, []string{"user pool ID", `"aBcDeFgHi"`}},
		{"pool ID without name", "eu-west-1_", testClient, nil, []string{"user pool ID"}},
		{"pool ID without anything before _", "_aBcDeFgHi", testClient, nil, []string{"user pool ID"}},
		{"pool ID with a slash", "eu-west-1/x_aBc", testClient, nil, []string{"user pool ID"}},
		{"pool ID with a dash in the name", "eu-west-1_a-b", testClient, nil, []string{"user pool ID"}},
		{"pool ID with a newline", "eu-west-1_aBc\n", testClient, nil, []string{"user pool ID"}},
		{"pool ID too long", "eu-west-1_" + strings.Repeat("a", 46), testClient, nil, []string{"user pool ID"}},
		{"pool ARN", "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_aBcDeFgHi", testClient, nil, []string{"user pool ID"}},
		{"empty client ID", testPool, "", nil, []string{"client ID"}},
		{"client ID with a space", testPool, "3n4b5 urk", nil, []string{"client ID"}},
		{"client ID too long", testPool, strings.Repeat("a", 129), nil, []string{"client ID", "129 bytes"}},
		{"both wrong", "x", "-", nil, []string{"user pool ID", "client ID"}},
		{"swapped", testClient, testPool, nil, []string{"swapped", "user pool ID", "client ID"}},
		{"endpoint without scheme", testPool, testClient, []cognito.Option{cognito.WithEndpoint("localhost:9229")}, []string{"WithEndpoint"}},
		{"endpoint with user", testPool, testClient, []cognito.Option{cognito.WithEndpoint("https://a:b@example.com")}, []string{"WithEndpoint"}},
		{"endpoint of another scheme", testPool, testClient, []cognito.Option{cognito.WithEndpoint("ftp://example.com")}, []string{"WithEndpoint"}},
		{"issuer with query", testPool, testClient, []cognito.Option{cognito.WithIssuer("https://example.com/?a=b")}, []string{"WithIssuer"}},
		{"empty key set URL", testPool, testClient, []cognito.Option{cognito.WithJWKSURL("")}, []string{"WithJWKSURL"}},
		{"key set that is HTML", testPool, testClient, []cognito.Option{cognito.WithJWKS([]byte("<html>"))}, []string{"WithJWKS", "Key Set"}},
		{"key set without keys", testPool, testClient, []cognito.Option{cognito.WithJWKS([]byte(`{"keys":[]}`))}, []string{"WithJWKS", "at least one usable key"}},
		{"key set given but nil", testPool, testClient, []cognito.Option{cognito.WithJWKS(nil)}, []string{"WithJWKS"}},
		{"nil client option", testPool, testClient, []cognito.Option{cognito.WithClientOptions(nil)}, []string{"WithClientOptions"}},
		{"negative leeway", testPool, testClient, []cognito.Option{cognito.WithLeeway(-time.Second)}, []string{"WithLeeway", "0 to 5 minutes"}},
		{"large leeway", testPool, testClient, []cognito.Option{cognito.WithLeeway(time.Hour)}, []string{"WithLeeway", "0 to 5 minutes"}},
		{"nil clock", testPool, testClient, []cognito.Option{cognito.WithClock(nil)}, []string{"WithClock"}},
		{"nil HTTP client", testPool, testClient, []cognito.Option{cognito.WithHTTPClient(nil)}, []string{"WithHTTPClient"}},
		{"nil logger", testPool, testClient, []cognito.Option{cognito.WithLogger(nil)}, []string{"WithLogger"}},
		{"region that is a host", testPool, testClient, []cognito.Option{cognito.WithRegion("evil.com/")}, []string{"WithRegion"}},
		{"half of the credentials", testPool, testClient, []cognito.Option{cognito.WithStaticCredentials("AKIA", "", "")}, []string{"WithStaticCredentials"}},
		{"two things at once", testPool, testClient, []cognito.Option{cognito.WithRegion(""), cognito.WithLeeway(-1)}, []string{"WithRegion", "WithLeeway"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := cognito.New(tt.pool, tt.client, tt.opts...)
			require.Error(t, err)
			assert.Nil(t, c)
			assert.True(t, strings.HasPrefix(err.Error(), "cognito: New: "), err.Error())
			for _, want := range tt.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestIssuer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pool string
		opts []cognito.Option
		want string
	}{
		{"eu-west-1_aBc", nil, "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBc"},
		{"us-gov-west-1_aBc", nil, "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_aBc"},
		{"cn-north-1_aBc", nil, "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_aBc"},
		{"eusc-de-east-1_aBc", nil, "https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_aBc"},
		{"xx-new-77_aBc", nil, "https://cognito-idp.xx-new-77.amazonaws.com/xx-new-77_aBc"},
		// The issuer's region is the pool's own, whatever region is called.
		{"eu-west-1_aBc", []cognito.Option{cognito.WithRegion("eu-central-1")}, "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBc"},
		{"local_aBc", []cognito.Option{cognito.WithEndpoint("http://localhost:9229/")}, "http://localhost:9229/local_aBc"},
		{"local_aBc", []cognito.Option{cognito.WithEndpoint("http://localhost:9229"), cognito.WithIssuer("https://id.example.com/x")}, "https://id.example.com/x"},
	}
	for _, tt := range tests {
		c, err := cognito.New(tt.pool, testClient, tt.opts...)
		require.NoError(t, err)
		assert.Equal(t, tt.want, c.Issuer())
		assert.Equal(t, tt.pool, c.UserPoolID())
		assert.Equal(t, testClient, c.ClientID())
	}
}

func TestRegionOfTheServiceClient(t *testing.T) {
	t.Parallel()
	c, err := cognito.New(testPool, testClient)
	require.NoError(t, err)
	assert.Equal(t, "eu-west-1", c.Client().Options().Region)
	c, err = cognito.New(testPool, testClient, cognito.WithRegion("eu-central-1"))
	require.NoError(t, err)
	assert.Equal(t, "eu-central-1", c.Client().Options().Region)
}

func TestNewAndForUserDoNoIO(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv)
	for i := range 10 {
		c.ForUser(fmt.Sprint("user", i))
	}
	assert.Empty(t, srv.Requests())
}

func TestForUserSharesTheKeySet(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv)
	for range 3 {
		require.NoError(t, c.ForUser("bob").Authenticate(t.Context(), testPassword))
	}
	fetches := 0
	for _, op := range ops(srv.Requests()) {
		if op == "JWKS" {
			fetches++
		}
	}
	assert.Equal(t, 1, fetches)
	assert.Empty(t, c.Username(), "the sessions of others are not the client's own")
	assert.Equal(t, cognito.Tokens{}, c.Tokens())
}

func TestUsername(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	assert.Equal(t, "bob", c.Username())
	assert.Equal(t, "eve", c.ForUser("eve").Username())
	require.NoError(t, c.Authenticate(t.Context(), testPassword))

	fromTokens := newClient(t, srv, cognito.WithTokens(c.Tokens()))
	assert.Empty(t, fromTokens.Username(), "tokens say nothing before they are verified")
	require.NoError(t, fromTokens.VerifyTokens(t.Context()))
	assert.Equal(t, "bob", fromTokens.Username())

	resumed := newClient(t, srv, cognito.WithChallenge(cognito.Challenge{Username: "carol"}))
	assert.Equal(t, "carol", resumed.Username())
}

func TestLoggerSaysWhatHappensAndNoSecret(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{secretClient()}})
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := newClient(t, srv, cognito.WithLogger(logger), cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	assert.Contains(t, log.String(), "signed in")
	assert.Contains(t, log.String(), "key set fetched")
	tokens := c.Tokens()
	for _, secret := range []string{testPassword, testSecret, tokens.AccessToken, tokens.IDToken, tokens.RefreshToken} {
		assert.NotContains(t, log.String(), secret)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	other := newServer(t, cognitotest.Config{})
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
		return true
	})
	for name, opts := range map[string][]cognito.Option{
		"own client":     nil,
		"given client":   {cognito.WithHTTPClient(&http.Client{})},
		"default client": {cognito.WithHTTPClient(http.DefaultClient)},
	} {
		c := newClient(t, srv, append(opts, cognito.WithUsername("bob"))...)
		require.Error(t, c.Authenticate(t.Context(), testPassword), name)
		assert.Empty(t, other.Requests(), name)
	}
	assert.Nil(t, http.DefaultClient.CheckRedirect, "a given client is not changed")
}

// A region may hold an underscore: the name of the pool, which the proof of a password is over, is
// what follows the last.
func TestPoolIDsWithTwoUnderscores(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{UserPoolID: "local_dev_aBcDeFgHi"})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithRegion("eu-west-1")) // the SDK takes no such region
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	elsewhere, err := cognito.New(srv.UserPoolID, srv.ClientID)
	require.NoError(t, err)
	assert.Equal(t, "https://cognito-idp.local_dev.amazonaws.com/local_dev_aBcDeFgHi", elsewhere.Issuer())
	_, err = cognito.New("local_dev_a-b", srv.ClientID)
	require.ErrorContains(t, err, "user pool ID")
}

// A Cognito that New did not make fails everywhere and panics nowhere.
func TestZeroCognitoFails(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var zero cognito.Cognito
	made := zero.ForUser("bob", cognito.WithTokens(cognito.Tokens{AccessToken: "x", RefreshToken: "y"}))
	for _, c := range []*cognito.Cognito{&zero, made, {}} {
		for name, call := range map[string]func() error{
			"Authenticate":     func() error { return c.Authenticate(ctx, "x") },
			"Token":            func() error { _, err := c.Token(ctx); return err },
			"TokenSource":      func() error { _, err := c.TokenSource(ctx).Token(); return err },
			"RenewAccessToken": func() error { return c.RenewAccessToken(ctx) },
			"VerifyTokens":     func() error { return c.VerifyTokens(ctx) },
			"CheckToken":       func() error { _, err := c.CheckToken(ctx, true); return err },
			"VerifyToken":      func() error { _, err := c.VerifyToken(ctx, "x", cognito.AccessToken); return err },
			"Logout":           func() error { return c.Logout(ctx) },
			"RevokeToken":      func() error { return c.RevokeToken(ctx) },
			"ForgetTokens":     func() error { return c.ForgetTokens(ctx) },
			"DeleteUser":       func() error { return c.DeleteUser(ctx) },
			"GetUser":          func() error { _, err := c.GetUser(ctx); return err },
			"GetUsers":         func() error { _, err := c.GetUsers(ctx); return err },
			"AdminGetUser":     func() error { _, err := c.AdminGetUser(ctx, "bob"); return err },
			"AdminDeleteUser":  func() error { return c.AdminDeleteUser(ctx, "bob") },
			"Register":         func() error { _, err := c.Register(ctx, "bob", "x", nil); return err },
			"ConfirmSignUp":    func() error { return c.ConfirmSignUp(ctx, "bob", "1") },
			"ConfirmDevice":    func() error { _, err := c.ConfirmDevice(ctx, ""); return err },
			"UpdateProfile": func() error {
				_, err := c.UpdateProfile(ctx, cognito.Attributes{"name": "x"})
				return err
			},
			"RespondToChallenge":     func() error { return c.RespondToChallenge(ctx, nil) },
			"AssociateSoftwareToken": func() error { _, err := c.AssociateSoftwareToken(ctx); return err },
			"Groups": func() error {
				for _, err := range c.Groups(ctx) {
					return err
				}
				return nil
			},
		} {
			require.Error(t, call(), name)
		}
		_ = []any{c.Client(), c.UserPoolID(), c.ClientID(), c.Issuer(), c.Tokens(), c.IDClaims(), c.AccessClaims(), c.DeviceError()}
		_, pending := c.Challenge()
		assert.False(t, pending)
		_, device := c.Device()
		assert.False(t, device)
		c.CloseIdleConnections()
	}
}
