package cognito_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// identity is what a user is called, and whether the app client has a secret.
type identity struct {
	login  string // "username", "alias" or "e-mail"
	secret bool
}

// everyFlow is an app client that allows everything.
func everyFlow(secret bool) cognitotest.Client {
	client := cognitotest.Client{ID: testClient, ExplicitAuthFlows: []string{
		"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH",
		"ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
	}}
	if secret {
		client.Secret = testSecret
	}
	return client
}

// customTriggers ask for the password, if SRP began, and then for the word "sesame", three times at
// most.
func customTriggers() cognitotest.Triggers {
	return cognitotest.Triggers{
		DefineAuthChallenge: func(e *cognitotest.DefineAuthChallengeEvent) error {
			last := cognitotest.ChallengeResult{}
			if len(e.Session) > 0 {
				last = e.Session[len(e.Session)-1]
			}
			switch {
			case last.Name == "SRP_A":
				e.ChallengeName = "PASSWORD_VERIFIER"
			case last.Name == "CUSTOM_CHALLENGE" && last.Passed:
				e.IssueTokens = true
			case len(e.Session) >= 5:
				e.FailAuthentication = true
			default:
				e.ChallengeName = "CUSTOM_CHALLENGE"
			}
			return nil
		},
		CreateAuthChallenge: func(e *cognitotest.CreateAuthChallengeEvent) error {
			e.PublicParameters = map[string]string{"question": "the word?"}
			e.PrivateParameters = map[string]string{"answer": "sesame"}
			return nil
		},
		VerifyAuthChallenge: func(e *cognitotest.VerifyAuthChallengeEvent) error {
			e.Correct = e.Answer == e.PrivateParameters["answer"]
			return nil
		},
	}
}

// TestEverySignIn compares the requests of each sign-in with those that the protocol demands.
// SIGN_INS=all tries all rows. By default a login other than fullest, and a device, has only those
// of an authenticator app, devices are tried where MFA is required, and every other login where it
// is optional or where it is required.
func TestEverySignIn(t *testing.T) {
	t.Parallel()
	all := os.Getenv("SIGN_INS") == "all"
	fullest := identity{"alias", true} // the service replaces the name, and each request has a secret hash of it
	rows := 0
	for i, id := range []identity{{"username", false}, {"username", true}, {"alias", false}, {"alias", true}, {"e-mail", false}, {"e-mail", true}} {
		for _, mfa := range []string{"OPTIONAL", "ON"} {
			for j, device := range deviceKinds {
				// The server's name with a secret is what a device's steps can get wrong.
				if device.config != nil && id != fullest {
					continue
				}
				if !all && mfa == "OPTIONAL" && device.config != nil {
					continue
				}
				if !all && id != fullest && (mfa == "ON") == (i%2 == 0) {
					continue
				}
				scenarios := scenariosOf(mfa == "ON", device)
				if !all && (id != fullest || device.config != nil || testing.Short()) {
					scenarios = slices.DeleteFunc(scenarios, func(s scenario) bool { return s.user.name != "TOTP" && !s.user.setUp })
				}
				rows += len(scenarios)
				t.Run(fmt.Sprintf("%v, MFA %s, %s", id, mfa, device.name), func(t *testing.T) {
					t.Parallel()
					runScenarios(t, id, mfa, device, scenarios, i+j)
				})
			}
		}
	}
	t.Log(rows, "rows")
	if all {
		assert.Greater(t, rows, 800)
	}
}

// scenariosOf are the rows of one pool.
func scenariosOf(required bool, device deviceKind) []scenario {
	var rows []scenario
	for _, flow := range flowKinds {
		for _, user := range userKinds {
			s := scenario{flow, user, device}
			if user.setUp == required && s.possible() && (device.config == nil || user.withDevices) {
				rows = append(rows, s)
			}
		}
	}
	return rows
}

