package cognito_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// The secret of RFC 6238's test vectors, and its codes in six digits.
const rfcSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func TestTOTPHandlerVectors(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		for _, secret := range []string{rfcSecret, strings.ToLower(rfcSecret), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ==="} {
			srv := newServer(t, cognitotest.Config{})
			var code string
			srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "InitiateAuth") {
					_, _ = w.Write([]byte(`{"ChallengeName":"SOFTWARE_TOKEN_MFA","Session":"session-of-twenty-characters"}`))
					return true
				}
				if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "RespondToAuthChallenge") { // and not the fetch of the keys
					var body struct{ ChallengeResponses map[string]string }
					_ = json.NewDecoder(r.Body).Decode(&body)
					code = body.ChallengeResponses["SOFTWARE_TOKEN_MFA_CODE"]
				}
				return false
			})
			c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithChallengeHandler(cognito.TOTPHandler(secret)),
				cognito.WithClock(func() time.Time { return time.Unix(seconds, 0) }))
			require.Error(t, c.Authenticate(t.Context(), testPassword))
			assert.Equal(t, want, code, seconds)
		}
	}
}

// A machine user signs in with no one at the keyboard, again and again, and no code is sent twice.
func TestTOTPHandlerSignsInAlone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	srv := newServer(t, cognitotest.Config{Now: func() time.Time { return now }})
	srv.AddUser(cognitotest.User{
		Username: "robot", Password: testPassword, TOTPSecret: rfcSecret, MFA: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"},
		Attributes: map[string]string{"phone_number": "+49301234567"},
	})
	c := newClient(t, srv, cognito.WithUsername("robot"), cognito.WithChallengeHandler(cognito.TOTPHandler(rfcSecret)))
	for range 3 {
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		require.NoError(t, c.Authenticate(t.Context(), testPassword), "the code of the next half minute")
		err := c.Authenticate(t.Context(), testPassword)
		require.ErrorContains(t, err, "try again in 30 seconds")
		srv.Advance(time.Minute)
	}
	codes := map[any]bool{}
	for _, r := range serviceCalls(srv) {
		if answers, ok := r.Body["ChallengeResponses"].(map[string]any); ok && answers["SOFTWARE_TOKEN_MFA_CODE"] != nil {
			assert.False(t, codes[answers["SOFTWARE_TOKEN_MFA_CODE"]], "a code was sent twice")
			codes[answers["SOFTWARE_TOKEN_MFA_CODE"]] = true
		}
	}
	assert.Len(t, codes, 6)
}

func TestTOTPHandlerLeavesTheRest(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	handler := cognito.TOTPHandler("not base32!")
	for _, ch := range []cognito.Challenge{
		{Name: "SMS_MFA"},
		{Name: "NEW_PASSWORD_REQUIRED"},
		{Name: "SELECT_MFA_TYPE", Parameters: map[string]string{"MFAS_CAN_CHOOSE": `["SMS_MFA","EMAIL_OTP"]`}},
	} {
		answer, err := handler(ctx, ch)
		require.NoError(t, err)
		assert.Nil(t, answer, ch.Name)
	}
	for _, secret := range []string{"not base32!", "", "===="} {
		_, err := cognito.TOTPHandler(secret)(ctx, cognito.Challenge{Name: "SOFTWARE_TOKEN_MFA"})
		require.ErrorContains(t, err, "TOTPHandler: want the secret of a software token in base32")
		assert.NotContains(t, err.Error(), "not base32!")
	}
	answer, err := cognito.TOTPHandler(rfcSecret)(ctx, cognito.Challenge{Name: "SOFTWARE_TOKEN_MFA"})
	require.NoError(t, err, "it works without a session, by this machine's clock")
	assert.Len(t, answer["SOFTWARE_TOKEN_MFA_CODE"], 6)
}

func TestSoftwareTokenURI(t *testing.T) {
	t.Parallel()
	token := cognito.SoftwareToken{Secret: "ABC234"}
	assert.Equal(t, "otpauth://totp/Example%20%26%20Co%3A1:bob%40example.com?secret=ABC234&issuer=Example%20%26%20Co%3A1", token.URI("Example & Co:1", "bob@example.com"))
	assert.Equal(t, "otpauth://totp/bob%2Bx?secret=ABC234", token.URI("", "bob+x"))
	parsed, err := url.Parse(token.URI("Example & Co:1", "bob@example.com"))
	require.NoError(t, err)
	assert.Equal(t, "Example & Co:1", parsed.Query().Get("issuer"))
	assert.Equal(t, "/Example & Co:1:bob@example.com", parsed.Path)
}

