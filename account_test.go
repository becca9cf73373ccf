package cognito_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func TestSignUp(t *testing.T) {
	t.Parallel()
	for _, client := range []cognitotest.Client{{ID: testClient}, secretClient()} {
		srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}, AutoVerifiedAttributes: []string{"email"}})
		// The client's own user is another one: what is sent must be about the user of the call.
		c := newClient(t, srv, cognito.WithUsername("bob"))
		attrs := cognito.Attributes{"email": "carol@example.com"}
		require.NoError(t, attrs.SetCustom("team", "red"))
		registration, err := c.Register(t.Context(), "carol", testPassword, attrs,
			cognito.ClientMetadata{"m": "1"}, cognito.ValidationData{"v": "2"}, cognito.UserContextData{EncodedData: "fingerprint"})
		require.NoError(t, err)
		assert.NotEmpty(t, registration.UserSub)
		assert.False(t, registration.Confirmed)
		require.NotNil(t, registration.Delivery)
		assert.Equal(t, types.DeliveryMediumTypeEmail, registration.Delivery.Medium)
		assert.Equal(t, "email", registration.Delivery.Attribute)
		assert.Contains(t, registration.Delivery.Destination, "***")

		c = c.ForUser("carol")
		first := srv.Code("carol")
		delivery, err := c.ResendConfirmationCode(t.Context(), "carol", cognito.ClientMetadata{"m": "3"})
		require.NoError(t, err)
		assert.Equal(t, "email", delivery.Attribute)
		if srv.Code("carol") != first {
			require.ErrorIs(t, c.ConfirmSignUp(t.Context(), "carol", first), cognito.ErrCodeMismatch)
		}
		require.NoError(t, c.ConfirmSignUp(t.Context(), "carol", srv.Code("carol"), cognito.ClientMetadata{"m": "4"}))

		carol := c.ForUser("carol")
		require.NoError(t, carol.Authenticate(t.Context(), testPassword))
		assert.Equal(t, registration.UserSub, carol.IDClaims().Subject)
		assert.Equal(t, "red", carol.IDClaims().Custom("team"))
		assert.True(t, carol.IDClaims().EmailVerified)
		assert.Equal(t, cognito.Tokens{}, c.Tokens())

		calls := serviceCalls(srv)
		assert.Equal(t, []any{
			map[string]any{"Name": "custom:team", "Value": "red"}, map[string]any{"Name": "email", "Value": "carol@example.com"},
		}, calls[0].Body["UserAttributes"])
		assert.Equal(t, []any{map[string]any{"Name": "v", "Value": "2"}}, calls[0].Body["ValidationData"])
		assert.Equal(t, map[string]any{"EncodedData": "fingerprint"}, calls[0].Body["UserContextData"])
		metadata := map[string]string{"SignUp": "1", "ResendConfirmationCode": "3", "ConfirmSignUp": "4"}
		for _, call := range calls {
			want, ok := metadata[call.Op]
			if !ok || call.ErrorType != "" {
				continue
			}
			assert.Equal(t, map[string]any{"m": want}, call.Body["ClientMetadata"], call.Op)
			assert.Equal(t, "carol", call.Body["Username"], call.Op)
			if srv.ClientSecret == "" {
				assert.NotContains(t, call.Body, "SecretHash", call.Op)
			} else {
				assert.Equal(t, hmacHash("carol"+testClient, testSecret), call.Body["SecretHash"], call.Op)
			}
		}
	}
}

// Users who sign in with codes or passkeys need no password; where a pool has only passwords, they
// do.
func TestSignUpWithoutAPassword(t *testing.T) {
	t.Parallel()
	client := cognitotest.Client{ID: testClient, ExplicitAuthFlows: []string{"ALLOW_USER_AUTH"}}
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}, FirstFactors: []string{"PASSWORD", "EMAIL_OTP"}})
	c := newClient(t, srv)
	registration, err := c.Register(t.Context(), "carol", "", cognito.Attributes{"email": "carol@example.com"})
	require.NoError(t, err)
	assert.Equal(t, "carol", registration.Username)
	assert.NotContains(t, serviceCalls(srv)[0].Body, "Password")
	require.NoError(t, c.ConfirmSignUp(t.Context(), "carol", srv.Code("carol")))
	carol := c.ForUser("carol")
	first := cognito.FirstFactor{Preferred: types.ChallengeNameTypeEmailOtp}
	require.ErrorIs(t, carol.AuthenticateChoice(t.Context(), first), cognito.ErrEmailOTPRequired)
	require.NoError(t, carol.RespondToEmailOTPChallenge(t.Context(), srv.Code("carol")))

	plain := newClient(t, newServer(t, cognitotest.Config{}))
	_, err = plain.Register(t.Context(), "carol", "", nil)
	require.ErrorContains(t, err, "cognito: Register: SignUp: InvalidParameterException")
	_, err = plain.Register(t.Context(), "", testPassword, nil)
	require.ErrorContains(t, err, "cognito: Register: username: want ")
}