func runScenarios(t *testing.T, id identity, mfa string, device deviceKind, scenarios []scenario, odd int) {
	t.Helper()
	cfg := cognitotest.Config{
		Clients: []cognitotest.Client{everyFlow(id.secret)}, MFA: mfa, Devices: device.config, Triggers: customTriggers(),
		FirstFactors: []string{"PASSWORD", "EMAIL_OTP", "SMS_OTP"},
	}
	if mfa == "ON" {
		cfg.MFAFactors = []string{"SOFTWARE_TOKEN_MFA"}
	}
	switch id.login {
	case "alias":
		cfg.AliasAttributes = []string{"email"}
	case "e-mail":
		cfg.UsernameAttributes = []string{"email"}
	}
	srv := cognitotest.NewServer(cfg)
	t.Cleanup(srv.Close)
	for i, s := range scenarios {
		d := newDriver(t, srv, id, s, i)
		d.hops = (i+odd)%2 == 1
		before := len(srv.Requests())
		d.signIn()
		d.compare(before, s.firstSignIn())
		if device.config == nil {
			continue
		}
		d.again()
	}
}

// driver signs one user in, and answers what is asked as the user would.
type driver struct {
	t        *testing.T
	srv      *cognitotest.Server
	pool     *cognito.Cognito
	s        scenario
	typed    string // what the user calls itself
	internal string // what the pool does
	secret   bool
	hops     bool // each challenge is answered by another client, which gets it as JSON
	session  *cognito.Cognito
	password string
	wrong    bool // a wrong answer to the custom challenge was given
}

func newDriver(t *testing.T, srv *cognitotest.Server, id identity, s scenario, i int) *driver {
	t.Helper()
	d := &driver{t: t, srv: srv, s: s, secret: id.secret, password: testPassword}
	name, email := fmt.Sprintf("user%d", i), fmt.Sprintf("user%d@example.com", i)
	u := cognitotest.User{
		Username: name, Password: testPassword, Sub: fmt.Sprintf("00000000-0000-4000-8000-%012d", i),
		MFA: s.user.mfa, PreferredMFA: s.user.preferred,
		Attributes: map[string]string{"email": email, "email_verified": "true", "phone_number": fmt.Sprintf("+4930%06d", i)},
	}
	d.typed, d.internal = name, name
	switch id.login {
	case "alias":
		d.typed = email
	case "e-mail":
		u.Username, d.typed, d.internal = email, email, u.Sub
	}
	if s.user.temporary {
		u.Status = "FORCE_CHANGE_PASSWORD"
	}
	srv.AddUser(u)
	d.pool = newClient(t, srv, cognito.WithStaticCredentials("AKID", "secret", ""))
	return d
}

// signIn signs the user in anew, with the device of the last session.
func (d *driver) signIn() {
	d.t.Helper()
	d.srv.Advance(30 * time.Second) // each TOTP code is good once
	d.session, d.wrong = d.pool.ForUser(d.typed, d.options()...), false
	err := d.begin(d.t.Context())
	for steps := 0; err != nil; steps++ {
		require.Less(d.t, steps, 20, d.s.name())
		var challenge *cognito.ChallengeError
		if errors.Is(err, cognito.ErrDeviceRefused) {
			require.False(d.t, d.s.beginsAgainAlone(), d.s.name())
			_, pending := d.session.Challenge()
			require.False(d.t, pending)
			d.srv.Advance(30 * time.Second)
			d.session, d.wrong = d.pool.ForUser(d.typed, d.options()...), false
			err = d.begin(d.t.Context())
			continue
		}
		require.ErrorAs(d.t, err, &challenge, d.s.name())
		if d.hops {
			d.hop(challenge.Challenge)
		}
		err = d.answer(d.t.Context(), challenge.Challenge)
	}
	require.Equal(d.t, d.internal, d.session.AccessClaims().Username, d.s.name())
	_, pending := d.session.Challenge()
	require.False(d.t, pending, d.s.name())
}

func (d *driver) options() []cognito.SessionOption {
	options := []cognito.SessionOption{cognito.WithDeviceTracking("phone")}
	if d.session != nil {
		if device, ok := d.session.Device(); ok {
			options = append(options, cognito.WithDevice(device))
		}
	}
	return options
}