// A signed-in user sets an authenticator app up, prefers it, and is asked for it.
func TestSoftwareTokenOfASignedInUser(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	ctx := t.Context()
	_, err := c.AssociateSoftwareToken(ctx)
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	require.ErrorIs(t, c.VerifySoftwareToken(ctx, "123456", ""), cognito.ErrNotSignedIn)
	require.ErrorIs(t, c.SetUserMFAPreference(ctx, cognito.MFAPreference{SoftwareToken: cognito.MFAPreferred}), cognito.ErrNotSignedIn)

	require.NoError(t, c.Authenticate(ctx, testPassword))
	require.ErrorIs(t, c.SetUserMFAPreference(ctx, cognito.MFAPreference{SoftwareToken: cognito.MFAPreferred}), cognito.ErrMFANotSetUp)
	token, err := c.AssociateSoftwareToken(ctx)
	require.NoError(t, err)
	require.ErrorIs(t, c.VerifySoftwareToken(ctx, "000000", "phone"), cognito.ErrCodeMismatch)
	code := srv.TOTP("bob")
	require.NoError(t, c.VerifySoftwareToken(ctx, code, "phone"))
	require.NoError(t, c.SetUserMFAPreference(ctx, cognito.MFAPreference{SoftwareToken: cognito.MFAPreferred}))

	srv.Advance(time.Minute)
	err = c.Authenticate(ctx, testPassword)
	require.ErrorIs(t, err, cognito.ErrSoftwareTokenMFARequired)
	assert.Equal(t, "phone", challenged(t, err).DeviceName())
	robot := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithChallengeHandler(cognito.TOTPHandler(token.Secret)))
	require.NoError(t, robot.Authenticate(ctx, testPassword))

	for _, r := range serviceCalls(srv) {
		if r.Op == "AssociateSoftwareToken" || r.Op == "VerifySoftwareToken" {
			assert.NotContains(t, r.Body, "Session")
		}
		if r.Op == "VerifySoftwareToken" {
			assert.Equal(t, "phone", r.Body["FriendlyDeviceName"])
		}
	}
}

// A user who lost the phone signs in without the factor, or sets up another one where the pool
// requires one.
func TestAdminDeleteSoftwareToken(t *testing.T) {
	t.Parallel()
	for mfa, want := range map[string]error{"OPTIONAL": nil, "ON": cognito.ErrMFASetupRequired} {
		srv := newServer(t, cognitotest.Config{MFA: mfa})
		srv.AddUser(cognitotest.User{Username: "lost", Password: testPassword, TOTPSecret: rfcSecret, PreferredMFA: "SOFTWARE_TOKEN_MFA"})
		ctx := t.Context()
		admin := newAdmin(t, srv)
		c := newClient(t, srv, cognito.WithUsername("lost"))
		require.ErrorIs(t, c.Authenticate(ctx, testPassword), cognito.ErrSoftwareTokenMFARequired)
		factors, err := admin.AdminGetUserAuthFactors(ctx, "lost")
		require.NoError(t, err)
		assert.Equal(t, &cognito.AuthFactors{
			Username: "lost", Configured: []types.AuthFactorType{"PASSWORD", "SOFTWARE_TOKEN"},
			MFAMethods: []string{"SOFTWARE_TOKEN_MFA"}, PreferredMFA: "SOFTWARE_TOKEN_MFA",
		}, factors)

		require.NoError(t, admin.AdminDeleteSoftwareToken(ctx, "lost"))
		require.ErrorIs(t, c.Authenticate(ctx, testPassword), want)
		factors, err = admin.AdminGetUserAuthFactors(ctx, "lost")
		require.NoError(t, err)
		assert.Equal(t, &cognito.AuthFactors{Username: "lost", Configured: []types.AuthFactorType{"PASSWORD"}}, factors)
		require.ErrorIs(t, admin.AdminDeleteSoftwareToken(ctx, "lost"), cognito.ErrMFANotSetUp)
		require.ErrorIs(t, admin.AdminDeleteSoftwareToken(ctx, "nobody"), cognito.ErrUserNotFound)
		require.EqualError(t, admin.AdminDeleteSoftwareToken(ctx, ""), "cognito: AdminDeleteSoftwareToken: username: want a username or an alias, got none")
	}
}