// An address that two users have becomes the alias of the one who takes it away from the other.
func TestForceAliasCreation(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{AliasAttributes: []string{"email"}})
	c := newAdmin(t, srv)
	attrs := cognito.Attributes{"email": "bob@example.com"}
	_, err := c.Register(t.Context(), "carol", testPassword, attrs)
	require.NoError(t, err)
	require.ErrorIs(t, c.ConfirmSignUp(t.Context(), "carol", srv.Code("carol")), cognito.ErrUserExists)
	require.NoError(t, c.ConfirmSignUp(t.Context(), "carol", srv.Code("carol"), cognito.ForceAliasCreation()))
	holder, err := c.AdminGetUser(t.Context(), "bob@example.com")
	require.NoError(t, err)
	assert.Equal(t, "carol", holder.Username)

	attrs["email_verified"] = "true"
	_, err = c.AdminCreateUser(t.Context(), "dave", attrs)
	require.ErrorIs(t, err, cognito.ErrUserExists)
	_, err = c.AdminCreateUser(t.Context(), "dave", attrs, cognito.ForceAliasCreation())
	require.NoError(t, err)
	holder, err = c.AdminGetUser(t.Context(), "bob@example.com")
	require.NoError(t, err)
	assert.Equal(t, "dave", holder.Username)

	_, err = c.Register(t.Context(), "eve", testPassword, attrs, cognito.ForceAliasCreation())
	require.ErrorContains(t, err, "option ForceAliasCreation: this call takes only")
}

func TestSignUpReasons(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{AutoVerifiedAttributes: []string{"email"}})
	c := newClient(t, srv)
	email := cognito.Attributes{"email": "carol@example.com"}
	register := func(username, password string, attrs cognito.Attributes, opts ...cognito.CallOption) error {
		_, err := c.Register(t.Context(), username, password, attrs, opts...)
		return err
	}
	require.ErrorIs(t, register("bob", testPassword, email), cognito.ErrUserExists)
	require.ErrorIs(t, register("carol", "weak", email), cognito.ErrInvalidPassword)
	require.ErrorContains(t, register("", testPassword, email), "username")
	require.ErrorContains(t, register("carol", "", email), "password")
	require.ErrorContains(t, register("carol", testPassword, nil, cognito.Flow("X")), "Flow")
	require.NoError(t, register("carol", testPassword, email))

	require.ErrorContains(t, c.ConfirmSignUp(t.Context(), "", "123456"), "username")
	require.ErrorContains(t, c.ConfirmSignUp(t.Context(), "carol", ""), "code")
	require.ErrorContains(t, c.ConfirmSignUp(t.Context(), "carol", "123456", cognito.ValidationData{}), "ValidationData")
	wrong := "000000"
	if srv.Code("carol") == wrong {
		wrong = "000001"
	}
	require.ErrorIs(t, c.ConfirmSignUp(t.Context(), "carol", wrong), cognito.ErrCodeMismatch)
	srv.Advance(25 * time.Hour)
	require.ErrorIs(t, c.ConfirmSignUp(t.Context(), "carol", srv.Code("carol")), cognito.ErrCodeExpired)

	_, err := c.ResendConfirmationCode(t.Context(), "")
	require.ErrorContains(t, err, "username")
	_, err = c.ResendConfirmationCode(t.Context(), "carol", cognito.Flow("X"))
	require.ErrorContains(t, err, "Flow")
	_, err = newClient(t, srv).ResendConfirmationCode(t.Context(), "nobody")
	require.ErrorIs(t, err, cognito.ErrUserNotFound)
	for range 10 {
		_, err = c.ResendConfirmationCode(t.Context(), "carol")
	}
	require.ErrorIs(t, err, cognito.ErrLimitExceeded)
}