// hop takes the sign-in to another client, as if to another process.
func (d *driver) hop(ch cognito.Challenge) {
	d.t.Helper()
	raw, err := json.Marshal(ch)
	require.NoError(d.t, err)
	var stored cognito.Challenge
	require.NoError(d.t, json.Unmarshal(raw, &stored))
	other := newClient(d.t, d.srv, cognito.WithStaticCredentials("AKID", "secret", ""))
	d.session = other.ForUser("", append(d.options(), cognito.WithChallenge(stored))...)
}

func (d *driver) begin(ctx context.Context) error {
	c, password := d.session, d.password
	switch d.s.flow.name {
	case "SRP":
		return c.Authenticate(ctx, password)
	case "password":
		return c.Authenticate(ctx, password, cognito.Flow(types.AuthFlowTypeUserPasswordAuth))
	case "admin password":
		return c.AdminAuthenticate(ctx, password)
	case "admin no SRP":
		return c.AdminAuthenticate(ctx, password, cognito.Flow(types.AuthFlowTypeAdminNoSrpAuth))
	case "admin SRP":
		return c.AdminAuthenticate(ctx, password, cognito.Flow(types.AuthFlowTypeUserSrpAuth))
	case "admin choice":
		return c.AdminAuthenticate(ctx, password, cognito.Flow(types.AuthFlowTypeUserAuth))
	case "admin custom":
		return c.AdminAuthenticate(ctx, password, cognito.Flow(types.AuthFlowTypeCustomAuth))
	case "custom":
		return c.AuthenticateCustom(ctx, "")
	case "custom SRP":
		return c.AuthenticateCustom(ctx, password)
	case "choice SRP":
		return c.AuthenticateChoice(ctx, cognito.FirstFactor{Password: password})
	case "choice password":
		return c.AuthenticateChoice(ctx, cognito.FirstFactor{Preferred: "PASSWORD", Password: password})
	case "choice e-mail":
		return c.AuthenticateChoice(ctx, cognito.FirstFactor{Preferred: "EMAIL_OTP"})
	default:
		return c.AuthenticateChoice(ctx, cognito.FirstFactor{})
	}
}

func (d *driver) answer(ctx context.Context, ch cognito.Challenge) error {
	c := d.session
	switch ch.Name {
	case "SMS_MFA":
		return c.RespondToSMSMFAChallenge(ctx, d.srv.Code(d.internal))
	case "EMAIL_OTP":
		return c.RespondToEmailOTPChallenge(ctx, d.srv.Code(d.internal))
	case "SMS_OTP":
		return c.RespondToSMSOTPChallenge(ctx, d.srv.Code(d.internal))
	case "SOFTWARE_TOKEN_MFA":
		return c.RespondToSoftwareTokenMFAChallenge(ctx, d.srv.TOTP(d.internal))
	case "SELECT_MFA_TYPE":
		return c.SelectMFAType(ctx, "SOFTWARE_TOKEN_MFA")
	case "NEW_PASSWORD_REQUIRED":
		d.password = "Permanent-Horse-1"
		return c.RespondToNewPasswordChallenge(ctx, d.password, nil)
	case "MFA_SETUP":
		if _, err := c.AssociateSoftwareToken(ctx); err != nil {
			return err
		}
		if d.hops {
			latest, _ := c.Challenge()
			d.hop(latest)
		}
		return d.session.VerifySoftwareToken(ctx, d.srv.TOTP(d.internal), "phone")
	case "CUSTOM_CHALLENGE":
		if !d.wrong {
			d.wrong = true
			return c.RespondToCustomChallenge(ctx, "wrong")
		}
		return c.RespondToCustomChallenge(ctx, "sesame")
	case "SELECT_CHALLENGE":
		switch d.s.flow.name {
		case "choice asks, SRP":
			return c.SelectChallenge(ctx, "PASSWORD_SRP", cognito.Password(d.password))
		case "choice asks, password":
			return c.SelectChallenge(ctx, "PASSWORD", cognito.Password(d.password))
		default:
			return c.SelectChallenge(ctx, "SMS_OTP")
		}
	default:
		return fmt.Errorf("no answer to %s", ch.Name)
	}
}