func TestAuthFactors(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.AddUser(cognitotest.User{
		Username: "many", Password: testPassword, Attributes: m2("email", "m@example.com", "phone_number", "+49301234567"),
	})
	ctx := t.Context()
	c := newAdmin(t, srv, cognito.WithUsername("many"))
	require.NoError(t, c.Authenticate(ctx, testPassword))
	own, err := c.GetUserAuthFactors(ctx)
	require.NoError(t, err)
	assert.Equal(t, []types.AuthFactorType{"PASSWORD", "EMAIL_OTP", "SMS_OTP"}, own.Configured)
	assert.True(t, own.HasFactor("SMS_OTP"))
	assert.False(t, own.HasFactor("WEB_AUTHN"))
	seen, err := c.AdminGetUserAuthFactors(ctx, "many")
	require.NoError(t, err)
	assert.Equal(t, own, seen)
	none, err := c.AdminGetUserAuthFactors(ctx, "nobody")
	require.ErrorIs(t, err, cognito.ErrUserNotFound)
	assert.Nil(t, none)

	answer(srv, "AdminGetUserAuthFactors", 200, map[string]any{"Username": "many", "ConfiguredUserAuthFactors": []string{}, "UserMFASettingList": []string{}})
	seen, err = c.AdminGetUserAuthFactors(ctx, "many")
	require.NoError(t, err)
	assert.Equal(t, &cognito.AuthFactors{Username: "many"}, seen, "none is nil")
}

// While MFA_SETUP is pending the set-up is that of the user who signs in, whatever tokens the
// session has.
func TestSoftwareTokenOfMFASetup(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}})
	srv.AddUser(cognitotest.User{Username: "carol", Password: testPassword})
	srv.AddUser(cognitotest.User{Username: "dave", Password: testPassword})
	ctx := t.Context()
	c := newClient(t, srv, cognito.WithUsername("carol"))
	err := c.Authenticate(ctx, testPassword)
	require.ErrorIs(t, err, cognito.ErrMFASetupRequired)
	assert.Equal(t, []types.ChallengeNameType{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}, challenged(t, err).Options())
	first, err := c.AssociateSoftwareToken(ctx)
	require.NoError(t, err)
	second, err := c.AssociateSoftwareToken(ctx)
	require.NoError(t, err)
	assert.NotEqual(t, first.Secret, second.Secret)
	require.ErrorIs(t, c.VerifySoftwareToken(ctx, "000000", ""), cognito.ErrCodeMismatch)

	// The answer to the last step is lost; the sign-in can still be finished.
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "RespondToAuthChallenge") {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		return false
	})
	require.Error(t, c.VerifySoftwareToken(ctx, srv.TOTP("carol"), "", cognito.ClientMetadata{"m": "1"}))
	srv.Intercept(nil)
	_, ok := c.Challenge()
	require.True(t, ok)
	require.NoError(t, c.RespondToChallenge(ctx, nil))
	assert.Equal(t, "carol", c.AccessClaims().Username)

	// A session that was used elsewhere is over.
	d := newClient(t, srv, cognito.WithUsername("dave"))
	err = d.Authenticate(ctx, testPassword)
	stolen := newClient(t, srv, cognito.WithChallenge(challenged(t, err)))
	_, err = stolen.AssociateSoftwareToken(ctx)
	require.NoError(t, err)
	_, err = d.AssociateSoftwareToken(ctx)
	require.ErrorIs(t, err, cognito.ErrSessionExpired)
	_, ok = d.Challenge()
	assert.False(t, ok)
}

func TestSetupEmailMFA(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}})
	srv.AddUser(cognitotest.User{Username: "carol", Password: testPassword})
	c := newClient(t, srv, cognito.WithUsername("carol"))
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrMFASetupRequired)
	err := c.SetupEmailMFA(t.Context(), "carol@example.com")
	require.ErrorIs(t, err, cognito.ErrEmailOTPRequired)
	assert.Equal(t, types.DeliveryMediumTypeEmail, challenged(t, err).Delivery().Medium)
	require.NoError(t, c.RespondToEmailOTPChallenge(t.Context(), srv.Code("carol")))
	assert.Equal(t, "carol", c.AccessClaims().Username)
}

