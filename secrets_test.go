package cognito_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/prints"
)

// harmless are the exported types that hold no secret of their own, and why.
var harmless = map[string]string{
	"AccessClaims": "claims are what a token says, and do not give it back", "IDClaims": "the same", "ALBClaims": "the same", "ALBVerifier": "public keys and what is compared",
	"AttributeMap": "names of attributes", "Attributes": "what is stored of a user; Amazon Cognito shows it to every administrator",
	"TrackedDevice":      "keys, names and dates of a device, and not its password",
	"WebAuthnCredential": "what the pool knows of a passkey is public", "CodeDelivery": "where a code went, and not the code",
	"Group": "names of groups and roles", "AuthFlow": "the name of a flow", "Flow": "the same", "ChallengeName": "the name of a challenge", "RefreshMetadata": "a function", "TokenUse": "the name of a use", "MFASetting": "a choice",
	"MFAPreference": "choices", "AuthFactors": "names of factors", "Identity": "names of users",
	"AuthEvent": "what administrators see of a sign-in", "AuthEventFeedback": "the same", "UserContextData": "what a browser is", "ContextData": "the same; ContextDataFromRequest copies no header with a credential",
	"ClientMetadata": "for Lambda functions, and not for secrets, as the service's manual says", "ValidationData": "the same",
	"Option": "an interface; what implements it is a function, which prints as an address", "SessionOption": "the same", "CallOption": "the same",
	"VerifierOption": "the same", "LoginOption": "the same", "OAuthError": "the code and the words of a refusal", "SharedOption": "the same", "RevocationOption": "the same", "TokenExtractor": "a function, which prints as an address", "TokenStore": "an interface of the caller's", "TokenLocker": "the same", "DeviceStore": "the same",
}

// secret marks every value below that must not be printed.
const secret = "hush-hush"

// secretValues are values of the exported types with a secret in each place for one, and the secret
// hash in one of them.
func secretValues(t *testing.T) (values map[string]any, hash string) {
	t.Helper()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{secretClient()}})
	tokens := cognito.Tokens{IDToken: secret, AccessToken: secret, RefreshToken: secret}
	challenge := cognito.Challenge{Name: "SMS_MFA", Session: secret, Username: "bob", Parameters: map[string]string{"p": secret}}
	device := cognito.Device{Key: "key", GroupKey: "group", Password: secret}
	helper, err := cognito.NewSRP(testPool, testClient, "bob", secret, cognito.WithSRPClientSecret(secret), cognito.WithSRPDevice(device))
	require.NoError(t, err)
	first, err := helper.AuthParameters()
	require.NoError(t, err)
	c := newClient(t, srv, cognito.WithClientSecret(secret), cognito.WithStaticCredentials("AKID", secret, secret),
		cognito.WithTokens(tokens), cognito.WithChallenge(challenge), cognito.WithUsername("bob"), cognito.WithDevice(device),
		cognito.WithRegistration(cognito.Registration{Username: "bob", Session: secret}), cognito.WithChallengeHandler(cognito.TOTPHandler(secret)))
	registration := cognito.Registration{Username: "bob", UserSub: "sub", Session: secret}
	factor, token := cognito.FirstFactor{Preferred: "PASSWORD", Password: secret}, cognito.SoftwareToken{Secret: secret}
	v, err := cognito.NewVerifier(testPool, []string{testClient})
	require.NoError(t, err)
	multi, err := cognito.NewMultiVerifier(v)
	require.NoError(t, err)
	store := cognito.NewMemoryStore()
	require.NoError(t, store.Save(t.Context(), tokens))
	require.NoError(t, store.SaveDevice(t.Context(), device))
	transport := cognito.NewTransport(c, secret, cognito.WithOrigins("https://api.example.com"))
	source := newClient(t, srv, cognito.WithTokens(tokens)).TokenSource(t.Context())
	refused := c.VerifyTokens(t.Context())
	attempt := cognito.LoginAttempt{State: secret, Nonce: secret, Verifier: secret, Domain: "https://auth.example.com"}
	login, err := newClient(t, srv, cognito.WithClientSecret(secret), cognito.WithOtherClientSecret(secret)).ManagedLogin("my-app")
	require.NoError(t, err)
	machine := newClient(t, srv, cognito.WithClientSecret(secret), cognito.WithOtherClientSecret(secret))
	require.Error(t, refused)

	_, badToken := v.VerifyAccessToken(t.Context(), secret+"."+secret+"."+secret)
	var tokenError *cognito.TokenError
	require.ErrorAs(t, badToken, &tokenError)
	return map[string]any{
		"Tokens": tokens, "*Tokens": &tokens, "Challenge": challenge, "*Challenge": &challenge,
		"ChallengeError": cognito.ChallengeError{Challenge: challenge}, "*ChallengeError": &cognito.ChallengeError{Challenge: challenge},
		"wrapped *ChallengeError": fmt.Errorf("app: %w", &cognito.ChallengeError{Challenge: challenge}),
		"Device":                  device, "*Device": &device, "*SRP": helper, "SRP": *helper,
		"*Cognito": c, "Cognito": *c,
		"Answer":       cognito.Answer{"NEW_PASSWORD": secret},
		"Registration": registration, "*Registration": &registration, "FirstFactor": factor, "*FirstFactor": &factor,
		"SoftwareToken": token, "*SoftwareToken": &token, "call option": cognito.Password(secret),
		"device option": cognito.WithDevice(device), "registration option": cognito.WithRegistration(registration),
		"handler option": cognito.WithChallengeHandler(cognito.TOTPHandler(secret)),
		"slice":          []cognito.Tokens{tokens}, "map": map[string]cognito.Device{"d": device},
		"*Transport": transport, "Transport": *transport, "http.Client": c.HTTPClient(nil, secret), "TokenSource": source,
		"LoginAttempt": attempt, "*LoginAttempt": &attempt, "ManagedLogin": *login, "*ManagedLogin": login, "other secret": cognito.WithOtherClientSecret(secret),
		"machine": machine.MachineTokens("scope"), "machine's client": machine.MachineHTTPClient(nil, nil),
		"*MemoryStore": store, "MemoryStore": copied(store), "*FileStore": cognito.NewFileStore("x"), "*MultiVerifier": multi,
		"transport option": cognito.WithHeader("X-Token", "x"),
		"*Verifier":        v, "*TokenError": tokenError, "bad token": badToken, "handler": cognito.TOTPHandler(secret), "refusal": refused, "*Error": &cognito.Error{Op: "Op", Err: &cognito.ChallengeError{Challenge: challenge}},
		"option": cognito.WithClientSecret(secret), "session option": cognito.WithTokens(tokens), "SRP option": cognito.WithSRPClientSecret(secret),
		"*User": c.UserFromAttributes("bob", nil), "User": *c.UserFromAttributes("bob", nil),
		"IdentityProvider": okta, "UserPoolClient": cognito.UserPoolClient{Secret: secret},
		"ClientSecret": cognito.ClientSecret{ID: "id", Value: secret}, "*ClientSecret": &cognito.ClientSecret{ID: "id", Value: secret}, "temporary password": cognito.TemporaryPassword(secret),
		"holder": struct {
			T cognito.Tokens
			C cognito.Challenge
			D cognito.Device
			S *cognito.SRP
		}{tokens, challenge, device, helper},
		"holder of transports": struct {
			T *cognito.Transport
			t cognito.Transport
			M *cognito.MemoryStore
			m cognito.MemoryStore
			c *http.Client
		}{transport, *transport, store, copied(store), c.HTTPClient(nil, secret)},
	}, first["SECRET_HASH"]
}