// again refreshes the tokens, which needs the device, and signs in once more with the device.
func (d *driver) again() {
	d.t.Helper()
	ctx := d.t.Context()
	device, ok := d.session.Device()
	require.True(d.t, ok, d.s.name())
	require.NoError(d.t, d.session.DeviceError())
	require.NoError(d.t, d.session.RenewAccessToken(ctx), d.s.name())
	refreshes := slices.DeleteFunc(d.srv.Requests(), func(r cognitotest.Request) bool { return r.Op != "GetTokensFromRefreshToken" })
	require.NotEmpty(d.t, refreshes)
	require.Equal(d.t, device.Key, refreshes[len(refreshes)-1].Body["DeviceKey"])

	switch d.s.device.fate {
	case "forgotten":
		require.NoError(d.t, d.pool.AdminForgetDevice(ctx, d.internal, device.Key))
	case "not remembered":
		require.NoError(d.t, d.pool.AdminUpdateDeviceStatus(ctx, d.internal, device.Key, false))
	case "refused":
		device.Password = "wrong"
		d.session = d.pool.ForUser(d.typed, cognito.WithDevice(device))
	}
	before := len(d.srv.Requests())
	d.signIn()
	d.compare(before, d.s.secondSignIn())
	kept, ok := d.session.Device()
	require.True(d.t, ok, d.s.name())
	if d.s.device.fate == "forgotten" || d.s.device.fate == "refused" {
		require.NotEqual(d.t, device.Key, kept.Key, "the old device is dropped and the new one is kept: %s", d.s.name())
	} else {
		require.Equal(d.t, device.Key, kept.Key)
		require.Equal(d.t, device.Key, d.session.AccessClaims().DeviceKey)
	}
	require.NoError(d.t, d.session.RenewAccessToken(ctx), d.s.name())
}

// compare compares what was sent with what the protocol wants, and checks of each request whose
// name and hash it carries.
func (d *driver) compare(before int, want []string) {
	d.t.Helper()
	var got []string
	for _, r := range d.srv.Requests()[before:] {
		if r.Op != "JWKS" {
			got = append(got, d.line(r))
		}
	}
	require.Equal(d.t, want, got, d.s.name())
}

// line is a request as the oracle writes it.
func (d *driver) line(r cognitotest.Request) string {
	parts := []string{r.Op}
	params, _ := r.Body["ChallengeResponses"].(map[string]any)
	username := d.internal
	switch flow := r.Body["AuthFlow"].(type) {
	case string:
		parts = append(parts, flow)
		params, _ = r.Body["AuthParameters"].(map[string]any)
		username = d.typed
	default:
		if name, ok := r.Body["ChallengeName"].(string); ok {
			parts = append(parts, name)
			if name == "SELECT_CHALLENGE" { // which does not tell the user's name
				username = d.typed
			}
		}
	}
	if session, ok := r.Body["Session"].(string); ok && session != "" {
		parts = append(parts, "session")
	}
	if params == nil {
		return strings.Join(parts, " ")
	}
	require.Equal(d.t, username, params["USERNAME"], "%s: %v", d.s.name(), parts)
	if d.secret {
		require.Equal(d.t, hmacHash(username+testClient, testSecret), params["SECRET_HASH"], "%s: %v", d.s.name(), parts)
	} else {
		require.NotContains(d.t, params, "SECRET_HASH")
	}
	if _, ok := params["DEVICE_KEY"]; ok {
		parts = append(parts, "device")
	}
	for _, key := range slices.Sorted(maps.Keys(params)) {
		if key != "USERNAME" && key != "SECRET_HASH" && key != "DEVICE_KEY" {
			parts = append(parts, key)
		}
	}
	return strings.Join(parts, " ")
}