// An answer that is neither a secret nor a success is not taken for one.
func TestSoftwareTokenOddAnswers(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	answer(srv, "AssociateSoftwareToken", 200, map[string]any{})
	_, err := c.AssociateSoftwareToken(t.Context())
	require.ErrorContains(t, err, "want a secret, got none")
	answer(srv, "VerifySoftwareToken", 200, map[string]any{"Status": "ERROR"})
	require.ErrorIs(t, c.VerifySoftwareToken(t.Context(), "123456", ""), cognito.ErrCodeMismatch)
	answer(srv, "AssociateSoftwareToken", 400, map[string]any{"__type": "SoftwareTokenMFANotFoundException", "message": "Software Token MFA has not been enabled by the userPool"})
	_, err = c.AssociateSoftwareToken(t.Context())
	require.ErrorIs(t, err, cognito.ErrMFANotSetUp)
}

func TestMFAPreference(t *testing.T) {
	t.Parallel()
	type settings = map[string]any
	// The SDK leaves false out, which to the service is the same; what it must not leave out is the
	// factor.
	on, off, preferred := settings{"Enabled": true}, settings{}, settings{"Enabled": true, "PreferredMfa": true}
	srv := newServer(t, cognitotest.Config{})
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.Header.Get("X-Amz-Target"), "SetUserMFAPreference") {
			return false
		}
		_, _ = w.Write([]byte("{}"))
		return true
	})
	c := newFlowClient(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	tests := []struct {
		p    cognito.MFAPreference
		want settings
	}{
		{cognito.MFAPreference{SMS: cognito.MFAEnabled}, settings{"SMSMfaSettings": on}},
		{cognito.MFAPreference{SMS: cognito.MFADisabled, SoftwareToken: cognito.MFAPreferred}, settings{"SMSMfaSettings": off, "SoftwareTokenMfaSettings": preferred}},
		{cognito.MFAPreference{Email: cognito.MFAPreferred, SoftwareToken: cognito.MFAEnabled}, settings{"EmailMfaSettings": preferred, "SoftwareTokenMfaSettings": on}},
		{cognito.MFAPreference{SMS: cognito.MFAPreferred, Email: cognito.MFAEnabled}, settings{"SMSMfaSettings": preferred, "EmailMfaSettings": on}},
		{cognito.MFAPreference{WebAuthn: cognito.MFAEnabled}, settings{"WebAuthnMfaSettings": settings{"Enabled": true}}},
		{cognito.MFAPreference{WebAuthn: cognito.MFADisabled, Email: cognito.MFADisabled}, settings{"WebAuthnMfaSettings": off, "EmailMfaSettings": off}},
	}
	for _, tt := range tests {
		require.NoError(t, c.SetUserMFAPreference(t.Context(), tt.p))
		require.NoError(t, c.AdminSetUserMFAPreference(t.Context(), "carol", tt.p))
		calls := serviceCalls(srv)
		byUser, byAdmin := calls[len(calls)-2].Body, calls[len(calls)-1].Body
		assert.Equal(t, c.Tokens().AccessToken, byUser["AccessToken"])
		delete(byUser, "AccessToken")
		assert.Equal(t, tt.want, byUser)
		assert.Equal(t, "carol", byAdmin["Username"])
		assert.Equal(t, srv.UserPoolID, byAdmin["UserPoolId"])
		delete(byAdmin, "Username")
		delete(byAdmin, "UserPoolId")
		assert.Equal(t, tt.want, byAdmin)
	}
	before := len(serviceCalls(srv))
	for want, p := range map[string]cognito.MFAPreference{
		"at least one factor":                     {},
		"at most one preferred factor, got 2":     {SMS: cognito.MFAPreferred, Email: cognito.MFAPreferred},
		"a passkey cannot be preferred":           {WebAuthn: cognito.MFAPreferred},
		"preference SMS: want MFAUnchanged":       {SMS: 4},
		"preference Email: want MFAUnchanged":     {Email: -1},
		"got MFASetting(7)":                       {SoftwareToken: 7},
		"preference WebAuthn: want MFAUnchanged,": {WebAuthn: 9},
	} {
		require.ErrorContains(t, c.SetUserMFAPreference(t.Context(), p), want)
		require.ErrorContains(t, c.AdminSetUserMFAPreference(t.Context(), "carol", p), want)
	}
	require.ErrorContains(t, c.AdminSetUserMFAPreference(t.Context(), "", tests[0].p), "username: want")
	assert.Len(t, serviceCalls(srv), before)
	assert.Equal(t, "unchanged disabled enabled preferred", fmt.Sprint(cognito.MFAUnchanged, cognito.MFADisabled, cognito.MFAEnabled, cognito.MFAPreferred))
}