// copied returns a copy of what must not be copied, since a program may print one all the same.
func copied[T any](v *T) T { return *v }

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	values, hash := secretValues(t)
	for name, v := range values {
		for how, text := range prints.All(v) {
			// JSON is how Tokens, Challenge and Device are stored, so slog's JSON handler prints
			// the fields of what holds them; only the values themselves redact there. Nor can a
			// type hide anything from a verb that package fmt does not know in an error of that
			// package's.
			if strings.HasPrefix(name, "wrapped ") && slices.Contains([]string{"%c", "%U", "%e", "%t"}, how) {
				continue
			}
			if how == "JSON handler" && (name == "slice" || name == "map" || name == "holder") {
				continue
			}
			assert.NotContains(t, text, secret, "%s with %s", name, how)
			assert.NotContains(t, text, fmt.Sprintf("%x", secret), "%s with %s", name, how)
			assert.NotContains(t, text, hash, "%s with %s", name, how)
		}
	}
}

// A type that is new must be put to the test, or among those that need none.
func TestEveryTypeIsTestedForSecrets(t *testing.T) {
	t.Parallel()
	values, _ := secretValues(t)
	tested := prints.TypesOf("github.com/gocognito/cognito", values)
	names, err := prints.ExportedTypes(".")
	require.NoError(t, err)
	require.Greater(t, len(names), 40)
	for _, name := range names {
		assert.NotEqual(t, tested[name], harmless[name] != "", "%s must be either in secretValues or in harmless", name)
	}
	for name := range harmless {
		assert.Contains(t, names, name)
	}
}