type level int

func (l level) MarshalText() ([]byte, error) { return []byte("level-" + string(rune('0'+l))), nil }

func TestAttributesSet(t *testing.T) {
	t.Parallel()
	attrs := cognito.Attributes{}
	for name, v := range map[string]any{
		"text": "a b", "bool": true, "int": -7, "uint": uint8(7), "time": time.Unix(1700000000, 5).In(time.FixedZone("x", 3600)), "marshaler": level(3),
	} {
		require.NoError(t, attrs.Set(name, v))
	}
	require.NoError(t, attrs.SetCustom("flag", false))
	assert.Equal(t, cognito.Attributes{
		"text": "a b", "bool": "true", "int": "-7", "uint": "7", "time": "1700000000", "marshaler": "level-3", "custom:flag": "false",
	}, attrs)
	assert.Equal(t, "false", attrs.Custom("flag"))
	assert.Empty(t, attrs.Custom("none"))
	require.ErrorContains(t, attrs.Set("shape", struct{}{}), "attribute shape: want text")
	require.ErrorContains(t, attrs.SetCustom("shape", 1.5), "attribute custom:shape")
}

// A sign-up session that the service no longer takes does not stop a good code, even one with
// spaces.
func TestAStaleSignUpSessionIsDropped(t *testing.T) {
	t.Parallel()
	client := cognitotest.Client{ID: testClient, ExplicitAuthFlows: []string{"ALLOW_USER_AUTH"}}
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}, FirstFactors: []string{"PASSWORD", "EMAIL_OTP"}})
	registration, err := newClient(t, srv).Register(t.Context(), "carol", "", cognito.Attributes{"email": "carol@example.com"})
	require.NoError(t, err)
	registration.Session = strings.Repeat("stale", 10)
	c := newClient(t, srv).ForUser("", cognito.WithRegistration(*registration))
	code := srv.Code("carol")
	require.NoError(t, c.ConfirmSignUp(t.Context(), "carol", " "+code[:3]+" "+code[3:]+"\n"))
	calls := serviceCalls(srv)
	assert.NotContains(t, calls[len(calls)-1].Body, "Session")
	assert.Equal(t, registration.Session, calls[len(calls)-2].Body["Session"])
}

// A session is one user's; the client of a server, which has no name but that of the last sign-up,
// is everybody's.
func TestSignUpInSessionsOfOtherUsers(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{AutoVerifiedAttributes: []string{"email"}})
	shared := newClient(t, srv)
	for _, name := range []string{"carol", "dave"} {
		_, err := shared.Register(t.Context(), name, testPassword, cognito.Attributes{"email": name + "@example.com"})
		require.NoError(t, err)
		assert.Equal(t, name, shared.Username(), "that of the last sign-up")
	}
	byTokens := newClient(t, srv, cognito.WithTokens(signedIn(t, srv).Tokens()))
	require.NoError(t, byTokens.VerifyTokens(t.Context())) // whose name counts once it is verified
	for name, c := range map[string]*cognito.Cognito{"given": shared.ForUser("erin"), "of its tokens": byTokens} {
		before := len(serviceCalls(srv))
		require.ErrorContains(t, c.ConfirmSignUp(t.Context(), "carol", srv.Code("carol")), "username: want the session's username", name)
		_, err := c.ResendConfirmationCode(t.Context(), "carol")
		require.ErrorContains(t, err, `got "carol"`, name)
		require.ErrorIs(t, err, cognito.ErrInvalidArgument, name)
		assert.Len(t, serviceCalls(srv), before, name)
	}
	_, err := shared.ResendConfirmationCode(t.Context(), "carol")
	require.NoError(t, err)
	require.NoError(t, shared.ConfirmSignUp(t.Context(), "carol", srv.Code("carol")))
	require.NoError(t, shared.ConfirmSignUp(t.Context(), "dave", srv.Code("dave")))

	require.NoError(t, shared.Authenticate(t.Context(), testPassword)) // it is dave's from now on
	_, err = shared.Register(t.Context(), "frank", testPassword, cognito.Attributes{"email": "frank@example.com"})
	require.NoError(t, err)
	assert.Equal(t, "dave", shared.Username())
	require.ErrorContains(t, shared.ConfirmSignUp(t.Context(), "frank", srv.Code("frank")), "username")
}
