package cognito_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// newPasskeyServer starts a pool with passkeys.
func newPasskeyServer(t *testing.T) *cognitotest.Server {
	t.Helper()
	return newFlowServer(t, cognitotest.Config{
		FirstFactors: []string{"PASSWORD", "WEB_AUTHN"}, WebAuthn: cognitotest.WebAuthn{RelyingPartyID: "example.com"},
	})
}

func TestPasskey(t *testing.T) {
	t.Parallel()
	for _, useRSA := range []bool{false, true} {
		srv := newPasskeyServer(t)
		ctx := t.Context()
		c := newFlowClient(t, srv, cognito.WithUsername("bob"))
		require.NoError(t, c.Authenticate(ctx, testPassword))
		passkey := cognitotest.NewPasskey()
		passkey.RSA = useRSA
		options, err := c.StartWebAuthnRegistration(ctx)
		require.NoError(t, err)
		credential, err := passkey.Create(string(options))
		require.NoError(t, err)
		require.NoError(t, c.CompleteWebAuthnRegistration(ctx, []byte(credential)))

		var known []*cognito.WebAuthnCredential
		for k, err := range c.WebAuthnCredentials(ctx, cognito.PageSize(1)) {
			require.NoError(t, err)
			known = append(known, k)
		}
		require.Len(t, known, 1)
		assert.Equal(t, "example.com", known[0].RelyingPartyID)
		assert.NotEmpty(t, known[0].ID)
		assert.False(t, known[0].Created.IsZero())

		// At once, and after a choice.
		d := newFlowClient(t, srv, cognito.WithUsername("bob"))
		err = d.AuthenticateChoice(ctx, cognito.FirstFactor{Preferred: "WEB_AUTHN"})
		require.ErrorIs(t, err, cognito.ErrWebAuthnRequired)
		require.NoError(t, d.RespondToWebAuthnChallenge(ctx, assertion(t, passkey, challenged(t, err))))
		assert.Equal(t, "bob", d.AccessClaims().Username)
		require.ErrorIs(t, d.AuthenticateChoice(ctx, cognito.FirstFactor{}), cognito.ErrSelectChallengeRequired)
		err = d.SelectChallenge(ctx, "WEB_AUTHN")
		require.ErrorIs(t, err, cognito.ErrWebAuthnRequired)
		require.NoError(t, d.RespondToWebAuthnChallenge(ctx, assertion(t, passkey, challenged(t, err))))

		require.NoError(t, c.DeleteWebAuthnCredential(ctx, known[0].ID))
		for k, err := range c.WebAuthnCredentials(ctx) {
			require.Fail(t, "the passkey is gone", "%v, %v", k, err)
		}
	}
}

func assertion(t *testing.T, passkey *cognitotest.Passkey, ch cognito.Challenge) []byte {
	t.Helper()
	credential, err := passkey.Get(string(ch.CredentialRequestOptions()))
	require.NoError(t, err)
	return []byte(credential)
}

// What the browser and the service say to each other passes through as it is: no number becomes a
// float, and nothing empty becomes null.
func TestPasskeyJSONIsUntouched(t *testing.T) {
	t.Parallel()
	const document = `{"id":"x","clientExtensionResults":{},"list":[],"text":"","no":false,"zero":0,"none":null,` +
		`"big":9007199254740993,"huge":123456789012345678901234567890,"small":1e-7,"fraction":1.10,"<&>":"<&>"}`
	srv := newServer(t, cognitotest.Config{})
	ctx := t.Context()
	c := newClient(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(ctx, testPassword))
	var sent string
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.Header.Get("X-Amz-Target"), "StartWebAuthnRegistration"):
			_, _ = io.WriteString(w, `{"CredentialCreationOptions":`+document+`}`)
		case strings.HasSuffix(r.Header.Get("X-Amz-Target"), "CompleteWebAuthnRegistration"):
			body, _ := io.ReadAll(r.Body)
			sent = string(body)
			_, _ = io.WriteString(w, `{}`)
		default:
			return false
		}
		return true
	})
	options, err := c.StartWebAuthnRegistration(ctx)
	require.NoError(t, err)
	assert.Equal(t, decoded(t, document), decoded(t, string(options)))
	require.NoError(t, c.CompleteWebAuthnRegistration(ctx, []byte(document)))
	assert.Contains(t, sent, `"Credential":`+document)

	answer(srv, "StartWebAuthnRegistration", 200, map[string]any{})
	_, err = c.StartWebAuthnRegistration(ctx)
	require.ErrorContains(t, err, "want the options of a passkey, got none")

	ch := cognito.Challenge{Name: "WEB_AUTHN", Username: "bob", Session: strings.Repeat("s", 30)}
	d := newClient(t, srv, cognito.WithChallenge(ch))
	require.ErrorIs(t, d.RespondToWebAuthnChallenge(ctx, []byte(document)), cognito.ErrSessionExpired)
	calls := serviceCalls(srv)
	answers, _ := calls[len(calls)-1].Body["ChallengeResponses"].(map[string]any)
	assert.Equal(t, map[string]any{"USERNAME": "bob", "CREDENTIAL": document}, answers, "to the byte")
}

// decoded is JSON with its numbers as they are written.
func decoded(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	require.NoError(t, decoder.Decode(&v))
	return v
}

func TestPasskeyErrors(t *testing.T) {
	t.Parallel()
	srv := newPasskeyServer(t)
	ctx := t.Context()
	c := newFlowClient(t, srv, cognito.WithUsername("bob"))
	_, err := c.StartWebAuthnRegistration(ctx)
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	require.ErrorIs(t, c.CompleteWebAuthnRegistration(ctx, []byte(`{}`)), cognito.ErrNotSignedIn)
	require.ErrorIs(t, c.DeleteWebAuthnCredential(ctx, "x"), cognito.ErrNotSignedIn)
	require.ErrorIs(t, last(c.WebAuthnCredentials(ctx)), cognito.ErrNotSignedIn)
	require.ErrorContains(t, c.CompleteWebAuthnRegistration(ctx, []byte(`[]`)), "credential: want")
	require.ErrorContains(t, c.DeleteWebAuthnCredential(ctx, ""), "credential ID: want")
	require.ErrorContains(t, last(c.WebAuthnCredentials(ctx, cognito.Flow("x"))), "cognito: WebAuthnCredentials: option Flow")
	assert.Empty(t, serviceCalls(srv))

	require.NoError(t, c.Authenticate(ctx, testPassword))
	passkey := cognitotest.NewPasskey()
	passkey.Origin = "https://evil.example"
	options, err := c.StartWebAuthnRegistration(ctx)
	require.NoError(t, err)
	credential, err := passkey.Create(string(options))
	require.NoError(t, err)
	require.ErrorIs(t, c.CompleteWebAuthnRegistration(ctx, []byte(credential)), cognito.ErrWebAuthnRefused)

	without := newServer(t, cognitotest.Config{})
	d := newClient(t, without, cognito.WithUsername("bob"))
	require.NoError(t, d.Authenticate(ctx, testPassword))
	_, err = d.StartWebAuthnRegistration(ctx)
	require.ErrorIs(t, err, cognito.ErrWebAuthnNotEnabled)
	require.ErrorIs(t, d.CompleteWebAuthnRegistration(ctx, []byte(credential)), cognito.ErrWebAuthnNotEnabled)
}