// What is printed instead must help to find a fault.
func TestPrintedValuesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	c, err := cognito.New(testPool, testClient, cognito.WithUsername("bob"))
	require.NoError(t, err)
	for text, v := range map[string]any{
		"Cognito{pool eu-west-1_aBcDeFgHi, client 3n4b5urk1ft4fl3mg5e62d9ado, user bob}": c,
		"Challenge{SMS_MFA for bob}": cognito.Challenge{Name: "SMS_MFA", Username: "bob"},
		"Tokens{ID false, access true, refresh false, expires 0001-01-01T00:00:00Z}": cognito.Tokens{AccessToken: "x"},
		"Device{key in group}":                     cognito.Device{Key: "key", GroupKey: "group", Password: "x"},
		"FirstFactor{EMAIL_OTP}":                   cognito.FirstFactor{Preferred: "EMAIL_OTP"},
		"ClientSecret{id}":                         cognito.ClientSecret{ID: "id", Value: "x"},
		"SoftwareToken{}":                          cognito.SoftwareToken{Secret: "x"},
		"Registration{bob, sub s, confirmed true}": cognito.Registration{Username: "bob", UserSub: "s", Confirmed: true, Session: "x"},
		"LoginAttempt{at https://auth.example.com, expires 0001-01-01T00:00:00Z}": cognito.LoginAttempt{Domain: "https://auth.example.com", State: "x"},
		"ManagedLogin{, client }": &cognito.ManagedLogin{},
		"Cognito{}":               &cognito.Cognito{},
		"SRP{user }":              &cognito.SRP{},
		"<nil>":                   (*cognito.Cognito)(nil),
	} {
		assert.Equal(t, text, fmt.Sprint(v))
	}
}

func TestErrorsOfCallsHoldNoSecret(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{secretClient()}})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(cognito.Tokens{AccessToken: secret, IDToken: secret, RefreshToken: secret}),
		cognito.WithChallenge(cognito.Challenge{Name: "SMS_MFA", Session: secret + strings.Repeat("x", 20), Username: "bob"}))
	pending := func(name types.ChallengeNameType) *cognito.Cognito {
		return c.ForUser("", cognito.WithChallenge(cognito.Challenge{Name: name, Session: secret + strings.Repeat("x", 20), Username: "bob"}))
	}
	_, errRegister := c.Register(t.Context(), "carol", secret, nil)
	_, errCheck := c.CheckToken(t.Context(), true)
	_, errVerify := c.VerifyToken(t.Context(), secret, cognito.AccessToken)
	_, errSwapped := cognito.New(testClient, testPool, cognito.WithClientSecret(secret))
	errs := map[string]error{
		"Authenticate": c.Authenticate(t.Context(), secret), "Register": errRegister, "CheckToken": errCheck, "VerifyToken": errVerify,
		"VerifyTokens": c.VerifyTokens(t.Context()), "RenewAccessToken": c.RenewAccessToken(t.Context()),
		"Logout": c.Logout(t.Context()), "RevokeToken": c.RevokeToken(t.Context()), "New": errSwapped,
		"RespondToChallenge":     c.RespondToChallenge(t.Context(), map[string]string{"SMS_MFA_CODE": secret}),
		"ConfirmSignUp":          c.ConfirmSignUp(t.Context(), "bob", secret),
		"AuthenticateChoice":     c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Password: secret}),
		"AuthenticateCustom":     c.AuthenticateCustom(t.Context(), secret),
		"AdminAuthenticate":      c.AdminAuthenticate(t.Context(), secret),
		"NewPasswordChallenge":   c.NewPasswordChallenge(t.Context(), secret, secret, cognito.Attributes{"x": secret}),
		"VerifySoftwareToken":    c.VerifySoftwareToken(t.Context(), secret, ""),
		"wrong challenge":        pending("NEW").RespondToNewPasswordChallenge(t.Context(), secret, nil),
		"code":                   pending("SMS_MFA").RespondToSMSMFAChallenge(t.Context(), secret),
		"choice":                 pending("SELECT_CHALLENGE").SelectChallenge(t.Context(), "PASSWORD", cognito.Password(secret)),
		"choice that takes none": pending("SELECT_CHALLENGE").SelectChallenge(t.Context(), "EMAIL_OTP", cognito.Password(secret)),
		"passkey":                pending("WEB_AUTHN").RespondToWebAuthnChallenge(t.Context(), []byte(secret)),
		"device":                 c.ForUser("bob", cognito.WithDevice(cognito.Device{Password: secret})).Authenticate(t.Context(), secret),
	}
	for name, err := range errs {
		require.Error(t, err, name)
		for e := err; e != nil; e = errors.Unwrap(e) {
			for how, text := range prints.All(e) {
				assert.NotContains(t, text, secret, "%s with %s", name, how)
			}
		}
	}
}

func TestStoredValuesComeBack(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	tokens := signedIn(t, srv).Tokens()
	stored, err := json.Marshal(tokens)
	require.NoError(t, err)
	var loaded cognito.Tokens
	require.NoError(t, json.Unmarshal(stored, &loaded))
	assert.True(t, tokens.ExpiresAt.Equal(loaded.ExpiresAt))
	loaded.ExpiresAt = tokens.ExpiresAt
	assert.Equal(t, tokens, loaded)

	device := cognito.Device{Key: "key", GroupKey: "group", Password: "password"}
	stored, err = json.Marshal(device)
	require.NoError(t, err)
	var back cognito.Device
	require.NoError(t, json.Unmarshal(stored, &back))
	assert.Equal(t, device, back)
}
